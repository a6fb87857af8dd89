"""Rows of other sessions and other logs that belong to a session, found by index and never by scanning.

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
from whydeny.model.columns import Kind
from whydeny.model.site import Site
from whydeny.model.tables import LogTable, Session, empty_frame
from whydeny.verdict.events import Timeline

Rows = npt.NDArray[np.int64]
NO_ROWS: Rows = np.empty(0, dtype=np.int64)

SLACK = timedelta(seconds=120)  # management-plane and data-plane clocks of one device may differ that much

_TUPLE = ("source_port", "destination_port", "protocol")


class _Index:
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
        first = int(np.searchsorted(self.keys, kind(key), side="left"))
        last = int(np.searchsorted(self.keys, kind(key), side="right"))
        return self.rows[first:last]

    def between(self, low: Any, high: Any) -> Rows:
        """The rows whose value lies in `low`..`high`, both included, in order of the value."""
        kind = self.keys.dtype.type
        first = int(np.searchsorted(self.keys, kind(low), side="left"))
        last = int(np.searchsorted(self.keys, kind(high), side="right"))
        return self.rows[first:last]


class _TimedIndex:
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
        first = int(np.searchsorted(self.keys, kind(key), side="left"))
        last = int(np.searchsorted(self.keys, kind(key), side="right"))
        moments = self.moments[first:last]
        begin, end = np.searchsorted(moments, low, side="left"), np.searchsorted(moments, high, side="right")
        found: list[int] = self.rows[first + int(begin) : first + int(end)].tolist()
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
        code = self._codes[row : row + 1]
        low = int(self._edge(code, np.array([_micros(first)]), "left")[0])
        high = int(self._edge(code, np.array([_micros(last)]), "right")[0])
        found: list[int] = self._rows[low:high].tolist()
        return [other for other in found if other != row]

    def counts(self, rows: Rows, first: Rows, last: Rows) -> Rows:
        """How many rows are like each of `rows` in its own time span (microseconds), themselves included."""
        codes = self._codes[rows]
        found: Rows = np.maximum(self._edge(codes, last, "right") - self._edge(codes, first, "left"), 0)
        return found


def _micros(moment: datetime) -> int:
    return int(np.datetime64(moment, "us").astype(np.int64))


def _times(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.coalesce("time", "receive_time").cast(pl.Int64).alias("time"))["time"]


class LogRows:
    """One log with its indices, built when first asked."""

    def __init__(self, table: LogTable) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _by_id(self) -> _Index:
        return _Index(self.table.frame["session_id"])

    @cached_property
    def _time(self) -> pl.Series:
        return _times(self.table.frame)

    @cached_property
    def _by_time(self) -> _Index:
        return _Index(self._time)

    @cached_property
    def _by_source(self) -> _TimedIndex:
        return _TimedIndex(self.table.frame["source_lo"], self._time)

    @cached_property
    def _by_address(self) -> _TimedIndex:
        return _TimedIndex(self.table.frame["address_lo"], self._time)

    @cached_property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last time in the log."""
        known = self._by_time.keys
        if not len(known):
            return None
        first, last = (known[i].astype("datetime64[us]").item() for i in (0, -1))
        return first, last

    def covers(self, moment: datetime | None) -> bool:
        """Whether the log holds rows on both sides of a moment, so that a missing row means something."""
        if moment is None or self.span is None:
            return False
        return self.span[0] - SLACK <= moment <= self.span[1] + SLACK

    def of_session(self, session: Session) -> list[int]:
        """The rows of this log that belong to a session."""
        if session.id is None or session.id == 0 or not len(self):
            return []
        return [row for row in self._by_id.equal(session.id).tolist() if self._belongs(row, session)]

    def _belongs(self, row: int, session: Session) -> bool:
        values = self.table.frame.row(row, named=True)
        if "source_lo" in values:
            for name in ("source", "destination"):
                wanted = getattr(session, name)
                low = values[f"{name}_lo"]
                if wanted is not None and low is not None and split_halves(wanted) != (values[f"{name}_hi"] or 0, low):
                    return False
            for name in _TUPLE:
                wanted, found = getattr(session, name), values[name]
                if wanted is not None and found is not None and wanted != found:
                    return False
        for name in ("serial", "vsys"):
            wanted, found = getattr(session, name), values[name]
            if wanted and found and wanted != found:
                return False
        moment = values["time"] or values["receive_time"]
        if moment is None or session.end is None:
            return True
        return bool(abs(moment - session.end) <= timedelta(seconds=session.elapsed or 0) + SLACK)

    def between(self, first: datetime, last: datetime) -> list[int]:
        """The rows of a time span, in order of time."""
        found: list[int] = self._by_time.between(_micros(first), _micros(last)).tolist()
        return found

    def from_source(self, address: int, first: datetime, last: datetime) -> list[int]:
        """The rows with that source address in a time span, in order of time."""
        return self._by_source.within(split_halves(address)[1], _micros(first), _micros(last))

    def about_address(self, address: int, first: datetime, last: datetime) -> list[int]:
        """The rows about that address (authentication, User-ID, IP-tag) in a time span, in order of time."""
        return self._by_address.within(split_halves(address)[1], _micros(first), _micros(last))

    def moment(self, row: int) -> datetime | None:
        """When a row was written."""
        value = self._time[row]
        return None if value is None else np.datetime64(value, "us").item()


