"""Configuration-mode lines change configurations as PAN-OS would, and a line that can't be used is named."""

import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.configuration import Configuration, Origin, Place, Rule, Rulebase, Scope
from whydeny.model.errors import UsageError
from whydeny.policy.assemble import assemble
from whydeny.policy.edit import apply_lines, edit
from whydeny.sources.exports.configuration import read_configuration
from whydeny.sources.exports.set_format import read_set_format

FIREWALL = """
set deviceconfig system hostname fw-1
set zone trust network layer3 ethernet1/1
set address h-web ip-netmask 198.51.100.10/32
set address-group g-web static [ h-web h-old ]
set service tcp-81 protocol tcp port 81
set shared address h-shared ip-netmask 198.51.100.99
set rulebase security rules first from trust to untrust source any destination any application any service any action deny
set rulebase security rules OUT from trust to untrust source any destination any source-user any category any
set rulebase security rules OUT application [ ssl web-browsing ] service application-default action allow
set rulebase security rules "Web and mail" from trust to dmz source h-web destination g-web application any action allow
set rulebase security rules "Web and mail" service [ tcp-81 service-http ]
set rulebase decryption rules inspect from trust to untrust source any destination any service any action decrypt
set rulebase decryption rules inspect type ssl-forward-proxy
set rulebase authentication rules ask from trust to untrust source any destination any service any source-user unknown
set rulebase authentication rules ask authentication-enforcement default-web-form
set vsys vsys2 display-name Guests
set vsys vsys2 rulebase security rules guests from guest to untrust action allow
"""
PANORAMA = """
set readonly devices localhost.localdomain device-group Branch parent-dg Sites
set device-group Sites pre-rulebase security rules sites from any to any action allow
set device-group Branch devices 007000000000001
set device-group Branch pre-rulebase security rules up from trust to untrust service application-default action allow
set device-group Branch post-rulebase security rules down from any to any action deny
set device-group Branch address h-branch ip-netmask 10.2.0.1
set shared pre-rulebase security rules everywhere from any to any service any action deny
"""
# A firewall's effective-running: what Panorama pushed is marked and folded into the firewall's own list.
FOLDED = b"""<config version="10.2.0"><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"><rulebase>
<security><rules>
<entry name="shared-first" loc="shared"><action>deny</action><from><member>lab</member></from></entry>
<entry name="branch-first" loc="Branch"><action>allow</action></entry>
<entry name="own"><action>allow</action></entry>
<entry name="branch-last" loc="Branch"><action>deny</action></entry>
</rules></security></rulebase></entry></vsys></entry></devices></config>"""


def firewall() -> Configuration:
    """A firewall with two virtual systems."""
    return read_set_format(FIREWALL, "fw.txt", 0)


def panorama() -> Configuration:
    """A Panorama with a device group below another."""
    return read_set_format(PANORAMA, "panorama.txt", 1)


def changed(*lines: str) -> Configuration:
    """The firewall after some lines."""
    return apply_lines([firewall()], lines)[0]


def rules(
    configuration: Configuration, rulebase: Rulebase = Rulebase.SECURITY, vsys: str = "vsys1"
) -> tuple[Rule, ...]:
    """The local rules of a virtual system."""
    return configuration.vsys[vsys].local.rules[rulebase]


def rule(configuration: Configuration, name: str, rulebase: Rulebase = Rulebase.SECURITY) -> Rule:
    """A local rule of vsys1."""
    return next(one for one in rules(configuration, rulebase) if one.name == name)


def scope(configuration: Configuration) -> Scope:
    """The objects of vsys1."""
    return configuration.vsys["vsys1"].scope


# --- what a line sets is what the same line in a file says


