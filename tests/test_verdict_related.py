"""Rows that belong to a session: by id, addresses, ports, firewall and time, since ids are used again."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.columns import Kind
from whydeny.verdict.judge import Judge
from whydeny.verdict.related import Related


def related(folder: Path, **case: Any) -> Related:
    """The rows of a situation."""
    whole = {"release": "10.2.0", "session": {}, "configuration": False} | case
    return Judge(build(whole, folder), release_of(whole)).related


@pytest.mark.parametrize(
    ("row", "belongs"),
    [
        ({}, True),
        ({"at": "10:01:50"}, True),
        ({"at": "10:30:00"}, False),
        ({"at": "09:30:00"}, False),
        ({"sessionid": 4712}, False),
        ({"src": "10.1.1.11"}, False),
        ({"dst": "203.0.113.10"}, False),
        ({"sport": 51001}, False),
        ({"dport": 8443}, False),
        ({"proto": "udp"}, False),
        ({"serial": "007200000000002"}, False),
        ({"vsys": "vsys2"}, False),
        ({"sport": ""}, True),
        ({"vsys": ""}, True),
        ({"serial": ""}, True),
    ],
    ids=["the same in everything", "two minutes later", "half an hour later", "half an hour before", "another id",
         "another source", "another destination", "another source port", "another port", "another protocol",
         "another firewall", "another virtual system", "no port", "no virtual system", "no serial"],
)  # fmt: skip
def test_a_decryption_row_belongs_to_a_session(row: dict[str, Any], belongs: bool, tmp_path: Path) -> None:
    rows = related(tmp_path, decryption_log=[{"err_index": "None", **row}])
    session = rows.session(0)
    assert rows.log(Kind.DECRYPTION).of_session(session) == ([0] if belongs else [])


def test_a_session_without_an_id_has_no_rows_of_other_logs(tmp_path: Path) -> None:
    rows = related(tmp_path, session={"sessionid": 0}, decryption_log=[{"sessionid": 0, "err_index": "None"}])
    assert rows.log(Kind.DECRYPTION).of_session(rows.session(0)) == []


def test_a_long_session_reaches_back_to_its_start(tmp_path: Path) -> None:
    log = [{"at": "09:00:10", "err_index": "None"}]
    rows = related(tmp_path, session={"elapsed": 3600}, decryption_log=log)
    assert rows.log(Kind.DECRYPTION).of_session(rows.session(0)) == [0]


def test_a_log_covers_what_lies_between_its_first_and_last_row(tmp_path: Path) -> None:
    log = [{"at": "09:30:00", "opaque": "a"}, {"at": "10:30:00", "opaque": "b"}]
    system = related(tmp_path, system=log).log(Kind.SYSTEM)
    first, last = system.span(None) or (None, None)
    assert first is not None
    assert last is not None
    assert system.covers(first, None)
    assert system.covers(last, None)
    assert not system.covers(first.replace(hour=8), None)
    assert not system.covers(last.replace(hour=11), None)
    assert not system.covers(None, None)


@pytest.mark.parametrize(
    ("serial", "covered"),
    [
        pytest.param("001", True, id="the firewall that the log is of"),
        pytest.param("002", False, id="another firewall"),
        pytest.param(None, True, id="a firewall that is not known"),
    ],
)
def test_a_log_of_one_firewall_covers_nothing_of_another(tmp_path: Path, serial: str | None, covered: bool) -> None:
    log = [{"at": "09:30:00", "opaque": "a", "serial": "001"}, {"at": "10:30:00", "opaque": "b", "serial": "001"}]
    system = related(tmp_path, system=log).log(Kind.SYSTEM)
    assert system.is_of(serial) is covered
    assert system.covers(datetime(2024, 5, 2, 10), serial) is covered


def test_an_empty_log_is_there_and_covers_nothing(tmp_path: Path) -> None:
    rows = related(tmp_path, system=[{"at": "10:00:00", "opaque": "x"}])
    assert rows.has(Kind.SYSTEM)
    assert not rows.has(Kind.USERID)
    assert not rows.log(Kind.USERID).covers(rows.session(0).end, None)


def test_parents_are_found_by_id_and_life(tmp_path: Path) -> None:
    others = [
        {"sessionid": 900, "app": "ftp", "dport": 21, "elapsed": 60},
        {"sessionid": 900, "app": "dns", "dport": 53, "end": "08:00:00"},
        {"sessionid": 900, "app": "ftp", "dport": 21, "serial": "007200000000002"},
    ]
    rows = related(tmp_path, session={"parent_session_id": 900}, others=others)
    assert rows.with_id(900, rows.session(0)) == [1]


def test_streams_of_one_connection_on_one_firewall(tmp_path: Path) -> None:
    others = [
        {"sessionid": 2},
        {"sessionid": 3, "http2_connection": 8},
        {"sessionid": 4, "serial": "007200000000002"},
        {"sessionid": 5, "src": "10.1.1.99"},
        {"sessionid": 6, "end": "12:30:00"},
    ]
    rows = related(tmp_path, session={"http2_connection": 7}, others=others)
    assert rows.same_http2(rows.session(0)) == [1]


def test_the_same_flow_elsewhere_within_seconds(tmp_path: Path) -> None:
    others = [{"vsys": "vsys2"}, {"vsys": "vsys2", "sport": 52000}, {"vsys": "vsys2", "end": "09:00:00"}]
    rows = related(tmp_path, others=others)
    assert rows.same_tuple(rows.session(0)) == [1]


def test_one_flow_is_refused_where_only_its_ports_differ(tmp_path: Path) -> None:
    assert related(tmp_path, others=[{"sport": 51001, "sessionid": 2}]).one_refused_flow


def test_two_flows_are_refused_where_the_servers_differ(tmp_path: Path) -> None:
    assert not related(tmp_path, others=[{"dst": "203.0.113.10", "sessionid": 2}]).one_refused_flow
