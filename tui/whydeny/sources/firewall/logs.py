"""Log queries: enqueue, wait with the device's own progress, read page by page, always finish.

pan-python's own `log()` shows no progress and leaves the job open. At most 5,000 rows a query; further pages with
`skip` (PAN-OS XML API guide, "Retrieve Logs").
"""

import re
from dataclasses import dataclass
from threading import Event

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.safe import is_safe
from whydeny.model.site import Problem
from whydeny.sources.exports.collect import LOG_NAMES, Rows
from whydeny.sources.firewall.allowed import MOST_ROWS
from whydeny.sources.firewall.answers import parse_small
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError, ForbiddenCall
from whydeny.sources.firewall.limits import LARGE, PAGE, QUICK
from whydeny.sources.firewall.reading import read_log_page, table_of, without_doubles

LOG_TYPES = {
    Kind.TRAFFIC: "traffic",
    Kind.DECRYPTION: "decryption",
    Kind.AUTHENTICATION: "auth",
    Kind.URL: "url",
    Kind.THREAT: "threat",
    Kind.SYSTEM: "system",
    Kind.CONFIGURATION: "config",
    Kind.USERID: "userid",
    Kind.IPTAG: "iptag",
}
# The first release that has a log; the others are in every release that is in use.
SINCE = {Kind.DECRYPTION: Release(10, 0), Kind.AUTHENTICATION: Release(8, 0), Kind.IPTAG: Release(9, 0)}
FIRST_VIEW = "( session_end_reason eq policy-deny ) and ( action eq allow )"
_STATUS = re.compile(rb"<status>\s*([A-Z]+)\s*</status>")
_PROGRESS = re.compile(rb"<logs\b[^>]*\bprogress\s*=\s*[\"'](\d{1,3})[\"']")
_HEAD = 8192
_PAUSES = (0.1, 0.2, 0.3, 0.5, 1.0)  # seconds between two looks at a job; the last one goes on
_FINISH = 10.0


@dataclass(slots=True)
class FoundRows:
    """Rows of one log, newest first, of the `came` that the firewall answered with. `more` is whether the limit cut it;
    `cut` why not all pages came."""

    kind: Kind
    frame: pl.DataFrame
    problems: list[Problem]
    came: int = 0
    more: bool = False
    cut: FirewallError | None = None


def has_log(kind: Kind, release: Release | None) -> bool:
    """Whether a release writes this log."""
    return release is None or kind not in SINCE or release >= SINCE[kind]


def fetch_log(
    connection: Connection,
    kind: Kind,
    query: str,
    progress: Progress,
    file: int,
    name: str,
    most: int = MOST_ROWS,
    skip: int = 0,
) -> FoundRows:
    """The newest rows of a log that a filter of the firewall's own language takes, without the `skip` newest of them.

    Raises `FirewallError` when not even the first page came, `Cancelled` when the progress was stopped; either way
    no job stays open.
    """
    if not is_safe(query):
        raise ForbiddenCall("a log filter with control characters")
    rows = Rows(file, name)
    found = FoundRows(kind, table_of(rows, kind), rows.problems)
    while rows.seen < most:
        wanted = min(MOST_ROWS, most - rows.seen)
        try:
            read = _read_page(connection, kind, query, progress, rows, wanted, skip + rows.seen)
        except FirewallError as error:
            if not rows.seen:
                raise
            found.cut = error
            break
        if read < wanted:
            break
    else:
        found.more = True
    rows.finish()
    found.came = rows.seen
    found.frame = without_doubles(kind, table_of(rows, kind))
    return found


def _read_page(
    connection: Connection, kind: Kind, query: str, progress: Progress, rows: Rows, wanted: int, skip: int
) -> int:
    """One job from its beginning to its end."""
    what = f"searching the {LOG_NAMES[kind].removesuffix(' log')} log on the firewall"
    asked = {"log-type": LOG_TYPES[kind], "nlogs": str(wanted), "dir": "backward"}
    if query:
        asked["query"] = query
    if skip:
        asked["skip"] = str(skip)
    progress.step(what, 0, 100)
    job = _job_of(connection.log(asked, progress, QUICK), connection.address.name)
    try:
        body = _wait(connection, job, what, progress)
    finally:
        _finish(connection, job)
    return read_log_page(body, rows)


def _job_of(body: bytes, name: str) -> str:
    root = parse_small(body)
    job = None if root is None else root.findtext("result/job")
    if not job or not job.strip().isdecimal():
        raise FirewallError(Failure.SAID, f"{name}: took a log query without naming its job")
    return job.strip()


def _wait(connection: Connection, job: str, what: str, progress: Progress) -> bytes:
    """The answer of a job that has finished."""
    waited = 0.0
    for place in range(1_000_000):
        body = connection.log({"action": "get", "job-id": job}, progress, PAGE)
        status = _STATUS.search(body[:_HEAD])
        if status is None:
            raise FirewallError(Failure.SAID, f"{connection.address.name}: answered a log query without its status")
        if status[1] == b"FIN":
            progress.step(what, 100, 100)
            return body
        done = _PROGRESS.search(body[:_HEAD])
        progress.step(what, min(int(done[1]), 99) if done else 0, 100)
        pause = _PAUSES[min(place, len(_PAUSES) - 1)]
        waited += pause
        if waited > LARGE:
            break
        progress.stop.wait(pause)
    raise FirewallError(Failure.TIMEOUT, f"{connection.address.name}: a log query took longer than {LARGE:.0f} seconds")


def _finish(connection: Connection, job: str) -> None:
    """Close a job, whatever happened to it: also when the user stopped, and quietly when it fails."""
    try:
        connection.log({"action": "finish", "job-id": job}, Progress(stop=Event()), _FINISH)
    except WhydenyError:
        return
