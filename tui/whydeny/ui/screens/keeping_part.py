"""What outlives the screen: snapshots of what is open, notes on sessions, and what a snapshot brings back."""

from datetime import datetime
from pathlib import Path

import polars as pl

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.report.notes import LONGEST, session_note
from whydeny.settings import user_folders
from whydeny.snapshot.manifest import judged_with
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.save import save_snapshot
from whydeny.ui.jobs import Job
from whydeny.ui.keeping import KeptView, path_of, proposed_name, read_view
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.screens.ask_text import AskTextScreen
from whydeny.ui.screens.findings_part import FindingsPart
from whydeny.ui.screens.page import PageScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.screens.snapshots import Opened, SnapshotsScreen
from whydeny.ui.workbench import Workbench
from whydeny.verdict.judge import JUDGED


class SavedScreen(PageScreen):
    """Where a redacted snapshot is, and what was replaced in it."""

    def __init__(self, path: Path, sentences: tuple[str, ...]) -> None:
        super().__init__("Snapshot saved")
        self._path = path
        self._sentences = sentences

    def lines(self, _progress: Progress) -> list[Line]:
        """The page."""
        return [line(Span(str(self._path), "strong")), BLANK, *(line(text) for text in self._sentences)]


class KeepingPart(FindingsPart):
    """Snapshots and notes."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        snapshot = workbench.snapshot
        self._kept = KeptView()
        if snapshot is not None:
            self.notes.update(snapshot.notes)
            self._kept = read_view(snapshot.view, self.all_columns, len(workbench.frame))
            self.sort_keys = self._kept.sort or self.sort_keys
            self.only_marked = self._kept.only_marked and bool(snapshot.marks)

    def first_filter(self, where: str | None) -> str:
        """The filter to begin with: the one that was asked for, else the snapshot's, else those that were refused."""
        if where is not None:
            return where
        if self._kept.filter is not None:
            return self._kept.filter
        return self.bench.refused if self.denied or self.discarded else ""

    def take_up(self) -> None:
        """Bring the marks and the row under the cursor of a snapshot back."""
        snapshot = self.bench.snapshot
        if snapshot is not None:
            self.table.marks = set(snapshot.marks)
            if self._kept.row is not None:
                self.table.wait_for(self._kept.row)

    def _judged(self, frame: pl.DataFrame) -> None:
        super()._judged(frame)
        if self.bench.changed:
            self.say(" ".join(self.bench.changed[:2]), "doubt")

    # Notes.

    def action_note(self) -> None:
        """Write a note on the session under the cursor."""
        row = self.table.row
        if row is None:
            self.say("no session under the cursor")
            return
        if self.bench.masked:
            self.say("a note may name what is masked; X shows the real names again")
            return
        key = session_note(row)

        def take(text: str | None) -> None:
            if text is None:
                return
            if text:
                self.notes[key] = text
            else:
                self.notes.pop(key, None)
            self.explain(self.table.row)
            self.say("noted; S saves it in a snapshot" if text else "no note on this session")

        self.app.push_screen(
            AskTextScreen("Note on this session", self.notes.get(key, ""), "Empty takes it away.", LONGEST), take
        )

    # Snapshots.

    def action_save(self) -> None:
        """Save a snapshot of what is open."""
        folder = user_folders().snapshots
        start = proposed_name(self.bench, "masked" if self.bench.masked else self.inputs, datetime.now())

        def name(text: str | None) -> None:
            if text:
                self._ask_how(path_of(text, folder))

        self.app.push_screen(AskTextScreen("Save a snapshot", start, f"In {folder}, unless the name says where."), name)

    def _ask_how(self, path: Path) -> None:
        choices = [
            Choice("whole", "as it is", "everything, with marks, notes and view"),
            Choice("redacted", "safe to share", "other addresses, names and users; no notes, no descriptions"),
        ]
        title = f"{path.name} is there already: replace it" if path.exists() else f"Save {path.name}"

        def decide(how: str | None) -> None:
            if how:
                self._save(path, Redaction() if how == "redacted" else None)

        self.app.push_screen(PickScreen(title, choices, start="redacted" if self.bench.masked else "whole"), decide)

    def _save(self, path: Path, redaction: Redaction | None) -> None:
        bench = self._real if self.bench.masked else self.bench
        marks, notes = set(self.table.marks), dict(self.notes)
        view = KeptView(self.aside or self.filter.text, self.sort_keys, self.table.row, self.only_marked).data()

        def work(progress: Progress) -> None:
            verdicts = bench.frame.select(list(JUDGED)) if bench.judged else bench.judge.judge_all(progress)
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise WhydenyError(f"{path.parent}: the folder can't be made: {error.strerror}") from None
            save_snapshot(
                path, bench.site, verdicts, marks, notes, view, redaction, progress, judged_with(bench.judge)
            )  # fmt: skip

        def done(_: None) -> None:
            if redaction is None:
                self.say(f"saved as {path}", "good")
            else:
                self.app.push_screen(SavedScreen(path, redaction.report.sentences()))

        self.jobs.start("snapshot", work, done, self.failed, self._saving)
        self.say(f"saving a snapshot {self.glyphs.more} Esc stops")

    def _saving(self, job: Job) -> None:
        share = f" {job.done / job.total:4.0%}" if job.total else ""
        self.say(f"{job.what}{share}, Esc stops")

    def action_step_out(self) -> None:
        """One step back; a snapshot that is being saved is stopped first, and leaves nothing behind."""
        if self.jobs.cancel("snapshot"):
            self.say("stopped; no snapshot was saved")
        else:
            super().action_step_out()

    def action_snapshots(self) -> None:
        """The snapshots that there are."""

        def show(opened: Opened | None) -> None:
            if opened is not None:
                self.explorer_app.show_bench(opened.bench, opened.path.name)

        self.app.push_screen(SnapshotsScreen(self.bench.changed), show)
