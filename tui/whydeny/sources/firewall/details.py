"""`show session id`: what only this command tells about one session."""

from dataclasses import dataclass, replace

from whydeny.model.columns import Kind
from whydeny.model.progress import Progress
from whydeny.model.safe import safe_text
from whydeny.model.tables import Session, SessionTable
from whydeny.sources.exports.collect import Rows
from whydeny.sources.firewall.answers import parse_small
from whydeny.sources.firewall.commands import command, value
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.reading import read_session_page, table_of

_DETAILS = ("tracker_stage", "portal_session", "proxied")
_SAME = ("source", "destination", "source_port", "destination_port", "protocol")


@dataclass(frozen=True, slots=True)
class Details:
    """The session with what only this command tells, those values by their column, and every line of the answer."""

    session: Session
    told: dict[str, str]
    lines: tuple[tuple[str, str], ...]


def fetch_details(connection: Connection, session: Session, progress: Progress, file: int, name: str) -> Details | None:
    """The details of a session; None where the firewall has no such session any more.

    Ids are used again: an answer about other addresses or ports is none. Raises `FirewallError`.
    """
    if session.id is None:
        return None
    try:
        body = connection.op(command("show/session", value("id", str(session.id))), progress)
    except FirewallError as error:
        if error.failure is Failure.SAID:
            return None
        raise
    rows = Rows(file, name)
    read_session_page(body, rows)
    table = SessionTable(table_of(rows, Kind.TRAFFIC))
    if len(table) != 1:
        return None
    found = table.session(0)
    if any(getattr(found, name) != getattr(session, name) for name in _SAME if getattr(session, name) is not None):
        return None
    told = {name: getattr(found, name) for name in _DETAILS if getattr(found, name) is not None}
    return Details(replace(session, **told), told, _lines(body))


def _lines(body: bytes) -> tuple[tuple[str, str], ...]:
    """Every value of an answer with its label; those of the two flows begin with the flow's."""
    root = parse_small(body)
    result = None if root is None else root.find("result")
    found: list[tuple[str, str]] = []
    for element in result if result is not None else ():
        if len(element):
            found += [(f"{element.tag} {child.tag}", (child.text or "").strip()) for child in element]
        else:
            found.append((element.tag, (element.text or "").strip()))
    return tuple((safe_text(label, 80), safe_text(text)) for label, text in found if text)
