"""A cause's manual page (Markdown, as the catalogue makes it) as lines: headings, lists, paragraphs, `code`."""

import re
from collections.abc import Iterator

from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, line

_CODE = re.compile(r"`([^`]+)`|<(https?://[^>]+)>")


def manual_lines(markdown: str, glyphs: Glyphs) -> list[Line]:
    """The page; lines of a paragraph are joined, so that it wraps to any width."""
    return list(_blocks(markdown.splitlines(), glyphs))


def _blocks(rows: list[str], glyphs: Glyphs) -> Iterator[Line]:
    paragraph: list[str] = []

    def flush() -> Iterator[Line]:
        if paragraph:
            text = " ".join(part.strip() for part in paragraph)
            listed = text.startswith(("* ", "- "))
            shown = [Span(f"  {glyphs.bullet} ", "quiet"), *_spans(text[2:])] if listed else _spans(text)
            paragraph.clear()
            yield line(*shown, hang=4 if listed else 0)

    for row in rows:
        if row.startswith("#"):
            yield from flush()
            yield line(Span(row.lstrip("# "), "title"))
        elif not row.strip():
            yield from flush()
            yield BLANK
        elif row.startswith("    "):
            yield from flush()
            yield line("  ", Span(row.strip(), "link"), hang=4)
        else:
            if row.startswith(("* ", "- ")):
                yield from flush()
            paragraph.append(row)
    yield from flush()


def _spans(text: str) -> list[Span]:
    spans = []
    at = 0
    for found in _CODE.finditer(text):
        spans.append(Span(text[at : found.start()]))
        spans.append(Span(found[1] or found[2], "strong" if found[1] else "link"))
        at = found.end()
    return [*spans, Span(text[at:])]
