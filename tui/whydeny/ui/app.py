"""The full-screen explorer as an application: themes, leaving cleanly, and which screen comes first."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from whydeny.model.errors import UsageError, WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.settings import Settings, read_settings, user_folders
from whydeny.snapshot.manifest import Snapshot
from whydeny.sources.open import OnRows
from whydeny.ui import memory
from whydeny.ui.actions import bindings
from whydeny.ui.clipboard import WAYS, Copied, copy
from whydeny.ui.crash import write_report
from whydeny.ui.glyphs import choose_glyphs
from whydeny.ui.jobs import Jobs
from whydeny.ui.lines import Span
from whydeny.ui.memory import read_memory, write_memory
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.opening import OpeningScreen
from whydeny.ui.screens.page import PageScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.screens.table_screen import TableScreen
from whydeny.ui.theme import ROLES, THEMES, choose_theme
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.workbench import Workbench

OpenSite = Callable[[Progress, OnRows], Site | Snapshot]

PATIENCE = 5  # seconds that leaving may take after a signal
FAILED = 2  # exit status where the inputs can't be used, as the command line has it


@dataclass(frozen=True, slots=True)
class Options:
    """How the explorer behaves. `release`, `serial` and `device_group` say whose policy is meant where the inputs
    leave it open; `passed_over` are sentences about settings that can't be used; crash reports go to
    `reports`, what is remembered between runs to `memory` (None: nowhere)."""

    release: Release | None = None
    serial: str | None = None
    device_group: str | None = None
    settings: Settings = field(default_factory=Settings)
    passed_over: tuple[str, ...] = ()
    reports: Path | None = None
    memory: Path | None = None

    @property
    def keymap(self) -> Mapping[str, str]:
        """The user's own keys by action."""
        return self.settings.keys


# What a settings file may say of the screen.
CHOICES = {"theme": tuple(THEMES), "glyphs": ("unicode", "ascii"), "clipboard": WAYS}


class ExplorerApp(App[int]):
    """The application. Screens ask it for jobs, glyphs and the clipboard."""

    TITLE = "whydeny"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")

    def __init__(
        self, open_site: OpenSite, title: str, where: str | None = None, options: Options | None = None
    ) -> None:
        no_color = "NO_COLOR" in os.environ  # Textual takes it away
        super().__init__(ansi_color=True if no_color else None)
        self.options = options or Options()
        self.open_site = open_site
        self.inputs = title
        self.where = where
        self.glyphs = choose_glyphs(self.options.settings.glyphs)
        self.jobs = Jobs(self, lambda error: write_report(error, self.options.reports))
        self.memory = read_memory(self.options.memory)
        self.animation_level = "none"
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = choose_theme(self.options.settings.theme, no_color, self.console.color_system)
        if self.options.keymap:
            self.set_keymap(self.options.keymap)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours that the stylesheets name, for themes of another's making."""
        return dict(ROLES)

    def on_mount(self) -> None:
        """Read the inputs; and let signals end the program as a key would, so that the terminal is given back."""
        self.set_class(self.glyphs.ascii, "-ascii")
        loop = asyncio.get_running_loop()

        def end(number: int, _frame: FrameType | None) -> None:
            # Not a handler of the loop: when the terminal has gone, the loop may hang in a write to it.
            signal.alarm(PATIENCE)
            loop.call_soon_threadsafe(self._end, 128 + number)

        with contextlib.suppress(ValueError):  # signals can be had in the main thread only
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, end)
        self.push_screen(self.first_screen())

    def first_screen(self) -> Screen[Any]:
        """What is shown first."""
        return OpeningScreen()

    def show_bench(self, bench: Workbench, title: str) -> None:
        """Put something else in the place of what is open."""
        self.jobs.cancel_all()
        self.inputs = title
        self.switch_screen(ExplorerScreen(bench, title))

    @property
    def alarm(self) -> str:
        """What every screen says in red as long as it holds; empty for nothing."""
        return ""

    def _end(self, status: int) -> None:
        self.jobs.cancel_all()
        self.exit(return_code=status)

    def on_unmount(self) -> None:
        """Nobody waits for work that is still under way; what was chosen is remembered."""
        self.jobs.cancel_all()
        write_memory(self.memory, self.options.memory)

    def fail(self, error: WhydenyError) -> None:
        """Leave with the sentence of an error that makes going on useless."""
        self.exit(return_code=FAILED, message=Text(str(error)))

    def _fatal_error(self) -> None:
        # Textual prints a traceback with the values of all variables: logs and keys would be among them.
        if self._exit_renderables:  # what follows from the first fault is not worth a word
            self._close_messages_no_wait()
            return
        error = sys.exc_info()[1] or self._exception
        words = "whydeny failed."
        if error is not None:
            words = write_report(error, self.options.reports)
        self._exit_renderables.append(Text(words))
        self._close_messages_no_wait()

    def copy_text(self, text: str, done: Callable[[Copied], None], way: str | None = None) -> None:
        """Put `text` on the clipboard, off the screen's thread; then `done`. `way` is one of `WAYS`, None as set."""
        pieces: list[str] = []

        def work(_progress: Progress) -> Copied:
            return copy(text, pieces.append, way or self.options.settings.clipboard)

        def failed(error: WhydenyError) -> None:
            done(Copied("none", False, str(error)))

        def finish(copied: Copied) -> None:
            if self._driver is not None:
                for piece in pieces:
                    self._driver.write(piece)
            done(copied)

        self.jobs.start("copy", work, finish, failed)

    # Keys that work everywhere.

    def action_leave(self) -> None:
        """Leave from the top; deeper, one step back."""
        screen = self.screen
        if not isinstance(screen, ExplorerScreen | OpeningScreen):
            self.pop_screen()
        elif not screen.step_out():
            self._end(0)

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.refresh(repaint=True, layout=True)

    def action_theme(self) -> None:
        """Choose the colours; each is tried on while it is looked at."""
        before = self.theme
        choices = [Choice(name, name, "in use" if name == before else "") for name in THEMES]

        def decide(name: str | None) -> None:
            self.theme = name or before
            if name and isinstance(self.screen, TableScreen):
                self.screen.say(f'theme = "{name}" in settings.toml keeps it; whydeny doctor says where that is')

        def try_on(name: str) -> None:
            self.theme = name

        self.push_screen(PickScreen("Theme", choices, looked_at=try_on, start=before), decide)

    def action_help(self) -> None:
        """Every key; on a verdict, the page about its cause."""
        screen = self.screen
        if isinstance(screen, ExplorerScreen) and screen.explains_cause:
            screen.action_manual()
        elif not isinstance(screen, HelpScreen | ModalScreen):
            self.push_screen(HelpScreen())

    def action_quit_at_once(self) -> None:
        """Leave from wherever you are."""
        self._end(0)

    def action_how_to_leave(self) -> None:
        """Ctrl-C copies or leaves elsewhere; here it says what does."""
        screen, words = self.screen, "y copies, q leaves; Esc stops what is under way"
        if isinstance(screen, TableScreen | PageScreen):
            screen.say(words, "")
        for bar in [] if isinstance(screen, TableScreen | PageScreen) else screen.query("#foot").results(Bar):
            bar.show([Span(f" {words}")])

    def action_palette(self) -> None:
        """Find any command by typing."""
        screen = self.screen
        if not isinstance(screen, TableScreen):
            self.action_help()
            return

        def run(identifier: str | None) -> None:
            if identifier:
                self.call_later(screen.run_command, identifier)

        self.push_screen(PickScreen("Commands", screen.commands()), run)