@pytest.mark.parametrize(
    "lines",
    [
        'set rulebase security rules "A new one" from [ trust dmz ] to any source [ h-web 10.0.0.0/8 ] destination any '
        'source-user [ "ex\\\\mk" known-user ] application [ ssl dns ] service [ tcp-81 service-https ] category [ news own ] '
        "schedule office rule-type interzone negate-source yes negate-destination no disabled yes log-start yes log-end no "
        'log-setting fwd tag [ one "two words" ] source-hip managed destination-hip any action reset-both '
        'description "a \\"b\\" c"',
        "set rulebase security rules A source-imsi [ 001010000000001 001010000000002 ] saas-user-list any source-imei any",
        "set rulebase security rules A from trust to untrust action drop icmp-unreachable yes group-tag one\n"
        "set rulebase security rules A option disable-server-response-inspection yes",
        "set rulebase security rules A action allow profile-setting profiles virus strict\n"
        "set rulebase security rules A profile-setting profiles spyware strict",
        "set rulebase security rules A profile-setting group g action allow",
        "set rulebase security rules A target devices 007000000000001 vsys vsys2\n"
        "set rulebase security rules A target devices 007000000000002\n"
        "set rulebase security rules A target negate yes action allow",
        "set rulebase security rules A action allow target tags [ t1 t2 ]",
        "set rulebase decryption rules D source-user any service service-https category news type ssh-proxy action decrypt\n"
        "set rulebase decryption rules D profile strict log-success yes log-fail no",
        "set rulebase decryption rules D type ssl-inbound-inspection certificates cert-1",
        "set rulebase authentication rules B source-user unknown service [ service-http service-https ] timeout 5 "
        "authentication-enforcement ask",
        "set rulebase authentication rules B hip-profiles managed",
        "set rulebase application-override rules O from trust source any protocol udp port 5000-5010 application own",
        "set rulebase default-security-rules rules interzone-default log-end yes\n"
        "set rulebase default-security-rules rules intrazone-default action deny",
        "set vsys vsys2 rulebase security rules more from guest action deny",
        'set address "a b" fqdn www.example.net\nset address "a b" tag [ t1 t2 ] description "x y"',
        "set address r ip-range 10.0.0.1-10.0.0.9\nset address w ip-wildcard 10.0.0.0/0.0.255.0",
        "set address-group d dynamic filter \"'t1' and 't2'\"\nset address-group s static h-web tag t1",
        "set service s protocol udp port 53,5353 source-port 1024-65535 tag t1\n"
        "set service s protocol udp override no\nset service c protocol sctp port 9",
        "set service-group sg members [ tcp-81 service-http ]\nset application-group ag members [ ssl dns ]",
        "set application own default port [ tcp/9100 udp/dynamic ]\n"
        "set application own category business-systems subcategory erp-crm technology client-server risk 3\n"
        "set application own parent-app web-browsing evasive-behavior yes pervasive-use no",
        "set application own default ident-by-ip-protocol 47\nset application two default ident-by-icmp-type type 8\n"
        "set application three default ident-by-icmp6-type type 128",
        "set application-filter f category [ media networking ] risk 5 evasive yes exclude ping tagging tag web",
        "set region HQ address [ 198.51.100.0/24 203.0.113.1-203.0.113.9 ]",
        "set schedule s schedule-type recurring weekly monday [ 08:00-12:00 13:00-17:00 ]\n"
        "set schedule s schedule-type recurring weekly friday 08:00-12:00\n"
        "set schedule d schedule-type recurring daily 00:00-06:00\n"
        "set schedule o schedule-type non-recurring 2024/05/02@08:00-2024/05/03@18:00",
        "set external-list e type ip url http://lists.example.net/e\nset external-list e type ip recurring hourly\n"
        "set external-list e type ip exception-list [ 192.0.2.7 192.0.2.9 ]",
        "set profiles custom-url-category own list [ www.example.net/ *.example.net/ ]\n"
        'set profiles custom-url-category own type "Category Match" description x',
        "set profiles decryption strict ssl-forward-proxy block-expired-certificate yes block-client-cert no\n"
        "set profiles decryption strict ssl-no-proxy block-untrusted-issuer yes\n"
        "set profiles decryption strict ssl-protocol-settings min-version tls1-2 max-version max",
        "set authentication-object ask authentication-method web-form authentication-profile p message hello",
        "set ssl-decrypt ssl-exclude-cert www.example.net exclude yes",
        "set shared address s ip-netmask 10.9.9.9",
        "admin@fw-1# set address p ip-netmask 10.9.9.8",
    ],
    ids=lambda lines: lines.partition("\n")[0][:70],
)
def test_set_on_an_entry_of_its_own_reads_as_in_a_file(lines: str) -> None:
    wanted = read_set_format(f"{FIREWALL}\n{lines}", "fw.txt", 0)
    assert apply_lines([firewall()], lines.splitlines()) == [wanted]


