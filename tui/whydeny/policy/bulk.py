"""The rules of every session of a table at once: by classes of rows and sets of rules.

Rows are numbered by what the rulebases can tell apart (`rows`); the rules that take a class are sets (`rulesets`),
and a session's rules are the intersection of a handful of sets, worked out once for all sessions that are
alike. The answer is that of `Engine.look_up`, row by row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.configuration import Rulebase
from whydeny.model.progress import Progress
from whydeny.policy.classes import Classes, combine
from whydeny.policy.engine import Engine
from whydeny.policy.lookup import Certainty
from whydeny.policy.rows import Family, Rows
from whydeny.policy.rulebits import RuleBits
from whydeny.policy.rulesets import Sets

T = TypeVar("T")

RULEBASES = (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
CERTAINTY = pl.Enum([value.value for value in Certainty])
_WORDS = pl.Series([value.value for value in Certainty], dtype=CERTAINTY)
_CERTAIN, _CONDITIONAL, _UNKNOWN = range(3)  # in the order of Certainty
_SLICE = 1_000_000  # rows worked on at a time, which bounds the memory


def match_all(
    engine: Engine,
    frame: pl.DataFrame,
    rulebases: Sequence[Rulebase] = RULEBASES,
    logged: bool = False,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """The evaluated rule of every session, in table order.

    `frame` has the columns of `schema(Kind.TRAFFIC)`. For each rulebase R there are three columns: `R_rule`, the
    index of the first rule that certainly matches in `engine.policy.rules[R]` (Int32, -1 for none);
    `R_certainty`; `R_possible`, the index of the first rule before it that can't be judged (-1 for none).
    `logged` takes the security rule that a row names as evidence, as `allowed_by` does in a single look-up. Raises
    `Cancelled`.
    """
    bits = {rulebase: RuleBits(engine.compiled.get(rulebase, ()), engine.defaults) for rulebase in rulebases}
    parts = []
    for start in range(0, max(frame.height, 1), _SLICE):
        if progress is not None:
            progress.step("matching sessions", start, frame.height)
        parts.append(_match_slice(engine, bits, frame.slice(start, _SLICE), logged))
    return pl.concat(parts)


def _match_slice(engine: Engine, bits: dict[Rulebase, RuleBits], frame: pl.DataFrame, logged: bool) -> pl.DataFrame:
    rows = Rows(engine.catalog, engine.defaults, list(bits.values()), frame)
    columns: dict[str, pl.Series] = {}
    for rulebase, rules in bits.items():
        by_log = rows.logged_rules() if logged and rulebase is Rulebase.SECURITY else None
        found = _match_rulebase(rules, rows, by_log, engine.policy.pushed_missing)
        columns[f"{rulebase}_rule"] = pl.Series(found.matched, dtype=pl.Int32)
        columns[f"{rulebase}_certainty"] = _WORDS.gather(pl.Series(found.certainty))
        columns[f"{rulebase}_possible"] = pl.Series(found.possible, dtype=pl.Int32)
    return pl.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class _Matched:
    matched: npt.NDArray[np.int32]
    certainty: npt.NDArray[np.uint8]
    possible: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Ruled:
    """Rows by the rules that a criterion leaves them: classes with different sets only."""

    classes: Classes
    sets: list[Sets]


def _rule(family: Family[T], ask: Callable[[T], Sets]) -> _Ruled:
    """A family's classes, those merged that have the same rules. Equal sets are one object, also within a pair."""
    places: dict[Sets, int] = {}
    place_of = []
    for value in family.values:
        certain, possible = ask(value)
        pair = (certain, certain if possible == certain else possible)
        place_of.append(places.setdefault(pair, len(places)))
    ids = np.array(place_of, dtype=np.int32)[family.classes.ids] if place_of else family.classes.ids
    first = np.zeros(len(places), dtype=np.int64)
    first[place_of] = family.classes.first
    return _Ruled(Classes(ids, first), list(places))


