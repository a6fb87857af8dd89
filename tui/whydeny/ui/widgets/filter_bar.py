"""The filter bar: typed words or the firewall's filter language, the count, and the place of a mistake."""

import re
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from whydeny.filters.complete import Completion
from whydeny.model.safe import safe_text
from whydeny.ui.actions import bindings
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import Span
from whydeny.ui.widgets.bar import Bar

LABEL = 2
HINT = "words, or a log filter: ( addr.src in 10.0.0.0/8 ) and ( action eq allow )"
# A term begun right behind another one: what stands between them is meant to be `and`.
_JUXTAPOSED = re.compile(r"(.*\))\s+([(!])")


class FilterInput(Input):
    """A field whose text is safe to draw, whatever was pasted."""

    BINDINGS = bindings("field")

    class Earlier(Message):
        """An earlier or later text is asked for, by Up (-1) and Down (1)."""

        def __init__(self, steps: int) -> None:
            self.steps = steps
            super().__init__()

    def validate_value(self, value: str) -> str:
        """The text without characters that a terminal would obey."""
        return safe_text(value)

    def _on_paste(self, event: events.Paste) -> None:
        """All lines of what was pasted, as one: the first alone would ask for something else."""
        event.prevent_default()
        event.stop()
        lines = (line.strip() for line in event.text.splitlines())
        self.replace(" ".join(line for line in lines if line), *self.selection)

    def action_earlier(self) -> None:
        """What was typed before, or one line up."""
        self.post_message(self.Earlier(-1))

    def action_later(self) -> None:
        """What was typed after that, or one line down."""
        self.post_message(self.Earlier(1))

    def action_clear(self) -> None:
        """Empty it."""
        self.value = ""


