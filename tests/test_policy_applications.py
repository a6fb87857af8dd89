"""Application and service: groups, containers, filters, ports, and application-default by release and decryption."""

import pytest

from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.configuration import (
    ApplicationFilter,
    CustomApplication,
    Group,
    Origin,
    Place,
    Policy,
    Rule,
    Rulebase,
    Scope,
    Service,
)
from whydeny.model.protocols import ICMP, ICMP6, SCTP, TCP, UDP
from whydeny.model.release import Release
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationBook, Catalog, Hints
from whydeny.policy.defaults import Defaults
from whydeny.policy.names import Names
from whydeny.policy.questions import named_applications
from whydeny.policy.services import Ports, ServiceBook, read_ports

YES, NO, OPEN = Truth.MATCH, Truth.NO_MATCH, Truth.UNKNOWN

SCOPE = Scope(
    "vsys1",
    services={
        "s-web": Service("s-web", "tcp", "80, 8000-8080"),
        "s-dns": Service("s-dns", "udp", "53"),
        "s-low": Service("s-low", "tcp", "514", source_ports="1-1023"),
        "s-sctp": Service("s-sctp", "sctp", "2905"),
        "s-bad": Service("s-bad", "tcp", "http"),
        "s-odd": Service("s-odd", "gre", "1"),
        "service-https": Service("service-https", "tcp", "4443"),
        "any": Service("any", "tcp", "3"),
    },
    service_groups={
        "sg-both": Group("sg-both", ("s-web", "sg-in")),
        "sg-in": Group("sg-in", ("s-dns", "sg-both")),
        "sg-any": Group("sg-any", ("any",)),
        "sg-lost": Group("sg-lost", ("s-web", "gone")),
    },
    applications={
        "Own": CustomApplication("Own", ("tcp/7000",), parent="web-browsing", category="business-systems", risk=5),
        "own-free": CustomApplication("own-free", category="business-systems"),
        "own-echo": CustomApplication("own-echo", icmp_types=(8,)),
        "own-echo6": CustomApplication("own-echo6", icmp6_types=(128,)),
        "dns": CustomApplication("dns", ("udp/5353",)),
    },
    application_groups={
        "ag": Group("ag", ("SSL", "ag-in")),
        "ag-in": Group("ag-in", ("own", "af-risky", "ag")),
    },
    application_filters={
        "af-risky": ApplicationFilter("af-risky", risks=("4", "5"), exclude=("ftp",)),
        "af-mail": ApplicationFilter("af-mail", categories=("collaboration",), subcategories=("email", "instant-messaging")),
        "af-evasive": ApplicationFilter("af-evasive", flags=("evasive",)),
        "af-both": ApplicationFilter("af-both", flags=("evasive", "is-saas")),
        "af-odd": ApplicationFilter("af-odd", categories=("networking",), other=("saas-risk",)),
        "af-tag": ApplicationFilter("af-tag", tags=("Web App",)),
    },
)  # fmt: skip
KNOWN = (
    Application("web-browsing", ("tcp/80",), category="general-internet", risk=4, flags=("evasive",)),
    Application("ssl", ("tcp/443",), category="networking", risk=2, tags=("Web App",)),
    Application("ftp", ("tcp/21",), category="general-internet", risk=5),
    Application("smtp", ("tcp/25",), ("tcp/465",), category="collaboration", subcategory="email"),
    Application("chat-base", ("tcp/443", "tcp/5000-5010"), container="Chat", category="collaboration"),
    Application("chat-files", ("tcp/dynamic",), container="Chat"),
    Application("ping", icmp_types=(8,)),
    Application("gre", ip_protocols=(47,)),
    Application("many", ("tcp/443-445, 4444", "udp/dynamic")),
    Application("strange", ("tcp/80", "tcp/http")),
    Application("unknown-tcp"),
)


def catalog(complete: bool = False) -> Catalog:
    return Catalog(Names((SCOPE,)), ApplicationTable({a.name: a for a in KNOWN}, complete=complete))


