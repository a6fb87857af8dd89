"""The screen that engineers live in: the sessions, why the one under the cursor ended so, and its three rules."""

from collections.abc import Callable
from typing import TypeVar

import polars as pl
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from whydeny.filters.tree import FilterError
from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui import copying
from whydeny.ui.actions import ACTIONS, bindings, keys_of
from whydeny.ui.clipboard import Copied
from whydeny.ui.columns import SESSION_COLUMNS, ScreenColumn, dated, usual_columns
from whydeny.ui.explaining import Explained
from whydeny.ui.filtering import DENIED, Filter, only, understand
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span, line
from whydeny.ui.overview import FilterBy
from whydeny.ui.related import ToRow
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.pages import ManualScreen, OverviewScreen, RelatedScreen, RowScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.shown import Shown, Wanted, make_shown
from whydeny.ui.view import SortKey, whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterBar, FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.panes import RulePane, VerdictPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.widgets.timeline import Moment, Timeline
from whydeny.ui.workbench import Workbench
from whydeny.verdict.finding import Outcome, Trail

Result = TypeVar("Result")

OFF_THREAD = 50_000  # rows; what takes longer than a frame with more goes to a thread
REST = 0.06  # seconds after which a cursor is at rest and the panes follow
WORDS_STAY = 4.0  # seconds that a word at the bottom stays
RULE_PANES = ("security", "decryption", "authentication")
PANES = ("table", "why", *RULE_PANES)


