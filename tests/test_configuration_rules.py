"""Rules of every rulebase: order, criteria, and what an absent element means."""

from typing import Any

import pytest

from whydeny.model.configuration import ANY, Origin, Place, Rule, Rulebase, RuleLists
from whydeny.sources.exports.configuration_rules import read_rule_lists
from whydeny.sources.exports.xml_tools import parse_xml

LOCAL = Origin(Place.LOCAL, "vsys1")


def read(body: str, origin: Origin = LOCAL) -> RuleLists:
    return read_rule_lists(parse_xml(f"<rulebase>{body}</rulebase>".encode(), "x"), origin)


def one(rulebase: str, body: str, attributes: str = "") -> Rule:
    lists = read(f'<{rulebase}><rules><entry name="R" {attributes}>{body}</entry></rules></{rulebase}>')
    ((rule,),) = lists.rules.values()
    return rule


def listed(tag: str, *values: str) -> str:
    return f"<{tag}>" + "".join(f"<member>{value}</member>" for value in values) + f"</{tag}>"


@pytest.mark.parametrize(
    ("rulebase", "expected"),
    [
        pytest.param(
            "security",
            {"services": ("application-default",), "action": "allow", "log_end": True, "log_start": False,
             "rule_type": "universal", "applications": ANY, "rulebase": Rulebase.SECURITY},
            id="security",
        ),
        pytest.param(
            "decryption",
            {"services": ANY, "action": "no-decrypt", "log_success": False, "log_fail": True, "profile": None,
             "decryption_type": None, "rulebase": Rulebase.DECRYPTION},
            id="decryption",
        ),
        pytest.param(
            "authentication",
            {"services": ("service-http",), "enforcement": None, "timeout": 60, "rulebase": Rulebase.AUTHENTICATION},
            id="authentication",
        ),
        pytest.param(
            "captive-portal",
            {"services": ("service-http",), "action": "no-captive-portal", "enforcement": "default-no-captive-portal",
             "rulebase": Rulebase.AUTHENTICATION},
            id="captive portal of 7.1 and older",
        ),
        pytest.param(
            "application-override",
            {"override_application": None, "override_ports": None, "rulebase": Rulebase.OVERRIDE},
            id="application override",
        ),
    ],
)  # fmt: skip
def test_an_absent_element_means_the_schema_default(rulebase: str, expected: dict[str, Any]) -> None:
    rule = one(rulebase, "")
    assert {name: getattr(rule, name) for name in expected} == expected
    neutral = ("from_zones", "to_zones", "sources", "destinations", "users", "source_hips", "categories")
    assert all(getattr(rule, name) == ANY for name in neutral)
    assert (rule.disabled, rule.negate_source, rule.targets, rule.uuid) == (False, False, (), None)


