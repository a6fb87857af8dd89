"""The session table: `show session all` and `show session id`, as XML answers and as the command line prints them.

Rows are those of the traffic log with `state` set. Sources of the shapes: published answers of `show session all`
(PAN-OS 7.1 to 10.2) and https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000ClVECA0,
https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000PLnlCAG (session details).
"""

import re
from collections.abc import Callable, Iterable, Iterator

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.site import Problem
from whydeny.sources.exports.blocks import ByteStream
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.normalise import rows_to_raw
from whydeny.sources.exports.pages import without_terminal
from whydeny.sources.exports.xml_stream import TooDeep, stream_documents
from whydeny.sources.exports.xml_tools import DEEPEST

_BATCH = 20_000
_PIECES = 10_000  # of an element's text: more is none of PAN-OS and not kept
_LONGEST = 2_000  # characters of a line
# Element of an entry of `show session all` → column.
_ENTRY = {
    "idx": "session_id", "vsys": "vsys", "application": "application", "state": "state", "type": "session_type",
    "source": "source", "dst": "destination", "sport": "source_port", "dport": "destination_port", "proto": "protocol",
    "from": "from_zone", "to": "to_zone", "security-rule": "rule", "ingress": "inbound_interface",
    "egress": "outbound_interface", "start-time": "start", "total-byte-count": "bytes", "proxy": "proxied",
    "xsource": "nat_source", "xsport": "nat_source_port", "xdst": "nat_destination", "xdport": "nat_destination_port",
    "user": "user", "src-user": "user", "dst-user": "destination_user",
}  # fmt: skip
# Label of `show session id` in either form, folded to one spelling → column.
_DETAIL = {
    "start time": "start", "total byte count(c2s)": "bytes_sent", "total byte count(s2c)": "bytes_received",
    "layer7 packet count(c2s)": "packets_sent", "layer7 packet count(s2c)": "packets_received", "vsys": "vsys",
    "application": "application", "rule": "rule", "url category": "category", "captive portal session": "portal_session",
    "ingress interface": "inbound_interface", "egress interface": "outbound_interface", "end reason": "end_reason",
    "parent session": "parent_session_id", "proxied": "proxied", "proxy": "proxied", "via proxy": "proxied",
    "decrypted": "proxied", "ssl decrypted": "proxied", "total byte count": "bytes", "category": "category",
    "http2 connection": "http2_connection", "security rule": "rule", "idx": "session_id", "id": "session_id",
    "urlcategory": "category", "captive portal": "portal_session",
}  # fmt: skip
# Label of a flow, folded likewise → its name in the shape that most releases have.
_FLOW_LABELS = {
    "source": "source", "dst": "dst", "destination": "dst", "proto": "proto", "protocol": "proto", "sport": "sport",
    "source port": "sport", "dport": "dport", "destination port": "dport", "state": "state", "type": "type",
    "src user": "src user", "dst user": "dst user", "source zone": "source zone",
}  # fmt: skip
_RISKS = frozenset({"high-risk", "medium-risk", "low-risk"})
_NO_USER = frozenset({"unknown", "none"})
_NO_ZONE = frozenset({"n/a"})
# By column, the words that stand for nothing.
_NOTHING = {"user": _NO_USER, "destination_user": _NO_USER, "from_zone": _NO_ZONE, "to_zone": _NO_ZONE}
_HALF = "expected the second line of a session (vsys and destination), found {}"
_NOWHERE = frozenset({"0.0.0.0", "::"})
# States in which an entry is left over: its session has ended, and the end reason says how.
_FREED = frozenset({"init", "closed", "free"})

