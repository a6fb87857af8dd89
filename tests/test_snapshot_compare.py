"""Two moments side by side: sessions new, gone and changed, rules changed, and which sessions that moved."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import (
    Configuration,
    ConfigurationKind,
    DeviceGroup,
    Origin,
    Place,
    Rule,
    Rulebase,
    RuleLists,
    VirtualSystem,
)
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.snapshot.compare import Moment, changed_verdicts, compare
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.rule_changes import FieldChange, How, changed_rules
from whydeny.snapshot.save import save_snapshot
from whydeny.verdict.judge import JUDGED, Judge

START = datetime(2024, 5, 14, 10)


def _moment(*rows: dict[str, Any], rules: tuple[Rule, ...] = ()) -> Moment:
    """A site of `rows` (columns of the session table and of the judged frame) under a local rulebase."""
    columns = schema(Kind.TRAFFIC)
    common = {"serial": "007200000000001", "vsys": "vsys1", "start": START, "source_hi": 0}
    values = [common | row for row in rows]
    frame = pl.DataFrame({name: [row.get(name) for row in values] for name in columns}, schema=columns)
    judged = pl.DataFrame({name: [row.get(name) for row in values] for name in JUDGED}, schema=JUDGED)
    return Moment(Site(sessions=SessionTable(frame), configurations=[_configuration(*rules)]), judged)


def _rule(name: str, position: int, **values: Any) -> Rule:
    return Rule(name, Rulebase.SECURITY, position, Origin(Place.LOCAL), uuid=f"uuid-{name}", **values)


def _configuration(*rules: Rule) -> Configuration:
    system = VirtualSystem("vsys1", local=RuleLists({Rulebase.SECURITY: rules}))
    return Configuration(ConfigurationKind.RUNNING, hostname="fw-1", vsys={"vsys1": system})


def test_sessions_are_new_gone_or_changed() -> None:
    denied = {"outcome": "allowed-then-denied", "cause": "app-shift", "denied_by": "interzone-default"}
    before = _moment(
        {"session_id": 1, "action": "allow", "outcome": "completed"},
        {"session_id": 2, "action": "allow", **denied},
        {"session_id": 3, "state": "ACTIVE", "outcome": "in-progress"},
        {"session_id": 4, "source_lo": 5},
    )
    after = _moment(
        {"session_id": 4, "source_lo": 6},
        {"session_id": 3, "action": "allow", "end_reason": "tcp-fin", "outcome": "completed"},
        {"session_id": 2, "action": "allow", **denied, "denied_by": "Block-All"},
        {"session_id": 1, "action": "allow", "outcome": "completed"},
    )
    found = compare(before, after)
    assert found.new.to_list() == [0]
    assert found.gone.to_list() == [3]
    rows = found.changed.select(
        "before", "after", "denied_by_before", "denied_by_after", "outcome_before", "outcome_after", "state_before"
    ).rows()
    assert rows == [
        (1, 2, "interzone-default", "Block-All", "allowed-then-denied", "allowed-then-denied", None),
        (2, 1, None, None, "in-progress", "completed", "ACTIVE"),
    ]
    assert found.moved.is_empty()
    assert found.rules == ()


def test_rows_that_are_alike_are_paired_in_their_order() -> None:
    row = {"session_id": 0, "action": "deny"}
    found = compare(_moment(row, row, row), _moment(row, row))
    assert (found.new.to_list(), found.gone.to_list(), found.changed.height) == ([], [2], 0)
    empty = compare(_moment(), _moment(row))
    assert (empty.new.to_list(), empty.gone.to_list()) == ([0], [])


def test_what_was_not_judged_is_compared_by_its_rows_alone() -> None:
    before, after = _moment({"session_id": 1, "rule": "a"}), _moment({"session_id": 1, "rule": "b"})
    found = compare(Moment(before.site), after)
    assert found.changed["rule_after"].to_list() == ["b"]
    assert "outcome_before" not in found.changed.columns
    assert found.moved.is_empty()


def test_sessions_that_a_changed_rule_moved_are_named() -> None:
    old = (_rule("Web", 1, services=("service-http",)), _rule("Out", 2))
    new = (_rule("Web", 1, services=("service-http", "service-https")), _rule("Out", 2))
    before = _moment(
        {"session_id": 1, "security_rule": "Out"}, {"session_id": 2, "security_rule": "Out"},
        {"session_id": 3, "security_rule": "Other", "decryption_rule": "d"}, {"session_id": 4, "security_rule": "Web"},
        rules=old,
    )  # fmt: skip
    after = _moment(
        {"session_id": 1, "security_rule": "Web"}, {"session_id": 2, "security_rule": "Out"},
        {"session_id": 3, "security_rule": "Third"}, {"session_id": 4, "security_rule": None},
        rules=new,
    )  # fmt: skip
    found = compare(before, after)
    assert [(change.name, change.how) for change in found.rules] == [("Web", How.CHANGED)]
    assert found.moved.select("before", "rulebase", "rule_before", "rule_after", "because").rows() == [
        (0, "security", "Out", "Web", "Web"),
        (2, "security", "Other", "Third", None),
        (3, "security", "Web", None, "Web"),
        (2, "decryption", "d", None, None),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([_rule("a", 1)], [_rule("a", 1)], [], id="nothing"),
        pytest.param([], [_rule("a", 1)], [("a", How.ADDED, None, 1)], id="added"),
        pytest.param([_rule("a", 1)], [], [("a", How.REMOVED, 1, None)], id="removed"),
        pytest.param([_rule("a", 1)], [replace(_rule("a", 1), name="b")], [("b", How.RENAMED, 1, 1)], id="renamed"),
        pytest.param([_rule("a", 1)], [replace(_rule("a", 1), uuid="other")],
                     [("a", How.ADDED, None, 1), ("a", How.REMOVED, 1, None)], id="another under the same name"),
        pytest.param([replace(_rule("a", 1), uuid=None)], [_rule("a", 1, action="deny")], [("a", How.CHANGED, 1, 1)],
                     id="by name where a uuid is missing"),
        pytest.param([_rule("a", 1), _rule("b", 2), _rule("c", 3)], [_rule("c", 1), _rule("a", 2), _rule("b", 3)],
                     [("c", How.MOVED, 3, 1)], id="one moved up"),
        pytest.param([_rule("a", 1), _rule("b", 2)], [_rule("new", 1), _rule("a", 2), _rule("b", 3)],
                     [("new", How.ADDED, None, 1)], id="pushed down is not moved"),
        pytest.param([_rule("a", 1), _rule("b", 2)], [_rule("b", 1, disabled=True), _rule("a", 2)],
                     [("b", How.CHANGED, 2, 1)], id="changed and moved is changed"),
        pytest.param([_rule("a", 1), _rule("a", 2)], [_rule("a", 1), _rule("a", 2)],
                     [("a", How.ADDED, None, 2), ("a", How.REMOVED, 1, None)], id="a name twice"),
    ],
)  # fmt: skip
def test_rules_that_changed(before: list[Rule], after: list[Rule], expected: list[tuple[Any, ...]]) -> None:
    changes = changed_rules([_configuration(*before)], [_configuration(*after)])
    assert [(c.name, c.how, c.position_before, c.position_after) for c in changes] == expected
    assert all(change.where == "fw-1, vsys1, local" for change in changes)


def test_a_changed_rule_says_what_changed() -> None:
    before = _rule("a", 1, description="x", log_end=True, schedule="office", sources=("h-1", "h-2"))
    after = _rule("a", 1, log_end=False, sources=("h-1",), timeout=5)
    (change,) = changed_rules([_configuration(before)], [_configuration(after)])
    assert change.details == (
        FieldChange("sources", "h-1, h-2", "h-1"),
        FieldChange("schedule", "office", "none"),
        FieldChange("log end", "yes", "no"),
        FieldChange("description", "x", "none"),
        FieldChange("timeout", "60", "5"),
    )


def test_rules_of_every_level_are_compared() -> None:
    lists = RuleLists({Rulebase.DECRYPTION: (_rule("d", 1),)}, {"interzone-default": _rule("interzone-default", 1)})
    panorama = Configuration(
        ConfigurationKind.PANORAMA,
        serial="007200000000009",
        shared_pre=lists,
        device_groups={"HQ": DeviceGroup("HQ", pre=lists, post=lists)},
    )
    found = changed_rules([], [panorama, Configuration(ConfigurationKind.RUNNING, shared_post=lists)])
    assert [(change.where, change.name) for change in found] == [
        ("007200000000009, shared, pre", "d"),
        ("007200000000009, shared, pre, default", "interzone-default"),
        ("007200000000009, device group HQ, pre", "d"),
        ("007200000000009, device group HQ, pre, default", "interzone-default"),
        ("007200000000009, device group HQ, post", "d"),
        ("007200000000009, device group HQ, post, default", "interzone-default"),
        ("running 2, shared, post", "d"),
        ("running 2, shared, post, default", "interzone-default"),
    ]


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_moving_the_named_rules_explains_the_new_order(order: list[int]) -> None:
    before = [_rule(str(number), number + 1) for number in range(6)]
    after = [replace(before[number], position=at + 1) for at, number in enumerate(order)]
    changes = changed_rules([_configuration(*before)], [_configuration(*after)])
    moved = {change.name for change in changes}
    assert {change.how for change in changes} <= {How.MOVED}
    stayed = [number for number in order if str(number) not in moved]
    assert stayed == sorted(stayed)
    assert len(moved) < 6


def test_another_programs_verdicts_are_told_apart() -> None:
    saved = _moment({"cause": "app-shift", "outcome": "completed"}, {"cause": None}).judged
    now = _moment({"cause": "app-shift", "outcome": "completed"}, {"cause": "quic-fallback"}).judged
    assert saved is not None
    assert now is not None
    assert changed_verdicts(saved, saved).is_empty()
    assert changed_verdicts(saved, now).select("row", "cause_before", "cause_after").rows() == [
        (1, None, "quic-fallback")
    ]


def test_the_demonstration_is_what_it_was(demonstration_site: Site, tmp_path: Path) -> None:
    judged = Judge(demonstration_site).judge_all()
    path = tmp_path / "demo.whydeny"
    save_snapshot(path, demonstration_site, judged)
    again = load_snapshot(path)
    found = compare(Moment(demonstration_site, judged), Moment(again.site, again.judged))
    assert found.new.is_empty()
    assert found.gone.is_empty()
    assert found.changed.is_empty()
    assert found.moved.is_empty()
    assert found.rules == ()
    key = b"one key for both"
    redacted = [Moment(*Redaction(key).apply(demonstration_site, judged)[:2]) for _ in range(2)]
    assert compare(*redacted).changed.is_empty()