@pytest.mark.parametrize(
    "line",
    [
        'set device-group Branch pre-rulebase security rules "b 2" from trust to untrust application ssl action allow',
        "set device-group Sites post-rulebase decryption rules d action no-decrypt",
        "set device-group Branch post-rulebase default-security-rules rules interzone-default action allow log-end yes",
        "set device-group Branch service s protocol tcp port 8443",
        "set shared post-rulebase security rules last action deny",
        "set shared address-group g static h",
    ],
)
def test_the_forms_of_panorama_read_as_in_a_file(line: str) -> None:
    assert apply_lines([panorama()], [line]) == [read_set_format(f"{PANORAMA}\n{line}", "panorama.txt", 1)]


def test_the_given_configurations_stay_as_they_are() -> None:
    given = [firewall(), panorama()]
    before = deepcopy(given)
    apply_lines(
        given,
        [
            "delete rulebase security rules first",
            "set address h-web ip-netmask 10.1.1.1",
            "set rulebase default-security-rules rules interzone-default action allow",
            "set ssl-decrypt ssl-exclude-cert www.example.net",
            "delete device-group Branch pre-rulebase security rules up",
            "set device-group Branch address more ip-netmask 10.1.1.1",
            "set shared pre-rulebase security rules everywhere action allow",
        ],
    )
    assert given == before


# --- set on what is there


@pytest.mark.parametrize(
    ("line", "field", "wanted"),
    [
        ("application dns", "applications", ("ssl", "web-browsing", "dns")),
        ("application [ dns ssl ]", "applications", ("ssl", "web-browsing", "dns")),
        ("application any", "applications", ("any",)),
        ("service [ service-http service-https ]", "services", ("service-http", "service-https")),
        ("service any", "services", ("any",)),
        ("destination 203.0.113.9", "destinations", ("203.0.113.9",)),
        ("from dmz", "from_zones", ("trust", "dmz")),
        ("action deny", "action", "deny"),
        ("disabled yes", "disabled", True),
        ("schedule office", "schedule", "office"),
    ],
)
def test_set_adds_to_lists_and_replaces_the_rest(line: str, field: str, wanted: object) -> None:
    assert getattr(rule(changed(f"set rulebase security rules OUT {line}"), "OUT"), field) == wanted


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("service [ service-http service-https ]", ["service application-default"]),
        ("destination 203.0.113.9", ["destination any"]),
        ("application any", ["application ssl", "application web-browsing"]),
        ("application dns", []),
        ("source-user any", []),
        (
            "service service-https destination 203.0.113.9",
            ["service application-default", "destination any"],
        ),
    ],
)
def test_what_stands_alone_is_taken_off_before_it_is_pasted(line: str, before: list[str]) -> None:
    whole = f"set rulebase security rules OUT {line}"
    wanted = [f"delete rulebase security rules OUT {words}" for words in before]
    edited = edit([firewall()], [whole])
    assert edited.lines == (*wanted, whole)
    # The lines as they are pasted do the same.
    assert apply_lines([firewall()], edited.lines) == edited.configurations


def test_pasted_lines_are_quoted_where_names_need_it() -> None:
    edited = edit([firewall()], ['fw# set  rulebase security rules "Web and mail"   source [ h-web "a b" ]'])
    assert edited.lines == ('set rulebase security rules "Web and mail" source [ h-web "a b" ]',)


