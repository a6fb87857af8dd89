"""Everything that was opened together: the sessions and all that explains them."""

from dataclasses import dataclass, field
from datetime import datetime

from whydeny.model.answers import DeviceAnswers, Told
from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import Kind
from whydeny.model.configuration import Configuration
from whydeny.model.release import Release
from whydeny.model.tables import LogTable, SessionTable


@dataclass(frozen=True, slots=True)
class Problem:
    """A row or an input that could not be read: one sentence, with the file's name and the line in it."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.line is None else f"{self.file}, line {self.line}: {self.message}"


# Columns of the traffic log where nothing in a row says something, which it does not where the whole column is missing.
TELLING = frozenset(
    {"application", "from_zone", "to_zone", "user", "flags", "end_reason", "parent_session_id", "http2_connection"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """One opened file: what the user called it, and its kind in words (`traffic log, CSV export`).

    `release` is the first PAN-OS release that writes the columns that the log has: where neither a configuration
    nor a row says more, the firewall runs that one or a later one. `lacking` are those of `TELLING` that its traffic
    rows, or some of them, can't have: the export or the release has no such column.
    """

    name: str
    what: str
    rows: int = 0
    skipped: int = 0
    release: Release | None = None
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """`show system info`."""

    file: int = 0
    hostname: str | None = None
    serial: str | None = None
    model: str | None = None
    release: Release | None = None
    content_version: str | None = None
    content_released: str | None = None
    multi_vsys: bool = False
    time: datetime | None = None


@dataclass(slots=True)
class Site:
    """The inputs of one run, read. Tables are never None; empty means nobody gave such a file.

    `fetched` are the sessions (rows) whose rows of the other logs were fetched from a firewall. Those logs cover no
    other session, so that their silence proves nothing about the others. None: the logs cover all sessions alike.
    `told` are the answers of single firewalls or virtual systems, where the inputs are of several; `answers` hold for all.
    """

    sources: list[Source] = field(default_factory=list)
    sessions: SessionTable = field(default_factory=SessionTable)
    logs: dict[Kind, LogTable] = field(default_factory=dict)
    configurations: list[Configuration] = field(default_factory=list)
    systems: list[SystemInfo] = field(default_factory=list)
    applications: ApplicationTable = field(default_factory=ApplicationTable)
    answers: DeviceAnswers = field(default_factory=DeviceAnswers)
    told: tuple[Told, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    fetched: frozenset[int] | None = None

    def source_name(self, file: int) -> str:
        """What the user called a source."""
        return self.sources[file].name if 0 <= file < len(self.sources) else "?"
