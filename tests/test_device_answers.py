"""What a firewall answered about its run-time state, in every form that answers come in."""

from pathlib import Path
from typing import Any

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers, PolicyTest, RunningRule, UserMapping
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import InputError
from whydeny.sources.exports.device_answers import merge_answers, read_answers, read_list


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
            "10.1.1.3          vsys1  Unknown unknown               3              6\nTotal: 3 users\n",
            {
                "user_mappings": (
                    UserMapping(number("10.1.1.1"), "example\\a user", "vsys1", "XMLAPI", 1802, 1802),
                    UserMapping(number("10.1.1.2"), "example\\bob", "vsys1", "AD"),
                )
            },
            id="user mappings as a table",
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
