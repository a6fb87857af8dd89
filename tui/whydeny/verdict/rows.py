"""Rows of one table found by value and time, by index and never by scanning.

Session ids are reused, so a row of another log belongs to a session only when the id *and* the addresses, ports and
protocol that both rows have *and* the time agree: |time - end| <= elapsed + 120 s.
"""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.addresses import split_halves
from whydeny.model.tables import LogTable, Session

Rows = npt.NDArray[np.int64]
NO_ROWS: Rows = np.empty(0, dtype=np.int64)

_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)

SLACK = timedelta(seconds=120)  # management-plane and data-plane clocks of one device may differ that much

_TUPLE = ("source_port", "destination_port", "protocol")
_ADDRESSES = ("source_hi", "source_lo", "destination_hi", "destination_lo")


class Index:
    """Rows of a table by the value of one integer column; nulls are left out."""

    def __init__(self, values: pl.Series) -> None:
        known = values.is_not_null().to_numpy()
        rows = np.flatnonzero(known).astype(np.int64)
        keys = values.drop_nulls().to_numpy()
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        self.rows: Rows = rows[order]

    def equal(self, key: Any) -> Rows:
        """The rows whose value is `key`, in table order."""
        kind = self.keys.dtype.type
        first = int(self.keys.searchsorted(kind(key), side="left"))
        last = int(self.keys.searchsorted(kind(key), side="right"))
        return self.rows[first:last]

    def between(self, low: Any, high: Any) -> Rows:
        """The rows whose value lies in `low`..`high`, both included, in order of the value."""
        kind = self.keys.dtype.type
        first = int(self.keys.searchsorted(kind(low), side="left"))
        last = int(self.keys.searchsorted(kind(high), side="right"))
        return self.rows[first:last]


