"""Which rules and objects one virtual system of one firewall enforces, from every level that has a say."""

from collections.abc import Sequence
from typing import Any

import pytest

from whydeny.model.configuration import (
    Address,
    CaptivePortal,
    Configuration,
    ConfigurationKind,
    DeviceGroup,
    Origin,
    Place,
    Policy,
    Rule,
    Rulebase,
    RuleLists,
    Scope,
    VirtualSystem,
    Zone,
)
from whydeny.model.errors import UsageError
from whydeny.model.release import Release
from whydeny.policy.assemble import assemble

SECURITY = Rulebase.SECURITY


def listed(place: Place, owner: str, *names: str, rulebase: Rulebase = SECURITY, **fields: Any) -> RuleLists:
    origin = Origin(place, owner, panorama=place is not Place.LOCAL)
    rules = tuple(Rule(name, rulebase, at, origin, **fields) for at, name in enumerate(names, 1))
    return RuleLists({rulebase: rules})


def local(*names: str) -> RuleLists:
    lists = listed(Place.LOCAL, "vsys1", *names)
    return RuleLists({**dict.fromkeys(Rulebase, ()), **lists.rules})


def override(name: str, action: str, owner: str = "", panorama: bool = False) -> dict[str, Rule]:
    origin = Origin(Place.DEFAULT, owner, panorama)
    return {name: Rule(name, SECURITY, 1, origin, action=action, is_default=True, overridden=True)}


def objects(name: str, value: str) -> Scope:
    return Scope(name, addresses={"h": Address("h", "ip-netmask", value)})


def firewall(*names: str, **fields: Any) -> Configuration:
    system = VirtualSystem("vsys1", "branch", objects("vsys1", "10.0.0.1"), {"trust": Zone("trust")}, local(*names))
    values: dict[str, Any] = {"hostname": "fw-1", "release": Release(10, 2, 4), "vsys": {"vsys1": system}, **fields}
    return Configuration(values.pop("kind", ConfigurationKind.RUNNING), values.pop("file", 0), **values)


def panorama(**fields: Any) -> Configuration:
    """EMEA above VIE above LAB; firewall 001 in VIE, 002 in LAB (its vsys2 only)."""
    groups = {
        "EMEA": DeviceGroup("EMEA", None, {}, objects("EMEA", "10.1.0.1"), listed(Place.PRE, "EMEA", "e-pre"),
                            listed(Place.POST, "EMEA", "e-post")),
        "VIE": DeviceGroup("VIE", "EMEA", {"001": ()}, objects("VIE", "10.2.0.1"), listed(Place.PRE, "VIE", "v-pre"),
                           listed(Place.POST, "VIE", "v-post")),
        "LAB": DeviceGroup("LAB", "VIE", {"002": ("vsys2",)}, Scope("LAB"), listed(Place.PRE, "LAB", "l-pre")),
    }  # fmt: skip
    values: dict[str, Any] = {
        "release": Release(11, 1),
        "shared": objects("shared", "10.9.0.1"),
        "shared_pre": listed(Place.PRE, "shared", "s-pre"),
        "shared_post": listed(Place.POST, "shared", "s-post"),
        "device_groups": groups,
        **fields,
    }
    return Configuration(ConfigurationKind.PANORAMA, values.pop("file", 1), **values)


def answer(key: str, *names: str, owner: str = "DG", file: int = 2, **fields: Any) -> Configuration:
    system = VirtualSystem(key, pushed_pre=listed(Place.PRE, owner, *names), pushed=objects("Panorama", "10.5.0.1"))
    return Configuration(ConfigurationKind.PUSHED_POLICY, file, vsys={key: system}, panorama_managed=True, **fields)


def names(policy: Policy, rulebase: Rulebase = SECURITY) -> list[str]:
    return [rule.name for rule in policy.rules[rulebase] if not rule.is_default]


def scope_names(policy: Policy) -> list[str]:
    return [scope.name for scope in policy.scopes]