def test_a_new_service_takes_the_place_of_a_new_rules_default() -> None:
    found = changed(
        "set rulebase authentication rules new from trust",
        "set rulebase authentication rules new service service-https",
        "set rulebase authentication rules new service service-http",
    )
    assert rule(found, "new", Rulebase.AUTHENTICATION).services == ("service-https", "service-http")


def test_an_address_of_another_kind_and_a_service_of_another_protocol_take_the_old_ones_place() -> None:
    found = changed(
        "set address h-web fqdn www.example.net",
        "set service tcp-81 protocol tcp source-port 1024-65535",
        "set service tcp-81 protocol udp port 53",
        "set address-group g-web dynamic filter \"'web'\"",
    )
    held = scope(found)
    assert (held.addresses["h-web"].kind, held.addresses["h-web"].value) == ("fqdn", "www.example.net")
    assert (held.services["tcp-81"].protocol, held.services["tcp-81"].source_ports) == ("udp", "")
    assert (held.address_groups["g-web"].members, held.address_groups["g-web"].filter) == ((), "'web'")


# --- delete


@pytest.mark.parametrize(
    ("line", "field", "wanted"),
    [
        ("application ssl", "applications", ("web-browsing",)),
        ("application [ ssl web-browsing ]", "applications", ("any",)),
        ("service application-default", "services", ("application-default",)),
        ("service", "services", ("application-default",)),
        ("action", "action", "allow"),
        ("from", "from_zones", ("any",)),
    ],
)
def test_delete_leaves_what_an_absent_element_means(line: str, field: str, wanted: object) -> None:
    assert getattr(rule(changed(f"delete rulebase security rules OUT {line}"), "OUT"), field) == wanted


@pytest.mark.parametrize(
    ("lines", "field", "wanted"),
    [
        (
            ["target devices 0071 vsys [ vsys1 vsys2 ]", "target devices 0072"],
            "targets",
            ("0071/vsys1", "0071/vsys2", "0072"),
        ),
        (["target devices 0071", "target devices 0071 vsys vsys1"], "targets", ("0071/vsys1",)),
        (["target tags t1", "target devices [ 0071 0072 ]", "-target devices 0071"], "targets", ("tag:t1", "0072")),
        (["target tags t1", "target devices 0071", "-target tags"], "targets", ("0071",)),
        (["target negate yes", "target devices 0071", "-target"], "targets", ()),
        (["target negate yes", "-target negate"], "target_negate", False),
        (["profile-setting group g", "profile-setting profiles virus v"], "profiles", ("virus:v",)),
        (["profile-setting profiles virus v", "profile-setting profiles virus w"], "profiles", ("virus:w",)),
        (["profile-setting profiles virus v", "-profile-setting"], "profiles", ()),
    ],
    ids=str,
)
def test_targets_and_profiles(lines: list[str], field: str, wanted: object) -> None:
    written = [
        f"{'delete' if line.startswith('-') else 'set'} rulebase security rules OUT {line.lstrip('-')}"
        for line in lines
    ]
    assert getattr(rule(changed(*written), "OUT"), field) == wanted


def test_whole_entries_are_deleted() -> None:
    found = changed(
        "delete rulebase security rules first",
        "delete address h-web",
        "delete rulebase decryption rules inspect",
        "set rulebase default-security-rules rules interzone-default action allow",
        "delete rulebase default-security-rules rules interzone-default",
        "set ssl-decrypt ssl-exclude-cert www.example.net",
        "delete ssl-decrypt ssl-exclude-cert www.example.net",
    )
    assert [one.name for one in rules(found)] == ["OUT", "Web and mail"]
    assert [one.position for one in rules(found)] == [1, 2]
    assert "h-web" not in scope(found).addresses
    assert rules(found, Rulebase.DECRYPTION) == ()
    assert found.vsys["vsys1"].local.defaults == {}
    assert scope(found).ssl_exclusions == ()


