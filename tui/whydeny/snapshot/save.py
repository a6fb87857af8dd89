"""Write a snapshot: whole or not at all."""

import json
import os
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from glob import escape as glob_escape
from pathlib import Path
from typing import IO, Any

import polars as pl

from whydeny import __version__
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress, silent
from whydeny.model.site import Site
from whydeny.snapshot.codec import to_json
from whydeny.snapshot.manifest import (
    APPLICATIONS,
    CONFIGURATIONS,
    FORMAT,
    JUDGED,
    KEPT,
    LARGEST_TABLE,
    LARGEST_TEXT,
    MANIFEST,
    MOST_ROWS,
    SESSIONS,
    SITE,
    JudgedWith,
    Manifest,
    log_part,
)
from whydeny.snapshot.redact import Redaction

SUFFIX = ".whydeny"
_STALE = 3600  # seconds after which a half-written file of a killed run is cleared away


class TooLarge(Exception):
    """What would be saved could not be opened again; the message says by how much."""


def save_snapshot(
    path: Path,
    site: Site,
    judged: pl.DataFrame | None = None,
    marks: Collection[int] = (),
    notes: Mapping[str, str] | None = None,
    view: Mapping[str, Any] | None = None,
    redact: Redaction | None = None,
    progress: Progress | None = None,
    judged_with: JudgedWith | None = None,
) -> Manifest:
    """Write a snapshot to `path`.

    It is written to a temporary file in the same folder, flushed to the disk and renamed, so that a full disk, a
    kill or `Cancelled` leaves a file that was there before whole. Only the user can read it (mode 600). `judged`
    has a row for every session; `view` is any JSON. With `redact` the redacted site goes into the file, its
    verdicts judged anew, without notes and view state; `redact.report` then says what was replaced. Raises
    `WhydenyError` in a sentence where it can't be written.
    """
    progress = progress or silent()
    if redact is not None:
        site, judged, judged_with = redact.apply(site, judged, judged_with, progress)
        redact.leave_out("note", len(notes or {}))
        redact.leave_out("view", bool(view))
        notes, view = None, None
    tables = {SESSIONS: site.sessions.frame}
    if judged is not None:
        tables[JUDGED] = judged
    tables |= {log_part(kind): table.frame for kind, table in site.logs.items()}
    manifest = _manifest(site, tables, judged_with or JudgedWith(), redact is not None)
    texts = {
        MANIFEST: to_json(manifest),
        SITE: {
            "systems": to_json(site.systems),
            "answers": to_json(site.answers),
            "told": to_json(site.told),
            "problems": to_json(site.problems),
            "fetched": None if site.fetched is None else sorted(site.fetched),
        },
        CONFIGURATIONS: to_json(site.configurations),
        APPLICATIONS: to_json(site.applications),
        KEPT: {"marks": sorted(marks), "notes": dict(notes or {}), "view": dict(view or {})},
    }
    try:
        _write_whole(path, texts, tables, progress)
    except OSError as error:
        raise WhydenyError(f"{path}: the snapshot can't be written: {error.strerror or error}") from None
    except TooLarge as error:
        raise WhydenyError(f"{path}: the snapshot can't be written: {error}") from None
    except (zipfile.LargeZipFile, RuntimeError) as error:
        raise WhydenyError(f"{path}: the snapshot can't be written: a part is too large ({error})") from None
    return manifest


def _manifest(site: Site, tables: Mapping[str, pl.DataFrame], judged_with: JudgedWith, redacted: bool) -> Manifest:
    times = site.sessions.frame["receive_time"]
    first, last = times.min(), times.max()
    return Manifest(
        format=FORMAT,
        tool="whydeny",
        version=__version__,
        saved=datetime.now().replace(microsecond=0),
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        sources=tuple(site.sources),
        rows={name: frame.height for name, frame in tables.items()},
        judged_with=judged_with,
        redacted=redacted,
    )


def _write_whole(path: Path, texts: Mapping[str, Any], tables: Mapping[str, pl.DataFrame], progress: Progress) -> None:
    _clear_stale(path)
    handle, name = tempfile.mkstemp(suffix=".part", prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _write_zip(file, texts, tables, progress)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _write_zip(
    file: IO[bytes], texts: Mapping[str, Any], tables: Mapping[str, pl.DataFrame], progress: Progress
) -> None:
    total = sum(frame.height for frame in tables.values())
    done = 0
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in texts.items():
            progress.step("saving the snapshot", done, total)
            packed = zipfile.ZIP_STORED if name == MANIFEST else zipfile.ZIP_DEFLATED
            archive.writestr(_entry(name, packed), json.dumps(value, ensure_ascii=False, separators=(",", ":")))
            _check_size(archive.getinfo(name), LARGEST_TEXT)
        for name, frame in tables.items():
            if frame.height > MOST_ROWS:
                raise TooLarge(f"the part {name} has {frame.height:,} rows; {MOST_ROWS:,} is the most that is opened")
            progress.step("saving the snapshot", done, total)
            with archive.open(_entry(name, zipfile.ZIP_STORED), "w") as part:
                _with_values(frame).write_parquet(part, compression="zstd", compression_level=3, statistics=False)
            _check_size(archive.getinfo(name), LARGEST_TABLE)
            done += frame.height
    progress.step("saving the snapshot", total, total)


def _check_size(part: zipfile.ZipInfo, largest: int) -> None:
    """That the part can be opened again; raises `TooLarge`."""
    if part.file_size > largest:
        raise TooLarge(f"the part {part.filename} has {part.file_size:,} bytes; {largest:,} is the most that is opened")


def _with_values(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that hold anything; opening puts the empty ones back. The first stays to count the rows."""
    return frame.select([n for i, n in enumerate(frame.columns) if i == 0 or frame[n].null_count() < frame.height])


def _entry(name: str, packed: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = packed
    entry.external_attr = 0o600 << 16
    return entry


def _clear_stale(path: Path) -> None:
    """Remove what a run that was killed while saving left behind."""
    now = datetime.now().timestamp()
    for left in path.parent.glob(f".{glob_escape(path.name)}.*.part"):
        with suppress(OSError):
            if now - left.stat().st_mtime > _STALE:
                left.unlink()


def _sync_folder(folder: Path) -> None:
    """The rename itself, on the disk; file systems without it lose nothing but the promise."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
