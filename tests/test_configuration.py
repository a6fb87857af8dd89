"""Configurations in every form that a firewall hands them out: which kind they are, and what they say."""

from pathlib import Path

import pytest

from whydeny.model.configuration import (
    Address,
    CaptivePortal,
    Configuration,
    ConfigurationKind,
    Place,
    Rulebase,
    Service,
    Zone,
)
from whydeny.model.errors import InputError
from whydeny.model.release import Release
from whydeny.sources.exports.configuration import read_configuration
from whydeny.sources.open import open_inputs

RULE = "<security><rules><entry name='web'/></rules></security>"
FIREWALL = f"""<config version="10.2.0" urldb="paloaltonetworks" detail-version="10.2.4-h2">
<shared><service><entry name="s"><protocol><tcp><port>1</port></tcp></protocol></entry></service></shared>
<devices><entry name="localhost.localdomain">
<deviceconfig><system><hostname>fw-1</hostname><timezone>Europe/Vienna</timezone></system>
<setting><config><rematch>yes</rematch></config><ssl-decrypt><url-wait>no</url-wait><notify-user>yes</notify-user>
</ssl-decrypt><management><wildcard-topdown-match-mode>yes</wildcard-topdown-match-mode></management></setting>
</deviceconfig>
<network><shared-gateway><entry name="sg1"><zone><entry name="outside"/></zone></entry></shared-gateway></network>
<vsys><entry name="vsys1"><display-name>branch</display-name>
<zone><entry name="trust"><enable-user-identification>yes</enable-user-identification><network><layer3>
<member>ethernet1/1</member></layer3></network></entry>
<entry name="to-vsys2"><network><external><member>vsys2</member></external></network></entry></zone>
<address><entry name="h"><ip-netmask>10.1.1.1</ip-netmask></entry></address>
<captive-portal><mode><redirect/></mode><redirect-host>portal.example.net</redirect-host></captive-portal>
<rulebase>{RULE}</rulebase></entry>
<entry name="vsys2"/></vsys></entry></devices></config>"""


def read(text: str, name: str = "fw.xml") -> Configuration:
    return read_configuration(text.encode(), name, 3)


def answer(result: str, code: str = "") -> str:
    return f'<response status="success"{f" code={chr(34)}{code}{chr(34)}" if code else ""}><result>{result}</result></response>'


def firewall(rulebase: str = "", device: str = "", after: str = "") -> str:
    return (
        f'<config version="10.2.0"><devices><entry name="localhost.localdomain">{device}<vsys><entry name="vsys1">'
        f"<rulebase>{rulebase}</rulebase></entry></vsys></entry></devices>{after}</config>"
    )


def test_reads_a_firewall_export() -> None:
    found = read(FIREWALL)
    assert (found.kind, found.file, found.notes) == (ConfigurationKind.RUNNING, 3, ())
    assert found.release == Release(10, 2, 4, "h2")
    assert (found.hostname, found.timezone) == ("fw-1", "Europe/Vienna")
    assert (found.rematch, found.url_wait, found.notify_user, found.wildcard_top_down) == (True, False, True, True)
    assert found.panorama_managed is False
    assert list(found.vsys) == ["vsys1", "vsys2", "sg1"]
    system = found.vsys["vsys1"]
    assert system.display_name == "branch"
    assert system.zones == {"trust": Zone("trust", (), True), "to-vsys2": Zone("to-vsys2", ("vsys2",))}
    assert system.scope.addresses == {"h": Address("h", "ip-netmask", "10.1.1.1")}
    assert found.shared.services == {"s": Service("s", "tcp", "1")}
    assert system.captive_portal == CaptivePortal(True, "redirect", "portal.example.net", 4501, None)
    assert [r.name for r in system.local.rules[Rulebase.SECURITY]] == ["web"]
    assert found.vsys["sg1"].zones == {"outside": Zone("outside")}
    assert found.vsys["vsys2"].captive_portal is None


def test_a_whole_configuration_without_rules_has_empty_rulebases() -> None:
    assert read(FIREWALL).vsys["vsys2"].local.rules == dict.fromkeys(Rulebase, ())


def test_what_is_not_written_is_off_or_unknown() -> None:
    found = read(firewall())
    assert (found.rematch, found.url_wait, found.notify_user, found.hostname) == (None, None, False, None)
    assert found.release == Release(10, 2)


