"""Which rows a filter selects: cases by hand, and every random filter against a row-by-row reading of it."""

import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.filters.compile import compile_filter
from whydeny.filters.complete import complete
from whydeny.filters.native import to_firewall
from whydeny.filters.parse import parse_filter
from whydeny.filters.plain import plain_words
from whydeny.filters.times import newest
from whydeny.filters.tree import And, Everything, FilterError, Node, Not, Operator, Or, Term, join, to_text
from whydeny.model.addresses import format_address, parse_address, parse_network, split_halves
from whydeny.model.columns import COLUMNS, Kind, Type, schema
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_name

_NOON = datetime(2024, 5, 14, 12, 0, 0)
_JUDGED = {
    "outcome": pl.Enum(["allowed-then-denied", "completed"]),
    "cause": pl.Categorical(),
    "confidence": pl.Float32(),
    "denied_by": pl.String(),
}


def _frame(rows: list[dict[str, Any]], kind: Kind = Kind.TRAFFIC) -> pl.DataFrame:
    """A table of `rows`: addresses as text, protocols as numbers, everything left out is null."""
    stored: dict[str, list[Any]] = {name: [] for name in schema(kind)}
    types = schema(kind) | (_JUDGED if kind is Kind.TRAFFIC else {})
    stored |= {name: [] for name in types}
    for row in rows:
        values = dict(row)
        for column in COLUMNS[kind]:
            if column.type is Type.ADDRESS and values.get(column.name) is not None:
                number = parse_address(values.pop(column.name))
                assert number is not None
                values[f"{column.name}_hi"], values[f"{column.name}_lo"] = split_halves(number)
        for name in types:
            stored[name].append(values.get(name))
    return pl.DataFrame(stored, schema=types)


ROWS: list[dict[str, Any]] = [
    {"source": "10.1.1.10", "destination": "203.0.113.9", "source_port": 51000, "destination_port": 443,
     "protocol": 6, "from_zone": "trust", "to_zone": "untrust", "user": "corp\\mk", "application": "web-browsing",
     "rule": "OUT", "action": "allow", "end_reason": "policy-deny", "subtype": "deny", "bytes": 2311,
     "flags": int(Flag.DECRYPTED | Flag.NAT), "receive_time": _NOON, "session_id": 4711, "elapsed": 1,
     "cause": "app-shift", "outcome": "allowed-then-denied", "confidence": 0.86, "denied_by": "interzone-default"},
    {"source": "10.1.1.11", "destination": "198.51.100.7", "source_port": 40000, "destination_port": 53,
     "protocol": 17, "from_zone": "trust", "to_zone": "dmz", "destination_user": "corp\\mk", "application": "dns",
     "rule": "Users Out", "action": "allow", "end_reason": "aged-out", "subtype": "end", "bytes": 300, "flags": 0,
     "receive_time": _NOON - timedelta(minutes=10), "session_id": 4712, "outcome": "completed"},
    {"source": "2001:db8::5", "destination": "2001:db8:1::1", "source_port": 443, "destination_port": 8443,
     "protocol": 6, "from_zone": "dmz", "to_zone": "dmz", "application": "ssl", "rule": "v6", "action": "reset-both",
     "end_reason": "tcp-rst-from-server", "bytes": 2**63 + 5, "flags": int(Flag.IPV6),
     "receive_time": _NOON - timedelta(days=2), "proxied": None},
    {"source": "192.0.2.200", "protocol": 1, "application": "ping", "action": "deny", "proxied": "True",
     "state": "ACTIVE", "receive_time": datetime(2024, 5, 14, 0, 0, 0, 500_000), "category": "Üblich"},
]  # fmt: skip
FRAME = _frame(ROWS)

