"""The part of a filter that a firewall's own log query can evaluate."""

import ipaddress
from collections.abc import Collection, Sequence
from datetime import timedelta

from whydeny.filters.fields import SEVERITIES, Field, Holds, column_field, field_of_term, find_flag, parse_number
from whydeny.filters.times import NATIVE_PERIODS, log_time, parse_span, period_seconds
from whydeny.filters.tree import And, Everything, Node, Not, Operator, Or, Term, join, to_text
from whydeny.model.addresses import V4_BASE, is_ipv4, parse_network
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_name, protocol_number

# The flags that public examples ask a firewall for by `has`; the others are filtered here.
_NATIVE_FLAGS = {Flag.DECRYPTED: "proxy", Flag.NAT: "nat", Flag.PACKET_CAPTURE: "pcap"}
_POSITIVE = {Operator.NEQ: Operator.EQ, Operator.NOTIN: Operator.IN}


def to_firewall(tree: Node, kind: Kind = Kind.TRAFFIC, columns: Collection[str] = ()) -> str | None:
    """What to ask a firewall for, in the web interface's words; None if nothing of the filter can be asked.

    It selects at least the rows that the filter does, never fewer: what can't be asked (verdicts, most flags)
    is left out where that widens, and takes its whole alternative along where it would narrow. The caller
    filters the answer again. A firewall knows no ranges, lists or `lt`: they are written in what it knows.
    `columns` are the table's, so that its further ones (`x:HEADING`) are known. Raises `FilterError` for
    unknown fields.
    """
    found = _native(tree, False, kind, columns)
    return None if found is None else to_text(found)


def _native(node: Node, negate: bool, kind: Kind, columns: Collection[str]) -> Node | None:
    match node:
        case Everything():
            return None
        case Not(item):
            return _native(item, not negate, kind, columns)
        case Term():
            if node.operator in _POSITIVE:
                negate = not negate
            field = field_of_term(node, kind, columns)
            positive = _term(field, _POSITIVE.get(node.operator, node.operator), node.values, negate, kind)
            return Not(positive) if positive is not None and negate else positive
        case And(items) | Or(items):
            parts = [_native(item, negate, kind, columns) for item in items]
            known = [part for part in parts if part is not None]
            if isinstance(node, And) != negate:
                return join(And, known) if known else None
            return join(Or, known) if len(known) == len(parts) else None


def _any(nodes: Sequence[Node | None]) -> Node | None:
    known = [node for node in nodes if node is not None]
    return join(Or, known) if known and len(known) == len(nodes) else None


def _term(field: Field, operator: Operator, values: tuple[str, ...], negated: bool, kind: Kind) -> Node | None:
    """A positive term in native ones; one that is negated afterwards may not be widened."""
    if field.holds in (Holds.FLAGS, Holds.SWITCH):
        return _flags(field, operator, values[0])
    if not field.native or ("" in values and field.holds not in (Holds.WORD, Holds.TEXT)):
        return None
    match field.holds:
        case Holds.WORD | Holds.TEXT:
            if any("'" in value and '"' in value for value in values):
                return None  # no way to quote it
            if operator is Operator.IN and not field.name.startswith("user"):
                operator = Operator.EQ  # `in` is for addresses, times and user groups
            return join(Or, [Term(field.name, operator, (value,)) for value in values])
        case Holds.ADDRESS:
            return _any([_network(field, value) for value in values])
        case Holds.PROTOCOL:
            names = [protocol_name(protocol_number(value)) for value in values]
            return _any([Term(field.name, Operator.EQ, (name,)) if name else None for name in names])
        case Holds.NUMBER | Holds.PORT:
            if operator in (Operator.EQ, Operator.IN):
                return _any([_range(field, value, kind) for value in values])
            bound = parse_number(values[0])
            return None if bound is None else _at_least_or_most(field, operator, bound)
        case Holds.SEVERITY:
            if operator in (Operator.EQ, Operator.IN):
                return join(Or, [Term(field.name, Operator.EQ, (value,)) for value in values])
            level = values[0].lower()
            step = {Operator.GT: 1, Operator.LT: -1}.get(operator, 0)
            at = SEVERITIES.index(level) + step if level in SEVERITIES else -1
            word = Operator.GEQ if operator in (Operator.GEQ, Operator.GT) else Operator.LEQ
            return Term(field.name, word, (SEVERITIES[at],)) if 0 <= at < len(SEVERITIES) else None
        case _:
            return _time(field, operator, values, negated)