@pytest.mark.parametrize(
    ("text", "name", "kind", "note"),
    [
        pytest.param(firewall(RULE), "x.xml", ConfigurationKind.RUNNING, "", id="an export"),
        pytest.param(answer(firewall(RULE)), "x.xml", ConfigurationKind.RUNNING, "", id="an answer to show"),
        pytest.param(
            answer(firewall(RULE), "19"), "x.xml", ConfigurationKind.MERGED, "reads the candidate", id="action=get"
        ),
        pytest.param(
            firewall('<security><rules><entry name="a" loc="DG"/><entry name="b"/></rules></security>'),
            "x.xml",
            ConfigurationKind.EFFECTIVE,
            "",
            id="pushed rules folded in",
        ),
        pytest.param(
            firewall(
                RULE,
                after='<panorama><pre-rulebase><security><rules><entry name="a" loc="DG"/></rules></security>'
                "</pre-rulebase></panorama>",
            ),
            "x.xml",
            ConfigurationKind.RUNNING,
            "",
            id="pushed rules that stand apart",
        ),
        pytest.param(
            firewall(RULE, '<deviceconfig ptpl="T1"><system/></deviceconfig>'),
            "x.xml",
            ConfigurationKind.MERGED,
            "follows the candidate",
            id="template values without pushed rules",
        ),
        pytest.param(
            firewall(RULE, '<deviceconfig ptpl="T1"><system/></deviceconfig>'),
            ".merged-running-config.xml",
            ConfigurationKind.RUNNING,
            "template values",
            id="the merged running configuration of a tech-support file",
        ),
        pytest.param(
            firewall(RULE), "effective-running.xml", ConfigurationKind.EFFECTIVE, "called so", id="called effective"
        ),
        pytest.param(
            answer(firewall(RULE)), "show config merged.xml", ConfigurationKind.MERGED, "called so", id="called merged"
        ),
        pytest.param(
            answer(firewall(RULE)),
            "x.log (show config candidate)",
            ConfigurationKind.MERGED,
            "called so",
            id="asked so",
        ),
        pytest.param(
            firewall(RULE),
            "techsupport-saved-currcfg.xml",
            ConfigurationKind.MERGED,
            "called so",
            id="of a tech-support file",
        ),
        pytest.param(
            firewall(RULE), "merged-running-config.xml", ConfigurationKind.RUNNING, "", id="without template values"
        ),
        pytest.param(
            firewall(RULE), "candidate/effective/running.xml", ConfigurationKind.RUNNING, "", id="in such a folder"
        ),
    ],
)
def test_tells_the_kind(text: str, name: str, kind: ConfigurationKind, note: str) -> None:
    found = read(text, name)
    assert found.kind is kind
    assert note in " ".join(found.notes)
    assert bool(note) == bool(found.notes)


@pytest.mark.parametrize(
    ("text", "managed"),
    [
        pytest.param(firewall(), False, id="on its own"),
        pytest.param(
            firewall(
                device="<deviceconfig><system><panorama-server>10.0.0.5</panorama-server></system></deviceconfig>"
            ),
            True,
            id="names a Panorama, before 9.0",
        ),
        pytest.param(
            firewall(
                device="<deviceconfig><system><panorama><local-panorama><panorama-server>pano.example.net"
                "</panorama-server></local-panorama></panorama></system></deviceconfig>"
            ),
            True,
            id="names a Panorama, from 9.0 on",
        ),
        pytest.param(firewall(after="<panorama><pre-rulebase/></panorama>"), True, id="keeps pushed rules"),
        pytest.param(
            firewall('<security><rules><entry name="a" loc="DG"/></rules></security>'),
            True,
            id="pushed rules folded in",
        ),
    ],
)
def test_knows_a_firewall_that_panorama_manages(text: str, managed: bool) -> None:
    assert read(text).panorama_managed is managed


def test_says_where_nothing_tells_pre_rules_from_post_rules() -> None:
    found = read(firewall('<security><rules><entry name="a" loc="DG"/></rules></security>'))
    assert found.notes == (
        "vsys1 has pushed security rules and none of its own: they are shown as pre-rules, and some may be post-rules.",
    )


def test_reads_the_pushed_part_of_a_firewall_export() -> None:
    pushed = (
        "<panorama><address><entry name='p'><ip-netmask>10.2.0.1</ip-netmask></entry></address>"
        f"<pre-rulebase>{RULE.replace('web', 'first')}</pre-rulebase>"
        f"<post-rulebase>{RULE.replace('web', 'last')}</post-rulebase></panorama>"
    )
    found = read(firewall(RULE, after=pushed))
    system = found.vsys["vsys1"]
    assert found.kind is ConfigurationKind.RUNNING
    assert [r.name for r in system.pushed_pre.rules[Rulebase.SECURITY]] == ["first"]
    assert [(r.name, r.origin.place) for r in system.pushed_post.rules[Rulebase.SECURITY]] == [("last", Place.POST)]
    assert list(system.pushed.addresses) == ["p"]
    assert [r.name for r in system.local.rules[Rulebase.SECURITY]] == ["web"]


