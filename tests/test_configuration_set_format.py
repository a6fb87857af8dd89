"""Set format is read to the same configuration as XML."""

import time
from dataclasses import replace

import pytest

from whydeny.model.configuration import Configuration, ConfigurationKind, Rulebase, Service
from whydeny.model.errors import InputError
from whydeny.sources.exports.configuration import read_configuration
from whydeny.sources.exports.set_format import read_set_format

FIREWALL = r"""
admin@fw-1# show
set deviceconfig system hostname fw-1
set deviceconfig system timezone Europe/Vienna
set deviceconfig setting config rematch yes
set deviceconfig setting ssl-decrypt notify-user yes
set network interface ethernet ethernet1/1 layer3 ip 10.1.1.1/24
set shared application-group web members [ web-browsing ssl ]
set zone trust network layer3 [ ethernet1/1 ethernet1/2 ]
set zone trust enable-user-identification yes
set zone to-vsys2 network external vsys2
set address "my host" ip-netmask 10.1.1.1
set address "my host" tag [ one "two words" ]
set address net description "a net
over two lines" ip-netmask 10.2.0.0/16
set address-group g static [ "my host" net ]
set address-group dag dynamic filter "'infected' and \"x\""
set service tcp-1 protocol tcp port 1,2 source-port 1024-65535
set service-group sg members tcp-1
set application erp default port [ tcp/9100 udp/dynamic ]
set application erp category business-systems
set application erp risk 2
set application erp evasive-behavior yes
set application erp signature s1 and-condition c or-condition o operator pattern-match pattern x
set application-filter f category media
set application-filter f pervasive yes
set schedule office schedule-type recurring daily 08:00-17:00
set external-list e type ip url http://lists.example.net/e
set external-list e type ip recurring hourly
set profiles custom-url-category c list [ *.example.net ]
set profiles decryption strict ssl-forward-proxy block-expired-certificate yes
set profiles decryption strict ssl-protocol-settings min-version tls1-2
set captive-portal mode redirect
set captive-portal redirect-host portal.example.net
set rulebase security rules "Web Out" from trust
set rulebase security rules "Web Out" to any
set rulebase security rules "Web Out" source [ g dag ]
set rulebase security rules "Web Out" negate-source yes
set rulebase security rules "Web Out" application web
set rulebase security rules "Web Out" service application-default
set rulebase security rules "Web Out" profile-setting group strict
set rulebase security rules "Web Out" log-setting fwd
set rulebase security rules "Web Out" action allow
set rulebase security rules short from any to any source any destination any service tcp-1 application any action deny
set rulebase decryption rules d type ssl-forward-proxy
set rulebase decryption rules d action decrypt
set rulebase decryption rules d profile strict
set rulebase authentication rules a authentication-enforcement default-web-form
set rulebase application-override rules o protocol tcp
set rulebase application-override rules o port 9100
set rulebase application-override rules o application erp
set rulebase default-security-rules rules interzone-default action deny
set rulebase default-security-rules rules interzone-default log-end yes
set mgt-config users admin phash x
[edit]
"""
SAME_AS_XML = """<config><shared><application-group><entry name="web"><members><member>web-browsing</member>
<member>ssl</member></members></entry></application-group></shared>
<devices><entry name="localhost.localdomain"><deviceconfig><system><hostname>fw-1</hostname>
<timezone>Europe/Vienna</timezone></system><setting><config><rematch>yes</rematch></config><ssl-decrypt>
<notify-user>yes</notify-user></ssl-decrypt></setting></deviceconfig><vsys><entry name="vsys1">
<zone><entry name="trust"><enable-user-identification>yes</enable-user-identification></entry><entry name="to-vsys2">
<network><external><member>vsys2</member></external></network></entry></zone>
<address><entry name="my host"><ip-netmask>10.1.1.1</ip-netmask><tag><member>one</member><member>two words</member>
</tag></entry><entry name="net"><ip-netmask>10.2.0.0/16</ip-netmask></entry></address>
<address-group><entry name="g"><static><member>my host</member><member>net</member></static></entry>
<entry name="dag"><dynamic><filter>'infected' and "x"</filter></dynamic></entry></address-group>
<service><entry name="tcp-1"><protocol><tcp><port>1,2</port><source-port>1024-65535</source-port></tcp></protocol>
</entry></service><service-group><entry name="sg"><members><member>tcp-1</member></members></entry></service-group>
<application><entry name="erp"><default><port><member>tcp/9100</member><member>udp/dynamic</member></port></default>
<category>business-systems</category><risk>2</risk><evasive-behavior>yes</evasive-behavior></entry></application>
<application-filter><entry name="f"><category><member>media</member></category><pervasive>yes</pervasive></entry>
</application-filter><schedule><entry name="office"><schedule-type><recurring><daily><member>08:00-17:00</member>
</daily></recurring></schedule-type></entry></schedule><external-list><entry name="e"><type><ip>
<url>http://lists.example.net/e</url></ip></type></entry></external-list>
<profiles><custom-url-category><entry name="c"><list><member>*.example.net</member></list></entry>
</custom-url-category><decryption><entry name="strict"><ssl-forward-proxy>
<block-expired-certificate>yes</block-expired-certificate></ssl-forward-proxy><ssl-protocol-settings>
<min-version>tls1-2</min-version></ssl-protocol-settings></entry></decryption></profiles>
<captive-portal><mode><redirect/></mode><redirect-host>portal.example.net</redirect-host></captive-portal>
<rulebase><security><rules><entry name="Web Out"><from><member>trust</member></from><to><member>any</member></to>
<source><member>g</member><member>dag</member></source><negate-source>yes</negate-source><application>
<member>web</member></application><service><member>application-default</member></service><profile-setting><group>
<member>strict</member></group></profile-setting><log-setting>fwd</log-setting><action>allow</action></entry>
<entry name="short"><service><member>tcp-1</member></service><action>deny</action></entry></rules></security>
<decryption><rules><entry name="d"><type><ssl-forward-proxy/></type><action>decrypt</action><profile>strict</profile>
</entry></rules></decryption><authentication><rules><entry name="a">
<authentication-enforcement>default-web-form</authentication-enforcement></entry></rules></authentication>
<application-override><rules><entry name="o"><protocol>tcp</protocol><port>9100</port><application>erp</application>
</entry></rules></application-override><default-security-rules><rules><entry name="interzone-default">
<action>deny</action><log-end>yes</log-end></entry></rules></default-security-rules></rulebase></entry></vsys></entry>
</devices></config>"""
PANORAMA = """set shared pre-rulebase security rules s1 action deny
set device-group EMEA address h fqdn a.example.net
set device-group VIE devices 001
set device-group VIE devices 002 vsys vsys2
set device-group VIE pre-rulebase security rules v1 target devices 001
set device-group VIE pre-rulebase security rules v1 target negate no
set readonly devices localhost.localdomain device-group VIE parent-dg EMEA
set template T1 config vsys vsys1 zone trust network layer3 ethernet1/1
set template T1 config devices localhost.localdomain deviceconfig setting config rematch yes
set template-stack S templates [ T1 Base ]
set template-stack S devices 001
"""