def test_parts_of_objects_are_deleted() -> None:
    found = changed(
        "delete address-group g-web static h-old",
        "set profiles decryption p ssl-no-proxy block-untrusted-issuer yes block-expired-certificate yes",
        "delete profiles decryption p ssl-no-proxy block-untrusted-issuer",
        "set schedule s schedule-type recurring weekly monday [ 08:00-09:00 10:00-11:00 ]",
        "delete schedule s schedule-type recurring weekly monday 08:00-09:00",
    )
    held = scope(found)
    assert held.address_groups["g-web"].members == ("h-web",)
    assert held.decryption_profiles["p"].blocks == {"ssl-no-proxy": ("block-expired-certificate",)}
    assert held.schedules["s"].weekly == {"monday": ("10:00-11:00",)}


# --- move and rename


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["move rulebase security rules OUT top"], ["OUT", "first", "Web and mail"]),
        (["move rulebase security rules first bottom"], ["OUT", "Web and mail", "first"]),
        (['move rulebase security rules "Web and mail" before OUT'], ["first", "Web and mail", "OUT"]),
        (['move rulebase security rules first after "Web and mail"'], ["OUT", "Web and mail", "first"]),
        (["move rulebase security rules first before OUT"], ["first", "OUT", "Web and mail"]),
        (["set rulebase security rules new action deny"], ["first", "OUT", "Web and mail", "new"]),
        (
            ["set rulebase security rules new action deny", "move rulebase security rules new before OUT"],
            ["first", "new", "OUT", "Web and mail"],
        ),
        (['rename rulebase security rules OUT to "OUT 2"'], ["first", "OUT 2", "Web and mail"]),
    ],
    ids=str,
)
def test_order_and_names(lines: list[str], wanted: list[str]) -> None:
    found = rules(changed(*lines))
    assert [one.name for one in found] == wanted
    assert [one.position for one in found] == list(range(1, len(wanted) + 1))


# --- levels


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "set device-group Branch pre-rulebase security rules new action deny",
            ["shared-first", "branch-first", "new", "own", "branch-last"],
        ),
        (
            "set device-group Branch post-rulebase security rules new action deny",
            ["shared-first", "branch-first", "own", "branch-last", "new"],
        ),
        ("set rulebase security rules new action deny", ["shared-first", "branch-first", "own", "new", "branch-last"]),
        ("move rulebase security rules own top", ["shared-first", "branch-first", "own", "branch-last"]),
        (
            "set shared post-rulebase security rules new action deny",
            ["shared-first", "branch-first", "own", "new", "branch-last"],
        ),
    ],
)
def test_folded_rules_keep_their_order_around_a_new_one(line: str, wanted: list[str]) -> None:
    given = read_configuration(FOLDED, "effective.xml", 0)
    (found,) = apply_lines([given], [line])
    assert [one.name for one in rules(found)] == wanted
    assert {one.name: one.origin for one in rules(found)}["branch-last"] == Origin(Place.POST, "Branch", panorama=True)


def test_a_pushed_rule_is_changed_wherever_it_is_seen_and_nowhere_made() -> None:
    given = [read_configuration(FOLDED, "effective.xml", 0), panorama()]
    folded, held = apply_lines(given, ["set device-group Branch pre-rulebase security rules branch-first action deny"])
    assert rule(folded, "branch-first").action == "deny"
    assert held == panorama()


def test_a_pushed_rule_of_an_unnamed_group_is_found_by_any_name() -> None:
    answer = (
        b'<response status="success"><result><policy><panorama><pre-rulebase><security><rules>'
        b'<entry name="pushed"><action>allow</action></entry></rules></security></pre-rulebase></panorama></policy>'
        b"</result></response>"
    )
    given = read_configuration(answer, "pushed-shared-policy.xml", 0)
    (found,) = apply_lines([given], ["set device-group Any pre-rulebase security rules pushed action deny"])
    assert found.vsys[""].pushed_pre.rules[Rulebase.SECURITY][0].action == "deny"


