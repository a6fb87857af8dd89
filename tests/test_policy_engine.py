"""Looking flows up: order, defaults, what stays open, near misses, and what the log row rules out."""

import json
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.configuration import (
    Address,
    ExternalList,
    Origin,
    Place,
    Policy,
    Rule,
    Rulebase,
    Schedule,
    Scope,
)
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_number
from whydeny.model.release import Release
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.policy.assemble import DEFAULTS, assemble
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.lookup import Certainty, Flow, LookUp
from whydeny.sources.exports.application_content import read_applications
from whydeny.sources.exports.configuration import read_configuration

SECURITY, DECRYPTION, AUTHENTICATION = Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION
HERE = Origin(Place.LOCAL)
RELEASE = Release(10, 2)
TABLE = ApplicationTable(
    {
        name: Application(name, ports)
        for name, ports in (("web-browsing", ("tcp/80",)), ("ssl", ("tcp/443",)), ("dns", ("udp/53", "tcp/53")))
    }
)
SCOPE = Scope(
    "vsys1",
    addresses={
        "n-clients": Address("n-clients", "ip-netmask", "10.1.20.0/24"),
        "f-portal": Address("f-portal", "fqdn", "portal.example.net"),
    },
    schedules={"office": Schedule("office", weekly={"thursday": ("08:00-18:00",)})},
    external_lists={"e-partners": ExternalList("e-partners", "ip")},
)
WEB = Flow(
    from_zone="trust",
    to_zone="untrust",
    source=parse_address("10.1.20.9"),
    destination=parse_address("203.0.113.9"),
    protocol=6,
    source_port=51000,
    destination_port=443,
    application="ssl",
    user="",
    category="games",
    decrypted=False,
    at=datetime(2024, 5, 2, 10, 0, 5),
)


def rule(name: str, rulebase: Rulebase = SECURITY, **fields: Any) -> Rule:
    return Rule(name, rulebase, 1, HERE, **fields)


def engine_of(*rules: Rule, **fields: Any) -> Engine:
    """The engine of rules in the order given, security rules followed by the defaults."""
    by_rulebase: dict[Rulebase, tuple[Rule, ...]] = dict.fromkeys(Rulebase, ())
    for one in rules:
        by_rulebase[one.rulebase] = (*by_rulebase.get(one.rulebase, ()), one)
    by_rulebase[SECURITY] = (*by_rulebase.get(SECURITY, ()), *DEFAULTS)
    numbered = {
        rulebase: tuple(replace(one, number=at) for one, at in zip(found, count(1), strict=False))
        for rulebase, found in by_rulebase.items()
    }
    policy = Policy("vsys1", fields.pop("serial", "001"), RELEASE, numbered, (SCOPE,), **fields)
    return Engine(policy, TABLE, DeviceAnswers(), RELEASE)


def names(look: LookUp) -> tuple[str | None, list[str]]:
    return None if look.rule is None else look.rule.name, [one.name for one in look.possible]


