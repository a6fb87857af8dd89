"""The inputs being read: what, how far, the first rows of it, and how to stop it."""

from dataclasses import replace
from time import monotonic

from textual.app import ComposeResult
from textual.containers import Vertical

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.actions import BY_ID, keys_of
from whydeny.ui.first_rows import PLACE, FirstRows, first_columns, same_row
from whydeny.ui.jobs import Job
from whydeny.ui.keeping import prepare
from whydeny.ui.lines import Span
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.view import whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.workbench import Workbench
from whydeny.verdict.judge import Judge

BAR = 30
WITHOUT = "\0without"  # no device group has such a name
SHOWN_AFTER = 0.5  # seconds; what is read sooner goes straight to the explorer, without a flicker
LOOKED_AT_EVERY = 0.25  # seconds between two looks at the rows that were read


class OpeningScreen(BaseScreen):
    """Reads the inputs and prepares the look-ups, then makes way for the explorer.

    What takes longer shows its first rows meanwhile, as they stand in the file. A row that the cursor was put on
    stays under it in the explorer, where the explorer's filter shows it.
    """

    CSS_PATH = "opening.tcss"
    BINDINGS = [("escape", "stop", "stop")]

    def __init__(self) -> None:
        super().__init__()
        self._first = FirstRows()
        self._begun = monotonic()
        self._counted = 0  # of the rows that were read, those that the screen has told of

    def compose(self) -> ComposeResult:
        """What is read, how far, and its first rows."""
        with Vertical(id="opening"):
            yield Bar(glyphs=self.glyphs, id="opening-title")
            yield Bar(glyphs=self.glyphs, id="opening-what")
            yield Bar(glyphs=self.glyphs, id="opening-bar")
            yield Bar(glyphs=self.glyphs, id="opening-count")
            frame = self._first.frame()
            yield RowTable(whole(frame), first_columns(80, frame), glyphs=self.glyphs, id="opening-rows")
            yield Bar(glyphs=self.glyphs, id="opening-keys")

    def on_mount(self) -> None:
        """Start."""
        app = self.explorer_app
        self._begun = monotonic()
        self._bar("title").show([Span("whydeny ", "title"), Span(app.inputs)])
        self._bar("what").show([Span(f"opening {self.glyphs.more}", "quiet")])
        self._bar("keys").show([Span("Esc", "key"), Span(" stops", "quiet")])
        options, first = app.options, self._first

        def work(progress: Progress) -> Workbench:
            opened = app.open_site(progress, first.take)
            progress.step("preparing the look-ups", 0, 0)
            return prepare(opened, options.release, options.serial, options.device_group)

        self.jobs.start("open", work, self._opened, self._failed, self._reported)
        self._looking = self.set_interval(LOOKED_AT_EVERY, self._look)

    def on_resize(self) -> None:
        """Other columns are usual for another width."""
        self._place_columns()

    @property
    def _table(self) -> RowTable:
        return self.query_one("#opening-rows", RowTable)

    def _bar(self, name: str) -> Bar:
        return self.query_one(f"#opening-{name}", Bar)

    def _reported(self, job: Job) -> None:
        share = job.done / job.total if job.total else 0.0
        self._bar("what").show([Span(job.what)])
        amount = f"  {job.done:,} of {job.total:,}" if job.total else (f"  {job.done:,}" if job.done else "")
        self._bar("bar").show([Span(self.glyphs.bar(share, BAR), "link"), Span(amount, "quiet")])

    def _look(self) -> None:
        """Show the rows that were read since the last look."""
        count = self._first.count
        if count == self._counted or monotonic() - self._begun < SHOWN_AFTER:
            return
        self._counted = count
        table, frame = self._table, self._first.frame()
        if not len(table.view):
            self._make_room()
        if frame.height > len(table.view):
            table.show(whole(frame))
            self._place_columns()
        kept = f"the first {frame.height:,} of " if count > frame.height else ""
        self._bar("count").show(
            [Span(f"{kept}{count:,} rows so far", "strong"), Span("; verdicts come when all is read", "quiet")]
        )

    def _make_room(self) -> None:
        """Give the screen to the rows."""
        self.add_class("-rows")
        self._table.focus()
        keys = [keys_of(BY_ID[f"table.{way}"], self.explorer_app.options.keymap)[0] for way in ("line_up", "line_down")]
        self._bar("keys").show(
            [Span("Esc", "key"), Span(" stops  ", "quiet"), Span(" ".join(keys), "key"), Span(" moves", "quiet")]
        )

    def _place_columns(self) -> None:
        self._table.set_columns(first_columns(self.size.width, self._table.view.frame))

    def _opened(self, workbench: Workbench) -> None:
        self._looking.stop()
        choices = workbench.judge.open_choices()
        if not choices:
            self._explore(workbench)
            return
        listed = [Choice(group, group, ", ".join(serials[:4]) or "no firewall") for group, serials in choices]
        listed.append(Choice(WITHOUT, "none of them", "judge by the rows and the other inputs alone"))

        def chosen(group: str | None) -> None:
            if group is None or group == WITHOUT:
                self._explore(workbench)
                return
            self._judge_by(group, workbench)

        self.app.push_screen(PickScreen(f"Whose policy{self._for_whom(workbench)}?", listed), chosen)

    def _for_whom(self, workbench: Workbench) -> str:
        """For which firewalls the choice counts: those that no Panorama configuration lists."""
        judge = workbench.judge
        asked = [workbench.name_of(serial) for serial, _, _, problem in judge.policies() if problem and serial]
        names = list(dict.fromkeys(asked))
        return f" for {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}" if names else ""

    def _judge_by(self, group: str, workbench: Workbench) -> None:
        self._bar("what").show([Span(f"judging by device group {group}")])
        app = self.explorer_app
        app.options = replace(app.options, device_group=group)

        def work(_progress: Progress) -> Workbench:
            judge = Judge(workbench.site, workbench.judge.firewalls.override, device_group=group)
            return Workbench.of(workbench.site, judge)

        self.jobs.start("open", work, self._explore, self._failed)

    def _explore(self, workbench: Workbench) -> None:
        app = self.explorer_app
        app.switch_screen(ExplorerScreen(workbench, app.inputs, app.where, self._row_in(workbench)))

    def _row_in(self, workbench: Workbench) -> int | None:
        """The row that the cursor was put on, by its number among all sessions."""
        row = self._table.row
        if not row:  # nobody moved the cursor
            return None
        file, line = self._table.view.frame.select(PLACE).row(row)
        return same_row(workbench.frame, (file, line))

    def _failed(self, error: WhydenyError) -> None:
        self.explorer_app.fail(error)

    def action_stop(self) -> None:
        """Stop reading, and leave: there is nothing to see yet."""
        self.jobs.cancel("open")
        self.app.exit(return_code=130)
