"""The session table: `show session all` and `show session id`, as XML answers and as the command line prints them.

Rows are those of the traffic log with `state` set. Sources of the shapes: published answers of `show session all`
(PAN-OS 7.1 to 10.2) and https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000ClVECA0,
https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000PLnlCAG (session details).
"""

import re
from collections.abc import Callable, Iterable, Iterator

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.sources.exports.blocks import ByteStream
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.normalise import rows_to_raw
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
}  # fmt: skip
_TRACKERS = ("tracker stage firewall", "tracker stage l7proc", "tracker stage")
_FLOW_LABELS = frozenset({"source", "dst", "proto", "sport", "dport", "state", "type", "src user", "dst user"})
_NO_USER = frozenset({"", "unknown", "none"})

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
_FLOW = re.compile(r"\s*([cs]2[cs]) flow:\s*")
_PAIR = re.compile(r"([a-z][a-z0-9 /_()-]*?)\s*:\s*(.*?)(?=\s{3,}[a-z][a-z0-9 ]*:|$)")
_HOST = re.compile(r"(\S+?)(?:\s+\[(.+)\])?")
Row = dict[str, str]


def is_session_text(text: str) -> bool:
    """Whether a text is what the command line prints for `show session all` or `show session id`."""
    return "Src[Sport]/Zone/Proto" in text or bool(re.search(r"^\s*c2s flow:", text, re.MULTILINE))


def read_session_text(text: str, rows: Rows, line: int = 1) -> None:
    """Read command-line text that begins at `line` of its file into `rows`."""
    found = list(_rows_of_all(text, line, rows)) if "Src[Sport]/Zone/Proto" in text else []
    found += _rows_of_details(text, line)
    _add(found, rows)


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
            self._flows.setdefault(parent, {})[tag] = text
        elif text and parent in ("result", "session"):
            self._details[_label(tag)] = text
        if not self._path and self._flows:
            self._take(row_of_details(self._flows, self._details))
        self._text = []

    def data(self, text: str) -> None:
        if len(self._text) < _PIECES:
            self._text.append(text)


def row_of_entry(entry: Row) -> Row:
    """An entry of `show session all` by column name."""
    row = {column: entry[key].strip() for key, column in _ENTRY.items() if entry.get(key, "").strip()}
    for side in ("source", "destination"):
        _drop_untranslated(row, side)
    return _without_unknown_users(row)


def row_of_details(flows: dict[str, Row], details: Row) -> Row:
    """The two flows and the details of `show session id` by column name. Translated addresses are the other flow's."""
    there, back = flows.get("c2s", {}), flows.get("s2c", {})
    source, from_zone = _host(there.get("source", ""), there.get("source-zone", ""))
    answering, to_zone = _host(back.get("source", ""), back.get("source-zone", ""))
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
        "user": there.get("src user", there.get("src-user", "")),
        "destination_user": there.get("dst user", there.get("dst-user", "")),
        "nat_source": _host(back.get("dst", ""), "")[0],
        "nat_source_port": back.get("dport", ""),
        "nat_destination": answering,
        "nat_destination_port": back.get("sport", ""),
        "tracker_stage": "; ".join(details[label] for label in _TRACKERS if details.get(label)),
    }
    for side in ("source", "destination"):
        _drop_untranslated(row, side)
    if row.get("end_reason", "").lower() == "unknown":  # so it is while the session lives
        del row["end_reason"]
    if "parent_session_id" in row:
        row["parent_session_id"] = row["parent_session_id"].split()[0]
    # Of the source user "unknown" is an answer: the details always have one, and the firewall knows none.
    told = row["user"].strip().lower()
    kept = _without_unknown_users({name: text for name, text in row.items() if text})
    return kept | {"user": told} if told == "unknown" else kept


def _rows_of_all(text: str, line: int, rows: Rows) -> Iterator[tuple[int, Row]]:
    """The sessions of `show session all`: two lines each, flags N (NAT), S, D or B (which side), * (decrypted)."""
    first: re.Match[str] | None = None
    for number, raw in enumerate(text.splitlines(), line):
        content = raw[:_LONGEST].strip()
        if match := _ROW.fullmatch(content):
            if first is not None:
                rows.skip(number, "expected the second line of a session (vsys and destination), found another session")
            first = match
        elif first is not None and (second := _SECOND.fullmatch(content)):
            row = {
                "session_id": first["id"], "application": first["application"], "state": first["state"],
                "session_type": first["type"], "source": first["source"], "source_port": first["sport"],
                "from_zone": first["zone"], "protocol": first["proto"], "nat_source": first["xsource"] or "",
                "nat_source_port": first["xsport"] or "", "vsys": second["vsys"], "destination": second["dst"],
                "destination_port": second["dport"], "to_zone": second["zone"], "nat_destination": second["xdst"] or "",
                "nat_destination_port": second["xdport"] or "", "proxied": "yes" if "*" in first["flags"] else "no",
            }  # fmt: skip
            for side in ("source", "destination"):
                _drop_untranslated(row, side)
            yield number - 1, {name: value for name, value in row.items() if value}
            first = None
        elif re.match(r"\d+\s+\S+\s+[A-Z]+\s+(?:FLOW|PRED)", content):
            rows.skip(
                number, "expected the first line of a session (addresses with port and zone), found another shape"
            )


def _rows_of_details(text: str, line: int) -> Iterator[tuple[int, Row]]:
    """The sessions of `show session id`, one after another."""
    flows: dict[str, Row] = {}
    details: Row = {}
    flow, begin = "", line
    for number, raw in enumerate(text.splitlines(), line):
        if match := _NUMBER.fullmatch(raw[:_LONGEST]):
            if flows:
                yield begin, row_of_details(flows, details)
            flows, details, flow, begin = {}, {"id": match[1]}, "", number
        elif match := _FLOW.fullmatch(raw[:_LONGEST]):
            flow = match[1]
            flows[flow] = {}
        else:
            for label, value in _PAIR.findall(raw[:_LONGEST].strip()):
                if flow and label in _FLOW_LABELS:
                    flows[flow].setdefault(label, value.strip())
                else:
                    details.setdefault(_label(label), value.strip())
    if flows:
        yield begin, row_of_details(flows, details)


def _label(text: str) -> str:
    """One spelling for the labels of both forms and of all releases (`end-reason`, `session tracker stage l7proc`)."""
    return re.sub(r"[-_\s]+", " ", text.strip().lower()).removeprefix("session ").strip()


def _host(text: str, zone: str) -> tuple[str, str]:
    """Address and zone of `10.1.1.10 [trust]`."""
    match = _HOST.fullmatch(text.strip())
    return (match[1], zone.strip() or match[2] or "") if match else ("", zone.strip())


def _drop_untranslated(row: Row, side: str) -> None:
    """Without translation the translated address and port are the plain ones: the log leaves them out."""
    if row.get(f"nat_{side}") == row.get(side):
        row.pop(f"nat_{side}", None)
    if f"nat_{side}" not in row and row.get(f"nat_{side}_port") == row.get(f"{side}_port"):
        row.pop(f"nat_{side}_port", None)


def _without_unknown_users(row: Row) -> Row:
    return {k: v for k, v in row.items() if k not in ("user", "destination_user") or v.lower() not in _NO_USER}


def _add(found: Iterable[tuple[int, Row]], rows: Rows) -> None:
    pairs = list(found)
    if pairs:
        names = sorted(set().union(*(row for _, row in pairs)))
        raw = rows_to_raw([row for _, row in pairs], [number for number, _ in pairs], {name: name for name in names})
        rows.add(Kind.TRAFFIC, raw)