class Related:
    """Everything in a site that may belong to one of its sessions. Rows are indices into the tables."""

    def __init__(self, site: Site, outcomes: pl.Series) -> None:
        self.site = site
        self.frame = site.sessions.frame
        self.outcomes = outcomes
        self._logs: dict[Kind, LogRows] = {}

    def log(self, kind: Kind) -> LogRows:
        """A log; an empty one where no such file was given."""
        if kind not in self._logs:
            self._logs[kind] = LogRows(self.site.logs.get(kind) or LogTable(kind, empty_frame(kind)))
        return self._logs[kind]

    @cached_property
    def timeline(self) -> Timeline:
        """Commits, content installs, list refreshes and changes, from the firewalls' own logs."""
        return Timeline(self.log(Kind.SYSTEM), self.log(Kind.CONFIGURATION))

    def has(self, kind: Kind) -> bool:
        """Whether a log of that kind is among the inputs (an empty one counts as well)."""
        return kind in self.site.logs

    @cached_property
    def _by_id(self) -> _Index:
        return _Index(self.frame["session_id"])

    @cached_property
    def _by_source(self) -> _TimedIndex:
        return _TimedIndex(self.frame["source_lo"], self._end)

    @cached_property
    def _by_http2(self) -> _Index:
        used = self.frame.select(pl.when(pl.col("http2_connection") > 0).then("http2_connection"))
        return _Index(used["http2_connection"])

    @cached_property
    def _by_parent(self) -> _Index:
        used = self.frame.select(pl.when(pl.col("parent_session_id") > 0).then("parent_session_id"))
        return _Index(used["parent_session_id"])

    @cached_property
    def _end(self) -> pl.Series:
        end = pl.coalesce(pl.col("start") + pl.duration(seconds=pl.col("elapsed")), "time", "receive_time")
        return self.frame.select(end.cast(pl.Int64).alias("end"))["end"]

    @cached_property
    def _denied_end(self) -> _Index:
        denied = self.outcomes.cast(pl.String) == "allowed-then-denied"
        return _Index(pl.select(pl.when(denied).then(self._end).alias("end"))["end"])

    def end(self, row: int) -> datetime | None:
        """When the session of a row ended."""
        value = self._end[row]
        return None if value is None else np.datetime64(value, "us").item()

    def outcome(self, row: int) -> str:
        """The outcome of a row."""
        return str(self.outcomes[row])

    def session(self, row: int) -> Session:
        """The session of a row."""
        return self.site.sessions.session(row)

    def ended_together(self, session: Session, seconds: float = 2.0) -> Rows:
        """Rows of sessions that were allowed, then denied within `seconds` of this one's end (itself included)."""
        if session.end is None:
            return NO_ROWS
        width = timedelta(seconds=seconds)
        return self._denied_end.between(_micros(session.end - width), _micros(session.end + width))

    def from_same_source(self, session: Session, before: timedelta, after: timedelta) -> list[int]:
        """Other rows of the session's source address that ended between `before` its start and `after` its end."""
        if session.source is None or session.end is None:
            return []
        first, last = (session.start or session.end) - before, session.end + after
        rows = self._by_source.within(split_halves(session.source)[1], _micros(first), _micros(last))
        return [row for row in rows if row != session.row]

    def with_id(self, session_id: int, near: Session) -> list[int]:
        """Rows of that session id whose life overlaps `near`'s on the same firewall."""
        found = []
        for row in self._by_id.equal(session_id).tolist():
            other = self.session(row)
            if row == near.row or (other.serial or near.serial) != (near.serial or other.serial):
                continue
            if other.end is not None and near.end is not None:
                begin = near.start or near.end
                if other.end < begin - SLACK or (other.start or other.end) > near.end + SLACK:
                    continue
            found.append(row)
        return found

    def children(self, session: Session) -> list[int]:
        """Rows that name this session as their parent."""
        if session.id is None:
            return []
        return [row for row in self._by_parent.equal(session.id).tolist() if session.row in self._parents_of(row)]

    def _parents_of(self, row: int) -> list[int]:
        child = self.session(row)
        return self.with_id(child.parent_session_id or 0, child)

    def same_http2(self, session: Session) -> list[int]:
        """The other streams of the session's HTTP/2 connection on the same firewall, close in time."""
        if not session.http2_connection:
            return []
        found = []
        for row in self._by_http2.equal(session.http2_connection).tolist():
            other = self.session(row)
            if row == session.row or other.serial != session.serial:
                continue
            if (other.source, other.destination) != (session.source, session.destination):
                continue
            if other.end and session.end and abs(other.end - session.end) > timedelta(hours=1):
                continue
            found.append(row)
        return found

    def same_tuple(self, session: Session, seconds: float = 10.0) -> list[int]:
        """Other rows with the same addresses, ports and protocol that ended within `seconds`."""
        width = timedelta(seconds=seconds + (session.elapsed or 0))
        found = []
        for row in self.from_same_source(session, width, timedelta(seconds=seconds)):
            other = self.session(row)
            same = all(
                getattr(other, name) == getattr(session, name)
                for name in ("destination", "source_port", "destination_port", "protocol")
            )
            if same:
                found.append(row)
        return found