def test_a_firewall_alone() -> None:
    policy = assemble([firewall("a", "b", rematch=True, timezone="UTC")])
    assert [(r.number, r.name, r.action, r.log_end) for r in policy.rules[SECURITY]] == [
        (1, "a", "allow", True),
        (2, "b", "allow", True),
        (3, "intrazone-default", "allow", False),
        (4, "interzone-default", "deny", False),
    ]
    assert {k: v for k, v in policy.rules.items() if k is not SECURITY} == dict.fromkeys(
        (Rulebase.DECRYPTION, Rulebase.AUTHENTICATION, Rulebase.OVERRIDE), ()
    )
    assert (policy.vsys, policy.hostname, policy.release, policy.rematch) == ("vsys1", "fw-1", Release(10, 2, 4), True)
    assert (policy.zones, policy.files, policy.timezone) == ({"trust": Zone("trust")}, (0,), "UTC")
    assert (policy.candidate, policy.pushed_missing, policy.missing, policy.notes) == (False, False, (), ())
    assert scope_names(policy) == ["vsys1"]


def test_default_rules_have_their_types_and_are_not_overridden() -> None:
    defaults = assemble([firewall()]).rules[SECURITY]
    assert [(r.rule_type, r.is_default, r.overridden, str(r.origin)) for r in defaults] == [
        ("intrazone", True, False, "default"),
        ("interzone", True, False, "default"),
    ]


def test_a_disabled_rule_stays_in_the_order() -> None:
    one = firewall("a", "b")
    one.vsys["vsys1"].local.rules[SECURITY] = tuple(
        Rule(name, SECURITY, at, Origin(Place.LOCAL, "vsys1"), disabled=name == "a") for at, name in enumerate("ab", 1)
    )
    assert [(r.number, r.name, r.disabled) for r in assemble([one]).rules[SECURITY]][:2] == [
        (1, "a", True),
        (2, "b", False),
    ]


def test_a_virtual_system_is_found_by_its_display_name_too() -> None:
    assert assemble([firewall("a")], "branch").vsys == "vsys1"


def test_an_absent_virtual_system_has_no_rules_and_says_so() -> None:
    policy = assemble([firewall("a", panorama_managed=True)], "vsys7")
    assert policy.rules == {}
    assert policy.missing == ("The configuration has no virtual system vsys7; it has vsys1.",)


def test_nothing_at_all() -> None:
    policy = assemble([])
    assert (policy.rules, policy.scopes, policy.missing) == ({}, (), ("No configuration is among the inputs.",))


