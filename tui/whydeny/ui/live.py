"""The explorer on a live firewall, as an application: log in, first view, and leaving without an open job behind."""

from dataclasses import replace
from typing import Any

from rich.text import Text
from textual.screen import Screen

from whydeny.model.errors import InputError, WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.settings import CONNECTIONS, user_folders
from whydeny.sources.firewall.profiles import load_profiles, save_profiles
from whydeny.ui.app import FAILED, ExplorerApp, Options, run_on_terminal, users_options
from whydeny.ui.jobs import Job
from whydeny.ui.link import Link
from whydeny.ui.live_bench import Grown, first_bench
from whydeny.ui.screens.beside import BesideScreen
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.login import LoginScreen
from whydeny.ui.workbench import Workbench

STOPPED = 130  # exit status of a run that was stopped before there was anything to see


class LiveApp(ExplorerApp):
    """Opens a link's firewall: the first view as soon as it is there, the rest behind it."""

    def __init__(self, link: Link, where: str | None = None, options: Options | None = None) -> None:
        super().__init__(lambda progress, _: link.open(progress, lambda _: None), link.target.name, where, options)
        self.link = link

    def first_screen(self) -> Screen[Any]:
        """The way to the firewall."""
        return LoginScreen(self.link)

    @property
    def alarm(self) -> str:
        """That TLS is not verified, as long as the connection lasts."""
        return self.link.alarm

    def open_firewall(self) -> None:
        """Connect and open; the first view is shown before the configuration has come."""
        options, link = self.options, self.link

        def work(progress: Progress) -> Site:
            def first_view(site: Site) -> None:
                grown = first_bench(site, options.release, options.serial, options.device_group)
                self.call_later(self._show, grown, progress)

            return link.open(progress, first_view)

        self.jobs.start("open", work, self._opened, self._not_opened, self._reported)

    def _show(self, grown: Grown, progress: Progress) -> None:
        if not progress.stop.is_set():  # the user may have stopped the opening meanwhile
            self.switch_screen(LiveScreen(self.link, grown, self.where))

    @property
    def _explorer(self) -> LiveScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, LiveScreen)), None)

    @property
    def _login(self) -> LoginScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, LoginScreen)), None)

    def _reported(self, job: Job) -> None:
        shown = self._explorer or self._login
        if shown is not None:
            shown.show_progress(job)

    def _opened(self, _site: Site) -> None:
        if self._explorer is not None:
            self._explorer.opened()

    def _not_opened(self, error: WhydenyError) -> None:
        shown = self._explorer or self._login
        if shown is not None:
            shown.not_opened(error)

    def show_bench(self, bench: Workbench, title: str) -> None:
        """Put a snapshot over the firewall, which stands still meanwhile; leaving the snapshot leads back to it."""
        live = self._explorer
        if live is None:
            super().show_bench(bench, title)
            return
        beside = BesideScreen(bench, title, self.link.target.name)
        if self.screen is live:
            live.stand_aside()
            self.push_screen(beside)
        else:
            self.jobs.cancel_all(but=("open",))
            self.switch_screen(beside)

    def keep_fingerprint(self, fingerprint: str) -> None:
        """Keep the pinned certificate in the profile that the connection was made by."""
        path, name = user_folders().settings / CONNECTIONS, self.link.target.profile
        try:
            profiles = load_profiles(path)
            if name in profiles:
                save_profiles(path, profiles | {name: replace(profiles[name], fingerprint=fingerprint, ca_file=None)})
        except InputError as error:
            self.notify(str(error), markup=False)

    def leave_with(self, sentence: str) -> None:
        """Leave before there was anything to see; what failed is said on the terminal."""
        self.link.hurry()
        self.jobs.cancel_all()
        self.exit(return_code=FAILED if sentence else STOPPED, message=Text(sentence) if sentence else None)

    def _end(self, status: int) -> None:
        self.link.hurry()
        super()._end(status)

    def action_leave(self) -> None:
        """Leave from the top; deeper, one step back."""
        screen, live = self.screen, self._explorer
        if isinstance(screen, LoginScreen) and live is None:
            self.leave_with("")
        elif isinstance(screen, BesideScreen):
            if not screen.step_out():
                self.jobs.cancel_all(but=("open",))
                self.pop_screen()
        else:
            super().action_leave()


def run_live(
    link: Link,
    where: str | None = None,
    *,
    release: Release | None = None,
    serial: str | None = None,
    device_group: str | None = None,
) -> int:
    """Show a live firewall until the user leaves, end what is still open there, and give the exit status."""
    try:
        return run_on_terminal(LiveApp(link, where, users_options(release, serial, device_group)))
    finally:
        link.close()
