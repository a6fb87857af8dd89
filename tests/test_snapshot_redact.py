"""A redacted snapshot decides as the original did, and holds nothing that tells whose it is."""

import base64
import json
import re
import typing
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.addresses import V4_BASE, format_address, is_ipv4, parse_address, parse_network
from whydeny.model.answers import DeviceAnswers, PolicyTest, RunningRule, Told, UserMapping
from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import COLUMNS, Kind, Type, schema
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    Configuration,
    ConfigurationKind,
    DeviceGroup,
    ExternalList,
    Group,
    LogForwarding,
    Origin,
    Place,
    Region,
    Rule,
    Rulebase,
    RuleLists,
    Scope,
    UrlCategory,
    VirtualSystem,
    Zone,
)
from whydeny.model.site import Problem, Site, Source, SystemInfo
from whydeny.model.tables import LogTable, SessionTable, empty_frame
from whydeny.policy.lookup import Flow
from whydeny.policy.wildcards import fits_wildcard, read_wildcard
from whydeny.snapshot.aliases import Aliases
from whydeny.snapshot.codec import to_json
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.manifest import JUDGED, JudgedWith
from whydeny.snapshot.prose import Prose
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.save import save_snapshot
from whydeny.snapshot.scramble import SPECIAL, AddressMap
from whydeny.snapshot.sorts import COLUMN_SORTS, FIELD_SORTS, Sort, column_sort
from whydeny.snapshot.texts import Texts
from whydeny.sources.open import open_inputs
from whydeny.verdict.judge import Judge

KEY = b"a key of the tests"


def _number(text: str) -> int:
    number = parse_address(text)
    assert number is not None
    return number


def _common(one: int, other: int) -> int:
    return 128 - (one ^ other).bit_length()


# Addresses.

_v4 = st.ip_addresses(v=4).map(lambda address: V4_BASE + int(address))
_v6 = st.ip_addresses(v=6).map(int)
_inside = st.ip_addresses(network="10.0.0.0/8").map(lambda address: V4_BASE + int(address))
_numbers = st.one_of(_v4, _v6, _inside, st.ip_addresses(network="2001:db8::/32").map(int))


@settings(deadline=None)
@given(st.lists(_numbers, min_size=2, max_size=12, unique=True), st.binary(min_size=1, max_size=32))
def test_addresses_share_as_many_leading_bits_as_before(numbers: list[int], key: bytes) -> None:
    permuted = AddressMap(key)
    permuted.learn(numbers)
    for one in numbers:
        assert is_ipv4(permuted.one(one)) == is_ipv4(one)
        for other in numbers:
            assert _common(permuted.one(one), permuted.one(other)) == _common(one, other)


@settings(deadline=None)
@given(_numbers, st.sampled_from(SPECIAL))
def test_nothing_leaves_or_enters_a_special_network(number: int, network: str) -> None:
    first, last = parse_network(network) or (0, 0)
    assert (first <= number <= last) == (first <= AddressMap(KEY).one(number) <= last)


def test_one_address_at_a_time_or_all_at_once_is_the_same() -> None:
    numbers = [V4_BASE + n * 7919 % 2**32 for n in range(500)] + [n << 64 | n for n in range(100)]
    single, many = AddressMap(KEY), AddressMap(KEY)
    many.learn(numbers)
    assert [single.one(number) for number in numbers] == [many.one(number) for number in numbers]
    assert sum(AddressMap(b"another").one(number) != many.one(number) for number in numbers) > 500
    assert len(many) == len(set(numbers))


@pytest.mark.parametrize(
    "text", ["10.20.1.0/0.0.248.255", "10.0.5.0/0.255.0.15", "10.0.0.1/0.0.0.0", "0.0.0.3/255.255.255.252"]
)
@settings(deadline=None)
@given(data=st.data())
def test_a_wildcard_stays_a_wildcard(text: str, data: st.DataObject) -> None:
    aliases = Aliases(KEY)
    value, ignored = (_number(part) - V4_BASE for part in text.split("/"))
    aliases.addresses.keep_wildcard(value, ignored)
    before, after = read_wildcard(text), read_wildcard(aliases.wildcard(text))
    assert before is not None
    assert after is not None
    fitting = st.integers(0, 2**32 - 1).map(lambda bits: V4_BASE + (value & ~ignored | bits & ignored))
    number = data.draw(st.one_of(_v4, _inside, fitting))
    assert fits_wildcard(number, before) == fits_wildcard(aliases.addresses.one(number), after)


