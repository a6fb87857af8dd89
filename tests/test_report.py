"""One finding as text, as Markdown and as data: the same facts, hostile names made harmless, lines of bounded width."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import test_causes
from site_builder import build, release_of
from whydeny.model.safe import is_safe
from whydeny.report.data import finding_json
from whydeny.report.markdown import code, escaped, finding_markdown
from whydeny.report.text import WIDTH, evidence_text, finding_text, wrapped
from whydeny.verdict.finding import Basis, Evidence, Finding
from whydeny.verdict.judge import Judge

SHIFT: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443},
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
}
WHOLE_LINES = ("  test ", "  show ", "  ( ", "  request ", "  https")
HOSTILE = "Out\u202e\u001b[31m `rm` <b>|*"


def judged(case: dict[str, Any], folder: Path) -> Finding:
    """The finding of the first row."""
    return Judge(build(case, folder), release_of(case)).finding(0)


@pytest.fixture(params=["app-shift: a deny above names the application and writes no log",
                        "decryption-failure: a pinned client refuses the firewall's certificate",
                        "policy-change: a commit takes ssh out of the rule, and all its sessions end together",
                        "unexplained: only the row"], ids=["shift", "decryption", "change", "unexplained"])  # fmt: skip
def finding(request: pytest.FixtureRequest, tmp_path: Path) -> Finding:
    """Findings of four kinds."""
    return judged(test_causes.situations()[request.param][1], tmp_path)


def test_text_has_the_facts_on_top_and_the_evidence_numbered(finding: Finding) -> None:
    said = finding_text(finding)
    assert said.startswith("Session:     4711, 10.1.1.10:51000 to 203.0.113.9:")
    assert f"Cause:       {finding.verdict.cause}" in said
    for number, item in enumerate(finding.verdict.supports, 1):
        assert f" {number}. {' '.join(evidence_text(item).split()[:4])}" in said


def test_text_keeps_to_its_width_but_for_what_is_pasted(finding: Finding) -> None:
    long = [line for line in finding_text(finding).splitlines() if len(line) > WIDTH]
    assert [line for line in long if not line.startswith(WHOLE_LINES) and "https://" not in line] == []


def test_text_holds_all_that_was_found(finding: Finding) -> None:
    said = " ".join(finding_text(finding).split())
    assert finding.verdict.headline in said
    assert all(" ".join(text.split()) in said for text in finding.verdict.missing)
    assert all(other.cause in said for other in finding.alternatives)
    assert all(exclusion.because in said for exclusion in finding.excluded)
    assert all(command in said for command in finding.verdict.commands)
    assert all(reference.address in said for reference in finding.verdict.references)


def test_markdown_holds_the_same_verdict(finding: Finding) -> None:
    said = finding_markdown(finding)
    assert escaped(finding.verdict.headline) in said
    assert all(command in said for command in finding.verdict.commands)
    assert said.count("```") % 2 == 0


def test_data_is_json_that_comes_back_the_same(finding: Finding) -> None:
    data = finding_json(finding)
    assert json.loads(json.dumps(data)) == data
    assert data["verdict"]["confidence"] == finding.verdict.confidence


def test_what_evidence_rests_on_is_said(finding: Finding) -> None:
    said = finding_text(finding)
    for item in (*finding.verdict.supports, *finding.verdict.contradicts):
        marked = {Basis.VENDOR: "[documented]", Basis.OPINION: "[expert opinion]", Basis.DEDUCTION: "[deduced]"}
        assert marked.get(item.basis, "") in said


@pytest.mark.parametrize(
    ("basis", "mark"),
    [
        (Basis.ROW, ""),
        (Basis.RULE, ""),
        (Basis.VENDOR, " [documented]"),
        (Basis.OPINION, " [expert opinion]"),
        (Basis.DEDUCTION, " [deduced]"),
    ],
)
def test_facts_opinion_and_deduction_are_told_apart(basis: Basis, mark: str) -> None:
    assert evidence_text(Evidence("so it is", 1.0, basis)) == f"so it is{mark}"


def test_a_hostile_rule_name_is_harmless_everywhere(tmp_path: Path) -> None:
    finding = judged({"configuration": False, "session": {"rule": HOSTILE.replace("\u001b", "")}}, tmp_path)
    assert finding.logged_rule is not None
    assert is_safe(finding.logged_rule)
    assert all(is_safe(line) for line in finding_text(finding).splitlines())
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", finding_markdown(finding))
    assert not re.search(r"(?<!\\)<b", outside_code)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "`plain`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a``b", "```a``b```")],
)
def test_inline_code_is_fenced_by_more_backticks_than_it_has(text: str, shown: str) -> None:
    assert code(text) == shown


def test_markdown_shows_special_characters_as_they_are() -> None:
    assert escaped("*a* <b> [c](d) | `e` #") == r"\*a\* \<b\> \[c\](d) \| \`e\` \#"


def test_a_long_sentence_is_wrapped_with_its_indent() -> None:
    lines = wrapped("word " * 60, "    ", " 1. ")
    assert lines[0].startswith(" 1. word")
    assert all(line.startswith("    word") and len(line) <= WIDTH for line in lines[1:])


def test_an_outcome_without_a_cause_is_short(tmp_path: Path) -> None:
    finding = judged(SHIFT | {"session": {"session_end_reason": "tcp-fin", "subtype": "end"}}, tmp_path)
    said = finding_text(finding)
    assert "Cause:" not in said
    assert "nothing was refused" in said
    assert "completed" in finding_markdown(finding)


def test_a_rule_that_can_not_be_judged_is_named(tmp_path: Path) -> None:
    objects = {"external-list": {"edl-bad": "ip"}}
    rules = ["No-Bad source=edl-bad app=any service=any action=deny log-end=no", *SHIFT["rules"]]
    finding = judged(SHIFT | {"objects": objects, "rules": rules}, tmp_path)
    assert "can't be judged before it: No-Bad" in " ".join(finding_text(finding).split())
    trace = finding_json(finding)["rules"]["security"]["trace"]
    assert (trace[0]["rule"], trace[0]["result"]) == ("No-Bad", "unknown")
    assert "edl-bad" in trace[0]["settle"]