class TimedIndex:
    """Rows by the value of one column and, inside each value, by time; rows without either are left out."""

    def __init__(self, values: pl.Series, times: pl.Series) -> None:
        rows = np.flatnonzero((values.is_not_null() & times.is_not_null()).to_numpy()).astype(np.int64)
        keys, moments = values.gather(rows).to_numpy(), times.gather(rows).to_numpy()
        order = np.lexsort((moments, keys))
        self.keys, self.moments = keys[order], moments[order]
        self.rows: Rows = rows[order]

    def within(self, key: int, low: int, high: int) -> list[int]:
        """The rows of `key` from `low` to `high` microseconds, both included, in order of time."""
        kind = self.keys.dtype.type
        first = int(self.keys.searchsorted(kind(key), side="left"))
        last = int(self.keys.searchsorted(kind(key), side="right"))
        moments = self.moments[first:last]
        begin, end = moments.searchsorted(low, side="left"), moments.searchsorted(high, side="right")
        found: list[int] = self.rows[first + int(begin) : first + int(end)].tolist()
        return found

    def any_within(self, keys: pl.Series, first: Rows, last: Rows) -> npt.NDArray[np.bool_]:
        """Whether there is a row of each key from its `first` to its `last` microsecond; false for a null key."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.bool_)
        known, codes = np.unique(self.keys, return_inverse=True)
        base = int(self.moments.min())
        span = int(self.moments.max()) - base + 2
        places = codes.astype(np.int64) * span + (self.moments - base)
        asked = keys.fill_null(0).to_numpy()
        code = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        there = keys.is_not_null().to_numpy() & (known[code] == asked)
        low = code * span + np.clip(first - base, 0, span - 1)
        high = code * span + np.clip(last - base, -1, span - 1)
        begin, end = np.searchsorted(places, low, side="left"), np.searchsorted(places, high, side="right")
        found: npt.NDArray[np.bool_] = (end > begin) & there
        return found


class Alike:
    """Rows of the session table that share the values of some columns, found by time; one row or many at once.

    Only rows of `mask` are found; any row can be asked for. `times` are microseconds, null where a row has none.
    """

    def __init__(self, frame: pl.DataFrame, columns: tuple[str, ...], times: pl.Series, mask: pl.Series) -> None:
        hashed = frame.select(pl.struct(columns).hash(seed=0).alias("key"))["key"].to_numpy()
        _, codes = np.unique(hashed, return_inverse=True)
        self._codes = codes.astype(np.int64)
        rows = np.flatnonzero((mask.fill_null(False) & times.is_not_null()).to_numpy()).astype(np.int64)
        moments = times.gather(rows).to_numpy().astype(np.int64) // 1000  # milliseconds
        self._base = int(moments.min()) if len(moments) else 0
        self._span = (int(moments.max()) - self._base + 2) if len(moments) else 2
        keys = self._codes[rows] * self._span + (moments - self._base)
        order = np.argsort(keys, kind="stable")
        self._keys, self._rows = keys[order], rows[order]

    def _edge(self, codes: Rows, moments: Rows, side: Literal["left", "right"]) -> Rows:
        inside = np.clip(moments // 1000 - self._base, -1 if side == "right" else 0, self._span - 1)
        found: Rows = np.searchsorted(self._keys, codes * self._span + inside, side=side).astype(np.int64)
        return found

    def rows(self, row: int, first: datetime, last: datetime) -> list[int]:
        """The rows like `row` in a time span, both ends included, in order of time; `row` itself is left out."""
        start = int(self._codes[row]) * self._span
        low = start + min(max(micros(first) // 1000 - self._base, 0), self._span - 1)
        high = start + min(max(micros(last) // 1000 - self._base, -1), self._span - 1)
        begin, end = self._keys.searchsorted(low, side="left"), self._keys.searchsorted(high, side="right")
        found: list[int] = self._rows[begin:end].tolist()
        return [other for other in found if other != row]

    def counts(self, rows: Rows, first: Rows, last: Rows) -> Rows:
        """How many rows are like each of `rows` in its own time span (microseconds), themselves included."""
        codes = self._codes[rows]
        found: Rows = np.maximum(self._edge(codes, last, "right") - self._edge(codes, first, "left"), 0)
        return found


def micros(moment: datetime) -> int:
    """A naive time as microseconds since 1970, as the tables store it."""
    return (moment - _EPOCH) // _MICROSECOND


def times_of(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.coalesce("time", "receive_time").cast(pl.Int64).alias("time"))["time"]


class LogRows:
    """One log with its indices, built when first asked."""

    def __init__(self, table: LogTable) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _by_id(self) -> Index:
        return Index(self.table.frame["session_id"])

    @cached_property
    def _time(self) -> pl.Series:
        return times_of(self.table.frame)

    @cached_property
    def _by_time(self) -> Index:
        return Index(self._time)

    @cached_property
    def _by_source(self) -> TimedIndex:
        return TimedIndex(self.table.frame["source_lo"], self._time)

    @cached_property
    def _by_address(self) -> TimedIndex:
        return TimedIndex(self.table.frame["address_lo"], self._time)

    @cached_property
    def _spans(self) -> dict[str | None, tuple[datetime, datetime]]:
        """First and last time of each firewall in the log; None: of the rows that don't say whose they are."""
        moments = self._time.cast(pl.Datetime("us")).alias("moment")
        owners = self.table.frame.select(pl.col("serial").cast(pl.String), moments)
        spans = owners.drop_nulls("moment").group_by("serial").agg(pl.min("moment").alias("first"), pl.max("moment"))
        return {serial: (first, last) for serial, first, last in spans.iter_rows()}

    def span(self, serial: str | None) -> tuple[datetime, datetime] | None:
        """First and last time of a firewall in the log, by its own rows and those that don't say whose they are; a
        firewall that is not known may be any of them."""
        spans = self._spans
        mine = list(spans.values()) if serial is None else [spans[s] for s in (serial, None) if s in spans]
        return (min(first for first, _ in mine), max(last for _, last in mine)) if mine else None

    def is_of(self, serial: str | None) -> bool:
        """Whether any row is, or may be, of a firewall."""
        return self.span(serial) is not None

    def covers(self, moment: datetime | None, serial: str | None) -> bool:
        """Whether the log holds rows of a firewall on both sides of a moment, so that a missing row means something."""
        span = self.span(serial)
        if moment is None or span is None:
            return False
        return span[0] - SLACK <= moment <= span[1] + SLACK

    def of_session(self, session: Session) -> list[int]:
        """The rows of this log that belong to a session."""
        if session.id is None or session.id == 0 or not len(self):
            return []
        return [row for row in self._by_id.equal(session.id).tolist() if self._belongs(row, session)]

    @cached_property
    def _keys(self) -> pl.DataFrame:
        """The columns that tell whether a row belongs to a session."""
        addresses = [name for name in _ADDRESSES if name in self.table.frame.columns]
        others = [name for name in (*_TUPLE, "serial", "vsys") if name in self.table.frame.columns]
        return self.table.frame.select(*addresses, *others, pl.coalesce("time", "receive_time").alias("moment"))

    @cached_property
    def _key_names(self) -> list[str]:
        return self._keys.columns

    def _belongs(self, row: int, session: Session) -> bool:
        values = dict(zip(self._key_names, self._keys.row(row), strict=True))
        if "source_lo" in values:
            for name in ("source", "destination"):
                wanted = getattr(session, name)
                low = values[f"{name}_lo"]
                if wanted is not None and low is not None and split_halves(wanted) != (values[f"{name}_hi"] or 0, low):
                    return False
        for name in (*_TUPLE, "serial", "vsys"):
            wanted, found = getattr(session, name), values.get(name)
            if wanted not in (None, "") and found not in (None, "") and wanted != found:
                return False
        moment = values["moment"]
        if moment is None or session.end is None:
            return True
        return bool(abs(moment - session.end) <= timedelta(seconds=session.elapsed or 0) + SLACK)

    def of_sessions(self, sessions: pl.DataFrame) -> pl.DataFrame:
        """`of_session` for many: a `log` row for each `place` in `sessions` that it belongs to."""
        log = self.table.frame
        own = [name for name in _ADDRESSES if name in log.columns]
        shared = [name for name in (*_TUPLE, "serial", "vsys") if name in log.columns]
        end = pl.coalesce(pl.col("start") + pl.duration(seconds=pl.col("elapsed")), "time")
        asked = sessions.select(
            "session_id", *own, *shared, end.alias("end"), pl.col("elapsed").fill_null(0)
        ).with_row_index("place")
        known = log.select(
            "session_id", *own, *shared, pl.coalesce("time", "receive_time").alias("moment")
        ).with_row_index("log")
        pairs = asked.filter(pl.col("session_id") > 0).join(known, on="session_id", suffix="_log")
        agree = [
            pl.col(name).cast(pl.String).eq_missing(pl.col(f"{name}_log").cast(pl.String))
            | pl.col(name).is_null()
            | pl.col(f"{name}_log").is_null()
            for name in (*own, *shared)
        ]
        apart = (pl.col("moment") - pl.col("end")).abs() <= pl.duration(seconds=pl.col("elapsed") + SLACK.seconds)
        return pairs.filter(*agree, apart.fill_null(True)).select("place", "log").sort("place", "log")

    def any_from_source(self, sessions: pl.DataFrame, first: Rows, last: Rows) -> npt.NDArray[np.bool_]:
        """Whether the source address of each session is the source of a row in the session's own time span."""
        return self._by_source.any_within(sessions["source_lo"], first, last)

    def any_about_source(self, sessions: pl.DataFrame, first: Rows, last: Rows) -> npt.NDArray[np.bool_]:
        """Whether a row is about the source address of each session in the session's own time span."""
        return self._by_address.any_within(sessions["source_lo"], first, last)

    def between(self, first: datetime, last: datetime) -> list[int]:
        """The rows of a time span, in order of time."""
        found: list[int] = self._by_time.between(micros(first), micros(last)).tolist()
        return found

    def from_source(self, address: int, first: datetime, last: datetime) -> list[int]:
        """The rows with that source address in a time span, in order of time."""
        return self._by_source.within(split_halves(address)[1], micros(first), micros(last))

    def about_address(self, address: int, first: datetime, last: datetime) -> list[int]:
        """The rows about that address (authentication, User-ID, IP-tag) in a time span, in order of time."""
        return self._by_address.within(split_halves(address)[1], micros(first), micros(last))

    def of_firewall(self, rows: list[int], serial: str | None) -> list[int]:
        """Those of some rows that are, or may be, of a firewall."""
        if serial is None:
            return rows
        owners = self.table.frame["serial"]
        return [row for row in rows if owners[row] in (None, serial)]

    def moment(self, row: int) -> datetime | None:
        """When a row was written."""
        value = self._time[row]
        return None if value is None else np.datetime64(value, "us").item()