@pytest.mark.parametrize(
    ("rules", "flow", "wanted"),
    [
        pytest.param((rule("a"), rule("b")), WEB, "a", id="the first rule that fits"),
        pytest.param((), WEB, "interzone-default", id="between zones, no rule"),
        pytest.param((), replace(WEB, to_zone="trust"), "intrazone-default", id="within a zone, no rule"),
        pytest.param((rule("a", from_zones=("dmz",)),), WEB, "interzone-default", id="another source zone"),
        pytest.param((rule("a", to_zones=("dmz", "untrust")),), WEB, "a", id="one of two destination zones"),
        pytest.param((rule("a", disabled=True),), WEB, "interzone-default", id="a disabled rule is passed over"),
        pytest.param((rule("a", targets=("001",)),), WEB, "a", id="a rule for this firewall"),
        pytest.param((rule("a", targets=("001/vsys1",)),), WEB, "a", id="a rule for this virtual system"),
        pytest.param((rule("a", targets=("002",)),), WEB, "interzone-default", id="a rule for another firewall"),
        pytest.param((rule("a", targets=("002",), target_negate=True),), WEB, "a", id="a rule for all but another"),
        pytest.param(
            (rule("a", rule_type="interzone"),), replace(WEB, to_zone="trust"), "intrazone-default",
            id="an interzone rule within a zone",
        ),
        pytest.param((rule("a", rule_type="intrazone"),), WEB, "interzone-default", id="an intrazone rule between zones"),
        pytest.param(
            (rule("a", rule_type="intrazone", from_zones=("trust",), to_zones=("dmz",)),), replace(WEB, to_zone="trust"),
            "a", id="an intrazone rule's destination zone is ignored",
        ),
        pytest.param(
            (rule("a", action="deny", applications=("ssl",)),), WEB, "a", id="a deny rule that names an application matches"
        ),
        pytest.param((rule("a", services=("application-default",)),), WEB, "a", id="application any on its default port"),
        pytest.param(
            (rule("a", services=("application-default",)),), replace(WEB, destination_port=444), "interzone-default",
            id="application any off its default port",
        ),
        pytest.param((rule("a", schedule="office"),), WEB, "a", id="within the schedule"),
        pytest.param(
            (rule("a", schedule="office"),), replace(WEB, at=datetime(2024, 5, 2, 20)), "interzone-default",
            id="outside the schedule",
        ),
        pytest.param(
            (rule("a", applications=("dns",), services=("any",)),), replace(WEB, application="incomplete"), "a",
            id="before an application is known any fits",
        ),
        pytest.param(
            (rule("a", action="deny", applications=("dns",), services=("any",)), rule("b")),
            replace(WEB, application="insufficient-data"), "b", id="a deny rule waits for its application",
        ),
        pytest.param(
            (rule("a", action="deny", applications=("dns",), services=("any",)),), replace(WEB, application=None),
            "interzone-default", id="a deny rule waits for its application, and nothing else takes the first packet",
        ),
        pytest.param(
            (rule("a", action="deny", services=("any",)),), replace(WEB, application="incomplete"), "a",
            id="a deny rule for any application does not wait",
        ),
        pytest.param(
            (rule("a", categories=("news",)),),
            replace(WEB, application="dns", protocol=17, destination_port=53, category="any"), "interzone-default",
            id="what has no URL meets no rule with categories",
        ),
    ],
)  # fmt: skip
def test_the_rule_that_takes_a_flow(rules, flow, wanted):
    look = engine_of(*rules).look_up(SECURITY, flow)
    assert names(look) == (wanted, [])
    assert look.certainty is Certainty.CERTAIN
    assert look.trace is not None
    assert look.trace.result is Truth.MATCH


@pytest.mark.parametrize(
    ("fields", "settle"),
    [
        pytest.param({"sources": ("f-portal",)}, "the addresses of portal.example.net (f-portal)", id="a host name"),
        pytest.param({"destinations": ("e-partners",)}, "the members of external list e-partners", id="an external list"),
        pytest.param({"source_hips": ("hip-ok",)}, "the HIP and device data of the source at the time (HIP Match log)",
                     id="a HIP profile"),
        pytest.param({"destination_hips": ("no-hip",)},
                     "the HIP and device data of the destination at the time (HIP Match log)", id="no-hip"),
        pytest.param({"unsettled": ("source-imsi:001010000000001",)}, "the source-imsi of the session", id="a subscriber"),
        pytest.param({"categories": ("c-gone",)},
                     "the URL of the session, against c-gone (no category of that name in the files)", id="a category"),
        pytest.param({"schedule": "gone"}, "schedule gone (no schedule of that name in the files)", id="a schedule"),
        pytest.param({"services": ("gone",)}, "what service gone is (no object of that name in the files)", id="a service"),
    ],
)  # fmt: skip
def test_an_earlier_rule_that_can_not_be_judged_is_possible(fields, settle):
    look = engine_of(rule("open", **fields), rule("b")).look_up(SECURITY, WEB)
    assert names(look) == ("b", ["open"])
    assert look.certainty is Certainty.CONDITIONAL
    assert look.settle == (settle,)
    assert [trace.result for trace in look.possible_traces] == [Truth.UNKNOWN]


def test_a_rule_for_some_firewalls_is_open_where_the_firewall_is_not_known():
    look = engine_of(rule("some", targets=("002",)), serial=None).look_up(SECURITY, WEB)
    assert names(look) == ("interzone-default", ["some"])


@pytest.mark.parametrize("negate", [False, True], ids=["for a tag", "for all but a tag"])
def test_a_rule_for_the_firewalls_of_a_tag_is_open(negate):
    some = rule("some", targets=("002", "tag:core"), target_negate=negate)
    look = engine_of(some).look_up(SECURITY, WEB)
    assert names(look) == ("interzone-default", ["some"])
    assert look.settle == ("the tags that Panorama gives firewall 001",)
    assert names(engine_of(some, serial="002").look_up(SECURITY, WEB)) == (
        "interzone-default" if negate else "some",
        [],
    )