_ROW = re.compile(
    r"(?P<id>\d+)\s+(?P<application>\S+)\s+(?P<state>[A-Z]+)\s+(?P<type>[A-Z]+)\s+(?P<flags>[*NSDBA-Z]*)\s*"
    r"(?P<source>[0-9a-fA-F:.]+)\[(?P<sport>\d+)\]/(?P<zone>.+?)/(?P<proto>\d+)"
    r"(?:\s+\((?P<xsource>[0-9a-fA-F:.]+)\[(?P<xsport>\d+)\]\))?"
)
_SECOND = re.compile(
    r"(?P<vsys>\S+)\s+(?P<dst>[0-9a-fA-F:.]+)\[(?P<dport>\d+)\]/(?P<zone>.+?)"
    r"(?:\s+\((?P<xdst>[0-9a-fA-F:.]+)\[(?P<xdport>\d+)\]\))?"
)
_NUMBER = re.compile(r"\s*Session\s+(\d+)\s*")
_FLOW = re.compile(r"^[ \t]*(c2s|s2c) flow:[ \t\r]*$", re.MULTILINE)
# Of a line of two columns the second is always one of these.
_SECOND_COLUMN = re.compile(r"\s+(dport|type)\s*:\s*")
_BEGINS = re.compile(r"^[ \t]*\d+[ \t]+\S+[ \t]+[A-Z]{4,7}[ \t]+[A-Z]{4}\b", re.MULTILINE)
_CONTINUES = re.compile(
    r"^[ \t]*\S+[ \t]+[0-9a-fA-F:.]+\[\d+\]/\S[^\n]*\([0-9a-fA-F:.]+\[\d+\]\)[ \t\r]*$", re.MULTILINE
)
_HEADING = "Src[Sport]/Zone/Proto"
_HOST = re.compile(r"(\S+?)(?:\s+\[(.+)\])?")
Row = dict[str, str]


def is_session_text(text: str) -> bool:
    """Whether a text is what the command line prints for `show session all` or `show session id`, or lines of it."""
    return _HEADING in text or any(pattern.search(text) for pattern in (_FLOW, _BEGINS, _CONTINUES))


def read_session_text(text: str, rows: Rows, line: int = 1) -> None:
    """Read command-line text that begins at `line` of its file into `rows`."""
    lines = [(number, content[:_LONGEST]) for number, content in enumerate(without_terminal(text).split("\n"), line)]
    _add([*_rows_of_all(lines, rows), *_rows_of_details(lines, rows)], rows)


def read_session_xml(stream: ByteStream, rows: Rows, advance: Callable[[int], None]) -> None:
    """Read XML answers of either command into `rows`; places are entry numbers. Raises `InputError`, see the log reader."""
    found: list[tuple[int, Row]] = []
    entries = 0

    def take(row: Row) -> None:
        nonlocal entries
        entries += 1
        found.append((entries, row))
        if len(found) >= _BATCH:
            _add(found, rows)
            found.clear()

    try:
        stream_documents(stream, rows.name, lambda: _Answer(take), advance)
    except InputError as error:
        _add(found, rows)
        if not rows.seen:
            raise
        rows.note(f"{str(error).removeprefix(rows.name).lstrip(',: ')}; the sessions before it were read")
        return
    _add(found, rows)


class _Answer:
    """One answer of `show session all` (entries) or `show session id` (two flows and details)."""

    def __init__(self, take: Callable[[Row], None]) -> None:
        self.depth = 0
        self._take = take
        self._path: list[str] = []
        self._text: list[str] = []
        self._entry: Row | None = None
        self._flows: dict[str, Row] = {}
        self._details: Row = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooDeep
        self._path.append(tag)
        self._text = []
        if tag == "entry" and self._entry is None:
            self._entry = {}

    def end(self, tag: str) -> None:
        self.depth -= 1
        self._path.pop()
        text = "".join(self._text).strip()
        parent = self._path[-1] if self._path else ""
        if self._entry is not None:
            if tag == "entry":
                if self._entry.keys() & {"idx", "source", "dst"}:
                    self._take(row_of_entry(self._entry))
                self._entry = None
            elif parent == "entry":
                self._entry[tag] = text
        elif parent in ("c2s", "s2c"):
            if label := _FLOW_LABELS.get(_label(tag)):
                self._flows.setdefault(parent, {})[label] = text
        elif text:
            self._details.setdefault(_label(tag), text)
        if not self._path and self._flows:
            self._take(row_of_details(self._flows, self._details))
        self._text = []

    def data(self, text: str) -> None:
        if len(self._text) < _PIECES:
            self._text.append(text)


