"""Every key, what the signs and letters mean, and what to know about copying."""

from collections.abc import Sequence

from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS, GROUPS, Action, keys_of
from whydeny.ui.columns import FLAG_LETTERS, FLAG_MEANINGS
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.screens.page import PageScreen

KEYS = 16


class HelpScreen(PageScreen):
    """The keys, from the one table of actions."""

    def __init__(self) -> None:
        super().__init__("Keys")

    def lines(self, _progress: Progress) -> list[Line]:
        """Those to begin with, then all by group, then the signs."""
        first = sorted((action for action in ACTIONS if action.footer), key=lambda action: action.footer)
        lines = self._section("To begin with", first)
        for group in GROUPS:
            lines += self._section(_titles(group), [action for action in ACTIONS if action.group == group])
        return lines + self._signs() + _copying()

    def _section(self, title: str, actions: Sequence[Action]) -> list[Line]:
        keymap = self.explorer_app.options.keymap
        shown = dict.fromkeys((" ".join(keys_of(action, keymap)), action.help) for action in actions)
        lines = [line("  ", Span(keys.ljust(KEYS), "key"), " ", words, hang=KEYS + 3) for keys, words in shown]
        return [line(Span(title, "title")), *lines, BLANK]

    def _signs(self) -> list[Line]:
        glyphs = self.glyphs
        return [
            line(Span("Signs", "title")),
            line("  ", Span(glyphs.match, "good"), " the criterion matches   ", Span(glyphs.no_match, "bad"),
                 " it does not   ", Span(glyphs.unknown, "doubt"), " it can't be known from the files"),
            line("  ", Span("+", "good"), " evidence for   ", Span(glyphs.against, "bad"), " evidence against   ",
                 Span("or", "key"), " the next best cause, and what would turn the verdict to it"),
            line("  ", Span(glyphs.mark, "link"), " a marked row   ", Span(glyphs.event, "doubt"),
                 " on the timeline: a commit or a content install"),
            BLANK,
            line(Span("Flags, in the column of that name", "title")),
            *(
                line("  ", Span(letter, "key"), f" {bit.words()[0]:<20} ", Span(FLAG_MEANINGS[bit], "quiet"), hang=25)
                for bit, letter in FLAG_LETTERS.items()
            ),
            BLANK,
        ]  # fmt: skip


def _titles(group: str) -> str:
    return f"{group} (after whydeny connect)" if group == "Live firewall" else group


def _copying() -> list[Line]:
    return [
        line(Span("Copying", "title")),
        line("  Inside tmux the text goes to tmux's buffer and on to the terminal; through GNU screen and SSH it is",
             " sent to the terminal (OSC 52), which never confirms; on a desktop the clipboard is read back; else it",
             " is written to a file whose path is shown.", hang=2),
        line("  With tmux on your own machine and SSH inside it, tmux must pass it on: set -g set-clipboard on.", hang=2),
    ]  # fmt: skip
