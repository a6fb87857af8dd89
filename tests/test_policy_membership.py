"""What stands under a rule's criteria: every kind of member down to its end, and never another answer than the look-up."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import Application, ApplicationTable
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
from whydeny.model.site import Site
from whydeny.model.truth import Truth, any_of
from whydeny.policy.applications import NOT_IDENTIFIED
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.lookup import Flow
from whydeny.policy.member import NESTED, Listed, Member
from whydeny.policy.membership import Membership
from whydeny.verdict.judge import Judge

YES, NO, OPEN = Truth.MATCH, Truth.NO_MATCH, Truth.UNKNOWN


def number(text: str) -> int:
    found = parse_address(text)
    assert found is not None
    return found


SCOPE = Scope(
    "vsys1",
    addresses={
        "h-dns": Address("h-dns", "ip-netmask", "10.1.0.10/32", ("dns",)),
        "n-clients": Address("n-clients", "ip-netmask", "10.1.20.0/24"),
        "f-portal": Address("f-portal", "fqdn", "portal.example.net"),
        "f-known": Address("f-known", "fqdn", "Known.example.net"),
    },
    address_groups={
        "g-inner": AddressGroup("g-inner", ("h-dns", "f-portal")),
        "g-outer": AddressGroup("g-outer", ("n-clients", "g-inner")),
        "g-loop": AddressGroup("g-loop", ("n-clients", "g-loop2")),
        "g-loop2": AddressGroup("g-loop2", ("g-loop",)),
        "d-dns": AddressGroup("d-dns", filter="'dns'"),
        **{f"deep-{n}": AddressGroup(f"deep-{n}", (f"deep-{n + 1}",)) for n in range(NESTED + 5)},
    },
    regions={"R-HQ": Region("R-HQ", ("198.51.100.0/24", "203.0.113.1-203.0.113.9"))},
    external_lists={
        "e-open": ExternalList("e-open", "ip"), "e-known": ExternalList("e-known", "ip"),
        "e-part": ExternalList("e-part", "ip"), "e-urls": ExternalList("e-urls", "url"),
    },
    services={"s-web": Service("s-web", "tcp", "80,8080", "1024-65535")},
    service_groups={"sg": Group("sg", ("s-web", "service-https", "gone"))},
    application_groups={"ag": Group("ag", ("ssl", "af", "own-app"))},
    application_filters={"af": ApplicationFilter("af", categories=("networking",))},
    applications={"own-app": CustomApplication("own-app", ("tcp/7000",), category="business-systems")},
    url_categories={"c-list": UrlCategory("c-list", "URL List", ("*.example.net/", "example.org/x"))},
    schedules={"office": Schedule("office", weekly={"thursday": ("08:00-18:00",)})},
)  # fmt: skip
TABLE = ApplicationTable(
    {
        "web-browsing": Application("web-browsing", ("tcp/80",), category="general-internet"),
        "ssl": Application("ssl", ("tcp/443",), category="networking"),
        "dns": Application("dns", ("udp/53",), category="networking"),
        "odd": Application("odd", ("tcp/1",)),
        "facebook-base": Application("facebook-base", ("tcp/80,443",), container="facebook", category="collaboration"),
    }
)
ANSWERS = DeviceAnswers(
    list_members={"e-known": ("203.0.113.64/26", "2001:db8:9::1", "# nothing")},
    partial_lists={"e-part": (("192.0.2.1",), 4000)},
    fqdns={"known.example.net": (number("203.0.113.7"),)},
    registered_tags={number("10.4.4.4"): frozenset({"dns"}), number("10.4.4.5"): frozenset({"web"})},
    user_groups={"cn=staff": frozenset({"ex\\mk", "ex\\jd"})},
)
FLOW = Flow(
    from_zone="trust", to_zone="untrust", source=number("10.1.20.7"), destination=number("203.0.113.7"), protocol=6,
    source_port=40000, destination_port=443, application="ssl", user="ex\\mk", category="news", decrypted=False,
    at=datetime(2024, 5, 2, 9, 0),
)  # fmt: skip


def opened(flow: Flow = FLOW, answers: DeviceAnswers = ANSWERS, **fields: object) -> dict[str, Listed]:
    """What a rule's criteria list, by criterion."""
    rule = Rule("r", Rulebase.SECURITY, 1, Origin(Place.LOCAL), number=1, **fields)
    policy = Policy("vsys1", None, Release(10, 2), {Rulebase.SECURITY: (rule,)}, (SCOPE,))
    engine = Engine(policy, TABLE, answers, Release(10, 2))
    return {listed.field: listed for listed in Membership(engine).of(rule, flow)}


