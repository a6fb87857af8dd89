"""The snapshots in the user's folder: open, rename, delete."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.settings import user_folders
from whydeny.snapshot.load import load_snapshot, read_manifest
from whydeny.snapshot.manifest import SESSIONS, Manifest
from whydeny.snapshot.save import SUFFIX
from whydeny.ui.actions import ACTIONS, bindings, keys_of
from whydeny.ui.jobs import Job
from whydeny.ui.keeping import path_of, prepare
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.screens.ask_text import AskTextScreen
from whydeny.ui.screens.page import PageScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.workbench import Workbench

MOST = 1000  # files that are listed


@dataclass(frozen=True, slots=True)
class Opened:
    """A snapshot ready for the screen."""

    bench: Workbench
    path: Path


class SnapshotsScreen(PageScreen):
    """The list. Answers with the snapshot that was `Opened`. `changed` is what is to be said of the one that is open."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("snapshots")

    def __init__(self, changed: tuple[str, ...] = ()) -> None:
        super().__init__("Snapshots", follows="opens it")
        self._changed = changed
        self._folder = user_folders().snapshots

    def keys(self) -> list[Span]:
        """What keys do here."""
        keymap = self.explorer_app.options.keymap
        spans = super().keys()
        for action in ACTIONS:
            if action.scope == "snapshots":
                spans += [Span(f" {keys_of(action, keymap)[0]}", "key"), Span(f" {action.word} ")]
        return spans

    def lines(self, progress: Progress) -> list[Line]:
        """The snapshots, the newest first; one that can't be read says why."""
        progress.step("looking at the snapshots", 0, 0)
        lines = [line(Span(text, "doubt")) for text in self._changed]
        lines += [BLANK] if lines else []
        found = sorted(self._files(), key=lambda item: item[0], reverse=True)[:MOST]
        if not found:
            return [*lines, line(f"No snapshot in {self._folder} yet."), line(Span("S saves one.", "quiet"))]
        lines.append(line(Span(str(self._folder), "quiet")))
        for _, path in found:
            lines += _file_lines(path)
        return lines

    def _files(self) -> list[tuple[float, Path]]:
        found = []
        try:
            for path in self._folder.glob(f"*{SUFFIX}"):
                if not path.name.startswith("."):
                    found.append((path.stat().st_mtime, path))
        except OSError as error:
            raise WhydenyError(f"{self._folder}: the folder can't be read: {error.strerror}") from None
        return found

    def _say(self, words: str, role: str = "doubt") -> None:
        self.query_one("#page-keys", Bar).show([Span(f" {words}", role)])

    @property
    def _path(self) -> Path | None:
        target = self.pane.target
        return target if isinstance(target, Path) else None

    # What keys do.

    def action_follow(self) -> None:
        """Open the snapshot under the cursor."""
        path = self._path
        if path is None:
            return

        def work(progress: Progress) -> Opened:
            snapshot = load_snapshot(path, progress)
            progress.step("preparing the look-ups", 0, 0)
            return Opened(prepare(snapshot), path)

        def done(opened: Opened) -> None:
            self.dismiss(opened)

        def failed(error: WhydenyError) -> None:
            self._say(f"{path.name}: {_without_path(error, path)}")

        self.jobs.start("open snapshot", work, done, failed, self._opening)
        self._say(f"opening {path.name} {self.glyphs.more}", "")

    def _opening(self, job: Job) -> None:
        self._say(f"{job.what} {job.done / job.total:4.0%}" if job.total else job.what, "")

    @on(LinesPane.Chosen)
    def _clicked(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self.action_follow()

    def action_rename(self) -> None:
        """Give the snapshot another name in the same folder."""
        path = self._path
        if path is None:
            return

        def take(text: str | None) -> None:
            if not text:
                return
            new = path_of(text, path.parent)
            if new.parent != path.parent or new.name.startswith("."):
                self._say("a name without folders is needed; it stays where it is")
            elif new.exists():
                self._say(f"{new.name} is there already; nothing was renamed")
            else:
                self._do(lambda: path.rename(new), f"renamed to {new.name}")

        self.app.push_screen(AskTextScreen(f"Rename {path.name}", path.name), take)

    def action_delete(self) -> None:
        """Delete the snapshot, after asking."""
        path = self._path
        if path is None:
            return
        choices = [Choice("keep", "keep it"), Choice("delete", "delete it", "this can't be undone")]

        def decide(answer: str | None) -> None:
            if answer == "delete":
                self._do(path.unlink, f"deleted {path.name}")

        self.app.push_screen(PickScreen(f"Delete {path.name}?", choices), decide)

    def _do(self, change: Callable[[], object], words: str) -> None:
        try:
            change()
        except OSError as error:
            self._say(f"that did not work: {error.strerror}")
            return
        self._say(words, "good")
        self.read()

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        self.jobs.cancel("open snapshot")


def _without_path(error: WhydenyError, path: Path) -> str:
    """What is wrong with a file whose name stands before it anyway."""
    return str(error).removeprefix(f"{path}: ")


def _file_lines(path: Path) -> list[Line]:
    try:
        manifest = read_manifest(path)
    except WhydenyError as error:
        return [line(Span(path.name, "strong"), "  ", Span(_without_path(error, path), "doubt"), hang=4, target=path)]
    return [
        line(Span(path.name, "strong"), "  ", Span(_words(manifest), "quiet"), hang=4, target=path),
        line("    ", Span(", ".join(source.name for source in manifest.sources[:6]), "quiet"), hang=4, cut=True),
    ]


def _words(manifest: Manifest) -> str:
    rows = manifest.rows.get(SESSIONS, 0)
    words = [f"saved {manifest.saved:%Y-%m-%d %H:%M}"] if manifest.saved else []
    words.append(f"{rows:,} session{'' if rows == 1 else 's'}")
    if manifest.first is not None and manifest.last is not None:
        words.append(f"{manifest.first:%Y-%m-%d %H:%M} to {manifest.last:%Y-%m-%d %H:%M}")
    if manifest.redacted:
        words.append("redacted")
    return ", ".join(words)
