"""What a firewall answered about its run-time state, in every form that answers come in."""

from pathlib import Path
from typing import Any

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers, PolicyTest, RunningRule, UserMapping, agreed
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import InputError
from whydeny.model.tables import Session
from whydeny.policy.lookup import Flow, LookUp
from whydeny.sources.exports.device_answers import merge_answers, read_answers, read_list, read_parts, wrong_lines
from whydeny.sources.open import open_inputs
from whydeny.verdict.device import is_about
from whydeny.verdict.judge import Judge


def number(text: str) -> int:
    found = parse_address(text)
    assert found is not None
    return found


def read(text: str, name: str = "answer.txt") -> DeviceAnswers | None:
    return read_answers(text.encode(), name, 4)


def answer(result: str) -> str:
    return f'<response status="success"><result>{result}</result></response>'


def block(title: str, *lines: str) -> str:
    return f"{title} {{\n" + "".join(f"        {line}\n" for line in lines) + "}\n\n"


RULE = (
    "from trust;", "source [ 10.1.1.0/24 10.2.0.0/16 ];", "source-region none;", "to untrust;", "destination any;",
    "user any;", "destinataion-device any;", "application/service [0:ssl/tcp/any/443 1:ssl/tcp/any/8443 ];",
    "action allow;", "icmp-unreachable: no", "terminal yes;",
)  # fmt: skip
FIELDS = {
    "from": ("trust",), "source": ("10.1.1.0/24", "10.2.0.0/16"), "source-region": ("none",), "to": ("untrust",),
    "destination": ("any",), "user": ("any",), "destination-device": ("any",),
    "application/service": ("0:ssl/tcp/any/443", "1:ssl/tcp/any/8443"), "action": ("allow",),
    "icmp-unreachable": ("no",), "terminal": ("yes",),
}  # fmt: skip
DEFAULTS = block("intrazone-default", "source any;", "action allow;") + block(
    '"interzone-default; index: 3"', "source any;", "action deny;"
)


@pytest.mark.parametrize(
    ("text", "name", "test"),
    [
        pytest.param(
            block('"Web Out; index: 1"', *RULE) + block('"Rest; index: 4"', "source any;", "action deny;"),
            "a.txt",
            PolicyTest(Rulebase.SECURITY, ("Web Out", "Rest"), 4, ("allow", "deny")),
            id="brace text",
        ),
        pytest.param(
            answer(
                '<rules><entry name="Web Out"><index>1</index><from><member>trust</member></from>'
                "<application_service><member>ssl/tcp/any/443</member></application_service><action>allow</action>"
                "<terminal>yes</terminal></entry></rules>"
            ),
            "a.xml",
            PolicyTest(Rulebase.SECURITY, ("Web Out",), 4, ("allow",)),
            id="entries with fields",
        ),
        pytest.param(
            answer("<rules><entry>Web Out; index: 12</entry></rules>"),
            "a.xml",
            PolicyTest(Rulebase.SECURITY, ("Web Out",), 4),
            id="entries with a name and an index",
        ),
        pytest.param(
            answer("<rules><member>Web Out</member></rules>"),
            "a.xml",
            PolicyTest(Rulebase.SECURITY, ("Web Out",), 4),
            id="members",
        ),
        pytest.param(
            answer("<rules/>"), "a.xml", PolicyTest(Rulebase.SECURITY, (), 4), id="no rule, as an empty element"
        ),
        pytest.param(
            answer("<rules/>"), "test-decryption.xml", PolicyTest(Rulebase.DECRYPTION, (), 4), id="no decryption rule"
        ),
        pytest.param("No rule matched\n", "a.txt", PolicyTest(Rulebase.SECURITY, (), 4), id="no rule, as a sentence"),
        pytest.param(
            block('"d; index: 1"', "source any;", "action no-decrypt;"),
            "a.txt",
            PolicyTest(Rulebase.DECRYPTION, ("d",), 4, ("no-decrypt",)),
            id="decryption",
        ),
        pytest.param(
            block('"p; index: 2"', "source any;", "action web-form;"),
            "a.txt",
            PolicyTest(Rulebase.AUTHENTICATION, ("p",), 4, ("web-form",)),
            id="authentication",
        ),
        pytest.param(
            answer(f"<![CDATA[{block(chr(34) + 'vsys1+Web Out' + chr(34), *RULE)}]]>"),
            "a.xml",
            PolicyTest(Rulebase.SECURITY, ("Web Out",), 4, ("allow",)),
            id="brace text in an answer, with its virtual system",
        ),
        pytest.param(
            "admin@fw> test security-policy-match from trust to untrust source 10.1.1.1 destination 192.0.2.1 protocol 6"
            ' destination-port 443 application "my app" show-all yes\n\n' + block('"Web Out; index: 1"', *RULE),
            "a.txt",
            PolicyTest(
                Rulebase.SECURITY, ("Web Out",), 4, ("allow",),
                {"from": "trust", "to": "untrust", "source": "10.1.1.1", "destination": "192.0.2.1", "protocol": "6",
                 "destination-port": "443", "application": "my app", "show-all": "yes"},
            ),
            id="a transcript that shows what was asked",
        ),
        pytest.param(
            "admin@fw> test authentication-policy-match from trust to untrust\n\nNo rule matched\n",
            "a.txt",
            PolicyTest(Rulebase.AUTHENTICATION, (), 4, (), {"from": "trust", "to": "untrust"}),
            id="a transcript without a match",
        ),
    ],
)  # fmt: skip
def test_reads_policy_tests(text: str, name: str, test: PolicyTest) -> None:
    assert read(text, name) == DeviceAnswers(tests=(test,))