@pytest.mark.parametrize(
    ("members", "name", "wanted"),
    [
        pytest.param(("any",), "ssl", YES, id="any"),
        pytest.param(("ssl",), "SSL", YES, id="names compare without case"),
        pytest.param(("ssl",), "web-browsing", NO, id="another name"),
        pytest.param(("web-browsing",), "Own", NO, id="a custom application is not its parent"),
        pytest.param(("own",), "Own", YES, id="a custom application"),
        pytest.param(("chat",), "chat-files", YES, id="a container covers its children"),
        pytest.param(("chat-base",), "chat-files", NO, id="a -base member does not cover its siblings"),
        pytest.param(("chat",), "ssl", NO, id="a container and an application outside it"),
        pytest.param(("chat",), "odd-app", OPEN, id="a container and an application in no table"),
        pytest.param(("odd-app",), "odd-app", YES, id="a name in no table, by itself"),
        pytest.param(("odd-app",), "ssl", NO, id="a name in no table and a known application"),
        pytest.param(("odd-app",), "other-app", OPEN, id="a name in no table may be a container"),
        pytest.param(("any-of", "ssl"), "ssl", YES, id="one of several"),
        pytest.param(("ag",), "ssl", YES, id="a group"),
        pytest.param(("ag",), "own", YES, id="a nested group"),
        pytest.param(("ag",), "web-browsing", YES, id="a filter in a nested group"),
        pytest.param(("ag",), "smtp", OPEN, id="an application whose risk the table lacks"),
        pytest.param(("af-risky",), "ftp", NO, id="excluded from a filter"),
        pytest.param(("af-risky",), "Own", YES, id="a filter takes custom applications"),
        pytest.param(("af-mail",), "smtp", YES, id="a filter on two attributes"),
        pytest.param(("af-mail",), "ssl", NO, id="a filter on two attributes, one miss"),
        pytest.param(("af-mail",), "chat-base", OPEN, id="a filter on two attributes, one not known"),
        pytest.param(("af-evasive",), "web-browsing", YES, id="a filter on a characteristic"),
        pytest.param(("af-evasive",), "own", NO, id="a custom application without the characteristic"),
        pytest.param(("af-both",), "web-browsing", OPEN, id="one of two characteristics: all of them may be meant"),
        pytest.param(("af-both",), "own", NO, id="none of two characteristics"),
        pytest.param(("af-odd",), "ssl", OPEN, id="a filter that asks what can't be judged"),
        pytest.param(("af-odd",), "ftp", NO, id="a filter that can't be judged, but misses anyway"),
        pytest.param(("af-tag",), "ssl", YES, id="a filter on a tag"),
        pytest.param(("af-tag",), "ftp", OPEN, id="a filter on a tag the table does not have"),
        pytest.param(("ftp",), "incomplete", YES, id="before App-ID has settled any application fits"),
        pytest.param(("ftp",), "not-applicable", YES, id="refused before App-ID looked"),
        pytest.param(("ftp",), None, YES, id="no application at all"),
    ],
)
def test_an_application_is_among_the_members_or_not(members, name, wanted):
    known = catalog()
    field = ApplicationBook(known).field(members)
    assert field.decide(known.seen(name)) is wanted
    if wanted is OPEN:
        assert field.needs(known.seen(name))


@pytest.mark.parametrize(
    ("members", "name", "wanted"),
    [
        pytest.param(("odd-app",), "other-app", NO, id="a complete table knows every container"),
        pytest.param(("chat",), "other-app", NO, id="and every child"),
        pytest.param(("af-evasive",), "ftp", NO, id="and every characteristic"),
    ],
)
def test_a_complete_table_leaves_less_open(members, name, wanted):
    known = catalog(complete=True)
    assert ApplicationBook(known).field(members).decide(known.seen(name)) is wanted


@pytest.mark.parametrize(
    ("members", "hints", "wanted"),
    [
        pytest.param(("chat",), Hints(container="chat"), YES, id="the row's container"),
        pytest.param(("chat",), Hints(container="other"), NO, id="another container"),
        pytest.param(("af-mail",), Hints(category="collaboration", subcategory="email"), YES, id="the row's category"),
        pytest.param(("af-mail",), Hints(category="media"), NO, id="another category"),
        pytest.param(("af-risky",), Hints(risk=5), YES, id="the row's risk"),
        pytest.param(
            ("af-evasive",), Hints(characteristics="used-by-malware,evasive-behavior"), YES, id="characteristics"
        ),
        pytest.param(("af-both",), Hints(characteristics="is-saas;evasive-behavior"), YES, id="both characteristics"),
        pytest.param(("af-evasive",), Hints(characteristics="pervasive-use"), NO, id="other characteristics"),
    ],
)
def test_the_rows_own_columns_stand_in_for_the_table(members, hints, wanted):
    known = catalog()
    assert ApplicationBook(known).field(members).decide(known.seen("odd-app", hints)) is wanted


@pytest.mark.parametrize(
    ("members", "name", "path"),
    [
        (("ag",), "own", ("ag", "ag-in", "own")),
        (("ag",), "web-browsing", ("ag", "ag-in", "af-risky", "web-browsing")),
        (("chat",), "chat-files", ("chat", "chat-files")),
        (("any",), "ssl", ("any",)),
    ],
)
def test_the_path_to_the_member_that_decided(members, name, path):
    known = catalog()
    assert ApplicationBook(known).field(members).path_to(known.seen(name)) == path


