"""What a snapshot says of itself, and the names of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.site import Site, Source
from whydeny.verdict.judge import Judge

FORMAT = 1

# What is saved can be opened: the bounds of both.
LARGEST_FILE = 4 << 30  # bytes
LARGEST_TEXT = 256 << 20  # of one JSON part, unpacked
LARGEST_TABLE = 2 << 30  # of one parquet part
MOST_ROWS = 50_000_000  # of one table

# The parts of the file. The manifest comes first, so that its name at the beginning of the file tells a snapshot.
MANIFEST = "whydeny.json"
SITE = "site.json"
CONFIGURATIONS = "configurations.json"
APPLICATIONS = "applications.json"
KEPT = "kept.json"  # marks, notes and view state
SESSIONS = "sessions.parquet"
JUDGED = "judged.parquet"


def log_part(kind: Kind) -> str:
    """The part that holds a log."""
    return f"logs/{kind}.parquet"


PARTS = frozenset({MANIFEST, SITE, CONFIGURATIONS, APPLICATIONS, KEPT, SESSIONS, JUDGED, *map(log_part, Kind)})


@dataclass(frozen=True, slots=True)
class JudgedWith:
    """What the verdicts were asked with besides the inputs: release, serial and device group by the user."""

    release: str | None = None
    serial: str | None = None
    device_group: str | None = None


def judged_with(judge: Judge) -> JudgedWith:
    """What a judge was asked with."""
    release = judge.firewalls.override
    return JudgedWith(None if release is None else str(release), judge.serial, judge.device_group)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The first part of a snapshot.

    `saved` is the local time of saving; `first` and `last` the span of the sessions' receive times. `rows` has
    the number of rows of every table part, by the part's name.
    """

    format: int = 0
    tool: str = ""
    version: str = ""
    saved: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    sources: tuple[Source, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    judged_with: JudgedWith = field(default_factory=JudgedWith)
    redacted: bool = False


@dataclass(slots=True)
class Snapshot:
    """An opened snapshot.

    `judged` is the judged frame as it was saved, None where nothing had been judged; `marks` are row numbers of
    the session table; `notes` texts by what they stand on; `view` what the screen wants back.
    """

    site: Site
    judged: pl.DataFrame | None
    marks: tuple[int, ...]
    notes: dict[str, str]
    view: dict[str, Any]
    manifest: Manifest
