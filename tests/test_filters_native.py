"""Filters that the program writes: for the web interface, for a firewall, from a cell, and term by term."""

from datetime import datetime
from typing import Any

import pytest

from whydeny.filters.compile import compile_filter
from whydeny.filters.native import joined, narrowed, session_filter, term, terms, to_firewall, toggled, without
from whydeny.filters.parse import parse_filter
from whydeny.filters.tree import FilterError
from whydeny.model.addresses import parse_address
from whydeny.model.columns import COLUMNS, Kind
from whydeny.model.flags import Flag
from whydeny.model.tables import Session


@pytest.mark.parametrize(
    ("column", "value", "text", "excluded"),
    [
        ("source", "10.1.1.10", "( addr.src in 10.1.1.10 )", "( addr.src notin 10.1.1.10 )"),
        ("destination", parse_address("2001:db8::1"), "( addr.dst in 2001:db8::1 )", "( addr.dst notin 2001:db8::1 )"),
        ("destination", None, "( addr.dst eq '' )", "( addr.dst neq '' )"),
        ("destination_port", 443, "( port.dst eq 443 )", "( port.dst neq 443 )"),
        ("protocol", 6, "( proto eq tcp )", "( proto neq tcp )"),
        ("protocol", 200, "( proto eq 200 )", "( proto neq 200 )"),
        ("from_zone", "trust", "( zone.src eq trust )", "( zone.src neq trust )"),
        ("user", "corp\\mk", "( user.src eq 'corp\\mk' )", "( user.src neq 'corp\\mk' )"),
        ("user", None, "( user.src eq '' )", "( user.src neq '' )"),
        ("user", "corp\\o'brien", '( user.src eq "corp\\o\'brien" )', '( user.src neq "corp\\o\'brien" )'),
        ("rule", "Users Out", "( rule eq 'Users Out' )", "( rule neq 'Users Out' )"),
        ("rule", "x ) or ( all", "( rule eq 'x ) or ( all' )", "( rule neq 'x ) or ( all' )"),
        ("end_reason", "policy-deny", "( session_end_reason eq policy-deny )",
         "( session_end_reason neq policy-deny )"),
        ("end_reason", "n/a", "( session_end_reason eq n/a )", "( session_end_reason neq n/a )"),
        ("flags", Flag.NAT, "( flags eq 0x400000 )", "( flags neq 0x400000 )"),
        ("receive_time", datetime(2024, 5, 14, 10, 0, 5, 7), "( receive_time eq '2024/05/14 10:00:05' )",
         "( receive_time neq '2024/05/14 10:00:05' )"),
        ("cause", "app-shift", "( cause eq app-shift )", "( cause neq app-shift )"),
        ("confidence", 0.8571, "( confidence geq 0.85 )", "( confidence lt 0.85 )"),
        ("confidence", 0.57, "( confidence geq 0.57 )", "( confidence lt 0.57 )"),
        ("decrypted", True, "( decrypted eq yes )", "( decrypted neq yes )"),
        ("x:Monitor Tag", "a", "( 'x:Monitor Tag' eq a )", "( 'x:Monitor Tag' neq a )"),
    ],
)  # fmt: skip
def test_a_cell_becomes_a_term(column: str, value: Any, text: str, excluded: str) -> None:
    assert term(column, value) == text
    assert term(column, value, exclude=True) == excluded
    assert len(terms(text)) == 1
    compile_filter(text, columns=[column])


def test_a_cell_of_every_column_of_every_log_becomes_a_term() -> None:
    for kind in Kind:
        for column in COLUMNS[kind]:
            compile_filter(term(column.name, None, kind=kind), kind)
    with pytest.raises(FilterError, match="no field asks for the column nosuch"):
        term("nosuch", 1)


SESSION = Session(
    row=0, id=4711, source=parse_address("10.1.1.10"), destination=parse_address("203.0.113.9"), source_port=51000,
    destination_port=443, protocol=6, start=datetime(2024, 5, 14, 10, 0, 3), end=datetime(2024, 5, 14, 10, 0, 5),
)  # fmt: skip


def test_a_session_becomes_a_log_filter() -> None:
    assert session_filter(SESSION) == (
        "( sessionid eq 4711 ) and ( addr.src in 10.1.1.10 ) and ( addr.dst in 203.0.113.9 ) and "
        "( port.src eq 51000 ) and ( port.dst eq 443 ) and ( proto eq tcp ) and "
        "( receive_time geq '2024/05/14 09:58:03' ) and ( receive_time leq '2024/05/14 10:02:05' )"
    )


@pytest.mark.parametrize("kind", Kind)
def test_a_session_becomes_a_filter_of_every_other_log(kind: Kind) -> None:
    text = session_filter(SESSION, kind)
    compile_filter(text, kind)
    assert to_firewall(parse_filter(text), kind) == text
    assert "receive_time" in text
    assert ("10.1.1.10" in text) is (kind not in (Kind.SYSTEM, Kind.CONFIGURATION))