@pytest.mark.parametrize(
    ("text", "name", "rulebase", "rules"),
    [
        pytest.param(
            block('"Web Out; index: 1"', *RULE) + DEFAULTS, "a.txt", Rulebase.SECURITY,
            ["Web Out", "intrazone-default", "interzone-default"], id="security, ended by both default rules",
        ),
        pytest.param(
            "fw# show running security-policy\n" + block("r", *RULE), "a.txt", Rulebase.SECURITY, ["r"],
            id="a transcript that shows the command",
        ),
        pytest.param(
            block('"a; index: 1"', "source any;", "action decrypt;")
            + block('"b; index: 2"', "source any;", "action no-decrypt;"),
            "a.txt", Rulebase.DECRYPTION, ["a", "b"], id="decryption, indexed without gaps",
        ),
        pytest.param(
            block("p", "source any;", "action browser-challenge;"), "show-running-auth.txt", Rulebase.AUTHENTICATION,
            ["p"], id="one rule in a file that is called so",
        ),
        pytest.param(
            answer("".join(f"<member><![CDATA[{part}]]></member>" for part in (block('"r"', *RULE), DEFAULTS))),
            "a.xml", Rulebase.SECURITY, ["r", "intrazone-default", "interzone-default"], id="members of brace text",
        ),
    ],
)  # fmt: skip
def test_reads_running_policies(text: str, name: str, rulebase: Rulebase, rules: list[str]) -> None:
    found = read(text, name)
    assert found is not None
    assert list(found.running) == [rulebase]
    assert [rule.name for rule in found.running[rulebase]] == rules
    assert found.tests == ()


def test_reads_the_fields_of_a_compiled_rule() -> None:
    found = read(block('"vsys2+Web Out; index: 7"', *RULE) + DEFAULTS)
    assert found is not None
    assert found.running[Rulebase.SECURITY][0] == RunningRule("Web Out", 7, {**FIELDS, "vsys": ("vsys2",)})


def test_a_list_may_run_over_several_lines() -> None:
    found = read(block("r", "source [ 10.0.0.1", "10.0.0.2", "10.0.0.3 ];", "action allow;"), "running.txt")
    assert found is not None
    assert found.running[Rulebase.SECURITY][0].fields["source"] == ("10.0.0.1", "10.0.0.2", "10.0.0.3")


def test_compiled_addresses_join_the_rule_they_belong_to() -> None:
    running = read(block('"r; index: 1"', *RULE) + DEFAULTS)
    addresses = read(block('"r; index: 1"', "source [ 10.1.1.0/24 192.0.2.7 ];", "destination 0.0.0.0/0;"))
    assert running is not None
    assert addresses is not None
    rule = merge_answers(running, addresses).running[Rulebase.SECURITY][0]
    assert rule.fields["source"] == ("10.1.1.0/24", "10.2.0.0/16")
    assert rule.fields["source-addresses"] == ("10.1.1.0/24", "192.0.2.7")
    assert rule.fields["destination-addresses"] == ("0.0.0.0/0",)


EDL_TEXT = """
vsys1/edl-partners:
        Next update at        : Mon Jan  5 10:00:00 2026
        Source                : http://lists.example.net/partners
        Valid                 : Yes

Total valid entries           : {}
Total ignored entries         : 0
Total invalid entries         : 1
Valid ips:
        192.0.2.0/24
        198.51.100.7
Invalid ips:
        nonsense
"""


