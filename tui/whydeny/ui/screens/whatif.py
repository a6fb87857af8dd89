"""What if: lines to edit, what they would do to every session, and the sessions that change. Nothing reaches a firewall."""

import re
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import TextArea

from whydeny.model.columns import Kind
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.report.whatif import Asked, result_lines, whatif_text
from whydeny.ui.actions import ACTIONS, bindings, keys_of
from whydeny.ui.clipboard import Copied
from whydeny.ui.columns import BY_NAME, ScreenColumn, word_texts
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Line, Span, line
from whydeny.ui.related import ToRow
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.view import View, whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.lines_area import LinesArea
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.workbench import Workbench
from whydeny.verdict.candidate import edit_site
from whydeny.verdict.judge import Judge
from whydeny.verdict.replayed import Effect, Replay
from whydeny.verdict.whatif import replay

_AT_LINE = re.compile(r"^line (\d+): ")
_ROLES = {Effect.PASSES: "good", Effect.RELEASED: "good", Effect.LOST: "bad", Effect.UNKNOWN: "doubt"}
_TITLE = "nothing is changed on a firewall; the lines are for pasting"


@dataclass(frozen=True, slots=True)
class Start:
    """The lines to start from, why those, where they are typed, and of which virtual system of which firewall they are."""

    lines: tuple[str, ...] = ()
    why: str = ""
    at: str = ""
    serial: str | None = None
    vsys: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A replay, the text it was made for, the lines as they are pasted, and the table with its columns."""

    text: str
    lines: tuple[str, ...]
    replay: Replay
    frame: pl.DataFrame
    changed: pl.Series


def _effect_texts(page: pl.DataFrame) -> list[str]:
    return [
        f"{effect}{' ?' if conditional else ''}"
        for effect, conditional in page.select("whatif_effect", "whatif_conditional").iter_rows()
    ]


def _rule(name: str, title: str, what: str) -> ScreenColumn:
    return ScreenColumn(name, title, what, word_texts(name), (name,), (name,), 20, 10)


COLUMNS = (
    ScreenColumn("whatif_effect", "effect", "what the change does to the session; ? is conditional", _effect_texts,
                 ("whatif_effect", "whatif_conditional"), ("whatif_effect",), 11, 8,
                 role=lambda text: _ROLES.get(Effect(text.removesuffix(" ?")), "") if text else ""),
    BY_NAME["time"],
    BY_NAME["source"],
    BY_NAME["destination_end"],
    BY_NAME["application"],
    _rule("whatif_before", "rule before", "the security rule that takes it as things are"),
    _rule("whatif_after", "rule after", "the security rule that would take it"),
    BY_NAME["rule"],
    BY_NAME["why"],
)  # fmt: skip


_NARROW = ("whatif_effect", "source", "destination_end", "whatif_before", "whatif_after")


def columns_for(width: int) -> tuple[ScreenColumn, ...]:
    """The columns for a width: rules before and after are never left out."""
    if width >= 150:
        return COLUMNS
    return tuple(c for c in COLUMNS if c.name in _NARROW or (width >= 110 and c.name in ("time", "application")))


class WhatIfScreen(BaseScreen):
    """Edit and see. Answers where to go: a row of the session table, or None."""

    CSS_PATH = "whatif.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("whatif"),
        ("escape", "back", "back"),
        ("enter", "follow", "session"),
    ]

    def __init__(self, bench: Workbench, start: Start) -> None:
        super().__init__()
        self.bench = bench
        self.start = start
        self.result: Result | None = None

    def compose(self) -> ComposeResult:
        """From the top: what this is, why these lines, the lines, how far, the numbers, the sessions, keys."""
        glyphs = self.glyphs
        yield Bar(glyphs=glyphs, id="head")
        yield LinesPane(glyphs=glyphs, id="proposal")
        yield LinesArea(
            "\n".join(self.start.lines), id="lines", show_line_numbers=True, compact=True, highlight_cursor_line=False
        )
        yield Bar(glyphs=glyphs, id="state")
        yield LinesPane(glyphs=glyphs, id="numbers", classes="pane")
        yield RowTable(whole(self._with_effects(self.bench.frame.clear())), COLUMNS, glyphs=glyphs, id="table")
        yield Bar(glyphs=glyphs, id="foot")

    def on_mount(self) -> None:
        """What the proposal does is worked out at once."""
        alarm = self.explorer_app.alarm
        self.query_one("#head", Bar).show(
            [Span(" What if", "title"), Span(f"   {_TITLE}", "doubt")], [Span(f"{alarm} ", "bad")] if alarm else ()
        )
        why = self.start.why or "Type set, delete, move and rename lines as in configuration mode."
        self.query_one("#proposal", LinesPane).show([line(why, Span(f" {self.start.at}".rstrip(), "quiet"))])
        self.query_one("#proposal", LinesPane).can_focus = False
        self.area.cursor_blink = False
        self.show_keys()
        if self.start.lines:
            self.table.focus()
            self.action_replay()
        else:
            self.area.focus()
            self._say("no lines yet")

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        self.jobs.cancel("whatif")

    def on_resize(self) -> None:
        """Columns, keys and numbers follow the width."""
        self.table.set_columns(columns_for(self.size.width))
        self.show_keys()
        if self.result is not None:
            self._show_numbers(self.result)

    @property
    def area(self) -> LinesArea:
        """The lines."""
        return self.query_one("#lines", LinesArea)

    @property
    def table(self) -> RowTable:
        """The sessions that change."""
        return self.query_one("#table", RowTable)

    @property
    def numbers(self) -> LinesPane:
        """What came of it."""
        return self.query_one("#numbers", LinesPane)

    @staticmethod
    def _with_effects(frame: pl.DataFrame, found: Replay | None = None) -> pl.DataFrame:
        if found is None:
            nothing = pl.lit(None, pl.String)
            return frame.with_columns(whatif_effect=nothing, whatif_conditional=pl.lit(False), whatif_before=nothing,
                                      whatif_after=nothing)  # fmt: skip
        return frame.with_columns(found.rows.select(pl.all().name.prefix("whatif_")))

    # The replay.

    def action_replay(self) -> None:
        """Replay every session against the changed policy."""
        text = self.area.text
        if not text.strip():
            self._say("there is no line to replay")
            return
        self._say(f"replaying {self.glyphs.more}", "link")
        self.jobs.start("whatif", lambda progress: self._work(text, progress), self._show, self._failed, self._working)

    def _work(self, text: str, progress: Progress) -> Result:
        bench = self.bench
        judge = bench.judge
        candidate = edit_site(
            bench.site, judge.firewalls, text.splitlines(), self.start.vsys, self.start.serial, judge.device_group
        )
        after = Judge(candidate.site, judge.firewalls.override, judge.serial, judge.device_group)
        found = replay(bench.site, judge, after, progress, notes=candidate.notes)
        changed = (found.rows["effect"] != Effect.UNCHANGED.value).arg_true()
        in_time = bench.frame["time"].gather(changed).arg_sort(nulls_last=True)
        return Result(text, candidate.lines, found, self._with_effects(bench.frame, found), changed.gather(in_time))

    def _working(self, job: Job) -> None:
        share = f" {self.glyphs.bar(job.done / job.total)} {job.done / job.total:4.0%}" if job.total else ""
        self._say(f"{job.what}{share}, Esc stops", "link")

    def _show(self, result: Result) -> None:
        self.result = result
        self._show_numbers(result)
        rows = result.changed.to_numpy()
        self.table.empty = () if len(rows) else ("No session changes.",)
        self.table.show(View(result.frame, rows))
        counts = result.replay.counts
        spans = [
            Span(f" {counts[Effect.PASSES]:,} pass", "good" if counts[Effect.PASSES] else "quiet"),
            Span(f"   {counts[Effect.RELEASED]:,} may pass", "good" if counts[Effect.RELEASED] else "quiet"),
            Span(f"   {counts[Effect.LOST]:,} are lost", "bad" if counts[Effect.LOST] else "quiet"),
            Span(f"   {counts[Effect.UNKNOWN]:,} can't be told", "doubt" if counts[Effect.UNKNOWN] else "quiet"),
            Span(f"   {counts[Effect.UNCHANGED]:,} unchanged", "quiet"),
        ]
        self.query_one("#state", Bar).show(spans)

    def _show_numbers(self, result: Result) -> None:
        width = max(40, self.numbers.scrollable_content_region.width - 2)
        self.numbers.show([_styled(text) for text in result_lines(result.replay, width)])

    def _failed(self, error: WhydenyError) -> None:
        self._say(str(error), "doubt")
        if found := _AT_LINE.match(str(error)):
            row = min(int(found[1]), self.area.document.line_count) - 1
            self.area.move_cursor((row, 0))
            self.area.focus()

    def _say(self, words: str, role: str = "quiet") -> None:
        self.query_one("#state", Bar).show([Span(f" {words}", role)])

    @on(TextArea.Changed)
    def _edited(self, event: TextArea.Changed) -> None:
        event.stop()
        if self.result is not None and self.area.text != self.result.text:
            key = keys_of(next(a for a in ACTIONS if a.id == "whatif.replay"), self.explorer_app.options.keymap)[0]
            self._say(f"edited; {key} replays. The numbers below are of the lines before", "doubt")

    # What keys do.

    def action_back(self) -> None:
        """Stop the replay; else back."""
        if self.jobs.cancel("whatif"):
            self._say("stopped", "doubt")
        else:
            self.dismiss(None)

    def action_follow(self) -> None:
        """To the session under the cursor."""
        if self.focused is self.table and self.table.row is not None:
            self.dismiss(ToRow(Kind.TRAFFIC, self.table.row))

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        self.dismiss(ToRow(Kind.TRAFFIC, event.row))

    def action_copy_lines(self) -> None:
        """Copy the lines as they are pasted."""
        lines = self._lines()
        if lines:
            self.explorer_app.copy_text("".join(f"{text}\n" for text in lines), self._copied)
        else:
            self._say("there is no line to copy")

    def _lines(self) -> tuple[str, ...]:
        """With the lines that PAN-OS needs before them, once they were replayed."""
        text = self.area.text
        if self.result is not None and self.result.text == text:
            return self.result.lines
        return tuple(entry for entry in text.splitlines() if entry.strip())

    def action_copy_result(self) -> None:
        """Copy what came of it, as `whydeny whatif` prints it."""
        if self.result is not None:
            asked = Asked(self.result.lines, self.start.at)
            self.explorer_app.copy_text(whatif_text(self.result.replay, asked), self._copied)

    def _copied(self, copied: Copied) -> None:
        self._say(copied.words, "good" if copied.confirmed else "doubt")

    def show_keys(self) -> None:
        """What keys do here."""
        keymap = self.explorer_app.options.keymap
        spans = [Span(" Esc", "key"), Span(" back "), Span(" Tab", "key"), Span(" pane ")]
        for action in ACTIONS:
            if action.scope == "whatif":
                spans += [Span(f" {keys_of(action, keymap)[0]}", "key"), Span(f" {action.word} ")]
        spans += [Span(" Enter", "key"), Span(" session")]
        self.query_one("#foot", Bar).show(spans)


def _styled(text: str) -> Line:
    """A line of the report, its titles lit."""
    if text.endswith(":") and not text.startswith(" "):
        return line(Span(text, "title"))
    return line(text, hang=len(text) - len(text.lstrip()))
