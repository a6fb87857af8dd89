"""The rules of every session of a table at once: by classes of rows and sets of rules.

Rows are numbered by what the rulebases can tell apart (`rows`); the rules that take a class are sets (`rulesets`),
and a session's rules are the intersection of a handful of sets, worked out once for all sessions that are
alike. The answer is that of `Engine.look_up`, row by row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from whydeny.policy.rulesets import Sets, both
from whydeny.policy.watch import Watch, Watcher

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
    watched: Mapping[Rulebase, Watch] | None = None,
) -> pl.DataFrame:
    """The evaluated rule of every session, in table order.

    `frame` has the columns of `schema(Kind.TRAFFIC)`. For each rulebase R there are three columns: `R_rule`, the
    index of the first rule that certainly matches in `engine.policy.rules[R]` (Int32, -1 for none);
    `R_certainty`; `R_possible`, the index of the first rule before it that can't be judged (-1 for none).
    `logged` takes the security rule that a row names as evidence, as `allowed_by` does in a single look-up. A rulebase
    that is `watched` has two more: `R_touched`, whether a watched rule takes the row, or may, before or as the one that
    matches; `R_turning`, the index of the first rule before it that can't be judged and would do otherwise, a watched
    one before others (-1 for none). Raises `Cancelled`.
    """
    return match_each([Question(engine, tuple(rulebases), watched or {})], frame, logged, progress)[0]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one policy: the rulebases to look into, and the rules to watch in them."""

    engine: Engine
    rulebases: tuple[Rulebase, ...] = RULEBASES
    watched: Mapping[Rulebase, Watch] = field(default_factory=dict)


def match_each(
    questions: Sequence[Question], frame: pl.DataFrame, logged: bool = False, progress: Progress | None = None
) -> list[pl.DataFrame]:
    """`match_all` for several policies over the same rows, which are numbered once for all of them.

    The policies have the same release, application table and user-made applications; anything else may differ.
    """
    every_bits = [
        {rulebase: RuleBits(one.engine.compiled.get(rulebase, ()), one.engine.defaults) for rulebase in one.rulebases}
        for one in questions
    ]
    parts: list[list[pl.DataFrame]] = [[] for _ in questions]
    first = questions[0].engine
    for start in range(0, max(frame.height, 1), _SLICE):
        if progress is not None:
            progress.step("matching sessions", start, frame.height)
        some = [rules for bits in every_bits for rules in bits.values()]
        rows = Rows(first.catalog, first.defaults, some, frame.slice(start, _SLICE))
        for question, bits, found in zip(questions, every_bits, parts, strict=True):
            if progress is not None:
                progress.step("matching sessions", start, frame.height)
            found.append(_match_rows(question, bits, rows, logged))
    return [pl.concat(found) for found in parts]


def _match_rows(question: Question, bits: Mapping[Rulebase, RuleBits], rows: Rows, logged: bool) -> pl.DataFrame:
    engine, watched = question.engine, question.watched
    columns: dict[str, pl.Series] = {}
    for rulebase, rules in bits.items():
        by_log = rows.logged_rules() if logged and rulebase is Rulebase.SECURITY else None
        watcher = Watcher(rules, engine.compiled.get(rulebase, ()), watched[rulebase]) if rulebase in watched else None
        missing = engine.policy.pushed_missing or rulebase not in engine.policy.rules
        found = _match_rulebase(rules, rows, by_log, missing, watcher, engine.not_all_shown(rulebase))
        columns[f"{rulebase}_rule"] = pl.Series(found.matched, dtype=pl.Int32)
        columns[f"{rulebase}_certainty"] = _WORDS.gather(pl.Series(found.certainty))
        columns[f"{rulebase}_possible"] = pl.Series(found.possible, dtype=pl.Int32)
        if watcher is not None:
            touched, turning = watcher.answer(found.ids)
            columns[f"{rulebase}_touched"] = pl.Series(touched, dtype=pl.Boolean)
            columns[f"{rulebase}_turning"] = pl.Series(turning, dtype=pl.Int32)
    return pl.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class _Matched:
    matched: npt.NDArray[np.int32]
    certainty: npt.NDArray[np.uint8]
    possible: npt.NDArray[np.int32]
    ids: npt.NDArray[np.int32]  # the class of every row


