"""What a filter of the screen asks of a firewall: of its traffic log, and of its session table."""

from dataclasses import replace
from ipaddress import ip_network

from whydeny.filters.fields import field_of_term
from whydeny.filters.firewall import to_firewall
from whydeny.filters.parse import parse_filter
from whydeny.filters.plain import is_language
from whydeny.filters.tree import And, Node, Operator, Or, Term, join
from whydeny.model.addresses import parse_address
from whydeny.model.columns import Kind
from whydeny.model.protocols import protocol_number
from whydeny.sources.firewall.logs import FIRST_VIEW
from whydeny.sources.firewall.sessions import SessionFilter
from whydeny.ui.filtering import split_words

# What `show session all filter` knows, by the table's columns.
_ON_DEVICE = {
    "source": "source", "destination": "destination", "source_port": "source_port",
    "destination_port": "destination_port", "protocol": "protocol", "application": "application",
    "from_zone": "from_", "to_zone": "to", "rule": "rule", "user": "source_user", "state": "state",
}  # fmt: skip
_DENIED = {"allowed-then-denied": FIRST_VIEW}


def log_query(text: str) -> str | None:
    """The part of a filter that the firewall's traffic log can be asked for, None if that is nothing.

    It selects at least what the filter does; the screen filters what comes. Raises `FilterError`.
    """
    if not is_language(text):
        return None
    language, _ = split_words(text)
    return to_firewall(_in_the_logs_words(parse_filter(language)))


def session_filter(text: str) -> SessionFilter:
    """The part of a filter that the device's session table can be filtered by: single values that all must hold.

    An empty one where that is nothing. Raises `FilterError`.
    """
    if not is_language(text):
        return SessionFilter()
    tree = parse_filter(split_words(text)[0])
    found = SessionFilter()
    for term in tree.items if isinstance(tree, And) else (tree,):
        if not isinstance(term, Term) or term.operator not in (Operator.EQ, Operator.IN) or len(term.values) != 1:
            continue
        columns = field_of_term(term, Kind.TRAFFIC).columns
        name = _ON_DEVICE.get(columns[0]) if len(columns) == 1 else None
        value = None if name is None else _device_value(name, term.value)
        if name and value:
            found = replace(found, **{name: value})
    return found


def _device_value(name: str, value: str) -> str | None:
    """A value as the device's filter takes it; None for one that it doesn't take (ranges). A network is one that some
    releases may take."""
    if name in ("source", "destination"):
        return _end(value)
    if name == "protocol":
        number = protocol_number(value)
        return None if number is None else str(number)
    if name.endswith("_port"):
        return value if value.isdecimal() else None
    return value.lower() if name == "state" else value


def _end(value: str) -> str | None:
    """An address, or a network of several; one with the length of an address is that address."""
    if parse_address(value) is not None:
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _in_the_logs_words(tree: Node) -> Node:
    """`outcome eq allowed-then-denied` as the two conditions that the log has for it, and without alternatives that
    only the session table can meet.

    Not under a `not`: there, what the log is asked for may not be narrowed.
    """
    if isinstance(tree, And):
        return join(And, [_in_the_logs_words(item) for item in tree.items])
    if isinstance(tree, Or):
        items = [item for item in tree.items if not _of_session_table(item)]
        return join(Or, [_in_the_logs_words(item) for item in items or tree.items])
    if isinstance(tree, Term) and tree.operator is Operator.EQ:
        field = field_of_term(tree, Kind.TRAFFIC)
        if field.own and field.columns == ("outcome",) and tree.value in _DENIED:
            return parse_filter(_DENIED[tree.value])
    return tree


def _of_session_table(item: Node) -> bool:
    if not isinstance(item, Term) or item.operator not in (Operator.EQ, Operator.IN):
        return False
    return field_of_term(item, Kind.TRAFFIC).columns in (("state",), ("tracker_stage",), ("session_type",))
