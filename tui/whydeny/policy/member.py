"""One thing that a criterion of a rule lists, with all that stands under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whydeny.model.truth import Truth

NESTED = 64  # levels of groups that are opened


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a criterion, or of a group under one.

    `what` says what kind of thing it is, `value` what it stands for where that is one thing (`10.1.20.0/24`,
    `tcp/443`). `result` is whether the session is in it, None where nothing of the session can be held against it.
    `settle` is what would answer an unknown, `note` what else is to be known of it. `inside` gives what stands under
    it, None at the end of a path; `holds` whether an address is in it, None where it has none.
    """

    name: str
    what: str = ""
    value: str = ""
    result: Truth | None = Truth.NO_MATCH
    settle: str = ""
    note: str = ""
    inside: Callable[[], Sequence["Member"]] | None = None
    holds: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What one criterion lists. `field` is the criterion's name, `negate` whether the rule takes what is not in it;
    `note` what is to be known of all of it."""

    field: str
    members: tuple[Member, ...]
    negate: bool = False
    note: str = ""


def counted(number: int, one: str, more: str = "") -> str:
    """`1 member`, `4,120 members`, `2 addresses`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def answered_by(command: str) -> str:
    """What to put among the inputs."""
    return f"`{command}` among the inputs tells it"


def nested(name: str, above: Sequence[str]) -> str:
    """Why a group in the groups `above` it is not opened, empty where it is."""
    if name in above:
        return "holds itself"
    return "nested too deep to open" if len(above) >= NESTED else ""