def tree(members: Iterable[Member], depth: int = 0) -> Iterator[tuple[int, str, str, Truth | None]]:
    """Depth, name, value and result of all members, top down."""
    for member in members:
        yield depth, member.name, member.value, member.result
        yield from tree(member.inside() if member.inside else (), depth + 1)


def test_groups_are_opened_down_to_the_address() -> None:
    listed = opened(sources=("g-outer", "10.0.0.0/8"))["source"]
    assert list(tree(listed.members)) == [
        (0, "g-outer", "", YES),
        (1, "n-clients", "10.1.20.0/24", YES),
        (1, "g-inner", "", OPEN),
        (2, "h-dns", "10.1.0.10/32", NO),
        (2, "f-portal", "portal.example.net", OPEN),
        (0, "10.0.0.0/8", "", YES),
    ]


def test_what_is_not_known_says_so_and_what_would_tell() -> None:
    members = opened(destinations=("f-portal", "e-open", "e-part", "nowhere"))["destination"].members
    assert [member.result for member in members] == [OPEN] * 4
    told = [f"{member.settle}; {member.note}" for member in members]
    assert "portal.example.net" in told[0]
    assert "show dns-proxy fqdn all" in told[0]
    assert "request system external-list show type ip name e-open" in told[1]
    assert "only 1 of 4,000 entries" in told[2]
    assert members[3].what == "no object of that name in the files"


@pytest.mark.parametrize(
    ("member", "under"),
    [
        ("f-known", [("203.0.113.7", YES)]),
        ("R-HQ", [("198.51.100.0/24", NO), ("203.0.113.1-203.0.113.9", YES)]),
        ("e-known", [("203.0.113.64/26", NO), ("2001:db8:9::1", NO), ("# nothing", NO)]),
        ("e-part", [("192.0.2.1", NO)]),
        ("d-dns", [("h-dns", NO), ("10.4.4.4", NO)]),
    ],
    ids=["a resolved host name", "a region", "a list that was answered", "a list of which a page is there",
         "a dynamic group: tagged objects and registered addresses"],
)  # fmt: skip
def test_everything_with_addresses_shows_them(member: str, under: list[tuple[str, Truth]]) -> None:
    found = opened(destinations=(member,))["destination"].members[0]
    assert found.inside is not None
    assert [(inside.name, inside.result) for inside in found.inside()] == under


def test_a_dynamic_group_nobody_asked_for_says_what_to_ask() -> None:
    found = opened(answers=DeviceAnswers(), destinations=("d-dns",))["destination"].members[0]
    assert found.result is OPEN
    assert "show object registered-ip all" in found.note


def test_groups_that_hold_themselves_end() -> None:
    texts = [(depth, name) for depth, name, _, _ in tree(opened(sources=("g-loop",))["source"].members)]
    assert texts == [(0, "g-loop"), (1, "n-clients"), (1, "g-loop2"), (2, "g-loop")]


def test_groups_nested_without_end_end_too() -> None:
    assert max(depth for depth, *_ in tree(opened(sources=("deep-0",))["source"].members)) == NESTED


def test_a_member_knows_which_addresses_are_in_it() -> None:
    outer, literal = opened(sources=("g-outer", "10.0.0.0-10.0.0.9"))["source"].members
    assert outer.holds is not None
    assert literal.holds is not None
    assert [outer.holds(number(text)) for text in ("10.1.20.9", "10.1.21.9", "10.1.0.10")] == [True, False, True]
    assert [literal.holds(number(text)) for text in ("10.0.0.9", "10.0.0.10")] == [True, False]


def test_a_negated_list_says_so() -> None:
    assert opened(sources=("n-clients",), negate_source=True)["source"].negate


def test_services_show_ports_and_what_is_missing() -> None:
    listed = opened(services=("sg",))["service"]
    assert list(tree(listed.members)) == [
        (0, "sg", "", YES),
        (1, "s-web", "tcp/80,8080 from port 1024-65535", NO),
        (1, "service-https", "tcp/443", YES),
        (1, "gone", "", OPEN),
    ]


