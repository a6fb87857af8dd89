"""How far a verdict may go: whose configuration it is, of when, and what is missing."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from site_builder import SERIAL, build, files_of, release_of, uuid_of
from whydeny.verdict.finding import Finding
from whydeny.verdict.judge import Judge
from whydeny.verdict.standing import HIGHEST, OF_THE_TIME, PROVED, ROW_ONLY, UNPROVED, standing

SHIFT: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443},
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
}
UUID = "5d7259a7-f829-5d33-b3f7-6ef7f10b4f21"
COMMIT_AFTER = {"at": "10:20:00", "cmd": "commit", "admin": "admin", "result": "Submitted"}
EDIT_AFTER = {"at": "10:19:00", "cmd": "edit", "admin": "admin", "result": "Succeeded"}
PATH = " vsys  vsys1 rulebase security rules  "


def with_session(**more: Any) -> dict[str, Any]:
    """The session of the base situation with other values."""
    return {"session": SHIFT["session"] | more}


def rule_of(text: str) -> dict[str, Any]:
    """A configuration whose only rule is this."""
    return {"rules": [text]}


CASES: list[tuple[str, dict[str, Any], float, str]] = [
    ("the configuration of the event", {}, HIGHEST, ""),
    ("no configuration", {"configuration": False}, ROW_ONLY, "only the log row is there"),
    ("a failure in the decryption log and no configuration",
     {"configuration": False, "decryption_log": [{"err_index": "Protocol", "error": "Received fatal alert x from client"}]},
     PROVED, "two logs that agree"),
    ("a managed firewall without the pushed policy", {"panorama": True}, UNPROVED, "Panorama pushed are not among"),
    ("the same with the pushed policy", {"panorama": True, "rules": [], "pushed": {"rules": SHIFT["rules"]}}, HIGHEST, ""),
    ("a rule renamed since", {**with_session(rule="Old", rule_uuid=UUID), **rule_of(f"{SHIFT['rules'][0]} uuid={UUID}")},
     PROVED, "now called Out (same uuid)"),
    ("another rule of that name", with_session(rule_uuid=UUID), UNPROVED, "another rule has the name Out now"),
    ("a rule deleted since", with_session(rule="Gone"), UNPROVED, "Gone of the row is not in this configuration"),
    ("a rule disabled since", rule_of(f"{SHIFT['rules'][0]} disabled=yes"), UNPROVED, "is disabled in this configuration"),
    ("a rule that denies now", rule_of(f"{SHIFT['rules'][0]} action=deny"), UNPROVED, "has action deny"),
    ("a refusal that logs", {"default_rules": ["interzone-default action=deny log-end=yes"]}, UNPROVED, "logs its refusals"),
    ("an address that the rule never took",
     {**rule_of("Out from=trust to=untrust source=10.9.0.0/16 app=web-browsing service=any")}, UNPROVED, "by source this"),
    ("another allow rule takes it now",
     {"rules": ["New from=trust to=untrust app=ssh service=any", *SHIFT["rules"]]}, UNPROVED, "allowed it by New instead"),
    ("a commit afterwards that changed the rule",
     {"configuration_log": [{**EDIT_AFTER, "path": f"{PATH}Out application"}, COMMIT_AFTER]}, UNPROVED,
     "changed and committed after the session"),
    ("a commit afterwards that changed another rule",
     {"configuration_log": [{**EDIT_AFTER, "path": f"{PATH}Printers"}, COMMIT_AFTER]}, PROVED, "none of these rules"),
    ("a commit afterwards of which nobody logged the changes", {"configuration_log": [COMMIT_AFTER]}, UNPROVED,
     "what they changed is not in the inputs"),
    ("a commit afterwards on another firewall",
     {"configuration_log": [{**COMMIT_AFTER, "serial": "007200000000002"}]}, HIGHEST, ""),
    ("a change afterwards that nobody committed",
     {"configuration_log": [{**EDIT_AFTER, "path": f"{PATH}Out application"}]}, HIGHEST, ""),
    ("a commit before", {"configuration_log": [{**COMMIT_AFTER, "at": "09:20:00"}]}, HIGHEST, ""),
    ("a row of before an upgrade", {"release": "", "saved": "10.2.4", **with_session(config_ver=2305)}, PROVED,
     "the row is of PAN-OS 9.1"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "cap", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_how_far_the_inputs_carry(changes: dict[str, Any], cap: float, words: str, tmp_path: Path) -> None:
    case = SHIFT | changes
    found = standing(Judge(build(case, tmp_path), release_of(case)).case(0))
    assert found.cap == cap
    assert any(words in reason for reason in found.reasons) or (not words and found.reasons == [])


@pytest.mark.parametrize(("changes", "cap", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_no_verdict_goes_further_and_says_why(changes: dict[str, Any], cap: float, words: str, tmp_path: Path) -> None:
    finding = judged(SHIFT | changes, tmp_path)
    assert finding.verdict.confidence <= cap
    assert words in finding.verdict.confidence_why


def judged(case: dict[str, Any], folder: Path) -> Finding:
    """The finding of the first row."""
    return Judge(build(case, folder), release_of(case)).finding(0)


def test_a_configuration_by_get_follows_the_candidate(tmp_path: Path) -> None:
    running = files_of(SHIFT)["running-config.xml"].partition("\n")[2]
    answer = f'<response status="success" code="19"><result total-count="1" count="1">{running}</result></response>'
    found = standing(Judge(build(SHIFT | {"configuration": False, "files": {"get.xml": answer}}, tmp_path)).case(0))
    assert found.cap == UNPROVED
    assert "uncommitted" in found.reasons[0]


@pytest.mark.parametrize(
    ("read", "cap"), [("09:00:00", UNPROVED), ("09:30:00", HIGHEST)], ids=["before the commit", "after it"]
)
def test_a_commit_between_the_reading_of_the_configuration_and_the_session(
    read: str, cap: float, tmp_path: Path
) -> None:
    case = SHIFT | {"configuration_log": [{**COMMIT_AFTER, "at": "09:20:00"}]}
    site = build(case, tmp_path)
    site.configurations[0].saved = datetime.fromisoformat(f"2024-05-02 {read}")
    judge = Judge(site)
    found = standing(judge.case(0))
    assert found.cap == cap
    assert ("was read, at 2024-05-02 09:00:00" in " ".join(found.reasons)) is (cap == UNPROVED)
    assert judge.judge_all()["confidence"].to_list() == pytest.approx([judge.finding(0).verdict.confidence])


def test_it_counts_for_sessions_that_would_else_be_judged_together(tmp_path: Path) -> None:
    session = SHIFT["session"] | {"end": "09:10:00"}
    others = [{"sessionid": 1, "end": "09:15:00"}, {"sessionid": 2, "end": "09:40:00"}]
    log = [
        {**EDIT_AFTER, "path": f"{PATH}Printers", "at": "10:10:00"},
        COMMIT_AFTER,
        {**COMMIT_AFTER, "at": "09:20:00"},
    ]
    case = SHIFT | {"session": session, "others": others, "configuration_log": log}
    site = build(case, tmp_path)
    site.configurations[0].saved = datetime.fromisoformat("2024-05-02 09:00:00")
    judge = Judge(site)
    whole = judge.judge_all()["confidence"].to_list()
    assert whole == pytest.approx([judge.finding(row).verdict.confidence for row in range(3)])
    assert [standing(judge.case(row)).cap for row in range(3)] == [PROVED, PROVED, UNPROVED]


NO_RULE = "no decryption rule of this configuration can have done it"
DECRYPTED: list[tuple[str, list[str], dict[str, Any], bool]] = [
    ("no decryption rules", [], {}, True),
    ("a rule that takes it", ["All action=decrypt"], {}, False),
    ("a rule for another zone", ["All to=servers action=decrypt"], {}, True),
    ("a rule for another port", ["All service=tcp-8443 action=decrypt"], {}, True),
    ("a rule for another address", ["All source=10.9.0.0/16 action=decrypt"], {}, True),
    ("a rule for a host name", ["All destination=host action=decrypt"], {}, False),
    ("a rule for all but a host name", ["All destination=host negate-destination=yes action=decrypt"], {}, False),
    ("a rule for another category than the row has", ["All category=news action=decrypt"], {}, False),
    ("a rule for another user", ["All user=corp\\b action=decrypt"], {}, False),
    ("an exception for all above", ["Not", "All action=decrypt"], {}, True),
    ("an exception for its category above", ["Not category=gambling", "All action=decrypt"], {}, False),
    ("an exception for SSH above", ["Not kind=ssh-proxy", "All action=decrypt"], {}, False),
    ("a disabled rule", ["All action=decrypt disabled=yes"], {}, True),
    ("a mirrored rule", ["All action=decrypt-and-forward"], {}, False),
    ("a row that was not decrypted", [], {"flags": "nat"}, False),
    ("a page of URL filtering in a session that no rule decrypts", [], {"flags": "decrypted url-denied"}, False),
    ("a transaction of the web proxy", [], {"flags": "decrypted proxy-transaction"}, False),
    ("inside a tunnel", [], {"flags": "decrypted tunnel-inspected"}, False),
    ("the firewall's own portal", [], {"app": "panos-global-protect"}, False),
    ("SSH, for which types of rules differ", [], {"app": "ssh"}, False),
    ("a child of a decrypted session", [], {"parent_session_id": 4700}, False),
]  # fmt: skip


def decrypted(rules: list[str], session: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A decrypted session under these decryption rules."""
    row = {"app": "facebook-chat", "category": "gambling", "flags": "decrypted", "srcuser": "corp\\a", **session}
    objects = {"service": {"tcp-8443": "tcp/8443"}, "address": {"host": "fqdn www.example.net"}}
    return SHIFT | {"session": row, "decryption": rules, "objects": objects, **more}