def comparable(found: Configuration) -> Configuration:
    return replace(found, kind=ConfigurationKind.RUNNING, notes=())


def test_a_firewall_reads_as_its_xml_does() -> None:
    found = read_set_format(FIREWALL, "fw.txt", 0)
    assert comparable(found) == comparable(read_configuration(SAME_AS_XML.encode(), "fw.xml", 0))


def test_says_that_it_may_not_be_committed() -> None:
    found = read_set_format(FIREWALL, "fw.txt", 0)
    assert (found.kind, found.release) == (ConfigurationKind.MERGED, None)
    assert found.notes == (
        "In set format a firewall shows the candidate: it may hold uncommitted changes, and no release is said.",
    )


def test_panorama_shows_its_candidate_too() -> None:
    assert read_set_format(PANORAMA, "panorama.txt", 0).candidate
    assert not read_set_format(PANORAMA, "panorama.txt", 0, running=True).candidate


def test_reads_panorama() -> None:
    found = read_set_format(PANORAMA, "p.txt", 0)
    assert found.kind is ConfigurationKind.PANORAMA
    assert [r.action for r in found.shared_pre.rules[Rulebase.SECURITY]] == ["deny"]
    assert found.device_groups["VIE"].devices == {"001": (), "002": ("vsys2",)}
    assert found.device_groups["VIE"].parent == "EMEA"
    assert found.device_groups["VIE"].pre.rules[Rulebase.SECURITY][0].targets == ("001",)
    assert list(found.templates["T1"].vsys["vsys1"].zones) == ["trust"]
    assert found.templates["T1"].rematch is True
    assert found.template_stacks == {"S": (("T1", "Base"), ("001",))}


