"""What a cause module declares and what its check answers."""

from dataclasses import dataclass, field
from math import exp, log

from whydeny.verdict.finding import Evidence, Reference


@dataclass(frozen=True, slots=True)
class Cause:
    """The metadata of a cause module.

    `needs` are inputs without which it can't be judged well, in words an engineer can act on; `releases` the
    PAN-OS releases it applies to; `outranks` the causes that describe the same event on a lower level: where
    both hold, this one is the verdict and the other its first alternative.
    """

    title: str
    needs: tuple[str, ...] = ()
    releases: str = "all"
    references: tuple[Reference, ...] = ()
    outranks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """The cause holds. `base` is the confidence (0..1) before the evidence's weights are added.

    `flips_if` is the one observation that would make this the verdict when another one is.
    """

    base: float
    headline: str
    evidence: tuple[Evidence, ...] = ()
    variant: str | None = None
    denied_by: str | None = None
    fix: str = ""
    fix_at: str = ""
    commands: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    flips_if: str = ""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """The cause can't be it, and why, in a sentence."""

    because: str


@dataclass(frozen=True, slots=True)
class CantTell:
    """The inputs don't tell. `settle` is what would; `base` the confidence with which it stands as an alternative."""

    because: str
    settle: str
    base: float = 0.1


Answer = Held | RuledOut | CantTell


def odds(confidence: float) -> float:
    """Log-odds of a confidence."""
    return log(confidence / (1 - confidence))


def confidence(base: float, evidence: tuple[Evidence, ...]) -> float:
    """The confidence that evidence leaves of `base`: log-odds added up."""
    return 1 / (1 + exp(-(odds(base) + sum(item.weight for item in evidence))))


@dataclass(slots=True)
class Gathering:
    """Evidence as a check collects it."""

    items: list[Evidence] = field(default_factory=list)

    def add(self, evidence: Evidence | None) -> None:
        """Keep a piece of evidence, if there is one."""
        if evidence is not None:
            self.items.append(evidence)

    def all(self) -> tuple[Evidence, ...]:
        """Everything, strongest first."""
        return tuple(sorted(self.items, key=lambda item: -abs(item.weight)))