def test_a_line_without_a_level_is_for_the_virtual_system_or_group_that_is_asked_for() -> None:
    (found,) = apply_lines([firewall()], ["set rulebase security rules guests action deny"], vsys="Guests")
    assert rules(found, vsys="vsys2")[0].action == "deny"
    (held,) = apply_lines(
        [panorama()],
        ["set pre-rulebase security rules up action deny", "set address h-branch ip-netmask 10.2.0.2"],
        device_group="Branch",
    )
    group = held.device_groups["Branch"]
    assert group.pre.rules[Rulebase.SECURITY][0].action == "deny"
    assert group.scope.addresses["h-branch"].value == "10.2.0.2"


def test_an_edited_policy_is_assembled_in_order() -> None:
    policy = assemble(
        changed_all(
            "set rulebase security rules new from trust action allow",
            "move rulebase security rules new before OUT",
            "set rulebase default-security-rules rules interzone-default action allow",
        ),
        "vsys1",
    )
    found = policy.rules[Rulebase.SECURITY]
    assert [(one.number, one.name) for one in found] == [
        (1, "first"), (2, "new"), (3, "OUT"), (4, "Web and mail"), (5, "intrazone-default"), (6, "interzone-default"),
    ]  # fmt: skip
    assert found[-1].action == "allow"


def changed_all(*lines: str) -> list[Configuration]:
    """The firewall after some lines, as a list."""
    return apply_lines([firewall()], lines)