def test_application_default_is_the_ports_of_the_rules_applications() -> None:
    default = opened(applications=("web-browsing", "ssl"), services=("application-default",))["service"].members[0]
    assert default.result is YES
    assert default.inside is not None
    own, other = default.inside()
    assert (own.name, own.result) == ("ssl", YES)
    assert "tcp/443" in own.what
    assert (other.name, other.value, other.result) == ("web-browsing", "tcp/80, inside TLS tcp/443", None)


def test_applications_are_opened_through_groups_filters_and_containers() -> None:
    listed = opened(applications=("ag", "facebook", "unheard-of"))["application"]
    assert list(tree(listed.members)) == [
        (0, "ag", "", YES),
        (1, "ssl", "tcp/443", YES),
        (1, "af", "", YES),
        (2, "dns", "udp/53", NO),
        (2, "ssl", "tcp/443", YES),
        (2, "odd", "tcp/1", NO),  # nobody knows its category
        (1, "own-app", "tcp/7000", NO),
        (0, "facebook", "", NO),
        (1, "facebook-base", "tcp/80,443", NO),
        (0, "unheard-of", "", NO),
    ]


def test_an_application_that_is_not_identified_is_held_against_nothing() -> None:
    listed = opened(Flow(application="incomplete"), applications=("ag",))["application"]
    assert {result for *_, result in tree(listed.members)} == {None}


def test_users_of_a_group_and_of_one_that_nobody_asked_for() -> None:
    group, other, named = opened(users=("cn=staff", "cn=guests", "ex\\jd"))["source-user"].members
    assert group.inside is not None
    assert [(user.name, user.result) for user in group.inside()] == [("ex\\jd", NO), ("ex\\mk", YES)]
    assert (group.result, other.result, named.result) == (YES, OPEN, NO)
    assert 'show user group name "cn=guests"' in other.note


def test_categories_schedules_zones_and_host_profiles() -> None:
    found = opened(
        categories=("news", "c-list", "e-urls"),
        schedule="office",
        from_zones=("trust", "dmz"),
        source_hips=("patched",),
    )
    assert [(m.name, m.result) for m in found["category"].members] == [
        ("news", YES),
        ("c-list", OPEN),
        ("e-urls", OPEN),
    ]
    assert [name for _, name, *_ in tree(found["category"].members)][2:4] == ["*.example.net/", "example.org/x"]
    assert list(tree(found["schedule"].members)) == [(0, "office", "", YES), (1, "thursday 08:00-18:00", "", None)]
    assert [m.result for m in found["from"].members] == [YES, NO]
    assert found["source-hip"].members[0].result is OPEN
    assert "HIP Match" in found["source-hip"].members[0].note


# The demonstration: what is shown under a criterion never says other things than the look-up.


def flow_application_known(flow: Flow) -> bool:
    return (flow.application or "") not in NOT_IDENTIFIED


def expected(listed: Listed) -> Truth:
    found = any_of(member.result for member in listed.members if member.result is not None)
    return found.negated() if listed.negate else found


def static_groups(members: Iterable[Member]) -> Iterator[Member]:
    for member in members:
        if member.inside is not None and member.what.startswith(("address group", "service group")):
            yield member
            yield from static_groups(member.inside())


def test_members_agree_with_the_look_up_for_every_rule_of_the_demonstration(demonstration_site: Site) -> None:
    judge = Judge(demonstration_site)
    compared = groups = 0
    memberships: dict[int, Membership] = {}
    for row in range(0, len(demonstration_site.sessions.frame), 60):
        session = demonstration_site.sessions.session(row)
        engine, flow = judge.engine_for(session.serial, session.vsys), flow_of(session)
        if engine is None:
            continue
        membership = memberships.setdefault(id(engine), Membership(engine))
        for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
            for rule in engine.policy.rules.get(rulebase, ()):
                results = {c.field: c.result for c in engine.explain_rule(rule, flow).criteria}
                for listed in membership.of(rule, flow):
                    if listed.field == "application" and not flow_application_known(flow):
                        continue  # any application fits then, whatever is listed
                    assert expected(listed) is results[listed.field], (row, rule.name, listed)
                    compared += 1
                    for group in static_groups(listed.members):
                        assert group.inside is not None
                        assert any_of(m.result for m in group.inside() if m.result) is group.result, (row, group)
                        groups += 1
    assert compared > 10_000
    assert groups > 100