def _flags(field: Field, operator: Operator, value: str) -> Node | None:
    if field.bit is None:
        bits = find_flag(value) if operator is Operator.HAS else None
        known = _NATIVE_FLAGS.get(bits) if bits is not None else None
        return Term("flags", Operator.HAS, (known,)) if known else None
    known = _NATIVE_FLAGS.get(field.bit)
    if known is None or not value:
        return None
    has = Term("flags", Operator.HAS, (known,))
    return has if value.lower() in ("yes", "true", "1") else Not(has)


def _network(field: Field, value: str) -> Node | None:
    """A range becomes the networks that it consists of."""
    ends = parse_network(value)
    if ends is None:
        return None
    networks: list[str]
    if is_ipv4(ends[0]):
        first, last = (ipaddress.IPv4Address(end - V4_BASE) for end in ends)
        networks = [str(network).removesuffix("/32") for network in ipaddress.summarize_address_range(first, last)]
    else:
        first6, last6 = (ipaddress.IPv6Address(end) for end in ends)
        networks = [str(network).removesuffix("/128") for network in ipaddress.summarize_address_range(first6, last6)]
    return join(Or, [Term(field.name, Operator.IN, (network,)) for network in networks])


def _range(field: Field, value: str, kind: Kind) -> Node | None:
    """One number, or a range as two bounds; for a field of two columns the bounds must hold for the same one."""
    first, dash, last = value.partition("-")
    low, high = parse_number(first), parse_number(last if dash else first)
    if low is None or high is None:
        return None
    if low == high:
        return Term(field.name, Operator.EQ, (str(low),))
    ends = [column_field(column, kind) for column in field.columns]
    bounds = [
        join(And, [Term(end.name, Operator.GEQ, (str(low),)), Term(end.name, Operator.LEQ, (str(high),))])
        for end in ends
        if end is not None
    ]
    return join(Or, bounds)


def _at_least_or_most(field: Field, operator: Operator, bound: int) -> Node | None:
    if operator is Operator.LT:
        return Term(field.name, Operator.LEQ, (str(bound - 1),)) if bound else None
    if operator is Operator.GT:
        return Term(field.name, Operator.GEQ, (str(bound + 1),))
    return Term(field.name, operator, (str(bound),))


def _time(field: Field, operator: Operator, values: tuple[str, ...], negated: bool) -> Node | None:
    if operator in (Operator.EQ, Operator.IN):
        return _any([_moment(field, value, negated) for value in values])
    span = parse_span(values[0])
    if span is None:
        return None
    try:
        bound = {
            Operator.GEQ: span.first,
            Operator.LEQ: span.last,
            Operator.LT: span.first - timedelta(seconds=1),
            Operator.GT: span.last + timedelta(seconds=1),
        }[operator]
    except OverflowError:
        return None
    word = Operator.GEQ if operator in (Operator.GEQ, Operator.GT) else Operator.LEQ
    return Term(field.name, word, (log_time(bound),))


def _moment(field: Field, value: str, negated: bool) -> Node | None:
    span = parse_span(value)
    if span is not None:
        bounds = ((Operator.GEQ, span.first), (Operator.LEQ, span.last))
        return join(And, [Term(field.name, word, (log_time(bound),)) for word, bound in bounds])
    seconds = period_seconds(value)
    if seconds is None:
        return None
    fitting = [
        name for name, length in NATIVE_PERIODS.items() if length == seconds or (length > seconds and not negated)
    ]
    return Term(field.name, Operator.IN, (fitting[0],)) if fitting else None