def row_of_entry(entry: Row) -> Row:
    """An entry of `show session all` by column name."""
    row = {column: entry[key].strip() for key, column in _ENTRY.items() if entry.get(key, "").strip()}
    if "proxied" not in row and ("*" in entry.get("flags", "") or entry.get("decrypt-mirror", "").lower() == "true"):
        row["proxied"] = "yes"
    if "vsys" not in row and entry.get("vsys-idx", "").isdigit():
        row["vsys"] = f"vsys{entry['vsys-idx']}"
    return _as_logged(row)


def row_of_details(flows: dict[str, Row], details: Row) -> Row:
    """The two flows and the details of `show session id` by column name. Translated addresses are the other flow's."""
    there, back = flows.get("c2s", {}), flows.get("s2c", {})
    source, from_zone = _host(there.get("source", ""), there.get("source zone", ""))
    answering, to_zone = _host(back.get("source", ""), back.get("source zone", ""))
    row: Row = {column: details[label] for label, column in _DETAIL.items() if details.get(label)}
    row |= {
        "source": source,
        "from_zone": from_zone,
        "to_zone": to_zone,
        "destination": _host(there.get("dst", ""), "")[0],
        "source_port": there.get("sport", ""),
        "destination_port": there.get("dport", ""),
        "protocol": there.get("proto", ""),
        "state": there.get("state", "") or details.get("state", ""),
        "session_type": there.get("type", "") or details.get("type", ""),
        "user": there.get("src user", ""),
        "destination_user": there.get("dst user", ""),
        "nat_source": _host(back.get("dst", ""), "")[0],
        "nat_source_port": back.get("dport", ""),
        "nat_destination": answering,
        "nat_destination_port": back.get("sport", ""),
        "category": _one_category(row.get("category", "")),
        "tracker_stage": "; ".join(text for label, text in details.items() if "tracker" in label and text),
    }
    if row.get("end_reason", "").lower() == "unknown" and row["state"].lower() not in _FREED:
        del row["end_reason"]  # so it is while the session lives
    if "parent_session_id" in row:
        row["parent_session_id"] = row["parent_session_id"].split()[0]
    # Of the source user "unknown" is an answer: the details always have one, and the firewall knows none.
    told = row["user"].strip().lower()
    kept = _as_logged({name: text for name, text in row.items() if text})
    return kept | {"user": told} if told == "unknown" else kept