CASES = [
    ("all", [0, 1, 2, 3]),
    ("not all", []),
    ("( addr.src in 10.0.0.0/8 ) and ( action eq allow ) and !( app eq dns )", [0]),
    ("addr.src eq 10.1.1.11", [1]),
    ("addr.src in 10.1.1.10-10.1.1.11", [0, 1]),
    ("addr.src in 10.1.1.10,192.0.2.0/24", [0, 3]),
    ("addr.src in 2001:db8::/32", [2]),
    ("addr.dst in 2001:db8::-2001:db9::", [2]),
    ("addr.src in ::/0", [0, 1, 2, 3]),
    ("addr.src in 0.0.0.0/0", [0, 1, 3]),
    ("addr in 198.51.100.7", [1]),
    ("addr notin 10.1.1.10", [1, 2, 3]),
    ("addr.dst eq ''", [3]),
    ("addr.dst neq ''", [0, 1, 2]),
    ("addr.dst in ( '' 203.0.113.9 )", [0, 3]),
    ("port eq 443", [0, 2]),
    ("port.dst geq 443", [0, 2]),
    ("port.dst in 50-60,8443", [1, 2]),
    ("port.dst neq 443", [1, 2, 3]),
    ("dport lt 53", []),
    ("dport > 53 and dport < 8443", [0]),
    ("zone eq dmz", [1, 2]),
    ("zone.src eq dmz", [2]),
    ("to eq TRUST or from eq TRUST", [0, 1]),
    ("user eq corp\\mk", [0, 1]),
    ("user.src eq 'CORP\\mk'", [0]),
    ("( user.src eq '' )", [1, 2, 3]),
    ("rule eq 'users out'", [1]),
    ("rule contains OUT", [0, 1]),
    ("rule neq OUT", [1, 2, 3]),
    ("app in (dns ssl)", [1, 2]),
    ("app notin dns,ssl", [0, 3]),
    ("category eq 'üblich'", [3]),
    ("category contains BLICH", [3]),
    ("action eq 'Reset Both'", [2]),
    ("session_end_reason eq policy_deny", [0]),
    ("proto eq tcp", [0, 2]),
    ("proto neq 6", [1, 3]),
    ("proto in (udp icmp)", [1, 3]),
    ("bytes geq 9223372036854775813", [2]),
    ("bytes eq 9223372036854775813", [2]),
    ("bytes leq 18446744073709551615", [0, 1, 2]),
    ("sessionid in 4700-4711", [0]),
    ("flags has proxy", [0]),
    ("flags has ssl-proxy", [0]),
    ("flags has 0x1400000", [0]),
    ("!( flags has nat )", [1, 2, 3]),
    ("flags eq 0", [1]),
    ("flags neq 0x0", [0, 2, 3]),
    ("flag-nat eq yes", [0]),
    ("flag-nat eq no", [1, 2]),
    ("decrypted eq yes", [0, 3]),
    ("decrypted eq no", [1, 2]),
    ("receive_time geq '2024/05/14 11:50:00'", [0, 1]),
    ("receive_time eq '2024/05/14 00:00:00'", [3]),
    ("receive_time eq '2024/05/14'", [0, 1, 3]),
    ("receive_time leq 2024-05-12", [2]),
    ("receive_time gt 2024/05/12", [0, 1, 3]),
    ("receive_time lt '2024/05/14T11:50'", [2, 3]),
    ("receive_time in last-15-minutes", [0, 1]),
    ("receive_time in last-hour", [0, 1]),
    ("receive_time in last-24-hrs", [0, 1, 3]),
    ("receive_time in last-7-days", [0, 1, 2, 3]),
    ("receive_time notin last-60-seconds", [1, 2, 3]),
    ("receive_time in last-calendar-day", []),
    ("receive_time in last-3-calendar-days", [2]),
    ("time_generated eq ''", [0, 1, 2, 3]),
    ("outcome eq completed", [1]),
    ("cause eq App-Shift", [0]),
    ("cause eq ''", [1, 2, 3]),
    ("denied_by contains INTERZONE", [0]),
    ("confidence geq 0.8", [0]),
    ("confidence lt 0.8", []),
    ("confidence eq 0.86", [0]),
    ("confidence geq 0.86", [0]),
    ("confidence neq 0.86", [1, 2, 3]),
    ("state eq active", [3]),
]


@pytest.mark.parametrize(("text", "rows"), CASES, ids=[text for text, _ in CASES])
def test_selects(text: str, rows: list[int]) -> None:
    found = FRAME.with_row_index("row").filter(compile_filter(text, columns=FRAME.columns))["row"].to_list()
    assert found == rows
    assert FRAME.lazy().filter(compile_filter(text)).select(pl.len()).collect().item() == len(rows)


def test_counts_relative_times_from_the_given_moment() -> None:
    at = compile_filter("receive_time in last-hour", now=_NOON - timedelta(hours=11))
    assert FRAME.filter(at)["application"].to_list() == ["web-browsing", "dns", "ping"]
    assert newest(FRAME) == _NOON
    assert newest(_frame([])) is None


