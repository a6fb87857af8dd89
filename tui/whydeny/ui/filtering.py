"""What was typed in the filter bar, as a condition on the session table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import polars as pl

from whydeny.filters.compile import compile_filter, needs_judgement
from whydeny.filters.fields import field_of_term
from whydeny.filters.native import narrowed, term, terms
from whydeny.filters.native import without as less
from whydeny.filters.parse import parse_filter
from whydeny.filters.plain import is_language, plain_words
from whydeny.filters.times import log_time
from whydeny.filters.tree import FilterError, Operator, Term, every_term
from whydeny.model.columns import Kind
from whydeny.ui.columns import ScreenColumn

# `and`, `or`, and what may become one of them with the next letter.
_CONNECTIVE = re.compile(r"(?:a|an|and|o|or)(?:$|\s|\()|&|\|", re.IGNORECASE)

# A bound of time as a span of the timeline sets it.
_SPAN = re.compile(r"\(\s*time_generated (?:geq|leq) ")

REFUSED_ANYHOW = "( outcome in ( allowed-then-denied policy-denied profile-block decryption-block ) )"
DENIED = "( outcome eq allowed-then-denied )"
REFUSED_NOW = f"{DENIED} or ( state eq discard )"  # those too that the session table still holds as discarded
# And those that it shows as refused and over.
REFUSED_OVER = f"{REFUSED_NOW} or ( ( state in ( init closed free ) ) and ( session_end_reason eq policy-deny ) )"


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


def unseen_values(text: str, frame: pl.DataFrame, kind: Kind = Kind.TRAFFIC) -> tuple[str, ...]:
    """A sentence for each word that a filter asks for and no row has, with those there are that look like it.

    Only for columns of words that are stored once each, where looking is quick.
    """
    if not is_language(text):
        return ()
    try:
        asked = every_term(parse_filter(split_words(text)[0]))
        found = [_unseen(term, frame, kind) for term in asked if term.operator is Operator.EQ]
    except FilterError:
        return ()
    return tuple(sentence for sentence in found if sentence)


def _unseen(term: Term, frame: pl.DataFrame, kind: Kind) -> str:
    field = field_of_term(term, kind, frame.columns)
    columns = [name for name in field.columns if isinstance(frame.schema.get(name), pl.Categorical | pl.Enum)]
    if not columns:
        return ""
    there = {str(value) for name in columns for value in frame[name].drop_nulls().unique().cast(pl.String)}
    if term.value.lower() in {value.lower() for value in there}:
        return ""
    near = get_close_matches(term.value.lower(), sorted(there), 3, 0.6)
    return f"No row has {term.field} {term.value}" + (f"; there is {', '.join(near)}." if near else ".")


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
    """`text` with the condition that a row was written from `first` to `last`, instead of such a condition before; the new
    span lies within the old one. Raises like `only`."""
    language, words = split_words(text.strip()) if is_language(text) else ("", text.strip())
    for part in terms(language) if language else ():
        if _SPAN.match(part):
            language = less(language, part)
    text = f"{language} {words}".strip()
    span = f"( time_generated geq '{log_time(first)}' ) and ( time_generated leq '{log_time(last)}' )"
    return _with(text, span)


def _with(text: str, part: str) -> str:
    language, words = split_words(text.strip()) if is_language(text) else ("", text.strip())
    return f"{narrowed(language, part)} {words}".strip()
