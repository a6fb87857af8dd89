"""The heading of a table: titles over their columns, the order, and that there are columns beyond its ends."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from whydeny.ui.columns import ScreenColumn
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import fit
from whydeny.ui.view import SortKey
from whydeny.ui.widgets.placing import Placed

GUTTER = 2  # cells left of the columns: the cursor's sign and the mark's


def heading(
    columns: Sequence[ScreenColumn],
    placed: Sequence[Placed],
    under: ScreenColumn | None,
    sort: Sequence[SortKey],
    glyphs: Glyphs,
    style: Callable[[str], Style],
    width: int,
) -> Strip:
    """The line in `width` cells. `under` is the column of the column cursor, `style` gives the style of a role."""
    order = {key.column: (number, key.descending) for number, key in enumerate(sort)}
    segments = [Segment(" " * GUTTER, style("heading"))]
    at = GUTTER
    for found in placed:
        column = found.column
        title, role = _title(found, order, glyphs)
        drawn = style(role) + Style(underline=True) if column is under else style(role)
        text = title.rjust(found.width) if column is None or column.right else title
        segments.append(Segment(" " * (found.x + GUTTER - at), style("heading")))
        segments.append(Segment(fit(text, found.width, glyphs.more), drawn))
        at = found.x + GUTTER + found.width
    line = Strip(segments).adjust_cell_length(width, style("heading"))
    numbers = [found.number for found in placed if found.column is not None]
    if numbers and numbers[0] and width > 1:
        line = Strip([Segment(glyphs.before, style("sorted")), *line.crop(1, width)], width)
    if numbers and numbers[-1] + 1 < len(columns) and width > 1:
        line = Strip([*line.crop(0, width - 1), Segment(glyphs.beyond, style("sorted"))], width)
    return line


def _title(found: Placed, order: dict[str, tuple[int, bool]], glyphs: Glyphs) -> tuple[str, str]:
    """The title with the arrow of the order, and its role."""
    column = found.column
    if column is None:
        return "#", "heading"
    if column.name not in order:
        return column.title, "heading"
    number, descending = order[column.name]
    title = fit(column.title, max(1, min(len(column.title), found.width - 1)), glyphs.more)
    title += glyphs.descending if descending else glyphs.ascending
    if len(order) > 1 and len(title) < found.width:
        title += str(number + 1)
    return title, "sorted"
