"""Plain words: what is typed in the filter bar when it isn't the language, found in any visible column."""

import re
from collections.abc import Collection

import polars as pl

from whydeny.filters.fields import FLAG_NAMES, find_field
from whydeny.filters.match import any_of, has_bits, has_digits, has_text, has_word
from whydeny.filters.parse import LONGEST
from whydeny.filters.seen import address_seen, time_seen
from whydeny.filters.tree import FilterError
from whydeny.model.columns import COLUMNS, Kind, Type
from whydeny.model.protocols import protocol_name

MOST_WORDS = 20

_OPENING = re.compile(r"\s*(?:\(|!|not\s*\(|all\s*$)", re.IGNORECASE)
_TERM = re.compile(
    r"\s*(?:not\s+)*('[^']+'|\"[^\"]+\"|[A-Za-z_][\w.:#/-]*)"
    r"\s*(?:[<>=!]=|[<>=]|(?<=\s)(?:eq|neq|in|notin|contains|has|leq|geq|lt|gt)(?![\w.]))",
    re.IGNORECASE,
)


def is_language(text: str) -> bool:
    """Whether `text` is meant as the filter language and not as words to look for.

    It is where it opens with a parenthesis or a negation, or with a field of any log and an operator, finished
    or not; `all` alone is the language too.
    """
    if _OPENING.match(text):
        return True
    found = _TERM.match(text)
    return found is not None and any(find_field(found[1].strip("'\""), kind) is not None for kind in Kind)


def plain_words(text: str, columns: Collection[str], kind: Kind = Kind.TRAFFIC) -> pl.Expr:
    """Rows where each word of `text` is found in at least one of the visible `columns`, without case.

    `columns` are column names of the kind, or of the judged frame (which hold text). Addresses are searched as
    they are shown, IPv6 ones from their beginning; times by the beginning of their date or clock. Raises
    `FilterError` for more than `MOST_WORDS` words.
    """
    words = text.split()
    if len(text) > LONGEST or len(words) > MOST_WORDS:
        raise FilterError(f"more than {MOST_WORDS} words to look for.")
    types = {column.name: column.type for column in COLUMNS[kind]}
    tests = []
    for word in words:
        found = [test for name in columns if (test := _find(name, types.get(name), word)) is not None]
        tests.append(any_of(found) if found else pl.repeat(False, pl.len()))
    return pl.all_horizontal(tests) if tests else pl.repeat(True, pl.len())


def _find(name: str, held: Type | None, word: str) -> pl.Expr | None:
    """The test for one word in one column; None where the column can't show such a word."""
    column = pl.col(name)
    match held:
        case Type.ADDRESS:
            return address_seen(name, word)
        case Type.NUMBER | Type.PORT:
            return has_digits(column, word) if word.isascii() and word.isdigit() else None
        case Type.PROTOCOL:
            numbers = [number for number in range(256) if word.lower() in (protocol_name(number) or "")]
            return column.is_in(numbers).fill_null(False) if numbers else None
        case Type.FLAGS:
            bits = {int(bit) for flag, bit in FLAG_NAMES.items() if word.lower() in flag}
            return any_of([has_bits(column, bit) for bit in sorted(bits)]) if bits else None
        case Type.TIME:
            return time_seen(column, word)
        case Type.TEXT:
            return has_text(column, word)
        case Type.WORD | None:
            return has_word(column, word)
