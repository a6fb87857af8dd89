"""The book that traffic and plants write into: sessions with their truth, and the rows of the other logs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from whydeny.demo.site.applications import APPLICATIONS
from whydeny.demo.site.dice import Dice
from whydeny.demo.site.network import HQ, MORNING, NOON, Firewall
from whydeny.demo.site.rules import Security
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag

OUTCOMES = {
    "tcp-fin": "completed",
    "tcp-reuse": "completed",
    "decoder": "completed",
    "aged-out": "completed",
    "tcp-rst-from-client": "reset-by-client",
    "tcp-rst-from-server": "reset-by-server",
    "threat": "profile-block",
    "decrypt-cert-validation": "decryption-block",
    "decrypt-unsupport-param": "decryption-block",
    "decrypt-error": "decryption-block",
    "n/a": "in-progress",
}
REFUSED = "allowed-then-denied"
UNSET = -1
NO_FLAGS = Flag(0)

# Applications that ask once and are answered once.
_SHORT_TALK = frozenset({"dns", "icmp", "ntp", "ping", "snmp-base", "syslog"})


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened to a session. The first of `causes` is the cause; the others can be argued for.

    `denied_by` holds the names that are right, with None where it may be left open; `evaluated` is the security
    rule that takes the session's final values in the configuration beside it.
    """

    outcome: str
    causes: tuple[str, ...] = ()
    variant: str | None = None
    denied_by: tuple[str | None, ...] = ()
    evaluated: str | None = None
    why: str = ""


def outcome_of(end_reason: str) -> str:
    """The outcome of an allowed session that ended with traffic both ways."""
    return OUTCOMES.get(end_reason, "unknown")


def refused(
    cause: str,
    denied_by: str | None,
    why: str,
    *,
    variant: str | None = None,
    evaluated: str | None = "",
    also: str = "",
) -> Truth:
    """The truth of an allowed session that was then refused. Where a security rule did it, that rule is also the
    one that the final values lead to."""
    return Truth(
        REFUSED,
        (cause, *also.split()),
        variant,
        (denied_by,),
        denied_by if evaluated == "" else evaluated,
        why,
    )


