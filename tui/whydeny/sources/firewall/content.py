"""The predefined applications of the firewall: fetched once for a content version, then kept."""

import gzip
import re
import zlib
from pathlib import Path

from whydeny.model.applications import ApplicationTable
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress
from whydeny.sources.exports.application_content import read_applications
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import LARGE, LARGEST

XPATH = "/config/predefined/application"
_VERSION = re.compile(r"[0-9A-Za-z.-]{1,40}")


def fetch_content(
    connection: Connection, version: str | None, folder: Path | None, progress: Progress
) -> ApplicationTable:
    """The whole table, from `folder` where this content version is kept, else from the firewall (about 15 MB).

    Raises `FirewallError`.
    """
    kept = _kept(folder, version)
    name = f"application content {version or 'of unknown version'}"
    if kept is not None and (body := _read_kept(kept)) is not None:
        try:
            return _table(body, name, version)
        except InputError:
            kept.unlink(missing_ok=True)  # damaged: fetch it again
    progress.step("reading the applications that the firewall knows", 0, 0)
    body = connection.config("get", XPATH, progress, LARGE)
    try:
        table = _table(body, name, version)
    except InputError as error:
        raise FirewallError(Failure.SAID, f"{connection.address.name}: {error}") from None
    if kept is not None and table.complete:
        _keep(kept, body)
    return table


def _table(body: bytes, name: str, version: str | None) -> ApplicationTable:
    found = read_applications(body, name)
    return ApplicationTable(found.applications, found.version or version or "", name, found.complete)


def _kept(folder: Path | None, version: str | None) -> Path | None:
    if folder is None or not version or not _VERSION.fullmatch(version):
        return None
    return folder / f"applications-{version}.xml.gz"


def _read_kept(path: Path) -> bytes | None:
    try:
        with gzip.open(path, "rb") as file:
            body = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return body if len(body) <= LARGEST else None


def _keep(path: Path, body: bytes) -> None:
    """Keep the content for the next time; that it can't be kept is no failure."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(gzip.compress(body, 6))
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
