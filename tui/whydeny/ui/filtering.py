"""What was typed in the filter bar, as a condition on the session table."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from whydeny.filters.compile import compile_filter, needs_judgement
from whydeny.filters.parse import parse_filter
from whydeny.filters.plain import is_language, plain_words
from whydeny.filters.tree import quote
from whydeny.model.columns import Kind
from whydeny.ui.columns import ScreenColumn

DENIED = "( outcome eq allowed-then-denied )"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that can be used. `condition` is None where everything passes; `judged` says that it asks for a
    verdict, so that it must be applied again when the sessions have been judged."""

    text: str
    condition: pl.Expr | None
    judged: bool = False


def understand(text: str, columns: Sequence[ScreenColumn], frame: pl.DataFrame) -> Filter:
    """The filter behind `text`: the filter language where it reads as such, else words for the visible `columns`.

    Raises `FilterError`, which points at the place.
    """
    if not text.strip():
        return Filter(text, None)
    if is_language(text):
        return Filter(text, compile_filter(text, columns=frame.columns), needs_judgement(parse_filter(text)))
    seen = dict.fromkeys(name for column in columns for name in column.searched)
    known = [name for name in seen if name in frame.columns or f"{name}_lo" in frame.columns]
    return Filter(text, plain_words(text, known, Kind.TRAFFIC), judged="cause" in seen)


def only(text: str, column: ScreenColumn, value: str, without: bool = False) -> str | None:
    """`text` with the condition that `column` holds `value`, or doesn't; None where the column can't be asked for.

    Words that were there stay words no longer: a filter is either language or words, so the condition replaces
    them.
    """
    if not column.field:
        return None
    operator = ("notin" if without else "in") if column.field.startswith("addr") else ("neq" if without else "eq")
    term = f"( {column.field} {operator} {quote(value)} )"
    before = text.strip()
    if not before or before == "all" or not is_language(before):
        return term
    if term in before:
        return before
    return f"{before} and {term}"