def test_reads_every_field_of_a_security_rule() -> None:
    rule = one(
        "security",
        listed("from", "trust", "guest")
        + listed("to", "untrust")
        + listed("source", "n-clients", "10.1.1.0/24")
        + "<negate-source>yes</negate-source>"
        + listed("destination", "US")
        + listed("source-user", "example\\bob")
        + listed("source-hip", "h1")
        + listed("destination-hip", "any")
        + listed("application", "web-browsing", "ssl")
        + listed("service", "service-http", "tcp-8443")
        + listed("category", "news")
        + "<action>reset-both</action><schedule>office</schedule><rule-type>interzone</rule-type>"
        + "<log-start>yes</log-start><log-end>no</log-end><log-setting>fwd</log-setting><disabled>yes</disabled>"
        + listed("tag", "t1")
        + "<description>two\nlines</description>"
        + "<profile-setting><group><member>strict</member></group></profile-setting>",
        'uuid="4b7e732d-6af0-5902-8cdd-e814d093d7fa"',
    )
    assert rule == Rule(
        "R", Rulebase.SECURITY, 1, LOCAL, 0, "4b7e732d-6af0-5902-8cdd-e814d093d7fa",
        ("trust", "guest"), ("untrust",), ("n-clients", "10.1.1.0/24"), ("US",), True, False, ("example\\bob",),
        ("h1",), ANY, ("web-browsing", "ssl"), ("service-http", "tcp-8443"), ("news",), "office", "interzone",
        "reset-both", True, False, (), True, False, "fwd", ("t1",), "two lines", profiles=("group:strict",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rulebase", "body", "expected"),
    [
        pytest.param("security", "<service/>", {"services": ANY}, id="an empty list is any"),
        pytest.param("security", listed("from", "any", "trust"), {"from_zones": ANY}, id="any beside others is any"),
        pytest.param("security", "<action/>", {"action": "allow"}, id="an empty action is the default"),
        pytest.param("security", listed("hip-profiles", "h"), {"source_hips": ("h",)}, id="HIP profiles before 10.0"),
        pytest.param(
            "security",
            listed("source-hip", "new") + listed("hip-profiles", "any"),
            {"source_hips": ("new",)},
            id="source-hip beside the old list",
        ),
        pytest.param(
            "security",
            listed("source-imsi", "001010000000001") + listed("source-imei", "any") + listed("saas-user-list", "u"),
            {"unsettled": ("source-imsi:001010000000001", "saas-user-list:u")},
            id="criteria that no log shows",
        ),
        pytest.param(
            "security",
            "<profile-setting><profiles><virus><member>default</member></virus><spyware><member>s</member></spyware>"
            "</profiles></profile-setting>",
            {"profiles": ("virus:default", "spyware:s")},
            id="single profiles",
        ),
        pytest.param(
            "security",
            '<target><negate>yes</negate><devices><entry name="001"/><entry name="002"><vsys><entry name="vsys2"/>'
            "</vsys></entry></devices><tags><member>emea</member></tags></target>",
            {"target_negate": True, "targets": ("001", "002/vsys2", "tag:emea")},
            id="targets",
        ),
        pytest.param(
            "decryption",
            "<type><ssl-forward-proxy/></type><action>decrypt</action><profile>strict</profile>"
            "<log-success>yes</log-success><log-fail>no</log-fail>" + listed("service", "application-default"),
            {"decryption_type": "ssl-forward-proxy", "action": "decrypt", "profile": "strict", "log_success": True,
             "log_fail": False, "services": ("application-default",)},
            id="forward proxy",
        ),
        pytest.param(
            "decryption",
            "<type><ssl-inbound-inspection><certificates><member>c</member></certificates></ssl-inbound-inspection>"
            "</type>",
            {"decryption_type": "ssl-inbound-inspection"},
            id="inbound inspection from 10.2 on",
        ),
        pytest.param(
            "authentication",
            "<authentication-enforcement>ask</authentication-enforcement><timeout>5</timeout>",
            {"enforcement": "ask", "timeout": 5},
            id="enforcement",
        ),
        pytest.param("authentication", "<timeout>soon</timeout>", {"timeout": 60}, id="a timeout that is no number"),
        pytest.param(
            "captive-portal",
            "<action>web-form</action>",
            {"action": "web-form", "enforcement": "default-web-form"},
            id="portal page of 7.1",
        ),
        pytest.param(
            "captive-portal",
            "<action>browser-challenge</action>",
            {"enforcement": "default-browser-challenge"},
            id="browser challenge of 7.1",
        ),
        pytest.param(
            "application-override",
            "<protocol>tcp</protocol><port>9100,9200-9300</port><application>erp</application>",
            {"override_protocol": "tcp", "override_ports": "9100,9200-9300", "override_application": "erp",
             "applications": ANY},
            id="override",
        ),
    ],
)  # fmt: skip
def test_reads_what_is_written(rulebase: str, body: str, expected: dict[str, Any]) -> None:
    rule = one(rulebase, body)
    assert {name: getattr(rule, name) for name in expected} == expected


def test_positions_count_from_one_in_each_list_with_disabled_rules() -> None:
    lists = read(
        "<security><rules><entry name='a'/><entry name='b'><disabled>yes</disabled></entry><entry/><entry name='c'/>"
        "</rules></security><decryption><rules><entry name='d'/></rules></decryption>"
    )
    assert [(r.name, r.position) for r in lists.rules[Rulebase.SECURITY]] == [("a", 1), ("b", 2), ("c", 3)]
    assert [(r.name, r.position) for r in lists.rules[Rulebase.DECRYPTION]] == [("d", 1)]
    assert Rulebase.AUTHENTICATION not in lists.rules


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        pytest.param("interzone-default", "", ("deny", False, "interzone"), id="interzone touched only"),
        pytest.param("intrazone-default", "", ("allow", False, "intrazone"), id="intrazone touched only"),
        pytest.param(
            "intrazone-default", "<action>drop</action>", ("drop", False, "intrazone"), id="no log-end does not log"
        ),
        pytest.param(
            "interzone-default", "<action>deny</action><log-end>yes</log-end>", ("deny", True, "interzone"), id="logs"
        ),
    ],
)
def test_a_written_default_rule_is_an_override(name: str, body: str, expected: tuple[str, bool, str]) -> None:
    lists = read(f'<default-security-rules><rules><entry name="{name}">{body}</entry></rules></default-security-rules>')
    rule = lists.defaults[name]
    assert (rule.action, rule.log_end, rule.rule_type) == expected
    assert (rule.is_default, rule.overridden, rule.services, rule.origin.place) == (True, True, ANY, Place.DEFAULT)


def test_default_rules_of_any_other_name_are_passed_over() -> None:
    lists = read("<default-security-rules><rules><entry name='other'/></rules></default-security-rules>")
    assert lists.defaults == {}


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param(
            ["DG", "", "Shared"],
            [(Place.PRE, "DG"), (Place.LOCAL, "vsys1"), (Place.POST, "Shared")],
            id="around a local rule",
        ),
        pytest.param(["DG", "DG"], [(Place.PRE, "DG"), (Place.PRE, "DG")], id="nothing tells pre from post"),
        pytest.param(["", "DG"], [(Place.LOCAL, "vsys1"), (Place.POST, "DG")], id="after the local rules"),
        pytest.param(["vsys1"], [(Place.LOCAL, "vsys1")], id="marked with its own virtual system"),
    ],
)
def test_pushed_rules_folded_into_one_list_keep_their_device_group(
    marks: list[str], expected: list[tuple[Place, str]]
) -> None:
    rules = "".join(f'<entry name="r{i}"{f" loc={chr(34)}{m}{chr(34)}" if m else ""}/>' for i, m in enumerate(marks))
    found = read(f"<security><rules>{rules}</rules></security>").rules[Rulebase.SECURITY]
    assert [(rule.origin.place, rule.origin.owner) for rule in found] == expected
    assert [rule.origin.panorama for rule in found] == [place is not Place.LOCAL for place, _ in expected]


def test_a_pushed_list_keeps_its_place_and_takes_the_group_from_the_mark() -> None:
    origin = Origin(Place.POST, "", panorama=True)
    rules = read('<security><rules><entry name="r" loc="DG"/><entry name="s"/></rules></security>', origin)
    assert [r.origin for r in rules.rules[Rulebase.SECURITY]] == [Origin(Place.POST, "DG", panorama=True), origin]
