"""Completion in the filter bar: the fields, operators, values and joints that fit where the cursor stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import polars as pl

from whydeny.filters.fields import FLAG_NAMES, SEVERITIES, Field, Holds, fields_of, find_field
from whydeny.filters.match import has_digits, has_word
from whydeny.filters.seen import address_seen
from whydeny.filters.times import CALENDAR_PERIODS, NATIVE_PERIODS, log_time, newest
from whydeny.filters.tree import field_text, quote
from whydeny.model.addresses import format_address, join_halves
from whydeny.model.columns import Kind
from whydeny.model.protocols import protocol_name

MOST = 50  # options


@dataclass(frozen=True, slots=True)
class Option:
    """Something that fits: what it puts in, a word about it, and how many rows have it where that was counted."""

    text: str
    about: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What fits for `text[start:end]`, best first."""

    start: int
    end: int
    options: tuple[Option, ...]

    def applied(self, text: str, option: Option) -> tuple[str, int]:
        """The text with an option put in, and where the cursor stands then."""
        rest = text[self.end :]
        put = option.text if rest[:1] in (" ", ")") else option.text + " "
        return text[: self.start] + put + rest, self.start + len(put) + (rest[:1] == " ")


class _Awaits(Enum):
    FIELD = auto()
    OPERATOR = auto()
    VALUE = auto()
    LIST = auto()
    JOINT = auto()


_TOKEN = re.compile(r"""\s+|[()]|!(?!=)|[<>=!]=?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|[^\s()'"<>=!]+""")
_REST = re.compile(r"[^\s()'\"]*")


@dataclass(slots=True)
class _Place:
    awaits: _Awaits
    field: str
    depth: int
    start: int  # of the unfinished token
    token: str


def _place(text: str) -> _Place:
    """What is awaited at the end of `text`, and the token that stands unfinished there."""
    place = _Place(_Awaits.FIELD, "", 0, len(text), "")
    for found in _TOKEN.finditer(text):
        token = found[0]
        unfinished = found.end() == len(text) and not token.isspace() and token not in ("(", ")", "!")
        if unfinished and not _closed(token):
            place.start, place.token = found.start(), token
            return place
        _step(place, token)
    return place


def _closed(token: str) -> bool:
    return token[0] in "'\"" and len(token) > 1 and token[-1] == token[0] and token.count(token[0]) % 2 == 0


def _step(place: _Place, token: str) -> None:
    if token.isspace():
        return
    word = token.lower()
    match place.awaits:
        case _Awaits.FIELD:
            if token == "(":
                place.depth += 1
            elif token != "!" and word != "not":
                place.field = token.strip("'\"")
                place.awaits = _Awaits.JOINT if word == "all" else _Awaits.OPERATOR
        case _Awaits.OPERATOR:
            place.awaits = _Awaits.VALUE
        case _Awaits.VALUE:
            place.awaits = _Awaits.LIST if token == "(" else _Awaits.JOINT
        case _Awaits.LIST:
            place.awaits = _Awaits.JOINT if token == ")" else _Awaits.LIST
        case _Awaits.JOINT:
            if token == ")":
                place.depth = max(0, place.depth - 1)
            elif word in ("and", "or"):
                place.awaits = _Awaits.FIELD


def complete(text: str, cursor: int, kind: Kind = Kind.TRAFFIC, frame: pl.DataFrame | None = None) -> Completion:
    """What fits at `cursor`. Values come from `frame` (a table of the kind, with the judged frame joined where
    there is one), the most frequent first; it takes some ten milliseconds a million rows."""
    place = _place(text[:cursor])
    rest = _REST.match(text, cursor)
    end = rest.end() if rest is not None and place.token else cursor
    return Completion(place.start, end, tuple(_options(place, kind, frame))[:MOST])


