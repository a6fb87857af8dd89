"""The three values of a criterion, and how they combine."""

from collections.abc import Iterable
from enum import StrEnum


class Truth(StrEnum):
    """What is known of a criterion: it holds, it does not, or it can't be told from the inputs."""

    MATCH = "match"
    NO_MATCH = "no-match"
    UNKNOWN = "unknown"

    def negated(self) -> "Truth":
        """The value of `not self`; unknown stays unknown."""
        if self is Truth.UNKNOWN:
            return self
        return Truth.NO_MATCH if self is Truth.MATCH else Truth.MATCH


def any_of(values: Iterable[Truth]) -> Truth:
    """OR: one match is enough, else one unknown leaves it open. Nothing at all is no match."""
    found = Truth.NO_MATCH
    for value in values:
        if value is Truth.MATCH:
            return value
        if value is Truth.UNKNOWN:
            found = value
    return found


def all_of(values: Iterable[Truth]) -> Truth:
    """AND: one miss settles it, else one unknown leaves it open. Nothing at all is a match."""
    found = Truth.MATCH
    for value in values:
        if value is Truth.NO_MATCH:
            return value
        if value is Truth.UNKNOWN:
            found = value
    return found