def edl(total: str, *held: str) -> str:
    listed = "".join(f"<member>{member}</member>" for member in held)
    return answer(
        f"<external-list><vsys>vsys1</vsys><name>edl-partners</name>{total}<valid-members>{listed}</valid-members>"
        "</external-list>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            edl("<total-valid>2</total-valid>", "192.0.2.0/24", "198.51.100.7"),
            {"list_members": {"edl-partners": ("192.0.2.0/24", "198.51.100.7")}},
            id="an external list",
        ),
        pytest.param(
            edl("<total-valid>250</total-valid>", "192.0.2.1"),
            {"partial_lists": {"edl-partners": (("192.0.2.1",), 250)}},
            id="one page of an external list",
        ),
        pytest.param(
            EDL_TEXT.format(2),
            {"list_members": {"edl-partners": ("192.0.2.0/24", "198.51.100.7")}},
            id="an external list as text",
        ),
        pytest.param(
            edl("<total-valid>0</total-valid><total-invalid>1</total-invalid>"),
            {"partial_lists": {"edl-partners": ((), 1)}},
            id="an external list that the firewall could not read is not an empty one",
        ),
        pytest.param(
            "vsys1/edl-partners:\n\tSource : http://x\n\tValid : No\n\nTotal valid entries : 0\nTotal ignored entries : 0\n"
            "Total invalid entries : 0\n",
            {"partial_lists": {"edl-partners": ((), 1)}},
            id="an external list that is not valid, as text",
        ),
        pytest.param(
            edl("<total-valid>0</total-valid><total-invalid>0</total-invalid>"),
            {"list_members": {"edl-partners": ()}},
            id="an external list that is empty",
        ),
        pytest.param(
            'fw> request system external-list show type ip name "edl partners"\n\nTotal valid entries : 1\nValid ips:\n'
            "\t192.0.2.1\n",
            {"list_members": {"edl partners": ("192.0.2.1",)}},
            id="an external list that only the command names",
        ),
        pytest.param(
            EDL_TEXT.format(9),
            {"partial_lists": {"edl-partners": (("192.0.2.0/24", "198.51.100.7"), 9)}},
            id="one page as text",
        ),
        pytest.param(
            "FQDN Table : Request time 2026-01-05 10:00:00\n-----\n\tIP Address\n-----\n\n"
            "VSYS : (using mgmt-obj dnsproxy object)\n\tShared\n\tvsys1\n\nWWW.example.net\n\t192.0.2.7\n"
            "\t2001:db8::7\n\ngone.example.net\n\t::  unknown\n",
            {"fqdns": {"www.example.net": (number("192.0.2.7"), number("2001:db8::7"))}},
            id="the FQDN table of the DNS proxy",
        ),
        pytest.param(
            answer(
                "<![CDATA[FQDN Table : Last Request time Mon Jan  5 10:00:00 2026\n-----\n"
                "         IP Address     Remaining TTL     Secs Since Refreshed\n-----\n\nVSYS  : vsys1\n\n"
                "www.example.net (Objectname h-www):\n         192.0.2.7      3600      12\n]]>"
            ),
            {"fqdns": {"www.example.net": (number("192.0.2.7"),)}},
            id="the older FQDN table, in an answer",
        ),
        pytest.param(
            answer(
                "<dyn-addr-grp><entry><vsys>vsys1</vsys><group-name>dag</group-name><filter>'x'</filter><member-list>"
                '<entry name="192.0.2.10" type="registered-ip"/><entry name="h-1" type="address-object"/></member-list>'
                "</entry><entry><group-name>none</group-name><member-list/></entry></dyn-addr-grp>"
            ),
            {"group_addresses": {"dag": ("192.0.2.10", "h-1"), "none": ()}},
            id="dynamic groups",
        ),
        pytest.param(
            "Dynamic address groups in vsys vsys1:\n------\n\n------defined in vsys ------\ndag\n"
            "        filter: \"'x'\"\n        members: total 2\n                192.0.2.10 (R)\n"
            "                my host (O)\n\nempty\n        members: total 0\nunused\n        members: (not in use)\n"
            "\nO: address object; R: registered ip\n",
            {"group_addresses": {"dag": ("192.0.2.10", "my host"), "empty": ()}},
            id="dynamic groups as text; one that is not in use stays unknown",
        ),
        pytest.param(
            answer(
                '<entry ip="192.0.2.10" from_agent="0"><tag><member>infected</member><member>x</member></tag></entry>'
                '<entry ip="nonsense"><tag><member>y</member></tag></entry><count>1</count>'
            ),
            {"registered_tags": {number("192.0.2.10"): frozenset({"infected", "x"})}},
            id="registered addresses",
        ),
        pytest.param(
            "admin@fw> show object registered-ip all\n\nregistered IP            Tags\n-------  ------\n\n192.0.2.10 #\n"
            '                  "infected (never expire) "\n                  "two words (expire in 30 seconds)"\n\n'
            "Total: 1 registered addresses\n",
            {
                "registered_tags": {number("192.0.2.10"): frozenset({"infected", "two words"})},
                "registered_complete": True,
            },
            id="registered addresses as text, all of them",
        ),
        pytest.param(
            "admin@fw> show object registered-ip all\n\nregistered IP            Tags\n-------  ------\n\n192.0.2.10 #\n"
            '                  "infected"\n\nTotal: 700 registered addresses\n',
            {"registered_tags": {number("192.0.2.10"): frozenset({"infected"})}},
            id="registered addresses as text, not all that there are",
        ),
        pytest.param(
            "admin@fw> show object registered-ip all\n\nregistered IP            Tags\n-------  ------\n\n192.0.2.10 #\n"
            '                  "infected"\n',
            {"registered_tags": {number("192.0.2.10"): frozenset({"infected"})}},
            id="registered addresses as text, cut off before the total",
        ),
        pytest.param(
            answer(
                '<entry ip="192.0.2.0/25"><tag><member>lab</member></tag></entry><entry ip="198.51.100.1-198.51.100.9">'
                '<tag><member>guest</member></tag></entry><entry ip="192.0.2.10/32"><tag><member>x</member></tag></entry>'
            ),
            {
                "registered_tags": {number("192.0.2.10"): frozenset({"x"})},
                "registered_networks": {
                    "192.0.2.0/25": frozenset({"lab"}),
                    "198.51.100.1-198.51.100.9": frozenset({"guest"}),
                },
            },
            id="registered networks and ranges, of 10.0",
        ),
        pytest.param(
            answer(
                "<entry><ip>10.1.1.1</ip><vsys>vsys1</vsys><type>AD</type><user>example\\bob</user>"
                "<idle_timeout>2000</idle_timeout><timeout>2700</timeout></entry>"
                "<entry><ip>10.1.1.2</ip><user>unknown</user></entry><count>2</count>"
            ),
            {"user_mappings": (UserMapping(number("10.1.1.1"), "example\\bob", "vsys1", "AD", 2000, 2700),)},
            id="user mappings",
        ),
        pytest.param(
            "IP                Vsys   From    User                  IdleTimeout(s) MaxTimeout(s)\n"
            "----------------- ------ ------- --------------------- -------------- -------------\n"
            "10.1.1.1          vsys1  XMLAPI  example\\a user        1802           1802\n"
            "10.1.1.2          vsys1  AD      example\\bob           Never          Never\n"
            "10.1.1.3          vsys1  Unknown unknown               3              6\n"
            "10.1.1.4          vsys1  AD      example\\a.very.long.na 3              6\nTotal: 4 users\n",
            {
                "user_mappings": (
                    UserMapping(number("10.1.1.1"), "example\\a user", "vsys1", "XMLAPI", 1802, 1802),
                    UserMapping(number("10.1.1.2"), "example\\bob", "vsys1", "AD"),
                )
            },
            id="user mappings as a table; a name that fills its column may go on",
        ),
        pytest.param(
            "\nIP address:    10.1.1.9 (vsys1)\nUser:          example\\carol\nFrom:          AD\n"
            "Idle Timeout:  2687s\nMax. TTL:      2700s\n",
            {"user_mappings": (UserMapping(number("10.1.1.9"), "example\\carol", "vsys1", "AD", 2687, 2700),)},
            id="the mapping of one address as text",
        ),
        pytest.param(
            'admin@fw> show user group name "cn=it,dc=example,dc=net"\n\nshort name:  example\\IT\n\nsource type: ldap\n\n'
            "[1     ] example\\Alice\n[2     ] example\\bob\n",
            {
                "user_groups": {
                    "example\\it": frozenset({"example\\alice", "example\\bob"}),
                    "cn=it,dc=example,dc=net": frozenset({"example\\alice", "example\\bob"}),
                }
            },
            id="a user group, by both of its names",
        ),
    ],
)
def test_reads_run_time_state(text: str, expected: dict[str, Any]) -> None:
    assert read(text) == DeviceAnswers(**expected)


