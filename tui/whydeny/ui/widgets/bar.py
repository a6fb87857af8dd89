"""One line of text over the whole width: the title at the top, what keys do at the bottom, errors of a filter."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from whydeny.model.safe import safe_text
from whydeny.ui.glyphs import UNICODE, Glyphs
from whydeny.ui.lines import Span, fit
from whydeny.ui.widgets.lines_pane import ROLES


class Bar(Widget):
    """Spans from the left edge and spans to the right edge; where both don't fit, the left ones are cut."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"bar--{role}" for role in ROLES}
    DEFAULT_CSS = """
    Bar {
        height: 1;
        background: $bar-background;
        &> .bar--good { color: $good; }
        &> .bar--bad { color: $bad; text-style: bold; }
        &> .bar--doubt { color: $doubt; }
        &> .bar--quiet { color: $quiet; }
        &> .bar--strong { text-style: bold; }
        &> .bar--title { color: $link; text-style: bold; }
        &> .bar--link { color: $link; }
        &> .bar--key { color: $link; text-style: bold; }
    }
    """

    def __init__(self, *, glyphs: Glyphs = UNICODE, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self._left: tuple[Span, ...] = ()
        self._right: tuple[Span, ...] = ()
        self._styles_by_role: dict[str, Style] = {}

    def show(self, left: Sequence[Span], right: Sequence[Span] = ()) -> None:
        """Show other text; nothing is drawn where it is the same."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(s.text for s in (*self._left, *self._right))

    def notify_style_update(self) -> None:
        """Forget the styles of another theme."""
        super().notify_style_update()
        self._styles_by_role.clear()

    def _style(self, role: str) -> Style:
        style = self._styles_by_role.get(role)
        if style is None:
            style = self.rich_style
            if role:
                style = style + self.get_component_rich_style(f"bar--{role}", partial=True)
            self._styles_by_role[role] = style
        return style

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        if y != 0:
            return Strip.blank(width, self.rich_style)
        right = [(self._draw(s.text), s.role) for s in self._right]
        taken = sum(cell_len(text) for text, _ in right)
        if self._left and taken > width - 4:
            right, taken = [], 0
        segments = []
        left = width - taken - (1 if taken else 0)
        for span in self._left:
            text = self._draw(span.text)
            length = cell_len(text)
            if length > left:
                segments.append(Segment(fit(text, left, self.glyphs.more), self._style(span.role)))
                left = 0
                break
            segments.append(Segment(text, self._style(span.role)))
            left -= length
        segments.append(Segment(" " * (left + (1 if taken else 0)), self.rich_style))
        segments += [Segment(text, self._style(role)) for text, role in right]
        return Strip(s for s in segments if s.text).adjust_cell_length(width, self.rich_style)

    def _draw(self, text: str) -> str:
        return self.glyphs.plain(safe_text(text))