def test_a_user_group_stands_for_its_users() -> None:
    groups = {"CN=Staff,DC=example,DC=net": frozenset({"corp\\mk"})}
    text = "user.src in 'cn=staff,dc=example,dc=net'"
    assert FRAME.filter(compile_filter(text, groups=groups)).height == 1
    assert FRAME.filter(compile_filter(text)).height == 0


def test_severities_are_ordered() -> None:
    rows = [{"severity": word} for word in ("low", "Critical", "high", None)]
    frame = _frame(rows, Kind.THREAT)
    for text, heights in [("severity geq high", 2), ("severity lt high", 1), ("severity neq low", 3)]:
        assert frame.filter(compile_filter(text, Kind.THREAT)).height == heights
    with pytest.raises(FilterError, match="is not a severity"):
        compile_filter("severity geq awful", Kind.THREAT)


def test_long_text_is_searched_literally_and_without_case() -> None:
    frame = _frame([{"url": "Example.net/a.b(c)?x=[1]"}, {"url": None}], Kind.URL)
    for text, height in [
        ("url contains 'EXAMPLE.NET/A.B('", 1),
        ("url contains 'a?b'", 0),
        ("url eq 'example.net/a.b(c)?x=[1]'", 1),
        ("url contains '" + "é." * 2000 + "'", 0),
    ]:
        assert frame.filter(compile_filter(text, Kind.URL)).height == height


def test_further_columns_of_the_export() -> None:
    frame = FRAME.with_columns(pl.Series("x:Monitor Tag", ["blue", None, "Blue", "red"]))
    found = frame.filter(compile_filter("'Monitor Tag' eq BLUE", columns=frame.columns))
    assert found.height == 2
    assert frame.filter(compile_filter("x:Monitor-Tag contains e", columns=frame.columns)).height == 3


def test_verdicts_that_are_not_there_get_a_sentence() -> None:
    with pytest.raises(FilterError, match="cause is a result of judging the sessions"):
        compile_filter("cause eq app-shift", columns=schema(Kind.TRAFFIC))


def test_an_empty_table_has_no_rows_to_select() -> None:
    frame = _frame([])
    for text, _ in CASES:
        assert frame.filter(compile_filter(text)).is_empty()


# The same, read row by row.


def _compare(word: Operator, had: Any, bound: Any) -> bool:
    orders: dict[Operator, Callable[[Any, Any], bool]] = {
        Operator.GEQ: operator.ge,
        Operator.LEQ: operator.le,
        Operator.GT: operator.gt,
        Operator.LT: operator.lt,
    }
    return had is not None and orders[word](had, bound)


_TEXTS = {"app": "application", "zone.src": "from_zone", "cause": "cause", "denied_by": "denied_by"}
_NUMBERS = {"port.dst": "destination_port", "bytes": "bytes"}


def _one_value(term: Term, value: str, row: dict[str, Any]) -> bool:
    if term.field == "addr":
        first, last = parse_network(value) or (1, 0)
        ends = [parse_address(row[name]) for name in ("source", "destination") if row.get(name)]
        return any(end is not None and first <= end <= last for end in ends)
    if term.field in _NUMBERS:
        return row.get(_NUMBERS[term.field]) == int(value)
    if term.field == "proto":
        return row.get("protocol") is not None and protocol_name(row["protocol"]) == value
    had = row.get(_TEXTS[term.field])
    return (had or "").lower() == value.lower()


def _reads(node: Node, row: dict[str, Any]) -> bool:
    match node:
        case Everything():
            return True
        case Not(item):
            return not _reads(item, row)
        case And(items):
            return all(_reads(item, row) for item in items)
        case Or(items):
            return any(_reads(item, row) for item in items)
        case Term(field, word, values):
            if word in (Operator.NEQ, Operator.NOTIN):
                return not any(_one_value(node, value, row) for value in values)
            if word in (Operator.EQ, Operator.IN):
                return any(_one_value(node, value, row) for value in values)
            if word is Operator.CONTAINS:
                had = row.get(_TEXTS[field])
                return had is not None and values[0].lower() in had.lower()
            return _compare(word, row.get(_NUMBERS[field]), int(values[0]))


