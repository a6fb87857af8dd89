"""The filter language itself: what parses, what its names are, and what is said about the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.filters.compile import compile_filter, needs_judgement
from whydeny.filters.fields import OPERATORS, Holds, column_field, fields_of, find_field, names_of
from whydeny.filters.parse import DEEPEST, LONGEST, MOST_TERMS, parse_filter
from whydeny.filters.plain import is_language
from whydeny.filters.tree import And, Everything, FilterError, Node, Not, Operator, Or, Term, join, to_text
from whydeny.model.columns import COLUMNS, Kind
from whydeny.model.errors import UsageError


def _term(field: str, operator: str, *values: str) -> Term:
    return Term(field, Operator(operator), values)


TREES = [
    pytest.param("( action eq allow )", _term("action", "eq", "allow"), id="one term as the web interface writes it"),
    pytest.param("action eq allow", _term("action", "eq", "allow"), id="no parentheses"),
    pytest.param("(((action eq allow)))", _term("action", "eq", "allow"), id="parentheses around parentheses"),
    pytest.param(
        "( addr.src in 10.0.0.0/8 ) and ( action eq allow ) and !( app eq dns )",
        And(
            (
                _term("addr.src", "in", "10.0.0.0/8"),
                _term("action", "eq", "allow"),
                Not(_term("app", "eq", "dns")),
            )
        ),
        id="and, and not by an exclamation mark",
    ),
    pytest.param("not ( app eq dns )", Not(_term("app", "eq", "dns")), id="not as a word"),
    pytest.param("not app eq dns", Not(_term("app", "eq", "dns")), id="not without parentheses"),
    pytest.param(
        "a eq 1 or b eq 2 and c eq 3",
        Or((_term("a", "eq", "1"), And((_term("b", "eq", "2"), _term("c", "eq", "3"))))),
        id="and binds tighter than or",
    ),
    pytest.param(
        "(a eq 1 or b eq 2) AND c eq 3",
        And((Or((_term("a", "eq", "1"), _term("b", "eq", "2"))), _term("c", "eq", "3"))),
        id="parentheses bind tighter, words in any case",
    ),
    pytest.param("rule eq 'Users Out'", _term("rule", "eq", "Users Out"), id="single quotes"),
    pytest.param('rule eq "Users Out"', _term("rule", "eq", "Users Out"), id="double quotes"),
    pytest.param("rule eq ‘Users Out’", _term("rule", "eq", "Users Out"), id="quotes of a word processor"),
    pytest.param("user eq \"corp\\o'brien\"", _term("user", "eq", "corp\\o'brien"), id="the other quote inside"),
    pytest.param("rule eq 'it''s \"x\"'", _term("rule", "eq", "it's \"x\""), id="a doubled quote"),
    pytest.param("user eq corp\\mk", _term("user", "eq", "corp\\mk"), id="a backslash is a backslash"),
    pytest.param("( user.src eq '' )", _term("user.src", "eq", ""), id="no user"),
    pytest.param("from eq to", _term("from", "eq", "to"), id="fields and values that look like words"),
    pytest.param("rule eq and and to eq or", And((_term("rule", "eq", "and"), _term("to", "eq", "or"))),
                 id="a rule called and"),
    pytest.param("'Source address' in 10.0.0.1", _term("Source address", "in", "10.0.0.1"), id="a heading as field"),
    pytest.param("port.dst in 80,443", _term("port.dst", "in", "80", "443"), id="a list with commas"),
    pytest.param("app in ( dns ssl 'a,b' )", _term("app", "in", "dns", "ssl", "a,b"), id="a list in parentheses"),
    pytest.param("app not in (dns)", _term("app", "notin", "dns"), id="not in as two words"),
    pytest.param("bytes>=5", _term("bytes", "geq", "5"), id="a sign without blanks"),
    pytest.param("bytes != 5", _term("bytes", "neq", "5"), id="unequal as a sign"),
    pytest.param("a = 1 and b == 2", And((_term("a", "eq", "1"), _term("b", "eq", "2"))), id="equal as a sign"),
    pytest.param("a < 1 or b > 2 or c <= 3", Or((_term("a", "lt", "1"), _term("b", "gt", "2"), _term("c", "leq", "3"))),
                 id="orders as signs"),
    pytest.param("all", Everything(), id="all"),
    pytest.param(" \n ", Everything(), id="nothing is all"),
    pytest.param("!!all", Not(Not(Everything())), id="twice not"),
    pytest.param("(\u00a0app\u00a0eq\u00a0dns\u00a0)", _term("app", "eq", "dns"), id="no-break blanks of a wiki"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_parses(text: str, tree: Node) -> None:
    assert parse_filter(text) == tree
    assert parse_filter(to_text(tree)) == tree


ERRORS = [
    pytest.param("( addr.src in", 13, "a value is expected where it ends", id="ends before the value"),
    pytest.param("action eq allow and", 19, "a field is expected where it ends", id="ends after and"),
    pytest.param("( action eq allow", 17, ") is expected where it ends", id="an open parenthesis"),
    pytest.param("action eq allow )", 16, "this ) has no ( before it", id="a parenthesis too many"),
    pytest.param("action is allow", 7, "an operator (eq, neq, in", id="no such operator"),
    pytest.param("action allow", 7, "not “allow”", id="no operator"),
    pytest.param("rule eq 'Users Out", 8, "the quote ' is not closed", id="an open quote"),
    pytest.param("rule eq Users Out", 14, "and, or or the end is expected, not “Out”", id="a value with a blank"),
    pytest.param("app eq ( dns ssl )", 13, "a list goes with in or notin", id="a list after eq"),
    pytest.param("app in ,,", 7, "a list without values", id="an empty list"),
    pytest.param("app in ()", 8, "a value is expected", id="empty parentheses"),
    pytest.param("\x1b[31m eq x", 0, "a field", id="an escape sequence"),
    pytest.param("adr.src in 10.0.0.1", 0, "did you mean addr.src", id="an unknown field has near ones"),
    pytest.param("qqqq eq 1", 0, "“qqqq” is not a field of the traffic log.", id="an unknown field with none near"),
    pytest.param("app eq 1 and app geq dns", 17, "app is a word and takes eq, neq", id="an operator that doesn't fit"),
    pytest.param("addr.src in 10.0.0.0/33", 12, "is not an address, a network", id="no network"),
    pytest.param("addr.src in 10.0.0.1,x", 21, "“x” is not an address", id="one bad address in a list"),
    pytest.param("port.dst eq 65536", 12, "is not a port from 0 to 65535", id="no port"),
    pytest.param("port.dst in 90-80", 12, "is not a port", id="a range backwards"),
    pytest.param("bytes geq 1e3", 10, "is not a whole number", id="no whole number"),
    pytest.param("bytes eq 99999999999999999999999", 9, "is not a whole number", id="more than 64 bits"),
    pytest.param("proto eq quic", 9, "is not a protocol", id="no protocol"),
    pytest.param("flags has magic", 10, "is not a flag", id="no flag"),
    pytest.param("flags eq proxy", 9, "ask for a single one by has", id="a flag with eq"),
    pytest.param("flag-proxy eq maybe", 14, "is not yes or no", id="neither yes nor no"),
    pytest.param("confidence geq 80", 15, "is not a number from 0 to 1", id="a confidence in percent"),
    pytest.param("confidence geq nan", 15, "is not a number from 0 to 1", id="not a number"),
    pytest.param("receive_time geq yesterday", 17, "is not a time such as", id="no time"),
    pytest.param("receive_time geq '2024/13/01 00:00:00'", 17, "is not a time", id="no such month"),
    pytest.param("receive_time in last-999999-weeks", 16, "is not a time", id="a period over a century"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "position", "says"), ERRORS)
def test_points_at_what_is_wrong(text: str, position: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    error = caught.value
    assert says in str(error)
    assert "\n" not in str(error)
    assert "\x1b" not in str(error) + error.caret()
    assert error.position == position
    assert error.caret().splitlines()[-1] == " " * position + "^"
    assert isinstance(error, UsageError)


def test_offers_what_fits() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("app geq dns")
    assert caught.value.fits == ("eq", "neq", "in", "notin", "contains")
    with pytest.raises(FilterError) as caught:
        compile_filter("sesion_end_reason eq tcp-fin")
    assert caught.value.fits[0] == "session_end_reason"


def test_shows_the_place_in_a_long_filter_within_the_width() -> None:
    text = " or ".join(["app eq dns"] * 50) + " or qqq eq 1"
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    shown, arrow = caught.value.caret(60).splitlines()
    assert len(shown) <= 60
    assert shown[arrow.index("^") :].startswith("qqq")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("app eq " + "x" * LONGEST, "characters", id="too long"),
        pytest.param("(" * 5000 + "all" + ")" * 5000, "nested deeper", id="too many parentheses"),
        pytest.param("!" * 5000 + "all", "nested deeper", id="too many negations"),
        pytest.param(" or ".join(["a eq b"] * (MOST_TERMS + 1)), "more than", id="too many terms"),
    ],
)
def test_bounds_hostile_text(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        parse_filter(text)


def test_takes_what_is_just_within_the_bounds() -> None:
    depth = DEEPEST - 1
    compile_filter("!(" * (depth // 2) + "app eq dns" + ")" * (depth // 2))
    compile_filter(" or ".join(["app eq b"] * MOST_TERMS))


@settings(deadline=None)
@given(st.one_of(st.text(), st.text("()!'\"=<> abeqinort.,-0/\\‘”")))
def test_any_text_parses_or_raises_its_own_error(text: str) -> None:
    try:
        tree = parse_filter(text)
        compile_filter(text)
    except FilterError:
        return
    assert parse_filter(to_text(tree)) == tree


_words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_leaves = st.one_of(
    st.just(Everything()),
    st.builds(_term, _words.filter(str.strip), st.sampled_from(["eq", "neq", "contains", "leq"]), _words),
    st.builds(lambda f, o, v: _term(f, o, *v), _words.filter(str.strip), st.sampled_from(["in", "notin"]),
              st.lists(_words, min_size=1, max_size=3)),
)  # fmt: skip
_trees: st.SearchStrategy[Node] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda items: join(And, items), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda items: join(Or, items), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(_trees)
def test_every_tree_survives_being_written_and_read(tree: Node) -> None:
    assert parse_filter(to_text(tree)) == tree


@pytest.mark.parametrize("kind", Kind)
def test_every_column_has_a_field_by_its_key_name_and_headings(kind: Kind) -> None:
    names = names_of(kind)
    for column in COLUMNS[kind]:
        field = column_field(column.name, kind)
        assert field is not None, column.name
        assert find_field(field.name, kind) == field
        for name in (column.name, column.key, *column.titles[:1]):
            found = find_field(name, kind)
            assert found is not None, name
            assert column.name in found.columns, (kind, name, found)
    assert {field.name for field in names.values()} == {field.name for field in fields_of(kind)}
    assert {field.holds for field in fields_of(kind)} <= set(OPERATORS)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("addr", ("source", "destination")),
        ("addr.src", ("source",)),
        ("SRC", ("source",)),
        ("Source address", ("source",)),
        ("natdst", ("nat_destination",)),
        ("port", ("source_port", "destination_port")),
        ("dport", ("destination_port",)),
        ("zone", ("from_zone", "to_zone")),
        ("zone.src", ("from_zone",)),
        ("from", ("from_zone",)),
        ("to", ("to_zone",)),
        ("user", ("user", "destination_user")),
        ("user.src", ("user",)),
        ("user.dst", ("destination_user",)),
        ("interface.src", ("inbound_interface",)),
        ("session_end_reason", ("end_reason",)),
        ("session-end-reason", ("end_reason",)),
        ("end_reason", ("end_reason",)),
        ("app", ("application",)),
        ("proto", ("protocol",)),
        ("sessionid", ("session_id",)),
        ("time_generated", ("time",)),
        ("UUID for rule", ("rule_uuid",)),
        ("HTTP/2 Connection", ("http2_connection",)),
        ("pkts_sent", ("packets_sent",)),
        ("Elapsed Time (sec)", ("elapsed",)),
        ("denied_by", ("denied_by",)),
        ("decrypted", ("flags", "proxied")),
    ],
)
def test_names_of_the_traffic_log(name: str, columns: tuple[str, ...]) -> None:
    field = find_field(name, Kind.TRAFFIC)
    assert field is not None
    assert field.columns == columns


@pytest.mark.parametrize(
    ("kind", "name", "column"),
    [
        (Kind.AUTHENTICATION, "addr", "address"),
        (Kind.AUTHENTICATION, "authpolicy", "authentication_rule"),
        (Kind.AUTHENTICATION, "user", "user"),
        (Kind.DECRYPTION, "policy_name", "decryption_rule"),
        (Kind.DECRYPTION, "err_index", "error_index"),
        (Kind.SYSTEM, "description", "description"),
        (Kind.CONFIGURATION, "cmd", "command"),
        (Kind.URL, "url", "url"),
        (Kind.THREAT, "threatid", "threat_name"),
        (Kind.USERID, "ip", "address"),
    ],
)
def test_names_of_other_logs(kind: Kind, name: str, column: str) -> None:
    field = find_field(name, kind)
    assert field is not None
    assert field.columns == (column,)


def test_further_columns_of_the_export_are_fields() -> None:
    field = find_field("monitor tag", Kind.TRAFFIC, ["line", "x:Monitor Tag"])
    assert field is not None
    assert (field.columns, field.holds) == (("x:Monitor Tag",), Holds.TEXT)
    assert find_field("monitor tag", Kind.TRAFFIC) is None


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("action eq allow", False),
        ("decrypted eq yes", False),
        ("action eq allow and ( cause eq app-shift or confidence geq 0.5 )", True),
        ("!( denied_by contains x )", True),
        ("outcome eq completed", True),
        ("all", False),
        ("nosuchfield eq 1", False),
    ],
)
def test_tells_whether_sessions_must_be_judged_first(text: str, needed: bool) -> None:
    assert needs_judgement(parse_filter(text)) is needed


def test_own_columns_of_the_session_table_are_columns_of_other_logs() -> None:
    assert not needs_judgement(parse_filter("decryption_rule eq x"), Kind.DECRYPTION)
    assert needs_judgement(parse_filter("decryption_rule eq x"), Kind.TRAFFIC)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("( addr.src in", True),
        ("(", True),
        ("!( app eq dns )", True),
        ("not ( app eq dns )", True),
        ("not app eq dns", True),
        ("app eq", True),
        ("'Source address' in 10", True),
        ("bytes>5", True),
        ("err_index eq Certificate", True),
        ("all", True),
        ("10.1.20", False),
        ("web-browsing", False),
        ("action", False),
        ("interzone default", False),
        ("not found here", False),
        ("a in b", False),
        ("allow all", False),
        ("", False),
    ],
)
def test_tells_the_language_from_plain_words(text: str, language: bool) -> None:
    assert is_language(text) is language
