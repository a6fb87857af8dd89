"""Table rows as the XML API writes them: log entries and sessions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from whydeny.model.addresses import format_address, join_halves
from whydeny.model.columns import COLUMNS, Kind, Type
from whydeny.model.flags import XML_ELEMENTS
from whydeny.model.protocols import protocol_name

# What `<type>` says in each log, and what `log-type` asks for.
TYPES = {
    Kind.TRAFFIC: "TRAFFIC",
    Kind.DECRYPTION: "DECRYPTION",
    Kind.AUTHENTICATION: "AUTH",
    Kind.URL: "THREAT",
    Kind.THREAT: "THREAT",
    Kind.SYSTEM: "SYSTEM",
    Kind.CONFIGURATION: "CONFIG",
    Kind.USERID: "USERID",
    Kind.IPTAG: "IPTAG",
}
LOG_TYPES = {
    "traffic": Kind.TRAFFIC,
    "decryption": Kind.DECRYPTION,
    "auth": Kind.AUTHENTICATION,
    "url": Kind.URL,
    "threat": Kind.THREAT,
    "system": Kind.SYSTEM,
    "config": Kind.CONFIGURATION,
    "userid": Kind.USERID,
    "iptag": Kind.IPTAG,
}
# Element of `show session all` → column of the session table.
_SESSION = {
    "idx": "session_id", "vsys": "vsys", "application": "application", "state": "state", "type": "session_type",
    "source": "source", "dst": "destination", "sport": "source_port", "dport": "destination_port", "proto": "protocol",
    "from": "from_zone", "to": "to_zone", "security-rule": "rule", "ingress": "inbound_interface",
    "egress": "outbound_interface", "total-byte-count": "bytes", "xsource": "nat_source", "xsport": "nat_source_port",
    "xdst": "nat_destination", "xdport": "nat_destination_port", "src-user": "user",
}  # fmt: skip
_DECRYPTED = 0x01000000
Row = dict[str, str]


def element(tag: str, text: str) -> str:
    """`<tag>text</tag>`, escaped."""
    return f"<{tag}>{escape(text)}</{tag}>"


def elements(row: Mapping[str, str]) -> str:
    """Elements one after another."""
    return "".join(element(tag, text) for tag, text in row.items())


def log_row(kind: Kind, values: Mapping[str, Any]) -> Row:
    """A row of a log table (polars values by stored column) by element, in the order of a log answer."""
    row: Row = {}
    for column in COLUMNS[kind]:
        text = _text(column.type, column.name, values)
        if text is not None and column.key not in ("state", "tracker_stage", "session_type", "captive_portal_session"):
            row[column.key] = text
        if column.key == "serial":
            row["type"] = TYPES[kind]
    flags = values.get("flags")
    if flags is not None:
        row |= {name: "yes" if flags & bit else "no" for name, bit in XML_ELEMENTS.items()}
    return row


def session_row(values: Mapping[str, Any]) -> Row:
    """A row of the session table by element of `show session all`."""
    row: Row = {}
    types = {column.name: column.type for column in COLUMNS[Kind.TRAFFIC]}
    for key, name in _SESSION.items():
        if name == "protocol":
            row[key] = str(values.get(name) or 0)
        else:
            text = _text(types[name], name, values)
            if text is not None:
                row[key] = text
    row["nat"] = str("xsource" in row or "xdst" in row)
    row["proxy"] = str(bool((values.get("flags") or 0) & _DECRYPTED))
    row["start-time"] = session_time(values.get("start") or values.get("time") or datetime(2000, 1, 1))
    return row


def session_time(moment: datetime) -> str:
    """A time as `show session all` writes it."""
    return f"{moment:%a %b} {moment.day} {moment:%H:%M:%S %Y}"


def log_time(moment: datetime) -> str:
    """A time as logs write it."""
    return f"{moment:%Y/%m/%d %H:%M:%S}"


def _text(kind: Type, name: str, values: Mapping[str, Any]) -> str | None:
    if kind is Type.ADDRESS:
        low = values.get(f"{name}_lo")
        return None if low is None else format_address(join_halves(values.get(f"{name}_hi") or 0, low))
    value = values.get(name)
    if value is None or value == "":
        return None
    if kind is Type.TIME:
        return log_time(value)
    if kind is Type.FLAGS:
        return f"0x{value:x}"
    if kind is Type.PROTOCOL:
        return protocol_name(value)
    return str(value)
