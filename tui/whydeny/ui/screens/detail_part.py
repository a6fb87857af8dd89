"""The panes under the explorer's table: verdict and rules of the row under the cursor, and where their lines lead."""

import polars as pl
from textual import on
from textual.timer import Timer

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.errors import WhydenyError
from whydeny.ui.explaining import Explained
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span, line
from whydeny.ui.rule_lines import ToMembers
from whydeny.ui.screens.explorer_base import RULE_PANES
from whydeny.ui.screens.members import MembersScreen
from whydeny.ui.screens.steps_part import StepsPart
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.panes import RulePane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.widgets.timeline import Moment, Timeline
from whydeny.ui.workbench import Workbench
from whydeny.verdict.finding import Trail

PATIENCE = 0.25  # seconds after which panes that belong to another row are emptied
REST = 0.06  # seconds after which a cursor is at rest and the panes follow


class DetailPart(StepsPart):
    """Verdict and rules of the row under the cursor, and steps in and out."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self._rest: Timer | None = None

    def look_into_all(self) -> None:
        """Judge every session, and look for what may have changed policy meanwhile."""
        self.jobs.start("moments", self.bench.find_moments, self._found_moments, self.failed)
        self.jobs.start("judge", self.bench.judge_all, self._judged, self._not_judged, self._judging)

    def _judging(self, job: Job) -> None:
        self.show_head(job)

    def _judged(self, frame: pl.DataFrame) -> None:
        self.bench.take(frame)
        self.show_head()
        # The order by a verdict's column and a filter that asks for one are made anew.
        if self.filter.judged:
            self.use_filter(self.filter.text)
        else:
            self.remake("showing verdicts")

    def _found_moments(self, moments: tuple[Moment, ...]) -> None:
        self.bench.moments = moments
        self.query_one(Timeline).mark(moments)

    def _not_judged(self, error: WhydenyError) -> None:
        self.show_head()
        self.say(str(error), "doubt")

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        self.show_count()
        if self._rest is not None:
            self._rest.stop()
        row = event.row
        self._rest = self.set_timer(REST, lambda: self.explain(row))

    def explain(self, row: int | None) -> None:
        """Show the verdict and the rules of a row, when they have been worked out, and whose row it is."""
        if self.bench.several_firewalls:
            self.show_head()
        if row is None:
            self.jobs.cancel("finding")
            self.explained = None
            self.why.show_words(line(Span("no session under the cursor", "quiet")))
            for name in RULE_PANES:
                self.rule_pane(name).show_words()
            return
        known = self.bench.explainer.known(row)
        if known is not None:
            self._show_explained(known)
            return
        job = self.jobs.start(
            "finding", lambda _progress: self.bench.explainer.explain(row), self._show_explained, self._not_explained
        )
        self.set_timer(PATIENCE, lambda: self._say_working(job))

    def _not_explained(self, error: WhydenyError) -> None:
        self.explained = None
        self.why.show_words(line(Span(str(error), "doubt")))
        for name in RULE_PANES:
            self.rule_pane(name).show_words()

    def _say_working(self, job: Job) -> None:
        """What is shown belongs to another row: don't let it stand for long."""
        if self.jobs.running(job.slot) is job:
            self.why.show_words(line(Span(f"looking into this session {self.glyphs.more}", "quiet")))
            for name in RULE_PANES:
                self.rule_pane(name).show_words()

    def _show_explained(self, explained: Explained) -> None:
        if explained.row != self.table.row:
            return
        if self.explained is None or explained.row != self.explained.row:
            self.jumped_from = None
        self.explained = explained
        self.why.show_finding(explained.finding, self.note_on(explained.row))
        for rulebase, choice in explained.choices.items():
            self.rule_pane(rulebase).show_choice(choice)

    @on(RulePane.Walked)
    def _walked(self, event: RulePane.Walked) -> None:
        event.stop()
        pane, explained = event.pane, self.explained
        if explained is None or pane.choice is None:
            return
        if explained.engine is None:
            self.say("no configuration among the inputs, so there is no rulebase to walk")
            return
        pane.show_choice(explained.walk(pane.choice, event.steps))

    @on(LinesPane.Chosen)
    def _chosen_line(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self.follow(event.target)

    def follow(self, target: object) -> None:
        """Go where a line of a pane leads."""
        if isinstance(target, Rule):
            self._show_rule(str(target.rulebase), target.number)
        elif isinstance(target, Trail) and target.kind == "rule":
            explained = self.explained
            rules = explained.engine.policy.rules if explained and explained.engine else {}
            named = [r for r in rules.get(Rulebase(target.rulebase), ()) if r.name == target.rule]
            if named:
                self._show_rule(target.rulebase, named[0].number)
        elif isinstance(target, ToMembers):
            self.show_members(target)
        elif isinstance(target, Trail) and target.kind == "document":
            self.say(target.address)

    def action_members(self) -> None:
        """What the rule of the pane lists; from elsewhere, the security rule."""
        pane = self.focused if isinstance(self.focused, RulePane) else self.rule_pane("security")
        target, choice = pane.target, pane.choice
        trace = choice.trace or choice.logged if choice is not None else None
        if isinstance(target, ToMembers) and pane.has_focus:
            self.show_members(target)
        elif trace is not None:
            self.show_members(ToMembers(trace))
        else:
            what = f"{pane.rulebase} rule to look into; in its pane Left and Right walk the rulebase"
            self.say(f"there is no {what if self.explained is not None else 'session under the cursor'}")

    def show_members(self, target: ToMembers) -> None:
        """The members of a rule for the session under the cursor."""
        explained = self.explained
        if explained is not None and explained.engine is not None:
            self.app.push_screen(MembersScreen(explained.engine, explained.flow, target))

    def _show_rule(self, rulebase: str, number: int) -> None:
        explained = self.explained
        if explained is None or rulebase not in RULE_PANES:
            return
        pane = self.rule_pane(rulebase)
        if self.focused is self.why:
            self.jumped_from = (self.zoomed, "why")
        if self.zoomed in ("why", "rule"):
            self.set_zoom("rule", pane)
        pane.focus()
        if pane.choice is not None:
            pane.show_choice(explained.at(pane.choice, number))

    # Steps.

    def action_step_in(self) -> None:
        """One step in: the detail, then the pane alone, then where its line leads."""
        pane = self.focused
        if pane is self.table:
            if self.table.row is None:
                return
            self.set_zoom("detail")
            self.why.focus()
        elif pane is self.why and self.zoomed != "why":
            self.set_zoom("why")
        elif isinstance(pane, RulePane) and self.zoomed != "rule":
            self.set_zoom("rule", pane)
        elif isinstance(pane, LinesPane):
            self.follow(pane.target)
        elif isinstance(pane, Timeline):
            pane.choose()

    def action_step_out(self) -> None:
        """One step back; first of all stop what keeps the rows waiting, and from the top the judging."""
        if self.jobs.cancel("rows"):
            self.show_count()
            self.say("stopped; the rows are those of before")
        elif not self.step_out() and self.jobs.cancel("judge"):
            self._not_judged(WhydenyError("stopped judging; a verdict still comes for the row under the cursor"))

    @on(RowTable.Opened)
    def _opened_row(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_step_in()
