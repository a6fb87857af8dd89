"""Rows of other sessions and other logs that belong to a session, found by index and never by scanning."""

from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.addresses import split_halves
from whydeny.model.columns import Kind
from whydeny.model.site import Site
from whydeny.model.tables import LogTable, Session, empty_frame
from whydeny.verdict.events import Timeline
from whydeny.verdict.likeness import WAYS, Like, keys_frame
from whydeny.verdict.outcome import discarded_expression
from whydeny.verdict.rows import SLACK, Alike, Index, LogRows, Rows, TimedIndex, micros

_SECOND = 1_000_000  # microseconds
_TOGETHER = 2 * _SECOND  # within which sessions that end are taken to end together
# A crowd is that many times what the minute before and after has in as long a span.
_CROWD, _AROUND = 3, 60


class Related:
    """Everything in a site that may belong to one of its sessions. Rows are indices into the tables."""

    def __init__(self, site: Site, outcomes: pl.Series) -> None:
        self.site = site
        self.frame = site.sessions.frame
        self.outcomes = outcomes
        self._logs: dict[Kind, LogRows] = {}
        self._alike: dict[Like, Alike] = {}

    def like(self, way: Like) -> Alike:
        """The rows that are alike in one way, found by time."""
        if way not in self._alike:
            wanted = WAYS[way]
            keys = self._keys
            times = self.ends if wanted.by == "end" else self.starts
            self._alike[way] = Alike(keys, wanted.columns, times, keys.select(wanted.mask.alias("mask"))["mask"])
        return self._alike[way]

    @cached_property
    def _keys(self) -> pl.DataFrame:
        return keys_frame(self.frame, self.outcomes)

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
    def _by_id(self) -> Index:
        return Index(self.frame["session_id"])

    @cached_property
    def _by_source(self) -> TimedIndex:
        return TimedIndex(self.frame["source_lo"], self.ends)

    @cached_property
    def _by_destination(self) -> TimedIndex:
        return TimedIndex(self.frame["destination_lo"], self.ends)

    @cached_property
    def _by_http2(self) -> Index:
        used = self.frame.select(pl.when(pl.col("http2_connection") > 0).then("http2_connection"))
        return Index(used["http2_connection"])

    @cached_property
    def _by_parent(self) -> Index:
        used = self.frame.select(pl.when(pl.col("parent_session_id") > 0).then("parent_session_id"))
        return Index(used["parent_session_id"])

    @cached_property
    def ends(self) -> pl.Series:
        """When every session ended, in microseconds."""
        end = pl.coalesce(pl.col("start") + pl.duration(seconds=pl.col("elapsed")), "time", "receive_time")
        return self.frame.select(end.cast(pl.Int64).alias("end"))["end"]

    @cached_property
    def starts(self) -> pl.Series:
        """When every session began, in microseconds."""
        return self.frame.select(pl.col("start").cast(pl.Int64))["start"]

    @cached_property
    def cluster_sizes(self) -> pl.Series:
        """For each session that was allowed, then denied: how many other conversations of the same firewall were
        refused within two seconds of its end, where that is more than usual there; 0 where it is not. A conversation is
        source, destination and port; null for other rows."""
        denied = (self.outcomes.cast(pl.String) == "allowed-then-denied") & self.ends.is_not_null()
        rows = denied.arg_true()
        talk = ("source_hi", "source_lo", "destination_hi", "destination_lo", "destination_port")
        part = (
            self.frame[rows]
            .select(pl.col("serial").cast(pl.String), pl.struct(talk).hash(seed=4).alias("talk"))
            .with_columns(self.ends.gather(rows).alias("end"), rows.alias("row"))
        )
        sizes = np.zeros(len(self.outcomes), dtype=np.uint32)
        for _, group in part.group_by("serial"):
            ordered = group.sort("end")
            ends, talks = ordered["end"].to_numpy(), np.unique(ordered["talk"].to_numpy(), return_inverse=True)[1]
            near = _others_near(ends, talks)
            sizes[ordered["row"].to_numpy()] = np.where(near >= _CROWD * _usual(ends, talks), near, 0)
        return pl.select(pl.when(denied).then(pl.Series(sizes)).alias("size"))["size"]

    def end(self, row: int) -> datetime | None:
        """When the session of a row ended."""
        value = self.ends[row]
        return None if value is None else np.datetime64(value, "us").item()

    @cached_property
    def one_refused_flow(self) -> bool:
        """Whether all refused and discarded sessions are one flow: same hosts, port and application."""
        discarded = self.frame.select(discarded_expression())["discarded"]
        refused = (self.outcomes.cast(pl.String) == "allowed-then-denied") | discarded
        names = (
            "source_hi",
            "source_lo",
            "destination_hi",
            "destination_lo",
            "destination_port",
            "protocol",
            "application",
        )
        return self.frame.filter(refused).select(names).n_unique() == 1

    def outcome(self, row: int) -> str:
        """The outcome of a row."""
        return str(self.outcomes[row])

    def session(self, row: int) -> Session:
        """The session of a row."""
        return self.site.sessions.session(row)

    def from_same_source(self, session: Session, before: timedelta, after: timedelta) -> list[int]:
        """Other rows of the session's source address that ended between `before` its start and `after` its end."""
        if session.source is None or session.end is None:
            return []
        first, last = (session.start or session.end) - before, session.end + after
        rows = self._by_source.within(split_halves(session.source)[1], micros(first), micros(last))
        return [row for row in rows if row != session.row]

    def to_same_destination(self, session: Session, first: datetime, last: datetime) -> list[int]:
        """Other rows to the session's destination address that ended in a time span, in order of time."""
        if session.destination is None:
            return []
        rows = self._by_destination.within(split_halves(session.destination)[1], micros(first), micros(last))
        return [row for row in rows if row != session.row]

    def with_id(self, session_id: int, near: Session) -> list[int]:
        """Rows of that session id whose life overlaps `near`'s on the same firewall."""
        found = []
        for row in self._by_id.equal(session_id).tolist():
            if row == near.row:
                continue
            other = self.session(row)
            if (other.serial or near.serial) != (near.serial or other.serial):
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

    @cached_property
    def several_systems(self) -> bool:
        """Whether the sessions are of more than one virtual system."""
        return self.frame["vsys"].n_unique() > 1

    def same_tuple(self, session: Session, seconds: float = 10.0) -> list[int]:
        """Other rows with the same addresses, ports and protocol that ended within `seconds`."""
        width = timedelta(seconds=seconds + (session.elapsed or 0))
        rows = self.from_same_source(session, width, timedelta(seconds=seconds))
        if not rows:
            return []
        for name in ("source_port", "destination_port", "protocol"):
            column, wanted = self.frame[name], getattr(session, name)
            rows = [row for row in rows if column[row] == wanted]
        return [row for row in rows if self.session(row).destination == session.destination]