def test_keeps_apart_what_was_pushed_to_one_virtual_system() -> None:
    pushed = (
        f"<panorama><vsys><entry name='vsys1'><pre-rulebase>{RULE.replace('web', 'own')}</pre-rulebase></entry></vsys>"
        f"<pre-rulebase>{RULE.replace('web', 'all')}</pre-rulebase></panorama>"
    )
    found = read(firewall(after=pushed))
    assert [r.name for r in found.vsys["vsys1"].pushed_pre.rules[Rulebase.SECURITY]] == ["own"]
    assert [r.name for r in found.shared_pre.rules[Rulebase.SECURITY]] == ["all"]


PUSHED = (
    f"<panorama><pre-rulebase>{RULE}</pre-rulebase><address><entry name='p'><fqdn>a.example.net</fqdn></entry></address>"
    "</panorama>"
)
SHARED = "<shared><address><entry name='s'><fqdn>b.example.net</fqdn></entry></address></shared>"


@pytest.mark.parametrize(
    ("text", "name", "systems", "objects"),
    [
        pytest.param(answer(f"<policy>{PUSHED}</policy>"), "a.xml", {"": ["web"]}, [], id="policy/panorama"),
        pytest.param(answer(f"<policy>{PUSHED}{SHARED}</policy>"), "a.xml", {"": ["web"]}, ["s"], id="both roots"),
        pytest.param(answer(SHARED), "a.xml", {}, ["s"], id="shared alone, of a firewall with virtual systems"),
        pytest.param(answer(f"<policy>{PUSHED}</policy>"), "pushed-vsys2.xml", {"vsys2": ["web"]}, [], id="named vsys"),
        pytest.param(f"<policy>{PUSHED}</policy>", "a.xml", {"": ["web"]}, [], id="without its answer around it"),
        pytest.param(
            answer("<![CDATA[No shared policy pushed to device]]>"), "a.xml", {"": []}, [], id="the plain sentence"
        ),
        pytest.param("No shared policy pushed to device\n", "vsys3.txt", {"vsys3": []}, [], id="the sentence as text"),
    ],
)
def test_reads_pushed_policy_answers(text: str, name: str, systems: dict[str, list[str]], objects: list[str]) -> None:
    found = read(text, name)
    assert found.kind is ConfigurationKind.PUSHED_POLICY
    assert found.panorama_managed
    rules = {key: [r.name for r in s.pushed_pre.rules.get(Rulebase.SECURITY, ())] for key, s in found.vsys.items()}
    assert rules == systems
    assert list(found.shared.addresses) == objects


PUSHED_TO_VSYS = (
    f"<vsys><entry name='vsys2'><pre-rulebase>{RULE}</pre-rulebase><address><entry name='a'><fqdn>b.example.net</fqdn>"
    "</entry></address></entry></vsys>"
)


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param(
            "<panorama><address><entry name='a'><fqdn>a.example.net</fqdn></entry><entry name='all'><fqdn>c.example.net"
            f"</fqdn></entry></address>{PUSHED_TO_VSYS}</panorama>",
            id="panorama",
        ),
        pytest.param(PUSHED_TO_VSYS, id="its virtual systems"),
        pytest.param(PUSHED_TO_VSYS.removeprefix("<vsys>").removesuffix("</vsys>"), id="one of them"),
    ],
)
def test_reads_what_a_firewall_answers_for_its_pushed_part(tmp_path: Path, inside: str) -> None:
    (tmp_path / "answer.xml").write_text(answer(inside, "19"), "utf-8")
    found = open_inputs([tmp_path]).configurations[0]
    assert found.kind is ConfigurationKind.PUSHED_POLICY
    assert [rule.name for rule in found.vsys["vsys2"].pushed_pre.rules[Rulebase.SECURITY]] == ["web"]
    addresses = {name: address.value for name, address in found.vsys["vsys2"].pushed.addresses.items()}
    everywhere = {"all": "c.example.net"} if "panorama" in inside else {}
    assert addresses == everywhere | {"a": "b.example.net"}


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        pytest.param(f"<entry name='vsys1'><rulebase>{RULE}</rulebase></entry>", ConfigurationKind.RUNNING, id="vsys"),
        pytest.param(
            f"<entry name='fw'><vsys><entry name='vsys1'><rulebase>{RULE}</rulebase></entry></vsys></entry>",
            ConfigurationKind.RUNNING,
            id="the device entry",
        ),
        pytest.param(
            f"<entry name='Branch'><address><entry name='a'/></address><pre-rulebase>{RULE}</pre-rulebase></entry>",
            ConfigurationKind.PANORAMA,
            id="a device group",
        ),
        pytest.param("<captive-portal><rules/></captive-portal>", ConfigurationKind.RUNNING, id="one rulebase"),
    ],
)
def test_entries_of_a_configuration_open_as_files(tmp_path: Path, inside: str, kind: ConfigurationKind) -> None:
    (tmp_path / "answer.xml").write_text(answer(inside), "utf-8")
    assert [found.kind for found in open_inputs([tmp_path]).configurations] == [kind]