def _match_rulebase(rules: RuleBits, rows: Rows, by_log: Family[str | None] | None, pushed_missing: bool) -> _Matched:
    """The rules of one slice in one rulebase."""
    front, front_sets, settled = _front(rules, rows, by_log)
    source = _rule(rows.source, rules.source.sets)
    destination = _rule(rows.destination, rules.destination.sets)
    every = combine([front, source.classes, destination.classes])
    places = (part.ids[every.first].tolist() for part in (front, source.classes, destination.classes))
    certain_bits: list[int] = []
    possible_bits: list[int] = []
    before: tuple[int, int] | None = None
    some_certain = some_possible = 0
    for at_front, at_source, at_destination in zip(*places, strict=True):
        if before != (at_front, at_source):  # classes come sorted, so neighbours share their first two sets
            before = (at_front, at_source)
            some_certain, some_possible = _both(front_sets[at_front], source.sets[at_source])
        certain, possible = _both((some_certain, some_possible), destination.sets[at_destination])
        if settled is not None and possible is not certain:
            possible &= certain | ~settled[at_front]
        certain_bits.append(certain.bit_length())
        possible_bits.append(possible.bit_length())
    return _answer(rules, every, certain_bits, possible_bits, pushed_missing)


def _both(one: Sets, other: Sets) -> Sets:
    certain = one[0] & other[0]
    if one[0] is one[1] and other[0] is other[1]:
        return certain, certain
    return certain, one[1] & other[1]


def _front(
    rules: RuleBits, rows: Rows, by_log: Family[str | None] | None
) -> tuple[Classes, list[Sets], list[int] | None]:
    """Everything but the addresses put together, and the rules that a row's own rule settles."""
    zones = _rule(rows.zones, lambda pair: rules.zones.sets(*pair))
    users = _rule(rows.users, rules.users.sets)
    applications = _rule(rows.applications, rules.applications.sets)
    services = _rule(rows.services, lambda value: rules.services.sets(*value))
    categories = _rule(rows.categories, rules.categories.sets)
    times = _rule(rows.times, rules.schedules.sets)
    parts = [zones, services, applications, users, categories, times]
    classes = [part.classes for part in parts]
    above = None
    if by_log is not None:
        above = _rule(by_log, lambda name: (rules.above(name),) * 2)
        classes.append(above.classes)
    every = combine(classes)
    sets: list[Sets] = []
    settled: list[int] = []
    at_part = [part.classes.ids[every.first].tolist() for part in parts]
    at_above = above.classes.ids[every.first].tolist() if above is not None else []
    for place in range(len(every)):
        found = rules.fixed
        for part, at in zip(parts, at_part, strict=True):
            found = _both(found, part.sets[at[place]])
        sets.append((found[0], found[0] if found[1] == found[0] else found[1]))
        if above is not None:
            firm = (
                zones.sets[at_part[0][place]][0]
                & services.sets[at_part[1][place]][0]
                & times.sets[at_part[5][place]][0]
            )
            settled.append(rules.evident & firm & above.sets[at_above[place]][0])
    return every, sets, settled if above is not None else None


def _answer(
    rules: RuleBits, every: Classes, certain_bits: list[int], possible_bits: list[int], pushed_missing: bool
) -> _Matched:
    """The answer of every row, from the highest bits of its class."""
    certain = np.array(certain_bits, dtype=np.int32)
    possible = np.array(possible_bits, dtype=np.int32)
    matched = np.where(certain > 0, rules.size - certain, -1).astype(np.int32)
    earlier = np.where(possible > certain, rules.size - possible, -1).astype(np.int32)
    doubt = (earlier >= 0) | pushed_missing
    certainty = np.where(doubt, np.where(matched >= 0, _CONDITIONAL, _UNKNOWN), _CERTAIN).astype(np.uint8)
    return _Matched(matched[every.ids], certainty[every.ids], earlier[every.ids])
