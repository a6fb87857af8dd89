"""Application content of firewalls, kept by its version under the user's data folder."""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.errors import InputError, WhydenyError
from whydeny.model.safe import safe_text
from whydeny.model.site import Problem, Site
from whydeny.sources.exports.application_content import WHOLE_CONTENT, read_applications
from whydeny.sources.exports.bounded import Bounded, Item
from whydeny.sources.exports.containers import archive_kind, unpack
from whydeny.sources.exports.folders import find_items
from whydeny.sources.exports.plain_text import PlainText
from whydeny.sources.exports.xml_tools import LARGEST
from whydeny.sources.recognise import HEAD, Form, recognise

FORMAT = 1
LARGEST_STORED = 64 * 1024 * 1024
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_SUFFIX = ".json"
_DEFAULTS = Application("")
_SAVE = "save the answer to type=config&action=get&xpath=/config/predefined/application"


def store_folder() -> Path:
    """Where the content lies; it need not exist. Raises `WhydenyError` for a user without a home."""
    try:
        return platformdirs.user_data_path("whydeny", appauthor=False) / "applications"
    except RuntimeError:
        raise WhydenyError(
            "there is no folder to keep application content in: neither HOME nor XDG_DATA_HOME names one"
        ) from None


def import_content(path: Path, version: str | None = None) -> str:
    """Keep the application content in a file, packed or not; returns its version, which replaces content of the same
    version.

    `version` is for an answer that doesn't name its own, as `/config/predefined/application` doesn't. Raises
    `InputError` for a file that can't be read, is no content, is only a part of it, or has no version, and
    `WhydenyError` if it can't be written.
    """
    found = _tables_among(find_items([path]))
    name = safe_text(path.name)
    whole = [table for table in found if table.complete]
    if len(whole) > 1:
        raise InputError(f"{name}: holds {len(whole)} application contents; import one at a time")
    table = whole[0] if whole else found[0]
    if not table.complete:
        raise InputError(
            f"{name}: holds {len(table.applications)} applications and is no whole content, which has over "
            f"{WHOLE_CONTENT:,}; open it beside the logs instead"
        )
    version = version or table.version
    if not version:
        raise InputError(
            f"{name}: names no content version (application-version), or more than one; say which it is with --version"
        )
    keep_content(table, version)
    return version


def _tables_among(items: Iterable[Item]) -> list[ApplicationTable]:
    """The applications in those of the files that hold any. Raises the first file's `InputError` where none does."""
    found: list[ApplicationTable] = []
    errors: list[InputError] = []
    for item in items:
        try:
            found += _tables_of(item)
        except InputError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    return found


def _tables_of(item: Item) -> list[ApplicationTable]:
    with item.open() as stream:
        kind = archive_kind(stream.peek(512))
        if kind is None:
            return [_table_in(stream, item.base)]
    return _tables_among(unpack(item, kind))


def _table_in(stream: Bounded, name: str) -> ApplicationTable:
    head = stream.peek(HEAD)
    recognised = recognise(head)
    if recognised.form is not Form.APPLICATIONS:
        what = recognised.why.partition(";")[0] or f"it is no application content but: {recognised.form}"
        raise InputError(f"{name}: {what}; {_SAVE}")
    plain = stream if recognised.plain else PlainText(stream, head)
    data = b""
    while more := plain.read(LARGEST):
        data += more
        if len(data) > LARGEST:
            raise InputError(f"{name}: has more than {LARGEST:,} bytes")
    return read_applications(data, name)


def keep_content(table: ApplicationTable, version: str) -> None:
    """Keep a whole content under its version. Raises `InputError` for a version that is none, `WhydenyError` if it
    can't be written."""
    path = _file_of(version)
    try:
        _write(path, _to_json(table, version))
    except OSError as error:
        raise WhydenyError(
            f"application content {version} can't be kept in {path.parent} ({error.strerror or error})"
        ) from None


def stored_versions() -> tuple[str, ...]:
    """The content versions that are kept, the newest first."""
    try:
        found = [path.stem for path in store_folder().iterdir() if path.suffix == _SUFFIX]
    except (OSError, WhydenyError):
        return ()
    return tuple(sorted((v for v in found if _VERSION.fullmatch(v)), key=_order, reverse=True))


def load(version: str) -> ApplicationTable:
    """The content of a version. Raises `InputError` if it is not kept or its file is damaged, `WhydenyError` for a
    user without a home."""
    path = _file_of(version)
    try:
        if path.stat().st_size > LARGEST_STORED:
            raise InputError(f"application content {version}: the stored file is larger than {LARGEST_STORED:,} bytes")
        text = path.read_text("utf-8")
    except FileNotFoundError:
        kept = ", ".join(stored_versions()) or "none"
        raise InputError(f"application content {version} is not kept here; kept are: {kept}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"application content {version}: the stored file can't be read ({reason})") from None
    try:
        return _from_json(json.loads(text), version)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(
            f"application content {version}: the stored file {path.name} is damaged; import the content again"
        ) from None


def _file_of(version: str) -> Path:
    if not _VERSION.fullmatch(version):
        raise InputError(f"{safe_text(version, 80)!r} is no content version; they look like 8700-7700")
    return store_folder() / f"{version}{_SUFFIX}"


def _order(version: str) -> tuple[tuple[int, str], ...]:
    """Versions compare by their numbers: 8700 is newer than 517."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"[-._]", version))


def _write(path: Path, text: str) -> None:
    """Write beside the file and put it in place at once, so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _to_json(table: ApplicationTable, version: str) -> str:
    applications = [
        {
            field: value
            for field in Application.__dataclass_fields__
            if (value := getattr(application, field)) != getattr(_DEFAULTS, field)
        }
        for application in table.applications.values()
    ]
    return json.dumps(
        {"format": FORMAT, "version": version, "applications": applications}, ensure_ascii=False, separators=(",", ":")
    )


def _from_json(stored: Mapping[str, Any], version: str) -> ApplicationTable:
    if stored["format"] != FORMAT or stored["version"] != version:
        raise ValueError("another format, or of another version")
    found = [_application(values) for values in stored["applications"]]
    if not found:
        raise ValueError("no content")
    return ApplicationTable({a.name: a for a in found}, version, f"application content {version}", complete=True)


def _application(values: Mapping[str, Any]) -> Application:
    fields: dict[str, Any] = {}
    for field, value in values.items():
        default = getattr(_DEFAULTS, field)
        if isinstance(default, tuple):
            kind = int if field in ("ip_protocols", "icmp_types", "icmp6_types") else str
            if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
                raise TypeError(field)
            value = tuple(value)
        elif not isinstance(value, int if field == "risk" else str):
            raise TypeError(field)
        fields[field] = value
    return Application(**fields)


def add_stored_content(site: Site) -> None:
    """Let kept content answer for applications that the inputs lack, where `show system info` names its version.

    Content that is kept but damaged becomes a problem of the site.
    """
    if site.applications.complete:
        return
    kept = set(stored_versions())
    for version in dict.fromkeys(system.content_version for system in site.systems if system.content_version):
        if version in kept:
            try:
                site.applications = site.applications.over(load(version))
            except InputError as error:
                site.problems.append(Problem(f"{version}{_SUFFIX}", None, str(error)))
            return
