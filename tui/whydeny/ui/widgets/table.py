"""A table of any number of rows that draws only those in sight, by row number through a view.

Measured with Textual 8: the horizontal scroll bar alone costs 2.6 KB a frame. So there are no scroll bars: columns that
don't fit are reached by moving the column cursor.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from whydeny.ui.actions import bindings
from whydeny.ui.columns import ScreenColumn
from whydeny.ui.glyphs import UNICODE, Glyphs
from whydeny.ui.lines import fit
from whydeny.ui.view import View
from whydeny.ui.widgets.cursor_view import CursorView
from whydeny.ui.widgets.heading import GUTTER, heading
from whydeny.ui.widgets.placing import Placed, place
from whydeny.ui.widgets.row_texts import RowTexts

NUMBERED = 130  # cells from which on rows have their number


class RowTable(CursorView):
    """Shows a view. The cursor is a position in it; `row` is the frame's row number under it."""

    BINDINGS = bindings("table")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--heading", "table--sorted", "table--cursor", "table--blurred", "table--quiet", "table--bad",
        "table--doubt", "table--good", "table--marked", "table--gone", "table--new",
    }  # fmt: skip
    DEFAULT_CSS = """
    RowTable {
        scrollbar-size: 0 0;
        overflow: hidden;
        &> .table--heading { color: $quiet; text-style: bold; }
        &> .table--sorted { color: $link; text-style: bold; }
        &> .table--cursor { background: $row-cursor; color: $row-cursor-text; }
        &> .table--blurred { background: $row-cursor-blurred; }
        &> .table--quiet { color: $quiet; }
        &> .table--bad { color: $bad; }
        &> .table--doubt { color: $doubt; }
        &> .table--good { color: $good; }
        &> .table--marked { color: $link; text-style: bold; }
        &> .table--gone { color: $quiet; }
        &> .table--new { text-style: bold; }
    }
    """

    class Moved(Message):
        """Another row is under the cursor; None when there is none."""

        def __init__(self, table: "RowTable", row: int | None) -> None:
            self.table = table
            self.row = row
            super().__init__()

        @property
        def control(self) -> "RowTable":
            """The table it happened in."""
            return self.table

    class HeadingClicked(Message):
        """A heading was clicked; `also` with Shift or Ctrl held."""

        def __init__(self, table: "RowTable", column: ScreenColumn, also: bool = False) -> None:
            self.table = table
            self.column = column
            self.also = also
            super().__init__()

    class Opened(Message):
        """A row was clicked twice."""

        def __init__(self, table: "RowTable", row: int) -> None:
            self.table = table
            self.row = row
            super().__init__()

    def __init__(
        self, view: View, columns: Sequence[ScreenColumn], *, glyphs: Glyphs = UNICODE, **keywords: Any
    ) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self.marks: set[int] = set()
        self.news: Mapping[int, str] = {}  # rows that stand out, with the sign that says why
        self.gone: Set[int] = frozenset()  # rows of sessions that are over: greyed
        self.empty: Sequence[str] = ()
        self.numbered = True
        self._view = view
        self._columns = tuple(columns)
        self._widths: dict[str, int] = {}
        self._column = 0
        self._first_column = 0
        self._placed: list[Placed] = []
        self._texts = RowTexts(view, columns)
        self._anchor: int | None = int(view.order[0]) if len(view) else None
        self._told: int | None = -1  # nobody was told yet
        self._styles_by_role: dict[str, Style] = {}

    # What is shown.

    @property
    def view(self) -> View:
        """The rows that are shown."""
        return self._view

    @property
    def count(self) -> int:
        """How many rows are shown."""
        return len(self._view)

    @property
    def row(self) -> int | None:
        """The frame's row under the cursor."""
        return int(self._view.order[self.cursor]) if 0 <= self.cursor < len(self._view) else None

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns, those too that don't fit."""
        return self._columns

    @property
    def column(self) -> ScreenColumn | None:
        """The column under the column cursor."""
        return self._columns[self._column] if self._column < len(self._columns) else None

    @property
    def placed(self) -> list[Placed]:
        """The columns in sight, with their places."""
        return self._placed

    def show(self, view: View) -> None:
        """Show other rows. The row that the user was on last stays under the cursor if it is among them; else the
        cursor stays where it was, and goes back when that row is shown again."""
        self._view = view
        self._texts = RowTexts(view, self._columns)
        self.virtual_size = Size(self.size.width, len(view) + 1)
        place = None if self._anchor is None else view.position_of(self._anchor)
        if place is None:
            place = min(self.cursor, max(0, len(view) - 1))
        self.set_reactive(RowTable.cursor, place)
        if self._anchor is None:
            self._anchor = self.row
        self._arrange()
        self.keep_in_sight()
        self.refresh()
        self._tell()

    def go_to(self, row: int) -> bool:
        """Put the cursor on a row of the frame. Whether it is shown."""
        place = self._view.position_of(row)
        if place is not None:
            self.move(place)
        return place is not None

    def set_columns(self, columns: Sequence[ScreenColumn], widths: dict[str, int] | None = None) -> None:
        """Show other columns, or the same with other widths; the column cursor stays on its column, or where that was."""
        here = self.column
        self._columns = tuple(columns)
        if widths is not None:
            self._widths = dict(widths)
        names = [c.name for c in self._columns]
        last = max(0, len(names) - 1)
        self._column = names.index(here.name) if here and here.name in names else min(self._column, last)
        self._texts = RowTexts(self._view, self._columns)
        self._arrange()
        self.refresh()

    def go_to_column(self, name: str) -> None:
        """Put the column cursor on a column."""
        names = [c.name for c in self._columns]
        if name in names:
            self._column = names.index(name)
            self._arrange()
            self.refresh()

    def wait_for(self, row: int) -> None:
        """Put the cursor on a row of the frame as soon as it is shown."""
        self._anchor = row

    def go_to_mark(self, way: int) -> bool:
        """To the next (1) or previous (-1) marked row, round the end; whether there is one."""
        places = np.flatnonzero(np.isin(self._view.order, list(self.marks)))
        places = places[places != self.cursor]
        if not len(places):
            return False
        # Turned so that the nearest one in that direction comes first.
        turned = np.roll(places, -int(np.searchsorted(places, self.cursor)))
        place = turned[0] if way > 0 else turned[-1]
        self.move(int(place))
        return True

    def widest_in_sight(self) -> int:
        """The cells that the widest text of the column cursor's column takes, heading included."""
        top = self.scroll_offset.y
        rows = range(top, min(top + self.rows_in_sight, len(self._view)))
        texts = [self._texts_of(position)[self._column] for position in rows]
        title = cell_len(self._columns[self._column].title) + 1  # and the arrow of the order
        return max([title, *(cell_len(self.glyphs.plain(text)) for text in texts)])

    def cell(self) -> str:
        """The text under the cursor."""
        if self.row is None or self.column is None:
            return ""
        return self._texts_of(self.cursor)[self._column]

    def row_texts(self) -> list[tuple[str, str]]:
        """Heading and text of every column of the row under the cursor."""
        if self.row is None:
            return []
        return [(c.title, text) for c, text in zip(self._columns, self._texts_of(self.cursor), strict=True)]

    # Arranging.

    def _arrange(self) -> None:
        """Give the columns their places; the column cursor's is always among them."""
        width = self.scrollable_content_region.width - GUTTER
        digits = len(f"{max(len(self._view), 1):,}") if self.numbered and width > NUMBERED else 0
        self._first_column = min(self._first_column, self._column)
        while True:
            self._placed = place(self._columns, self._widths, self._first_column, width, digits)
            if not self._placed or self._placed[-1].number >= self._column or self._first_column >= self._column:
                break
            self._first_column += 1

    def on_resize(self, _event: events.Resize) -> None:
        """Arrange anew; the cursor stays in sight."""
        self.virtual_size = Size(self.size.width, len(self._view) + 1)
        self._arrange()
        self.keep_in_sight()
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget the styles of another theme."""
        super().notify_style_update()
        self._styles_by_role.clear()

    # Drawing.

    def _style(self, role: str) -> Style:
        style = self._styles_by_role.get(role)
        if style is None:
            style = self.rich_style
            for part in role.split():
                style = style + self.get_component_rich_style(f"table--{part}", partial=part != "cursor")
                if part == "blurred":
                    blurred = self.get_component_rich_style("table--blurred")
                    style = style + Style(bgcolor=blurred.bgcolor, bold=blurred.bold)
            self._styles_by_role[role] = style
        return style

    def _texts_of(self, position: int) -> list[str]:
        return self._texts.of(position, self.rows_in_sight)

    def render_line(self, y: int) -> Strip:
        """One line: the heading, a row, or a word about why there is none."""
        width = self.scrollable_content_region.width
        if y == 0:
            return heading(self._columns, self._placed, self.column, self._view.sort, self.glyphs, self._style, width)
        position = self.scroll_offset.y + y - 1
        if position < len(self._view):
            segments, style = self._row_segments(position)
            return Strip(segments).adjust_cell_length(width, style)
        if not len(self._view) and 2 <= y < 2 + len(self.empty):
            return Strip(
                [
                    Segment(
                        "  " + fit(self.glyphs.plain(self.empty[y - 2]), width - 2, self.glyphs.more),
                        self._style("quiet"),
                    )
                ]
            ).adjust_cell_length(width, self.rich_style)
        return Strip.blank(width, self.rich_style)

    def _row_segments(self, position: int) -> tuple[list[Segment], Style]:
        under = position == self.cursor
        ground = ("cursor" if self.has_focus else "blurred") if under else ""
        row = int(self._view.order[position])
        gone, marked = row in self.gone, row in self.marks
        state = "gone" if gone else "new" if row in self.news else ""
        base = self._style(ground if ground == "cursor" else f"{ground} {state}".strip())
        segments: list[Segment] = []
        run = self.glyphs.cursor if under else " "
        if marked:
            segments = [Segment(run, base), Segment(self.glyphs.mark, self._style(f"{ground} marked".strip()))]
            run = ""
        else:
            run += "x" if gone else self.news.get(row, " ")
        texts = self._texts_of(position)
        plain, more = self.glyphs.plain, self.glyphs.more
        at = GUTTER
        for placed in self._placed:
            run += " " * (placed.x + GUTTER - at)
            at = placed.x + GUTTER + placed.width
            if placed.column is None:
                run += f"{position + 1:>{placed.width},}"
                continue
            raw = texts[placed.number]
            text = plain(raw) if raw else self.glyphs.dash
            text = fit(text.rjust(placed.width) if placed.column.right else text, placed.width, more)
            role = placed.column.role(raw) if placed.column.role is not None and raw and not gone else ""
            style = self._style(f"{ground} {role}".strip()) if role and not (under and self.has_focus) else base
            if under and placed.column is self.column:
                style = style + Style(underline=True, bold=True)
            if style is base:
                run += text
                continue
            if run:
                segments.append(Segment(run, base))
            run = ""
            segments.append(Segment(text, style))
        if run:
            segments.append(Segment(run, base))
        return segments, base

    # Moving.

    def _tell(self) -> None:
        row = self.row
        if row != self._told:
            self._told = row
            self.post_message(self.Moved(self, row))

    def moved(self) -> None:
        """The row that the user came to stays under the cursor, whatever is shown next."""
        self._anchor = self.row
        self._tell()

    def action_column_left(self) -> None:
        """The column cursor one to the left."""
        self._move_column(self._column - 1)

    def action_column_right(self) -> None:
        """The column cursor one to the right."""
        self._move_column(self._column + 1)

    def _move_column(self, number: int) -> None:
        number = min(max(number, 0), max(0, len(self._columns) - 1))
        if number == self._column:
            return
        first = self._first_column
        self._column = number
        self._arrange()
        if self._first_column != first:
            self.refresh()
        else:
            self.refresh_line(self.scroll_offset.y)
            self.refresh_line(self.cursor + 1)

    def on_click(self, event: events.Click) -> None:
        """The row under the pointer, opened by a second click; a heading sorts, with Shift or Ctrl inside the order there is."""
        place = event.get_content_offset_capture(self)
        if place.y == 0:
            for placed in self._placed:
                if placed.column and placed.x + GUTTER <= place.x <= placed.x + GUTTER + placed.width:
                    self._move_column(placed.number)
                    self.post_message(self.HeadingClicked(self, placed.column, event.shift or event.ctrl))
            return
        position = self.scroll_offset.y + place.y - 1
        if position < len(self._view):
            self.move(position)
            if event.chain == 2 and self.row is not None:
                self.post_message(self.Opened(self, self.row))