def test_reads_virtual_systems_and_shared_gateways() -> None:
    text = (
        "set vsys vsys2 rulebase security rules r action deny\nset network shared-gateway sg1 zone out network tap x\n"
    )
    found = read_set_format(text, "x", 0)
    assert [r.name for r in found.vsys["vsys2"].local.rules[Rulebase.SECURITY]] == ["r"]
    assert list(found.vsys["sg1"].zones) == ["out"]


def test_a_list_of_names_stands_for_each_of_them() -> None:
    """As one types it; what follows the list is for each."""
    text = (
        "set device-group VIE devices [ 001 002 ]\n"
        "set device-group VIE pre-rulebase security rules r target devices [ 001 003 ] vsys vsys2\n"
        "set device-group VIE pre-rulebase security rules r action deny\n"
        "set template [ A B ] config vsys vsys1 zone [ trust dmz ] network layer3 ethernet1/1\n"
        "set template-stack S devices [ 001 002 ]\n"
        "set device-group VIE address [ ] fqdn a.example.net\n"
    )
    found = read_set_format(text, "p.txt", 0)
    group = found.device_groups["VIE"]
    assert group.devices == {"001": (), "002": ()}
    assert group.pre.rules[Rulebase.SECURITY][0].targets == ("001/vsys2", "003/vsys2")
    assert {name: list(t.vsys["vsys1"].zones) for name, t in found.templates.items()} == {
        "A": ["trust", "dmz"],
        "B": ["trust", "dmz"],
    }
    assert found.template_stacks == {"S": ((), ("001", "002"))}
    assert group.scope.addresses == {}


def test_lists_of_names_can_not_multiply() -> None:
    names = " ".join(f"n{n}" for n in range(2000))
    lists = f"set template [ {names} ] config vsys [ {names} ] zone [ {names} ] network layer3 e1\n"
    begun = time.process_time()
    found = read_set_format(lists + "set address a fqdn a.example.net\n", "x", 0)
    assert time.process_time() - begun < 5
    assert any("1 (lines 1)" in note for note in found.notes)


def test_lines_typed_after_a_prompt_are_read_and_commands_are_not() -> None:
    text = (
        "admin@fw-1> set application dump on\n"
        "admin@fw-1> configure\n"
        "[edit]\n"
        "admin@fw-1(active)# set application erp default port tcp/9100\n"
        "[edit]\n"
        "admin@fw-1(active)# set address a fqdn a.example.net\n"
        "admin@fw-1(active)# delete address b\n"
        "admin@fw-1(active)# move rulebase security rules x top\n"
    )
    found = read_set_format(text, "x", 0)
    scope = found.vsys["vsys1"].scope
    assert (list(scope.applications), list(scope.addresses)) == (["erp"], ["a"])
    assert found.notes[2:] == (
        "Lines that delete, move, rename or copy what is not there were passed over: 2 (lines 7, 8).",
    )


RULES = (
    "set rulebase security rules one source [ 10.0.0.0/8 192.0.2.1 ] action deny\n"
    "set rulebase security rules two disabled yes action allow\n"
    "set rulebase security rules to action drop\n"
    "set address a ip-netmask 192.0.2.9\n"
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param("delete rulebase security rules two", ["one", "to"], id="a rule deleted"),
        pytest.param("move rulebase security rules to top", ["to", "one", "two"], id="to the top"),
        pytest.param("move rulebase security rules one bottom", ["two", "to", "one"], id="to the bottom"),
        pytest.param("move rulebase security rules to before one", ["to", "one", "two"], id="before another"),
        pytest.param("move vsys vsys1 rulebase security rules one after two", ["two", "one", "to"], id="after another"),
        pytest.param("rename rulebase security rules to to three", ["one", "two", "three"], id="renamed"),
        pytest.param(
            "copy rulebase security rules one to four\nset rulebase security rules four action drop",
            ["one", "two", "to", "four"], id="copied, and the copy changed",
        ),
        pytest.param(
            "delete rulebase security rules two\nset rulebase security rules two action deny", ["one", "to", "two"],
            id="deleted and made again",
        ),
        pytest.param("delete network interface ethernet ethernet1/1", ["one", "two", "to"], id="what is not read"),
        pytest.param("delete rulebase security", [], id="a whole rulebase"),
    ],
)  # fmt: skip
def test_lines_that_change_rules_are_followed(lines: str, expected: list[str]) -> None:
    found = read_set_format(RULES + lines, "x", 0)
    assert [rule.name for rule in found.vsys["vsys1"].local.rules.get(Rulebase.SECURITY, ())] == expected
    assert len(found.notes) == 2
    if "four" in expected:
        first, *_, last = found.vsys["vsys1"].local.rules[Rulebase.SECURITY]
        assert (first.action, last.action, last.sources) == ("deny", "drop", first.sources)


