"""Open a snapshot: bounded, checked against the model, nothing written, nothing executed."""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import polars as pl

from whydeny.model.answers import DeviceAnswers, Told
from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import Configuration
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress, silent
from whydeny.model.safe import safe_text
from whydeny.model.site import Problem, Site, SystemInfo
from whydeny.model.tables import LogTable, SessionTable
from whydeny.snapshot.codec import Malformed, from_json
from whydeny.snapshot.manifest import (
    APPLICATIONS,
    CONFIGURATIONS,
    FORMAT,
    JUDGED,
    KEPT,
    LARGEST_FILE,
    LARGEST_TABLE,
    LARGEST_TEXT,
    MANIFEST,
    MOST_ROWS,
    PARTS,
    SESSIONS,
    SITE,
    Manifest,
    Snapshot,
    log_part,
)
from whydeny.snapshot.migrate import Raw, migrate
from whydeny.snapshot.parquet import BadTable
from whydeny.snapshot.tables import fit_table, read_table
from whydeny.verdict.judge import JUDGED as JUDGED_COLUMNS

LARGEST_MANIFEST = 1 << 20
# What a JSON part may unpack to, however little it was packed to, and how many times as much.
ALWAYS_UNPACKED = 32 << 20
MOST_TIMES = 100
LARGEST_MEMORY = 16 << 30  # bytes that the tables take, where the machine doesn't say what it has
LONGEST_NOTE = 20_000

# What the columns of each table are.
_COLUMNS: dict[str, Mapping[str, pl.DataType]] = {
    SESSIONS: schema(Kind.TRAFFIC),
    JUDGED: JUDGED_COLUMNS,
    **{log_part(kind): schema(kind) for kind in Kind},
}

_BAD_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError)
_FIRST = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END_SIZE = 22
_END64 = b"PK\x06\x07"


def is_snapshot(path: Path) -> bool:
    """Whether a file begins as a snapshot does; it may still be cut short or of a later format."""
    try:
        if not path.is_file():  # a pipe would keep whoever opens it waiting
            return False
        with path.open("rb") as file:
            return _begins_so(file.read(64))
    except OSError:
        return False


def _begins_so(head: bytes) -> bool:
    return head.startswith(_FIRST) and head[30 : 30 + len(MANIFEST)] == MANIFEST.encode()


def load_snapshot(path: Path, progress: Progress | None = None) -> Snapshot:
    """The snapshot in a file.

    Raises `InputError` in a sentence for a file that is foreign, cut short, damaged, of a later format or over
    the bounds. Nothing is unpacked to the disk; text is made safe as that of any other file.
    """
    with _opened(path) as archive:
        return _snapshot(_read_parts(path, archive, progress or silent()))