_words = st.sampled_from(["dns", "SSL", "ssl-base", "d", "", "trust"])
_numbers = st.sampled_from([0, 1, 53, 443, 65535])
_addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.1.1", "192.0.2.1", "2001:db8::1", "2001:db8:0:1::1"])
_networks = st.one_of(
    _addresses, st.sampled_from(["10.0.0.0/24", "0.0.0.0/0", "2001:db8::/64", "::/0", "10.0.0.2-10.0.1.1", "fe80::/10"])
)
_optional = {
    "application": _words, "from_zone": _words, "cause": _words, "denied_by": _words, "destination_port": _numbers,
    "bytes": st.one_of(_numbers, st.just(2**64 - 1)), "source": _addresses, "destination": _addresses,
    "protocol": st.sampled_from([1, 6, 17]),
}  # fmt: skip
_rows = st.lists(st.fixed_dictionaries({}, optional=_optional), max_size=8)
_equal, _listed = st.sampled_from(["eq", "neq"]), st.sampled_from(["in", "notin"])
_orders = st.sampled_from(["geq", "leq", "gt", "lt"])


def _one(field: str, word: str, value: Any) -> Term:
    return Term(field, Operator(word), (str(value),))


def _many(field: str, word: str, values: list[Any]) -> Term:
    return Term(field, Operator(word), tuple(map(str, values)))


_texts, _counts = st.sampled_from(sorted(_TEXTS)), st.sampled_from(sorted(_NUMBERS))
_terms: st.SearchStrategy[Node] = st.one_of(
    st.builds(_one, _texts, st.one_of(_equal, st.just("contains")), _words),
    st.builds(_many, _texts, _listed, st.lists(_words, min_size=1, max_size=3)),
    st.builds(_one, _counts, st.one_of(_equal, _orders), _numbers),
    st.builds(_many, _counts, _listed, st.lists(_numbers, min_size=1, max_size=3)),
    st.builds(_many, st.just("addr"), _listed, st.lists(_networks, min_size=1, max_size=3)),
    st.builds(_one, st.just("proto"), _equal, st.sampled_from(["tcp", "udp", "icmp"])),
    st.just(Everything()),
)
_trees = st.recursive(
    _terms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda items: join(And, items), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda items: join(Or, items), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(_trees, _rows)
def test_every_filter_selects_what_reading_it_row_by_row_does(tree: Node, rows: list[dict[str, Any]]) -> None:
    found = _frame(rows).select(compile_filter(to_text(tree)).alias("kept"))["kept"].to_list()
    assert found == [_reads(tree, row) for row in rows]


@settings(deadline=None)
@given(_trees, _rows)
def test_a_firewall_is_asked_for_at_least_what_the_filter_selects(tree: Node, rows: list[dict[str, Any]]) -> None:
    asked = to_firewall(tree)
    if asked is None:
        return
    assert "cause" not in asked
    assert "denied_by" not in asked
    wider = parse_filter(asked)
    assert all(_reads(wider, row) for row in rows if _reads(tree, row))


# Plain words.


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("web", [0], id="a part of a word"),
        pytest.param("OUT", [0, 1], id="without case"),
        pytest.param("out 53", [1], id="every word somewhere"),
        pytest.param("10.1.1.", [0, 1], id="the beginning of an address"),
        pytest.param("51.100", [1], id="the middle of an address"),
        pytest.param("0.113.9", [0], id="the end of an address"),
        pytest.param("2001:db8:1", [2], id="the beginning of an IPv6 address"),
        pytest.param("2001:db8::", [2], id="an IPv6 network"),
        pytest.param("443", [0, 2], id="a port, or a part of one"),
        pytest.param("udp", [1], id="a protocol"),
        pytest.param("decrypted", [0], id="a flag"),
        pytest.param("11:5", [1], id="the beginning of a clock"),
        pytest.param("2024/05/12", [2], id="a date"),
        pytest.param("app-shift", [0], id="a verdict"),
        pytest.param("nothing-has-this", [], id="nowhere"),
        pytest.param("(", [], id="a sign"),
        pytest.param("  ", [0, 1, 2, 3], id="no words"),
    ],
)
def test_plain_words(text: str, rows: list[int]) -> None:
    columns = ["receive_time", "source", "destination", "destination_port", "protocol", "application", "rule", "flags"]
    test = plain_words(text, [*columns, "cause"])
    assert FRAME.with_row_index("row").filter(test)["row"].to_list() == rows


def test_plain_words_look_at_visible_columns_only() -> None:
    assert FRAME.filter(plain_words("web", ["rule", "source"])).is_empty()
    with pytest.raises(FilterError, match="more than 20 words"):
        plain_words("x " * 21, ["rule"])


