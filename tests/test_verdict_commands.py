"""Commands ready to paste: this session's values, quoted for the PAN-OS command line and the log filter, read-only."""

from pathlib import Path
from typing import Any

import pytest

import test_causes
from site_builder import build, release_of
from whydeny.model.configuration import Rulebase
from whydeny.model.tables import Session
from whydeny.verdict.commands import log_filter, policy_test, quoted
from whydeny.verdict.judge import Judge

READING = ("show ", "test ", "request system external-list show ", "( ")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("trust", "trust"),
        ("to vsys2", '"to vsys2"'),
        ("example\\jdoe", '"example\\jdoe"'),
        ('a"b', '"a\'b"'),
        ("a; show config", '"a; show config"'),
        ("a\nset x", '"a set x"'),
        ("", '""'),
        ("10.1.1.10/32", "10.1.1.10/32"),
    ],
    ids=["plain", "blank", "backslash", "quote", "semicolon", "line break", "nothing", "network"],
)
def test_a_value_is_one_word_of_the_command_line(text: str, word: str) -> None:
    assert quoted(text) == word


def session(folder: Path, **row: Any) -> Session:
    """The session of a row."""
    return build({"session": row, "configuration": False}, folder).sessions.session(0)


def test_the_security_test_has_every_value_of_the_session(tmp_path: Path) -> None:
    asked = policy_test(Rulebase.SECURITY, session(tmp_path, category="games", srcuser="example\\jdoe"))
    assert asked == (
        "test security-policy-match from trust to untrust source 10.1.1.10 destination 203.0.113.9 protocol 6 "
        'destination-port 443 application web-browsing category games source-user "example\\jdoe" show-all yes'
    )


def test_a_session_that_was_not_identified_is_asked_without_an_application(tmp_path: Path) -> None:
    asked = policy_test(Rulebase.SECURITY, session(tmp_path, app="incomplete"))
    assert asked is not None
    assert "application" not in asked


def test_icmp_is_asked_without_a_port(tmp_path: Path) -> None:
    asked = policy_test(Rulebase.SECURITY, session(tmp_path, proto="icmp", dport=0, app="ping"))
    assert asked is not None
    assert "protocol 1" in asked
    assert "destination-port" not in asked


def test_the_other_tests_ask_by_category_alone(tmp_path: Path) -> None:
    asked = policy_test(Rulebase.DECRYPTION, session(tmp_path, category="games"))
    assert asked == (
        "test decryption-policy-match from trust to untrust source 10.1.1.10 destination 203.0.113.9 category games"
    )


@pytest.mark.parametrize("lacking", ["from", "to", "src", "dst"])
def test_a_row_that_lacks_what_a_test_needs_has_none(lacking: str, tmp_path: Path) -> None:
    assert policy_test(Rulebase.SECURITY, session(tmp_path, **{lacking: ""})) is None


def test_the_log_filter_finds_the_session(tmp_path: Path) -> None:
    assert log_filter(session(tmp_path)) == (
        "( sessionid eq 4711 ) and ( addr.src in 10.1.1.10 ) and ( addr.dst in 203.0.113.9 )"
    )


def test_a_zone_with_a_hostile_name_stays_one_word(tmp_path: Path) -> None:
    asked = policy_test(Rulebase.SECURITY, session(tmp_path, **{"from": 'x" y; configure'}))
    assert asked is not None
    assert 'from "x\' y; configure" to untrust' in asked


@pytest.mark.parametrize("cause", sorted({cause for cause, _ in test_causes.situations().values()}))
def test_every_command_of_a_cause_only_reads(cause: str, tmp_path: Path) -> None:
    cases = [case for name, case in test_causes.situations().values() if name == cause]
    for number, case in enumerate(cases[:4]):
        folder = tmp_path / str(number)
        folder.mkdir()
        finding = Judge(build(case, folder), release_of(case)).finding(case.get("row", 0))
        assert [c for c in finding.verdict.commands if not c.startswith(READING)] == []
        assert len(set(finding.verdict.commands)) == len(finding.verdict.commands)