@settings(deadline=None)
@given(_v4, _v4, _v4)
def test_a_range_becomes_the_networks_that_it_consists_of(one: int, other: int, asked: int) -> None:
    first, last = min(one, other), max(one, other)
    aliases = Aliases(KEY)
    networks = aliases.networks(f"{format_address(first)}-{format_address(last)}")
    assert networks is not None
    spans = [parse_network(network) for network in networks]
    for number in (asked, first, last, (first + last) // 2):
        permuted = aliases.addresses.one(number)
        assert (first <= number <= last) == any(span is not None and span[0] <= permuted <= span[1] for span in spans)


# Names.


def test_names_compare_as_before() -> None:
    aliases = Aliases(KEY)
    lower, upper, mixed = (aliases.name(name, "rule") for name in ("users out", "USERS OUT", "Users Out"))
    assert len({lower, upper, mixed}) == 3
    assert lower == upper.lower() == mixed.lower()
    assert re.fullmatch(r"rule-[a-z2-7]{6}", lower)
    assert aliases.name("users out", "zone") == lower
    assert aliases.name("other").lower() != lower
    assert Aliases(KEY).name("users out", "rule") == lower
    assert Aliases(b"another").name("users out", "rule") != lower


@pytest.mark.parametrize(
    "name",
    ["any", "Any", "application-default", "interzone-default", "service-http", "vsys2", "panw-highrisk-ip-list", ""],
)
def test_words_of_pan_os_stay(name: str) -> None:
    assert Aliases(KEY).name(name) == name


def test_a_name_that_reads_as_an_address_gets_that_address() -> None:
    aliases = Aliases(KEY)
    assert aliases.name("10.1.1.1") == aliases.address(_number("10.1.1.1"))
    assert aliases.name("10.1.1.0/24").endswith("/24")
    assert aliases.name("Quarantine-Hosts").lower().startswith("quarantine-")


def test_users_agree_as_before() -> None:
    aliases = Aliases(KEY)
    netbios, dns, bare = aliases.user("EX\\mk"), aliases.user("mk@ex.example.net"), aliases.user("mk")
    domain, _, name = netbios.partition("\\")
    assert name == bare
    assert dns == f"{bare}@{domain}.{aliases.host('example.net')}"
    assert aliases.user("ex\\MK") == netbios
    assert aliases.user("known-user") == "known-user"
    assert aliases.user("") == ""


def test_hosts_and_urls_keep_their_shape() -> None:
    aliases = Aliases(KEY)
    assert aliases.host("WWW.Example.NET") == aliases.host("www.example.net")
    label = aliases.host("fw-hq-1")
    assert aliases.host("fw-hq-1.example.net").startswith(f"{label}.")
    assert aliases.host("fw-hq-1.example.net").endswith(".net")
    assert aliases.host("10.1.1.1") == aliases.address(_number("10.1.1.1"))
    assert re.fullmatch(r"\*\.host-\w{6}\.net/", aliases.url("*.example.net/"))
    assert re.fullmatch(r"https://host-\w{6}\.net:8443/path-\w{6}/\*", aliases.url("https://example.net:8443/login/*"))
    assert aliases.url("example.net/a/b").split("/")[0] == aliases.host("example.net")


def test_serials_and_uuids_keep_their_form() -> None:
    aliases = Aliases(KEY)
    serial = aliases.serial("007200000000001")
    assert re.fullmatch(r"\d{15}", serial)
    assert serial != "007200000000001"
    assert aliases.serial("007200000000001") == serial
    assert len({aliases.serial(str(n)) for n in range(10)}) == 10
    assert aliases.serial("unknown") == "unknown"
    uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", aliases.uuid(uuid))
    assert aliases.uuid(uuid.upper()) == aliases.uuid(uuid) != uuid


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        (
            "Commit job succeeded. Completion time=2024/05/14 10:41:05, User: jdoe",
            "Commit job succeeded. Completion",
            "jdoe",
        ),
        ("EDL(vsys1/bad-hosts ip) Refresh job success", "EDL(vsys1/", "bad-hosts"),
        (
            "vsys vsys1 rulebase security rules Users Out application",
            "vsys vsys1 rulebase security rules ",
            "Users Out",
        ),
        ("rules OUT", "rules ", "OUT"),
        ("User 'ex\\jdoe' authenticated. From: 10.1.1.1.", "authenticated. From: ", "10.1.1.1"),
        ("Content upgraded from version 8947-9298 to 8951-9316", "from version 8947-9298 to 8951-9316", "zzz"),
        ("CA Issuer URL: http://ca.example.net/x.crt", "CA Issuer URL: http://", "ca.example"),
        ("serial 007200000000001 and mail@example.net", "serial", "007200000000001"),
        ("the application ssl", "the application ssl", "zzz"),
    ],
)
def test_free_text_keeps_the_words_of_the_trade(text: str, kept: str, gone: str) -> None:
    aliases = Aliases(KEY)
    for name in ("Users Out", "OUT", "bad-hosts", "Commit"):
        aliases.name(name, "rule")
    redacted = Prose(aliases, {"ssl"}).redact(text)
    assert kept.replace("serial", "") in redacted
    assert gone not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "connection from 10.77.1.1:8443 refused", "range 10.77.1.1-10.77.1.9", "10.77.1.1->10.77.2.2", "[2001:db8:77::1]:443",
        "peer 2001:db8:77::1 is down", "mac 00:77:44:33:22:11", "mac 0077.4433.2211", "phone +49-30-777777777", "id 777777777",
        "uuid 77777777-7777-7777-7777-777777777777", "mask 10.77.0.0/255.255.0.0", "user=77-77-77", "at 10.77.1.1.",
        "(10.77.1.1)",        "10.77.1.1%eth0", "Serial:0077", "host.77.example", "card 7777 7777 7777 7777 7777777777",
    ],
)  # fmt: skip
def test_numbers_that_name_somebody_are_replaced_in_free_text(text: str) -> None:
    redacted = Prose(Aliases(KEY), set()).redact(text)
    assert "10.77" not in redacted
    assert not re.search(r"(?<![a-z\d])77(?!77 )|77:|:77|-77", redacted), redacted


