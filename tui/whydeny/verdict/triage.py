"""Thousands of refused sessions as a list of findings: grouped by what one fix would serve."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

GROUPED_BY = ("cause", "variant", "rule", "denied_by", "application", "destination_port")
UNITED_BY = ("serial", "vsys")


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions with the same cause, rules, application and port on the same virtual system.

    `specimen` is the row of the session with the highest confidence, the earliest of those; `bytes` is the sum.
    """

    serial: str | None
    vsys: str | None
    cause: str
    variant: str | None
    rule: str | None
    denied_by: str | None
    application: str | None
    destination_port: int | None
    sessions: int
    bytes: int
    users: int
    sources: int
    first: datetime | None
    last: datetime | None
    lowest: float
    highest: float
    specimen: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells the group from others, the same in every run over the same sessions."""
        return tuple(getattr(self, name) for name in (*UNITED_BY, *GROUPED_BY))


def triage_frame(sessions: pl.DataFrame, judged: pl.DataFrame, rows: pl.Series | None = None) -> pl.DataFrame:
    """One row a group, most sessions first. `sessions` and `judged` are in the same order; `rows` picks some."""
    own = (
        "serial",
        "vsys",
        "rule",
        "application",
        "destination_port",
        "bytes",
        "user",
        "source_hi",
        "source_lo",
        "time",
    )
    both = pl.concat(
        [sessions.select(own), judged.select("cause", "variant", "denied_by", "confidence")], how="horizontal"
    ).with_row_index("row")
    if rows is not None:
        both = both[rows.cast(pl.UInt32)]
    keys = [*UNITED_BY, *GROUPED_BY]
    best = pl.col("row").sort_by(["confidence", "time"], descending=[True, False], nulls_last=True).first()
    return (
        both.filter(pl.col("cause").is_not_null())
        .group_by(keys, maintain_order=True)
        .agg(
            sessions=pl.len(),
            bytes=pl.col("bytes").sum(),
            users=pl.col("user").drop_nulls().n_unique(),
            sources=pl.struct("source_hi", "source_lo").n_unique(),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            lowest=pl.col("confidence").min(),
            highest=pl.col("confidence").max(),
            specimen=best,
        )
        .sort(["sessions", "first"], descending=[True, False], nulls_last=True, maintain_order=True)
    )


def triage(sessions: pl.DataFrame, judged: pl.DataFrame, rows: pl.Series | None = None) -> list[Group]:
    """The groups as values, most sessions first."""
    found = []
    for values in triage_frame(sessions, judged, rows).iter_rows(named=True):
        values["lowest"] = round(values["lowest"] or 0.0, 2)
        values["highest"] = round(values["highest"] or 0.0, 2)
        found.append(Group(**values))
    return found


def members(sessions: pl.DataFrame, judged: pl.DataFrame, group: Group) -> pl.Series:
    """The rows of a group, in table order."""
    columns = {name: sessions[name] for name in (*UNITED_BY, "rule", "application", "destination_port")}
    columns |= {name: judged[name] for name in ("cause", "variant", "denied_by")}
    test = pl.all_horizontal(
        pl.col(name).cast(pl.String).eq_missing(pl.lit(None if value is None else str(value), dtype=pl.String))
        for name, value in zip((*UNITED_BY, *GROUPED_BY), group.key, strict=True)
    )
    return pl.DataFrame(columns).select(test.arg_true().alias("row"))["row"]