@dataclass(slots=True, kw_only=True)
class Session:
    """One row of a traffic log, and the truth of it. What is UNSET or empty is filled in when it is added: a session
    whose truth is that it was refused ended in policy-deny, any other in tcp-fin."""

    rule: Security
    app: str
    port: int
    source: str
    destination: str
    end: datetime
    elapsed: int = 1
    end_reason: str = ""
    truth: Truth | None = None
    firewall: Firewall = HQ
    vsys: str = "vsys1"
    from_zone: str = ""
    to_zone: str = ""
    protocol: str = "tcp"
    user: str = ""
    category: str = "any"
    action: str = "allow"
    action_source: str = "from-policy"
    subtype: str = ""
    flags: Flag = NO_FLAGS
    id: int = UNSET
    source_port: int = UNSET
    sent: int = UNSET
    received: int = UNSET
    packets_sent: int = UNSET
    packets_received: int = UNSET
    parent_id: int = 0
    http2: int = 0
    source_list: str = ""
    destination_list: str = ""
    nat_destination: str = ""
    nat_source_port: int = 0
    host_name: str = ""
    millisecond: int = 0

    @property
    def start(self) -> datetime:
        """When it began."""
        return self.end - timedelta(seconds=self.elapsed)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of another log: when, on which firewall, its cells by key, and the session it is about, if any."""

    firewall: Firewall
    time: datetime
    cells: dict[str, str]
    session: Session | None = None


def is_off_port(session: Session) -> bool:
    """Whether the application is not where its default ports are: the flag that 8.0 and later set.

    Inside TLS web-browsing belongs to 443 from 9.0 on.
    """
    app = APPLICATIONS.get(session.app)
    if app is None or not app.ports:
        return False
    if Flag.DECRYPTED in session.flags and session.app == "web-browsing" and session.firewall.config_version >= 2304:
        return session.port != 443
    return not any(_holds(ports, session.protocol, session.port) for ports in app.ports)


def _holds(ports: str, protocol: str, port: int) -> bool:
    word, _, listed = ports.partition("/")
    for part in listed.split(","):
        low, _, high = part.partition("-")
        if word == protocol and (part == "dynamic" or int(low) <= port <= int(high or low)):
            return True
    return False


class Book:
    """Collects sessions and rows, and fills in what every session has."""

    def __init__(self, seed: int) -> None:
        self.dice = Dice(seed)
        self.sessions: list[Session] = []
        self.rows: dict[Kind, list[Row]] = {kind: [] for kind in Kind if kind is not Kind.TRAFFIC}
        self._ids: set[tuple[str, int]] = set()

    def any_time(self) -> datetime:
        """A moment of the morning."""
        return MORNING + timedelta(seconds=self.dice.between(1, int((NOON - MORNING).total_seconds()) - 1))

    def add(self, session: Session) -> Session:
        """Put a session into the book; zones are the rule's first where it does not say."""
        dice = self.dice
        was_refused = session.truth is not None and session.truth.outcome == REFUSED
        session.end_reason = session.end_reason or ("policy-deny" if was_refused else "tcp-fin")
        session.subtype = session.subtype or ("deny" if was_refused else "end")
        session.from_zone = session.from_zone or session.rule.from_.split()[0]
        session.to_zone = session.to_zone or session.rule.to.split()[0]
        if session.id == UNSET:
            session.id = self._new_id(session.firewall)
        with_ports = session.protocol in ("tcp", "udp")
        if session.source_port == UNSET:
            session.source_port = dice.between(49152, 65535) if with_ports else 0
        if ":" in session.source:
            session.flags |= Flag.IPV6
        elif session.to_zone == "untrust":
            session.flags |= Flag.NAT
            session.nat_source_port = dice.between(1024, 65535) if with_ports else 0
        if session.nat_destination:
            session.flags |= Flag.NAT
        if is_off_port(session):
            session.flags |= Flag.NON_STANDARD_PORT
        if session.truth is None:
            session.truth = Truth(outcome_of(session.end_reason), evaluated=session.rule.name)
        if session.sent == UNSET:
            self._count(session)
        session.millisecond = dice.between(0, 999)
        self.sessions.append(session)
        return session

    def note(self, kind: Kind, firewall: Firewall, time: datetime, **cells: str) -> None:
        """Add a row to another log that is not about one session."""
        self.rows[kind].append(Row(firewall, time, cells))

    def about(self, kind: Kind, session: Session, time: datetime | None = None, **cells: str) -> None:
        """Add a row to another log about `session`; it repeats the session's own columns."""
        self.rows[kind].append(Row(session.firewall, time or session.end, cells, session))

    def _new_id(self, firewall: Firewall) -> int:
        while True:
            number = self.dice.between(2048, 262143)
            if (firewall.serial, number) not in self._ids:
                self._ids.add((firewall.serial, number))
                return number

    def _count(self, session: Session) -> None:
        """Bytes and packets: a question and its answer, a handshake that was refused, or more the longer it lasted."""
        dice = self.dice
        if session.app in _SHORT_TALK:
            session.sent, session.received = dice.between(64, 190), dice.between(80, 420)
            session.packets_sent, session.packets_received = 1, 1
            return
        if session.end_reason == "policy-deny" and session.elapsed <= 30:
            session.sent, session.received = dice.between(580, 2400), dice.between(120, 5200)
        else:
            lasted = min(session.elapsed, 7200)
            session.sent = dice.size(420, 4_000 + 400 * lasted)
            session.received = session.sent * dice.between(1, 9) + dice.size(600, 40_000 + 4_000 * lasted)
        session.packets_sent = 2 + session.sent // dice.between(180, 620)
        session.packets_received = 2 + session.received // dice.between(540, 1330)
