"""Every key, what the signs and letters mean, and what to know about copying."""

from textual import on
from textual.app import ComposeResult

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS, GROUPS, keys_of
from whydeny.ui.columns import FLAG_LETTERS
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.lines_pane import LinesPane

KEYS = 16


class PageScreen(BaseScreen):
    """A page of text over the whole terminal, answered with where the chosen line leads; Esc goes back.

    `follows` says what Enter on a line does, empty where lines lead nowhere.
    """

    CSS_PATH = "page.tcss"
    BINDINGS = [("escape", "app.leave", "back"), ("enter", "follow", "follow")]

    def __init__(self, title: str, follows: str = "") -> None:
        super().__init__()
        self._page_title = title
        self._follows = follows
        self._slot = f"page {id(self)}"  # its own: a page that opens another one is closed after that has begun

    def compose(self) -> ComposeResult:
        """Title, text, what leads back."""
        yield Bar(glyphs=self.glyphs, id="page-title")
        yield LinesPane(glyphs=self.glyphs, choose=bool(self._follows), id="page")
        yield Bar(glyphs=self.glyphs, id="page-keys")

    def on_mount(self) -> None:
        """The text, made off the screen's thread."""
        alarm = self.explorer_app.alarm
        self.query_one("#page-title", Bar).show(
            [Span(f" {self._page_title}", "title")], [Span(f"{alarm} ", "bad")] if alarm else ()
        )
        self.query_one("#page-keys", Bar).show(self.keys())
        self.pane.show([line(Span(f"one moment {self.glyphs.more}", "quiet"))])
        self.pane.focus()
        self.jobs.start(self._slot, self.lines, self.pane.show, self._failed)

    def keys(self) -> list[Span]:
        """What keys do here."""
        keys = [Span(" Esc", "key"), Span(" back  ")]
        if self._follows:
            keys += [Span(" Enter", "key"), Span(f" {self._follows}  ")]
        return [*keys, Span(" Up Down PgUp PgDn", "key"), Span(" move")]

    def _failed(self, error: WhydenyError) -> None:
        self.pane.show([line(Span(str(error), "doubt"))])

    def on_unmount(self) -> None:
        """Nobody reads it any more."""
        self.jobs.cancel(self._slot)

    @property
    def pane(self) -> LinesPane:
        """Where the text is."""
        return self.query_one("#page", LinesPane)

    def lines(self, progress: Progress) -> list[Line]:
        """The text of the page; runs in a thread."""
        raise NotImplementedError

    def action_follow(self) -> None:
        """Go where the line leads."""
        if self.pane.target is not None:
            self.dismiss(self.pane.target)

    @on(LinesPane.Chosen)
    def _clicked(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self.dismiss(event.target)


class HelpScreen(PageScreen):
    """The keys, from the one table of actions."""

    def __init__(self) -> None:
        super().__init__("Keys")

    def lines(self, _progress: Progress) -> list[Line]:
        """Keys by group, then the signs."""
        keymap = self.explorer_app.options.keymap
        lines: list[Line] = []
        for group in GROUPS:
            lines.append(line(Span(group, "title")))
            seen = set()
            for action in ACTIONS:
                keys = " ".join(keys_of(action, keymap))
                if action.group != group or (keys, action.help) in seen:
                    continue
                seen.add((keys, action.help))
                lines.append(line("  ", Span(keys.ljust(KEYS), "key"), " ", action.help, hang=KEYS + 3))
            lines.append(BLANK)
        return lines + self._signs() + _copying()

    def _signs(self) -> list[Line]:
        glyphs = self.glyphs
        letters = [f"{letter} {(bit.name or '').lower().replace('_', '-')}" for bit, letter in FLAG_LETTERS.items()]
        return [
            line(Span("Signs", "title")),
            line("  ", Span(glyphs.match, "good"), " the criterion matches   ", Span(glyphs.no_match, "bad"),
                 " it does not   ", Span(glyphs.unknown, "doubt"), " it can't be known from the files"),
            line("  ", Span("+", "good"), " evidence for   ", Span(glyphs.against, "bad"), " evidence against   ",
                 Span("or", "key"), " the next best cause, and what would turn the verdict to it"),
            line("  ", Span(glyphs.mark, "link"), " a marked row   ", Span(glyphs.event, "doubt"),
                 " on the timeline: a commit or a content install"),
            line("  flags: ", Span(", ".join(letters), "quiet"), hang=9),
            BLANK,
        ]  # fmt: skip


def _copying() -> list[Line]:
    return [
        line(Span("Copying", "title")),
        line("  Inside tmux the text goes to tmux's buffer and on to the terminal; through GNU screen and SSH it is",
             " sent to the terminal (OSC 52), which never confirms; on a desktop the clipboard is read back; else it",
             " is written to a file whose path is shown.", hang=2),
        line("  With tmux on your own machine and SSH inside it, tmux must pass it on: set -g set-clipboard on.", hang=2),
    ]  # fmt: skip
