"""What a replay of sessions against a changed policy found, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from whydeny.model.configuration import Rulebase
from whydeny.policy.differences import RuleChange


class Effect(StrEnum):
    """What the change does to a session."""

    PASSES = "passes"  # a security rule refused it, and an allow rule would take it
    RELEASED = "released"  # an authentication or decryption rule ended it, and would no longer take it so
    LOST = "lost"  # it passed, and a security rule would refuse it
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


EFFECTS = pl.Enum([effect.value for effect in Effect])
REPLAYED: dict[str, pl.DataType] = {
    "effect": EFFECTS,
    "conditional": pl.Boolean(),
    "before": pl.Categorical(),  # the security rules
    "after": pl.Categorical(),
}


@dataclass(frozen=True, slots=True)
class Move:
    """Sessions that go from one rule to another in a rulebase (None is no rule).

    `conditional` counts those of which an earlier rule, or App-ID, could still decide otherwise; `specimen` is the first
    of them, as a row of the session table.
    """

    effect: Effect
    rulebase: Rulebase
    before: str | None
    after: str | None
    sessions: int
    conditional: int
    specimen: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why some of the results are conditional or unknown, and what would settle it."""

    why: str
    settle: tuple[str, ...]
    sessions: int


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that takes none of these sessions. One that the change did not write took some `before`, which go `by` other
    rules now: for these sessions it is shadowed."""

    rule: str
    before: int = 0
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """All that a replay found. `rows` has the columns of `REPLAYED`, in table order.

    `refused` and `passed` count what the rows say. `disputed` are touched sessions that passed although the policy as it
    is would refuse them: it is not the one of their time. `unjudged` are sessions of which no policy is known.
    """

    rows: pl.DataFrame
    sessions: int
    refused: int
    passed: int
    counts: Mapping[Effect, int]
    conditional: Mapping[Effect, int]
    moves: tuple[Move, ...]
    changes: tuple[RuleChange, ...]
    doubts: tuple[Doubt, ...]
    shadowed: tuple[Idle, ...]
    unused: tuple[Idle, ...]
    disputed: int
    unjudged: int
    limits: tuple[str, ...]
    cautions: tuple[str, ...] = ()  # what of the change may not be meant, in sentences

    def of(self, effect: Effect, rulebase: Rulebase | None = None) -> tuple[Move, ...]:
        """The moves of one effect, most sessions first."""
        return tuple(m for m in self.moves if m.effect is effect and rulebase in (None, m.rulebase))
