"""The session table of a firewall: counted, filtered on the device, fetched in pages, discarded sessions first.

A page holds at most 1,024 entries; the next begins at `start-at`, which counts from 1. A discarded session stays for
60 to 90 seconds only (`timeout-discard-tcp` and the like), so where the question is why a session was refused just
now, those are asked for before the others.
"""

import re
from dataclasses import dataclass, fields, replace
from xml.etree.ElementTree import Element

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.progress import Progress
from whydeny.sources.exports.collect import Rows
from whydeny.sources.firewall.commands import command, holder, value
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import PAGE
from whydeny.sources.firewall.reading import read_session_page, table_of, without_doubles

PAGE_ROWS = 1024
VERY_MANY = 20_000  # sessions from which on a user is asked first: some twenty pages, 15 MB
_LAST_NUMBER = re.compile(rb"(\d{1,12})\D*$")


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What the device shall filter by; empty means anything. `state` is a word of PAN-OS (`active`, `discard`, …).

    `source` and `destination` are addresses. Published examples have addresses alone; whether a network is taken, a
    release has to show (`find_filter`).
    """

    source: str = ""
    destination: str = ""
    source_port: str = ""
    destination_port: str = ""
    protocol: str = ""  # the IP protocol number
    application: str = ""
    from_: str = ""
    to: str = ""
    rule: str = ""
    source_user: str = ""
    state: str = ""
    type: str = ""

    def elements(self) -> list[Element]:
        """The children of `<filter>`."""
        found = []
        for part in fields(self):
            text = getattr(self, part.name)
            if text:
                found.append(value(part.name.rstrip("_").replace("_", "-"), text))
        return found

    @property
    def without_networks(self) -> "SessionFilter":
        """The same for single addresses only."""
        ends = {name: "" for name in ("source", "destination") if "/" in getattr(self, name)}
        return replace(self, **ends)

    def words(self) -> str:
        """The filter as a command line has it, empty for none."""
        return " ".join(f"{element.tag} {element.text}" for element in self.elements())


@dataclass(slots=True)
class FoundSessions:
    """Sessions of one fetch, in the columns of the traffic table. `left` are those beyond the limit, if counted.

    `cut` is why not all pages came; what came before is kept.
    """

    frame: pl.DataFrame
    left: int = 0
    cut: FirewallError | None = None


def count_sessions(connection: Connection, wanted: SessionFilter, progress: Progress | None = None) -> int | None:
    """How many sessions a filter has, None where the answer doesn't say."""
    counting = holder("filter", [value("count", "yes"), *wanted.elements()])
    try:
        body = connection.op(command("show/session/all", counting), progress)
    except FirewallError as error:
        if error.failure is Failure.SAID:
            return None
        raise
    text = re.sub(rb"<[^>]*>", b" ", body).strip()
    found = _LAST_NUMBER.search(text)
    return int(found[1]) if found else None


def find_filter(
    connection: Connection, wanted: SessionFilter, progress: Progress | None = None
) -> tuple[SessionFilter, int | None]:
    """As much of a filter as the device shows that it takes, and how many sessions that has.

    That it finds sessions for a network shows that it takes networks. Nothing found shows nothing: it may have looked
    for one address of that name; then the filter is asked for without networks.
    """
    count = count_sessions(connection, wanted, progress)
    if count or wanted == wanted.without_networks:
        return wanted, count
    return wanted.without_networks, count_sessions(connection, wanted.without_networks, progress)


def fetch_sessions(
    connection: Connection,
    wanted: SessionFilter,
    progress: Progress,
    file: int,
    name: str,
    most: int | None = None,
    counted: bool = True,
) -> FoundSessions:
    """The sessions of a filter, discarded ones first; rows carry `file` as the number of their source.

    Without `counted` they are not counted first: a call less, but neither progress nor what is left is known.
    Raises `FirewallError` when not even the first page came, `Cancelled` when the progress was stopped.
    """
    rows = Rows(file, name)
    total = (count_sessions(connection, wanted, progress) or 0) if counted else 0
    found = FoundSessions(table_of(rows, Kind.TRAFFIC))
    passes = [wanted] if wanted.state else [replace(wanted, state="discard"), wanted]
    for filtered in passes:
        try:
            _read_pages(connection, filtered, progress, rows, total, most)
        except FirewallError as error:
            if error.failure is Failure.SAID and filtered is not wanted:
                continue  # a release without this filter; the whole table has them too
            if not rows.seen:
                raise
            found.cut = error
            break
    found.frame = without_doubles(Kind.TRAFFIC, table_of(rows, Kind.TRAFFIC))
    if most is not None:
        found.frame = found.frame.head(most)
        found.left = max(total - found.frame.height, 0)
    return found


def _read_pages(
    connection: Connection, wanted: SessionFilter, progress: Progress, rows: Rows, total: int, most: int | None
) -> None:
    elements = wanted.elements()
    start = 1
    while most is None or rows.seen < most:
        progress.step("reading sessions from the firewall", min(rows.seen, total), total)
        parts = [holder("filter", elements)] if elements else []  # an empty filter is an error
        if start > 1:
            parts.append(value("start-at", str(start)))
        read = read_session_page(connection.op(command("show/session/all", *parts), progress, PAGE), rows)
        if read < PAGE_ROWS:
            return
        start += read