def test_an_authentication_policy_needs_no_action() -> None:
    found = read("fw> show running authentication-policy\n" + block('"p; index: 1"', "source any;", "destination any;"))
    assert found is not None
    assert [rule.name for rule in found.running[Rulebase.AUTHENTICATION]] == ["p"]


def test_a_group_without_a_short_name_is_called_as_it_was_asked_for() -> None:
    text = answer("<![CDATA[\n\nsource type: xmlapi\nGroup type: Dynamic\n\n[1     ] example\\bob\n]]>")
    assert read(text) is None
    for name in ('show user group name "example\\staff"', 'folder/show user group name "example\\staff".xml'):
        found = read(text, name)
        assert found is not None
        assert found.user_groups == {"example\\staff": frozenset({"example\\bob"})}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(EDL_TEXT.format(2), ["vsys1"], id="an external list"),
        pytest.param(
            EDL_TEXT.format(2).replace("vsys1/", "shared/"), [None], id="an external list that all virtual systems share"
        ),
        pytest.param(edl("<total-valid>1</total-valid>", "192.0.2.1"), ["vsys1"], id="an external list in XML"),
        pytest.param(block('"vsys2+r; index: 1"', *RULE), ["vsys2"], id="a test"),
        pytest.param(
            "FQDN Table : Last Request time\nVSYS  : vsys1\na.example.net (Objectname a):\n\t192.0.2.1\n"
            "VSYS  : vsys2\na.example.net (Objectname a):\n\t192.0.2.2\n",
            ["vsys1", "vsys2"],
            id="host names of two virtual systems",
        ),
        pytest.param(
            "Dynamic address groups in vsys vsys1:\n\ng\n\tmembers: total 0\n\n"
            "Dynamic address groups in vsys vsys2:\n\ng\n\tmembers: total 1\n\t\t192.0.2.1 (R)\n",
            ["vsys1", "vsys2"],
            id="dynamic groups of two virtual systems",
        ),
    ],
)  # fmt: skip
def test_an_answer_is_of_the_virtual_system_that_it_names(text: str, expected: list[str | None]) -> None:
    assert [told.vsys for told in read_parts(text.encode(), "a.txt", 0)] == expected
    for vsys in {vsys for vsys in expected if vsys}:
        assert read_answers(text.encode(), "a.txt", 0, vsys) == next(
            told.answers for told in read_parts(text.encode(), "a.txt", 0) if told.vsys == vsys
        )
        assert read_answers(text.encode(), "a.txt", 0, "vsys9") is None


def test_a_transcript_may_hold_several_answers() -> None:
    text = (
        "admin@fw> show user group name a\nshort name: a\n[1 ] x\nadmin@fw> show user group name b\nshort name: b\n[1 ] y\n"
        "admin@fw> test decryption-policy-match from trust to untrust\nNo rule matched\n"
    )
    found = read(text)
    assert found is not None
    assert found.user_groups == {"a": frozenset({"x"}), "b": frozenset({"y"})}
    assert [test.rulebase for test in found.tests] == [Rulebase.DECRYPTION]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("hostname: fw-1\nserial: 001\n", id="show system info"),
        pytest.param(answer("<entry><sport>1</sport><dst>10.0.0.1</dst></entry>"), id="a session"),
        pytest.param(answer("<system><hostname>fw</hostname></system>"), id="another answer"),
        pytest.param(answer(""), id="an empty answer"),
        pytest.param("<response status='error'><msg><line>no</line></msg></response>", id="an error answer"),
        pytest.param("<config><devices/></config>", id="a configuration"),
        pytest.param(
            answer("<rules><entry name='r'><from><member>any</member></from><action>allow</action></entry></rules>"),
            id="rules of a configuration",
        ),
        pytest.param("<result total-count='1'><rules/></result>", id="an empty list of a configuration"),
        pytest.param(block("rulebase", "security {", "rules {", "action allow;", "}"), id="a configuration in braces"),
        pytest.param(
            block("nat-1", "source any;", "destination any;", "service 0:any/any/any;", 'translate-to "src: x";'),
            id="NAT rules",
        ),
        pytest.param(
            block("pbf", "source any;", "action Forward;", "forwarding-egress-IF/VSYS x;"), id="forwarding rules"
        ),
        pytest.param('{"a": {\n"b": 1\n}\n}\n', id="JSON"),
        pytest.param("<14>Jan  5 10:00:00 fw 1,2026/01/05,001,TRAFFIC,end\n", id="a syslog line"),
        pytest.param("Domain,Receive Time,Serial #\n1,2026/01/05 10:00:00,001\n", id="a log export"),
        pytest.param("IP Vsys From User\nno ruler\n", id="a table without a ruler"),
        pytest.param("short name: empty\n", id="a group without a user"),
        pytest.param("short name: a\n[1 ] x\n[3 ] z\n", id="a group of which a user is missing"),
        pytest.param("short name: a\n[1 ] x\nlines 1-23\n", id="a group that goes on below the screen"),
        pytest.param(
            "fw> show user group name a | match x\nshort name: a\n[1 ] x\n", id="lines that a filter let through"
        ),
        pytest.param("fw> test nat-policy-match from trust\n\nNo rule matched\n", id="a test of address translation"),
        pytest.param(
            "fw> show running tunnel-inspect-policy\n" + block("t", "source any;", "action inspect;"),
            id="another running policy",
        ),
    ],
)
def test_anything_else_is_no_answer(text: str) -> None:
    assert read(text) is None


def test_broken_xml_is_said() -> None:
    with pytest.raises(InputError, match=r"^answer\.txt, line 1"):
        read("<response><result>")