def test_a_part_that_holds_no_rules_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "answer.xml").write_text(answer("<address><entry name='a'/></address>"), "utf-8")
    with pytest.raises(InputError, match="it seems to be one part of a configuration, <response> with <address>"):
        open_inputs([tmp_path])


@pytest.mark.parametrize("inner", ["<config>{}</config>", "{}"], ids=["with config", "without"])
def test_reads_pushed_template_answers(inner: str) -> None:
    body = (
        "<devices><entry name='localhost.localdomain'><deviceconfig><setting><config><rematch>yes</rematch></config>"
        "</setting></deviceconfig><vsys><entry name='vsys1'><zone><entry name='trust' ptpl='T'/></zone></entry></vsys>"
        "</entry></devices>"
    )
    found = read(answer(f"<template>{inner.format(body)}</template>"))
    assert found.kind is ConfigurationKind.PUSHED_TEMPLATE
    assert (found.rematch, list(found.vsys["vsys1"].zones), found.vsys["vsys1"].local.rules) == (True, ["trust"], {})


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(f"<rulebase>{RULE}</rulebase>", id="rulebase"),
        pytest.param(RULE, id="one rulebase"),
        pytest.param(f"<vsys><entry name='vsys1'><rulebase>{RULE}</rulebase></entry></vsys>", id="virtual systems"),
        pytest.param(f"<entry name='vsys1'><rulebase>{RULE}</rulebase></entry>", id="one virtual system"),
        pytest.param(
            f"<entry name='localhost.localdomain'><vsys><entry name='vsys1'><rulebase>{RULE}</rulebase></entry></vsys>"
            "</entry>",
            id="the device entry",
        ),
    ],
)
@pytest.mark.parametrize(
    ("code", "kind"), [("", ConfigurationKind.RUNNING), ("19", ConfigurationKind.MERGED)], ids=["show", "get"]
)
def test_reads_part_of_a_configuration_and_leaves_the_rest_unknown(
    part: str, code: str, kind: ConfigurationKind
) -> None:
    found = read(answer(part, code))
    assert found.kind is kind
    assert {k: [r.name for r in rules] for k, rules in found.vsys["vsys1"].local.rules.items()} == {
        Rulebase.SECURITY: ["web"]
    }
    assert "only the part below" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("hostname: fw-1", "expected a configuration in XML, found text", id="text"),
        pytest.param("", "expected a configuration in XML, found text", id="empty"),
        pytest.param("<html><body/></html>", "expected a configuration, found <html>", id="a web page"),
        pytest.param(answer("<system/>"), "expected a configuration, found <system>", id="another answer"),
        pytest.param(answer(""), "expected a configuration, found an empty result", id="an empty answer"),
        pytest.param("<response status='success'/>", "found an empty response", id="no result"),
        pytest.param(
            "<response status='error'><msg><line>Access denied</line></msg></response>",
            r"refused to answer \(Access denied\)",
            id="an error answer",
        ),
        pytest.param(
            "<response status='error' code='17'><msg><line>\n</line></msg></response>",
            "it does not say why",
            id="an error answer without a word",
        ),
        pytest.param("<config version='10.1.0'><devices/></config>", "has no virtual system", id="no virtual system"),
        pytest.param(answer("<entry name='x'/>"), "one entry without rulebase", id="one entry of something"),
        pytest.param(answer("<policy/>"), "found neither", id="an empty pushed policy"),
        pytest.param("<config><shared></config>", "line 1: expected well-formed XML", id="half copied"),
    ],
)
def test_refuses_what_is_no_configuration(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=rf"^fw\.xml.*{sentence}") as caught:
        read(text)
    assert "\n" not in str(caught.value)
