"""The rows of the explorer: what passes the filter, in which order, what is marked."""

from textual import on
from textual.timer import Timer

from whydeny.filters.tree import FilterError
from whydeny.ui.filtering import DENIED, Filter, only, understand
from whydeny.ui.lines import Span
from whydeny.ui.screens.explorer_base import ExplorerBase
from whydeny.ui.shown import Shown, Wanted, make_shown
from whydeny.ui.widgets.filter_bar import FilterBar, FilterInput
from whydeny.ui.widgets.timeline import Timeline
from whydeny.ui.workbench import Workbench

MISTAKE_WAITS = 0.7  # seconds without a key until a mistake is pointed at


class RowsPart(ExplorerBase):
    """Filter, marks and the rows that are shown."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self._history: list[str] = []
        self._history_at = 0
        self._mistake: Timer | None = None

    def use_filter(self, text: str, at_once: bool = True) -> None:
        """Filter by `text`; where it can't be used, point at the mistake and leave the rows as they are.

        A mistake in what is still being typed waits, so that it doesn't jump up at every unfinished word.
        """
        if self._mistake is not None:
            self._mistake.stop()
        try:
            found = understand(text, self.columns, self.bench.frame)
        except FilterError as error:
            words, place = str(error).partition(": ")[2] or str(error), error.position if error.text else None
            if at_once or self.filter_bar.has_mistake:
                self.filter_bar.mistake(words, place)
            else:
                self._mistake = self.set_timer(MISTAKE_WAITS, lambda: self.filter_bar.mistake(words, place))
            return
        self.filter_bar.mistake("")
        self.filter = found
        self.remake("filtering")

    def remake(self, what: str) -> None:
        wanted = Wanted(
            self.bench.frame,
            self.sort_keys,
            self.filter.condition,
            frozenset(self.table.marks) if self.only_marked else None,
        )
        before = self.table.view
        self.compute("rows", lambda progress: make_shown(before, wanted, progress), self._show_rows, what)

    def _show_rows(self, shown: Shown) -> None:
        table = self.table
        table.empty = self._why_empty(len(shown.view))
        table.show(shown.view)
        self.query_one(Timeline).show(shown.times)
        self.show_count()

    def _why_empty(self, rows: int) -> tuple[str, ...]:
        if rows:
            return ()
        if not len(self.bench.frame):
            return (
                "No traffic log among the inputs, so there is no session to show.",
                "Monitor > Logs > Traffic, export CSV; or `show session all` as text.",
            )
        if self.only_marked:
            return ("No row is marked. m marks one; M shows all rows again.",)
        return ("No session passes this filter.", "/ changes it, f lays it aside, a shows all sessions.")

    def show_count(self) -> None:
        rows, total = len(self.table.view), len(self.bench.frame)
        row = f"{self.table.cursor + 1:,}/" if rows else ""
        marked = f"{self.glyphs.mark}{len(self.table.marks)} " if self.table.marks else ""
        aside = "filter off " if self.aside else ""
        spans = (Span(aside, "doubt"), Span(marked, "link"), Span(f"{row}{rows:,} of {total:,}"))
        self.filter_bar.count(*(span for span in spans if span.text))

    @on(FilterBar.Typed)
    def _filter_typed(self, event: FilterBar.Typed) -> None:
        event.stop()
        self.aside = ""
        if event.text != self.filter.text or self.filter_bar.has_mistake:
            self.use_filter(event.text, event.final)
        if event.final and event.text and (not self._history or self._history[-1] != event.text):
            self._history.append(event.text)
        self._history_at = len(self._history)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()

    @on(FilterInput.Earlier)
    def _filter_history(self, event: FilterInput.Earlier) -> None:
        event.stop()
        if not self._history:
            return
        self._history_at = min(max(self._history_at + event.steps, 0), len(self._history))
        text = self._history[self._history_at] if self._history_at < len(self._history) else ""
        self.set_filter(text)

    def set_filter(self, text: str) -> None:
        self.aside = ""
        self.filter_bar.put(text)
        self.use_filter(text)

    def action_filter(self) -> None:
        """Type a filter."""
        if self.zoomed not in ("", "table"):
            self.set_zoom("")
        self.filter_bar.open()

    def action_filter_off(self) -> None:
        """Lay the filter aside, and take it up again."""
        if self.aside:
            self.set_filter(self.aside)
        elif self.filter.text:
            self.aside = self.filter.text
            self.filter = Filter("", None)
            self.remake("filtering")
        else:
            self.say("there is no filter; / types one")

    def action_denied(self) -> None:
        """Only sessions that were allowed, then denied."""
        self.set_filter(DENIED)

    def action_all(self) -> None:
        """All sessions."""
        self.only_marked = False
        self.set_filter("")

    def action_only_value(self) -> None:
        """Only rows with the value under the cursor."""
        self._filter_by_value(False)

    def action_without_value(self) -> None:
        """No rows with the value under the cursor."""
        self._filter_by_value(True)

    def _filter_by_value(self, without: bool) -> None:
        column = self.table.column
        if column is None or self.table.row is None:
            return
        try:
            self.set_filter(only(self.filter.text, *self.bench.value_of(self.table.row, column), without=without))
        except FilterError as error:
            self.say(str(error), "doubt")

    # Marks.

    def action_mark(self) -> None:
        """Mark the row, or take its mark away."""
        row = self.table.row
        if row is None:
            return
        self.table.marks ^= {row}
        self.table.refresh_row()
        self.show_count()

    def action_only_marked(self) -> None:
        """Only marked rows, and back."""
        self.only_marked = not self.only_marked
        self.remake("filtering")

    def action_next_mark(self) -> None:
        """To the next marked row."""
        self._to_mark(1)

    def action_previous_mark(self) -> None:
        """To the marked row before."""
        self._to_mark(-1)

    def _to_mark(self, way: int) -> None:
        if not self.table.go_to_mark(way):
            self.say("no other row is marked; m marks one")