def _options(place: _Place, kind: Kind, frame: pl.DataFrame | None) -> list[Option]:
    token = place.token.lower()
    match place.awaits:
        case _Awaits.FIELD:
            options = [Option(field_text(field.name), field.what) for field in fields_of(kind)]
            if frame is not None:
                options += [Option(field_text(n), "a column of the export") for n in frame.columns if n[:2] == "x:"]
            return _ranked([*options, Option("("), Option("not"), Option("all", "every row")], token.strip("'\""))
        case _Awaits.JOINT:
            return _ranked([*([Option(")")] if place.depth else []), Option("and"), Option("or")], token)
        case _:
            field = find_field(place.field, kind, () if frame is None else frame.columns)
            if field is None:
                return []
            if place.awaits is _Awaits.OPERATOR:
                return _ranked([Option(operator) for operator in field.operators], token)
            return _values(field, place.token.strip("'\""), frame)


def _ranked(options: list[Option], token: str) -> list[Option]:
    """The options that contain `token`, those that begin with it or have a part that does first."""
    if not token:
        return options
    fitting = [option for option in options if token in option.text.lower()]
    return sorted(fitting, key=lambda o: (not o.text.lower().startswith(token), f".{token}" not in o.text.lower()))


def _values(field: Field, token: str, frame: pl.DataFrame | None) -> list[Option]:
    match field.holds:
        case Holds.SWITCH:
            return _ranked([Option("yes"), Option("no")], token.lower())
        case Holds.SEVERITY:
            return _ranked([Option(word) for word in reversed(SEVERITIES)], token.lower())
        case Holds.FLAGS:
            return _ranked([Option(name, f"{bit:#010x}") for name, bit in FLAG_NAMES.items()], token.lower())
        case Holds.DECIMAL:
            return _ranked([Option(f"{step / 10:.1f}") for step in range(9, 0, -1)], token)
        case Holds.TIME:
            now = newest(frame) if frame is not None else None
            options = [Option(word) for word in (*NATIVE_PERIODS, *CALENDAR_PERIODS)]
            return _ranked([*options, *([Option(quote(log_time(now)), "the newest")] if now else [])], token.lower())
        case _:
            return _counted(field, token, frame) if frame is not None else []


def _counted(field: Field, token: str, frame: pl.DataFrame) -> list[Option]:
    counts: dict[str, int] = {}
    for name in field.columns:
        for value, count in _occurring(name, field.holds, token, frame):
            counts[value] = counts.get(value, 0) + count
    ranked = sorted(counts.items(), key=lambda item: (not item[0].lower().startswith(token.lower()), -item[1], item[0]))
    return [Option(quote(value), count=count) for value, count in ranked]


def _occurring(name: str, holds: Holds, token: str, frame: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """The most frequent values of a column that contain `token`, with their counts."""
    if holds is Holds.ADDRESS:
        yield from _addresses(name, token, frame)
        return
    if name not in frame.columns:
        return
    column = pl.col(name)
    rows = frame.lazy().filter(column.is_not_null())
    if holds not in (Holds.WORD, Holds.TEXT, Holds.PROTOCOL) and token:
        rows = rows.filter(has_digits(column, token))
    counted = rows.group_by(name).len("rows")
    if holds in (Holds.WORD, Holds.TEXT):
        counted = counted.filter(has_word(column, token))
    for value, count in counted.sort("rows", name, descending=[True, False]).head(MOST).collect().iter_rows():
        text = protocol_name(value) or "" if holds is Holds.PROTOCOL else str(value)
        if token.lower() in text.lower():
            yield text, count


def _addresses(name: str, token: str, frame: pl.DataFrame) -> Iterator[tuple[str, int]]:
    high, low = f"{name}_hi", f"{name}_lo"
    test = pl.col(low).is_not_null()
    if token:
        seen = address_seen(name, token)
        if seen is None:
            return
        test = test & seen
    counted = (
        frame.lazy()
        .filter(test)
        .group_by(high, low)
        .len("rows")
        .sort("rows", high, low, descending=[True, False, False])
    )
    for value_high, value_low, count in counted.head(MOST).collect().iter_rows():
        yield format_address(join_halves(value_high or 0, value_low)), count