@pytest.mark.parametrize(
    "text",
    [
        "12 rules (3.5 or 99%)", "10:41:05 on 2024-05-14", "2024/05/14 10:41", "version 10.2.4-h2 to 11.1.2", "8947-9298",
        "job 4711 of vsys1", "2024-05-14T10:41:05+02:00", "-1", "took 250ms",
    ],
)  # fmt: skip
def test_numbers_that_name_nobody_stay_in_free_text(text: str) -> None:
    assert re.findall(r"[\d.:/%+-]+", Prose(Aliases(KEY), {"on", "took"}).redact(text)) == re.findall(
        r"[\d.:/%+-]+", text
    )


@pytest.mark.parametrize(
    ("text", "lines", "gone"),
    [
        ("rule Internal was changed", False, "Internal"),
        ("'Internal' was changed", False, "Internal"),
        ("vsys vsys1 rulebase security rules internal application", True, "internal"),
        ("/rulebase/security/rules/entry[@name='Internal']/to", True, "Internal"),
        ("/rulebase/security/rules/entry[@name='Server']/to", True, "Server"),
        ("Internal { source any; }", True, "Internal"),
    ],
)
def test_a_name_that_is_an_ordinary_word_is_replaced_where_a_name_stands(text: str, lines: bool, gone: str) -> None:
    aliases = Aliases(KEY)
    for name in ("Internal", "internal"):
        aliases.name(name, "rule")
    redacted = Prose(aliases, set()).redact(text, lines)
    assert gone not in redacted
    assert all(word in redacted for word in re.findall(r"changed|rulebase|entry|vsys1|source|any|@name", text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("HTTP SQL Injection Attempt(30514)", r"HTTP SQL Injection Attempt\(30514\)"),
        ("Berlin payroll access(41001)", r"threat-\w{6}\(41001\)"),
        ("Berlin payroll access(6800002)", r"threat-\w{6}\(6800002\)"),
        ("Berlin pattern(60001)", r"threat-\w{6}\(60001\)"),
        ("generic:www.berlin.example.net(109000001)", r"generic:host-\w{6}\.host-\w{6}\.host-\w{6}\.net\(109000001\)"),
        ("Berlin", r"threat-\w{6}"),
    ],
)
def test_threats_keep_the_vendors_names_alone(site: Site, text: str, wanted: str) -> None:
    assert re.fullmatch(wanted, Texts(Aliases(KEY), site).text(text, Sort.THREAT), re.IGNORECASE)


def test_countries_stay_where_a_country_can_stand_and_nowhere_else(site: Site) -> None:
    texts = Texts(Aliases(KEY), site)
    assert texts.text("IT", Sort.PLACE) == "IT"
    for sort in (Sort.RULE, Sort.ZONE, Sort.TAG, Sort.GROUP, Sort.OBJECT):
        assert texts.text("IT", sort) != "IT"


def test_free_text_names_things_by_their_aliases() -> None:
    aliases = Aliases(KEY)
    alias = aliases.name("Users Out", "rule")
    assert Prose(aliases, set()).redact("rules 'Users Out' moved") == f"rules '{alias}' moved"


# The model, whole.


def test_every_column_and_field_that_holds_text_has_a_sort() -> None:
    for kind, columns in COLUMNS.items():
        for column in columns:
            if column.type in (Type.WORD, Type.TEXT):
                assert isinstance(column_sort(kind, column.name), Sort)
    used = {column.name for columns in COLUMNS.values() for column in columns}
    assert set(COLUMN_SORTS) <= used
    by_hand = {Site, DeviceAnswers, Source, Problem, Group, RuleLists}  # rewritten field by field
    seen: set[type] = set()
    for owner, name in _texts_of(Site, seen):
        if owner not in by_hand and owner.__name__ not in ("ApplicationTable", "Application", "RunningRule"):
            assert name in FIELD_SORTS.get(owner, {}), f"{owner.__name__}.{name} has no sort"
    for owner, sorts in FIELD_SORTS.items():
        assert owner in seen
        assert set(sorts) <= {field.name for field in fields(owner)}


