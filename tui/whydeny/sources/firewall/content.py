"""The predefined applications of the firewall: fetched once for a content version, then kept with the user's data."""

from whydeny.model.applications import ApplicationTable
from whydeny.model.errors import InputError, WhydenyError
from whydeny.model.progress import Progress
from whydeny.sources.application_store import keep_content, load, stored_versions
from whydeny.sources.exports.application_content import read_applications
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import LARGE

XPATH = "/config/predefined/application"


def fetch_content(connection: Connection, version: str | None, progress: Progress) -> ApplicationTable:
    """The applications of a content version: those that are kept, else the firewall's (about 15 MB).

    Raises `FirewallError`.
    """
    kept = _kept(version)
    if kept is not None:
        return kept
    progress.step("reading the applications that the firewall knows", 0, 0)
    body = connection.config("get", XPATH, progress, LARGE)
    name = f"application content {version}" if version else "application content of unknown version"
    try:
        found = read_applications(body, name)
    except InputError as error:
        raise FirewallError(Failure.SAID, f"{connection.address.name}: {error}") from None
    table = ApplicationTable(found.applications, found.version or version or "", name, found.complete)
    if version and table.complete:
        _keep(table, version)
    return table


def _kept(version: str | None) -> ApplicationTable | None:
    if not version or version not in stored_versions():
        return None
    try:
        return load(version)
    except InputError:
        return None  # damaged: it is fetched again


def _keep(table: ApplicationTable, version: str) -> None:
    """Keep it for the next time; that it can't be kept is no failure of the connection."""
    try:
        keep_content(table, version)
    except WhydenyError:
        return