@pytest.mark.parametrize(
    ("rules", "session", "contradicts"), [case[1:] for case in DECRYPTED], ids=[case[0] for case in DECRYPTED]
)
def test_a_decryption_that_no_rule_can_have_made(
    rules: list[str], session: dict[str, Any], contradicts: bool, tmp_path: Path
) -> None:
    judge = Judge(build(decrypted(rules, session), tmp_path))
    found = standing(judge.case(0))
    assert any(NO_RULE in reason for reason in found.reasons) is contradicts
    assert (OF_THE_TIME in found.missing) is contradicts
    assert found.cap == (UNPROVED if contradicts else HIGHEST)
    assert judge.judge_all()["confidence"].to_list() == pytest.approx([judge.finding(0).verdict.confidence])


@pytest.mark.parametrize(
    "more", [{"panorama": True}, {"flags_unknown": True}], ids=["pushed rules missing", "no flags"]
)
def test_what_is_not_known_contradicts_nothing(more: dict[str, Any], tmp_path: Path) -> None:
    reasons = standing(Judge(build(decrypted([], {}, **more), tmp_path)).case(0)).reasons
    assert not any(NO_RULE in reason for reason in reasons)


def test_sessions_that_the_rules_answer_alike_are_told_apart_by_what_may_have_decrypted_them(tmp_path: Path) -> None:
    rules = ["Some source=10.1.1.10 category=news action=decrypt"]
    others = [{"sessionid": 1, "src": "10.1.1.11"}, {"sessionid": 2, "src": "10.1.1.12"}]
    judge = Judge(build(decrypted(rules, {}, others=others), tmp_path))
    assert [standing(judge.case(row)).cap for row in range(3)] == [HIGHEST, UNPROVED, UNPROVED]
    whole = judge.judge_all()["confidence"].to_list()
    assert whole == pytest.approx([judge.finding(row).verdict.confidence for row in range(3)])


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    finding = judged(SHIFT | {"panorama": True}, tmp_path)
    assert any("pushed" in text for text in finding.verdict.missing)


def test_the_uuid_of_the_builder_is_that_of_the_row(tmp_path: Path) -> None:
    session = build(SHIFT, tmp_path).sessions.session(0)
    assert (session.rule_uuid, session.serial) == (uuid_of("Out"), SERIAL)