def _texts_of(kind: type, seen: set[type]) -> Iterator[tuple[type, str]]:
    """Every field that may hold text, in the dataclasses that can be reached from `kind`."""
    if kind in seen:
        return
    seen.add(kind)
    for name, hint in typing.get_type_hints(kind).items():
        for inner in _inner(hint):
            if inner is str:
                yield kind, name
            elif is_dataclass(inner) and isinstance(inner, type):
                yield from _texts_of(inner, seen)


def _inner(hint: Any) -> Iterator[Any]:
    """The types inside a hint; a mapping's keys are left out where its values carry the name themselves."""
    arguments = [argument for argument in get_args(hint) if argument is not Ellipsis]
    if get_origin(hint) in (dict, Mapping) and "name" in getattr(arguments[1], "__dataclass_fields__", ()):
        arguments = arguments[1:]
    if not arguments:
        yield hint
    for argument in arguments:
        yield from _inner(argument)


def _strings(site: Site, *frames: pl.DataFrame | None) -> set[str]:
    """Every text of a site and of further tables."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                found.add(key)
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for part in (site.configurations, site.systems, site.answers, site.problems, site.sources):
        walk(to_json(part))
    tables = [site.sessions.frame, *(log.frame for log in site.logs.values()), *frames]
    for frame in tables:
        if frame is not None:
            for name in frame.columns:
                if frame[name].dtype in (pl.String, pl.Categorical):
                    found.update(frame[name].unique().drop_nulls().cast(pl.String).to_list())
                if name.endswith("_lo"):
                    halves = frame.select(name.replace("_lo", "_hi"), name).unique().drop_nulls().rows()
                    found.update(format_address(high << 64 | low) for high, low in halves)
    return found


# Words that are names here and there, and everybody's words besides.
_EVERYBODYS = frozenset({"users", "active-directory", "web-browsing", "internet", "servers", "clients"})
_SMALL = [parse_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def _assert_nothing_left(site: Site, redaction: Redaction, redacted: Site, judged: pl.DataFrame | None) -> None:
    after = _strings(redacted, judged)
    everything = "\n".join(after)
    for pairs in redaction.aliases.replaced.values():
        for original, alias in pairs.items():
            if original != alias and len(original) > 2 and original.lower() not in _EVERYBODYS:
                assert not re.search(rf"(?<![\w.-]){re.escape(original)}(?![\w-])", everything), original
    addresses = {text for text in _strings(site) if parse_address(text) is not None}
    for text in addresses & after:
        number = _number(text)
        special = any(span is not None and span[0] <= number <= span[1] for span in _SMALL)
        assert special or redaction.aliases.address(number) != text or number in (V4_BASE, V4_BASE | 0xFFFFFFFF)


def _assert_same_verdicts(site: Site, redaction: Redaction, every: int = 1) -> None:
    judge = Judge(site)
    judged = judge.judge_all()
    redacted, again, _ = redaction.apply(site, judged)
    assert again is not None
    assert redaction.report.verdicts_changed == 0
    other = Judge(redacted)
    for name in ("outcome", "cause", "variant", "confidence"):
        assert again[name].cast(pl.String).equals(judged[name].cast(pl.String)), name
    alias = Texts(redaction.aliases, site)
    for name in ("denied_by", "security_rule", "decryption_rule", "authentication_rule"):
        wanted = [None if text is None else alias.text(text, Sort.RULE) for text in judged[name].cast(pl.String)]
        assert again[name].cast(pl.String).to_list() == wanted, name
    for row in range(0, len(judged), every):
        if judged["cause"][row] is None:
            continue
        before, after = judge.finding(row), other.finding(row)
        assert [(a.cause, a.confidence) for a in after.alternatives] == [
            (a.cause, a.confidence) for a in before.alternatives
        ]
        assert [e.cause for e in after.excluded] == [e.cause for e in before.excluded]
        for which in ("supports", "contradicts"):
            weights = [[(e.weight, e.basis) for e in getattr(f.verdict, which)] for f in (before, after)]
            assert weights[0] == weights[1], row
        for rulebase, look in before.lookups.items():
            assert after.lookups[rulebase].certainty == look.certainty
            assert len(after.lookups[rulebase].possible) == len(look.possible)
    _assert_nothing_left(site, redaction, redacted, again)


def test_the_demonstration_redacted_decides_as_before(demonstration_site: Site) -> None:
    before = to_json(demonstration_site.configurations)
    frame = demonstration_site.sessions.frame
    _assert_same_verdicts(demonstration_site, Redaction(KEY), every=3)
    assert to_json(demonstration_site.configurations) == before
    assert demonstration_site.sessions.frame is frame


def test_the_cases_redacted_decide_as_before(shared: Path) -> None:
    folders = sorted(path for path in (shared / "cases").iterdir() if path.is_dir())
    assert folders
    for folder in folders:
        _assert_same_verdicts(open_inputs([folder]), Redaction(KEY))


def test_flows_match_the_same_rules_in_a_redacted_policy(shared: Path) -> None:
    folder = shared / "policy-cases"
    cases = json.loads((folder / "cases.json").read_text("utf-8"))["cases"]
    known: dict[str, tuple[Site, Redaction, Site]] = {}
    for case in cases:
        if case["config"] not in known:
            site = open_inputs([folder / case["config"], folder / "applications.xml"])
            redaction = Redaction(KEY)
            known[case["config"]] = (site, redaction, redaction.apply(site)[0])
        site, redaction, redacted = known[case["config"]]
        alias = Texts(redaction.aliases, site)
        group = case.get("device_group")
        engine = Judge(site, serial=case["serial"], device_group=group).engine_for(case["serial"], case["vsys"])
        serial = case["serial"] and alias.text(case["serial"], Sort.SERIAL)
        other = Judge(redacted, serial=serial, device_group=group and alias.text(group, Sort.GROUP)).engine_for(
            serial, case["vsys"]
        )
        assert (engine is None) == (other is None)
        if engine is None or other is None:
            continue
        asked, renamed = _flows(case["flow"], alias)
        for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
            one, two = engine.look_up(rulebase, asked), other.look_up(rulebase, renamed)
            name = one.rule and alias.text(one.rule.name, Sort.RULE)
            assert (two.rule and two.rule.name, two.certainty) == (name, one.certainty), case["id"]
            assert [trace.result for trace in two.near] == [trace.result for trace in one.near]


def _flows(flow: dict[str, Any], alias: Texts) -> tuple[Flow, Flow]:
    values = {name: value for name, value in flow.items() if name in Flow.__dataclass_fields__}
    protocols = {"tcp": 6, "udp": 17, "icmp": 1}
    values["protocol"] = protocols.get(str(values.get("protocol")), values.get("protocol"))
    renamed = dict(values)
    sorts = {"from_zone": Sort.ZONE, "to_zone": Sort.ZONE, "application": Sort.APPLICATION, "user": Sort.USER,
             "category": Sort.CATEGORY}  # fmt: skip
    for name, sort in sorts.items():
        if renamed.get(name) is not None:
            renamed[name] = alias.text(renamed[name], sort)
    for name in ("source", "destination"):
        if values.get(name) is not None:
            values[name] = _number(values[name])
            renamed[name] = alias.aliases.addresses.one(values[name])
    return Flow(**values), Flow(**renamed)


# A site with one of everything.

RULE = Rule(
    "Users Out", Rulebase.SECURITY, 1, Origin(Place.PRE, "Berlin", True), uuid="7c9e6679-7425-40de-944b-e07fc1f90ae7",
    from_zones=("lan-berlin",), sources=("servers-berlin", "10.9.0.0/16", "10.1.1.10-10.1.1.20", "DE", "any-dag"),
    users=("ex\\staff", "known-user"), applications=("ssl", "own-app"), services=("tcp-9000", "application-default"),
    categories=("news", "own-urls", "edl-urls"), targets=("007200000000001/vsys1", "tag:berlin"),
    tags=("berlin",), description="asked for by Jane Doe", profiles=("virus:av-berlin",),
)  # fmt: skip
SCOPE = Scope(
    "Berlin",
    addresses={
        "servers-berlin": Address("servers-berlin", "ip-range", "10.1.1.10-10.1.1.20", ("berlin",)),
        "wild": Address("wild", "ip-wildcard", "10.20.1.0/0.0.248.255"),
        "www": Address("www", "fqdn", "www.example.net"),
        "10.7.7.7": Address("10.7.7.7", "ip-netmask", "10.8.8.8"),
        "odd": Address("odd", "ip-netmask", "not-an-address"),
    },
    address_groups={"any-dag": AddressGroup("any-dag", filter="'berlin' and (web or \"db\")")},
    dynamic_user_groups={"ex\\staff": "'berlin'"},
    service_groups={"sg": Group("sg", ("tcp-9000",))},
    application_groups={"ag": Group("ag", ("ssl", "own-app"))},
    regions={"HQ-net": Region("HQ-net", ("10.0.0.0/8", "10.1.0.0-10.1.0.9"))},
    external_lists={"edl-urls": ExternalList("edl-urls", "url", "https://user:pw@lists.example.net/urls")},
    url_categories={
        "own-urls": UrlCategory("own-urls", "URL List", ("*.example.net/", "example.org/login")),
        "both": UrlCategory("both", "Category Match", ("news", "own-urls")),
    },
    log_forwarding={"lf": LogForwarding("lf", (("threat", "( rule eq 'Users Out' )", "bad-berlin", "add"),))},
    ssl_exclusions=("*.bank.example.net",),
)
CONFIGURATION = Configuration(
    ConfigurationKind.PANORAMA,
    serial="007200000000009",
    hostname="panorama-berlin",
    vsys={"vsys1": VirtualSystem("vsys1", "Berlin office", SCOPE, {"lan-berlin": Zone("lan-berlin")})},
    device_groups={"Berlin": DeviceGroup("Berlin", "Europe", {"007200000000001": ("vsys1",)}, SCOPE,
                                         RuleLists({Rulebase.SECURITY: (RULE,)}))},
    templates={"tpl-berlin": Configuration(ConfigurationKind.RUNNING, hostname="fw-berlin", notes=("fw-berlin is old",))},
    template_stacks={"stack-berlin": (("tpl-berlin",), ("007200000000001",))},
    notes=("the rule Users Out of panorama-berlin was passed over",),
)  # fmt: skip
ANSWERS = DeviceAnswers(
    list_members={"edl-ips": ("10.66.0.0/16 seen in March", "10.1.1.1-10.1.1.2"), "edl-urls": ("bad.example.net/x",)},
    partial_lists={"big": (("10.67.0.1",), 5000)},
    fqdns={"www.example.net": (_number("10.5.5.5"),)},
    group_addresses={"any-dag": ("10.3.3.3",)},
    registered_tags={_number("10.2.2.2"): frozenset({"berlin", "web"})},
    user_groups={"ex\\staff": frozenset({"ex\\jdoe", "jdoe@ex.example.net"})},
    user_mappings=(UserMapping(_number("10.2.2.3"), "ex\\jdoe", "vsys1", "UIA"),),
    tests=(
        PolicyTest(
            Rulebase.SECURITY,
            ("Users Out",),
            asked={"source": "10.1.1.11", "from": "lan-berlin", "protocol": "6", "odd": "berlin"},
        ),
    ),
    running={
        Rulebase.SECURITY: (
            RunningRule(
                "Users Out",
                1,
                {
                    "from": ("lan-berlin",),
                    "source": ("(negate)", "10.1.1.11"),
                    "user": ("ex\\jdoe",),
                    "application/service": ("0:own-app/tcp/any/443", "own-app in berlin"),
                    "action": ("allow",),
                    "secret": ("berlin",),
                    "terminal-of-berlin": ("no",),
                },
            ),
        )
    },
)


@pytest.fixture
def site() -> Site:
    frame = empty_frame(Kind.TRAFFIC).clear(1).with_columns(
        pl.lit(0, pl.UInt64).alias("source_hi"),
        pl.lit(_number("10.1.1.11"), pl.UInt64).alias("source_lo"),
        *(pl.lit(value).cast(schema(Kind.TRAFFIC)[name]).alias(name) for name, value in {
            "rule": "Users Out", "user": "ex\\jdoe", "from_zone": "lan-berlin", "serial": "007200000000001",
            "device_name": "fw-berlin", "source_country": "10.0.0.0-10.255.255.255", "destination_country": "HQ-net",
            "category": "own-urls", "application": "own-app", "rule_uuid": RULE.uuid, "action": "allow", "vsys": "vsys1",
            "tunnel_id": "262011234567890", "tunnel": "N/A", "source_edl": "edl-ips",
        }.items()),
        pl.lit("top secret").alias("x:Monitor Tag"),
    )  # fmt: skip
    return Site(
        sources=[Source("/home/jane/berlin-traffic.csv", "traffic log, CSV export", 1), Source("a", "b")],
        sessions=SessionTable(frame),
        configurations=[CONFIGURATION],
        systems=[SystemInfo(hostname="fw-berlin", serial="007200000000001", model="PA-440")],
        answers=ANSWERS,
        told=(Told(ANSWERS, "007200000000001", "vsys1"), Told(ANSWERS, "fw-berlin")),
        problems=[Problem("berlin.csv", 3, "odd")],
    )


def test_one_of_everything_is_replaced(site: Site) -> None:
    redaction = Redaction(KEY)
    redacted, judged, with_aliases = redaction.apply(site, None, JudgedWith("10.2.4", "007200000000001", "Berlin"))
    assert judged is None
    everything = "\n".join(_strings(redacted))
    for told in ("berlin", "jane", "jdoe", "secret", "example", "lists.", "user:pw", "Users Out", "own-app", "own-urls", "HQ-net",
                 "00720000000000", "7c9e6679", "10.1.1.1", "10.66", "26201", "staff", "bank", "not-an-address"):  # fmt: skip
        assert told.lower() not in everything.lower(), told
    assert with_aliases.release == "10.2.4"
    (configuration,) = redacted.configurations
    (group,) = configuration.device_groups.values()
    assert with_aliases.device_group == group.name
    assert list(group.devices) == [with_aliases.serial]
    assert group.devices[with_aliases.serial or ""] == ("vsys1",)
    (rule,) = group.pre.rules[Rulebase.SECURITY]
    scope = group.scope
    assert rule.sources[0] in scope.address_groups
    assert scope.address_groups[rule.sources[0]].tags == rule.tags
    assert rule.sources[1].endswith(".0.0/16")
    assert rule.sources[-2] == "DE"
    assert rule.sources[-1] in scope.address_groups
    assert rule.users[1] == "known-user"
    assert rule.applications[0] == "ssl"
    assert rule.services == (scope.service_groups.popitem()[1].members[0], "application-default")
    assert rule.categories[0] == "news"
    assert rule.categories[1] in scope.url_categories
    assert rule.categories[2] in scope.external_lists
    assert rule.categories[2] in redacted.answers.list_members
    assert rule.targets[0].partition("/")[0] == with_aliases.serial
    assert rule.targets[1] == f"tag:{rule.tags[0]}"
    assert scope.log_forwarding.popitem()[1].tagging[0][1] == ""
    expression = scope.address_groups[rule.sources[-1]].filter or ""
    assert re.fullmatch(r"'group-\w{6}' and \('tag-\w{6}' or 'tag-\w{6}'\)", expression)
    assert redacted.systems[0].hostname == configuration.templates.popitem()[1].hostname
    row = redacted.sessions.session(0)
    assert (row.rule, row.rule_uuid, row.from_zone) == (rule.name, rule.uuid, rule.from_zones[0])
    assert row.source_country == "10.0.0.0-10.255.255.255"
    assert row.destination_country in scope.regions
    assert row.tunnel == "N/A"
    assert [source.name for source in redacted.sources] == ["file-1.csv", "file-2"]
    assert redacted.answers.fqdns.keys() == {a.value for a in scope.addresses.values() if a.kind == "fqdn"}
    assert redacted.answers.user_groups.keys() == {rule.users[0]}
    assert [*scope.dynamic_user_groups] == [rule.users[0]]
    assert scope.dynamic_user_groups[rule.users[0]] == f"'{rule.tags[0]}'"
    assert redacted.answers.user_mappings[0].user == row.user
    assert redacted.answers.tests[0].rules == (rule.name,)
    assert redacted.answers.tests[0].asked == {"source": row.source_text, "from": row.from_zone, "protocol": "6"}
    (compiled,) = redacted.answers.running[Rulebase.SECURITY]
    assert (compiled.name, compiled.index) == (rule.name, 1)
    assert compiled.fields == {
        "from": (row.from_zone,),
        "source": ("(negate)", row.source_text),
        "user": (row.user,),
        "application/service": (f"0:{row.application}/tcp/any/443", "withheld"),
        "action": ("allow",),
        "withheld": ("withheld",),
    }
    assert [(told.firewall, told.vsys) for told in redacted.told] == [(row.serial, "vsys1"), (row.device_name, None)]
    assert [told.answers for told in redacted.told] == [redacted.answers] * 2


MARK = "zqmark"  # begins every word that must not be found again
FORMS = {
    Sort.USER: "{0}corp\\{0}user", Sort.HOST: "{0}.{0}.example", Sort.URL: "{0}s://{0}:{0}@{0}.example:99/{0}/{0}?{0}={0}",
    Sort.CERTIFICATE: "{0} Root CA", Sort.CATEGORIES: "news,{0}", Sort.NUMBER: "{0}1", Sort.THREAT: "{0} of ours(41001)",
    Sort.PROSE: "{0} failed for '{0} two' at 10.77.7.7:99, {0}@{0}.example, C:\\{0}\\{0}, <{0}>, {0}={0}, {0}.example:99/{0}",
    Sort.LINES: "/config/devices/entry[@name='{0}']/rules/{0} {0} &quot;{0}&quot; $1${0}$ 10.77.7.7-10.77.7.9",
}  # fmt: skip


def _marked(kind: Kind) -> pl.DataFrame:
    """A row with something to be found again in every column of text that is replaced, and an unknown column."""
    row = {}
    for column in COLUMNS[kind]:
        if column.type in (Type.WORD, Type.TEXT) and column_sort(kind, column.name) is not Sort.KEEP:
            form = FORMS.get(column_sort(kind, column.name), "{0} x")
            row[column.name] = form.format(f"{MARK}{kind}{column.name.replace('_', '')}")
        elif column.type is Type.ADDRESS:
            row |= {f"{column.name}_hi": 0, f"{column.name}_lo": _number("10.77.7.7")}
    types = schema(kind)
    values = [pl.Series(name, [row.get(name)]).cast(dtype) for name, dtype in types.items()]
    return pl.DataFrame([*values, pl.Series(f"x:{MARK}", [MARK])])


def test_nothing_is_left_in_any_byte_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables' pages are written without packing here, so that what no reader would show is looked through too."""
    write = pl.DataFrame.write_parquet
    monkeypatch.setattr(
        pl.DataFrame,
        "write_parquet",
        lambda frame, file, **how: write(frame, file, **how | {"compression": "uncompressed"}),
    )
    applications = ApplicationTable({}, "8790-8001", f"12 predefined applications of /home/{MARK}/a.xml")
    marked = Site(
        sources=[
            Source(f"/home/{MARK}/{MARK}.{MARK}", "traffic log", lacking=(MARK, "user")),
            Source(f"C:\\{MARK}\\{MARK}.csv", "log"),
        ],
        sessions=SessionTable(_marked(Kind.TRAFFIC)),
        logs={kind: LogTable(kind, _marked(kind)) for kind in Kind if kind is not Kind.TRAFFIC},
        problems=[Problem(f"{MARK}.csv", 1, f"found {MARK}")],
        systems=[SystemInfo(hostname=f"{MARK}-fw", serial=f"{MARK}serial")],
        applications=applications,
        configurations=[
            Configuration(ConfigurationKind.RUNNING, notes=(f"rules {MARK} is odd",), hostname=f"{MARK}-fw")
        ],
    )
    plain, path = tmp_path / "plain.whydeny", tmp_path / "safe.whydeny"
    asked = JudgedWith("10.2.4", f"{MARK}serial", f"{MARK}-group")
    kept: dict[str, Any] = {
        "marks": [0], "notes": {f"on {MARK}": f"say {MARK}"}, "view": {"filter": f"rule eq {MARK}", MARK: 1},
        "judged_with": asked,
    }  # fmt: skip
    judged = Judge(marked).judge_all()
    save_snapshot(plain, marked, judged, **kept)
    save_snapshot(path, marked, judged, redact=Redaction(KEY), **kept)
    assert all(MARK in text.lower() for name, text in _texts_in(plain).items() if name != JUDGED)
    for name, text in _texts_in(path).items():
        found = re.search(rf".{{0,60}}{MARK}.{{0,60}}", text, re.IGNORECASE)
        assert found is None, (name, found)
        assert "10.77.7." not in text
    for table in (load_snapshot(path).site.sessions, *load_snapshot(path).site.logs.values()):
        for column in table.frame.columns:
            assert not column.endswith("_lo") or table.frame[column][0] != _number("10.77.7.7")


