"""A list to pick from, found by typing: commands, what to copy, columns, themes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from whydeny.ui.lines import Line, Span, line
from whydeny.ui.screens.base import BaseModal
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to pick: its id, what it is called, a word on it, and the key that does the same."""

    id: str
    word: str
    hint: str = ""
    key: str = ""


class PickScreen(BaseModal):
    """Answers with the id of what was picked, None when left with Esc.

    With `toggles`, Space or Enter turns a choice on and off through that function, and leaving answers None.
    `looked_at` is told of every choice that the cursor comes to. `makes` says what a word would do that is none of
    the choices; it is answered as `new WORD`. `empty` is what to say where there is no choice at all.
    """

    CSS_PATH = "picker.tcss"

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        looked_at: Callable[[str], None] | None = None,
        toggles: Callable[[str], Sequence[Choice]] | None = None,
        start: str = "",
        makes: str = "",
        empty: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = list(choices)
        self._looked_at = looked_at
        self._toggles = toggles
        self._start = start
        self._makes = makes
        self._empty = empty

    def compose(self) -> ComposeResult:
        """Title, field, list."""
        with Vertical(id="picker"):
            yield Bar(glyphs=self.glyphs, id="picker-title")
            yield FilterInput(placeholder="type to find", compact=True, id="picker-text")
            yield LinesPane(glyphs=self.glyphs, choose=True, id="picker-list")

    def on_mount(self) -> None:
        """The whole list, the field ready for typing."""
        does = "Space turns on and off" if self._toggles else "Enter picks"
        self.query_one("#picker-title", Bar).show(
            [Span(f" {self._title}", "title")], [Span(f"{does}, Esc leaves ", "quiet")]
        )
        pane = self._list
        pane.can_focus = False
        self._fill("")
        if self._start:
            numbers = [n for n, entry in enumerate(pane.lines) if entry.target == self._start]
            if numbers:
                pane.cursor = numbers[0]
        field = self.query_one(FilterInput)
        field.cursor_blink = False
        field.focus()

    @property
    def _list(self) -> LinesPane:
        return self.query_one("#picker-list", LinesPane)

    def _fill(self, text: str, keep: bool = False) -> None:
        words = text.lower().split()
        found = [c for c in self._choices if all(w in f"{c.word} {c.hint}".lower() for w in words)]
        if self._makes and text.strip() and text.strip() not in (choice.word for choice in found):
            found.append(Choice(f"new {text.strip()}", text.strip(), self._makes))
        self._list.lit = True
        none = f"nothing here is called “{text.strip()}”" if words else self._empty
        self._list.show([_choice_line(c) for c in found] or [line(Span(none, "quiet"), hang=2)], keep_place=keep)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._toggles and event.value.endswith(" "):
            event.input.value = event.value.rstrip()
            self._pick()
            return
        self._fill(event.value)
        self._tell()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._pick()

    @on(LinesPane.Chosen)
    def _clicked(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self._pick()

    def _pick(self) -> None:
        target = self._list.target
        if not isinstance(target, str):
            return
        if self._toggles is None:
            self.dismiss(target)
            return
        self._choices = list(self._toggles(target))
        self._fill(self.query_one(Input).value, keep=True)

    def _tell(self) -> None:
        target = self._list.target
        if self._looked_at is not None and isinstance(target, str):
            self._looked_at(target)

    def on_key(self, event: events.Key) -> None:
        """Keys that the field does not take."""
        moves = {"pagedown": "page_down", "pageup": "page_up"}
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in moves:
            event.stop()
            self._list.call_later(getattr(self._list, f"action_{moves[event.key]}"))

    @on(FilterInput.Earlier)
    def _up_or_down(self, event: FilterInput.Earlier) -> None:
        event.stop()
        if event.steps < 0:
            self._list.action_line_up()
        else:
            self._list.action_line_down()
        self._tell()


def _choice_line(choice: Choice) -> Line:
    return line(
        Span(choice.word.ljust(18) + " ", "strong"),
        Span(choice.hint, "quiet"),
        right=[Span(choice.key, "key")] if choice.key else (),
        hang=19,
        target=choice.id,
        cut=True,
    )