@pytest.mark.parametrize(
    ("kinds", "used", "candidate"),
    [
        pytest.param(["merged"], 0, True, id="merged alone"),
        pytest.param(["merged", "running"], 1, False, id="running before merged"),
        pytest.param(["effective-running", "running"], 0, False, id="effective before running"),
        pytest.param(["running", "running"], 1, False, id="the later of two"),
    ],
)
def test_the_configuration_nearest_to_what_is_enforced_is_used(kinds: list[str], used: int, candidate: bool) -> None:
    found = assemble([firewall("a", kind=ConfigurationKind(kind), file=file) for file, kind in enumerate(kinds)])
    assert (found.files, found.candidate) == ((used,), candidate)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"kind": ConfigurationKind.RUNNING}, {"whole": False}, id="a whole one before a part"),
        pytest.param({"templated": True}, {}, id="one that holds template values"),
        pytest.param({"vsys": {"vsys1": VirtualSystem("vsys1", pushed_pre=listed(Place.PRE, "DG", "p"))}},
                     {"templated": True}, id="one that holds what Panorama pushed"),
    ],
)  # fmt: skip
def test_of_two_running_configurations_that_which_holds_more_is_used(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    both = [firewall("a", file=3, **first), firewall("a", file=4, **second)]
    assert [assemble(both).files, assemble(both[::-1]).files] == [(3,), (3,)]
    assert assemble(both).rivals == ()


def test_what_was_pushed_to_another_firewall_is_left_out() -> None:
    pushed = [answer("", "mine", hostname="fw-1"), answer("", "other", hostname="fw-2"), answer("", "nobody's")]
    assert names(assemble([firewall("a"), *pushed])) == ["mine", "nobody's", "a"]


def test_part_of_a_configuration_is_said_to_be_one() -> None:
    assert assemble([firewall("a", whole=False)]).missing[0].startswith("Only part of the firewall's configuration")


def test_part_of_a_configuration_leaves_other_rulebases_out() -> None:
    one = firewall("a", notes=("It is only a part.",))
    one.vsys["vsys1"].local = listed(Place.LOCAL, "vsys1", "a")
    policy = assemble([one])
    assert list(policy.rules) == [SECURITY]
    assert policy.notes == ("It is only a part.",)


@pytest.mark.parametrize(
    ("serial", "vsys", "expected", "scopes"),
    [
        pytest.param(
            "001", "vsys1", ["s-pre", "e-pre", "v-pre", "v-post", "e-post", "s-post"], ["VIE", "EMEA", "shared"],
            id="a nested group",
        ),
        pytest.param(
            "002", "vsys2", ["s-pre", "e-pre", "v-pre", "l-pre", "v-post", "e-post", "s-post"],
            ["VIE", "EMEA", "shared"], id="three levels, one virtual system",
        ),
        pytest.param("002", "vsys1", [], ["shared"], id="a virtual system in no group"),
    ],
)  # fmt: skip
def test_panorama_orders_pre_down_and_post_up(serial: str, vsys: str, expected: list[str], scopes: list[str]) -> None:
    policy = assemble([panorama()], vsys, serial)
    assert names(policy) == expected
    assert scope_names(policy) == scopes
    assert policy.release is None
    assert "firewall's own rules and its PAN-OS release are not in a Panorama configuration" in policy.missing[0]


def test_local_rules_stand_between_pre_and_post() -> None:
    managed = firewall("mine", panorama_managed=True, serial="001")
    policy = assemble([panorama(), managed])
    assert names(policy) == ["s-pre", "e-pre", "v-pre", "mine", "v-post", "e-post", "s-post"]
    assert [rule.number for rule in policy.rules[SECURITY]] == list(range(1, 10))
    assert scope_names(policy) == ["vsys1", "VIE", "EMEA", "shared"]
    assert (policy.serial, policy.release, policy.files, policy.missing) == ("001", Release(10, 2, 4), (0, 1), ())


def test_ancestors_can_take_precedence_over_device_groups() -> None:
    assert scope_names(assemble([panorama(ancestors_win=True)], serial="001")) == ["shared", "EMEA", "VIE"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        pytest.param({}, r"more than one firewall's policy.*VIE \(001\), LAB \(002\)", id="nothing chooses"),
        pytest.param({"serial": "099"}, r"no firewall 099.*VIE \(001\), LAB \(002\)", id="an unknown firewall"),
        pytest.param({"device_group": "X"}, "no device group X; it has EMEA, VIE, LAB", id="an unknown group"),
    ],
)
def test_panorama_must_be_told_which_firewall(call: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        assemble([panorama()], **call)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param({}, ["s-pre", "s-post"], id="no group at all"),
        pytest.param({"A": DeviceGroup("A")}, ["s-pre", "s-post"], id="one group without firewalls"),
        pytest.param(
            {"A": DeviceGroup("A"), "B": DeviceGroup("B", "A", pre=listed(Place.PRE, "B", "b"))},
            ["s-pre", "b", "s-post"],
            id="one leaf",
        ),
        pytest.param(
            {"A": DeviceGroup("A"), "B": DeviceGroup("B", devices={"1": (), "2": ()}, pre=listed(Place.PRE, "B", "b"))},
            ["s-pre", "b", "s-post"],
            id="one group with firewalls",
        ),
    ],
)
def test_one_choice_is_taken(groups: dict[str, DeviceGroup], expected: list[str]) -> None:
    assert names(assemble([panorama(device_groups=groups)])) == expected


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param("EMEA", ["s-pre", "e-pre", "e-post", "s-post"], id="by name"),
        pytest.param("shared", ["s-pre", "s-post"], id="shared alone"),
    ],
)
def test_a_device_group_chooses(group: str, expected: list[str]) -> None:
    assert names(assemble([panorama()], device_group=group)) == expected