@settings(deadline=None)
@given(st.ip_addresses(v=4).map(str), st.data())
def test_any_part_of_an_ipv4_address_finds_it_and_nothing_else(address: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(address) - 1))
    part = address[start : data.draw(st.integers(start + 1, len(address)))]
    other = data.draw(st.ip_addresses(v=4).map(str))
    frame = _frame([{"source": address}, {"source": other}, {}])
    found = frame.select(plain_words(part, ["source"]).alias("kept"))["kept"].to_list()
    assert found == [True, part in other, False]


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(v=6), st.ip_addresses(network="2001:db8::/44")), st.data())
def test_any_beginning_of_an_ipv6_address_finds_it(address: Any, data: st.DataObject) -> None:
    number = int(address)
    text = format_address(number)
    part = text[: data.draw(st.integers(1, len(text)))]
    if part.partition("::")[2] and ":" in text.partition("::")[2]:
        return  # after a gap the word must reach into the last group
    if part in (":", "::") or part.startswith("0") or "." in text:
        return
    frame = _frame([{"source": text}])
    assert frame.filter(plain_words(part, ["source"])).height == 1


# Completion.


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        pytest.param("", "outcome", None, id="fields at the beginning"),
        pytest.param("( addr", "addr", None, id="fields that begin so"),
        pytest.param("src", "srcloc", None, id="fields with it"),
        pytest.param("( app ", "eq", None, id="operators of a word"),
        pytest.param("addr.src n", "notin", None, id="operators that begin so"),
        pytest.param("flags ", "has", None, id="operators of flags"),
        pytest.param("( zone.src eq ", "trust", 2, id="values by frequency"),
        pytest.param("zone eq d", "dmz", 3, id="values of both ends"),
        pytest.param("rule eq U", "'Users Out'", 1, id="values with blanks are quoted"),
        pytest.param("rule eq 'use", "'Users Out'", 1, id="values after an open quote"),
        pytest.param("addr.src in 10.1.1.1", "10.1.1.10", 1, id="addresses"),
        pytest.param("app in ( dns s", "ssl", 1, id="in a list"),
        pytest.param("proto eq t", "tcp", 2, id="protocols"),
        pytest.param("port.dst eq 84", "8443", 1, id="ports"),
        pytest.param("flags has pro", "proxy", None, id="flags"),
        pytest.param("receive_time in last-2", "last-24-hrs", None, id="periods"),
        pytest.param("receive_time geq 2024", "'2024/05/14 12:00:00'", None, id="the newest time"),
        pytest.param("decrypted eq ", "yes", None, id="yes and no"),
        pytest.param("outcome eq ", "allowed-then-denied", 1, id="values of a verdict column"),
        pytest.param("app eq dns ", "and", None, id="what joins"),
        pytest.param("( app eq dns ) o", "or", None, id="what joins, begun"),
        pytest.param("app eq dns and zone.src eq tr", "trust", 2, id="the second term"),
        pytest.param("bytes>", None, None, id="nothing fits a number that doesn't occur"),
        pytest.param("nosuch eq ", None, None, id="nothing fits an unknown field"),
    ],
)
def test_completion(text: str, first: str | None, count: int | None) -> None:
    frame = _frame([*ROWS, {"from_zone": None}])
    options = complete(text, len(text), frame=frame).options
    if first is None:
        assert all(option.text not in ("eq", "and") for option in options)
        return
    assert (options[0].text, options[0].count) == (first, count)


def test_an_option_takes_the_place_of_the_word_under_the_cursor() -> None:
    text = "( zone.src eq tru ) and ( app eq dns )"
    found = complete(text, text.index("u )"), frame=FRAME)
    assert [option.text for option in found.options] == ["trust"]
    assert found.applied(text, found.options[0]) == (text.replace("tru ", "trust "), 20)
    empty = complete("", 0)
    assert empty.applied("", empty.options[0]) == ("outcome ", 8)


def test_offers_the_closing_parenthesis_only_where_one_is_open() -> None:
    assert ")" in [option.text for option in complete("( app eq dns ", 13).options]
    assert ")" not in [option.text for option in complete("app eq dns ", 11).options]


@settings(deadline=None)
@given(st.text("()!'\" <>=aeqndpinor.,10", max_size=30), st.integers(0, 30))
def test_completion_survives_any_text(text: str, cursor: int) -> None:
    found = complete(text, min(cursor, len(text)), frame=FRAME)
    assert 0 <= found.start <= found.end <= len(text)