@pytest.mark.parametrize(
    ("members", "ports", "wanted"),
    [
        pytest.param(("any",), Ports(ICMP), YES, id="any takes every protocol"),
        pytest.param(("s-web",), Ports(TCP, 1, 8080), YES, id="the end of a port range"),
        pytest.param(("s-web",), Ports(TCP, 1, 8081), NO, id="past a port range"),
        pytest.param(("s-web",), Ports(UDP, 1, 80), NO, id="another protocol"),
        pytest.param(("s-web",), Ports(ICMP), NO, id="ICMP has no tcp service"),
        pytest.param(("s-sctp",), Ports(SCTP, 1, 2905), YES, id="sctp"),
        pytest.param(("s-low",), Ports(TCP, 1023, 514), YES, id="a source port"),
        pytest.param(("s-low",), Ports(TCP, 1024, 514), NO, id="another source port"),
        pytest.param(("s-low",), Ports(TCP, None, 514), OPEN, id="a source port that is not known"),
        pytest.param(("s-low",), Ports(TCP, 1024, None), NO, id="a source port settles it without the other"),
        pytest.param(("s-web",), Ports(TCP, 1, None), OPEN, id="a port that is not known"),
        pytest.param(("s-web",), Ports(None, 1, 80), OPEN, id="a protocol that is not known"),
        pytest.param(("service-http",), Ports(TCP, 1, 8080), YES, id="predefined service-http"),
        pytest.param(("service-https",), Ports(TCP, 1, 4443), YES, id="a user-made service-https"),
        pytest.param(("service-https",), Ports(TCP, 1, 443), NO, id="hides the predefined one"),
        pytest.param(("sg-both",), Ports(UDP, 1, 53), YES, id="groups that hold each other"),
        pytest.param(("sg-any",), Ports(TCP, 1, 3), YES, id="an object named any, in a group"),
        pytest.param(("sg-any",), Ports(TCP, 1, 4), NO, id="is not the word any"),
        pytest.param(("sg-lost",), Ports(TCP, 1, 9), OPEN, id="a name without an object"),
        pytest.param(("sg-lost",), Ports(TCP, 1, 80), YES, id="beside one that decides"),
        pytest.param(("s-bad",), Ports(TCP, 1, 80), OPEN, id="ports that can't be read"),
        pytest.param(("s-odd",), Ports(TCP, 1, 80), OPEN, id="a protocol that no service has"),
    ],
)
def test_a_flow_uses_a_service_or_not(members, ports, wanted):
    field = ServiceBook(Names((SCOPE,))).field(members)
    assert field.decide(ports) is wanted
    if wanted is OPEN:
        assert field.needs(ports)


@pytest.mark.parametrize(
    ("members", "ports", "text"),
    [
        (("s-web",), Ports(TCP, 1, 443), "s-web is tcp/80, 8000-8080; this was tcp/443"),
        (("s-low",), Ports(TCP, 4000, 514), "s-low is tcp/514 from port 1-1023, and this came from port 4000"),
        (("s-web",), Ports(ICMP), "services are tcp, udp or sctp, and this was icmp"),
    ],
)
def test_a_service_that_misses_says_why(members, ports, text):
    assert ServiceBook(Names((SCOPE,))).field(members).miss_text(ports) == text


@pytest.mark.parametrize(
    ("protocol", "ports", "wanted"),
    [
        pytest.param("udp", "1-65535", YES, id="a range of ports"),
        pytest.param("tcp", "80", NO, id="another protocol"),
        pytest.param(None, None, OPEN, id="a rule without ports"),
    ],
)
def test_an_override_rule_has_a_protocol_and_ports(protocol, ports, wanted):
    rule = Rule("o", Rulebase.OVERRIDE, 1, Origin(Place.LOCAL), override_protocol=protocol, override_ports=ports)
    assert ServiceBook(Names((SCOPE,))).override_field(rule).decide(Ports(UDP, 1, 80)) is wanted


@pytest.mark.parametrize("text", ["", "80,", "http", "90-80", "65536", "-1", "8٠"])
def test_ports_that_can_not_be_read(text):
    assert read_ports(text) is None


V81, V90 = Release(8, 1, 19), Release(9, 0)


