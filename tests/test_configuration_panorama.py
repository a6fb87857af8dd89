"""Panorama configurations: shared, nested device groups, targets, templates."""

import pytest

from whydeny.model.configuration import Configuration, ConfigurationKind, Origin, Place, Rulebase
from whydeny.sources.exports.configuration import read_configuration


def rules(*names: str) -> str:
    return "<security><rules>" + "".join(f"<entry name='{name}'/>" for name in names) + "</rules></security>"


def read(device: str = "", shared: str = "", after: str = "") -> Configuration:
    text = (
        f"<config version='11.1.0'><shared>{shared}</shared><devices><entry name='localhost.localdomain'>{device}"
        f"</entry></devices>{after}</config>"
    )
    return read_configuration(text.encode(), "panorama.xml", 0)


def test_reads_every_level() -> None:
    found = read(
        "<deviceconfig><system><hostname>pano</hostname></system><setting><management>"
        "<ancestor-objects-take-precedence>yes</ancestor-objects-take-precedence></management></setting></deviceconfig>"
        "<device-group><entry name='EMEA'>"
        f"<pre-rulebase>{rules('e1')}</pre-rulebase><post-rulebase>{rules('e2')}<default-security-rules><rules>"
        "<entry name='interzone-default'><log-end>yes</log-end></entry></rules></default-security-rules>"
        "</post-rulebase><address><entry name='h'><fqdn>a.example.net</fqdn></entry></address></entry>"
        "<entry name='VIE'><devices><entry name='001'/><entry name='002'><vsys><entry name='vsys2'/></vsys></entry>"
        "</devices></entry></device-group>",
        shared=f"<pre-rulebase>{rules('s1')}</pre-rulebase><post-rulebase>{rules('s2')}</post-rulebase>"
        "<region><entry name='HQ'/></region>",
        after="<readonly><devices><entry name='localhost.localdomain'><device-group><entry name='VIE'>"
        "<parent-dg>EMEA</parent-dg></entry></device-group></entry></devices></readonly>",
    )
    assert (found.kind, found.hostname, found.ancestors_win) == (ConfigurationKind.PANORAMA, "pano", True)
    assert list(found.shared.regions) == ["HQ"]
    assert [r.origin for r in found.shared_pre.rules[Rulebase.SECURITY]] == [Origin(Place.PRE, "shared", panorama=True)]
    assert [r.name for r in found.shared_post.rules[Rulebase.SECURITY]] == ["s2"]
    emea, vienna = found.device_groups["EMEA"], found.device_groups["VIE"]
    assert [r.origin for r in emea.pre.rules[Rulebase.SECURITY]] == [Origin(Place.PRE, "EMEA", panorama=True)]
    assert emea.post.defaults["interzone-default"].origin == Origin(Place.DEFAULT, "EMEA", panorama=True)
    assert list(emea.scope.addresses) == ["h"]
    assert (emea.parent, vienna.parent) == (None, "EMEA")
    assert vienna.devices == {"001": (), "002": ("vsys2",)}
    assert found.notes == ()


def test_a_parent_may_stand_in_the_group_itself() -> None:
    found = read("<device-group><entry name='A'/><entry name='B'><parent-dg>A</parent-dg></entry></device-group>")
    assert found.device_groups["B"].parent == "A"


@pytest.mark.parametrize(
    ("parents", "left", "note"),
    [
        pytest.param(
            {"A": "X"}, {"A": None}, "parent X of device group A is not in the export", id="a parent elsewhere"
        ),
        pytest.param({"A": "A"}, {"A": None}, "A is its own ancestor", id="its own parent"),
        pytest.param({"A": "B", "B": "A"}, {"A": None, "B": "A"}, "A is its own ancestor", id="a circle"),
    ],
)
def test_parents_that_lead_nowhere_are_noted(parents: dict[str, str], left: dict[str, str | None], note: str) -> None:
    groups = "".join(f"<entry name='{n}'><parent-dg>{p}</parent-dg></entry>" for n, p in parents.items())
    found = read(f"<device-group>{groups}</device-group>")
    assert {name: group.parent for name, group in found.device_groups.items()} == left
    assert note in found.notes[0]


ZONES = (
    "<config><devices><entry name='localhost.localdomain'><vsys><entry name='vsys1'><zone><entry name='{}'/></zone>"
    "</entry></vsys></entry></devices></config>"
)


def test_reads_templates_and_stacks() -> None:
    found = read(
        f"<template><entry name='T1'>{ZONES.format('trust')}</entry>"
        f"<entry name='Old'>{ZONES.format('dmz')}<devices><entry name='003'/></devices></entry><entry name='Bare'/>"
        "</template><template-stack><entry name='S'><templates><member>T1</member><member>Base</member></templates>"
        f"<devices><entry name='001'/></devices>{ZONES.format('own')}</entry></template-stack>"
    )
    assert {name: list(t.vsys["vsys1"].zones) for name, t in found.templates.items()} == {
        "T1": ["trust"],
        "Old": ["dmz"],
        "S": ["own"],
    }
    assert found.template_stacks == {"Old": (("Old",), ("003",)), "S": (("T1", "Base"), ("001",))}


@pytest.mark.parametrize(
    ("device", "shared", "after", "kind"),
    [
        pytest.param("<device-group/>", "", "", ConfigurationKind.PANORAMA, id="device groups"),
        pytest.param("<template/>", "", "", ConfigurationKind.PANORAMA, id="templates"),
        pytest.param("", "<pre-rulebase/>", "", ConfigurationKind.PANORAMA, id="shared rules"),
        pytest.param("", "", "<panorama><log-settings/></panorama>", ConfigurationKind.PANORAMA, id="its own settings"),
        pytest.param(
            "<vsys><entry name='vsys1'/></vsys>", "", "<panorama><address/></panorama>", ConfigurationKind.RUNNING,
            id="a firewall with pushed objects",
        ),
        pytest.param(
            "", "", "<panorama><pre-rulebase/></panorama>", ConfigurationKind.RUNNING, id="a firewall with pushed rules"
        ),
    ],
)  # fmt: skip
def test_tells_panorama_from_a_firewall(device: str, shared: str, after: str, kind: ConfigurationKind) -> None:
    assert read(device, shared, after).kind is kind


@pytest.mark.parametrize(
    ("code", "name", "candidate"),
    [("", "running-config.xml", False), ("19", "panorama.xml", True), ("", "candidate-config.xml", True)],
)
def test_a_configuration_that_follows_the_candidate_is_marked(code: str, name: str, candidate: bool) -> None:
    config = "<config version='11.1.0'><devices><entry name='p'><device-group/></entry></devices></config>"
    found = read_configuration(f"<response code='{code}'><result>{config}</result></response>".encode(), name, 0)
    assert (found.candidate, len(found.notes)) == (candidate, int(candidate))


def test_part_of_a_panorama_configuration() -> None:
    group = f"<device-group><entry name='A'><pre-rulebase>{rules('a')}</pre-rulebase></entry></device-group>"
    text = f"<response><result>{group}</result></response>"
    found = read_configuration(text.encode(), "x", 0)
    assert (found.kind, list(found.device_groups)) == (ConfigurationKind.PANORAMA, ["A"])
