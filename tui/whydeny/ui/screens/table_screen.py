"""A screen around a table: filter bar, table, a word at the bottom, work off the screen's thread."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

import polars as pl
from textual.timer import Timer

from whydeny.model.columns import Kind
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS, Action, keys_of
from whydeny.ui.columns import ScreenColumn
from whydeny.ui.filtering import Filter
from whydeny.ui.lines import Span
from whydeny.ui.memory import Memory
from whydeny.ui.screens.base import WORDS_STAY, BaseScreen
from whydeny.ui.screens.picker import Choice
from whydeny.ui.view import SortKey
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterBar
from whydeny.ui.widgets.table import RowTable

Result = TypeVar("Result")

SOUGHT = ("Copy", "Find out", "Filter", "Table", "Panes", "Findings", "Keep", "Live firewall", "Program")
READ = 16  # characters a second that are read of a word at the bottom
OFF_THREAD = 50_000  # rows; what takes longer than a frame with more goes to a thread


class TableScreen(BaseScreen):
    """What screens with a table share. `SCOPES` are those of their actions, `kind` is what the rows are of."""

    SCOPES: ClassVar[tuple[str, ...]] = ("explorer", "app")
    kind = Kind.TRAFFIC

    def __init__(self) -> None:
        super().__init__()
        self.filter = Filter("", None)
        self.aside = ""  # the filter that was laid aside
        self.sort_keys: tuple[SortKey, ...] = (SortKey("time", ("time",)),)
        self.only_marked = False
        self._word: Timer | None = None

    @property
    def frame(self) -> pl.DataFrame:
        """The table's rows."""
        raise NotImplementedError

    @property
    def all_columns(self) -> tuple[ScreenColumn, ...]:
        """Every column that can be chosen."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns that are chosen, or usual for this width."""
        raise NotImplementedError

    @property
    def remembered_as(self) -> str:
        """The kind of source that columns and widths are remembered for."""
        return str(self.kind)

    @property
    def memory(self) -> Memory:
        """What is remembered between runs."""
        return self.explorer_app.memory

    @property
    def table(self) -> RowTable:
        """The table."""
        return self.query_one("#table", RowTable)

    @property
    def filter_bar(self) -> FilterBar:
        """The filter."""
        return self.query_one(FilterBar)

    def show_filter_row(self) -> None:
        """Make sure that the filter bar can be seen."""

    # Words at the bottom.

    def say(self, words: str, role: str = "", keys: str = "") -> None:
        """A word at the bottom, for a while that is long enough to read it; `keys` stand at the right."""
        if self._word is not None:
            self._word.stop()
        self.query_one("#foot", Bar).show([Span(f" {words}", role)], [Span(keys, "quiet")] if keys else ())
        self._word = self.set_timer(max(WORDS_STAY, len(words) / READ), self._end_word)

    def _end_word(self) -> None:
        self._word = None
        self.show_keys()

    def footer(self) -> list[Action]:
        """What the footer shows, the most important first."""
        return sorted((a for a in ACTIONS if a.footer and a.scope in self.SCOPES), key=lambda a: a.footer)

    def show_keys(self) -> None:
        """What keys do, as many as there is room for; not while there is a word to be read."""
        if self._word is not None:
            return
        keymap = self.explorer_app.options.keymap
        room = self.size.width
        spans: list[Span] = []
        for action in self.footer():
            key = keys_of(action, keymap)[0]
            need = len(key) + len(action.word) + 3
            if need <= room:
                room -= need
                spans += [Span(f" {key}", "key"), Span(f" {action.word} ")]
        self.query_one("#foot", Bar).show(spans)

    # Commands by name.

    def commands(self) -> list[Choice]:
        """What the palette offers: what one looks for by name before what one does with the hands."""
        keymap = self.explorer_app.options.keymap
        offered = [a for a in ACTIONS if a.group in SOUGHT and self.offers(a) and a.id != "app.palette"]
        offered.sort(key=lambda action: SOUGHT.index(action.group))
        return [Choice(a.id, a.word, a.help, " ".join(keys_of(a, keymap))) for a in offered]

    def offers(self, action: Action) -> bool:
        """Whether an action can be done here."""
        return action.scope in self.SCOPES

    async def run_command(self, identifier: str) -> None:
        """Do what the palette's choice says."""
        scope, _, method = identifier.partition(".")
        await self.run_action(f"app.{method}" if scope == "app" else method)

    # Work.

    def compute(self, slot: str, work: Callable[[Progress], Result], done: Callable[[Result], None], what: str) -> None:
        """Do it at once for a small table, in a thread for a large one; meanwhile the count says what is done."""
        if len(self.frame) <= OFF_THREAD:
            self.jobs.cancel(slot)
            done(work(Progress()))
            return
        self.filter_bar.count(Span(f"{what} {self.glyphs.more} ", "link"), Span("Esc stops ", "quiet"))
        self.jobs.start(slot, work, done, self.failed)

    def failed(self, error: WhydenyError) -> None:
        """Say what went wrong; everything else goes on."""
        self.say(str(error), "doubt")
