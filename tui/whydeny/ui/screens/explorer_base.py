"""What the parts of the explorer's screen share: the site, its panes, which of them has the screen, the top line."""

import polars as pl
from textual.widget import Widget

from whydeny.report.notes import session_note
from whydeny.ui.columns import SESSION_COLUMNS, ScreenColumn, dated, usual_columns
from whydeny.ui.explaining import Explained
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span
from whydeny.ui.screens.columns_part import ColumnsPart
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.panes import RulePane, VerdictPane
from whydeny.ui.workbench import Workbench
from whydeny.verdict.finding import Outcome

RULE_PANES = ("security", "decryption", "authentication")
PANES = ("table", "why", *RULE_PANES)


class ExplorerBase(ColumnsPart):
    """State and panes of the explorer's screen; its parts add what keys do."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__()
        self.bench = workbench
        self.inputs = title
        self.count_refused()
        self.explained: Explained | None = None
        self.zoomed = ""
        self.notes: dict[str, str] = {}  # as a snapshot keeps them

    def count_refused(self) -> None:
        """Count what was refused of the sessions that are there."""
        self.denied = self.bench.count(Outcome.ALLOWED_THEN_DENIED)
        self.discarded = self.bench.discarded

    @property
    def frame(self) -> pl.DataFrame:
        """The sessions, with their verdicts once there are some."""
        return self.bench.frame

    @property
    def all_columns(self) -> tuple[ScreenColumn, ...]:
        """Every column that can be chosen."""
        return SESSION_COLUMNS

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns that are chosen, or usual for this width, with dates where the sessions are of several days."""
        usual = usual_columns(self.size.width, self.bench.several_firewalls)
        return dated(self.chosen_columns() or usual, *self.bench.span)

    @property
    def remembered_as(self) -> str:
        """Sessions of a session table are looked at differently from those of a log."""
        return "sessions" if self.bench.live else "log"

    @property
    def why(self) -> VerdictPane:
        """The verdict."""
        return self.query_one("#why", VerdictPane)

    def note_on(self, row: int) -> str:
        """The note on a session; none is shown while names are masked."""
        return "" if self.bench.masked else self.notes.get(session_note(row), "")

    def rule_pane(self, rulebase: str) -> RulePane:
        """The pane of a rulebase."""
        return self.query_one(f"#{rulebase}", RulePane)

    def show_filter_row(self) -> None:
        """The filter bar can be seen with the table."""
        if self.zoomed not in ("", "table"):
            self.set_zoom("")

    def set_zoom(self, zoom: str, pane: Widget | None = None) -> None:
        """Give the screen to the table, the detail, the verdict (`why`) or a rule's `pane`; empty: to all."""
        self.zoomed = zoom
        self.call_after_refresh(self.show_keys)
        for name in ("table", "detail", "why", "rule"):
            self.set_class(name == zoom, f"-zoom-{name}")
        for name in RULE_PANES:
            rule = self.rule_pane(name)
            rule.set_class(zoom == "rule" and rule is pane, "-zoomed")
            rule.full = zoom == "rule" and rule is pane
            rule.call_after_refresh(rule.rebuild)

    # The line at the top and the words at the bottom.

    def show_head(self, judging: Job | None = None) -> None:
        """What this is, with the firewall of the row under the cursor; at the right what it holds, or how far the judging
        is."""
        judging = judging or self.jobs.running("judge")
        dot = f" {self.glyphs.dot} "
        alarm = self.explorer_app.alarm
        spans = [Span(f" {alarm}", "bad")] if alarm else []
        spans.append(Span(" whydeny ", "title"))
        system = self.bench.firewall_of(self.table.row)
        if system is not None:
            name = system.hostname or system.serial
            known = [name, system.model, f"PAN-OS {system.release}" if system.release else None]
            spans.append(Span(dot.join(word for word in known if word)))
        if self.bench.several_firewalls:
            one = "one of " if system is not None else ""
            spans.append(Span(f"{dot if one else ''}{one}{self.bench.firewalls} firewalls", "quiet"))
        masked = self.bench.masked
        spans.append(Span("   masked" if masked else f"   {self.inputs}", "doubt" if masked else "quiet"))
        total, denied = len(self.bench.frame), self.denied
        right = [Span(f"{denied:,} allowed, then denied ", "bad" if denied else "quiet")]
        if self.discarded:
            right = [Span(f"{self.discarded:,} discarded", "bad"), Span(dot, "quiet"), *right]
        if judging is not None and judging.total:
            share = judging.done / judging.total
            right = [Span("judging ", "link"), Span(f"{self.glyphs.bar(share)} {share:4.0%}, Esc stops ", "quiet")]
        elif self.size.width >= 100:
            right = [Span(f"{total:,} session{'' if total == 1 else 's'}{dot}", "quiet"), *right]
        problems = len(self.bench.site.problems)
        if problems:
            right = [Span(f"{problems} problem{'' if problems == 1 else 's'}{dot}", "doubt"), *right]
        self.query_one("#head", Bar).show(spans, right)
