"""The signs that the screen draws, as Unicode and for terminals that only know ASCII."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from whydeny.model.truth import Truth


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every sign that is not plain text. `ascii` is whether text from elsewhere must be put into ASCII too."""

    ascii: bool
    match: str
    no_match: str
    unknown: str
    full: str
    empty: str
    cursor: str
    mark: str
    ascending: str
    descending: str
    more: str
    above: str
    below: str
    folded: str
    opened: str
    beyond: str
    before: str
    dot: str
    dash: str
    against: str
    bullet: str
    spark: str
    event: str

    def sign(self, result: Truth) -> str:
        """The sign of a criterion's value; it says the same as the colour."""
        return {Truth.MATCH: self.match, Truth.NO_MATCH: self.no_match, Truth.UNKNOWN: self.unknown}[result]

    def bar(self, share: float, width: int = 10) -> str:
        """`share` (0 to 1) as a bar of `width` cells."""
        full = min(width, max(0, round(share * width)))
        return self.full * full + self.empty * (width - full)

    def plain(self, text: str) -> str:
        """`text` as this terminal can draw it: unchanged, or in ASCII with `?` for what has no likeness."""
        if not self.ascii or text.isascii():
            return text
        return text.translate(_LIKENESS).encode("ascii", "replace").decode("ascii")


UNICODE = Glyphs(
    ascii=False, match="✓", no_match="✗", unknown="?", full="▰", empty="▱", cursor="▌", mark="◆", ascending="▲",
    descending="▼", more="…", above="▴", below="▾", folded="▸", opened="▾", beyond="›", before="‹",
    dot="·", dash="—", against="–", bullet="•", spark="▁▂▃▄▅▆▇█", event="◆",
)  # fmt: skip
ASCII = Glyphs(
    ascii=True, match="+", no_match="-", unknown="?", full="#", empty=".", cursor=">", mark="*", ascending="^",
    descending="v", more="~", above="^", below="v", folded=">", opened="v", beyond=">", before="<",
    dot="|", dash="-", against="-", bullet="*", spark="_.:-=+*#", event="!",
)  # fmt: skip

_LIKENESS = str.maketrans(
    {
        "✓": "+", "✗": "-", "–": "-", "—": "-", "‑": "-", "…": "...", "·": "|", "→": "->", "←": "<-", "↔": "<->",
        "⇒": "=>", "≥": ">=", "≤": "<=", "≠": "!=", "∌": "lacks", "∉": "not in", "∈": "in", "×": "x", "•": "*",
        "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "▸": ">", "▲": "^", "▼": "v", "◆": "*", "±": "+-",
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "\N{NO-BREAK SPACE}": " ",
    }
)  # fmt: skip


def choose_glyphs(setting: str, environment: Mapping[str, str] = os.environ) -> Glyphs:
    """The signs for this terminal: `unicode` or `ascii` as set, else what the locale's character set can write.

    POSIX looks at LC_ALL, LC_CTYPE and LANG in this order; a locale without a character set is ASCII.
    """
    if setting in ("unicode", "ascii"):
        return UNICODE if setting == "unicode" else ASCII
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or ""
    return UNICODE if locale.lower().replace("-", "").endswith(("utf8", "utf8@euro")) else ASCII
