"""Give columns their places in a width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whydeny.ui.columns import ScreenColumn

NARROWEST = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """A column at its place: `x` and `width` in cells, `number` its index among all columns. The row number has no
    column."""

    column: ScreenColumn | None
    number: int
    x: int
    width: int


def place(
    columns: Sequence[ScreenColumn], widths: Mapping[str, int], first: int, width: int, digits: int = 0
) -> list[Placed]:
    """As many columns, from the `first` on, as find their least width in `width` cells; what is left over goes to
    those that would like to be wider. `widths` are the user's own; `digits` the width of row numbers (0: none)."""
    placed: list[Placed] = []
    at = 0
    if digits:
        placed.append(Placed(None, -1, 0, digits))
        at = digits + 1
    chosen: list[tuple[int, ScreenColumn, int, int]] = []
    free = width - at
    for number, column in enumerate(columns[first:], first):
        own = widths.get(column.name)
        least, wide = (own, own) if own is not None else (column.least, column.wide)
        if least > free:
            if not chosen and free >= NARROWEST:
                chosen.append((number, column, free, free))
            break
        chosen.append((number, column, least, wide))
        free -= least + 1
    free += 1
    given = [least for _, _, least, _ in chosen]
    while free > 0:
        wanting = [n for n, (_, _, _, wide) in enumerate(chosen) if given[n] < wide]
        if not wanting:
            break
        for n in wanting[:free]:
            given[n] += 1
        free -= len(wanting[:free])
    for (number, column, _, _), cells in zip(chosen, given, strict=True):
        placed.append(Placed(column, number, at, cells))
        at += cells + 1
    return placed
