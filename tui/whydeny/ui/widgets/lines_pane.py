"""A pane of lines: wraps them to its width, scrolls them, and lets one be chosen where lines lead somewhere."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from whydeny.ui.actions import bindings
from whydeny.ui.glyphs import UNICODE, Glyphs
from whydeny.ui.lines import Line, Span, wrap

ROLES = ("good", "bad", "doubt", "quiet", "strong", "title", "link", "key")


class LinesPane(ScrollView, can_focus=True):
    """Shows lines. With `choose`, the cursor walks the lines that have a target; without, keys scroll."""

    BINDINGS = bindings("pane")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{role}" for role in (*ROLES, "cursor")}
    DEFAULT_CSS = """
    LinesPane {
        scrollbar-size: 0 0;
        overflow: hidden;
        padding: 0 0 0 1;
        &> .lines--good { color: $good; }
        &> .lines--bad { color: $bad; text-style: bold; }
        &> .lines--doubt { color: $doubt; }
        &> .lines--quiet { color: $quiet; }
        &> .lines--strong { text-style: bold; }
        &> .lines--title { color: $link; text-style: bold; }
        &> .lines--link { color: $link; }
        &> .lines--key { color: $link; text-style: bold; }
        &> .lines--cursor { background: $row-cursor; color: $row-cursor-text; }
    }
    """

    cursor: reactive[int] = reactive(-1, repaint=False)

    class Chosen(Message):
        """A line with a target was chosen."""

        def __init__(self, pane: "LinesPane", target: object) -> None:
            self.pane = pane
            self.target = target
            super().__init__()

        @property
        def control(self) -> "LinesPane":
            """The pane it was chosen in."""
            return self.pane

    def __init__(self, *, glyphs: Glyphs = UNICODE, choose: bool = False, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self.choose = choose
        self.lit = False  # the cursor shows without the focus too
        self._lines: Sequence[Line] = ()
        self._rows: list[tuple[Span, ...]] = []
        self._line_of_row: list[int] = []
        self._wrapped_at = -1
        self._styles_by_role: dict[str, Style] = {}

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown."""
        return self._lines

    @property
    def target(self) -> object:
        """What the line under the cursor leads to; None where it leads nowhere."""
        return self._lines[self.cursor].target if 0 <= self.cursor < len(self._lines) else None

    def show(self, lines: Sequence[Line], keep_place: bool = False) -> None:
        """Show other lines, from the top unless `keep_place`; the cursor then stays on its line, or goes to the next one
        that leads somewhere."""
        if list(lines) == list(self._lines) and self._wrapped_at == self._width:
            return
        before, top, target = list(self._rows), self.scroll_offset.y, self.target
        self._lines = lines
        self._wrap()
        if self.choose:
            targets = self._targets()
            same = [n for n in targets if lines[n].target == target] if keep_place and target is not None else []
            at = bisect_left(targets, self.cursor) if keep_place else 0
            self.cursor = same[0] if same else targets[min(at, len(targets) - 1)] if targets else -1
        if not keep_place:
            self.scroll_to(0, 0, animate=False, force=True)
        self._refresh_changed(before, top)

    def to_line(self, number: int) -> None:
        """Put the cursor on a line and the line at the top."""
        first, end = self._rows_of(number)
        if first < end:
            self.cursor = number
            self.scroll_to(0, first, animate=False, force=True)

    def _refresh_changed(self, before: list[tuple[Span, ...]], top: int) -> None:
        """Draw only rows that differ: two sessions share most of what their rules say."""
        if self.scroll_offset.y != top or top or (self.choose and self.has_focus):
            self.refresh()
            return
        for row in range(self._height):
            old = before[row] if row < len(before) else None
            new = self._rows[row] if row < len(self._rows) else None
            last = row == self._height - 1  # has the sign that there is more
            if old != new or last:
                self.refresh_lines(row)

    @property
    def _width(self) -> int:
        """The width of text; the last cell is for the signs that say that there is more."""
        return self.scrollable_content_region.width - 1

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _targets(self) -> list[int]:
        return [n for n, line in enumerate(self._lines) if line.target is not None]

    def _wrap(self) -> None:
        width = self._width
        if width <= 0:
            return
        self._wrapped_at = width
        self._rows, self._line_of_row = [], []
        for number, entry in enumerate(self._lines):
            for row in wrap(entry, width, self.glyphs.more):
                self._rows.append(row)
                self._line_of_row.append(number)
        self.virtual_size = Size(width + 1, len(self._rows))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """The rows that the lines take at `width`."""
        return sum(len(wrap(entry, width - 1, self.glyphs.more)) for entry in self._lines)

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap again when the width changed."""
        if self._width != self._wrapped_at:
            self._wrap()
            self.refresh()

    def notify_style_update(self) -> None:
        """Forget the styles of another theme."""
        super().notify_style_update()
        self._styles_by_role.clear()

    def _style(self, role: str) -> Style:
        style = self._styles_by_role.get(role)
        if style is None:
            style = self.rich_style
            if role:
                partial = role != "cursor"
                style = style + self.get_component_rich_style(f"lines--{role}", partial=partial)
            self._styles_by_role[role] = style
        return style

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        row = y + self.scroll_offset.y
        width = self._width
        if not 0 <= row < len(self._rows):
            return Strip.blank(width + 1, self.rich_style)
        under = self.choose and (self.has_focus or self.lit) and self._line_of_row[row] == self.cursor
        plain = self.glyphs.plain
        cursor = self._style("cursor") if under else None
        segments = [Segment(plain(span.text), cursor or self._style(span.role)) for span in self._rows[row]]
        more = " "
        if y == self._height - 1 and row + 1 < len(self._rows):
            more = self.glyphs.below
        elif y == 0 and row > 0:
            more = self.glyphs.above
        text = Strip(segments).adjust_cell_length(width, cursor or self.rich_style)
        return Strip([*text, Segment(more, self._style("quiet"))], width + 1)

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two lines anew and keep the new one in sight."""
        for number in (old, new):
            first, end = self._rows_of(number)
            if first < end:
                self.refresh_lines(first, end - first)
        if first < end:
            self.scroll_to_region(Region(0, first, 1, end - first), animate=False, force=True)

    def on_focus(self) -> None:
        """The cursor line shows only with the focus."""
        if self.choose:
            self.refresh()

    on_blur = on_focus

    def _rows_of(self, number: int) -> tuple[int, int]:
        """The first row of a line and the one behind its last."""
        first = bisect_left(self._line_of_row, number)
        return first, bisect_right(self._line_of_row, number)

    def _step(self, way: int) -> None:
        """To the next line that leads somewhere if it is in sight or about to come; else scroll."""
        beyond = (
            [n for n in self._targets() if (n > self.cursor if way > 0 else n < self.cursor)] if self.choose else []
        )
        number = (beyond[0] if way > 0 else beyond[-1]) if beyond else None
        if number is not None:
            first, end = self._rows_of(number)
            top = self.scroll_offset.y
            if top - 1 <= first and end <= top + self._height + 1:
                self.cursor = number
                return
        self.scroll_relative(y=way, animate=False, force=True)

    def _page(self, way: int) -> None:
        """Scroll a page; the cursor comes along to the nearest line in sight that leads somewhere."""
        last = max(0, len(self._rows) - self._height)
        top = min(max(self.scroll_offset.y + way * max(1, self._height - 1), 0), last)
        self.scroll_to(0, top, animate=False, force=True)
        self._bring_cursor(top, way)

    def _bring_cursor(self, top: int, way: int) -> None:
        if not self.choose:
            return
        seen = [n for n in self._targets() if top <= self._rows_of(n)[0] < top + self._height]
        if seen and self.cursor not in seen:
            self.cursor = seen[0] if way > 0 else seen[-1]

    def action_line_up(self) -> None:
        """One line up."""
        self._step(-1)

    def action_line_down(self) -> None:
        """One line down."""
        self._step(1)

    def action_page_up(self) -> None:
        """One page up."""
        self._page(-1)

    def action_page_down(self) -> None:
        """One page down."""
        self._page(1)

    def action_first(self) -> None:
        """To the first line."""
        self.scroll_to(0, 0, animate=False, force=True)
        self._bring_cursor(0, 1)

    def action_last(self) -> None:
        """To the last line."""
        top = max(0, len(self._rows) - self._height)
        self.scroll_to(0, top, animate=False, force=True)
        self._bring_cursor(top, -1)

    def on_click(self, event: events.Click) -> None:
        """Choose the line under the pointer."""
        row = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if not self.choose or not 0 <= row < len(self._rows):
            return
        number = self._line_of_row[row]
        if self._lines[number].target is None:
            return
        self.cursor = number
        self.post_message(self.Chosen(self, self.target))
