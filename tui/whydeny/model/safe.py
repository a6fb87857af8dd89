"""Text from a firewall or a file, made harmless before it is shown, copied or compared."""

import re

# C0 and C1 controls, the bidirectional overrides and isolates, zero-width and line separators,
# tag characters and the byte-order mark: all of them can make a terminal or a reader see another text.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACE = re.compile("[\t\n\r\x0b\x0c\u2028\u2029]+")

LONGEST = 4096


def safe_text(text: str, longest: int = LONGEST) -> str:
    """`text` on one line without control, escape or bidi characters, cut at `longest` characters.

    Line breaks and tabs become one space; every other hostile character becomes U+FFFD so that its
    presence stays visible.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _HOSTILE.sub("\ufffd", _SPACE.sub(" ", text))


def is_safe(text: str) -> bool:
    """Whether `safe_text` would leave `text` as it is."""
    return safe_text(text) == text
