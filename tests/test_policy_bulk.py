"""Bulk matching answers row by row what a single look-up answers, unknowns included."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.addresses import parse_address, split_halves
from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    CustomApplication,
    ExternalList,
    Group,
    Origin,
    Place,
    Policy,
    Region,
    Rule,
    Rulebase,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)
from whydeny.model.release import Release
from whydeny.model.tables import SessionTable
from whydeny.policy import bulk
from whydeny.policy.bulk import RULEBASES, Question, match_all, match_each
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of

HERE = Origin(Place.LOCAL)
TABLE = (
    Application("web-browsing", ("tcp/80",), category="general-internet", subcategory="internet-utility", risk=4),
    Application("ssl", ("tcp/443",), category="networking", subcategory="encrypted-tunnel", risk=4),
    Application("dns", ("udp/53", "tcp/53"), category="networking", subcategory="infrastructure", risk=3),
    Application("smtp", ("tcp/25,587",), category="collaboration", flags=("evasive",)),
    Application("chat-base", ("tcp/443", "tcp/5000-5010"), container="chat", category="collaboration"),
    Application("chat-files", ("tcp/dynamic",), container="chat", category="collaboration"),
    Application("ping", icmp_types=(8,), category="networking"),
    Application("ipv6-ping", icmp6_types=(128,), category="networking", tags=("Web App",)),
    Application("gre", ip_protocols=(47,), category="networking"),
    Application("routing", ("icmp/dynamic", "tcp/179"), category="networking", subcategory="routing", technology="p2p"),
    Application("odd-ports", ("tcp/http", "udp/9"), category="networking"),
    Application("unknown-tcp", category=""),
)

ADDRESSES = {
    "h-dns": Address("h-dns", "ip-netmask", "10.1.0.10/32", ("red",)),
    "n-clients": Address("n-clients", "ip-netmask", "10.1.20.0/24", ("blue",)),
    "n-six": Address("n-six", "ip-netmask", "2001:db8::/64", ("red", "blue")),
    "r-some": Address("r-some", "ip-range", "10.1.20.200-10.1.21.5"),
    "w-odd": Address("w-odd", "ip-wildcard", "10.1.0.1/0.0.255.254"),
    "w-near": Address("w-near", "ip-wildcard", "10.1.4.1/0.0.3.252"),
    "w-wide": Address("w-wide", "ip-wildcard", "10.0.0.1/0.255.0.254"),
    "f-portal": Address("f-portal", "fqdn", "portal.example.net"),
    "f-known": Address("f-known", "fqdn", "known.example.net"),
    "10.1.0.99": Address("10.1.0.99", "ip-netmask", "203.0.113.9"),
    "FR": Address("FR", "ip-netmask", "203.0.113.0/26"),  # a region's name
    "bad": Address("bad", "ip-netmask", "$variable"),
}
GROUPS = {
    "g-inside": AddressGroup("g-inside", ("h-dns", "n-clients", "g-nested")),
    "g-nested": AddressGroup("g-nested", ("n-six", "g-inside", "w-odd")),
    "g-fqdn": AddressGroup("g-fqdn", ("h-dns", "f-portal")),
    "d-tags": AddressGroup("d-tags", filter="'red' and ('blue' or 'green')"),
    "d-asked": AddressGroup("d-asked", filter="asked"),
    "d-answered": AddressGroup("d-answered", filter="'red'"),
    "d-odd": AddressGroup("d-odd", filter="'red' and"),
    "g-empty": AddressGroup("g-empty"),
    "g-shared": AddressGroup("g-shared", ("s-host", "e-part")),
}
ADDRESS_NAMES = (
    "any", *ADDRESSES, *GROUPS, "e-list", "e-known", "e-part", "panw-known-ip-list", "s-host", "R-HQ", "US",
    "DE", "not-there", "10.1.20.0/25", "203.0.113.0/24", "2001:db8::5", "0.0.0.0/0", "::/0", "198.51.100.1-198.51.100.9",
)  # fmt: skip
SCOPE = Scope(
    "vsys1",
    addresses=ADDRESSES,
    address_groups=GROUPS,
    services={
        "s-web": Service("s-web", "tcp", "80,8000-8080"),
        "s-dns": Service("s-dns", "udp", "53"),
        "s-low": Service("s-low", "tcp", "443", source_ports="1-1023"),
        "s-sctp": Service("s-sctp", "sctp", "443"),
        "s-bad": Service("s-bad", "tcp", "http"),
    },
    service_groups={"sg": Group("sg", ("s-web", "s-low", "service-https")), "sg-loop": Group("sg-loop", ("sg-loop",))},
    applications={
        "own": CustomApplication("own", ("tcp/7000",), category="business-systems"),
        "own-free": CustomApplication("own-free", category="business-systems", risk=1),
        "Own-Echo": CustomApplication("Own-Echo", icmp_types=(8,), flags=("evasive",)),
        "own-echo6": CustomApplication("own-echo6", icmp6_types=(128,)),
        "own-gre": CustomApplication("own-gre", ip_protocols=(47,)),
    },
    application_groups={"ag": Group("ag", ("SSL", "dns", "ag-in")), "ag-in": Group("ag-in", ("own", "af-net"))},
    application_filters={
        "af-net": ApplicationFilter("af-net", categories=("networking",), exclude=("ping",)),
        "af-risk": ApplicationFilter("af-risk", risks=("4", "5")),
        "af-flags": ApplicationFilter("af-flags", flags=("evasive",), categories=("collaboration",)),
        "af-both": ApplicationFilter("af-both", flags=("evasive", "pervasive")),
        "af-odd": ApplicationFilter("af-odd", categories=("networking",), other=("saas-risk",)),
        "af-kind": ApplicationFilter("af-kind", subcategories=("routing",), technologies=("p2p",)),
        "af-tags": ApplicationFilter("af-tags", tags=("web app",)),
    },
    regions={"R-HQ": Region("R-HQ", ("198.51.100.0/24",)), "DE": Region("DE", ("10.1.20.77",))},
    schedules={
        "office": Schedule("office", weekly={"monday": ("08:00-18:00",), "friday": ("08:00-12:00", "22:00-02:00")}),
        "night": Schedule("night", daily=("00:00-06:00",)),
        "once": Schedule("once", dates=("2024/05/02@08:00-2024/05/03@23:59",)),
        "broken": Schedule("broken", daily=("noon",)),
    },
    external_lists={
        "e-list": ExternalList("e-list", "ip"),
        "e-known": ExternalList("e-known", "ip", exceptions=("203.0.113.66",)),
        "e-part": ExternalList("e-part", "ip", exceptions=("198.51.100.5",)),
        "e-urls": ExternalList("e-urls", "url"),
    },
    url_categories={"c-own": UrlCategory("c-own", "URL List", ("example.net/",))},
    dynamic_user_groups={"dug-risky": "'risky'"},
)
# What the virtual system has too is its own; the rest is seen from there.
SHARED = Scope(
    "shared",
    addresses={
        "h-dns": Address("h-dns", "ip-netmask", "192.0.2.1"),
        "s-host": Address("s-host", "ip-netmask", "198.51.100.0/29", ("red",)),
    },
    services={"s-web": Service("s-web", "udp", "1-65535"), "s-shared": Service("s-shared", "tcp", "0-52,5005")},
    schedules={"once": Schedule("once", daily=("00:00-23:59",))},
    applications={"own": CustomApplication("own", ("udp/7000",))},
)
ANSWERS = DeviceAnswers(
    list_members={"e-known": ("203.0.113.64/26", "2001:db8:1::/48 # partner")},
    partial_lists={"e-part": (("198.51.100.4/30", "2001:db8::/127"), 9)},
    group_addresses={"d-answered": ("10.1.20.9", "2001:db8::7")},
    fqdns={"known.example.net": tuple(filter(None, map(parse_address, ("203.0.113.7", "2001:db8::7"))))},
    registered_tags={
        parse_address("10.1.20.9") or 0: frozenset({"asked"}),
        parse_address("10.1.20.8") or 0: frozenset(),
    },
    user_groups={"cn=asked,dc=example": frozenset({"example\\ann", "bob"})},
)

pick = st.sampled_from
zones = pick((("any",), ("trust",), ("trust", "dmz"), ("untrust",)))
addresses = st.lists(pick((*ADDRESS_NAMES, "US", "US", "DE", "e-list", "d-tags")), min_size=1, max_size=2).map(tuple)
users = st.lists(
    pick(("known-user", "unknown", "pre-logon", "example\\ann", "carl@example.net", "Carl", "cn=asked,dc=example",
          "cn=other,dc=example", "dug-risky", "DUG-Risky", "example\\seen")),
    min_size=1, max_size=2,
).map(tuple)  # fmt: skip
asked_applications = st.one_of(
    st.just(("any",)),
    st.lists(
        pick(("web-browsing", "ssl", "dns", "smtp", "chat", "chat-base", "ping", "gre", "own", "own-free", "ag", "af-risk",
              "af-flags", "af-both", "af-odd", "af-kind", "af-tags", "not-in-a-table", "unknown-tcp", "ipv6-ping", "own-echo",
              "own-echo6", "own-gre", "routing", "odd-ports")),
        min_size=1, max_size=3,
    ).map(tuple),
)  # fmt: skip
services = st.one_of(
    pick((("any",), ("application-default",))),
    st.lists(
        pick(("s-web", "s-dns", "s-low", "s-sctp", "s-bad", "s-shared", "sg", "sg-loop", "service-http", "not-there",
              "application-default")),
        min_size=1, max_size=3,
    ).map(tuple),
)  # fmt: skip
categories = pick(
    (("games",), ("games", "c-own"), ("high-risk",), ("not-there",), ("e-urls", "News"), ("not-resolved",))
)
schedules = pick(("office", "night", "once", "broken", "not-there"))


CRITERIA: dict[str, st.SearchStrategy] = {
    "from_zones": zones,
    "to_zones": zones,
    "sources": addresses,
    "destinations": addresses,
    "users": users,
    "unsettled": pick(((), ("source-imsi:001010000000001",))),
    "source_hips": pick((("hip-ok",), ("any",))),
    "destination_hips": pick((("hip-ok",), ("any",))),
    "applications": asked_applications,
    "services": services,
    "categories": categories,
    "schedule": schedules,
    "rule_type": pick(("intrazone", "interzone")),
    "disabled": st.just(True),
    "action": pick(("deny", "drop")),
    "targets": pick((("001",), ("002",), ("tag:core",), ("001/vsys2", "002"))),
}
# A rule asks for little, so that every criterion gets to decide.
ASKED = st.sets(pick(sorted(CRITERIA)), min_size=1, max_size=3)
NEGATED = pick((False, False, True))


@st.composite
def rules_of(draw: st.DrawFn, rulebase: Rulebase) -> tuple[Rule, ...]:
    found = []
    for position in range(1, draw(st.integers(0, 10)) + 1):
        asked = {name: draw(CRITERIA[name]) for name in sorted(draw(ASKED))}
        if "sources" in asked:
            asked["negate_source"] = draw(NEGATED)
        if "destinations" in asked:
            asked["negate_destination"] = draw(NEGATED)
        if "targets" in asked:
            asked["target_negate"] = draw(NEGATED)
        if "applications" in asked:
            asked["services"] = draw(pick((("application-default",), ("any",))))
        if "action" in asked and rulebase is Rulebase.SECURITY:
            asked["applications"] = draw(asked_applications)
        found.append(Rule(f"rule {position}", rulebase, position, HERE, **asked))
    return tuple(found)


def ends(side: str) -> dict[str, st.SearchStrategy]:
    known = ("10.1.0.10", "10.1.0.1", "10.1.20.9", "10.1.20.8", "10.1.20.77", "10.1.21.5", "10.1.21.6", "203.0.113.9",
             "203.0.113.70", "198.51.100.5", "2001:db8::5", "2001:db8::7", "2001:db8:1::1", "::1", "0.0.0.0",
             "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None)  # fmt: skip
    return {
        side: pick(known),
        f"{side}_country": pick((None, None, "US", "Germany", "FR", "10.0.0.0-10.255.255.255", "R-HQ", "somewhere")),
        f"{side}_edl": pick((None, None, "e-list", "other")),
        f"{side}_dag": pick((None, None, "d-tags")),
    }


MINUTES = st.integers(0, 20 * 24 * 60).map(lambda minutes: datetime(2024, 4, 25) + timedelta(minutes=minutes))
CELLS: dict[str, st.SearchStrategy] = {
        **ends("source"),
        **ends("destination"),
        "from_zone": pick(("trust", "dmz", "untrust", None)),
        "to_zone": pick(("trust", "dmz", "untrust", None)),
        "protocol": pick((6, 6, 17, 1, 47, 132, 58, None)),
        "source_port": pick((51000, 443, None)),
        "destination_port": pick((80, 443, 53, 8001, 7000, 5005, 587, 0, 65535, None)),
        "application": pick(("web-browsing", "ssl", "SSL", "dns", "smtp", "chat-base", "chat-files", "ping", "gre", "own",
                             "own-free", "own-echo", "Own-Echo6", "own-gre", "ipv6-ping", "routing", "odd-ports", "odd-app",
                             "unknown-tcp", "quic", "ssh", "incomplete", "not-applicable", "insufficient-data", None)),
        "user": pick((None, "example\\ann", "ann", "bob", "example\\bob", "carl@example.net", "example\\carl", "pre-logon",
                      "unknown", "Example\\Ann", "carl@ad.example.net", "example\\pre-logon")),
        "dynamic_user_group": pick((None, None, "dug-risky", "Dug-Risky")),
        "category": pick((None, "any", "games", "Games", "sports", "c-own", "not-resolved", "high-risk", "news", "strange")),
        "flags": pick((None, 0, 0x01000000, 0x01400000)),
        "proxied": pick((None, "True", "False")),
        "state": pick((None, None, "ACTIVE")),
        "rule": pick((None, "rule 3", "rule 5", "gone")),
        "start": st.none() | MINUTES,
        "time": st.none() | MINUTES,
        "elapsed": pick((None, 0, 90, 3600)),
        "app_category": pick((None, None, "networking")),
        "app_subcategory": pick((None, None, "routing", "Infrastructure")),
        "app_technology": pick((None, None, "p2p")),
        "app_risk": pick((None, None, 4)),
        "app_characteristics": pick((None, None, "evasive-behavior,pervasive-use")),
        "app_container": pick((None, None, "chat", "none")),
}  # fmt: skip


rows = st.fixed_dictionaries(CELLS)
SERVICE = ("protocol", "destination_port", "source_port", "application", "flags", "proxied")
# What a criterion looks at: the columns that vary where the others stay as they are.
LOOKED_AT = {
    "from_zones": ("from_zone", "to_zone"),
    "to_zones": ("from_zone", "to_zone"),
    "rule_type": ("from_zone", "to_zone"),
    "sources": ("source", "source_country", "source_edl", "source_dag"),
    "destinations": ("destination", "destination_country", "destination_edl", "destination_dag"),
    "users": ("user", "dynamic_user_group", "state"),
    "applications": (*SERVICE, "app_category", "app_subcategory", "app_technology", "app_risk", "app_characteristics",
                     "app_container"),
    "services": SERVICE,
    "categories": ("category", "protocol", "destination_port", "application"),
    "action": SERVICE,
    "schedule": ("start", "elapsed", "time"),
}  # fmt: skip
PLAIN = {
    "source": "10.1.0.10", "destination": "203.0.113.9", "from_zone": "trust", "to_zone": "untrust", "protocol": 6,
    "source_port": 443, "destination_port": 443, "application": "ssl", "category": "games", "flags": 0,
    "start": datetime(2024, 5, 2), "elapsed": 0,
}  # fmt: skip


@st.composite
def focused(draw: st.DrawFn, criterion: str) -> tuple[tuple[Rule, ...], list[dict]]:
    """Rules that ask for one thing only, and rows that differ in that."""
    rules = []
    for position in range(1, draw(st.integers(1, 4)) + 1):
        asked = {criterion: draw(CRITERIA[criterion])}
        if criterion in ("sources", "destinations"):
            asked[f"negate_{criterion[:-1]}"] = draw(NEGATED)
        if criterion == "applications":
            asked["services"] = ("application-default",)
        if criterion == "action":
            asked["applications"] = draw(asked_applications)
        rules.append(Rule(f"rule {position}", Rulebase.SECURITY, position, HERE, **asked))
    cells = {name: CELLS[name] for name in LOOKED_AT[criterion]}
    found = draw(st.lists(st.fixed_dictionaries(cells), min_size=10, max_size=40))
    return tuple(rules), [PLAIN | row for row in found]


def table(found: list[dict]) -> pl.DataFrame:
    """The session table of rows given by column; addresses as text."""
    filled = []
    for row in found:
        cells = dict(row)
        for side in ("source", "destination"):
            address = parse_address(cells.pop(side) or "")
            cells[f"{side}_hi"], cells[f"{side}_lo"] = (None, None) if address is None else split_halves(address)
        filled.append({"file": 0, "line": 1} | cells)
    columns = schema(Kind.TRAFFIC)
    return pl.DataFrame(
        {name: pl.Series([row.get(name) for row in filled], dtype=kind) for name, kind in columns.items()}
    )


def compare(engine: Engine, found: list[dict], logged: bool) -> pl.DataFrame:
    """Hold the bulk answer of every row against the single look-up."""
    sessions = SessionTable(table(found))
    answers = match_all(engine, sessions.frame, logged=logged)
    assert answers.height == len(found)
    for row in range(len(found)):
        session = sessions.session(row)
        for rulebase in RULEBASES:
            single = engine.look_up(rulebase, flow_of(session), session.rule if logged else None, near=0)
            named = [
                engine.policy.rules.get(rulebase, ())[at].name if at >= 0 else None
                for at in (answers[row, f"{rulebase}_rule"], answers[row, f"{rulebase}_possible"])
            ]
            assert (*named, answers[row, f"{rulebase}_certainty"]) == (
                None if single.rule is None else single.rule.name,
                single.possible[0].name if single.possible else None,
                single.certainty,
            )
    return answers


def applications(complete: bool) -> ApplicationTable:
    """The table, taken for the whole content or for a part of it."""
    return ApplicationTable({a.name: a for a in TABLE}, complete=complete)


@settings(max_examples=40, deadline=None)
@given(
    security=rules_of(Rulebase.SECURITY),
    decryption=rules_of(Rulebase.DECRYPTION),
    authentication=rules_of(Rulebase.AUTHENTICATION),
    found=st.lists(rows, min_size=1, max_size=20),
    release=pick((None, Release(8, 1), Release(10, 2))),
    complete=st.booleans(),
    serial=pick((None, "001")),
    pushed_missing=st.booleans(),
    top_down=st.booleans(),
    whole=st.booleans(),
    logged=st.booleans(),
)
def test_bulk_is_the_single_look_up_for_every_row(
    security, decryption, authentication, found, release, complete, serial, pushed_missing, top_down, whole, logged
):
    rules = {
        Rulebase.SECURITY: security,
        Rulebase.DECRYPTION: decryption,
        Rulebase.AUTHENTICATION: authentication,
    }
    policy = Policy(
        "vsys1", serial, release, rules, (SCOPE, SHARED), pushed_missing=pushed_missing, wildcard_top_down=top_down
    )
    answers = replace(ANSWERS, registered_complete=whole)
    compare(Engine(policy, applications(complete), answers, release, frozenset({"example\\seen"})), found, logged)


@pytest.mark.parametrize(
    ("asked", "one", "other"),
    [
        pytest.param({"from_zones": ("trust",)}, {"from_zone": "trust"}, {"from_zone": "dmz"}, id="source zone"),
        pytest.param({"to_zones": ("dmz",)}, {"to_zone": "dmz"}, {"to_zone": None}, id="destination zone, not known"),
        pytest.param({"rule_type": "intrazone"}, {"to_zone": "trust"}, {"to_zone": "dmz"}, id="within a zone"),
        pytest.param({"sources": ("w-odd",)}, {"source": "10.1.4.1"}, {"source": "10.1.4.2"}, id="a wildcard mask"),
        pytest.param({"sources": ("r-some",)}, {"source": "10.1.21.5"}, {"source": "10.1.21.6"}, id="the end of a range"),
        pytest.param({"sources": ("n-six",)}, {"source": "2001:db8::5"}, {"source": "2001:db8:0:1::5"}, id="IPv6"),
        pytest.param({"sources": ("0.0.0.0/0",)}, {"source": "0.0.0.0"}, {"source": "::"}, id="IPv4 or not"),
        pytest.param({"sources": ("US",)}, {"source": "203.0.113.9"}, {"source": "192.168.7.7"}, id="a private address"),
        pytest.param({"destinations": ("US",)}, {"destination_country": "US"}, {"destination_country": "DE"}, id="country"),
        pytest.param({"destinations": ("US",), "negate_destination": True}, {"destination_country": None},
                     {"destination_country": "DE"}, id="a country that is not known, negated"),
        pytest.param({"destinations": ("e-list",)}, {"destination_edl": "e-list"}, {"destination_edl": "other"}, id="list"),
        pytest.param({"destinations": ("e-list",), "negate_destination": True}, {"destination_edl": "e-list"},
                     {"destination_edl": None}, id="an external list, negated"),
        pytest.param({"destinations": ("d-tags",)}, {"destination_dag": "d-tags"}, {"destination_dag": None}, id="tags"),
        pytest.param({"sources": ("h-dns",)}, {"source": None}, {"source": "10.1.0.11"}, id="an address not known"),
        pytest.param({"users": ("pre-logon",)}, {"user": "pre-logon"}, {"user": "bob"}, id="pre-logon"),
        pytest.param({"users": ("known-user",)}, {"state": "ACTIVE"}, {"state": None}, id="a live row does not say"),
        pytest.param({"users": ("dug-risky",)}, {"user": "bob", "dynamic_user_group": "dug-risky"}, {"user": "bob"},
                     id="dynamic user group"),
        pytest.param({"services": ("s-low",)}, {"source_port": 443}, {"source_port": 51000}, id="source port"),
        pytest.param({"services": ("s-web",)}, {"destination_port": 8080}, {"destination_port": 8081}, id="port range"),
        pytest.param({"services": ("s-web",)}, {"destination_port": None}, {"destination_port": 81}, id="port not known"),
        pytest.param({"services": ("application-default",)}, {"application": "chat-base", "destination_port": 5010},
                     {"application": "chat-base", "destination_port": 5011}, id="the end of a default range"),
        pytest.param({"services": ("application-default",)}, {"application": "web-browsing", "flags": 0x01000000},
                     {"application": "web-browsing"}, id="decrypted, by the flags"),
        pytest.param({"services": ("application-default",)},
                     {"application": "web-browsing", "flags": None, "proxied": "True"},
                     {"application": "web-browsing", "flags": None, "proxied": "False"}, id="decrypted, by the proxy state"),
        pytest.param({"services": ("application-default",), "applications": ("ssl", "dns")},
                     {"application": "incomplete", "destination_port": None},
                     {"application": "incomplete", "destination_port": 54}, id="no application and no port yet"),
        pytest.param({"services": ("application-default",), "applications": ("ping",)},
                     {"application": "incomplete", "protocol": 1}, {"application": "incomplete", "protocol": 47},
                     id="no application yet, an ICMP type nobody logged"),
        pytest.param({"services": ("application-default",), "applications": ("smtp",)},
                     {"application": "incomplete", "destination_port": 25},
                     {"application": "incomplete", "destination_port": 26}, id="no application yet, a default port"),
        pytest.param({"applications": ("chat",)}, {"application": "odd", "app_container": "chat"},
                     {"application": "odd", "app_container": "other"}, id="container"),
        pytest.param({"applications": ("af-risk",)}, {"application": "odd", "app_risk": 4},
                     {"application": "odd", "app_risk": 3}, id="risk"),
        pytest.param({"categories": ("games", "c-own")}, {"category": "games"}, {"category": "news"}, id="category"),
        pytest.param({"categories": ("games",)}, {"category": "any", "protocol": 17, "destination_port": 53,
                                                  "application": "dns"},
                     {"category": "any", "protocol": 17, "destination_port": 443, "application": "quic"},
                     id="what has no URL has no category"),
        pytest.param({"action": "deny", "applications": ("ssl",)}, {"application": "ssl"},
                     {"application": "incomplete"}, id="a refusal by application waits for one"),
        pytest.param({"schedule": "office"}, {"start": datetime(2024, 5, 3, 11, 59), "elapsed": 59},
                     {"start": datetime(2024, 5, 3, 11, 59), "elapsed": 60}, id="the end of a weekly range"),
        pytest.param({"schedule": "once"}, {"start": datetime(2024, 5, 2, 8)}, {"start": datetime(2024, 5, 2, 7, 59)},
                     id="the start of two dates"),
        pytest.param({"schedule": "office"}, {"start": None, "elapsed": None}, {}, id="a time that is not known"),
    ],
)  # fmt: skip
def test_bulk_tells_rows_apart_that_differ_in_one_thing(asked, one, other):
    policy = Policy(
        "vsys1", "001", Release(10, 2), {Rulebase.SECURITY: (Rule("r", Rulebase.SECURITY, 1, HERE, **asked),)}, (SCOPE,)
    )
    engine = Engine(policy, applications(complete=False), ANSWERS, Release(10, 2))
    answers = compare(engine, [PLAIN | one, PLAIN | other, PLAIN | one], logged=False)
    assert answers.row(0) == answers.row(2) != answers.row(1)


@pytest.mark.parametrize("criterion", LOOKED_AT)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), release=pick((None, Release(8, 1), Release(10, 2))), complete=st.booleans())
def test_bulk_sees_all_that_one_criterion_looks_at(criterion, data, release, complete):
    rules, found = data.draw(focused(criterion))
    policy = Policy("vsys1", "001", release, {Rulebase.SECURITY: rules}, (SCOPE,))
    compare(Engine(policy, applications(complete), ANSWERS, release), found, logged=False)


@settings(max_examples=15, deadline=None)
@given(
    one=rules_of(Rulebase.SECURITY),
    other=rules_of(Rulebase.SECURITY),
    found=st.lists(rows, min_size=1, max_size=20),
    slice_of=st.integers(1, 25),
    logged=st.booleans(),
)
def test_several_policies_are_matched_as_each_alone_and_slices_as_a_whole(one, other, found, slice_of, logged):
    frame = table(found)
    engines = [
        Engine(
            Policy("vsys1", "001", None, {Rulebase.SECURITY: rules}, (SCOPE, SHARED)),
            applications(False),
            ANSWERS,
            None,
        )
        for rules in (one, other)
    ]
    alone = [match_all(engine, frame, (Rulebase.SECURITY,), logged=logged) for engine in engines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "_SLICE", slice_of)
        together = match_each([Question(engine, (Rulebase.SECURITY,)) for engine in engines], frame, logged)
    assert [t.equals(a) for t, a in zip(together, alone, strict=True)] == [True, True]


@settings(max_examples=60, deadline=None)
@given(security=rules_of(Rulebase.SECURITY), found=rows, release=pick((None, Release(8, 1), Release(10, 2))))
def test_a_trace_says_what_the_walk_decided(security, found, release):
    policy = Policy("vsys1", "001", release, {Rulebase.SECURITY: security}, (SCOPE,))
    engine = Engine(policy, ApplicationTable({a.name: a for a in TABLE}), ANSWERS, release)
    flow = flow_of(SessionTable(table([found])).session(0))
    subject = engine.prepare(flow)
    for compiled in engine.compiled[Rulebase.SECURITY]:
        trace = engine.explain_rule(compiled.rule, flow)
        assert [c.result for c in trace.criteria] == [part.decide(subject) for part in compiled.parts]
        for criterion in trace.unknowns():
            assert criterion.settle, criterion
            assert criterion.detail, criterion
        for criterion in trace.misses():
            assert criterion.detail, criterion


@pytest.mark.parametrize("rows_in_table", [0, 1], ids=["an empty table", "a table of one row"])
def test_small_tables_answer_row_for_row(rows_in_table):
    rules = {Rulebase.SECURITY: (), Rulebase.DECRYPTION: ()}  # the authentication rules are not among the inputs
    engine = Engine(Policy("vsys1", None, None, rules, (SCOPE,)), ApplicationTable(), DeviceAnswers(), None)
    frame = table([{"source": "10.1.0.1", "destination": None}] * rows_in_table)
    answers = match_all(engine, frame)
    assert answers.height == rows_in_table
    assert answers["security_rule"].to_list() == [-1] * rows_in_table
    assert answers["decryption_certainty"].to_list() == ["certain"] * rows_in_table
    assert answers["authentication_certainty"].to_list() == ["unknown"] * rows_in_table