def _others_near(ends: Rows, talks: Rows) -> Rows:
    """For each of these rows, in order of `ends` (microseconds): how many other conversations (numbered) end near it."""
    lows = np.searchsorted(ends, ends - _TOGETHER, side="left").tolist()
    highs = np.searchsorted(ends, ends + _TOGETHER, side="right").tolist()
    talk: list[int] = talks.tolist()
    inside = [0] * (max(talk, default=0) + 1)
    found, low, high, different = [], 0, 0, 0
    for to_low, to_high in zip(lows, highs, strict=True):
        for code in talk[high:to_high]:
            different += not inside[code]
            inside[code] += 1
        for code in talk[low:to_low]:
            inside[code] -= 1
            different -= not inside[code]
        low, high = to_low, to_high
        found.append(different - 1)
    return np.array(found, dtype=np.int64)


def _usual(ends: Rows, talks: Rows) -> npt.NDArray[np.float64]:
    """For each of these rows, in order of `ends` (microseconds): how many conversations (numbered) end within `_TOGETHER`
    of a moment in the minute around it, its own seconds left out."""
    seconds = ends // _SECOND
    many = int(talks.max()) + 1
    # A second as often as conversations end in it.
    counted = np.unique((seconds - seconds[0]) * many + talks) // many + seconds[0]

    def until(moments: Rows) -> Rows:
        found: Rows = np.searchsorted(counted, moments, side="right")
        return found

    near = _TOGETHER // _SECOND
    first, last = np.maximum(seconds - _AROUND, seconds[0]), np.minimum(seconds + _AROUND, seconds[-1])
    low, high = np.maximum(seconds - near, first), np.minimum(seconds + near, last)
    others = until(last) - until(first - 1) - (until(high) - until(low - 1))
    length = (last - first) - (high - low)
    usual: npt.NDArray[np.float64] = 2 * near * others / np.maximum(length, 1)
    return usual