def test_a_listed_firewall_keeps_its_group_whatever_group_is_named() -> None:
    policy = assemble([panorama()], serial="001", device_group="LAB")
    assert names(policy) == names(assemble([panorama()], serial="001"))
    assert policy.notes == ("Panorama has firewall 001 in VIE: its policy is taken, not that of LAB.",)


def test_a_group_above_that_of_a_listed_firewall_needs_no_word() -> None:
    assert assemble([panorama()], serial="001", device_group="EMEA").notes == ()


def test_the_named_group_is_for_a_firewall_that_panorama_does_not_list() -> None:
    assert names(assemble([panorama()], serial="099", device_group="LAB")) == names(
        assemble([panorama()], device_group="LAB")
    )


def test_a_group_is_judged_for_the_virtual_system_that_it_holds() -> None:
    lab = DeviceGroup("LAB", devices={"002": ("vsys2",)}, pre=listed(Place.PRE, "LAB", "its", targets=("002/vsys2",)))
    policy = assemble([panorama(device_groups={"LAB": lab})], device_group="LAB")
    assert (policy.vsys, policy.serial, names(policy)) == ("vsys2", "002", ["s-pre", "its", "s-post"])
    assert "Device group LAB holds vsys2 of firewall 002, not vsys1, and is judged for that." in policy.notes
    lab.devices["002"] = ("vsys2", "vsys3")
    with pytest.raises(
        UsageError, match="LAB holds vsys2, vsys3 of firewall 002, not vsys1; choose the virtual system"
    ):
        assemble([panorama(device_groups={"LAB": lab})], device_group="LAB")


def test_a_candidate_of_panorama_is_no_proof() -> None:
    assert assemble([panorama(candidate=True)], serial="001").candidate
    assert not assemble([panorama()], serial="001").candidate


def test_notes_of_another_virtual_systems_answer_are_not_this_ones() -> None:
    answers = [answer("vsys1", "p"), answer("vsys2", notes=("nothing pushed",)), answer("vsys1", notes=("own",))]
    assert assemble([firewall("a"), *answers]).notes == ("own",)


def test_the_only_firewall_of_a_group_is_known() -> None:
    assert assemble([panorama()], device_group="VIE").serial == "001"


@pytest.mark.parametrize(
    ("targets", "negate", "serial", "kept"),
    [
        pytest.param((), False, "001", True, id="no target"),
        pytest.param(("001",), False, "001", True, id="this firewall"),
        pytest.param(("002",), False, "001", False, id="another firewall"),
        pytest.param(("001",), True, "001", False, id="all but this one"),
        pytest.param(("002",), True, "001", True, id="all but another one"),
        pytest.param(("001/vsys1",), False, "001", True, id="this virtual system"),
        pytest.param(("001/vsys2",), False, "001", False, id="another virtual system"),
        pytest.param(("tag:emea",), False, "001", True, id="chosen by tag, which is not known"),
        pytest.param(("002",), False, None, True, id="no firewall is known"),
    ],
)
def test_rules_for_other_firewalls_are_left_out_and_counted(
    targets: tuple[str, ...], negate: bool, serial: str | None, kept: bool
) -> None:
    group = DeviceGroup("A", devices={"001": (), "002": ()})
    group.pre = listed(Place.PRE, "A", "r", targets=targets, target_negate=negate)
    policy = assemble([panorama(device_groups={"A": group})], serial=serial)
    assert ("r" in names(policy)) is kept
    assert policy.notes == (() if kept else ("1 rule of Panorama that targets other firewalls left out.",))


