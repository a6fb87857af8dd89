"""Classes of table rows: rows that no rule can tell apart are numbered alike, and one stands for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.addresses import LAST, LOW

Numbers = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint64]

_TABLE_LIMIT = 1 << 22  # keys up to here are counted in a table, larger ones are sorted
_PORTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Classes:
    """`ids` is the class of every row, 0 and up without gaps; `first` a row of each class."""

    ids: npt.NDArray[np.int32]
    first: Numbers

    def __len__(self) -> int:
        return len(self.first)


def number(keys: Numbers) -> Classes:
    """The classes of rows with equal keys (0 or more)."""
    highest = int(keys.max(initial=0))
    if highest >= _TABLE_LIMIT:
        _, first, ids = np.unique(keys, return_index=True, return_inverse=True)
        return Classes(ids.reshape(-1).astype(np.int32), first.astype(np.int64))
    rows = np.full(highest + 1, -1, dtype=np.int32)
    rows[keys] = np.arange(len(keys), dtype=np.int32)
    present = np.flatnonzero(rows >= 0)
    place = np.zeros(highest + 1, dtype=np.int32)
    place[present] = np.arange(len(present), dtype=np.int32)
    return Classes(place[keys], rows[present].astype(np.int64))


def combine(parts: Sequence[Classes]) -> Classes:
    """The classes of rows that agree in every part."""
    found = parts[0]
    for part in parts[1:]:
        if len(part) > 1:
            found = number(found.ids.astype(np.int64) * len(part) + part.ids)
    return found


def one_class(rows: int) -> Classes:
    """All rows alike."""
    return Classes(np.zeros(rows, dtype=np.int32), np.zeros(min(rows, 1), dtype=np.int64))


def of_column(column: pl.Series) -> Classes:
    """The classes of a column's values; null is a value of its own."""
    if column.dtype == pl.Categorical:
        column = column.to_physical()
    elif column.dtype != pl.Boolean and not column.dtype.is_integer():
        column = column.rank("dense")
    keys = column.cast(pl.Int64)
    lowest = keys.min()
    return number((keys - (lowest if isinstance(lowest, int) else 0) + 1).fill_null(0).to_numpy())


def of_addresses(high: pl.Series, low: pl.Series, cuts: Iterable[int], wildcards: Iterable[tuple[int, int]]) -> Classes:
    """The classes of addresses that lie between the same cut points and fit the same wildcard masks.

    Addresses come as two UInt64 columns; null is a class of its own.
    """
    missing = low.is_null().to_numpy()
    upper, lower = high.fill_null(0).to_numpy(), low.fill_null(0).to_numpy()
    points = sorted({cut for cut in cuts if cut <= LAST})
    is_v4 = (upper == 0) & ((lower >> np.uint64(32)) == np.uint64(0xFFFF)) & ~missing
    keys = np.zeros(len(lower), dtype=np.int64)
    small = np.array([point for point in points if point <= LOW], dtype=np.uint64)
    keys[is_v4] = np.searchsorted(small, lower[is_v4], side="right") + 1
    other = ~is_v4 & ~missing
    if other.any():
        keys[other] = _place(upper[other], lower[other], points) + 1
    found = number(keys)
    fours = np.where(is_v4, lower & np.uint64(0xFFFFFFFF), np.uint64(0))
    for value, ignored in wildcards:
        fits = is_v4 & ((fours | np.uint64(ignored)) == np.uint64(value & 0xFFFFFFFF))
        found = number(found.ids.astype(np.int64) * 2 + fits)
    return found


def _place(upper: Halves, lower: Halves, points: Sequence[int]) -> Numbers:
    """How many points are at or below each 128-bit number, given as halves."""
    high = np.concatenate([np.array([point >> 64 for point in points], dtype=np.uint64), upper])
    low = np.concatenate([np.array([point & LOW for point in points], dtype=np.uint64), lower])
    is_point = np.zeros(len(high), dtype=np.int64)
    is_point[: len(points)] = 1
    order = np.lexsort((1 - is_point, low, high))
    counts = np.empty(len(high), dtype=np.int64)
    counts[order] = np.cumsum(is_point[order])
    return counts[len(points) :]


def of_ports(protocol: pl.Series, port: pl.Series, cuts: Mapping[int, Iterable[int]]) -> Classes:
    """The classes of ports that lie between the same cut points of their protocol.

    `cuts` gives the cut points by protocol number; for every other protocol all ports are alike. Null is a class
    of its own.
    """
    numbers = protocol.cast(pl.Int64).fill_null(-1).to_numpy()
    ports = port.cast(pl.Int64).fill_null(_PORTS).to_numpy()
    keys = np.zeros(len(numbers), dtype=np.int64)
    for known, points in cuts.items():
        table = np.zeros(_PORTS + 1, dtype=np.int64)
        table[:_PORTS] = np.searchsorted(np.array(sorted(points), dtype=np.int64), np.arange(_PORTS), "right") + 1
        rows = numbers == known
        keys[rows] = table[ports[rows]]
    return number(keys)


def of_times(end: pl.Series, weekly: Iterable[int], once: Iterable[int]) -> Classes:
    """The classes of times between the same minutes of the week and the same minutes since 1970; null is one."""
    minutes = end.dt.epoch("us").cast(pl.Int64) // 60_000_000
    missing = minutes.is_null().to_numpy()
    since = minutes.fill_null(0).to_numpy()
    of_week = (since + 3 * 1440) % 10080  # 1970-01-01 was a Thursday
    week_points = np.array(sorted(weekly), dtype=np.int64)
    points = np.array(sorted(once), dtype=np.int64)
    keys = np.searchsorted(week_points, of_week, "right") * (len(points) + 1) + np.searchsorted(points, since, "right")
    return number(np.where(missing, 0, keys + 1))