# --- lines that can't be used


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("edit rulebase security", "expected set, delete, move, rename, found 'edit'"),
        ("commit", "found 'commit'"),
        ("set", "found the end of the line"),
        ("set network interface ethernet ethernet1/1", "expected rules or one of address, address-group"),
        ("set rulebase nat rules x", "expected a rulebase: security, decryption"),
        ("set rulebase security OUT", "expected rules: rules after 'security', found 'OUT'"),
        ("set rulebase security rules", "expected the name of a rule"),
        ("set rulebase security rules OUT", "expected one of action, application"),
        ("set rulebase security rules OUT colour red", "found 'colour'"),
        ("set rulebase security rules OUT action permit", "expected action: allow, deny, drop"),
        ("set rulebase security rules OUT disabled maybe", "expected disabled: yes, no after 'disabled', found 'maybe'"),
        ("set rulebase security rules OUT service [ a b", "expected a \"]\" that ends the list"),
        ("set rulebase security rules OUT service [a b]", "brackets stand alone, as in [ a b ]"),
        ("set rulebase security rules OUT service [ ]", "expected a value or [ values ] for service"),
        ("set rulebase security rules OUT service [ any x ]", "expected any alone"),
        ("set rulebase security rules OUT service", "found the end of the line"),
        ('set rulebase security rules "OUT service any', "expected a quote that closes the text"),
        ("set rulebase security rules OUT profile strict", "found 'profile'"),
        ("set rulebase decryption rules inspect application ssl", "found 'application'"),
        ("set rulebase authentication rules ask timeout soon", "expected a number for timeout"),
        (f"set rulebase security rules {'x' * 64} action deny", "expected a name of at most 63 characters"),
        ("set rulebase default-security-rules rules other action deny", "intrazone-default, interzone-default"),
        ("delete rulebase default-security-rules rules interzone-default", "which is as it comes"),
        ("delete rulebase security rules", "expected the name of a rule"),
        ("delete rulebase security rules out", "expected a rule that is there (OUT, first"),
        ("delete rulebase security rules OUT application dns", "expected a member of application (ssl, web-browsing)"),
        ("delete rulebase security rules OUT action allow", "expected the end of the line"),
        ("move rulebase security rules OUT up", "expected where to: before, after, top, bottom"),
        ("move rulebase security rules OUT before OUT", "expected another rule"),
        ("move rulebase security rules OUT before nothing", "expected a rule of the same list"),
        ("move rulebase security rules OUT top now", "expected nothing more after 'top', found 'now'"),
        ("rename rulebase security rules OUT to first", "expected a name that no rule has yet"),
        ("rename rulebase security rules OUT first", "expected to: to"),
        ("rename address h-web to h", "expected set or delete of an object"),
        ("move address h-web top", "expected set or delete of an object"),
        ("set vsys vsys9 rulebase security rules x action deny", "expected a virtual system (vsys1, vsys2)"),
        ("set vsys vsys1 pre-rulebase security rules x action deny", "expected device-group NAME or shared before it"),
        ("set pre-rulebase security rules x action deny", "expected device-group NAME or shared before it"),
        ("set device-group A rulebase security rules x", "expected pre-rulebase or post-rulebase after device-group A"),
        ("set device-group A pre-rulebase security rules x", "no Panorama configuration and no pushed rules"),
        ("set device-group A address x fqdn a", "expected a device group (none is among the inputs)"),
        ("set address h-new tag t1", "expected a value for h-new, found no line that gives it one"),
        ("set address h-new", "expected a setting of address h-new"),
        ("set address h-new ip-netmask", "expected a value for ip-netmask"),
        ("set service x protocol tcp", "expected one of override, port, source-port"),
        ("set service x protocol icmp", "expected one of sctp, tcp, udp"),
        ("set profiles virus x", "expected one of custom-url-category, decryption"),
        ("delete address h-gone", "expected the name of an address"),
        ("delete address-group g-web static h-none", "expected a member of static (h-web, h-old)"),
        ("set application own signature s comment x", "found 'signature'"),
    ],
)  # fmt: skip
def test_a_line_that_cant_be_used_is_named(line: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        apply_lines([firewall()], ["", "# a comment", "set address ok ip-netmask 10.0.0.1", line])
    assert str(caught.value).startswith("line 4: expected ")
    assert told in str(caught.value)


def test_default_rules_stand_among_the_post_rules_of_panorama() -> None:
    with pytest.raises(UsageError, match="post-rulebase, where default rules stand"):
        apply_lines(
            [panorama()],
            ["set device-group Branch pre-rulebase default-security-rules rules interzone-default log-end yes"],
        )


def test_with_two_firewalls_nothing_is_guessed() -> None:
    other = read_set_format(FIREWALL.replace("fw-1", "fw-2"), "other.txt", 1)
    with pytest.raises(UsageError, match="one firewall's configuration") as caught:
        apply_lines([firewall(), other], ["set rulebase security rules OUT action deny"])
    assert "fw-1, fw-2" in str(caught.value)


# --- lines as they are pasted: prompts, breaks lost, typing mistakes


@pytest.mark.parametrize(
    "pasted",
    [
        [
            "admin@fw-1# set address p ip-netmask 10.9.9.8",
            "[edit]",
            "admin@fw-1#",
            "admin@fw-1# set address q ip-netmask 10.9.9.9",
        ],
        [
            "[edit]",
            "admin@fw-1(active)# set address p ip-netmask 10.9.9.8 admin@fw-1(active)# set address q ip-netmask 10.9.9.9",
        ],
        ["\tadmin@fw-1> set address p ip-netmask 10.9.9.8   ", "", "  set address q ip-netmask 10.9.9.9\r"],
        [
            'set address p ip-netmask 10.9.9.8 description "by admin@fw-1# set by hand"',
            "set address q ip-netmask 10.9.9.9",
        ],
    ],
    ids=["a session", "on one line", "with blanks", "a prompt in a text"],
)
def test_what_a_terminal_shows_is_taken_as_it_is_pasted(pasted: list[str]) -> None:
    addresses = scope(changed(*pasted)).addresses
    assert [addresses[name].value for name in ("p", "q")] == ["10.9.9.8", "10.9.9.9"]


def test_lines_on_one_line_are_pasted_one_by_one() -> None:
    line = (
        "a@fw# set address p ip-netmask 10.0.0.1 a@fw# move rulebase security rules OUT top a@fw# delete address h-web"
    )
    assert edit([firewall()], [line]).lines == (
        "set address p ip-netmask 10.0.0.1", "move rulebase security rules OUT top", "delete address h-web",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("set rulebase security rules OUT service [ service-http, service-https ]", "spaces part them, no commas"),
        ("set rulebase security rules OUT application [ ssl; dns ]", "spaces part them, no commas"),
        ("set rulebase security rules 'Web' application ssl", "double quotes around one with spaces"),
        ("set rulebase security rules “Web and mail” application ssl", "double quotes around one with spaces"),
        ("rename rulebase security rules OUT to out?", "letters, digits, spaces, hyphens, underscores, periods"),
        (
            "set rulebase security rules OUT application dns; set rulebase security rules OUT log-end yes",
            "after 'dns;'",
        ),
    ],
)
def test_typing_mistakes_are_told(line: str, told: str) -> None:
    with pytest.raises(UsageError, match="line 1: expected ") as caught:
        apply_lines([firewall()], [line])
    assert told in str(caught.value)


