"""What belongs to a session: other sessions around it, and rows of other logs, each with a way to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from whydeny.filters.tree import quote
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_name
from whydeny.model.tables import Session
from whydeny.ui.columns import short_duration
from whydeny.ui.explaining import Explained
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.overview import FilterBy
from whydeny.ui.workbench import Workbench
from whydeny.verdict.related import Related

MOST = 6  # rows of one group that are listed
AROUND = timedelta(minutes=10)
SESSION_LOGS = (Kind.DECRYPTION, Kind.URL, Kind.THREAT)
ADDRESS_LOGS = (Kind.AUTHENTICATION, Kind.USERID, Kind.IPTAG)
DEVICE_LOGS = (Kind.SYSTEM, Kind.CONFIGURATION)
LOG_WORDS = {
    Kind.TRAFFIC: "Traffic", Kind.DECRYPTION: "Decryption", Kind.AUTHENTICATION: "Authentication", Kind.URL: "URL",
    Kind.THREAT: "Threat", Kind.SYSTEM: "System", Kind.CONFIGURATION: "Configuration", Kind.USERID: "User-ID",
    Kind.IPTAG: "IP-tag",
}  # fmt: skip
# What says most of a row of a log, in this order.
TELLING = {
    Kind.DECRYPTION: ("error", "decryption_rule", "server_name", "tls_version", "error_index"),
    Kind.URL: ("action", "category", "url"),
    Kind.THREAT: ("action", "subtype", "threat_name", "url"),
    Kind.AUTHENTICATION: ("event", "user", "authentication_rule", "description"),
    Kind.USERID: ("event", "user", "subtype", "data_source_name"),
    Kind.IPTAG: ("event", "tag"),
    Kind.SYSTEM: ("event", "description"),
    Kind.CONFIGURATION: ("admin", "command", "result", "path"),
}


@dataclass(frozen=True, slots=True)
class ToRow:
    """Where a line leads: a row of a table. `kind` traffic is a session."""

    kind: Kind
    row: int


@dataclass(frozen=True, slots=True)
class ToLog:
    """Where a line leads: the table of a log, with these rows first."""

    kind: Kind
    rows: tuple[int, ...]


def related_lines(bench: Workbench, explained: Explained, glyphs: Glyphs) -> list[Line]:
    """The whole page for one session."""
    session = explained.finding.session
    related = bench.judge.related
    lines = [line(Span("This session", "title")), _session_line(session, bench, glyphs), BLANK]
    for title, text, rows, none in _session_groups(bench, explained, related):
        lines += _group(title, text, rows, none, bench, glyphs)
    for kind, rows in joined_rows(related, session).items():
        lines += _log(kind, rows, related, bench, session.serial, glyphs)
    return [entry for entry, before in zip(lines, [None, *lines], strict=False) if (entry, before) != (BLANK, BLANK)]


def _session_groups(
    bench: Workbench, explained: Explained, related: Related
) -> Iterator[tuple[str, str, Sequence[int], str]]:
    """Title, filter, rows and what to say where there are none."""
    session = explained.finding.session
    ends = [f"( addr.src in {session.source_text} )"] if session.source_text else []
    both = [*ends, f"( addr.dst in {session.destination_text} )"] if session.destination_text else ends
    if session.destination_port is not None:
        both = [*both, f"( port.dst eq {session.destination_port} )"]
    near = related.from_same_source(session, AROUND, AROUND)
    same = [row for row in near if _same_ends(related.session(row), session)]
    yield "Same conversation, within ten minutes", " and ".join(both), same, "no other"
    yield "Same source, within ten minutes", " and ".join(ends), near, "no other"
    verdict = explained.finding.verdict
    if verdict.cause:
        alike = [f"( cause eq {quote(verdict.cause)} )"]
        if session.rule:
            alike.append(f"( rule eq {quote(session.rule)} )")
        yield "Same rule and cause", " and ".join(alike), bench.rows_with(session.rule, verdict.cause, session.row), ""
    if session.parent_session_id:
        parents = related.with_id(session.parent_session_id, session)
        yield "Parent session", f"( sessionid eq {session.parent_session_id} )", parents, "not among the inputs"
    children = related.children(session)
    if children:
        yield "Child sessions", f"( parent_session_id eq {session.id} )", children, ""
    if session.http2_connection:
        streams = related.same_http2(session)
        yield (
            "Other streams of the HTTP/2 connection",
            f"( http2_connection eq {session.http2_connection} )",
            streams,
            ("not among the inputs"),
        )


def _same_ends(other: Session, session: Session) -> bool:
    return (other.destination, other.destination_port) == (session.destination, session.destination_port)


def _session_line(session: Session, bench: Workbench, glyphs: Glyphs, target: object = None) -> Line:
    outcome = str(bench.frame["outcome"][session.row])
    cause = bench.frame["cause"][session.row]
    lasted = short_duration(session.elapsed) if session.elapsed is not None else ""
    return line(
        f"  {session.time:%H:%M:%S}" if session.time else "  --:--:--",
        f"  {_end(session.source_text, session.source_port)} > {_end(session.destination_text, session.destination_port)}",
        f"  {session.application or glyphs.dash}",
        Span(f"  {session.rule or glyphs.dash}", "quiet"),
        Span(f"  {lasted}", "quiet"),
        Span(f"  {cause or outcome}", "bad" if outcome in ("allowed-then-denied", "policy-denied") else "quiet"),
        Span(f"  {bench.name_of(session.serial)}" if bench.several_firewalls else "", "quiet"),
        target=target,
        cut=True,
    )


def _group(title: str, text: str, rows: Sequence[int], none: str, bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    if not len(rows) and not none:
        return
    if not len(rows):
        yield line(Span(title, "title"), Span(f"  {none}", "quiet"))
        return
    yield BLANK
    yield line(Span(title, "title"), Span(f" {len(rows):,}", "strong"), target=FilterBy(text) if text else None)
    for row in list(rows)[:MOST]:
        yield _session_line(bench.judge.related.session(row), bench, glyphs, ToRow(Kind.TRAFFIC, row))
    if len(rows) > MOST:
        yield line(Span(f"  and {len(rows) - MOST:,} more; the heading filters the table by them", "quiet"))
    yield BLANK


def joined_rows(related: Related, session: Session) -> dict[Kind, list[int]]:
    """The rows of every other log that belong to a session: its own, those about its source address within ten
    minutes, and what happened to the firewall in that time."""
    found = {kind: related.log(kind).of_session(session) for kind in SESSION_LOGS}
    if session.end is None:
        return found | {kind: [] for kind in (*ADDRESS_LOGS, *DEVICE_LOGS)}
    first, last = (session.start or session.end) - AROUND, session.end + AROUND
    for kind in ADDRESS_LOGS:
        source = session.source
        found[kind] = related.log(kind).about_address(source, first, last) if source is not None else []
    found |= {kind: related.log(kind).between(first, last) for kind in DEVICE_LOGS}
    return {kind: related.log(kind).of_firewall(rows, session.serial) for kind, rows in found.items()}


def _how(kind: Kind) -> str:
    return (
        "about the source address" if kind in ADDRESS_LOGS else "ten minutes around it" if kind in DEVICE_LOGS else ""
    )


def _log(
    kind: Kind, rows: Sequence[int], related: Related, bench: Workbench, serial: str | None, glyphs: Glyphs
) -> Iterator[Line]:
    word, how = LOG_WORDS[kind], _how(kind)
    where = f"Monitor > Logs > {word}, export CSV"
    if len(related.log(kind)) and not related.log(kind).is_of(serial):
        text = f"  not among the inputs for {bench.name_of(serial)} ({where} there)"
        yield line(Span(f"{word} log", "title"), Span(text, "quiet"))
        return
    if not related.has(kind):
        yield line(Span(f"{word} log", "title"), Span(f"  not among the inputs ({where})", "quiet"))
        return
    if not rows:
        yield line(Span(f"{word} log", "title"), Span(f"  no row {how or 'of this session'}", "quiet"))
        return
    yield BLANK
    heading = [Span(f"{word} log", "title"), Span(f" {len(rows):,}", "strong"), Span(f"  {how}", "quiet")]
    yield line(*heading, target=ToLog(kind, tuple(rows)))
    table = related.log(kind).table
    for row in rows[:MOST]:
        values = table.row(row)
        moment = values.get("time") or values.get("receive_time")
        telling = [str(values[name]) for name in TELLING[kind] if values.get(name)]
        clock = f"  {moment:%H:%M:%S}  " if moment else "  --:--:--  "
        yield line(clock, f" {glyphs.dot} ".join(telling), target=ToRow(kind, row), cut=True)
    if len(rows) > MOST:
        yield line(Span(f"  and {len(rows) - MOST:,} more; the heading shows them all", "quiet"))
    yield BLANK


def row_lines(bench: Workbench, target: ToRow) -> list[Line]:
    """Every column of a row that has a value, and where the row stands."""
    site = bench.site
    table = bench.sessions if target.kind is Kind.TRAFFIC else site.logs[target.kind]
    values = table.row(target.row)
    file, number = values.pop("file"), values.pop("line")
    lines = [line(Span(f"{site.source_name(file or 0)}, line {number}", "quiet")), BLANK]
    lines += [
        line(Span(f"{name.replace('_', ' '):<24} ", "quiet"), _value_text(name, value), hang=25)
        for name, value in values.items()
    ]
    return lines


def _value_text(name: str, value: object) -> str:
    """A value as people read it: flags by their words, protocols by their names beside the number."""
    if name == "flags" and isinstance(value, int):
        return f"{', '.join(Flag(value).words()) or 'none'} ({value:#010x})"
    if name == "protocol" and isinstance(value, int):
        known = protocol_name(value)
        return f"{known} ({value})" if known else str(value)
    return str(value)


def _end(address: str | None, port: int | None) -> str:
    return f"{address}:{port}" if port else str(address)