@pytest.mark.parametrize(
    ("release", "name", "ports", "decrypted", "wanted"),
    [
        pytest.param(V81, "web-browsing", Ports(TCP, 1, 80), False, YES, id="8.1 clear web on 80"),
        pytest.param(V81, "web-browsing", Ports(TCP, 1, 443), True, NO, id="8.1 decrypted web on 443"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 443), True, YES, id="9.0 decrypted web on 443"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 80), True, NO, id="9.0 decrypted web on 80"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 443), False, NO, id="9.0 clear web on 443"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 8443), True, NO, id="9.0 decrypted web on another port"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 443), None, OPEN, id="9.0 web on 443, decryption not known"),
        pytest.param(V90, "web-browsing", Ports(TCP, 1, 8443), None, NO, id="9.0 off both ports, decryption not known"),
        pytest.param(V81, "web-browsing", Ports(TCP, 1, 80), None, YES, id="8.1 does not ask for decryption"),
        pytest.param(
            None, "web-browsing", Ports(TCP, 1, 443), True, OPEN, id="release not known, decrypted web on 443"
        ),
        pytest.param(None, "web-browsing", Ports(TCP, 1, 80), False, YES, id="release not known, clear web on 80"),
        pytest.param(None, "web-browsing", Ports(TCP, 1, 443), False, NO, id="release not known, clear web on 443"),
        pytest.param(None, "ssl", Ports(TCP, 1, 443), None, YES, id="ssl asks for neither"),
        pytest.param(V90, "smtp", Ports(TCP, 1, 465), True, YES, id="9.0 decrypted mail on its TLS port"),
        pytest.param(V90, "ftp", Ports(TCP, 1, 990), True, YES, id="9.0 the TLS port of a table without one"),
        pytest.param(V90, "chat-base", Ports(TCP, 1, 5010), True, YES, id="a port range"),
        pytest.param(V90, "chat-base", Ports(UDP, 1, 443), False, NO, id="another protocol"),
        pytest.param(V90, "chat-files", Ports(TCP, 1, 12345), False, YES, id="tcp/dynamic is any port"),
        pytest.param(V90, "many", Ports(TCP, 1, 4444), False, YES, id="a list with a blank"),
        pytest.param(V90, "ping", Ports(ICMP, 0, 0), False, YES, id="by ICMP type"),
        pytest.param(V90, "ping", Ports(TCP, 1, 7), False, NO, id="by ICMP type, over tcp"),
        pytest.param(V90, "gre", Ports(47, 0, 0), False, YES, id="by IP protocol"),
        pytest.param(V90, "strange", Ports(TCP, 1, 80), False, YES, id="one readable port of two"),
        pytest.param(V90, "strange", Ports(TCP, 1, 81), False, OPEN, id="a port that can't be read"),
        pytest.param(V90, "dns", Ports(UDP, 1, 5353), False, YES, id="a custom application hides the predefined one"),
        pytest.param(V90, "own-free", Ports(UDP, 1, 1), False, YES, id="a custom application without ports"),
        pytest.param(V90, "unknown-tcp", Ports(TCP, 1, 1), False, YES, id="predefined without ports"),
        pytest.param(V90, "odd-app", Ports(TCP, 1, 443), False, OPEN, id="an application in no table"),
        pytest.param(V90, "ssl", Ports(TCP, 1, None), False, OPEN, id="a port that is not known"),
        pytest.param(V90, "ssl", Ports(None, 1, 443), False, OPEN, id="a protocol that is not known"),
    ],
)
def test_application_default(release, name, ports, decrypted, wanted):
    known = catalog()
    judged = Defaults(known, release).judge(known.seen(name), ports, decrypted, None)
    assert judged.result is wanted
    assert judged.detail
    assert bool(judged.settle) is (wanted is OPEN)


@pytest.mark.parametrize(
    ("icmp_type", "wanted"), [(8, YES), (13, NO), (None, YES)], ids=["its type", "another type", "a type nobody logged"]
)
def test_application_default_by_icmp_type(icmp_type, wanted):
    known = catalog()
    assert Defaults(known, V90).decide(known.seen("ping"), Ports(ICMP), None, icmp_type) is wanted


@pytest.mark.parametrize(
    ("name", "protocol", "wanted"),
    [("own-echo", ICMP, YES), ("own-echo", ICMP6, NO), ("own-echo6", ICMP6, YES), ("own-echo6", ICMP, NO)],
)
def test_a_made_application_by_icmp_type_is_of_its_own_protocol_alone(name, protocol, wanted):
    known = catalog()
    assert Defaults(known, V90).decide(known.seen(name), Ports(protocol), None, None) is wanted
    union = Defaults(known, V90).union(ApplicationBook(known).field((name,)))
    assert union.decide(Ports(protocol), None) is (OPEN if wanted is YES else NO)


