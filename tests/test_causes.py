"""Every cause on its own data: what its check answers, and what the whole diagnosis concludes.

A situation is a table of `tests/causes/CAUSE.toml`: the inputs as `site_builder` describes them, and what a careful
engineer concludes from them. `check` is the answer of the file's own cause (`held`, `ruled out`, `can't tell`). Of the
rest only what is written is compared: `verdict`, `variant` and `denied_by` (an empty text is null), `confidence` (lowest
and highest), `second` (the first alternative), `excluded`, `evaluated`, `certainty`, and words that some sentence of
the finding must hold (`says`) or that none may (`never`).
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.configuration import Rulebase
from whydeny.report.text import finding_text
from whydeny.verdict.catalogue import UNEXPLAINED, catalogue
from whydeny.verdict.cause import CantTell, Held, RuledOut
from whydeny.verdict.diagnose import diagnose
from whydeny.verdict.finding import Basis, Finding, Outcome
from whydeny.verdict.judge import Judge

CASES = Path(__file__).parent / "causes"
ANSWERS = {"held": Held, "ruled out": RuledOut, "can't tell": CantTell}
EXPECTED = {
    "title", "why", "check", "verdict", "variant", "denied_by", "confidence", "second", "excluded", "evaluated",
    "certainty", "says", "never", "row",
}  # fmt: skip


@cache
def situations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every situation by its title: the cause whose file it stands in, and its table."""
    found = {}
    for path in sorted(CASES.glob("*.toml")):
        cause = path.stem.replace("_", "-")
        document = tomllib.loads(path.read_text("utf-8"))
        for case in document["case"]:
            found[f"{cause}: {case['title']}"] = (cause, document.get("common", {}) | case)
    return found


@pytest.mark.parametrize("title", situations())
def test_a_situation_is_judged_as_an_engineer_would(title: str, tmp_path: Path) -> None:
    cause, wanted = situations()[title]
    site = build(wanted, tmp_path)
    assert site.problems == []
    judge = Judge(site, release_of(wanted))
    case = judge.case(wanted.get("row", 0))
    finding = diagnose(case)
    answer = catalogue()[cause].check(case)
    said = finding_text(finding)
    assert isinstance(answer, ANSWERS[wanted["check"]]), f"{answer}\n{said}"
    assert differences(finding, wanted, cause) == [], said
    hold_the_ground_rules(finding)
    hold_all_at_once(judge)


def hold_all_at_once(judge: Judge) -> None:
    """Judging every session in bulk says what judging each says."""
    judged = judge.judge_all()
    for row in map(int, judge.rows_needing_cause()):
        verdict, found = judge.finding(row).verdict, judged.row(row, named=True)
        assert (found["cause"], found["variant"], found["denied_by"]) == (
            verdict.cause,
            verdict.variant,
            verdict.denied_by,
        )
        assert found["confidence"] == pytest.approx(verdict.confidence)


def differences(finding: Finding, wanted: dict[str, Any], cause: str) -> list[str]:
    """What is not as it was expected."""
    verdict = finding.verdict
    got: dict[str, Any] = {
        "verdict": verdict.cause,
        "variant": verdict.variant or "",
        "denied_by": verdict.denied_by or "",
        "second": finding.alternatives[0].cause if finding.alternatives else "",
        "certainty": finding.lookups[Rulebase.SECURITY].certainty.value,
        "evaluated": rule.name if (rule := finding.lookups[Rulebase.SECURITY].rule) else "",
    }
    default = {"verdict": cause} if wanted["check"] == "held" else {}
    found = [
        f"{key} {got[key]!r}, expected {value!r}"
        for key in got
        if (value := (default | wanted).get(key, got[key])) != got[key]
    ]
    low, high = wanted.get("confidence", (0.0, 0.95))
    if not low <= verdict.confidence <= high:
        found.append(f"confidence {verdict.confidence}, expected {low} to {high}")
    listed = {exclusion.cause for exclusion in finding.excluded}
    found += [f"{name} is not excluded" for name in wanted.get("excluded", []) if name not in listed]
    said = " ".join(finding_text(finding).split())
    found += [f"nothing says {words!r}" for words in wanted.get("says", []) if words not in said]
    found += [f"something says {words!r}" for words in wanted.get("never", []) if words in said]
    return found


def hold_the_ground_rules(finding: Finding) -> None:
    """What holds for every finding with a cause."""
    verdict = finding.verdict
    said = finding_text(finding)
    assert 0 < verdict.confidence <= 0.95
    assert finding.alternatives or verdict.cause == UNEXPLAINED
    assert all(other.flips_if and other.confidence <= verdict.confidence for other in finding.alternatives)
    assert verdict.cause not in {other.cause for other in finding.alternatives}
    if finding.logged_rule and finding.outcome is Outcome.ALLOWED_THEN_DENIED:
        assert not re.search(rf"(blocked|denied|refused) by {re.escape(finding.logged_rule)}\b", said)
        assert verdict.denied_by != finding.logged_rule or verdict.cause == "parent-session"
    if verdict.cause == UNEXPLAINED:
        assert verdict.denied_by is None
    for item in (*verdict.supports, *verdict.contradicts):
        unproved = re.search(r"not (documented|verified|proved)", item.text)
        assert item.basis is not Basis.OPINION or unproved, f"an opinion must say what it is: {item.text}"
        assert item.trail is not None, f"evidence must be traceable: {item.text}"
        assert item.basis is not Basis.VENDOR or item.trail.address.startswith("https://"), item.text
    assert verdict.fix
    assert verdict.commands


def test_every_cause_has_situations_on_both_sides() -> None:
    sides: dict[str, set[str]] = {name: set() for name in catalogue()}
    for cause, case in situations().values():
        sides[cause].add(case["check"])
    sides.pop(UNEXPLAINED)
    assert {name: found for name, found in sides.items() if not {"held", "ruled out"} <= found} == {}


def test_every_data_file_is_of_a_cause() -> None:
    assert {path.stem.replace("_", "-") for path in CASES.iterdir()} == set(catalogue())


def test_no_situation_is_lost_behind_another_of_the_same_title() -> None:
    total = sum(len(tomllib.loads(path.read_text("utf-8"))["case"]) for path in CASES.glob("*.toml"))
    assert len(situations()) == total