def test_what_a_rule_names_can_be_deleted_one_by_one() -> None:
    lines = "delete rulebase security rules one source 10.0.0.0/8\ndelete rulebase security rules two disabled\n"
    one, two, _ = read_set_format(RULES + lines, "x", 0).vsys["vsys1"].local.rules[Rulebase.SECURITY]
    assert (one.sources, two.disabled) == (("192.0.2.1",), False)


@pytest.mark.parametrize(
    "line",
    [
        "delete rulebase security rules gone",
        "delete rulebase security rules one source 198.51.100.1",
        "move rulebase security rules one before one",
        "move rulebase security rules one before gone",
        "move rulebase security rules one",
        "move rulebase top",
        "rename rulebase security rules one to two",
        "copy rulebase security rules gone to other",
        "rename address a to b",
        "delete devices",
    ],
)
def test_changes_that_can_not_be_followed_are_counted(line: str) -> None:
    before = read_set_format(RULES, "x", 0)
    found = read_set_format(RULES + line, "x", 0)
    assert found.vsys == before.vsys
    assert found.notes[2:] == (
        "Lines that delete, move, rename or copy what is not there were passed over: 1 (lines 5).",
    )


def test_an_answer_to_show_config_running_is_no_candidate() -> None:
    found = read_set_format(FIREWALL, "fw.txt", 0, running=True)
    assert (found.kind, found.notes) == (ConfigurationKind.RUNNING, ("In set format no release is said.",))


def test_a_part_says_nothing_of_the_rulebases_that_it_does_not_show() -> None:
    lines = "set rulebase security rules r action deny\nset address a fqdn a.example.net\n"
    part = read_set_format(lines, "x", 0)
    assert list(part.vsys["vsys1"].local.rules) == [Rulebase.SECURITY]
    assert "is only part of a configuration" in part.notes[1]
    whole = read_set_format("set deviceconfig system hostname fw-1\n" + lines, "x", 0)
    assert whole.vsys["vsys1"].local.rules[Rulebase.DECRYPTION] == ()
    assert len(whole.notes) == 1


def test_lines_that_end_early_are_noted_and_take_nothing_down() -> None:
    found = read_set_format("set service s protocol tcp port 80\nset address\nset address a ip-netmask\n", "x", 0)
    assert found.vsys["vsys1"].scope.services == {"s": Service("s", "tcp", "80")}
    assert found.vsys["vsys1"].scope.addresses == {}
    assert found.notes[2:] == ("Set lines that end before their value were passed over: 1 (lines 3).",)


def test_a_stray_quote_costs_its_own_line_only() -> None:
    text = 'set service a protocol tcp port 1\nset address x fqdn "b\n' + "other\n" * 600
    text += "set service c protocol tcp port 3\n"
    assert list(read_set_format(text, "x", 0).vsys["vsys1"].scope.services) == ["a", "c"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", '""', id="empty"),
        pytest.param("hostname fw\nset", '"hostname fw"', id="no set line"),
        pytest.param("set cli pager off\n", '"set cli pager off"', id="another command"),
        pytest.param("set devices a set devices b\n", '"set devices a set devices b"', id="a path that leads nowhere"),
    ],
)
def test_refuses_other_text(text: str, found: str) -> None:
    with pytest.raises(InputError, match=f'^fw.txt: expected lines such as "set rulebase .*, found {found}$'):
        read_set_format(text, "fw.txt", 0)
