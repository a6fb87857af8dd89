"""Every key, what the signs and letters mean, and what to know about copying."""

from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS, GROUPS, keys_of
from whydeny.ui.columns import FLAG_LETTERS
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.screens.page import PageScreen

KEYS = 16


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
