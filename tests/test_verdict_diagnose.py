"""From the causes' answers to one verdict: order, caps, rivals, alternatives, exclusions, what is missing."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.configuration import Rulebase
from whydeny.policy.lookup import Certainty
from whydeny.verdict.catalogue import UNEXPLAINED, catalogue
from whydeny.verdict.cause import confidence, odds
from whydeny.verdict.finding import Basis, Evidence, Finding
from whydeny.verdict.judge import Judge

SHIFT: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443},
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
}
STREAM: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"category": "gambling", "flags": "decrypted", "http2_connection": 7},
    "rules": ["Out from=trust to=untrust category=business-and-economy service=any"],
}
CHALLENGE: dict[str, Any] = {
    "release": "8.0.3",
    "session": {"app": "ssl"},
    "rules": ["Out from=trust to=untrust service=any"],
    "portal": {"redirect": "portal.example.net"},
    "authentication": ["Ask from=trust to=untrust user=unknown service=any enforcement=default-web-form"],
}
DECRYPT = {"decryption": ["Decrypt from=trust to=untrust action=decrypt kind=ssl-forward-proxy"]}


def judged(case: dict[str, Any], folder: Path) -> Finding:
    """The finding of the first row."""
    return Judge(build(case, folder), release_of(case)).finding(0)


def test_every_cause_is_the_verdict_an_alternative_or_excluded_or_too_unlikely_to_name(tmp_path: Path) -> None:
    finding = judged(SHIFT, tmp_path)
    named = {finding.verdict.cause, *(a.cause for a in finding.alternatives), *(e.cause for e in finding.excluded)}
    assert named == set(catalogue())


def test_an_exclusion_says_why(tmp_path: Path) -> None:
    assert all(exclusion.because for exclusion in judged(SHIFT, tmp_path).excluded)


def test_the_cause_of_the_sessions_kind_stands_before_its_criterion(tmp_path: Path) -> None:
    finding = judged(STREAM, tmp_path)
    assert finding.verdict.cause == "http2-stream"
    assert finding.alternatives[0].cause == "url-category"


def test_a_criterion_of_the_same_event_does_not_lower_the_verdict(tmp_path: Path) -> None:
    assert "holds too" not in judged(STREAM, tmp_path).verdict.confidence_why


def test_another_cause_that_holds_lowers_the_verdict_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "both").mkdir()
    alone = judged(CHALLENGE | DECRYPT | {"authentication": []}, tmp_path / "alone")
    both = judged(CHALLENGE | DECRYPT, tmp_path / "both")
    assert alone.verdict.cause == both.verdict.cause == "decryption-failure"
    assert both.verdict.confidence < alone.verdict.confidence
    assert both.alternatives[0].cause == "authentication-challenge"
    assert "authentication-challenge holds too" in both.verdict.confidence_why


def test_no_alternative_is_surer_than_the_verdict(tmp_path: Path) -> None:
    finding = judged(CHALLENGE | DECRYPT, tmp_path)
    assert all(other.confidence < finding.verdict.confidence for other in finding.alternatives)


def test_alternatives_come_likeliest_first_and_each_has_what_would_turn_it(tmp_path: Path) -> None:
    finding = judged(SHIFT | {"configuration": False}, tmp_path)
    sure = [other.confidence for other in finding.alternatives]
    assert sure == sorted(sure, reverse=True)
    assert len(sure) > 1
    assert all(other.flips_if for other in finding.alternatives)


def test_a_verdict_alone_still_has_the_alternative_that_nothing_known_fits(tmp_path: Path) -> None:
    finding = judged(SHIFT, tmp_path)
    assert [other.cause for other in finding.alternatives] == [UNEXPLAINED]
    assert "test security-policy-match" in finding.alternatives[0].flips_if


def test_unexplained_counts_what_is_ruled_out_and_names_no_rule(tmp_path: Path) -> None:
    finding = judged(SHIFT | {"session": {"app": "ssl"}}, tmp_path)
    assert finding.verdict.cause == UNEXPLAINED
    assert finding.verdict.denied_by is None
    assert f"{len(finding.excluded)} of {len(catalogue()) - 1} causes are ruled out" in finding.verdict.confidence_why


def test_unexplained_says_what_to_fetch_next(tmp_path: Path) -> None:
    finding = judged(SHIFT | {"session": {"app": "ssl"}, "configuration": False}, tmp_path)
    assert finding.verdict.missing
    assert finding.verdict.commands


def test_unexplained_is_surer_where_the_logs_cover_the_time(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "logs").mkdir()
    base = SHIFT | {"session": {"app": "ssl"}}
    logs = [
        {"at": "09:00:00", "opaque": "User 'admin' logged in"},
        {"at": "11:00:00", "opaque": "User 'admin' logged out"},
    ]
    bare = judged(base, tmp_path / "bare").verdict
    covered = judged(base | {"system": logs}, tmp_path / "logs").verdict
    assert bare.confidence < covered.confidence


def test_the_confidence_is_explained_in_one_line(tmp_path: Path) -> None:
    why = judged(SHIFT | {"panorama": True}, tmp_path).verdict.confidence_why
    assert "\n" not in why
    assert "raised by: " in why
    assert "at most 0.6: " in why


def test_evidence_for_and_against_is_kept_apart(tmp_path: Path) -> None:
    verdict = judged(STREAM, tmp_path).verdict
    assert all(item.weight > 0 for item in verdict.supports)
    assert all(item.weight <= 0 for item in verdict.contradicts)


def test_all_three_rulebases_are_looked_up(tmp_path: Path) -> None:
    finding = judged(CHALLENGE | DECRYPT, tmp_path)
    assert {rulebase: look.rule.name for rulebase, look in finding.lookups.items() if look.rule} == {
        Rulebase.SECURITY: "Out",
        Rulebase.DECRYPTION: "Decrypt",
        Rulebase.AUTHENTICATION: "Ask",
    }


def test_the_firewalls_own_test_is_trusted_and_the_difference_is_shown(tmp_path: Path) -> None:
    answer = '<response status="success"><result><rules><entry>Out; index: 1</entry></rules></result></response>'
    finding = judged(SHIFT | {"files": {"test.xml": answer}}, tmp_path)
    look = finding.lookups[Rulebase.SECURITY]
    assert look.rule is not None
    assert (look.rule.name, look.certainty) == ("Out", Certainty.CERTAIN)
    assert "by the files alone it is interzone-default" in look.reason
    assert any("own test" in item.text for item in finding.verdict.contradicts)


def test_two_flows_leave_a_test_without_its_question_unused(tmp_path: Path) -> None:
    answer = '<response status="success"><result><rules><entry>Out; index: 1</entry></rules></result></response>'
    others = [{"app": "telnet", "dport": 23, "sessionid": 2}]
    finding = judged(SHIFT | {"files": {"test.xml": answer}, "others": others}, tmp_path)
    assert finding.verdict.cause == "app-shift"


def test_weights_add_up_in_log_odds() -> None:
    both = (Evidence("for", 1.0), Evidence("against", -1.0, Basis.RULE))
    assert confidence(0.7, both) == pytest.approx(0.7)
    assert confidence(0.5, both[:1]) == pytest.approx(0.7310585786300049)
    assert odds(0.5) == 0


def test_a_test_of_the_refused_flow_says_nothing_of_other_sessions(tmp_path: Path) -> None:
    answer = '<response status="success"><result><rules><entry>Out; index: 1</entry></rules></result></response>'
    others = [{"app": "telnet", "dport": 23, "sessionid": 2, "session_end_reason": "tcp-fin", "subtype": "end"}]
    case = SHIFT | {"files": {"test.xml": answer}, "others": others}
    look = Judge(build(case, tmp_path), release_of(case)).finding(1).lookups[Rulebase.SECURITY]
    assert look.rule is not None
    assert look.rule.name == "interzone-default"