def follow_terminal(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take the size from the terminal itself: COLUMNS and LINES, which some shells and programs hand down, would be
    believed for as long as the program runs, whatever the window does."""
    if sys.stdout.isatty() and os.get_terminal_size(sys.stdout.fileno()).columns:
        environment.pop("COLUMNS", None)
        environment.pop("LINES", None)


def refuse_dumb(environment: Mapping[str, str] = os.environ) -> None:
    """Raises `UsageError` where the terminal says that it can't place a cursor: Textual would take it for one that
    can do everything."""
    terminal = environment.get("TERM", "")
    if terminal in ("", "dumb", "unknown"):
        raise UsageError(
            f"the terminal says that it can't draw a screen (TERM={terminal or 'is empty'}); set TERM to what it is, such as"
            " xterm-256color, or use 'whydeny explain'"
        )


def run_explorer(
    open_site: OpenSite,
    title: str,
    where: str | None = None,
    *,
    release: Release | None = None,
    serial: str | None = None,
    device_group: str | None = None,
) -> int:
    """Show the explorer until the user leaves; the exit status.

    `open_site` reads the inputs; it runs in a thread, reports how far it is, hands session rows over as it reads them
    and stops when asked. `title` names the inputs; `where` is the filter to start with; the rest says whose policy is
    meant where the inputs leave it open.
    """
    return run_on_terminal(ExplorerApp(open_site, title, where, users_options(release, serial, device_group)))


def users_options(release: Release | None, serial: str | None, device_group: str | None) -> Options:
    """How the user's settings want the explorer."""
    settings, passed_over = read_settings(choices=CHOICES)
    folders = user_folders()
    return Options(release, serial, device_group, settings, passed_over, folders.reports, folders.data / memory.FILE)


def run_on_terminal(app: ExplorerApp) -> int:
    """Show `app` until the user leaves; the exit status. Raises `UsageError` where the terminal can't."""
    refuse_dumb()
    follow_terminal()
    app.run(mouse=app.options.settings.mouse)
    return app.return_code or 0
