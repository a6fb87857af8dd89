"""From what is wanted of the table to the rows that are shown; runs in any thread."""

from dataclasses import dataclass, replace

import polars as pl

from whydeny.model.progress import Progress
from whydeny.ui.verdict_lines import REFUSED
from whydeny.ui.view import SortKey, View, filtered_by, hits_of, rank, rows_as_hits
from whydeny.ui.widgets.timeline import Times, times_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """The frame, its order, the condition that rows must meet (None: none) and the rows to choose from (None: all)."""

    frame: pl.DataFrame
    sort: tuple[SortKey, ...]
    condition: pl.Expr | None
    marked: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows, and when they happened."""

    view: View
    times: Times | None


def make_shown(before: View, wanted: Wanted, progress: Progress) -> Shown:
    """The rows that are wanted. The order of `before` is kept where it is the same one of the same frame."""
    frame = wanted.frame
    progress.step("sorting", 0, 0)
    ranked = before.ranked if before.sort == wanted.sort and before.frame is frame else rank(frame, wanted.sort)
    view = replace(before, frame=frame, sort=wanted.sort, ranked=ranked)
    progress.step("filtering", 0, 0)
    hits = hits_of(frame, wanted.condition) if wanted.condition is not None else None
    if wanted.marked is not None:
        marked = rows_as_hits(frame.height, sorted(wanted.marked))
        hits = marked if hits is None else hits & marked
    view = filtered_by(view, hits)
    progress.step("counting", 0, 0)
    counted = "outcome" in frame.columns
    return Shown(view, times_of(view, frozenset(str(outcome) for outcome in REFUSED)) if counted else None)