class ExplorerScreen(BaseScreen):
    """Table, verdict and rules of one site."""

    CSS_PATH = "explorer.tcss"
    BINDINGS = bindings("explorer")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]

    def __init__(self, workbench: Workbench, title: str, where: str | None = None) -> None:
        super().__init__()
        self.bench = workbench
        self.inputs = title
        self.denied = workbench.count(Outcome.ALLOWED_THEN_DENIED)
        start = where if where is not None else (DENIED if self.denied else "")
        self._filter = Filter("", None)
        self._first_filter = start
        self._aside = ""
        self._history: list[str] = []
        self._history_at = 0
        self._sort: tuple[SortKey, ...] = (SortKey("time", ("time",)),)
        self._only_marked = False
        self._chosen: tuple[str, ...] | None = None
        self._widths: dict[str, int] = {}
        self._explained: Explained | None = None
        self._rest: Timer | None = None
        self._zoom = ""
        self._word: Timer | None = None

    # Building.

    def compose(self) -> ComposeResult:
        """From the top: what this is, the filter, when, which session, why, which rules, what keys do."""
        glyphs = self.glyphs
        yield Bar(glyphs=glyphs, id="head")
        yield FilterBar(glyphs=glyphs, id="filter")
        yield Timeline(glyphs=glyphs, id="timeline")
        yield RowTable(whole(self.bench.frame.clear()), usual_columns(80), glyphs=glyphs, id="table")
        with Vertical(id="detail"):
            yield VerdictPane(glyphs=glyphs, id="why", classes="pane")
            with Horizontal(id="rules"):
                for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
                    yield RulePane(rulebase, glyphs=glyphs, id=str(rulebase), classes="pane")
        yield Bar(glyphs=glyphs, id="foot")

    def on_mount(self) -> None:
        """The first view answers "what is wrong here"."""
        self.why.border_title = "why"
        self.table.focus()
        self.filter_bar.put(self._first_filter)
        self._use_filter(self._first_filter)
        self._show_head()
        self._show_keys()
        if not self.denied and len(self.bench.frame):
            self.say("no session here was allowed and then denied; these are all of them")
        self.jobs.start("moments", self.bench.find_moments, self._found_moments)
        self.jobs.start("judge", self.bench.judge_all, self._judged, self._not_judged, self._judging)

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

    # The line at the top and the one at the bottom.

    def _show_head(self) -> None:
        dot = f" {self.glyphs.dot} "
        spans = [Span(" whydeny ", "title")]
        system = self.bench.system
        if system is not None:
            known = [system.hostname, system.model, f"PAN-OS {system.release}" if system.release else None]
            spans.append(Span(dot.join(word for word in known if word)))
        spans.append(Span(f"   {self.inputs}", "quiet"))
        total, denied = len(self.bench.frame), self.denied
        right = [Span(f"{total:,} session{'' if total == 1 else 's'}", "quiet"), Span(dot, "quiet")]
        right.append(Span(f"{denied:,} allowed, then denied ", "bad" if denied else "quiet"))
        if self.size.width < 100:
            right = [Span(f"{denied:,} allowed, then denied ", "bad" if denied else "quiet")]
        self.query_one("#head", Bar).show(spans, right)

    def _show_keys(self) -> None:
        keymap = self.explorer_app.options.keymap
        room = self.size.width - 8
        spans: list[Span] = []
        for action in sorted((a for a in ACTIONS if a.footer), key=lambda a: a.footer):
            key = keys_of(action, keymap)[0]
            need = len(key) + len(action.word) + 3
            if need > room:
                continue
            room -= need
            spans += [Span(f" {key}", "key"), Span(f" {action.word} ")]
        self.query_one("#foot", Bar).show(spans)

    def say(self, words: str, role: str = "") -> None:
        """A word at the bottom, for a while."""
        if self._word is not None:
            self._word.stop()
        self.query_one("#foot", Bar).show([Span(f" {words}", role)])
        self._word = self.set_timer(WORDS_STAY, self._show_keys)

    # Rows: filter, order, marks.

    def _compute(
        self, slot: str, work: Callable[[Progress], Result], done: Callable[[Result], None], what: str
    ) -> None:
        """Do it at once for a small table, in a thread for a large one."""
        if len(self.bench.frame) <= OFF_THREAD:
            self.jobs.cancel(slot)
            done(work(Progress()))
            return
        self.say(f"{what} {self.glyphs.more}", "quiet")
        self.jobs.start(slot, work, done, lambda error: self.say(str(error), "doubt"))

    def _use_filter(self, text: str) -> None:
        """Filter by `text`; where it can't be used, point at the mistake and leave the rows as they are."""
        try:
            found = understand(text, self.columns, self.bench.frame)
        except FilterError as error:
            self.filter_bar.mistake(str(error), error.position if error.text else None)
            return
        self.filter_bar.mistake("")
        self._filter = found
        self._remake("filtering")

    def _remake(self, what: str) -> None:
        wanted = Wanted(
            self.bench.frame,
            self._sort,
            self._filter.condition,
            frozenset(self.table.marks) if self._only_marked else None,
        )
        before = self.table.view
        self._compute("rows", lambda progress: make_shown(before, wanted, progress), self._show_rows, what)

    def _show_rows(self, shown: Shown) -> None:
        table = self.table
        table.empty = self._why_empty(len(shown.view))
        table.show(shown.view)
        self.query_one(Timeline).show(shown.times)
        self._show_count()
        if not len(shown.view):
            self._explain(None)
        if self._word is None or len(self.bench.frame) > OFF_THREAD:
            self._show_keys()

    def _why_empty(self, rows: int) -> tuple[str, ...]:
        if rows:
            return ()
        if not len(self.bench.frame):
            return (
                "No traffic log among the inputs, so there is no session to show.",
                "Monitor > Logs > Traffic, export CSV; or `show session all` as text.",
            )
        if self._only_marked:
            return ("No row is marked. m marks one; M shows all rows again.",)
        return ("No session passes this filter.", "/ changes it, f lays it aside, a shows all sessions.")

    def _show_count(self) -> None:
        rows, total = len(self.table.view), len(self.bench.frame)
        row = f"{self.table.cursor + 1:,}/" if rows else ""
        marked = f"{self.glyphs.mark}{len(self.table.marks)} " if self.table.marks else ""
        aside = "filter off " if self._aside else ""
        self.filter_bar.count(
            Span(aside, "doubt"),
            Span(marked, "link"),
            Span(f"{row}{rows:,}", "strong"),
            Span(f" of {total:,}", "quiet"),
        )

    @on(FilterBar.Typed)
    def _filter_typed(self, event: FilterBar.Typed) -> None:
        event.stop()
        self._aside = ""
        if event.text != self._filter.text or self.filter_bar.has_mistake:
            self._use_filter(event.text)
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
        self._set_filter(text)

    def _set_filter(self, text: str) -> None:
        self._aside = ""
        self.filter_bar.put(text)
        self._use_filter(text)

    def action_filter(self) -> None:
        """Type a filter."""
        if self._zoom not in ("", "table"):
            self._set_zoom("")
        self.filter_bar.open()

    def action_filter_off(self) -> None:
        """Lay the filter aside, and take it up again."""
        if self._aside:
            self._set_filter(self._aside)
        elif self._filter.text:
            self._aside = self._filter.text
            self._filter = Filter("", None)
            self._remake("filtering")
        else:
            self.say("there is no filter; / types one")

    def action_denied(self) -> None:
        """Only sessions that were allowed, then denied."""
        self._set_filter(DENIED)

    def action_all(self) -> None:
        """All sessions."""
        self._only_marked = False
        self._set_filter("")

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
        asked = self.bench.value_of(self.table.row, column)
        text = only(self._filter.text, column, asked, without) if asked is not None else None
        if text is None:
            self.say(f"{column.title} is empty here, or can't be filtered by")
        else:
            self._set_filter(text)

    # Columns and order.

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns that are chosen, or usual for this width."""
        named = {column.name: column for column in SESSION_COLUMNS}
        columns = (
            tuple(named[name] for name in self._chosen) if self._chosen is not None else usual_columns(self.size.width)
        )
        return dated(columns, *self.bench.span)

    def _set_columns(self) -> None:
        self.table.set_columns(self.columns, self._widths)

    def on_resize(self) -> None:
        """Other columns are usual for another width."""
        self._set_columns()
        self._show_head()
        self._show_keys()

    def _sort_by(self, column: ScreenColumn, also: bool) -> None:
        there = next((key for key in self._sort if key.column == column.name), None)
        key = SortKey(column.name, column.order, not there.descending if there else False)
        if also:
            self._sort = (*(k for k in self._sort if k.column != column.name), key)
        else:
            self._sort = (key,)
        self._remake(f"sorting by {column.title}")

    def action_sort(self) -> None:
        """Sort by the column of the cursor."""
        if self.table.column is not None:
            self._sort_by(self.table.column, also=False)

    def action_sort_also(self) -> None:
        """Sort by this column inside the order there is."""
        if self.table.column is not None:
            self._sort_by(self.table.column, also=True)

    @on(RowTable.HeadingClicked)
    def _heading_clicked(self, event: RowTable.HeadingClicked) -> None:
        event.stop()
        self._sort_by(event.column, also=False)

    def action_narrower(self) -> None:
        """Make this column narrower."""
        self._change_width(-2)

    def action_wider(self) -> None:
        """Make this column wider."""
        self._change_width(2)

    def _change_width(self, cells: int) -> None:
        column = self.table.column
        if column is None:
            return
        now = next((p.width for p in self.table.placed if p.column is column), column.wide)
        self._widths[column.name] = min(max(now + cells, 3), 60)
        self._set_columns()

    def _move_column(self, steps: int) -> None:
        column = self.table.column
        names = [c.name for c in self.columns]
        if column is None or column.name not in names:
            return
        at = names.index(column.name)
        to = min(max(at + steps, 0), len(names) - 1)
        names.insert(to, names.pop(at))
        self._chosen = tuple(names)
        self._set_columns()

    def action_column_before(self) -> None:
        """Move this column to the left."""
        self._move_column(-1)

    def action_column_after(self) -> None:
        """Move this column to the right."""
        self._move_column(1)

    def action_hide_column(self) -> None:
        """Hide this column."""
        column = self.table.column
        if column is not None and len(self.columns) > 1:
            self._chosen = tuple(c.name for c in self.columns if c.name != column.name)
            self._set_columns()

    def action_columns(self) -> None:
        """Choose columns."""

        def choices() -> list[Choice]:
            shown = {c.name for c in self.columns}
            return [
                Choice(c.name, f"{self.glyphs.match if c.name in shown else ' '} {c.title}", c.what)
                for c in SESSION_COLUMNS
            ]

        def toggle(name: str) -> list[Choice]:
            names = [c.name for c in self.columns]
            if name in names and len(names) > 1:
                names.remove(name)
            elif name not in names:
                names.append(name)
            self._chosen = tuple(names)
            self._set_columns()
            return choices()

        self.app.push_screen(PickScreen("Columns", choices(), toggles=toggle))

    # Marks.

    def action_mark(self) -> None:
        """Mark the row, or take its mark away."""
        row = self.table.row
        if row is None:
            return
        self.table.marks ^= {row}
        self.table.refresh_row()
        self._show_count()

    def action_only_marked(self) -> None:
        """Only marked rows, and back."""
        self._only_marked = not self._only_marked
        self._remake("filtering")

    def action_next_mark(self) -> None:
        """To the next marked row."""
        self._to_mark(1)

    def action_previous_mark(self) -> None:
        """To the marked row before."""
        self._to_mark(-1)

    def _to_mark(self, way: int) -> None:
        if not self.table.go_to_mark(way):
            self.say("no other row is marked; m marks one")

    # Verdicts.

    def _judging(self, job: Job) -> None:
        if job.total:
            share = self.glyphs.bar(job.done / job.total)
            words = f"{job.what} {job.done:,} of {job.total:,} {share} "
            self.query_one("#head", Bar).show([Span(f" whydeny  {words}", "quiet")], [Span("Esc stops ", "quiet")])

    def _judged(self, frame: pl.DataFrame) -> None:
        self.bench.take(frame)
        self._show_head()
        # The order by a verdict's column and a filter that asks for one are made anew.
        if self._filter.judged:
            self._use_filter(self._filter.text)
        else:
            self._remake("showing verdicts")

    def _found_moments(self, moments: tuple[Moment, ...]) -> None:
        self.bench.moments = moments
        self.query_one(Timeline).mark(moments)

    def _not_judged(self, error: WhydenyError) -> None:
        self._show_head()
        self.say(str(error), "doubt")

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        self._show_count()
        if self._rest is not None:
            self._rest.stop()
        row = event.row
        self._rest = self.set_timer(REST, lambda: self._explain(row))

    def _explain(self, row: int | None) -> None:
        if row is None:
            self.jobs.cancel("finding")
            self._explained = None
            self.why.show_words(line(Span("no session under the cursor", "quiet")))
            for name in RULE_PANES:
                self.rule_pane(name).show_words()
            return
        known = self.bench.explainer.known(row)
        if known is not None:
            self._show_explained(known)
            return
        self.jobs.start("finding", lambda _progress: self.bench.explainer.explain(row), self._show_explained)

    def _show_explained(self, explained: Explained) -> None:
        if explained.row != self.table.row:
            return
        self._explained = explained
        self.why.show_finding(explained.finding)
        for rulebase, choice in explained.choices.items():
            self.rule_pane(rulebase).show_choice(choice)

    @on(RulePane.Walked)
    def _walked(self, event: RulePane.Walked) -> None:
        event.stop()
        pane, explained = event.pane, self._explained
        if explained is None or pane.choice is None:
            return
        if explained.engine is None:
            self.say("no configuration among the inputs, so there is no rulebase to walk")
            return
        pane.show_choice(explained.walk(pane.choice, event.steps))

    @on(LinesPane.Chosen)
    def _chosen_line(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self._follow(event.target)

    def _follow(self, target: object) -> None:
        """Go where a line of a pane leads."""
        if isinstance(target, Rule):
            self._show_rule(str(target.rulebase), target.number)
        elif isinstance(target, Trail) and target.kind == "rule":
            explained = self._explained
            rules = explained.engine.policy.rules if explained and explained.engine else {}
            named = [r for r in rules.get(Rulebase(target.rulebase), ()) if r.name == target.rule]
            if named:
                self._show_rule(target.rulebase, named[0].number)
        elif isinstance(target, Trail) and target.kind == "row" and target.row is not None:
            kind = Kind(target.log)
            if kind is Kind.TRAFFIC and self._explained is not None and target.row != self._explained.row:
                self.step_out()
                self.step_out()
            self._go_to(ToRow(kind, target.row))
        elif isinstance(target, Trail) and target.kind == "document":
            self.say(target.address)

    def _show_rule(self, rulebase: str, number: int) -> None:
        explained = self._explained
        if explained is None or rulebase not in RULE_PANES:
            return
        pane = self.rule_pane(rulebase)
        if self._zoom in ("why", "rule"):
            self._set_zoom("rule", pane)
        pane.focus()
        if pane.choice is not None:
            pane.show_choice(explained.at(pane.choice, number))

    # Panes and steps.

    def _set_zoom(self, zoom: str, pane: Widget | None = None) -> None:
        self._zoom = zoom
        for name in ("table", "detail", "why", "rule"):
            self.set_class(name == zoom, f"-zoom-{name}")
        for name in RULE_PANES:
            rule = self.rule_pane(name)
            rule.set_class(zoom == "rule" and rule is pane, "-zoomed")
            rule.full = zoom == "rule" and rule is pane
            rule.call_after_refresh(rule.rebuild)

    def action_step_in(self) -> None:
        """One step in: the detail, then the pane alone, then where its line leads."""
        pane = self.focused
        if pane is self.table:
            if self.table.row is None:
                return
            self._set_zoom("detail")
            self.why.focus()
        elif pane is self.why and self._zoom != "why":
            self._set_zoom("why")
        elif isinstance(pane, RulePane) and self._zoom != "rule":
            self._set_zoom("rule", pane)
        elif isinstance(pane, LinesPane):
            self._follow(pane.target)

    def step_out(self) -> bool:
        """One step back; False at the top."""
        if self._zoom in ("why", "rule"):
            self._set_zoom("detail")
        elif self._zoom:
            self._set_zoom("")
            self.table.focus()
        elif self.focused is not self.table:
            self.table.focus()
        else:
            return False
        return True

    def action_step_out(self) -> None:
        """One step back; from the top, stop judging."""
        if not self.step_out() and self.jobs.cancel("judge"):
            self._not_judged(WhydenyError("stopped judging; a verdict still comes for the row under the cursor"))

    def action_zoom(self) -> None:
        """The pane with the focus alone, and back."""
        pane = self.focused
        if self._zoom in ("table", "why", "rule"):
            self._set_zoom("")
        elif pane is self.table:
            self._set_zoom("table")
        elif pane is self.why:
            self._set_zoom("why")
        elif isinstance(pane, RulePane):
            self._set_zoom("rule", pane)

    @on(RowTable.Opened)
    def _opened_row(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_step_in()

    def action_next_pane(self) -> None:
        """To the next pane."""
        self._walk_panes(1)

    def action_previous_pane(self) -> None:
        """To the pane before."""
        self._walk_panes(-1)

    def _walk_panes(self, steps: int) -> None:
        """Through the panes in order; a zoom moves along with the focus."""
        names = [name for name in PANES if self._zoom != "detail" or name != "table"]
        here = self.focused.id if self.focused is not None and self.focused.id in names else names[0]
        self.action_pane(names[(names.index(here) + steps) % len(names)])

    def action_pane(self, name: str) -> None:
        """To a pane."""
        pane = self.query_one(f"#{name}")
        if self._zoom and not (self._zoom == "detail" and name != "table"):
            self._set_zoom("why" if name == "why" else "table" if name == "table" else "rule", pane)
        pane.focus()

    # Copying.

    def action_copy(self) -> None:
        """Copy the finding."""
        self._copy("finding")

    def action_copy_menu(self) -> None:
        """Choose what to copy."""
        choices = [Choice(kind.id, kind.word, kind.hint) for kind in copying.KINDS]

        def copy(kind: str | None) -> None:
            if kind:
                self._copy(kind)

        self.app.push_screen(PickScreen("Copy", choices), copy)

    def _copy(self, kind: str) -> None:
        row = self.table.row
        if row is None:
            self.say("no session under the cursor")
            return
        explained = self._explained
        if explained is None or explained.row != row:
            self.say("this session is still being judged")
            return
        session = explained.finding.session
        if kind == "cell":
            text = self.table.cell()
        elif kind == "row":
            text = copying.row_text(self.table.row_texts())
        elif kind == "filter":
            text = copying.session_filter(session)
        elif kind == "query":
            text = copying.session_query(session)
        else:
            text = copying.finding_as(kind, explained.finding)
        if not text:
            self.say("there is nothing of it to copy")
            return
        self.explorer_app.copy_text(text, lambda copied: self._copied(kind, copied))

    def _copied(self, kind: str, copied: Copied) -> None:
        word = next(k.word for k in copying.KINDS if k.id == kind)
        self.say(f"{word}: {copied.words}", "good" if copied.confirmed else "doubt")

    # Pages.

    def action_overview(self) -> None:
        """What was opened, counted."""
        self.app.push_screen(OverviewScreen(self.bench), self._go_to)

    def action_related(self) -> None:
        """What belongs to this session."""
        explained = self._explained
        if explained is None or explained.row != self.table.row:
            self.say("there is no verdict yet for a session under the cursor")
            return
        self.app.push_screen(RelatedScreen(self.bench, explained), self._go_to)

    def action_row(self) -> None:
        """Every value of this row."""
        if self.table.row is not None:
            self.app.push_screen(RowScreen(self.bench, ToRow(Kind.TRAFFIC, self.table.row)))

    def action_manual(self) -> None:
        """The page about this cause."""
        cause = self._explained.finding.verdict.cause if self._explained else None
        if cause is None:
            self.say("this outcome needs no cause; ? shows every key")
        else:
            self.app.push_screen(ManualScreen(cause))

    def action_help(self) -> None:
        """Every key; on a verdict, the page about its cause."""
        if self.focused is self.why and self._explained and self._explained.finding.verdict.cause:
            self.action_manual()
        else:
            self.app.push_screen(HelpScreen())

    def _go_to(self, target: object) -> None:
        """Where a line of a page leads: a filter, a session, a row of another log."""
        if isinstance(target, FilterBy):
            self._set_zoom("")
            self.table.focus()
            self._set_filter(target.text)
        elif isinstance(target, ToRow) and target.kind is not Kind.TRAFFIC:
            self.app.push_screen(RowScreen(self.bench, target))
        elif isinstance(target, ToRow) and not self.table.go_to(target.row):
            self.table.wait_for(target.row)
            self.action_all()

    # Commands by name.

    def commands(self) -> list[Choice]:
        """What the palette offers."""
        keymap = self.explorer_app.options.keymap
        return [
            Choice(a.id, a.word, a.help, " ".join(keys_of(a, keymap)))
            for a in ACTIONS
            if a.group != "Move" and a.scope in ("explorer", "app") and a.id != "app.palette"
        ]

    async def run_command(self, identifier: str) -> None:
        """Do what the palette's choice says."""
        scope, _, method = identifier.partition(".")
        await self.run_action(method if scope == "explorer" else f"app.{method}")
