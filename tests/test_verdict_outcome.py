"""How a session ended, from its row alone, and the one sentence where no cause is looked for."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import build
from whydeny.verdict.finding import Finding, Outcome
from whydeny.verdict.judge import Judge

END = {"subtype": "end"}


def judged(session: dict[str, Any], folder: Path, **more: Any) -> Finding:
    """The finding for one row under a rule that allows it."""
    case = {"release": "10.2.0", "session": session, "rules": ["Out from=trust to=untrust service=any"]} | more
    return Judge(build(case, folder)).finding(0)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({}, Outcome.ALLOWED_THEN_DENIED),
        ({"subtype": "end"}, Outcome.ALLOWED_THEN_DENIED),
        ({"session_end_reason": "Policy_Deny"}, Outcome.ALLOWED_THEN_DENIED),
        ({"action": "deny"}, Outcome.POLICY_DENIED),
        ({"action": "reset-both", "action_source": "from-application"}, Outcome.POLICY_DENIED),
        ({"action": "drop ICMP", "subtype": "drop"}, Outcome.POLICY_DENIED),
        ({"session_end_reason": "threat", **END}, Outcome.PROFILE_BLOCK),
        ({"session_end_reason": "decrypt-cert-validation", **END}, Outcome.DECRYPTION_BLOCK),
        ({"session_end_reason": "decrypt-unsupport-param", **END}, Outcome.DECRYPTION_BLOCK),
        ({"session_end_reason": "decrypt-error", **END}, Outcome.DECRYPTION_BLOCK),
        ({"session_end_reason": "aged-out", "bytes_received": 0, "pkts_received": 0, **END}, Outcome.NO_RESPONSE),
        ({"session_end_reason": "aged-out", "proto": "udp", "bytes_received": 0, **END}, Outcome.NO_RESPONSE),
        ({"session_end_reason": "aged-out", "proto": "icmp", "bytes_received": 0, **END}, Outcome.COMPLETED),
        ({"session_end_reason": "aged-out", **END}, Outcome.COMPLETED),
        ({"session_end_reason": "tcp-rst-from-client", **END}, Outcome.RESET_BY_CLIENT),
        ({"session_end_reason": "tcp-rst-from-server", **END}, Outcome.RESET_BY_SERVER),
        ({"session_end_reason": "tcp-fin", **END}, Outcome.COMPLETED),
        ({"session_end_reason": "tcp-reuse", **END}, Outcome.COMPLETED),
        ({"session_end_reason": "decoder", **END}, Outcome.COMPLETED),
        ({"session_end_reason": "n/a", "subtype": "start"}, Outcome.IN_PROGRESS),
        ({"session_end_reason": "resources-unavailable", **END}, Outcome.UNKNOWN),
        ({"session_end_reason": "unknown", **END}, Outcome.UNKNOWN),
        ({"session_end_reason": "split-tunnel", **END}, Outcome.UNKNOWN),
        ({"session_end_reason": "", **END}, Outcome.UNKNOWN),
    ],
    ids=[
        "the phenomenon itself", "with subtype end", "in another spelling", "a deny", "the application's own reset",
        "a drop with ICMP", "a profile", "a certificate", "parameters", "another TLS alert", "silence over TCP",
        "silence over UDP", "one ICMP message", "aged out both ways", "the client's reset", "the server's reset", "a FIN",
        "a tuple used again", "the decoder's split", "a start row", "no resources", "cleared", "a reason of the cloud",
        "no reason at all",
    ],
)  # fmt: skip
def test_the_outcome_of_a_row(row: dict[str, Any], outcome: Outcome, tmp_path: Path) -> None:
    assert judged(row, tmp_path).outcome is outcome


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"action": "deny"}, "Refused by rule Out with action deny"),
        ({"action": "reset-both", "action_source": "from-application", "app": "facebook-base"}, "the deny action of the"),
        ({"action": "drop", "subtype": "drop", "app": "not-applicable"}, "at the first look-up"),
        ({"session_end_reason": "threat", **END}, "A security profile of rule Out blocked it, not the rule"),
        ({"session_end_reason": "aged-out", "bytes_received": 0, **END}, "nothing came back"),
        ({"session_end_reason": "tcp-rst-from-client", **END}, "reset by the client"),
        ({"session_end_reason": "tcp-rst-from-server", **END}, "reset by the server"),
        ({"session_end_reason": "decoder", **END}, "not a block"),
        ({"session_end_reason": "tcp-fin", **END}, "nothing was refused"),
        ({"session_end_reason": "n/a", "subtype": "start"}, "A start row"),
        ({"session_end_reason": "resources-unavailable", **END}, "lacked resources"),
        ({"session_end_reason": "unknown", **END}, "not recorded"),
        ({"session_end_reason": "split-tunnel", **END}, "split-tunnel"),
    ],
    ids=["deny", "own reset", "drop", "profile", "silence", "client", "server", "decoder", "fin", "start", "resources",
         "cleared", "cloud"],
)  # fmt: skip
def test_an_outcome_without_a_cause_has_one_helpful_sentence(row: dict[str, Any], words: str, tmp_path: Path) -> None:
    finding = judged(row, tmp_path)
    assert words in finding.verdict.headline
    assert finding.verdict.cause is None
    assert finding.alternatives == ()
    assert finding.verdict.references


def test_a_profile_block_shows_the_row_of_the_url_log(tmp_path: Path) -> None:
    finding = judged(
        {"session_end_reason": "threat", **END},
        tmp_path,
        url_log=[{"misc": "casino.example.net/", "action": "block-url"}],
    )
    assert "casino.example.net/" in finding.verdict.headline
    assert finding.verdict.supports[0].trail is not None


def test_an_ordinary_deny_names_the_rule_that_refused(tmp_path: Path) -> None:
    assert judged({"action": "deny", "rule": "Rest"}, tmp_path).verdict.denied_by == "Rest"


@pytest.mark.parametrize("state", ["ACTIVE", "INIT", "CLOSED"])
def test_a_session_of_the_table_is_in_progress_and_needs_no_cause(state: str, tmp_path: Path) -> None:
    finding = judged({"state": state}, tmp_path, live="all")
    assert finding.outcome is Outcome.IN_PROGRESS
    assert finding.verdict.cause is None
    assert state in finding.verdict.headline


def test_a_discarded_session_is_in_progress_and_gets_a_cause(tmp_path: Path) -> None:
    finding = judged({"app": "ssh"}, tmp_path, live="all", rules=["Out from=trust to=untrust app=ssl service=any"])
    assert finding.outcome is Outcome.IN_PROGRESS
    assert finding.verdict.cause == "app-shift"


@pytest.mark.parametrize(
    ("ended", "outcome", "words"),
    [("tcp-fin", Outcome.COMPLETED, "nothing was refused"), ("threat", Outcome.PROFILE_BLOCK, "A security profile"),
     ("tcp-rst-from-server", Outcome.RESET_BY_SERVER, "reset by the server"),
     ("decrypt-error", Outcome.DECRYPTION_BLOCK, "ended by decryption"), ("unknown", Outcome.UNKNOWN, "not recorded")],
)  # fmt: skip
def test_an_entry_that_was_freed_is_told_by_its_end_reason(
    ended: str, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    finding = judged({"state": "INIT", "ended": ended}, tmp_path, live="id")
    assert finding.outcome is outcome
    assert words in finding.verdict.headline


def test_an_entry_that_was_refused_and_freed_gets_the_cause_that_it_had_while_discarded(tmp_path: Path) -> None:
    row = {"state": "INIT", "ended": "policy-deny", "app": "ssh"}
    finding = judged(row, tmp_path, live="id", rules=["Out from=trust to=untrust app=ssl service=any"])
    assert (finding.outcome, finding.verdict.cause) == (Outcome.IN_PROGRESS, "app-shift")
    outright = judged(row | {"app": "bittorrent", "rule": "No-P2P"}, tmp_path, live="id", rules=[NO_P2P])
    assert "being discarded" not in outright.verdict.headline


def test_a_predicted_session_is_said_to_be_one(tmp_path: Path) -> None:
    finding = judged({"state": "ACTIVE", "type": "PRED", "rule": ""}, tmp_path, live="all")
    assert finding.verdict.headline.startswith("A predicted session")


def test_a_discarded_session_without_a_rule_is_held_to_what_the_rules_let_in_first(tmp_path: Path) -> None:
    rules = ["Out from=trust to=untrust app=ssl service=any"]
    finding = judged({"app": "ssh", "rule": ""}, tmp_path, live="all", rules=rules)
    assert (finding.verdict.cause, finding.verdict.denied_by) == ("app-shift", "interzone-default")
    assert finding.verdict.confidence <= 0.6
    assert any("show session id" in text for text in finding.verdict.missing)


NO_P2P = "No-P2P from=trust to=untrust app=bittorrent service=any action=deny"


def test_a_session_that_a_rule_refuses_outright_is_not_said_to_have_been_allowed_by_it(tmp_path: Path) -> None:
    finding = judged({"app": "bittorrent", "rule": "No-P2P"}, tmp_path, live="all", rules=[NO_P2P])
    assert finding.outcome is Outcome.IN_PROGRESS
    assert (finding.verdict.cause, finding.verdict.denied_by) == (None, "No-P2P")
    assert finding.verdict.headline.startswith("Refused by rule No-P2P with action deny")
    assert finding.verdict.confidence <= 0.85


def test_a_discarded_session_that_another_rule_let_through_first_gets_a_cause(tmp_path: Path) -> None:
    rules = ["Out from=trust to=untrust app=ssl service=any", "Rest from=any to=any app=any service=any action=deny"]
    finding = judged({"app": "ssh", "rule": "Rest"}, tmp_path, live="all", rules=rules)
    assert finding.verdict.cause == "app-shift"
    assert "Last allowed by Out" in finding.verdict.headline
