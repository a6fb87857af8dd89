"""Filters written by the program: for the web interface, from a cell, and edited term by term."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from whydeny.filters.fields import Field, Holds, column_field
from whydeny.filters.firewall import to_firewall
from whydeny.filters.parse import parse_filter
from whydeny.filters.times import log_time
from whydeny.filters.tree import And, FilterError, Operator, Term, conjuncts, grouped_text, join, to_text
from whydeny.model.addresses import format_address
from whydeny.model.columns import Kind
from whydeny.model.protocols import protocol_name
from whydeny.model.tables import Session

__all__ = ["joined", "narrowed", "session_filter", "term", "terms", "to_firewall", "toggled", "without"]

_AROUND = timedelta(minutes=2)  # the management plane's clock beside the data plane's
_WITH_SESSIONS = (Kind.TRAFFIC, Kind.DECRYPTION, Kind.URL, Kind.THREAT)


def term(column: str, value: object, exclude: bool = False, kind: Kind = Kind.TRAFFIC) -> str:
    """The filter that keeps (or excludes) the rows with `value` in a column, as the web interface writes it.

    Addresses come as text or 128-bit number, protocols as number, times as datetime; None is "no value"; a
    confidence keeps what is at least as sure. Raises `FilterError` for a column that no field asks for.
    """
    field = column_field(column, kind)
    if field is None:
        raise FilterError(f"no field asks for the column {column}.")
    operator = Operator.NEQ if exclude else Operator.EQ
    if field.holds is Holds.ADDRESS and value is not None:
        operator = Operator.NOTIN if exclude else Operator.IN
    if field.holds is Holds.DECIMAL and value is not None:
        operator = Operator.LT if exclude else Operator.GEQ
    return to_text(Term(field.name, operator, (_cell_text(field, value),)))


def _cell_text(field: Field, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return log_time(value)
        case float() if field.holds is Holds.DECIMAL:
            return f"{int(value * 100 + 1e-4) / 100:.2f}"  # never above the value that was pointed at
        case int() if field.holds is Holds.ADDRESS:
            return format_address(value)
        case int() if field.holds is Holds.PROTOCOL:
            return protocol_name(value) or ""
        case int() if field.holds is Holds.FLAGS:
            return f"{int(value):#x}"
        case _:
            return str(value)


def session_filter(session: Session, kind: Kind = Kind.TRAFFIC) -> str:
    """A log filter for the rows about one session, to paste into the web interface's log of that kind.

    Session ids are used again, so both ends, the ports and the time (two minutes more on either side) stand
    beside it. In logs without sessions the client's address and the time must do.
    """
    values: dict[str, object] = {}
    if kind in _WITH_SESSIONS:
        values = {
            "session_id": session.id or None,  # 0 is a session that was refused before it had one
            "source": session.source,
            "destination": session.destination,
            "source_port": session.source_port,
            "destination_port": session.destination_port,
            "protocol": session.protocol,
        }
    elif column_field("address", kind) is not None:
        values = {"address": session.source}
    found = [term(column, value, kind=kind) for column, value in values.items() if value is not None]
    times = [time for time in (session.start, session.end, session.time) if time is not None]
    if times:
        first, last = min(times) - _AROUND, max(times) + _AROUND
        found.append(to_text(Term("receive_time", Operator.GEQ, (log_time(first),))))
        found.append(to_text(Term("receive_time", Operator.LEQ, (log_time(last),))))
    return " and ".join(found) or "all"


def terms(text: str) -> tuple[str, ...]:
    """The parts of a filter that are joined by `and` at its top, each a filter of its own."""
    return tuple(grouped_text(node) for node in conjuncts(parse_filter(text)))


def joined(parts: Iterable[str]) -> str:
    """One filter that asks for all of `parts`; empty for none."""
    nodes = [node for part in parts for node in conjuncts(parse_filter(part))]
    return to_text(join(And, list(dict.fromkeys(nodes)))) if nodes else ""


def without(text: str, part: str) -> str:
    """The filter without one of its `terms`; empty where nothing is left."""
    gone = parse_filter(part)
    return joined(grouped_text(node) for node in conjuncts(parse_filter(text)) if node != gone)


def narrowed(text: str, part: str) -> str:
    """The filter with one more term at its end, unless it has it already."""
    return joined((text, part))


def toggled(text: str, part: str) -> str:
    """The filter without `part` where it has it, else with it."""
    return without(text, part) if parse_filter(part) in conjuncts(parse_filter(text)) else narrowed(text, part)
