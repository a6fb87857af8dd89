"""What was typed in the filter bar, as a condition on the session table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from whydeny.filters.compile import compile_filter, needs_judgement
from whydeny.filters.native import narrowed, term
from whydeny.filters.parse import parse_filter
from whydeny.filters.plain import is_language, plain_words
from whydeny.filters.times import log_time
from whydeny.model.columns import Kind
from whydeny.ui.columns import ScreenColumn

# `and`, `or`, and what may become one of them with the next letter.
_CONNECTIVE = re.compile(r"(?:a|an|and|o|or)(?:$|\s|\()|&|\|", re.IGNORECASE)

REFUSED_ANYHOW = "( outcome in ( allowed-then-denied policy-denied profile-block decryption-block ) )"
DENIED = "( outcome eq allowed-then-denied )"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that can be used. `condition` is None where everything passes; `judged` says that it asks for a
    verdict, so that it must be applied again when the sessions have been judged."""

    text: str
    condition: pl.Expr | None
    judged: bool = False


def understand(text: str, columns: Sequence[ScreenColumn], frame: pl.DataFrame, kind: Kind = Kind.TRAFFIC) -> Filter:
    """The filter behind `text`: the filter language where it reads as such, else words for the visible `columns`.
    Words behind a closed language part are looked for in what that part selects.

    Raises `FilterError`, which points at the place.
    """
    if not text.strip():
        return Filter(text, None)
    if not is_language(text):
        return Filter(text, _words(text, columns, frame, kind), judged=_shows_verdicts(columns))
    language, words = split_words(text)
    condition = compile_filter(language, kind, frame.columns)
    judged = needs_judgement(parse_filter(language), kind)
    if not words:
        return Filter(text, condition, judged)
    return Filter(text, condition & _words(words, columns, frame, kind), judged or _shows_verdicts(columns))


def split_words(text: str) -> tuple[str, str]:
    """The language part up to its last parenthesis, and the words behind it; no words where what follows goes on
    in the language."""
    head, closing, tail = text.rpartition(")")
    words = tail.strip()
    if not closing or not words or is_language(words) or _CONNECTIVE.match(words):
        return text, ""
    return head + closing, words


def _words(text: str, columns: Sequence[ScreenColumn], frame: pl.DataFrame, kind: Kind) -> pl.Expr:
    seen = dict.fromkeys(name for column in columns for name in column.searched)
    known = [name for name in seen if name in frame.columns or f"{name}_lo" in frame.columns]
    return plain_words(text, known, kind)


def _shows_verdicts(columns: Sequence[ScreenColumn]) -> bool:
    return any("cause" in column.searched or "denied_by" in column.searched for column in columns)


def only(text: str, column: str, value: object, without: bool = False, kind: Kind = Kind.TRAFFIC) -> str:
    """`text` with the condition that a column holds a value (None: none), or doesn't, added to it; words stay behind.

    Raises `FilterError` for a column that no field asks for, and for a `text` that can't be used.
    """
    return _with(text, term(column, value, without, kind))


def within(text: str, first: datetime, last: datetime) -> str:
    """`text` with the condition that a row was written from `first` to `last`. Raises like `only`."""
    span = f"( time_generated geq '{log_time(first)}' ) and ( time_generated leq '{log_time(last)}' )"
    return _with(text, span)


def _with(text: str, part: str) -> str:
    language, words = split_words(text.strip()) if is_language(text) else ("", text.strip())
    return f"{narrowed(language, part)} {words}".strip()