ALL_OF_A_RULE = "from trust to dmz source any destination any application dns service any action allow"


@pytest.mark.parametrize(
    ("lines", "notes"),
    [
        (["set rulebase security rules OUT application dns"], []),
        ([f"set rulebase security rules New {ALL_OF_A_RULE}"], []),
        ([f"set rulebase security rules Oout {ALL_OF_A_RULE}"], ["Oout is a new rule; the one that is there is called OUT"]),
        (["set rulebase security rules New application dns", "set rulebase security rules New from trust"],
         ["the new rule New is replayed with to any, source any, destination any, service application-default and action allow, "
          "which no line gives it: PAN-OS may refuse to commit it so"]),
        (["set rulebase decryption rules New from trust to dmz source any action decrypt"],
         ["the new rule New is replayed with destination any, which no line gives it: PAN-OS may refuse to commit it so"]),
        (["set rulebase security rules New application dns", "delete rulebase security rules New"], []),
    ],
    ids=["none", "whole", "like another", "criteria missing", "decryption", "taken back"],
)  # fmt: skip
def test_what_of_new_rules_may_not_be_meant_is_noted(lines: list[str], notes: list[str]) -> None:
    assert list(edit([firewall()], lines).notes) == notes


VOCABULARY = """
    set delete move rename vsys vsys1 device-group Branch shared rulebase rules OUT first ask new to interzone-default
    from source destination service application any application-default [ ] yes no action allow deny before after top
    bottom target negate devices tags profile-setting group profiles virus type ssl-forward-proxy address h-web ip-netmask
    fqdn static dynamic filter protocol tcp port 80 schedule-type recurring weekly monday risk 5 members default list
    exclude ip url tag timeout hip-profiles category evasive disabled block-client-cert authentication-method "two #
"""
HEADS = (
    "", "set", "set rulebase security rules OUT", "set rulebase security rules new", "delete rulebase security rules OUT",
    "move rulebase security rules OUT", "rename rulebase security rules OUT", "set rulebase decryption rules inspect",
    "set rulebase authentication rules ask", "set rulebase application-override rules o", "delete rulebase decryption rules",
    "set rulebase default-security-rules rules intrazone-default", "set device-group Branch pre-rulebase security rules up",
    "set shared post-rulebase security rules last", "set address h-new", "set address-group g-web", "delete address-group",
    "set service tcp-81", "set service-group s", "set application own", "set application-filter f", "set schedule s",
    "set external-list e", "set profiles decryption p", "set profiles custom-url-category c", "set region r",
    "set authentication-object a", "set ssl-decrypt ssl-exclude-cert", "delete profiles", "set vsys vsys2",
)  # fmt: skip
TAILS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=7).map(" ".join)
LINES = st.builds("{} {}".format, st.sampled_from(HEADS), TAILS)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_any_words_are_applied_or_refused_with_a_line(lines: list[str]) -> None:
    given_ones = [firewall(), panorama()]
    before = deepcopy(given_ones)
    told, found = "", []
    try:
        found = apply_lines(given_ones, lines)
    except UsageError as error:
        told = str(error)
    assert re.match(r"line [1-4]: expected " if told else "$", told)
    assert assemble(found[:1] or given_ones[:1]).rules
    assert given_ones == before


def test_hostile_text_is_made_safe() -> None:
    with pytest.raises(UsageError) as caught:
        apply_lines([firewall()], ["set rulebase security rules \x1b[31mOUT"])
    assert str(caught.value).isprintable()