def test_hostile_text_is_made_safe() -> None:
    found = read('"a\x1b[31m; index: 1" {\n source "x\x07y";\n action allow;\n}\n')
    assert found is not None
    assert found.tests[0].rules == ("a\ufffd[31m",)


def test_merging_pages_completes_an_external_list() -> None:
    pages = [read(edl("<total-valid>3</total-valid>", *held)) for held in (("a", "b"), ("b", "c"))]
    assert pages[0] is not None
    assert pages[1] is not None
    merged = merge_answers(pages[0], pages[1])
    assert (merged.list_members, merged.partial_lists) == ({"edl-partners": ("a", "b", "c")}, {})


def test_merging_keeps_what_is_known_of_an_external_list() -> None:
    whole = DeviceAnswers(list_members={"e": ("a",)})
    page = DeviceAnswers(partial_lists={"e": (("b",), 9), "f": (("c",), 2)})
    merged = merge_answers(whole, page)
    assert (merged.list_members, merged.partial_lists) == ({"e": ("a",)}, {"f": (("c",), 2)})


def test_merging_lets_the_later_answer_win_and_adds_tags() -> None:
    a = DeviceAnswers(
        fqdns={"h": (1,)}, registered_tags={5: frozenset({"x"})}, user_mappings=(UserMapping(1, "a"), UserMapping(2, "b")),
        tests=(PolicyTest(Rulebase.SECURITY, ("r",)),), registered_complete=True,
    )  # fmt: skip
    b = DeviceAnswers(
        fqdns={"h": (2,), "i": (3,)}, registered_tags={5: frozenset({"y"})}, user_mappings=(UserMapping(1, "c"),),
        tests=(PolicyTest(Rulebase.SECURITY, ("s",)),),
    )  # fmt: skip
    merged = merge_answers(a, b)
    assert merged.fqdns == {"h": (2,), "i": (3,)}
    assert merged.registered_tags == {5: frozenset({"x", "y"})}
    assert merged.registered_complete is True
    assert {m.user for m in merged.user_mappings} == {"b", "c"}
    assert [t.rules for t in merged.tests] == [("r",), ("s",)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "lists/edl-partners.txt",
            "\ufeff# partners\n192.0.2.1\r\n198.51.100.0/24 # office\n\n10.0.0.1-10.0.0.9 range\n",
            {
                "list_members": {"edl-partners": ("192.0.2.1", "198.51.100.0/24", "10.0.0.1-10.0.0.9")},
                "group_addresses": {"edl-partners": ("192.0.2.1", "198.51.100.0/24", "10.0.0.1-10.0.0.9")},
            },
            id="addresses",
        ),
        pytest.param(
            "www.example.net.txt",
            "192.0.2.7\n2001:db8::7\n",
            {
                "list_members": {"www.example.net": ("192.0.2.7", "2001:db8::7")},
                "group_addresses": {"www.example.net": ("192.0.2.7", "2001:db8::7")},
                "fqdns": {"www.example.net": (number("192.0.2.7"), number("2001:db8::7"))},
            },
            id="the addresses of a host",
        ),
        pytest.param(
            "IT Staff",
            "example\\Bob\nalice@example.net\n",
            {
                "list_members": {"IT Staff": ("example\\Bob", "alice@example.net")},
                "user_groups": {"it staff": frozenset({"example\\bob", "alice@example.net"})},
            },
            id="users",
        ),
        pytest.param(
            "urls.list",
            "*.example.net\nexample.org/path\n",
            {"list_members": {"urls": ("*.example.net", "example.org/path")}},
            id="addresses of pages",
        ),
        pytest.param("domains.txt", "a.example.net\n", {"list_members": {"domains": ("a.example.net",)}}, id="domains"),
        pytest.param("empty.txt", "# nothing\n", {"list_members": {"empty": ()}}, id="an empty list"),
    ],
)
def test_reads_a_plain_list_named_after_an_object(name: str, text: str, expected: dict[str, Any]) -> None:
    assert read_list(text, name) == DeviceAnswers(**expected)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("10.0.0.1 - 10.0.0.9 spare", "10.0.0.1-10.0.0.9"),
        ("192.0.2.1 host-a", "192.0.2.1"),
        ("192.0.2.1 - the old one", "192.0.2.1"),
        ("192.0.2.0/24;office", "192.0.2.0/24"),
    ],
)
def test_a_line_of_a_list_may_have_a_remark(line: str, kept: str) -> None:
    assert {read_list(f"{line}\n", "a.txt").list_members["a"]} == {(kept,)}


def test_a_list_is_called_after_an_object_that_no_file_can_be_called_as() -> None:
    assert read_list("example\\bob\n", "example%5CStaff.txt").user_groups == {
        "example\\staff": frozenset({"example\\bob"})
    }


@pytest.mark.parametrize("line", ["10.1.1.300", "10.0.0.0/33", "infected hosts"])
def test_a_list_of_addresses_with_a_line_that_is_none_is_not_whole(line: str) -> None:
    text = f"192.0.2.1\n\n{line}\n"
    assert wrong_lines(text) == [(3, line)]
    assert read_list(text, "dag.txt") == DeviceAnswers(partial_lists={"dag": (("192.0.2.1", line), 3)})


def test_addresses_among_names_are_a_list_of_urls() -> None:
    text = "192.0.2.1\n*.example.net\nexample.org/path\nexample.com:8080\n"
    assert wrong_lines(text) == []
    assert len(read_list(text, "urls.txt").list_members["urls"]) == 4


# Answers of equal standing.