def test_what_a_session_does_not_say_is_left_out() -> None:
    assert session_filter(Session(row=0)) == "all"
    assert session_filter(Session(row=0, id=0, source_port=0)) == "( port.src eq 0 )"


FILTER = "( action eq allow ) and ( app eq dns or app eq ssl ) and !( zone eq dmz )"


def test_terms_can_be_listed_and_taken_out() -> None:
    listed = terms(FILTER)
    assert listed == ("( action eq allow )", "( ( app eq dns ) or ( app eq ssl ) )", "!( zone eq dmz )")
    assert without(FILTER, listed[1]) == "( action eq allow ) and !( zone eq dmz )"
    assert without(listed[0], listed[0]) == ""
    assert parse_filter(joined(listed)) == parse_filter(FILTER)
    assert terms("all") == terms("") == ()


def test_terms_can_be_put_in_and_toggled() -> None:
    assert narrowed("", "app eq dns") == "( app eq dns )"
    assert narrowed("app eq dns or app eq ssl", "( port eq 53 )") == (
        "( ( app eq dns ) or ( app eq ssl ) ) and ( port eq 53 )"
    )
    assert narrowed(FILTER, "(app eq dns or app eq ssl)") == joined([FILTER])
    once = toggled(FILTER, "( port eq 53 )")
    assert terms(once)[-1] == "( port eq 53 )"
    assert toggled(once, "port eq 53") == joined([FILTER])
    assert joined([]) == ""


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("all", None),
        ("( action eq allow )", "( action eq allow )"),
        ("cause eq app-shift", None),
        ("cause eq app-shift and action eq allow", "( action eq allow )"),
        ("cause eq app-shift or action eq allow", None),
        ("not ( cause eq app-shift or action eq allow )", "!( action eq allow )"),
        ("not ( cause eq app-shift and action eq allow )", None),
        ("app neq dns", "!( app eq dns )"),
        ("not app neq dns", "( app eq dns )"),
        ("app in dns,ssl", "( app eq dns ) or ( app eq ssl )"),
        ("app notin dns,ssl", "!( ( app eq dns ) or ( app eq ssl ) )"),
        ("user.src in 'cn=staff'", "( user.src in 'cn=staff' )"),
        ("srcuser eq ''", "( user.src eq '' )"),
        ("addr.src eq 10.0.0.1", "( addr.src in 10.0.0.1 )"),
        ("addr.src in 10.0.0.0-10.0.0.4", "( addr.src in 10.0.0.0/30 ) or ( addr.src in 10.0.0.4 )"),
        ("addr in 2001:db8::/32", "( addr in 2001:db8::/32 )"),
        ("port.dst in 80,443", "( port.dst eq 80 ) or ( port.dst eq 443 )"),
        ("port in 80-90", "( ( port.src geq 80 ) and ( port.src leq 90 ) ) or "
                          "( ( port.dst geq 80 ) and ( port.dst leq 90 ) )"),
        ("bytes > 10 and bytes < 20", "( bytes geq 11 ) and ( bytes leq 19 )"),
        ("bytes < 0", None),
        ("proto eq 6", "( proto eq tcp )"),
        ("flags has ssl-proxy", "( flags has proxy )"),
        ("decrypted eq no", "!( flags has proxy )"),
        ("flags has temporary-match", None),
        ("flags eq 0", None),
        ("receive_time in last-hour", "( receive_time in last-hour )"),
        ("receive_time in last-3-hrs", "( receive_time in last-6-hrs )"),
        ("receive_time notin last-3-hrs", None),
        ("receive_time notin last-6-hrs", "!( receive_time in last-6-hrs )"),
        ("receive_time in last-90-days", None),
        ("receive_time eq 2024/05/14",
         "( receive_time geq '2024/05/14 00:00:00' ) and ( receive_time leq '2024/05/14 23:59:59' )"),
        ("receive_time lt '2024/05/14 10:00:00'", "( receive_time leq '2024/05/14 09:59:59' )"),
        ("receive_time gt '2024/05/14 10:00:00'", "( receive_time geq '2024/05/14 10:00:01' )"),
        ("receive_time lt 0001/01/01", None),
        ("addr.dst eq ''", None),
        ("state eq ACTIVE", None),
        ("rule eq 'it''s \"x\"'", None),
    ],
)  # fmt: skip
def test_what_a_firewall_is_asked(text: str, asked: str | None) -> None:
    assert to_firewall(parse_filter(text)) == asked


def test_severities_are_asked_for_by_level() -> None:
    assert to_firewall(parse_filter("severity gt medium"), Kind.THREAT) == "( severity geq high )"
    assert to_firewall(parse_filter("severity gt critical"), Kind.THREAT) is None


def test_unknown_fields_are_not_sent_to_a_firewall() -> None:
    with pytest.raises(FilterError, match="is not a field"):
        to_firewall(parse_filter("nosuchfield eq 1"))
    assert to_firewall(parse_filter("x:Tag eq 1"), columns=["x:Tag"]) is None