def default_levels() -> Sequence[Any]:
    return [
        pytest.param([], "deny", "default", id="nobody"),
        pytest.param(["shared"], "drop", "default, from Panorama shared", id="shared"),
        pytest.param(["shared", "EMEA"], "reset-both", "default, from Panorama EMEA", id="the ancestor over shared"),
        pytest.param(["shared", "EMEA", "VIE"], "reset-client", "default, from Panorama VIE", id="the group over both"),
        pytest.param(["shared", "EMEA", "VIE", "local"], "allow", "default", id="the firewall over all"),
    ]


@pytest.mark.parametrize(("levels", "action", "origin"), default_levels())
def test_the_most_local_override_of_a_default_rule_wins(levels: list[str], action: str, origin: str) -> None:
    source, own = panorama(), firewall(panorama_managed=True, serial="001")
    name = "interzone-default"
    if "shared" in levels:
        source.shared_post.defaults = override(name, "drop", "shared", True)
    if "EMEA" in levels:
        source.device_groups["EMEA"].post.defaults = override(name, "reset-both", "EMEA", True)
    if "VIE" in levels:
        source.device_groups["VIE"].post.defaults = override(name, "reset-client", "VIE", True)
    if "local" in levels:
        own.vsys["vsys1"].local.defaults = override(name, "allow")
    rule = assemble([source, own]).rules[SECURITY][-1]
    assert (rule.name, rule.action, str(rule.origin), rule.overridden) == (name, action, origin, bool(levels))


def test_pushed_answers_complete_a_running_configuration() -> None:
    policy = assemble([firewall("mine", panorama_managed=True), answer("", "p1", "p2")])
    assert names(policy) == ["p1", "p2", "mine"]
    assert scope_names(policy) == ["vsys1", "Panorama"]
    assert (policy.pushed_missing, policy.missing, policy.files) == (False, (), (0, 2))


def test_the_same_rules_in_two_answers_count_once() -> None:
    policy = assemble([firewall(panorama_managed=True), answer("", "p1"), answer("vsys1", "p1", file=4)])
    assert names(policy) == ["p1"]
    assert policy.files == (0, 2, 4)


def test_rules_of_one_name_in_two_groups_are_two_rules() -> None:
    policy = assemble([firewall(), answer("", "p"), answer("vsys1", "p", owner="OTHER")])
    assert names(policy) == ["p", "p"]


@pytest.mark.parametrize(
    ("configurations", "pushed_missing", "sentence"),
    [
        pytest.param(
            [firewall(panorama_managed=True)], True, "managed by Panorama", id="managed, nothing pushed is here"
        ),
        pytest.param([firewall()], False, "", id="not managed"),
        pytest.param(
            [firewall(panorama_managed=True, kind=ConfigurationKind.EFFECTIVE)], False, "", id="effective has all"
        ),
        pytest.param([firewall(panorama_managed=True), answer("")], False, "", id="nothing was pushed"),
        pytest.param(
            [firewall(panorama_managed=True), answer("vsys2", "p")],
            True,
            "show config pushed-shared-policy vsys vsys1",
            id="the answer of another virtual system",
        ),
        pytest.param(
            [answer("", "p")], False, "firewall's own rules are not among the inputs", id="only what was pushed"
        ),
    ],
)
def test_says_what_is_missing(configurations: list[Configuration], pushed_missing: bool, sentence: str) -> None:
    policy = assemble(configurations)
    assert policy.pushed_missing is pushed_missing
    assert len(policy.missing) == bool(sentence)
    assert sentence in " ".join(policy.missing)


