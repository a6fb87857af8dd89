"""The session table and the log tables: columns in, one row out when somebody asks for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from whydeny.model.addresses import format_address, join_halves
from whydeny.model.columns import COLUMNS, Kind, Type, schema
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_name

NO_FLAGS = Flag(0)


def empty_frame(kind: Kind) -> pl.DataFrame:
    """A table of a kind with no rows and every column."""
    return pl.DataFrame(schema=schema(kind))


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its row says it. `None` is "the row doesn't say"; addresses are 128-bit numbers.

    `end_reason` and `action` are normalised (lower case, hyphens). Times are the device's local time.
    """

    row: int
    file: int = 0
    line: int = 0
    id: int | None = None
    serial: str | None = None
    vsys: str | None = None
    vsys_name: str | None = None
    device_name: str | None = None
    config_version: int | None = None
    time: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    elapsed: int | None = None
    source: int | None = None
    source_port: int | None = None
    destination: int | None = None
    destination_port: int | None = None
    nat_source: int | None = None
    nat_source_port: int | None = None
    nat_destination: int | None = None
    nat_destination_port: int | None = None
    protocol: int | None = None
    from_zone: str | None = None
    to_zone: str | None = None
    user: str | None = None
    destination_user: str | None = None
    application: str | None = None
    category: str | None = None
    rule: str | None = None
    rule_uuid: str | None = None
    action: str | None = None
    action_source: str | None = None
    end_reason: str | None = None
    subtype: str | None = None
    flags: Flag = NO_FLAGS
    flags_known: bool = False
    bytes: int | None = None
    bytes_sent: int | None = None
    bytes_received: int | None = None
    packets: int | None = None
    packets_sent: int | None = None
    packets_received: int | None = None
    source_country: str | None = None
    destination_country: str | None = None
    inbound_interface: str | None = None
    outbound_interface: str | None = None
    source_edl: str | None = None
    destination_edl: str | None = None
    source_dag: str | None = None
    destination_dag: str | None = None
    dynamic_user_group: str | None = None
    parent_session_id: int | None = None
    http2_connection: int | None = None
    tunnel: str | None = None
    app_category: str | None = None
    app_subcategory: str | None = None
    app_technology: str | None = None
    app_risk: int | None = None
    app_characteristics: str | None = None
    app_container: str | None = None
    host_id: str | None = None
    state: str | None = None
    session_type: str | None = None
    tracker_stage: str | None = None
    portal_session: str | None = None
    proxied: str | None = None

    @property
    def decrypted(self) -> bool | None:
        """Whether the session was decrypted; None where no flag was logged and no proxy state is known."""
        if self.flags_known:
            return Flag.DECRYPTED in self.flags
        return {"true": True, "yes": True, "false": False, "no": False}.get((self.proxied or "").lower())

    @property
    def flag_words(self) -> tuple[str, ...]:
        """The flags in words; where none were logged, those that the session table tells of."""
        if self.flags_known:
            return self.flags.words()
        return ("decrypted",) if self.decrypted else ()

    @property
    def live(self) -> bool:
        """Whether this is a session of the session table rather than of a log."""
        return self.state is not None

    @property
    def protocol_word(self) -> str | None:
        """`tcp` for 6."""
        return protocol_name(self.protocol)

    @property
    def source_text(self) -> str | None:
        """The source address as text."""
        return None if self.source is None else format_address(self.source)

    @property
    def destination_text(self) -> str | None:
        """The destination address as text."""
        return None if self.destination is None else format_address(self.destination)


_SESSION_FIELDS = frozenset(Session.__dataclass_fields__)
_DIRECT = [
    c.name
    for c in COLUMNS[Kind.TRAFFIC]
    if c.type is not Type.ADDRESS and c.name in _SESSION_FIELDS and c.name not in ("flags", "elapsed", "start", "time")
]
_ADDRESSES = ("source", "destination", "nat_source", "nat_destination")


def session_of(row: int, values: Mapping[str, Any]) -> Session:
    """The session of a table row given as polars values by stored column name."""
    found: dict[str, Any] = {name: values.get(name) for name in _DIRECT}
    for name in _ADDRESSES:
        high, low = values.get(f"{name}_hi"), values.get(f"{name}_lo")
        found[name] = None if low is None else join_halves(high or 0, low)
    flags = values.get("flags")
    start, elapsed, time = values.get("start"), values.get("elapsed"), values.get("time")
    end = start + timedelta(seconds=elapsed) if start is not None and elapsed is not None else time
    return Session(
        row=row,
        file=values.get("file") or 0,
        line=values.get("line") or 0,
        id=values.get("session_id"),
        time=time,
        start=start,
        end=end,
        elapsed=elapsed,
        flags=Flag(flags or 0),
        flags_known=flags is not None,
        **found,
    )


@dataclass(frozen=True, slots=True)
class SessionTable:
    """Sessions as columns: `frame` holds every column of `schema(Kind.TRAFFIC)`, row by row."""

    frame: pl.DataFrame = field(default_factory=lambda: empty_frame(Kind.TRAFFIC))

    def __len__(self) -> int:
        return self.frame.height

    def session(self, row: int) -> Session:
        """The session of a row (0-based)."""
        return session_of(row, self.frame.row(row, named=True))

    def sessions(self, rows: Sequence[int]) -> Iterator[Session]:
        """The sessions of many rows (0-based), in that order, for less than one by one."""
        part = self.frame[pl.Series(rows, dtype=pl.UInt32)]
        return map(session_of, rows, part.iter_rows(named=True, buffer_size=1024))


@dataclass(frozen=True)
class LogTable:
    """A log other than traffic, as columns of `schema(kind)`."""

    kind: Kind
    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height

    @cached_property
    def _filled(self) -> list[str]:
        """The columns of `columns.COLUMNS` that have a value in any row."""
        empty = {
            name
            for name, count in zip(self.frame.columns, self.frame.null_count().row(0), strict=True)
            if count == self.frame.height
        }
        return [
            column.name
            for column in COLUMNS[self.kind]
            if (f"{column.name}_lo" if column.type is Type.ADDRESS else column.name) not in empty
        ]

    def row(self, index: int) -> dict[str, Any]:
        """One row by column name of `columns.COLUMNS`: addresses as text, null cells left out."""
        values = self.frame.row(index, named=True)
        found: dict[str, Any] = {"file": values["file"], "line": values["line"]}
        for name in self._filled:
            value = values.get(name)
            if value is not None:
                found[name] = value
            elif (low := values.get(f"{name}_lo")) is not None:
                found[name] = format_address(join_halves(values[f"{name}_hi"] or 0, low))
        return found