def test_one_miss_outweighs_what_is_open():
    look = engine_of(rule("open", sources=("f-portal",), applications=("dns",)), rule("b")).look_up(SECURITY, WEB)
    assert (names(look), look.certainty) == (("b", []), Certainty.CERTAIN)


def test_what_settles_is_said_once():
    twice = [rule(name, sources=("f-portal",)) for name in ("one", "two")]
    look = engine_of(*twice, rule("b")).look_up(SECURITY, WEB)
    assert look.settle == ("the addresses of portal.example.net (f-portal)",)
    assert look.action_certain


def test_nothing_certain_to_land_on_is_unknown():
    look = engine_of(rule("open", DECRYPTION, sources=("f-portal",))).look_up(DECRYPTION, WEB)
    assert (names(look), look.certainty) == ((None, ["open"]), Certainty.UNKNOWN)
    assert not look.action_certain


def test_no_rule_of_a_rulebase_is_an_answer():
    look = engine_of(rule("d", DECRYPTION, from_zones=("dmz",))).look_up(DECRYPTION, WEB)
    assert (names(look), look.certainty, look.reason) == ((None, []), Certainty.CERTAIN, "")


@pytest.mark.parametrize(
    ("missing", "certainty", "reason"),
    [
        (False, Certainty.CERTAIN, "the configuration has no authentication rules"),
        (True, Certainty.UNKNOWN, "Panorama-pushed rules are not among the inputs"),
    ],
    ids=["a rulebase without rules", "pushed rules not among the inputs"],
)
def test_an_empty_rulebase_says_why(missing, certainty, reason):
    look = engine_of(pushed_missing=missing).look_up(AUTHENTICATION, WEB)
    assert (names(look), look.certainty, look.reason) == ((None, []), certainty, reason)


def test_a_rulebase_that_is_not_among_the_inputs_is_not_empty():
    engine = Engine(Policy("vsys2", "001", RELEASE, {}, (SCOPE,)), TABLE, DeviceAnswers(), RELEASE)
    look = engine.look_up(AUTHENTICATION, WEB)
    assert (names(look), look.certainty) == ((None, []), Certainty.UNKNOWN)
    assert look.reason == "the authentication rules of vsys2 are not among the inputs"
    assert look.settle == ("the authentication rules",)


def test_pushed_rules_that_are_missing_make_every_answer_conditional():
    look = engine_of(rule("a"), pushed_missing=True).look_up(SECURITY, WEB)
    assert (names(look), look.certainty) == (("a", []), Certainty.CONDITIONAL)
    assert look.reason == "Panorama-pushed rules are not among the inputs"
    assert look.settle == ("the Panorama-pushed policy",)


def test_decryption_and_authentication_rules_have_no_application():
    engine = engine_of(
        rule("d", DECRYPTION, applications=("dns",), services=("service-https",)),
        rule("a", AUTHENTICATION, applications=("dns",), users=("unknown",)),
    )
    decryption, authentication = (engine.look_up(rulebase, WEB) for rulebase in (DECRYPTION, AUTHENTICATION))
    assert (names(decryption), names(authentication)) == (("d", []), ("a", []))
    assert decryption.trace is not None
    assert "application" not in [criterion.field for criterion in decryption.trace.criteria]


def test_an_override_rule_is_looked_up_by_zones_addresses_and_port():
    override = rule("o", Rulebase.OVERRIDE, override_protocol="tcp", override_ports="440-450", sources=("n-clients",))
    engine = engine_of(override)
    assert names(engine.look_up(Rulebase.OVERRIDE, WEB)) == ("o", [])
    assert names(engine.look_up(Rulebase.OVERRIDE, replace(WEB, destination_port=80))) == (None, [])


def test_a_trace_shows_the_criteria_in_their_order():
    engine = engine_of(rule("a", sources=("n-clients",), services=("application-default",)))
    trace = engine.look_up(SECURITY, WEB).trace
    assert trace is not None
    assert [(c.field, c.wanted, c.had) for c in trace.criteria] == [
        ("from", "any", "trust"),
        ("to", "any", "untrust"),
        ("source", "n-clients", "10.1.20.9"),
        ("destination", "any", "203.0.113.9"),
        ("source-user", "any", "no user known"),
        ("application", "any", "ssl"),
        ("service", "application-default", "tcp/443"),
        ("category", "any", "games"),
    ]


