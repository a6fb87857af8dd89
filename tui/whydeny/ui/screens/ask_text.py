"""One line of text that is asked for: a name, a note."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from whydeny.ui.lines import Span, line
from whydeny.ui.screens.base import BaseModal
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane


class AskTextScreen(BaseModal):
    """Answers with the text, None when left with Esc. `start` stands there to begin with, `hint` under the field."""

    CSS_PATH = "picker.tcss"

    def __init__(self, title: str, start: str = "", hint: str = "", longest: int = 1000) -> None:
        super().__init__()
        self._title = title
        self._start = start
        self._hint = hint
        self._longest = longest

    def compose(self) -> ComposeResult:
        """Title, field, hint."""
        with Vertical(id="picker"):
            yield Bar(glyphs=self.glyphs, id="picker-title")
            yield FilterInput(self._start, compact=True, max_length=self._longest, id="picker-text")
            yield LinesPane(glyphs=self.glyphs, id="picker-list")

    def on_mount(self) -> None:
        """The cursor behind what stands there."""
        self.query_one("#picker-title", Bar).show(
            [Span(f" {self._title}", "title")], [Span("Enter takes it, Esc leaves ", "quiet")]
        )
        hint = self.query_one(LinesPane)
        hint.can_focus = False
        hint.show([line(Span(self._hint, "quiet"))] if self._hint else [])
        field = self.query_one(FilterInput)
        field.cursor_blink = False
        field.select_on_focus = False
        field.focus()
        field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())

    def on_key(self, event: events.Key) -> None:
        """Esc leaves everything as it is."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