@dataclass(frozen=True, slots=True)
class Ruled:
    """Rows by the rules that a criterion leaves them: classes with different sets only."""

    classes: Classes
    sets: list[Sets]


def _rule(family: Family[T], ask: Callable[[T], Sets]) -> Ruled:
    """A family's classes, those merged that leave the same rules."""
    places: dict[Sets, int] = {}
    place_of = [places.setdefault(ask(value), len(places)) for value in family.values]
    ids = np.array(place_of, dtype=np.int32)[family.classes.ids] if place_of else family.classes.ids
    first = np.zeros(len(places), dtype=np.int64)
    first[place_of] = family.classes.first
    return Ruled(Classes(ids, first), list(places))


def ruled_rows(rules: RuleBits, rows: Rows) -> list[Ruled]:
    """The rows by each criterion of a rulebase, in the order in which most of them share a beginning."""
    return [
        _rule(rows.zones, lambda pair: rules.zones.sets(*pair)),
        _rule(rows.times, rules.schedules.sets),
        _rule(rows.services, lambda value: rules.services.sets(*value)),
        _rule(rows.applications, rules.applications.sets),
        _rule(rows.users, rules.users.sets),
        _rule(rows.categories, lambda category: rules.categories.sets(*category)),
        _rule(rows.source, rules.source.sets),
        _rule(rows.destination, rules.destination.sets),
    ]


def _match_rulebase(
    rules: RuleBits,
    rows: Rows,
    by_log: Family[str | None] | None,
    missing: bool,
    watcher: Watcher | None,
    open_to: int = 0,
) -> _Matched:
    """The rules of one slice in one rulebase; `missing` says that some or all of its rules are not there, `open_to` how
    many, from the first on, may ask for more than is known."""
    parts = ruled_rows(rules, rows)
    earlier_than = rules.above if watcher is None else watcher.earlier
    above = _rule(by_log, lambda name: (earlier_than(name), 0)) if by_log is not None else None
    every = combine([*([above.classes] if above else []), *(part.classes for part in parts)])
    earlier = above.classes.ids[every.first].tolist() if above else []
    sets = [part.sets for part in parts]
    places = zip(*(part.classes.ids[every.first].tolist() for part in parts), strict=True)
    certain_bits: list[int] = []
    possible_bits: list[int] = []
    # Classes come sorted, so neighbours begin alike: what they share of the intersection is kept, and nothing else.
    begun: list[Sets] = [rules.fixed, *([(0, 0)] * len(parts))]
    last: tuple[int, ...] = (-1,) * len(parts)
    for row, place in enumerate(places):
        depth = 0
        while depth < len(last) and place[depth] == last[depth]:
            depth += 1
        found = begun[depth]
        for at in range(depth, len(parts)):
            found = begun[at + 1] = both(found, sets[at][place[at]])
        last = place
        certain, unsettled = found
        if above is not None and unsettled:
            firm = sets[0][place[0]][0] & sets[1][place[1]][0] & sets[2][place[2]][0]
            unsettled &= ~(rules.evident & firm & above.sets[earlier[row]][0])
        certain_bits.append(certain.bit_length())
        possible_bits.append((certain | unsettled).bit_length())
        if watcher is not None:
            watcher.note(certain, unsettled)
    return _answer(rules, every, certain_bits, possible_bits, missing, open_to)


def _answer(
    rules: RuleBits, every: Classes, certain_bits: list[int], possible_bits: list[int], missing: bool, open_to: int
) -> _Matched:
    """The answer of every row, from the highest bits of its class."""
    certain = np.array(certain_bits, dtype=np.int32)
    possible = np.array(possible_bits, dtype=np.int32)
    matched = np.where(certain > 0, rules.size - certain, -1).astype(np.int32)
    earlier = np.where(possible > certain, rules.size - possible, -1).astype(np.int32)
    doubt = (earlier >= 0) | missing | ((matched >= 0) & (matched < open_to))
    certainty = np.where(doubt, np.where(matched >= 0, _CONDITIONAL, _UNKNOWN), _CERTAIN).astype(np.uint8)
    return _Matched(matched[every.ids], certainty[every.ids], earlier[every.ids], every.ids)