@pytest.mark.parametrize(
    ("fields", "flow", "field", "detail"),
    [
        pytest.param({"from_zones": ("dmz", "guest")}, WEB, "from", "source zone trust is not dmz or guest", id="zone"),
        pytest.param({"rule_type": "intrazone"}, WEB, "rule-type",
                     "an intrazone rule takes flows within a zone only; this one goes from trust to untrust", id="rule type"),
        pytest.param({"sources": ("10.1.1.0/24",)}, WEB, "source", "10.1.20.9 is not in 10.1.1.0/24", id="source"),
        pytest.param({"users": ("known-user",)}, WEB, "source-user",
                     "the firewall knew no user, and the rule asks for known-user", id="user"),
        pytest.param({"applications": ("dns", "web-browsing")}, WEB, "application",
                     "ssl is none of dns and web-browsing", id="application"),
        pytest.param({"services": ("service-http",)}, WEB, "service", "service-http is tcp/80,8080; this was tcp/443",
                     id="service"),
        pytest.param({"services": ("application-default",)}, replace(WEB, application="web-browsing"), "service",
                     "application-default of web-browsing is tcp/80; this was tcp/443, in clear", id="application-default"),
        pytest.param({"services": ("application-default",), "applications": ("dns",)},
                     replace(WEB, application="incomplete"), "service",
                     "no application is identified yet, and tcp/443 is no default port of dns", id="no application yet"),
        pytest.param({"categories": ("news",)}, WEB, "category", "games is not news", id="category"),
        pytest.param({"categories": ("news",), "services": ("any",)},
                     replace(WEB, application="ping", protocol=1, destination_port=None, category=None), "category",
                     "ping has no URL, and a rule with URL categories takes web traffic only", id="no URL"),
        pytest.param({"action": "drop", "applications": ("dns",)}, replace(WEB, application="incomplete"), "application",
                     "incomplete: a rule that refuses by application waits until one is identified",
                     id="a refusal by application waits"),
        pytest.param({"schedule": "office"}, replace(WEB, at=datetime(2024, 5, 3, 9)), "schedule",
                     "office (thursday 08:00-18:00) does not cover Fri 2024/05/03 09:00:00", id="schedule"),
        pytest.param({"disabled": True}, WEB, "disabled", "the rule is disabled, so it is passed over", id="disabled"),
        pytest.param({"targets": ("002",)}, WEB, "target", "the rule is not for firewall 001", id="target"),
    ],
)  # fmt: skip
def test_a_miss_says_what_was_wanted_and_what_was_there(fields, flow, field, detail):
    missed = rule("a", **fields)
    trace = engine_of(missed).explain_rule(missed, flow)
    assert trace.result is Truth.NO_MATCH
    assert [(c.field, c.detail) for c in trace.misses()] == [(field, detail)]


def test_the_nearest_misses_come_first_and_allow_rules_before_others():
    engine = engine_of(
        rule("far", applications=("dns",), sources=("10.9.0.0/16",), from_zones=("dmz",)),
        rule("deny", applications=("dns",), action="deny"),
        rule("allow", applications=("dns",)),
        rule("two", applications=("dns",), sources=("10.9.0.0/16",)),
        rule("off", disabled=True),
    )
    near = engine.look_up(SECURITY, WEB, near=4).near
    assert [trace.rule.name for trace in near] == ["allow", "off", "deny", "two"]
    assert engine.look_up(SECURITY, WEB, near=0).near == ()


def test_many_misses_still_give_the_nearest():
    far = [rule(f"far {at}", from_zones=("dmz",), applications=("dns",)) for at in range(30)]
    engine = engine_of(*far, rule("one", applications=("dns",)), *far, rule("other", to_zones=("dmz",)))
    assert [trace.rule.name for trace in engine.look_up(SECURITY, WEB, near=2).near] == ["one", "other"]


