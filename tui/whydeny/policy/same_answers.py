"""Which rows get the same answer from the rules: not only the same rule, but for the same reasons."""

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.configuration import Rulebase
from whydeny.policy.bulk import RULEBASES, ruled_rows
from whydeny.policy.classes import Classes, combine, number
from whydeny.policy.engine import Engine
from whydeny.policy.rows import Rows
from whydeny.policy.rulebits import RuleBits
from whydeny.policy.rulesets import Sets, both

_CLOSELY = 3  # rules that can't be judged which are told apart criterion by criterion


def same_answers(engine: Engine, frame: pl.DataFrame, logged: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """A number for every row of a session table: rows with the same number get the same rules from all three
    rulebases (the one that matches and those that can't be judged before it), and the rule that each row names
    (`logged`, an index into the security rules, -1 for none) takes or misses them by the same criteria.
    """
    bits = {rulebase: RuleBits(engine.compiled.get(rulebase, ()), engine.defaults) for rulebase in RULEBASES}
    rows = Rows(engine.catalog, engine.defaults, list(bits.values()), frame)
    named = number(logged + 1)
    found = [named]
    for rulebase, rules in bits.items():
        found.append(_answers(rules, rows, named if rulebase is Rulebase.SECURITY else None, logged))
    return combine(found).ids


def _answers(rules: RuleBits, rows: Rows, named: Classes | None, logged: npt.NDArray[np.int64]) -> Classes:
    """The rows of one rulebase by their answer."""
    parts = ruled_rows(rules, rows)
    every = combine([*([named] if named is not None else []), *(part.classes for part in parts)])
    sets = [part.sets for part in parts]
    places = zip(*(part.classes.ids[every.first].tolist() for part in parts), strict=True)
    names = logged[every.first].tolist() if named is not None else [-1] * len(every)
    numbers: dict[tuple[object, ...], int] = {}
    number_of = []
    for place, index in zip(places, names, strict=True):
        own = [sets[at][value] for at, value in enumerate(place)]
        found = rules.fixed
        for each in own:
            found = both(found, each)
        certain, unsettled = found
        length = certain.bit_length()
        possible = unsettled >> length << length
        closely = [] if index < 0 else [rules.size - 1 - index]
        rest = possible
        for _ in range(_CLOSELY):
            if rest:
                closely.append(rest.bit_length() - 1)
                rest &= ~(1 << closely[-1])
        key = (length, possible, *(_reasons(own, bit) for bit in closely))
        number_of.append(numbers.setdefault(key, len(numbers)))
    return number(np.array(number_of, dtype=np.int64)[every.ids])


def _reasons(sets: list[Sets], bit: int) -> int:
    """By which criteria a rule takes, misses or may take a class, as one number."""
    code = 0
    for certain, unsettled in sets:
        code = code << 2 | (certain >> bit & 1) << 1 | (unsettled >> bit & 1)
    return code
