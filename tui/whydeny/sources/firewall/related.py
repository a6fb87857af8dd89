"""Which rows of the other logs belong to a session: queries in a narrow window, in the firewall's own filter language."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from whydeny.model.columns import Kind
from whydeny.model.tables import Session

_AROUND = timedelta(seconds=120)  # between the clocks of the two planes
_FEW = 500


@dataclass(frozen=True, slots=True)
class Query:
    """One log query: at most `most` rows."""

    kind: Kind
    filter: str
    most: int = _FEW


def related_queries(session: Session) -> tuple[Query, ...]:
    """What to fetch for a session; nothing without a time, since a wide query would burden the firewall.

    By session id: decryption, URL and threat rows, and the session's own traffic rows. By address: authentication
    (a success counts for an hour), User-ID and IP-tag. By time: configuration (commits) and system (content, lists).
    And traffic between the same hosts: ICMP unreachables, a portal's companion session, QUIC followed by TCP.
    """
    begin, end = _span(session)
    if begin is None or end is None:
        return ()
    found = []
    near = window(begin - _AROUND, end + _AROUND)
    if session.id is not None:
        own = f"( sessionid eq {session.id} ) and {near}"
        found += [Query(kind, own) for kind in (Kind.DECRYPTION, Kind.URL, Kind.THREAT, Kind.TRAFFIC)]
    if session.parent_session_id:
        found.append(Query(Kind.TRAFFIC, f"( sessionid eq {session.parent_session_id} ) and {near}"))
    source, destination = session.source_text, session.destination_text
    if source is not None:
        hour = window(begin - timedelta(hours=1), end + _AROUND)
        found += [
            Query(kind, f"( ip in {source} ) and {hour}") for kind in (Kind.AUTHENTICATION, Kind.USERID, Kind.IPTAG)
        ]
        if destination is not None:
            between = f"( addr.src in {source} ) and ( addr.dst in {destination} )"
            close = window(begin - timedelta(seconds=10), end + timedelta(seconds=70))
            found.append(Query(Kind.TRAFFIC, f"{between} and {close}"))
    found.append(Query(Kind.CONFIGURATION, window(end - timedelta(minutes=10), end + timedelta(minutes=1))))
    found.append(Query(Kind.SYSTEM, window(end - timedelta(minutes=5), end + timedelta(minutes=1))))
    return tuple(found)


def _span(session: Session) -> tuple[datetime | None, datetime | None]:
    begin = session.start or session.time
    end = session.end or session.time or begin
    return begin, max(begin, end) if begin and end else end


def window(begin: datetime, end: datetime) -> str:
    """`receive_time` from and to, both included, as the web interface writes it."""
    return f"( receive_time geq '{begin:%Y/%m/%d %H:%M:%S}' ) and ( receive_time leq '{end:%Y/%m/%d %H:%M:%S}' )"


def since(begin: datetime) -> str:
    """`receive_time` from a time on."""
    return f"( receive_time geq '{begin:%Y/%m/%d %H:%M:%S}' )"


def until(end: datetime) -> str:
    """`receive_time` up to a time, which is included."""
    return f"( receive_time leq '{end:%Y/%m/%d %H:%M:%S}' )"


def both(one: str, other: str) -> str:
    """Two filters together; an empty one asks for nothing."""
    if not one or not other:
        return one or other
    return f"({one}) and ({other})"