@pytest.mark.parametrize(
    ("fields", "pruned"),
    [
        pytest.param({"sources": ("f-portal",), "services": ("any",)}, True, id="only an address is open"),
        pytest.param({"users": ("cn=x",), "services": ("any",)}, True, id="only a user is open"),
        pytest.param({"source_hips": ("h",), "services": ("any",)}, True, id="only a HIP profile is open"),
        pytest.param({"sources": ("f-portal",), "applications": ("ssl",), "services": ("any",)}, False,
                     id="it waits for an application"),
        pytest.param({"sources": ("f-portal",), "services": ("application-default",)}, False, id="it waits for a default port"),
        pytest.param({"sources": ("f-portal",), "categories": ("games",), "services": ("any",)}, False,
                     id="it waits for a category"),
        pytest.param({"sources": ("f-portal",), "schedule": "gone", "services": ("any",)}, False, id="its schedule is open too"),
    ],
)  # fmt: skip
def test_the_rule_of_the_row_rules_out_earlier_ones(fields, pruned):
    engine = engine_of(rule("open", **fields), rule("logged"))
    look = engine.look_up(SECURITY, replace(WEB, user="example\\ann"), allowed_by="logged")
    assert names(look) == ("logged", [] if pruned else ["open"])
    assert ("pruned" in look.extra) is pruned


@pytest.mark.parametrize(
    "allowed_by", ["gone", "open", None], ids=["not in the policy", "the open rule itself", "not given"]
)
def test_a_row_rules_nothing_out_that_is_not_above_its_rule(allowed_by):
    engine = engine_of(rule("open", sources=("f-portal",), services=("any",)), rule("logged"))
    assert names(engine.look_up(SECURITY, WEB, allowed_by=allowed_by)) == ("logged", ["open"])


def test_a_rule_is_found_by_its_uuid_before_its_name():
    engine = engine_of(rule("a", uuid="u-1"), rule("b", uuid="u-2"))
    found = [engine.rule_named(SECURITY, *asked) for asked in (("a", "u-2"), ("a", "u-9"), ("a",), ("c", None))]
    assert [None if one is None else one.name for one in found] == ["b", "a", "a", None]


def test_a_rule_that_is_not_in_the_policy_can_be_explained():
    trace = engine_of(rule("a")).explain_rule(rule("what if", applications=("dns",)), WEB)
    assert [c.field for c in trace.misses()] == ["application"]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param({"user": "example\\ann"}, {"user": "example\\ann"}, id="a user"),
        pytest.param({"user": None}, {"user": ""}, id="a log row without a user: none known"),
        pytest.param({"user": "unknown"}, {"user": ""}, id="the word unknown"),
        pytest.param({"user": None, "state": "ACTIVE"}, {"user": None}, id="a live session does not say"),
        pytest.param({"flags": Flag.DECRYPTED, "flags_known": True}, {"decrypted": True}, id="the decryption flag"),
        pytest.param({"flags_known": True}, {"decrypted": False}, id="no decryption flag"),
        pytest.param({}, {"decrypted": None}, id="no flags at all"),
        pytest.param({"end": datetime(2024, 5, 2)}, {"at": datetime(2024, 5, 2)}, id="the time is the end"),
        pytest.param({"source_edl": "e"}, {"source_edl": "e"}, id="the row's own columns"),
    ],
)
def test_the_flow_of_a_session(fields, wanted):
    flow = flow_of(Session(0, **fields))
    assert {name: getattr(flow, name) for name in wanted} == wanted


def _cases(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "policy-cases" / "cases.json").read_text("utf-8"))["cases"]


def test_flows_with_expected_rules_agree(shared):
    """Configurations with flows whose rule is known, from another project's tests, where they lie beside the checkout."""
    folder = shared / "policy-cases"
    table = read_applications((folder / "applications.xml").read_bytes(), "applications.xml")
    wrong = []
    for case in _cases(shared):
        name, flow = case["config"], case["flow"]
        configuration = read_configuration((folder / name).read_bytes(), name, 0)
        policy = assemble([configuration], case["vsys"], case["serial"])
        look = Engine(policy, table, DeviceAnswers(), policy.release).look_up(
            SECURITY,
            Flow(
                flow["from_zone"],
                flow["to_zone"],
                parse_address(flow["source"]),
                parse_address(flow["destination"]),
                protocol_number(flow["protocol"]),
                flow["source_port"],
                flow["destination_port"],
                flow["application"],
                decrypted=False,
            ),
        )
        found = (None, None) if look.rule is None else (look.rule.name, look.rule.action)
        if found != (case["expected"]["rule"], case["expected"]["action"]) or look.certainty is not Certainty.CERTAIN:
            wrong.append((case["id"], found, look.certainty, look.settle))
    assert not wrong