def _texts_in(path: Path) -> dict[str, str]:
    """Every part of a snapshot as text, the types that its tables note included."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            noted = re.findall(rb"[A-Za-z0-9+/]{80,}={0,2}", data)
            found[name] = b" ".join(
                [data, *(base64.b64decode(part + b"=" * (-len(part) % 4)) for part in noted)]
            ).decode("latin-1")
    return found


def test_the_report_says_what_was_done(site: Site, tmp_path: Path) -> None:
    redaction = Redaction(KEY)
    path = tmp_path / "safe.whydeny"
    save_snapshot(
        path, site, marks=[0], notes={"row 0": "call Jane"}, view={"filter": "rule eq 'Users Out'"}, redact=redaction
    )
    snapshot = load_snapshot(path)
    assert snapshot.manifest.redacted
    assert (snapshot.marks, snapshot.notes, snapshot.view) == ((0,), {}, {})
    assert b"berlin" not in path.read_bytes()
    report = redaction.report
    assert report.verdicts_changed is None
    assert report.left_out == {"dropped": 3, "column": 1, "problem": 1, "note": 1, "view": 1}
    replaced, left_out = report.sentences()
    assert replaced.startswith("replaced: ")
    assert "2 serial numbers" in replaced
    assert "1 rule UUID," in replaced + ","
    assert "1 note" in left_out


def test_the_same_key_gives_the_same_file_again_and_another_another(site: Site) -> None:
    one, two, three = (Redaction(key).apply(site)[0] for key in (KEY, KEY, b"another"))
    assert to_json(one.configurations) == to_json(two.configurations)
    assert one.sessions.frame.equals(two.sessions.frame)
    assert to_json(one.configurations) != to_json(three.configurations)
    made_up = [Redaction(key).apply(site)[0] for key in (None, b"")]
    assert Redaction(b"long" * 100).apply(site)[0].sources == one.sources
    assert to_json(made_up[0].configurations) != to_json(made_up[1].configurations)


def test_changed_verdicts_are_told(site: Site) -> None:
    redaction = Redaction(KEY)
    judged = Judge(site).judge_all()
    redaction.apply(site, judged.with_columns(pl.lit("unexplained").cast(judged["cause"].dtype).alias("cause")))
    assert redaction.report.verdicts_changed == 1
    assert redaction.report.sentences()[-1].startswith("1 verdicts are not what they were")
    redaction.apply(site, judged)
    assert redaction.report.sentences()[-1] == "every verdict is the same as before"