def _one_category(text: str) -> str:
    """The category that a log row would show, of all that a URL has: not its risk, which is one of them."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return next((name for name in names if name.lower() not in _RISKS), names[0] if names else "")


def _rows_of_all(lines: list[tuple[int, str]], rows: Rows) -> Iterator[tuple[int, Row]]:
    """The sessions of `show session all`: two lines each, flags N (NAT), S, D or B (which side), * (decrypted)."""
    first: re.Match[str] | None = None
    begun = 0
    for number, raw in lines:
        content = raw.strip()
        if _BEGINS.match(content):
            if first is not None:
                rows.skip(number, _HALF.format("another session"))
            first, begun = _ROW.fullmatch(content), number
            if first is None:
                rows.skip(
                    number,
                    "expected the first line of a session, with two addresses, port and zone; found another shape",
                )
        elif second := _SECOND.fullmatch(content):
            if first is not None:
                yield begun, _row_of_lines(first, second)
            elif not begun:
                rows.skip(number, "expected the first line of this session above it, found only the second")
            first, begun = None, 0
    if first is not None:
        rows.skip(begun, _HALF.format("the end"))


def _row_of_lines(first: re.Match[str], second: re.Match[str]) -> Row:
    row = {
        "session_id": first["id"], "application": first["application"], "state": first["state"],
        "session_type": first["type"], "source": first["source"], "source_port": first["sport"],
        "from_zone": first["zone"], "protocol": first["proto"], "nat_source": first["xsource"] or "",
        "nat_source_port": first["xsport"] or "", "vsys": second["vsys"], "destination": second["dst"],
        "destination_port": second["dport"], "to_zone": second["zone"], "nat_destination": second["xdst"] or "",
        "nat_destination_port": second["xdport"] or "", "proxied": "yes" if "*" in first["flags"] else "no",
    }  # fmt: skip
    return _as_logged({name: value for name, value in row.items() if value})


def _rows_of_details(lines: list[tuple[int, str]], rows: Rows) -> Iterator[tuple[int, Row]]:
    """The sessions of `show session id`, one after another."""
    flows: dict[str, Row] = {}
    details: Row = {}
    flow, begun = "", lines[0][0] if lines else 1
    for number, raw in lines:
        if match := _NUMBER.fullmatch(raw):
            if flows:
                yield begun, _whole_row(flows, details, begun, rows)
            flows, details, flow, begun = {}, {"id": match[1]}, "", number
        elif match := _FLOW.match(raw):
            flow = match[1]
            flows[flow] = {}
        elif flow or details:
            for label, value in _pairs(raw):
                if flow and label in _FLOW_LABELS:
                    flows[flow].setdefault(_FLOW_LABELS[label], value)
                else:
                    details.setdefault(label, value)
    if flows:
        yield begun, _whole_row(flows, details, begun, rows)


def _whole_row(flows: dict[str, Row], details: Row, line: int, rows: Rows) -> Row:
    """The row of a session's details; says where they were cut off."""
    if flows.keys() != {"c2s", "s2c"} or not details.keys() - {"id"}:
        session = f"session {details['id']}" if "id" in details else "a session"
        what = f"expected both flows of {session} and what follows them, found a part; what it lacks is left open"
        rows.problems.append(Problem(rows.name, line, what))
    return row_of_details(flows, details)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The labels of a line, folded, with their values: `sport: 51000   dport: 443` has two."""
    label, colon, value = text.partition(":")
    if not colon:
        return
    folded = _label(label)
    if folded in ("sport", "state"):
        value, *rest = _SECOND_COLUMN.split(value, maxsplit=1)
        if rest:
            yield rest[0], rest[1].strip()
    yield folded, value.strip()


def _label(text: str) -> str:
    """One spelling for the labels of both forms and of all releases (`end-reason`, `session tracker stage l7proc`)."""
    return re.sub(r"[-_\s]+", " ", text.strip().lower()).removeprefix("session ").strip()


def _host(text: str, zone: str) -> tuple[str, str]:
    """Address and zone of `10.1.1.10 [trust]`."""
    match = _HOST.fullmatch(text.strip())
    return (match[1], zone.strip() or match[2] or "") if match else ("", zone.strip())


def _as_logged(row: Row) -> Row:
    """A row as the log would have it: without what the session table writes where there is nothing to say."""
    for side in ("source", "destination"):
        _drop_untranslated(row, side)
    if row.get("session_type", "").upper().startswith("PRED"):
        _drop_unpredicted(row)
    row["state"] = row.get("state") or "UNKNOWN"  # by its state a row is told from one of the log
    return {name: text for name, text in row.items() if text.lower() not in _NOTHING.get(name, frozenset())}


def _drop_untranslated(row: Row, side: str) -> None:
    """Without translation the translated address and port are the plain ones: the log leaves them out."""
    if row.get(f"nat_{side}") == row.get(side):
        row.pop(f"nat_{side}", None)
    if f"nat_{side}" not in row and row.get(f"nat_{side}_port") == row.get(f"{side}_port"):
        row.pop(f"nat_{side}_port", None)


def _drop_unpredicted(row: Row) -> None:
    """A predicted session has zeros for the address and the port of an end that is not known yet."""
    for side in ("source", "destination"):
        if row.get(side) in _NOWHERE:
            del row[side]
        if row.get(f"{side}_port") == "0":
            del row[f"{side}_port"]


def _add(found: Iterable[tuple[int, Row]], rows: Rows) -> None:
    pairs = list(found)
    if pairs:
        names = sorted(set().union(*(row for _, row in pairs)))
        raw = rows_to_raw([row for _, row in pairs], [number for number, _ in pairs], {name: name for name in names})
        rows.add(Kind.TRAFFIC, raw)
