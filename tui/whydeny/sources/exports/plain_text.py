"""Any text as UTF-8 with plain line breaks, whatever it was saved as."""

import codecs
import re

from whydeny.sources.exports.blocks import ByteStream, encoding_of

_PIECE = 1 << 20
_DECLARED = re.compile(r"""\A(\s*<\?xml\b[^>]{0,200}?)\s+encoding\s*=\s*(?:"[^"]{0,40}"|'[^']{0,40}')""")
_WIDE = re.compile(rb"""\A\s*<\?xml\b[^>]{0,200}?\sencoding\s*=\s*["'](?:utf-?16|utf-?32|ucs-?[24]|iso-10646)""", re.I)


def is_plain(head: bytes) -> bool:
    """Whether a text that begins with `head` is UTF-8 with line feeds as it stands; a byte-order mark does no harm.

    XML in any encoding of single bytes counts as plain too: it says itself which one, except where that is wrong.
    """
    encoding, mark = encoding_of(head)
    if encoding == "cp1252" and head.lstrip().startswith(b"<") and not head.lstrip()[1:2].isdigit():
        return True
    if encoding != "utf-8" or _has_old_breaks(head):
        return False
    return not _WIDE.match(head[mark : mark + 400])


def plain_head(head: bytes) -> bytes:
    """The beginning of a text as `PlainText` gives it."""
    encoding, mark = encoding_of(head)
    return _plain(head[mark:].decode(encoding, "replace"), first=True, old_breaks=_has_old_breaks(head))


class PlainText:
    """A stream of UTF-8 made of one in another encoding, or with the line breaks of old.

    What an XML declaration says of the encoding is left out: it is not so any more, and often never was.
    """

    def __init__(self, stream: ByteStream, head: bytes) -> None:
        encoding, mark = encoding_of(head)
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._old_breaks = _has_old_breaks(head)
        self._first = True
        self._ended = False
        self._held = b""
        stream.read(mark)

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        if not size:
            return b""
        while not self._ended and (size < 0 or not self._held):
            piece = self._stream.read(_PIECE)
            self._ended = not piece
            text = self._decoder.decode(piece, self._ended)
            self._held += _plain(text, self._first, self._old_breaks)
            self._first = False
        taken = len(self._held) if size < 0 else size
        data, self._held = self._held[:taken], self._held[taken:]
        return data


def _plain(text: str, first: bool, old_breaks: bool) -> bytes:
    if first:
        text = _DECLARED.sub(r"\1", text.lstrip("\ufeff"), count=1)
    return (text.replace("\r", "\n") if old_breaks else text).encode("utf-8", "replace")


def _has_old_breaks(head: bytes) -> bool:
    """Whether lines end in a carriage return alone."""
    return b"\r" in head and b"\n" not in head
