"""The workbench of a live firewall: made anew whenever something came, with the verdicts that still hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.sources.firewall.reading import SESSION
from whydeny.ui.workbench import Workbench
from whydeny.verdict.growing import GrowingJudge
from whydeny.verdict.judge import JUDGED

# What judging adds; the outcome is told from the row alone.
VERDICTS = tuple(name for name in JUDGED if name != "outcome")


@dataclass(frozen=True, slots=True)
class Grown:
    """A site as it is now. `same_grounds`: the verdicts of rows that did not change still hold. `taken` are the rows
    of sessions that ended long ago, which another session has now."""

    bench: Workbench
    judge: GrowingJudge
    same_grounds: bool = False
    taken: tuple[int, ...] = ()


def first_bench(
    site: Site, release: Release | None = None, serial: str | None = None, device_group: str | None = None
) -> Grown:
    """The first view; no verdicts yet."""
    judge = GrowingJudge(site, release, serial, device_group)
    return Grown(_bench(site, judge), judge)


def next_bench(before: Grown, site: Site) -> Grown:
    """The site later on; `keep_verdicts` then gives it the verdicts that are known."""
    judge = before.judge.grown(site)
    bench = _bench(site, judge)
    bench.moments, bench.judged = before.bench.moments, before.bench.judged
    taken = _taken_rows(before.judge.site.sessions.frame, site.sessions.frame)
    return Grown(bench, judge, judge.same_grounds(before.judge), taken)


def _taken_rows(before: pl.DataFrame, after: pl.DataFrame) -> tuple[int, ...]:
    """The rows of `before` in which another session stands now."""
    now = after.head(before.height)
    differs = [before[name].ne_missing(now[name]).alias(name) for name in SESSION]
    rows = pl.DataFrame(differs).select(pl.arg_where(pl.any_horizontal(pl.all())))
    return tuple(rows.to_series().to_list())


def _bench(site: Site, judge: GrowingJudge) -> Workbench:
    """A workbench on which sessions of the session table, which have no end yet, stand at the time of their start."""
    bench = Workbench.of(site, judge)
    bench.frame = bench.frame.with_columns(pl.coalesce("time", "start").alias("time"))
    bench.span = bench.frame.select(pl.col("time").min().alias("first"), pl.col("time").max().alias("last")).row(0)
    return bench


def keep_verdicts(grown: Grown, frame: pl.DataFrame) -> None:
    """Give a workbench the verdicts of `frame`, the table as it was; rows behind it, and those taken, are new."""
    bench = grown.bench
    new = bench.frame.select(VERDICTS).tail(bench.frame.height - frame.height)
    known = frame.select(VERDICTS)
    if grown.taken:
        there = ~pl.int_range(pl.len()).is_in(list(grown.taken))
        known = known.with_columns(pl.when(there).then(pl.all()))
    bench.frame = bench.frame.with_columns(pl.concat([known, new]).get_columns())


def with_verdicts(frame: pl.DataFrame, rows: Sequence[int], judged: pl.DataFrame) -> pl.DataFrame:
    """The session table with the verdicts of some rows: `judged` has the columns of `JUDGED` for `rows`, in order."""
    fresh = judged.select(VERDICTS).with_columns(pl.Series("_row", rows, dtype=pl.UInt32))
    known = frame.select(VERDICTS).with_row_index("_row").update(fresh, on="_row", include_nulls=True)
    return frame.with_columns(known.select(VERDICTS).get_columns())