def read_manifest(path: Path) -> Manifest:
    """What a snapshot says of itself, without reading its tables: for a list of snapshots.

    Raises `InputError` like `load_snapshot`, for a later format too.
    """
    with _opened(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        head, _ = _read_head(path, archive, entries)
        manifest: Manifest = from_json(Manifest, head, MANIFEST)
        return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive of a snapshot; whatever is wrong with it becomes a sentence."""
    try:
        with path.open("rb") as file:
            _check_container(path, file)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except OSError as error:
        raise InputError(f"{path}: the snapshot can't be read: {error.strerror or error}") from None
    except (Malformed, BadTable, *_BAD_ZIP) as error:
        raise InputError(f"{path}: the snapshot is damaged: {safe_text(str(error), 300)}") from None


def _check_container(path: Path, file: IO[bytes]) -> None:
    """Before anything looks into the archive: it begins and ends as a snapshot does, with a small directory."""
    head = file.read(64)
    size = file.seek(0, 2)
    if not _begins_so(head):
        raise InputError(f"{path}: a whydeny snapshot was expected; this is another kind of file")
    if size > LARGEST_FILE:
        raise InputError(f"{path}: the snapshot has {size:,} bytes; {LARGEST_FILE:,} is the most that is opened")
    file.seek(max(0, size - _END_SIZE - 20))
    tail = file.read()
    end = tail[-_END_SIZE:]
    if not end.startswith(_END):
        raise InputError(f"{path}: the snapshot is cut short; save or copy it again")
    entries = int.from_bytes(end[10:12], "little")
    directory = int.from_bytes(end[12:16], "little")
    if tail[:-_END_SIZE].startswith(_END64) or entries > len(PARTS) or directory > 65_536:
        raise InputError(f"{path}: the snapshot has more parts than any snapshot has")
    file.seek(0)


def _read_parts(path: Path, archive: zipfile.ZipFile, progress: Progress) -> Raw:
    entries = {entry.filename: entry for entry in archive.infolist()}
    strange = sorted(set(entries) - PARTS)
    if strange or len(entries) != len(archive.infolist()):
        named = f": {safe_text(strange[0], 80)}" if strange else " twice"
        raise InputError(f"{path}: the snapshot has a part that no snapshot has{named}")
    head, version = _read_head(path, archive, entries)
    raw = Raw({MANIFEST: head})
    rows = head.get("rows")
    counts = {name: n for name, n in rows.items() if isinstance(n, int)} if isinstance(rows, dict) else {}
    total = min(sum(counts.values()), 10 * MOST_ROWS)
    done = memory = 0
    for name in entries:
        progress.step("opening the snapshot", done, total)
        if name in _COLUMNS:
            part = _bytes(archive, entries[name], LARGEST_TABLE)
            try:
                raw.tables[name], more = read_table(part, counts.get(name, -1), _COLUMNS[name], _memory() - memory)
            except BadTable as error:
                raise BadTable(f"{name}: {error}") from None
            done += counts[name]
            memory += more
        elif name != MANIFEST:
            raw.texts[name] = _json(archive, entries, name, LARGEST_TEXT)
    missing = sorted({SITE, CONFIGURATIONS, APPLICATIONS, KEPT, SESSIONS, *counts} - set(entries))
    if missing:
        raise InputError(f"{path}: the snapshot is damaged: it lacks the part {safe_text(missing[0], 80)}")
    migrate(raw, version)
    progress.step("opening the snapshot", total, total)
    return raw


def _memory() -> int:
    """The bytes of memory that this machine has; all that a table may take where it doesn't say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return LARGEST_MEMORY


def _read_head(path: Path, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> tuple[dict[str, Any], int]:
    """The manifest's JSON and the format, which is one that this version reads."""
    head = _json(archive, entries, MANIFEST, LARGEST_MANIFEST)
    version = head.get("format") if isinstance(head, dict) and head.get("tool") == "whydeny" else None
    if not isinstance(version, int) or version < 1:
        raise InputError(f"{path}: a whydeny snapshot was expected; its first part does not say it is one")
    if version > FORMAT:
        by = safe_text(str(head.get("version") or "a later version"), 40)
        raise InputError(
            f"{path}: the snapshot was saved by whydeny {by} in format {version}; this version reads up to format "
            f"{FORMAT}: install whydeny {by} or later"
        )
    return head, version


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, largest: int) -> bytes:
    """The bytes of a part, checked against its checksum; what the directory says of its size is not believed."""
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Malformed(f"{entry.filename} is packed in a way that no snapshot uses")
    if entry.file_size > largest:
        raise Malformed(f"{entry.filename} is larger than {largest:,} bytes")
    with archive.open(entry) as part:
        data = part.read(largest + 1)
    if len(data) > largest:
        raise Malformed(f"{entry.filename} is larger than {largest:,} bytes")
    return data


def _json(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], name: str, largest: int) -> Any:
    if name not in entries:
        raise Malformed(f"it lacks the part {name}")
    entry = entries[name]
    if entry.file_size > max(ALWAYS_UNPACKED, MOST_TIMES * entry.compress_size):
        raise Malformed(f"{name} unpacks to {entry.file_size:,} bytes, more than any part of its size")
    try:
        return json.loads(_bytes(archive, entry, largest))
    except (ValueError, RecursionError):
        raise Malformed(f"{name} is no JSON") from None


def _snapshot(raw: Raw) -> Snapshot:
    manifest: Manifest = from_json(Manifest, raw.texts[MANIFEST], MANIFEST)
    site_part = _mapping(raw.texts[SITE], SITE)
    site = Site(
        sources=list(manifest.sources),
        sessions=SessionTable(_table(raw, SESSIONS)),
        logs={kind: LogTable(kind, _table(raw, log_part(kind))) for kind in Kind if log_part(kind) in raw.tables},
        configurations=from_json(list[Configuration], raw.texts[CONFIGURATIONS], CONFIGURATIONS),
        systems=from_json(list[SystemInfo], site_part.get("systems", []), SITE),
        applications=from_json(ApplicationTable, raw.texts[APPLICATIONS], APPLICATIONS),
        answers=from_json(DeviceAnswers, site_part.get("answers", {}), SITE),
        told=from_json(tuple[Told, ...], site_part.get("told", []), SITE),
        problems=from_json(list[Problem], site_part.get("problems", []), SITE),
        fetched=from_json(frozenset[int] | None, site_part.get("fetched"), SITE),
    )
    judged = None
    if JUDGED in raw.tables:
        judged = _table(raw, JUDGED)
        if judged.height != len(site.sessions):
            raise BadTable(f"{JUDGED}: it has {judged.height:,} rows for {len(site.sessions):,} sessions")
    kept = _mapping(raw.texts[KEPT], KEPT)
    marks = from_json(tuple[int, ...], kept.get("marks", []), KEPT)
    return Snapshot(
        site=site,
        judged=judged,
        marks=tuple(mark for mark in marks if 0 <= mark < len(site.sessions)),
        notes=_notes(_mapping(kept.get("notes", {}), KEPT)),
        view=from_json(dict[str, Any], kept.get("view", {}), KEPT),
        manifest=manifest,
    )


def _table(raw: Raw, name: str) -> pl.DataFrame:
    try:
        return fit_table(raw.tables[name], _COLUMNS[name])
    except BadTable as error:
        raise BadTable(f"{name}: {error}") from None


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{where} is no mapping")
    return value


def _notes(notes: dict[str, Any]) -> dict[str, str]:
    """Notes may have several lines; each line is made safe by itself."""
    found = {}
    for on, note in notes.items():
        if isinstance(note, str):
            lines = note[:LONGEST_NOTE].split("\n")
            found[safe_text(on)] = "\n".join(safe_text(line) for line in lines)
    return found