class FilterBar(Vertical):
    """A field of one row; below it what would fit at the cursor, and a mistake to point at, while there are some."""

    BINDINGS = bindings("bar")
    DEFAULT_CSS = """
    FilterBar {
        height: auto;
        & #filter-row { height: 1; background: $bar-background; }
        & #filter-label { width: 2; }
        & #filter-text { width: 1fr; background: $bar-background; }
        & #filter-count { width: auto; min-width: 1; }
    }
    """

    class Typed(Message):
        """The text changed; `final` when it was confirmed."""

        def __init__(self, text: str, final: bool, cursor: int) -> None:
            self.text = text
            self.final = final
            self.cursor = cursor
            super().__init__()

    class Left(Message):
        """The user is done with the bar."""

    def __init__(self, *, glyphs: Glyphs, hint: str = HINT, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self._hint = hint
        self._count_width = 0
        self._completion: Completion | None = None
        self._option = 0
        self._mistaken_at: int | None = None
        self._quiet = ""  # the text that was put in and not typed

    def compose(self) -> ComposeResult:
        """Label, field, count; the mistake below."""
        with Horizontal(id="filter-row"):
            yield Bar(glyphs=self.glyphs, id="filter-label")
            yield FilterInput(placeholder=self._hint, compact=True, select_on_focus=False, id="filter-text")
            yield Bar(glyphs=self.glyphs, id="filter-count")
        yield Bar(glyphs=self.glyphs, id="filter-options")
        yield Bar(glyphs=self.glyphs, id="filter-mistake")

    def on_mount(self) -> None:
        """The field takes the focus only when it is asked for."""
        self.query_one("#filter-label", Bar).show([Span("/ ", "key")])
        self.query_one("#filter-mistake").display = False
        self.query_one("#filter-options").display = False
        self.field.cursor_blink = False  # a blink is a line over the wire every half second
        self.field.can_focus = False

    @property
    def field(self) -> FilterInput:
        """The field."""
        return self.query_one(FilterInput)

    @property
    def has_mistake(self) -> bool:
        """Whether a mistake is pointed at."""
        return bool(self.query_one("#filter-mistake").display)

    @property
    def text(self) -> str:
        """What it holds."""
        return self.field.value

    def put(self, text: str) -> None:
        """Put a text in without telling that it was typed."""
        self._quiet = safe_text(text)
        self.field.value = text
        self.field.cursor_position = len(self.field.value) if self.field.has_focus else 0

    def open(self) -> None:
        """Give the field the focus, ready for one more word."""
        self.field.can_focus = True
        if self.text and not self.text.endswith(" "):
            self.put(f"{self.text} ")
        self.field.focus()
        self.field.cursor_position = len(self.text)

    def on_click(self) -> None:
        """The pointer opens it too."""
        if not self.field.has_focus:
            self.open()

    def count(self, *spans: Span) -> None:
        """Say how many rows pass."""
        bar = self.query_one("#filter-count", Bar)
        width = sum(len(s.text) for s in spans) + 2
        if width > self._count_width or width < self._count_width - 8:  # another width lays the whole screen out anew
            self._count_width = width
            bar.styles.width = width
        bar.show((), [*spans, Span(" ")])

    def mistake(self, message: str, position: int | None = None) -> None:
        """Point at a mistake; an empty message takes the row away."""
        self._mistaken_at = position
        bar = self.query_one("#filter-mistake", Bar)
        bar.display = bool(message)
        if not message:
            return
        spans = [Span("  ", ""), Span(message, "doubt")]
        if position is not None:
            at = LABEL + max(0, position - self.field.scroll_offset.x)
            room = self.size.width - at - 4
            if len(message) <= room:
                spans = [Span(" " * at), Span("^ ", "bad"), Span(message, "doubt")]
            elif len(message) + 2 <= at:
                spans = [Span(" " * (at - len(message) - 1)), Span(message, "doubt"), Span(" ^", "bad")]
        bar.show(spans)

    def to_mistake(self) -> None:
        """Put the cursor where the mistake is."""
        if self._mistaken_at is not None:
            self.field.cursor_position = min(self._mistaken_at, len(self.text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what was typed."""
        event.stop()
        if event.value == self._quiet:
            self._quiet = "\0"
            return
        self._quiet = "\0"
        joined = _JUXTAPOSED.fullmatch(event.value)
        if joined and self.field.cursor_position == len(event.value):
            self.put(f"{joined[1]} and {joined[2]}")
        self.post_message(self.Typed(self.text, False, self.field.cursor_position))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the filter stands, unless whoever is told finds a mistake in it."""
        event.stop()
        self.post_message(self.Typed(event.value, True, self.field.cursor_position))

    def offer(self, completion: Completion | None) -> None:
        """Show what would fit at the cursor; Tab takes the first, Ctrl-N and Ctrl-P go through them."""
        bar = self.query_one("#filter-options", Bar)
        fits = completion is not None and completion.options and self.field.has_focus
        self._completion = completion if fits else None
        self._option = 0
        bar.display = bool(fits)
        self._show_options()

    def _show_options(self) -> None:
        if self._completion is None:
            return
        spans = [Span("  Tab ", "key")]
        for number, option in enumerate(self._completion.options[self._option :]):
            count = f" {option.count:,}" if option.count is not None else ""
            about = f" {option.about}" if option.about and number == 0 else ""
            spans += [Span(option.text, "strong" if number == 0 else ""), Span(f"{count}{about}  ", "quiet")]
        self.query_one("#filter-options", Bar).show(spans)

    def action_complete(self) -> None:
        """Take what fits; leave where nothing does."""
        if self._completion is None:
            self.close()
            return
        text, cursor = self._completion.applied(self.text, self._completion.options[self._option])
        self.field.value = text
        self.field.cursor_position = cursor

    def action_next_option(self) -> None:
        """The next word that fits."""
        self._turn(1)

    def action_previous_option(self) -> None:
        """The one before."""
        self._turn(-1)

    def _turn(self, way: int) -> None:
        if self._completion is not None:
            self._option = (self._option + way) % len(self._completion.options)
            self._show_options()

    def action_leave(self) -> None:
        """Leave the bar; the filter stays."""
        self.close()

    def close(self) -> None:
        """Give the focus back; the beginning of the filter is what is seen of a long one."""
        self.field.can_focus = False
        self.field.cursor_position = 0
        self.offer(None)
        self.post_message(self.Left())
