"""Chance that falls the same way on every machine and every Python.

Only `random.Random.random()` is used, whose sequence for a seed is documented to stay, and integer
arithmetic, so that no library's rounding can change a file.
"""

import re
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of chance."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred throws."""
        return self._random.random() * 100 < percent

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, each as likely."""
        return choices[int(self._random.random() * len(choices))]

    def size(self, low: int, high: int) -> int:
        """A number from `low` to `high`; every doubling is a little less likely, as sizes of sessions are."""
        number = low
        while number * 2 <= high and self.chance(70):
            number *= 2
        return min(high, self.between(number, number * 2))

    def roll(self, pattern: str) -> str:
        """An address of `10.10.0-15.10-250`: every `a-b` becomes a number between."""
        return re.sub(r"(\d+)-(\d+)", lambda found: str(self.between(int(found[1]), int(found[2]))), pattern)