def test_shared_objects_of_panorama_may_be_missing_on_a_firewall_with_virtual_systems() -> None:
    two = firewall(panorama_managed=True)
    two.vsys["vsys2"] = VirtualSystem("vsys2")
    assert "Panorama's shared objects are not among the inputs" in assemble([two, answer("vsys1", "p")]).missing[0]
    shared = Configuration(ConfigurationKind.PUSHED_POLICY, 5, shared=objects("shared", "10.9.0.1"))
    policy = assemble([two, answer("vsys1", "p"), shared])
    assert policy.missing == ()
    assert scope_names(policy) == ["vsys1", "Panorama", "shared"]


def test_the_pushed_part_of_the_firewalls_own_export_is_used() -> None:
    one = firewall("mine", panorama_managed=True)
    system = one.vsys["vsys1"]
    system.pushed_pre, system.pushed_post = listed(Place.PRE, "", "pre"), listed(Place.POST, "", "post")
    system.pushed = objects("Panorama", "10.5.0.1")
    policy = assemble([one, panorama()])
    assert names(policy) == ["pre", "mine", "post"]
    assert scope_names(policy) == ["vsys1", "Panorama"]
    assert (policy.pushed_missing, policy.files) == (False, (0,))


def test_effective_running_needs_nothing_from_panorama() -> None:
    policy = assemble([firewall("all", kind=ConfigurationKind.EFFECTIVE, panorama_managed=True), panorama()])
    assert names(policy) == ["all"]


def test_a_panorama_that_does_not_know_the_firewall_is_left_out() -> None:
    assert names(assemble([firewall("mine"), panorama()])) == ["mine"]
    policy = assemble([firewall("mine", panorama_managed=True, serial="077"), panorama()])
    assert (names(policy), policy.pushed_missing) == (["mine"], True)


def test_templates_give_what_the_firewall_leaves_open() -> None:
    portal = CaptivePortal(mode="redirect")
    system = VirtualSystem("vsys1", zones={"dmz": Zone("dmz"), "trust": Zone("trust", user_id=True)})
    system.captive_portal = portal
    template = Configuration(
        ConfigurationKind.PUSHED_TEMPLATE, 7, rematch=False, timezone="UTC", vsys={"vsys1": system}
    )
    policy = assemble([firewall(), template])
    assert policy.zones == {"dmz": Zone("dmz"), "trust": Zone("trust")}
    assert (policy.captive_portal, policy.rematch, policy.timezone, policy.files) == (portal, False, "UTC", (0, 7))
    assert assemble([firewall(rematch=True), template]).rematch is True


def test_zones_come_from_the_template_stack_of_the_firewall() -> None:
    def template(zone: str, **fields: Any) -> Configuration:
        system = VirtualSystem("vsys1", zones={zone: Zone(zone), "both": Zone("both", user_id=zone == "high")})
        return Configuration(ConfigurationKind.PUSHED_TEMPLATE, 1, vsys={"vsys1": system}, **fields)

    source = panorama(
        templates={"low": template("low", rematch=False), "high": template("high", rematch=True), "x": template("x")},
        template_stacks={"S": (("high", "low", "absent"), ("001",)), "T": (("x",), ("002",))},
    )
    policy = assemble([source], serial="001")
    assert policy.zones == {"high": Zone("high"), "low": Zone("low"), "both": Zone("both", user_id=True)}
    assert policy.rematch is True
    assert assemble([source], device_group="EMEA").zones == {}


def test_two_firewalls_are_kept_apart_by_serial() -> None:
    both = [firewall("a", serial="001"), firewall("b", serial="002", hostname="fw-2", file=1)]
    assert names(assemble(both, serial="002")) == ["b"]
    assert assemble(both, serial="002").files == (1,)
    with pytest.raises(UsageError, match=r"several firewalls are open \(fw-1, fw-2\)"):
        assemble(both)


def test_configurations_without_a_serial_must_be_of_one_firewall() -> None:
    both = [firewall("a"), firewall("b", hostname="fw-2")]
    with pytest.raises(UsageError, match="nothing tells the one of firewall 003"):
        assemble(both, serial="003")
