"""A cursor over any number of rows under a heading: moving, paging, keeping it in sight, drawing only what it left and
where it came to.

Measured with Textual 8: a cursor that repaints the widget costs 19 KB a key on the wire, two lines 0.7 KB.
"""

from textual import events
from textual.reactive import reactive
from textual.scroll_view import ScrollView


class CursorView(ScrollView, can_focus=True):
    """Rows from 0 below one line of heading. What has rows says how many (`count`) and is told of every move
    (`moved`)."""

    ALLOW_SELECT = False
    cursor: reactive[int] = reactive(0, repaint=False)

    @property
    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def moved(self) -> None:
        """The user put the cursor somewhere."""

    @property
    def rows_in_sight(self) -> int:
        """How many rows the height has room for, at least one."""
        return max(1, self.scrollable_content_region.height - 1)

    def validate_cursor(self, cursor: int) -> int:
        """A position that exists; 0 where there is none."""
        return min(max(cursor, 0), max(0, self.count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two rows anew; scroll only where the new one is out of sight."""
        before = self.scroll_offset.y
        self.keep_in_sight(jump=self.rows_in_sight // 4)
        if self.scroll_offset.y == before:
            self.refresh_lines(old + 1, 1)
            self.refresh_lines(new + 1, 1)

    def refresh_row(self) -> None:
        """Draw the row under the cursor anew."""
        self.refresh_lines(self.cursor + 1, 1)

    def keep_in_sight(self, jump: int = 0) -> None:
        """Scroll until the cursor is in sight. `jump` rows further: a page is drawn once for several keys then, which
        is what makes a held key cheap over SSH."""
        rows = self.rows_in_sight
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(0, max(0, self.cursor - jump), animate=False, force=True)
        elif self.cursor >= top + rows:
            last = max(0, self.count - rows)
            self.scroll_to(0, min(self.cursor - rows + 1 + jump, last), animate=False, force=True)

    def move(self, position: int) -> None:
        """Put the cursor on a row."""
        self.cursor = position
        self.moved()

    def page(self, rows: int) -> None:
        """Move cursor and page together, so that the cursor keeps its line where it can."""
        last = max(0, self.count - self.rows_in_sight)
        self.scroll_to(0, min(max(self.scroll_offset.y + rows, 0), last), animate=False, force=True)
        self.move(self.cursor + rows)

    def action_line_up(self) -> None:
        """One row up."""
        self.move(self.cursor - 1)

    def action_line_down(self) -> None:
        """One row down."""
        self.move(self.cursor + 1)

    def action_page_up(self) -> None:
        """One page up."""
        self.page(-self.rows_in_sight)

    def action_page_down(self) -> None:
        """One page down."""
        self.page(self.rows_in_sight)

    def action_half_up(self) -> None:
        """Half a page up."""
        self.page(-max(1, self.rows_in_sight // 2))

    def action_half_down(self) -> None:
        """Half a page down."""
        self.page(max(1, self.rows_in_sight // 2))

    def action_first(self) -> None:
        """To the first row."""
        self.move(0)

    def action_last(self) -> None:
        """To the last row."""
        self.move(self.count - 1)

    def on_focus(self) -> None:
        """The cursor's colour says where the keys go."""
        self.refresh_line(self.cursor + 1)

    on_blur = on_focus

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows down, the cursor with them."""
        event.stop()
        self.page(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows up, the cursor with them."""
        event.stop()
        self.page(-3)
