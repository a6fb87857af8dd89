"""Which rows of a table are shown and in which order: plain values that any thread may make.

Rows are told by their number in the frame (0-based); a view is an array of them, so nothing is ever copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.uint32]
Hits = npt.NDArray[np.bool_]

NO_ROWS: Rows = np.empty(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column to sort by: the stored columns behind it, most significant first."""

    column: str
    stored: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Rows of a frame: `ranked` are all of them in sort order (None: as in the file), `hits` says row by row which
    pass the filter (None: all), `order` what is shown."""

    frame: pl.DataFrame
    order: Rows
    sort: tuple[SortKey, ...] = ()
    ranked: Rows | None = None
    hits: Hits | None = None

    def __len__(self) -> int:
        return len(self.order)

    def position_of(self, row: int) -> int | None:
        """Where a row is shown, None if it isn't."""
        found = np.flatnonzero(self.order == row)
        return int(found[0]) if len(found) else None

    def page(self, first: int, count: int, stored: Sequence[str]) -> pl.DataFrame:
        """The rows shown at `first` and after, with those of the `stored` columns that the frame has."""
        have = [name for name in stored if name in self.frame.columns]
        return self.frame.select(have)[self.order[first : first + count]]


def whole(frame: pl.DataFrame) -> View:
    """All rows, as in the file."""
    return View(frame, np.arange(frame.height, dtype=np.uint32))


def rank(frame: pl.DataFrame, keys: Sequence[SortKey]) -> Rows | None:
    """All rows in the order of `keys`; rows that are equal stay as in the file, empty cells come last."""
    by = [(name, key.descending) for key in keys for name in key.stored if name in frame.columns]
    if not by:
        return None
    if len(by) == 1 and frame[by[0][0]].is_sorted(descending=by[0][1], nulls_last=True):
        return np.arange(frame.height, dtype=np.uint32)  # as exports often are by time
    names = list(dict.fromkeys(name for name, _ in by))
    ranked = (
        frame.lazy()
        .select(names)
        .with_row_index("_row")
        .sort(
            [pl.col(name) for name, _ in by],
            descending=[down for _, down in by],
            nulls_last=True,
            maintain_order=True,
        )
        .select("_row")
        .collect()
    )
    return ranked["_row"].to_numpy().astype(np.uint32, copy=False)


def sorted_by(view: View, keys: Sequence[SortKey]) -> View:
    """The same rows in another order."""
    ranked = rank(view.frame, keys)
    return _shown(replace(view, sort=tuple(keys), ranked=ranked))


def filtered_by(view: View, hits: Hits | None) -> View:
    """Those rows of the frame that `hits` says, in the same order."""
    return _shown(replace(view, hits=hits))


def with_frame(view: View, frame: pl.DataFrame) -> View:
    """The same rows of a frame that has more columns, or other values in them; the order stays."""
    return replace(view, frame=frame)


def _shown(view: View) -> View:
    if view.ranked is None:
        rows = (
            np.arange(view.frame.height, dtype=np.uint32)
            if view.hits is None
            else np.flatnonzero(view.hits).astype(np.uint32)
        )
    else:
        rows = view.ranked if view.hits is None else view.ranked[view.hits[view.ranked]]
    return replace(view, order=rows)


def hits_of(frame: pl.DataFrame, condition: pl.Expr) -> Hits:
    """Row by row whether a condition holds; null is no."""
    held = frame.lazy().select(condition.fill_null(False).alias("_hit")).collect()["_hit"]
    if len(held) != frame.height:  # a condition without a column is one value
        return np.full(frame.height, bool(held[0]) if len(held) else False)
    return held.to_numpy().astype(np.bool_, copy=False)


def rows_as_hits(height: int, rows: Sequence[int]) -> Hits:
    """Row by row whether it is one of `rows`."""
    hits = np.zeros(height, dtype=np.bool_)
    hits[list(rows)] = True
    return hits