def test_answers_that_contradict_each_other_leave_open_what_they_differ_in() -> None:
    one = DeviceAnswers(
        list_members={"e": ("192.0.2.1", "192.0.2.2/32"), "same": ("192.0.2.9",)},
        fqdns={"h": (1, 2), "i": (3,)},
        group_addresses={"g": ("192.0.2.1",)},
        user_groups={"u": frozenset({"x"}), "v": frozenset({"y"})},
    )
    other = DeviceAnswers(
        list_members={"e": ("192.0.2.2", "192.0.2.3"), "same": ("192.0.2.9/32",)},
        fqdns={"h": (2, 3), "i": (3,)},
        group_addresses={"g": ()},
        user_groups={"u": frozenset({"z"}), "v": frozenset({"y"})},
    )
    found, differing = agreed([one, other])
    assert set(differing) == {"e", "g", "h", "u"}
    assert set(found.list_members) == {"same"}
    assert found.partial_lists == {"e": (("192.0.2.2/32",), 3), "g": ((), 2)}
    assert (found.fqdns, found.user_groups) == ({"i": (3,)}, {"v": frozenset({"y"})})
    assert found.group_addresses == {}


def test_a_list_by_hand_that_differs_from_the_firewalls_answer_settles_nothing() -> None:
    found, differing = agreed([read_list("192.0.2.1\n", "e.txt"), DeviceAnswers(list_members={"e": ("192.0.2.2",)})])
    assert differing == ("e",)
    assert found == DeviceAnswers(partial_lists={"e": ((), 2)})


def test_policy_tests_that_contradict_each_other_are_said() -> None:
    asked = [PolicyTest(Rulebase.SECURITY, rules, asked={"from": "trust"}) for rules in (("a", "c"), ("a",), ("b",))]
    assert agreed([DeviceAnswers(tests=(test,)) for test in asked[:2]])[1] == ()
    found, differing = agreed([DeviceAnswers(tests=(test,)) for test in asked])
    assert (len(found.tests), differing) == (3, ("test security-policy-match",))


def test_whole_answers_about_tags_that_differ_are_not_whole() -> None:
    one = DeviceAnswers(registered_tags={1: frozenset({"x"}), 2: frozenset({"y"})}, registered_complete=True)
    same, differing = agreed([one, DeviceAnswers(registered_tags={2: frozenset({"y"})})])
    assert (same.registered_complete, differing) == (True, ())
    other, differing = agreed([one, DeviceAnswers(registered_tags={2: frozenset({"y"})}, registered_complete=True)])
    assert (other.registered_tags, other.registered_complete) == ({2: frozenset({"y"})}, False)
    assert differing == ("the registered tags",)


def test_pages_of_a_list_that_changed_between_them_are_not_the_whole() -> None:
    pages = [DeviceAnswers(partial_lists={"e": (("a", "b"), 3)}), DeviceAnswers(partial_lists={"e": (("c", "d"), 4)})]
    assert agreed(pages)[0].partial_lists == {"e": (("a", "b", "c", "d"), 5)}
    assert merge_answers(*pages).partial_lists == {"e": (("a", "b", "c", "d"), 5)}
    pages[1] = DeviceAnswers(partial_lists={"e": (("b", "c"), 3)})
    assert agreed(pages)[0].list_members == {"e": ("a", "b", "c")}


# What answers settle.

OBJECTS = (
    '<address><entry name="h-www"><fqdn>www.example.net</fqdn></entry><entry name="h-1"><ip-netmask>10.9.0.1</ip-netmask>'
    "</entry></address><address-group><entry name=\"dag\"><dynamic><filter>'bad'</filter></dynamic></entry></address-group>"
    '<external-list><entry name="edl"><type><ip><url>http://lists.example.net/p</url></ip></type></entry></external-list>'
)


def written_rule(name: str, action: str, **fields: str) -> str:
    wanted = {"from": "trust", "to": "untrust", "source": "any", "destination": "any", "source-user": "any",
              "application": "any", "service": "any"} | {key.replace("_", "-"): text for key, text in fields.items()}  # fmt: skip
    listed = "".join(f"<{key}><member>{text}</member></{key}>" for key, text in wanted.items())
    return f'<entry name="{name}">{listed}<action>{action}</action></entry>'


RULES = (
    written_rule("DAG", "deny", source="dag") + written_rule("EDL", "deny", destination="edl")
    + written_rule("FQDN", "allow", destination="h-www") + written_rule("STAFF", "allow", source_user="example\\staff")
)  # fmt: skip


def written_configuration(host: str, *systems: str, rules: str = RULES) -> str:
    parts = "".join(
        f'<entry name="{name}">{OBJECTS}<rulebase><security><rules>{rules}</rules></security></rulebase></entry>'
        for name in systems
    )
    return (
        '<config version="10.2.0"><devices><entry name="localhost.localdomain"><deviceconfig><system>'
        f"<hostname>{host}</hostname></system></deviceconfig><vsys>{parts}</vsys></entry></devices></config>"
    )


def looked_up(
    folder: Path, source: str, destination: str, user: str = "", serial: str | None = None, vsys: str = "vsys1"
) -> LookUp:
    engine = Judge(open_inputs([folder])).engine_for(serial, vsys)
    assert engine is not None
    flow = Flow("trust", "untrust", parse_address(source), parse_address(destination), 6, 50000, 443, "ssl", user)
    return engine.look_up(Rulebase.SECURITY, flow)


