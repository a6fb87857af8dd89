"""The inputs being read: what, how far, and how to stop it."""

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.jobs import Job
from whydeny.ui.keeping import prepare
from whydeny.ui.lines import Span
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.workbench import Workbench
from whydeny.verdict.judge import Judge

BAR = 30
WITHOUT = "\0without"  # no device group has such a name


class OpeningScreen(BaseScreen):
    """Reads the inputs and prepares the look-ups, then makes way for the explorer."""

    CSS_PATH = "opening.tcss"
    BINDINGS = [("escape", "stop", "stop")]

    def compose(self) -> ComposeResult:
        """What is read, and how far."""
        with Vertical(id="opening"):
            yield Bar(glyphs=self.glyphs, id="opening-title")
            yield Bar(glyphs=self.glyphs, id="opening-what")
            yield Bar(glyphs=self.glyphs, id="opening-bar")
            yield Bar(glyphs=self.glyphs, id="opening-keys")

    def on_mount(self) -> None:
        """Start."""
        app = self.explorer_app
        self._bar("title").show([Span("whydeny ", "title"), Span(app.inputs)])
        self._bar("what").show([Span(f"opening {self.glyphs.more}", "quiet")])
        self._bar("keys").show([Span("Esc", "key"), Span(" stops", "quiet")])
        options = app.options

        def work(progress: Progress) -> Workbench:
            opened = app.open_site(progress)
            progress.step("preparing the look-ups", 0, 0)
            return prepare(opened, options.release, options.serial, options.device_group)

        self.jobs.start("open", work, self._opened, self._failed, self._reported)

    def _bar(self, name: str) -> Bar:
        return self.query_one(f"#opening-{name}", Bar)

    def _reported(self, job: Job) -> None:
        share = job.done / job.total if job.total else 0.0
        self._bar("what").show([Span(job.what)])
        amount = f"  {job.done:,} of {job.total:,}" if job.total else (f"  {job.done:,}" if job.done else "")
        self._bar("bar").show([Span(self.glyphs.bar(share, BAR), "link"), Span(amount, "quiet")])

    def _opened(self, workbench: Workbench) -> None:
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
            self._bar("what").show([Span(f"judging by device group {group}")])
            app = self.explorer_app
            app.options = replace(app.options, device_group=group)
            judge = Judge(workbench.site, workbench.judge.firewalls.override, device_group=group)
            self._explore(Workbench.of(workbench.site, judge))

        self.app.push_screen(PickScreen("Whose policy? A Panorama configuration holds several", listed), chosen)

    def _explore(self, workbench: Workbench) -> None:
        app = self.explorer_app
        app.switch_screen(ExplorerScreen(workbench, app.inputs, app.where))

    def _failed(self, error: WhydenyError) -> None:
        self.explorer_app.fail(error)

    def action_stop(self) -> None:
        """Stop reading, and leave: there is nothing to see yet."""
        self.jobs.cancel("open")
        self.app.exit(return_code=130)
