"""The screen that engineers live in: the sessions, why the one under the cursor ended so, and its three rules."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from whydeny.model.configuration import Rulebase
from whydeny.ui.actions import bindings
from whydeny.ui.columns import usual_columns
from whydeny.ui.screens.keeping_part import KeepingPart
from whydeny.ui.view import whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterBar
from whydeny.ui.widgets.panes import RulePane, VerdictPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.widgets.timeline import Timeline
from whydeny.ui.workbench import Workbench


class ExplorerScreen(KeepingPart):
    """Table, verdict and rules of one site. `row` is the one to put the cursor on where the first filter shows it."""

    CSS_PATH = "explorer.tcss"
    BINDINGS = bindings("explorer")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]

    def __init__(self, workbench: Workbench, title: str, where: str | None = None, row: int | None = None) -> None:
        super().__init__(workbench, title)
        self._first_row = row
        self._first_filter = self.first_filter(where)

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
        self.why.show_words()
        self.table.focus()
        self.take_up()
        if self._first_row is not None:
            self.table.wait_for(self._first_row)
        self.filter_bar.put(self._first_filter)
        self.use_filter(self._first_filter)
        self.show_head()
        self.show_keys()
        self._say_first()
        self.look_into_all()

    def _say_first(self) -> None:
        """What could not be used of the inputs or the settings, else why all sessions are shown."""
        passed_over = (*map(str, self.bench.site.problems), *self.explorer_app.options.passed_over)
        if passed_over:
            more = f" (and {len(passed_over) - 1} more)" if passed_over[1:] else ""
            self.say(f"{passed_over[0]}{more}", "doubt", keys=" o says all of it ")
        elif not self.denied and not self.discarded and len(self.bench.frame):
            self.say("no session here was allowed and then denied; these are all of them")

    def on_resize(self) -> None:
        """Other columns are usual for another width."""
        self.place_columns()
        self.show_head()
        self.show_keys()

    @property
    def why_no_rows(self) -> tuple[str, ...]:
        """What would fill an empty table."""
        empty = [
            source.name
            for source in self.bench.site.sources
            if source.what.startswith("traffic log") and not source.rows
        ]
        return (
            f"{empty[0]} has no row, so there is no session to show."
            if empty
            else "No traffic log among the inputs, so there is no session to show.",
            "Monitor > Logs > Traffic, export CSV; or `show session all` as text.",
        )

    def action_denied(self) -> None:
        """Only sessions that were allowed, then denied, and those that are discarded."""
        self.set_filter(self.bench.refused)