def saved(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def open_rules(look: LookUp) -> list[str]:
    return [rule.name for rule in look.possible]


def test_an_answer_of_another_virtual_system_settles_nothing(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1", "vsys2"))
    saved(tmp_path, e_txt=EDL_TEXT.format(2).replace("vsys1/edl-partners", "vsys2/edl"))
    other = looked_up(tmp_path, "10.1.1.1", "192.0.2.7")
    assert "EDL" in open_rules(other)
    own = looked_up(tmp_path, "10.1.1.1", "192.0.2.7", vsys="vsys2")
    assert own.rule is not None
    assert own.rule.name == "EDL"


def test_the_virtual_system_that_a_prompt_shows_is_the_answers(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1", "vsys2"))
    group = "show user group name example\\staff\n\nshort name: example\\staff\n[1 ] example\\bob\n"
    for prompt in ("admin@fw-1-vsys2> ", "admin@fw-1 vsys2> "):
        saved(tmp_path, g_txt=prompt + group)
        assert "STAFF" in open_rules(looked_up(tmp_path, "10.1.1.1", "203.0.113.1", "example\\ann"))
        assert "STAFF" not in open_rules(looked_up(tmp_path, "10.1.1.1", "203.0.113.1", "example\\ann", vsys="vsys2"))


@pytest.mark.parametrize(
    ("host", "settled"),
    [("fw-1", True), ("FW-1", True), ("fw-2", False)],
    ids=["this firewall", "in capitals", "another firewall"],
)
def test_an_answer_counts_for_the_firewall_of_its_prompt(tmp_path: Path, host: str, settled: bool) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"))
    saved(tmp_path, e_txt=f"admin@{host}> request system external-list show type ip name edl\n"
          + EDL_TEXT.format(2).replace("edl-partners", "edl"))  # fmt: skip
    look = looked_up(tmp_path, "10.1.1.1", "192.0.2.7")
    assert (look.rule is not None and look.rule.name == "EDL") is settled
    assert ("EDL" in open_rules(look)) is not settled
    said = [str(problem) for problem in open_inputs([tmp_path]).problems]
    stranger = "the inputs: answers of fw-2 are there and nothing else of that firewall; they count for no session"
    assert said == ([] if settled else [stranger])


def test_answers_of_two_firewalls_are_kept_apart(tmp_path: Path) -> None:
    for place, address in ((1, "192.0.2.7"), (2, "203.0.113.9")):
        folder = tmp_path / f"fw-{place}"
        folder.mkdir()
        saved(
            folder,
            c_xml=written_configuration(f"fw-{place}", "vsys1"),
            s_txt=f"hostname: fw-{place}\nserial: 00720000000000{place}\nsw-version: 10.2.4\n",
            e_txt=f"vsys1/edl:\nTotal valid entries : 1\nTotal invalid entries : 0\nValid ips:\n\t{address}\n",
        )
    one = looked_up(tmp_path, "10.1.1.1", "192.0.2.7", serial="007200000000001")
    assert one.rule is not None
    assert one.rule.name == "EDL"
    other = looked_up(tmp_path, "10.1.1.1", "192.0.2.7", serial="007200000000002")
    assert "EDL" not in [*open_rules(other), other.rule and other.rule.name]
    assert open_inputs([tmp_path]).problems == []


def test_contradicting_answers_are_said_and_settle_nothing(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"))
    for place in (1, 2):
        text = f"vsys1/edl:\nTotal valid entries : 1\nValid ips:\n\t192.0.2.{place}\n"
        (tmp_path / f"e{place}.txt").write_text(text)
    assert "EDL" in open_rules(looked_up(tmp_path, "10.1.1.1", "192.0.2.2"))
    assert [str(problem) for problem in open_inputs([tmp_path]).problems] == [
        "the inputs: the answers about edl differ; what they differ in is left open"
    ]


def test_an_answer_that_was_left_before_its_end_settles_nothing(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"))
    prompt = "admin@fw-1> show user group name example\\staff\n"
    saved(
        tmp_path,
        g_txt=f"{prompt}\nshort name: example\\staff\n[1 ] example\\bob\nlines 1-23 \radmin@fw-1> show clock\nnow\n",
    )
    assert "STAFF" in open_rules(looked_up(tmp_path, "10.1.1.1", "203.0.113.1", "example\\ann"))
    (problem,) = open_inputs([tmp_path]).problems
    assert "what was copied ends before the answer does" in str(problem)


@pytest.mark.parametrize(
    ("source", "found"),
    [("192.0.2.5", "DAG"), ("192.0.2.200", ""), ("198.51.100.3", "")],
    ids=["in a tagged network", "in a network whose tags don't fit", "in none"],
)
def test_an_address_has_the_tags_of_the_networks_that_it_is_in(tmp_path: Path, source: str, found: str) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1").replace("'bad'", "'bad' and 'lab'"))
    tags = "".join(f'{network} #\n\t"{tag}"\n' for network, tag in
                   (("192.0.2.0/24", "lab"), ("192.0.2.0-192.0.2.127", "bad"), ("198.51.100.1", "bad")))  # fmt: skip
    saved(
        tmp_path,
        t_txt=f"admin@fw-1> show object registered-ip all\n\nregistered IP   Tags\n----  ---\n{tags}\nTotal: 3\n",
    )
    look = looked_up(tmp_path, source, "203.0.113.1")
    assert "DAG" not in open_rules(look)
    assert (look.rule.name if look.rule is not None and look.rule.name == "DAG" else "") == found


def test_a_network_that_does_not_fit_leaves_its_addresses_open_where_not_all_tags_are_known(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"))
    tags = '<entry ip="192.0.2.0/24"><tag><member>lab</member></tag></entry><entry ip="192.0.2.9"><tag/></entry>'
    saved(tmp_path, t_xml=answer(tags))
    assert "DAG" in open_rules(looked_up(tmp_path, "192.0.2.5", "203.0.113.1"))
    assert "DAG" not in open_rules(looked_up(tmp_path, "192.0.2.9", "203.0.113.1"))


def test_a_dynamic_group_may_list_objects(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"))
    group = "Dynamic address groups in vsys vsys1:\n\ndag\n\tmembers: total 2\n\t\th-1 (O)\n\t\t{} (O)\n\nend\n"
    saved(tmp_path, g_txt=group.format("h-1"))
    look = looked_up(tmp_path, "10.9.0.1", "203.0.113.1")
    assert look.rule is not None
    assert look.rule.name == "DAG"
    assert "DAG" not in open_rules(looked_up(tmp_path, "10.9.0.2", "203.0.113.1"))
    saved(tmp_path, g_txt=group.format("h-unheard-of"))
    assert "DAG" in open_rules(looked_up(tmp_path, "10.9.0.2", "203.0.113.1"))


COMPILED = (
    block('"DAG; index: 1"', "source [ 10.7.0.1 10.7.0.2 ];", "destination any;")
    + block('"EDL; index: 2"', "source any;", "destination [ 203.0.113.0/24 ];")
    + block('"FQDN; index: 3"', "source any;", "destination 192.0.2.7;")
)


def test_compiled_addresses_tell_the_members_of_what_is_open(tmp_path: Path) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1"), r_txt=COMPILED)
    for source, destination, name in (
        ("10.7.0.2", "192.0.2.7", "DAG"), ("10.1.1.1", "203.0.113.8", "EDL"), ("10.1.1.1", "192.0.2.7", "FQDN"),
    ):  # fmt: skip
        look = looked_up(tmp_path, source, destination)
        assert (look.rule and look.rule.name, open_rules(look)) == (name, [])
    assert open_rules(looked_up(tmp_path, "10.1.1.1", "192.0.2.8", "example\\ann")) == ["STAFF"]


@pytest.mark.parametrize(
    ("rules", "compiled"),
    [
        pytest.param(RULES, COMPILED.replace("203.0.113.0/24", "0.0.0.0"), id="as a region is shown"),
        pytest.param(RULES, COMPILED.replace("[ 203.0.113.0/24 ]", "edl"), id="a name"),
        pytest.param(RULES, COMPILED.replace('"EDL;', '"vsys2+EDL;'), id="another virtual system"),
        pytest.param(RULES.replace("<member>edl</member>", "<member>edl</member><member>h-1</member>"), COMPILED,
                     id="beside something else"),
        pytest.param(RULES + written_rule("EDL2", "deny", destination="edl"), COMPILED
                     + block('"EDL2; index: 5"', "source any;", "destination 203.0.113.1;"), id="two rules that differ"),
    ],
)  # fmt: skip
def test_compiled_addresses_that_may_be_something_else_settle_nothing(
    tmp_path: Path, rules: str, compiled: str
) -> None:
    saved(tmp_path, c_xml=written_configuration("fw-1", "vsys1", rules=rules), r_txt=compiled)
    assert "EDL" in open_rules(looked_up(tmp_path, "10.1.1.1", "192.0.2.99"))


MAPPED = """admin@fw-1> show session all

--------------------------------------------------------------------------------
ID          Application    State   Type Flag  Src[Sport]/Zone/Proto (translated IP[Port])
Vsys                                          Dst[Dport]/Zone (translated IP[Port])
--------------------------------------------------------------------------------
11           ssl            ACTIVE  FLOW       10.1.1.10[51000]/trust/6  (10.1.1.10[51000])
vsys1                                          203.0.113.50[443]/untrust  (203.0.113.50[443])
12           ssl            ACTIVE  FLOW       10.1.1.11[51000]/trust/6  (10.1.1.11[51000])
vsys1                                          203.0.113.50[443]/untrust  (203.0.113.50[443])

admin@fw-1> show user ip-user-mapping all

IP              Vsys   From    User             IdleTimeout(s) MaxTimeout(s)
--------------- ------ ------- ---------------- -------------- -------------
10.1.1.10       vsys1  AD      example\\bob      2687           2687
10.1.1.11       vsys2  AD      example\\ann      2687           2687
Total: 2 users
"""


def test_a_row_of_the_session_table_has_the_user_of_its_address(tmp_path: Path) -> None:
    saved(tmp_path, s_txt=MAPPED)
    sessions = open_inputs([tmp_path]).sessions
    assert [sessions.session(row).user for row in range(2)] == ["example\\bob", None]
    saved(tmp_path, m_txt=MAPPED[MAPPED.index("admin@fw-1> show user") :].replace("bob", "eve"))
    assert open_inputs([tmp_path]).sessions.session(0).user is None


ASKED = {
    "from": "trust", "to": "untrust", "source": "10.1.1.1", "destination": "192.0.2.1", "protocol": "6",
    "destination-port": "443", "application": "ssl",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "about"),
    [
        pytest.param({}, True, id="the whole flow"),
        pytest.param({"show-all": "yes"}, True, id="all rules"),
        pytest.param({"vsys": "vsys2"}, False, id="another virtual system"),
        pytest.param({"source": "10.1.1.2"}, False, id="another source"),
        *(pytest.param({name: ""}, False, id=f"without {name}") for name in ASKED),
    ],
)
def test_a_test_is_about_a_session_that_it_was_asked_for(change: dict[str, str], about: bool) -> None:
    session = Session(
        0, 1, vsys="vsys1", source=number("10.1.1.1"), destination=number("192.0.2.1"), source_port=50000,
        destination_port=443, protocol=6, from_zone="trust", to_zone="untrust", application="ssl",
    )  # fmt: skip
    asked = {name: text for name, text in {**ASKED, **change}.items() if text}
    assert is_about(PolicyTest(Rulebase.SECURITY, ("r",), asked=asked), session, one_flow=True) is about


@pytest.mark.parametrize(
    ("file", "kind", "rules"),
    [
        pytest.param("ntc_paloalto_panos_show_running_security-policy.raw", "running", 7, id="running policy of 7.0"),
        pytest.param("ntc_paloalto_panos_test_security-policy-match.raw", "test", 3, id="policy test of 10"),
        pytest.param("ntc_paloalto_panos_show_jobs_all.raw", "", 0, id="jobs"),
        pytest.param("ntc_paloalto_panos_show_counter_global.raw", "", 0, id="counters"),
        pytest.param("xml_show_session_all_2016.xml", "", 0, id="sessions"),
        pytest.param("napalm_show_system_info.xml", "", 0, id="system information"),
    ],
)
def test_reads_published_answers(shared: Path, file: str, kind: str, rules: int) -> None:
    found = read_answers((shared / "samples" / "operational" / file).read_bytes(), "answer", 0)
    running = len(found.running.get(Rulebase.SECURITY, ())) if found else 0
    tested = sum(len(test.rules) for test in found.tests) if found else 0
    assert (running, tested) == (rules if kind == "running" else 0, rules if kind == "test" else 0)
