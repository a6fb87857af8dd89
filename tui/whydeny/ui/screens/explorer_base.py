"""What the parts of the explorer's screen share: its widgets, its state, words at the bottom, work off the thread."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual.timer import Timer
from textual.widget import Widget

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS, Action, keys_of
from whydeny.ui.columns import SESSION_COLUMNS, ScreenColumn, dated, usual_columns
from whydeny.ui.explaining import Explained
from whydeny.ui.filtering import Filter
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.view import SortKey
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterBar
from whydeny.ui.widgets.panes import RulePane, VerdictPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.workbench import Workbench
from whydeny.verdict.finding import Outcome

Result = TypeVar("Result")

OFF_THREAD = 50_000  # rows; what takes longer than a frame with more goes to a thread
WORDS_STAY = 4.0  # seconds that a word at the bottom stays
RULE_PANES = ("security", "decryption", "authentication")
PANES = ("table", "why", *RULE_PANES)


class ExplorerBase(BaseScreen):
    """State and widgets of the explorer's screen; its parts add what keys do. `SCOPES` are those of its actions."""

    SCOPES: ClassVar[tuple[str, ...]] = ("explorer", "app")

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__()
        self.bench = workbench
        self.inputs = title
        self.denied = workbench.count(Outcome.ALLOWED_THEN_DENIED)
        self.filter = Filter("", None)
        self.aside = ""  # the filter that was laid aside
        self.sort_keys: tuple[SortKey, ...] = (SortKey("time", ("time",)),)
        self.only_marked = False
        self.chosen: tuple[str, ...] | None = None  # names of columns; None: the usual ones
        self.widths: dict[str, int] = {}
        self.explained: Explained | None = None
        self.zoomed = ""
        self._word: Timer | None = None

    @property
    def table(self) -> RowTable:
        """The session table."""
        return self.query_one("#table", RowTable)

    @property
    def why(self) -> VerdictPane:
        """The verdict."""
        return self.query_one("#why", VerdictPane)

    @property
    def filter_bar(self) -> FilterBar:
        """The filter."""
        return self.query_one(FilterBar)

    def rule_pane(self, rulebase: str) -> RulePane:
        """The pane of a rulebase."""
        return self.query_one(f"#{rulebase}", RulePane)

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns that are chosen, or usual for this width."""
        named = {column.name: column for column in SESSION_COLUMNS}
        usual = usual_columns(self.size.width)
        return dated([named[name] for name in self.chosen] if self.chosen is not None else usual, *self.bench.span)

    def set_zoom(self, zoom: str, pane: Widget | None = None) -> None:
        """Give the screen to the table, the detail, the verdict (`why`) or a rule's `pane`; empty: to all."""
        self.zoomed = zoom
        for name in ("table", "detail", "why", "rule"):
            self.set_class(name == zoom, f"-zoom-{name}")
        for name in RULE_PANES:
            rule = self.rule_pane(name)
            rule.set_class(zoom == "rule" and rule is pane, "-zoomed")
            rule.full = zoom == "rule" and rule is pane
            rule.call_after_refresh(rule.rebuild)

    # The line at the top and the words at the bottom.

    def show_head(self, judging: Job | None = None) -> None:
        """What this is; at the right what it holds, or how far the judging is."""
        dot = f" {self.glyphs.dot} "
        spans = [Span(" whydeny ", "title")]
        system = self.bench.system
        if system is not None:
            known = [system.hostname, system.model, f"PAN-OS {system.release}" if system.release else None]
            spans.append(Span(dot.join(word for word in known if word)))
            others = len(self.bench.site.systems) - 1
            spans.append(Span(f" and {others} more" if others else "", "quiet"))
        spans.append(Span(f"   {self.inputs}", "quiet"))
        total, denied = len(self.bench.frame), self.denied
        right = [Span(f"{denied:,} allowed, then denied ", "bad" if denied else "quiet")]
        if judging is not None and judging.total:
            share = judging.done / judging.total
            right = [Span("judging ", "link"), Span(f"{self.glyphs.bar(share)} {share:4.0%}, Esc stops ", "quiet")]
        elif self.size.width >= 100:
            right = [Span(f"{total:,} session{'' if total == 1 else 's'}{dot}", "quiet"), *right]
        self.query_one("#head", Bar).show(spans, right)

    def say(self, words: str, role: str = "") -> None:
        """A word at the bottom, for a while."""
        if self._word is not None:
            self._word.stop()
        self.query_one("#foot", Bar).show([Span(f" {words}", role)])
        self._word = self.set_timer(WORDS_STAY, self._end_word)

    def _end_word(self) -> None:
        self._word = None
        self.show_keys()

    def footer(self) -> list[Action]:
        """What the footer shows, the most important first."""
        return sorted((a for a in ACTIONS if a.footer), key=lambda a: a.footer)

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

    # Work.

    def compute(self, slot: str, work: Callable[[Progress], Result], done: Callable[[Result], None], what: str) -> None:
        """Do it at once for a small table, in a thread for a large one; meanwhile the count says what is done."""
        if len(self.bench.frame) <= OFF_THREAD:
            self.jobs.cancel(slot)
            done(work(Progress()))
            return
        self.filter_bar.count(Span(f"{what} {self.glyphs.more} ", "link"), Span("Esc stops ", "quiet"))
        self.jobs.start(slot, work, done, self.failed)

    def failed(self, error: WhydenyError) -> None:
        """Say what went wrong; everything else goes on."""
        self.say(str(error), "doubt")
