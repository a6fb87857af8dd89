"""What the stand-in firewall has: a clock, a configuration, sessions that come and go, logs, and answers to tests."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

import polars as pl

from whydeny.demo.standin_rows import Row, log_row, session_row, session_time
from whydeny.model.columns import Kind
from whydeny.model.tables import empty_frame

DISCARDED_FOR = 75  # seconds that a discarded session stays (PAN-OS: 90 for TCP, 60 for the rest)
Asked = Mapping[str, str]
PolicyTest = Callable[[str, Asked], Sequence[Mapping[str, str]]]


def _no_test(_: str, __: Asked) -> Sequence[Mapping[str, str]]:
    return ()


@dataclass(slots=True)
class Estate:
    """Everything that a stand-in answers from; safe to use from several threads.

    `clock` is the device's time at the start; it runs on from there. `configurations` maps what follows
    `show config` (`running`, `effective-running`, `pushed-shared-policy vsys1`, …) to what its result holds. `pace` is
    how many sessions begin, and how many end, each second (0: nothing changes).
    """

    clock: datetime
    system: dict[str, str] = field(default_factory=dict)
    configurations: dict[str, str] = field(default_factory=dict)
    logs: dict[Kind, pl.DataFrame] = field(default_factory=dict)
    sessions: list[Row] = field(default_factory=list)
    content: str = ""  # what /config/predefined/application holds
    test: PolicyTest = _no_test
    lists: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # name → (kind, members)
    users: dict[str, str] = field(default_factory=dict)  # address → user
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # user group → users
    dynamic: dict[str, tuple[str, ...]] = field(default_factory=dict)  # dynamic address group → addresses
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # host name → addresses
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)  # address → registered tags
    firewalls: tuple[Row, ...] = ()  # what a Panorama manages
    jobs: list[Row] = field(default_factory=list)  # the newest first
    ha_state: str = ""  # active, passive; empty: no HA
    networks: bool | None = True  # whether the session filter takes networks; None: it answers them with an error
    pace: float = 0.0
    lock: RLock = field(default_factory=RLock)
    version: int = 0  # grows whenever a session changes
    _began: float = field(default_factory=time.monotonic)
    _moved: float = 0.0
    _next: int = 900_000
    _born: dict[str, float] = field(default_factory=dict)
    _patterns: list[tuple[Row, dict[str, Any]]] = field(default_factory=list)  # a session, and its traffic row
    _origins: dict[str, dict[str, Any]] = field(default_factory=dict)  # session → the traffic row it will have

    def now(self) -> datetime:
        """The device's time."""
        return self.clock + timedelta(seconds=time.monotonic() - self._began)

    def show_sessions(self, traffic: pl.DataFrame) -> None:
        """Fill the session table from traffic rows, the refused ones as discarded. They get their log row when they end.

        A session of several rows is there once, by its last.
        """
        for values in traffic.unique("session_id", keep="last", maintain_order=True).iter_rows(named=True):
            row = session_row(values | {"state": _state(values), "session_type": "FLOW"})
            self.sessions.append(row)
            self._origins[row["idx"]] = values
        self._patterns = [(dict(row), self._origins[row["idx"]]) for row in self.sessions]

    def move(self) -> None:
        """Let the time since the last call pass: sessions end and get their log row, others begin."""
        with self.lock:
            passed = time.monotonic() - self._began
            steps = int((passed - self._moved) * self.pace)
            if steps <= 0 or not self._patterns:
                return
            self._moved = passed
            discarded = [r for r in self.sessions if r["state"] == "DISCARD" and self._age(r, passed) > DISCARDED_FOR]
            active = [row for row in self.sessions if row["state"] == "ACTIVE"][:steps]
            ended = {row["idx"] for row in discarded + active}
            self.sessions = [row for row in self.sessions if row["idx"] not in ended]
            self._log([self._ended(row) for row in discarded + active])
            for _ in range(steps):
                self._begin(passed)
            self.version += 1

    def _age(self, row: Row, passed: float) -> float:
        return passed - self._born.get(row["idx"], 0.0)

    def _begin(self, passed: float) -> None:
        self._next += 1
        pattern, origin = self._patterns[self._next % len(self._patterns)]
        row = pattern | {"idx": str(self._next), "sport": str(20_000 + self._next % 40_000)}
        row["start-time"] = session_time(self.now())
        self.sessions.append(row)
        self._born[row["idx"]] = passed
        self._origins[row["idx"]] = origin

    def _ended(self, row: Row) -> dict[str, Any]:
        """The traffic row of a session that ended just now."""
        origin = self._origins.pop(row["idx"])
        end = self.now().replace(microsecond=0)
        times = {"time": end, "receive_time": end, "start": end - timedelta(seconds=origin.get("elapsed") or 0)}
        own = {"session_id": int(row["idx"]), "source_port": int(row.get("sport", "0")), "sequence": int(row["idx"])}
        return origin | times | own

    def _log(self, ended: list[dict[str, Any]]) -> None:
        frame = self.logs.get(Kind.TRAFFIC, empty_frame(Kind.TRAFFIC))
        rows = [{name: values.get(name) for name in frame.columns} for values in ended]
        self.logs[Kind.TRAFFIC] = pl.concat([frame, pl.DataFrame(rows, schema=frame.schema)])

    def log_rows(self, kind: Kind, wanted: pl.Expr | None, skip: int, count: int, newest_first: bool) -> list[Row]:
        """Rows of a log that a filter takes, a page of them."""
        with self.lock:
            frame = self.logs.get(kind, empty_frame(kind))
        if wanted is not None:
            frame = frame.filter(wanted)
        page = frame.sort("time", descending=newest_first, maintain_order=True).slice(skip, count)
        return [log_row(kind, values) for values in page.iter_rows(named=True)]


def _state(values: Mapping[str, Any]) -> str:
    return "DISCARD" if values.get("end_reason") == "policy-deny" else "ACTIVE"
