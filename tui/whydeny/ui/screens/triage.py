"""Triage: refused sessions as findings, most sessions first; one step in are a finding's sessions."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.report.notes import LONGEST, group_note
from whydeny.ui.actions import ACTIONS, bindings, keys_of
from whydeny.ui.clipboard import Copied
from whydeny.ui.columns import ScreenColumn
from whydeny.ui.finding_groups import GroupView, columns_for, group_lines, group_of, group_text, view_group
from whydeny.ui.lines import Span, line
from whydeny.ui.screens.ask_text import AskTextScreen
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.view import SortKey, View, sorted_by, whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.workbench import Workbench
from whydeny.verdict.proposal import Proposal
from whydeny.verdict.triage import Group, triage_frame

REST = 0.06  # seconds after which a cursor is at rest and the text follows


@dataclass(frozen=True, slots=True)
class Drill:
    """To the sessions of a group."""

    group: Group


@dataclass(frozen=True, slots=True)
class Ask:
    """What would happen if the proposal for a group were made."""

    group: Group
    proposal: Proposal


class TriageScreen(BaseScreen):
    """The groups as a table, and what is known of the one under the cursor. Answers `Drill`, `Ask` or None."""

    CSS_PATH = "triage.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("triage"), ("escape", "app.leave", "back")]

    def __init__(
        self, bench: Workbench, start: tuple[object, ...] | None = None, notes: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self.bench = bench
        self.notes = {} if notes is None else notes
        self.groups = triage_frame(bench.frame.clear(), bench.frame.clear())
        self.seen: GroupView | None = None
        self._start = start
        self._rest: Timer | None = None
        self._sort: tuple[SortKey, ...] = ()

    def compose(self) -> ComposeResult:
        """Title, groups, what is known of one, keys."""
        yield Bar(glyphs=self.glyphs, id="head")
        yield RowTable(whole(self.groups), columns_for(self.size.width, 1), glyphs=self.glyphs, id="table")
        yield LinesPane(glyphs=self.glyphs, id="group", classes="pane")
        yield Bar(glyphs=self.glyphs, id="foot")

    def on_mount(self) -> None:
        """Count the groups, off the screen's thread."""
        self.query_one("#head", Bar).show([Span(" Triage", "title"), Span(f"   counting {self.glyphs.more}", "quiet")])
        self.table.focus()
        self.show_keys()
        self.jobs.start("triage", self._count, self._show, self._failed)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.jobs.cancel("triage")
        self.jobs.cancel("group")

    def on_resize(self) -> None:
        """Columns and words follow the width."""
        self.table.set_columns(self._columns())
        self.show_keys()

    @property
    def table(self) -> RowTable:
        """The groups."""
        return self.query_one("#table", RowTable)

    @property
    def pane(self) -> LinesPane:
        """What is known of the group under the cursor."""
        return self.query_one("#group", LinesPane)

    def _columns(self) -> tuple[ScreenColumn, ...]:
        return columns_for(self.size.width, self.groups.select("serial", "vsys").n_unique() if len(self.groups) else 1)

    def _count(self, progress: Progress) -> pl.DataFrame:
        progress.step("grouping sessions", 0, 0)
        return triage_frame(self.bench.frame, self.bench.frame)

    def _show(self, groups: pl.DataFrame) -> None:
        self.groups = groups
        sessions = int(groups["sessions"].sum() or 0)
        what = f"{len(groups):,} findings of {sessions:,} sessions"
        alarm = self.explorer_app.alarm
        self.query_one("#head", Bar).show(
            [Span(" Triage", "title"), Span(f"   {what}", "quiet")], [Span(f"{alarm} ", "bad")] if alarm else ()
        )
        self.table.empty = (
            () if len(groups) else ("No session was refused in a way that needs a cause.", "Esc goes back.")
        )
        self.table.set_columns(self._columns())
        if self._start is not None:
            keys = [group_of(values).key for values in groups.iter_rows(named=True)]
            if self._start in keys:
                self.table.wait_for(keys.index(self._start))
        self.table.show(self._view())
        self._look()

    def _view(self) -> View:
        return sorted_by(whole(self.groups), self._sort)

    def _failed(self, error: WhydenyError) -> None:
        self.pane.show([line(Span(str(error), "doubt"))])

    @property
    def group(self) -> Group | None:
        """The group under the cursor."""
        row = self.table.row
        return None if row is None else group_of(self.groups.row(row, named=True))

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._look)

    def _look(self) -> None:
        group = self.group
        if group is not None and (self.seen is None or self.seen.group != group):
            self.jobs.start("group", lambda _: view_group(self.bench, group), self._show_group, self._failed)

    def _show_group(self, view: GroupView) -> None:
        if self.group == view.group:
            self.seen = view
            note = self.notes.get(group_note(view.group), "")
        noted = [line(Span("note ", "key"), note, hang=5)] if note else []
        self.pane.show([*noted, *group_lines(view)])

    # What keys do.

    def action_drill(self) -> None:
        """To the sessions of the group."""
        if (group := self.group) is not None:
            self.dismiss(Drill(group))

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_drill()

    def action_ask(self) -> None:
        """What if the proposal were made."""
        group = self.group
        if group is None:
            return
        if self.seen is not None and self.seen.group == group:
            self._ask(self.seen)
        else:
            self.jobs.start("group", lambda _: view_group(self.bench, group), self._ask, self._failed)

    def _ask(self, view: GroupView) -> None:
        self.dismiss(Ask(view.group, view.proposal))

    def action_copy_group(self) -> None:
        """Copy what is known of the group."""
        if self.seen is not None and self.seen.group == self.group:
            self.explorer_app.copy_text(group_text(self.seen), self._copied)

    def _copied(self, copied: Copied) -> None:
        self.query_one("#foot", Bar).show([Span(f" finding: {copied.words}", "good" if copied.confirmed else "doubt")])
        self.set_timer(4.0, self.show_keys)

    def action_note_group(self) -> None:
        """Write a note on the group."""
        if (view := self.seen) is None or view.group != self.group:
            return
        if self.bench.masked:
            self.query_one("#foot", Bar).show([Span(" a note may name what is masked", "doubt")])
            return
        key = group_note(view.group)

        def take(text: str | None) -> None:
            if text:
                self.notes[key] = text
            elif text is not None:
                self.notes.pop(key, None)
            self._show_group(view)

        self.app.push_screen(
            AskTextScreen("Note on this finding", self.notes.get(key, ""), "Empty takes it away.", LONGEST), take
        )

    def action_sort_groups(self) -> None:
        """Sort by the column of the cursor; again: the other way round."""
        column = self.table.column
        if column is not None:
            there = self._sort[0] if self._sort and self._sort[0].column == column.name else None
            self._sort = (SortKey(column.name, column.order, not there.descending if there else column.right),)
            self.table.show(self._view())

    @on(RowTable.HeadingClicked)
    def _heading_clicked(self, event: RowTable.HeadingClicked) -> None:
        event.stop()
        self.table.go_to_column(event.column.name)
        self.action_sort_groups()

    def show_keys(self) -> None:
        """What keys do here."""
        keymap = self.explorer_app.options.keymap
        spans = [Span(" Esc", "key"), Span(" back ")]
        for action in ACTIONS:
            if action.scope == "triage":
                spans += [Span(f" {keys_of(action, keymap)[0]}", "key"), Span(f" {action.word} ")]
        self.query_one("#foot", Bar).show(spans)