@pytest.mark.parametrize(
    ("release", "name", "ports", "decrypted", "detail"),
    [
        (V90, "web-browsing", Ports(TCP, 1, 443), False,
         "application-default of web-browsing is tcp/80; this was tcp/443, in clear"),
        (V90, "web-browsing", Ports(TCP, 1, 8443), True,
         "application-default of web-browsing is tcp/443 inside TLS; this was tcp/8443, decrypted"),
        (V81, "web-browsing", Ports(TCP, 1, 443), True,
         "application-default of web-browsing is tcp/80 before PAN-OS 9.0, decrypted or not; this was tcp/443, decrypted"),
        (V90, "chat-base", Ports(TCP, 1, 22), True,
         "application-default of chat-base is tcp/443 and tcp/5000-5010; this was tcp/22"),
        (V90, "ping", Ports(TCP, 1, 7), False, "application-default of ping is ICMP type 8; this was tcp/7"),
        (V90, "odd-app", Ports(TCP, 1, 7), False,
         "odd-app is not in the application table, so its default ports are not known"),
    ],
)  # fmt: skip
def test_application_default_says_what_was_there(release, name, ports, decrypted, detail):
    known = catalog()
    assert Defaults(known, release).judge(known.seen(name), ports, decrypted, None).detail == detail


@pytest.mark.parametrize(
    ("release", "members", "ports", "wanted"),
    [
        pytest.param(V90, ("any",), Ports(TCP, 1, 12345), YES, id="any application may use any port"),
        pytest.param(V90, ("ssl", "ftp"), Ports(TCP, 1, 21), YES, id="a default port of one of them"),
        pytest.param(V90, ("ssl", "ftp"), Ports(TCP, 1, 990), YES, id="a TLS port of one of them, from 9.0"),
        pytest.param(V81, ("ssl", "ftp"), Ports(TCP, 1, 990), NO, id="TLS ports do not count before 9.0"),
        pytest.param(None, ("ssl", "ftp"), Ports(TCP, 1, 990), OPEN, id="nor are they known without the release"),
        pytest.param(V90, ("ssl", "ftp"), Ports(TCP, 1, 22), NO, id="a port of none"),
        pytest.param(V90, ("ssl", "odd-app"), Ports(TCP, 1, 22), OPEN, id="one of them is in no table"),
        pytest.param(V90, ("ssl", "odd-app"), Ports(TCP, 1, 443), YES, id="but another decides"),
        pytest.param(V90, ("own-free",), Ports(UDP, 1, 1), YES, id="an application without ports"),
        pytest.param(V90, ("ping",), Ports(ICMP, 0, 0), OPEN, id="an ICMP type nobody logged"),
        pytest.param(V90, ("gre",), Ports(47), YES, id="an IP protocol"),
        pytest.param(V90, ("ssl",), Ports(ICMP, 0, 0), NO, id="no protocol of theirs"),
        pytest.param(V90, ("ssl",), Ports(TCP, 1, None), OPEN, id="a port that is not known"),
        pytest.param(V90, ("chat",), Ports(TCP, 1, 12345), YES, id="the children of a container"),
        pytest.param(V90, ("af-mail",), Ports(TCP, 1, 25), YES, id="the applications of a filter"),
        pytest.param(V90, ("af-mail",), Ports(TCP, 1, 2222), OPEN, id="a filter over a table that is not whole"),
    ],
)
def test_application_default_before_the_application_is_known(release, members, ports, wanted):
    known = catalog()
    union = Defaults(known, release).union(ApplicationBook(known).field(members))
    assert union.decide(ports, None) is wanted


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        pytest.param(("any",), set(), id="any names none"),
        pytest.param(("ssl", "odd-app"), {"ssl", "odd-app"}, id="names, known or not"),
        pytest.param(("chat",), {"chat", "chat-base", "chat-files"}, id="a container by name"),
        pytest.param(("af-risky",), {"web-browsing", "own"}, id="a filter without what it leaves out"),
        pytest.param(("af-both",), set(), id="a filter that nothing certainly passes"),
        pytest.param(("ag-in",), {"own", "web-browsing", "ssl"}, id="groups, an application and a filter"),
    ],
)
def test_the_applications_that_a_rule_names_are_those_that_it_takes(members, wanted):
    policy = Policy("vsys1", None, None, {}, (SCOPE,))
    rule = Rule("r", Rulebase.SECURITY, 1, Origin(Place.LOCAL), applications=members)
    assert {name.lower() for name in named_applications(policy, rule, catalog().table)} == wanted
