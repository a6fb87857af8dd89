"""Text for a pane: spans with a role instead of a colour, wrapped to a width with a hanging indent.

Nothing here or behind it parses markup: data is text and stays text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size

from whydeny.model.safe import safe_text


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text and what it is (`good`, `bad`, `doubt`, `quiet`, `strong`, `title`, `link`, `key` or plain)."""

    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line before wrapping.

    `hang` is how many cells the following lines are indented; `right` stands at the right edge of the first line;
    `target` is what the line leads to when it is chosen; `cut` shortens instead of wrapping.
    """

    spans: tuple[Span, ...] = ()
    hang: int = 0
    right: tuple[Span, ...] = ()
    target: object = None
    cut: bool = False

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(s.text for s in self.spans)


def line(
    *parts: str | Span, hang: int = 0, right: Sequence[Span] = (), target: object = None, cut: bool = False
) -> Line:
    """A line of plain strings and spans; every one of them is made safe to draw."""
    return Line(tuple(_safe(p) for p in parts), hang, tuple(_safe(p) for p in right), target, cut)


def _safe(part: str | Span) -> Span:
    return Span(safe_text(part)) if isinstance(part, str) else Span(safe_text(part.text), part.role)


BLANK = Line()


def fit(text: str, width: int, more: str = "…") -> str:
    """`text` in exactly `width` cells, cut with `more` where it is longer."""
    if width <= 0:
        return ""
    if text.isascii():
        length = len(text)
        if length <= width:
            return text + " " * (width - length)
        return text[: width - 1] + more if width > 1 else text[:width]
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + more if width > 1 else set_cell_size(text, width)


def wrap(entry: Line, width: int, more: str = "…") -> list[tuple[Span, ...]]:
    """The rows of a line at `width` cells; a word longer than a row is cut into rows."""
    width = max(width, 8)
    right = sum(cell_len(s.text) for s in entry.right)
    if entry.right and right + 8 > width:
        right = 0
    first = width - (right + 2 if right else 0)
    hang = min(entry.hang, width // 2)
    rows = [_cut(entry.spans, first, more)] if entry.cut else list(_rows(entry.spans, first, width, hang))
    if entry.right and right:
        used = sum(cell_len(s.text) for s in rows[0])
        rows[0] = (*rows[0], Span(" " * (width - right - used)), *entry.right)
    elif entry.right:
        rows.append(_cut(entry.right, width, more))
    return rows


def _cut(spans: Iterable[Span], width: int, more: str) -> tuple[Span, ...]:
    kept: list[Span] = []
    left = width
    for span in spans:
        length = cell_len(span.text)
        if length > left:
            kept.append(Span(fit(span.text, left, more), span.role))
            break
        kept.append(span)
        left -= length
    return tuple(kept)


def _rows(spans: Sequence[Span], first: int, width: int, hang: int) -> Iterator[tuple[Span, ...]]:
    row: list[Span] = []
    left = first
    gap = 0
    for word in _words(spans):
        if not word.text.strip(" "):
            gap += len(word.text)
            continue
        pieces = [word.text]
        length = cell_len(word.text)
        if length + gap > left:
            if row:
                yield tuple(row)
                row, left = [Span(" " * hang)] if hang else [], width - hang
                gap = 0
            if length > left:
                pieces = chop_cells(word.text, left)
                for piece in pieces[:-1]:
                    yield (*row, Span(piece, word.role))
                    row = [Span(" " * hang)] if hang else []
                    left = width - hang
        if gap:
            row.append(Span(" " * gap))
            left -= gap
        row.append(Span(pieces[-1], word.role))
        left -= cell_len(pieces[-1])
        gap = 0
    yield tuple(row)


def _words(spans: Sequence[Span]) -> Iterator[Span]:
    """Words and the runs of blanks between them, each with its role."""
    for span in spans:
        start, blank = 0, span.text[:1] == " "
        for place, letter in enumerate(span.text):
            if (letter == " ") is not blank:
                yield Span(span.text[start:place], span.role)
                start, blank = place, not blank
        if start < len(span.text):
            yield Span(span.text[start:], span.role)
