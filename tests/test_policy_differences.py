"""Which rules of two policies differ, and the promise of the watch: a row that none of them could take stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_policy_bulk import ANSWERS, SCOPE, TABLE, rows, rules_of, table
from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import Configuration, Policy, Rulebase, Scope
from whydeny.model.release import Release
from whydeny.model.tables import SessionTable
from whydeny.policy.assemble import assemble
from whydeny.policy.bulk import match_all
from whydeny.policy.differences import compare
from whydeny.policy.edit import apply_lines
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.watch import Watch
from whydeny.sources.exports.set_format import read_set_format

BASE = """
set zone trust network layer3 ethernet1/1
set address h-web ip-netmask 198.51.100.10
set address-group g-web static [ h-web h-old ]
set address-group outer static g-web
set address-group tagged dynamic filter "'bad'"
set service tcp-81 protocol tcp port 81
set service-group odd members tcp-81
set application-group mail members [ smtp imap ]
set schedule office schedule-type recurring daily 08:00-17:00
set authentication-object ask authentication-method web-form
set profiles decryption strict ssl-forward-proxy block-expired-certificate yes
set rulebase security rules one from trust source outer service any action allow
set rulebase security rules two from trust service odd application mail action allow
set rulebase security rules three from trust source tagged action deny
set rulebase security rules four from trust schedule office service any action allow
set rulebase authentication rules asked authentication-enforcement ask
set rulebase decryption rules opened action decrypt profile strict type ssl-forward-proxy
"""


def base() -> Configuration:
    """The configuration that every case changes."""
    return read_set_format(BASE, "fw.txt", 0)


def policy(*lines: str) -> Policy:
    """The policy after some lines."""
    return assemble(apply_lines([base()], lines))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("set rulebase security rules two action deny", ["changed two action"]),
        ("set rulebase security rules two disabled yes", ["changed two disabled"]),
        ("delete rulebase security rules two", ["removed two"]),
        ("set rulebase security rules five action deny", ["added five"]),
        ("move rulebase security rules four top", ["moved four"]),
        ("move rulebase security rules one bottom", ["moved one"]),
        ("move rulebase security rules two before one", ["moved one"]),
        ("set rulebase default-security-rules rules interzone-default action allow", ["changed interzone-default action"]),
        ("set rulebase default-security-rules rules interzone-default log-end yes", ["(changed interzone-default log_end)"]),
        ("set rulebase security rules two description x tag t1", []),
        ("rename rulebase security rules two to 2", ["added 2", "removed two"]),
        ("set address h-web ip-netmask 198.51.100.11", ["objects one of outer"]),
        ("set address h-web tag bad", ["objects one of outer", "objects three of tagged"]),
        ("set address h-new ip-netmask 198.51.100.11", []),
        ("set address h-old ip-netmask 198.51.100.11", ["objects one of outer"]),
        ("set service tcp-81 protocol tcp port 82", ["objects two of odd"]),
        ("set application-group mail members pop3", ["objects two of mail"]),
        ("set schedule office schedule-type recurring daily 18:00-19:00", ["objects four of office"]),
        ("set shared address h-web ip-netmask 198.51.100.12", []),
        ("set shared address h-old ip-netmask 198.51.100.12", ["objects one of outer"]),
    ],
)  # fmt: skip
def test_what_differs_is_named(line: str, wanted: list[str]) -> None:
    found = compare(policy(), policy(line))[Rulebase.SECURITY]
    told = []
    for change in found.changes:
        words = " ".join(
            [change.how, change.rule.name, *change.fields, *(["of"] if change.names else []), *change.names]
        )
        told.append(words if change.matters else f"({words})")
    assert sorted(told) == sorted(wanted)
    assert found.matters is any(not words.startswith("(") for words in wanted)


@pytest.mark.parametrize(
    ("line", "rulebase"),
    [
        ("set authentication-object ask authentication-method no-captive-portal", Rulebase.AUTHENTICATION),
        ("set profiles decryption strict ssl-no-proxy block-expired-certificate yes", Rulebase.DECRYPTION),
        ("set rulebase decryption rules opened action no-decrypt", Rulebase.DECRYPTION),
    ],
)
def test_other_rulebases_differ_by_themselves(line: str, rulebase: Rulebase) -> None:
    found = compare(policy(), policy(line))
    assert [name for name, difference in found.items() if difference.matters] == [rulebase]


def test_an_application_of_ones_own_may_stand_behind_any_rule() -> None:
    found = compare(policy(), policy("set application own default port tcp/81"))[Rulebase.SECURITY]
    assert found.same == {}
    assert found.changes == ()


def test_rules_that_are_the_same_keep_their_places() -> None:
    found = compare(
        policy(), policy("set rulebase security rules new action deny", "move rulebase security rules new top")
    )
    security = found[Rulebase.SECURITY]
    assert security.same == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6}
    assert security.after == {0}
    assert security.above == {"one": 0, "two": 2, "three": 3, "four": 4, "intrazone-default": 5, "interzone-default": 6}


# --- the watch


def engine_of(security: tuple, release: Release | None) -> Engine:
    """An engine over security rules alone."""
    policy = Policy("vsys1", "001", release, {Rulebase.SECURITY: security}, (SCOPE, Scope("shared")))
    return Engine(policy, ApplicationTable({a.name: a for a in TABLE}), ANSWERS, release)


@settings(max_examples=150, deadline=None)
@given(
    before=rules_of(Rulebase.SECURITY),
    other=rules_of(Rulebase.SECURITY),
    order=st.randoms(use_true_random=False),
    found=st.lists(rows, min_size=1, max_size=20),
    release=st.sampled_from((None, Release(8, 1), Release(10, 2))),
)
def test_an_untouched_row_stays_with_its_rule(before, other, order, found, release):
    kept = list(before)
    # Some rules give way to others of the same name, and some change places.
    for rule in other:
        for index, mine in enumerate(kept):
            if mine.name == rule.name and order.random() < 0.3:
                kept[index] = rule
    if order.random() < 0.5 and len(kept) > 1:
        kept.insert(order.randrange(len(kept)), kept.pop(order.randrange(len(kept))))
    old, new = engine_of(before, release), engine_of(tuple(kept), release)
    difference = compare(old.policy, new.policy)[Rulebase.SECURITY]
    sessions = SessionTable(table(found))
    watched = {Rulebase.SECURITY: Watch(difference.before)}
    first = match_all(old, sessions.frame, (Rulebase.SECURITY,), True, watched=watched)
    watched = {Rulebase.SECURITY: Watch(difference.after, difference.above)}
    second = match_all(new, sessions.frame, (Rulebase.SECURITY,), True, watched=watched)
    for row in range(len(found)):
        if first[row, "security_touched"] or second[row, "security_touched"]:
            continue
        wanted = {name: first[row, f"security_{name}"] for name in ("rule", "certainty", "possible", "turning")}
        for name in ("rule", "possible", "turning"):
            wanted[name] = difference.same.get(wanted[name], -1)
        assert {name: second[row, f"security_{name}"] for name in wanted} == wanted


@settings(max_examples=100, deadline=None)
@given(security=rules_of(Rulebase.SECURITY), found=rows, chosen=st.sets(st.integers(0, 9)))
def test_the_watch_agrees_with_a_single_look_up(security, found, chosen):
    engine = engine_of(security, Release(10, 2))
    watched = frozenset(index for index in chosen if index < len(security))
    sessions = SessionTable(table([found]))
    (answer,) = match_all(
        engine, sessions.frame, (Rulebase.SECURITY,), watched={Rulebase.SECURITY: Watch(watched)}
    ).iter_rows(named=True)
    look = engine.look_up(Rulebase.SECURITY, flow_of(sessions.session(0)), near=0)
    reached = [*look.possible, *([look.rule] if look.rule else [])]
    assert answer["security_touched"] is any(security.index(rule) in watched for rule in reached)
    allows = look.rule is not None and look.rule.action == "allow"
    other = [rule for rule in look.possible if look.rule is None or (rule.action == "allow") is not allows]
    told = [rule for rule in other if security.index(rule) in watched] or other
    assert answer["security_turning"] == (security.index(told[0]) if told else -1)


UNKNOWN_ABOVE = """
set address f-any fqdn www.example.net
set rulebase security rules top from trust source 10.9.0.0/16 service any action deny
set rulebase security rules OUT from trust service any action allow
set rulebase security rules late from trust source f-any service any action deny
set rulebase security rules last from trust service any action allow
"""


@pytest.mark.parametrize(
    ("lines", "touched", "turning"),
    [
        # What a row proves of rules that stood above its rule, it does not prove of a rule that was not there.
        (["set rulebase security rules top source f-any"], True, "top"),
        (["set rulebase security rules new source f-any action deny service any", "move rulebase security rules new top"],
         True, "new"),
        # Nor of one that stood below it.
        (["move rulebase security rules OUT bottom"], False, "late"),
        (["set rulebase security rules OUT destination 192.0.2.1"], False, "late"),
        (["delete rulebase security rules OUT"], False, "late"),
        (["set rulebase security rules last disabled yes"], False, None),
    ],
    ids=str,
)  # fmt: skip
def test_a_row_is_evidence_of_the_rules_of_its_own_time_alone(
    lines: list[str], touched: bool, turning: str | None
) -> None:
    given = read_set_format(UNKNOWN_ABOVE, "fw.txt", 0)
    old, new = (
        Engine(assemble(apply_lines([given], some)), ApplicationTable(), ANSWERS, Release(10, 2))
        for some in ([], lines)
    )
    difference = compare(old.policy, new.policy)[Rulebase.SECURITY]
    row = {"source": "10.1.0.1", "destination": "203.0.113.9", "from_zone": "trust", "to_zone": "untrust", "protocol": 6,
           "destination_port": 443, "application": "ssl", "rule": "OUT"}  # fmt: skip
    watched = {Rulebase.SECURITY: Watch(difference.after, difference.above)}
    (answer,) = match_all(new, table([row]), (Rulebase.SECURITY,), True, watched=watched).iter_rows(named=True)
    assert answer["security_touched"] is touched
    found = new.policy.rules[Rulebase.SECURITY][answer["security_turning"]] if answer["security_turning"] >= 0 else None
    assert (found.name if found else None) == turning
