"""What a managed firewall answers to show config, put together: running, pushed policy, pushed template, merged."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import files_of
from whydeny.model.configuration import ConfigurationKind, Place, Policy, Rulebase, Zone
from whydeny.model.site import Site
from whydeny.policy.assemble import assemble
from whydeny.sources.open import open_inputs
from whydeny.verdict.judge import Judge
from whydeny.verdict.standing import UNPROVED, standing

SESSION: dict[str, Any] = {
    "release": "11.1.4",
    "configuration": False,
    "session": {"app": "ssh", "dport": 22, "rule": "Branch-Web", "vsys": "vsys1"},
}


def answer(inside: str) -> str:
    return f'<response status="success"><result>{inside}</result></response>'


def rule(name: str, action: str, application: str = "any", destination: str = "any", loc: str = "") -> str:
    marked = f' loc="{loc}"' if loc else ""
    return (
        f'<entry name="{name}"{marked}><from><member>trust</member></from><to><member>untrust</member></to>'
        f"<source><member>any</member></source><destination><member>{destination}</member></destination>"
        f"<application><member>{application}</member></application><service><member>any</member></service>"
        f"<action>{action}</action></entry>"
    )


def rules(*entries: str, rulebase: str = "security") -> str:
    return f"<{rulebase}><rules>{''.join(entries)}</rules></{rulebase}>"


def address(name: str, value: str, loc: str = "") -> str:
    marked = f' loc="{loc}"' if loc else ""
    return f'<address><entry name="{name}"{marked}><ip-netmask>{value}</ip-netmask></entry></address>'


def config(*systems: tuple[str, str], setting: str = "", shared: str = "") -> str:
    """A firewall's `<config>`: name and content of each virtual system."""
    inside = "".join(f'<entry name="{name}">{content}</entry>' for name, content in systems)
    return (
        f'<config version="11.1.0"><shared>{shared}</shared><devices><entry name="localhost.localdomain">'
        "<deviceconfig><system><hostname>fw-example</hostname><panorama><local-panorama><panorama-server>192.0.2.5"
        f"</panorama-server></local-panorama></panorama></system><setting>{setting}</setting></deviceconfig><vsys>{inside}</vsys>"
        "</entry></devices></config>"
    )


LOCAL = f"{address('server', '203.0.113.9')}<rulebase>{rules(rule('Local-Any', 'allow', 'any', 'server'))}</rulebase>"
RUNNING = answer(config(("vsys1", LOCAL)))
# Pushed: one rule of shared and one of the device group before the firewall's own, one after; the last default rule is
# overridden, and `server` is another host in the device group.
PUSHED_PART = (
    "<panorama><pre-rulebase>"
    + rules(rule("All-DNS", "allow", "dns", loc="shared"), rule("Branch-Web", "allow", "web-browsing", loc="Branches"))
    + "</pre-rulebase><post-rulebase>"
    + rules(rule("Branch-Rest", "drop", loc="Branches"))
    + '<default-security-rules><rules><entry name="interzone-default" loc="Branches"><action>reset-both</action>'
    "<log-end>yes</log-end></entry></rules></default-security-rules></post-rulebase>"
    + address("server", "198.51.100.77", "Branches")
    + address("only-pushed", "198.51.100.78", "Branches")
    + "</panorama>"
)
PUSHED = answer(f"<policy>{PUSHED_PART}</policy>")
ZONES = (
    '<zone><entry name="trust" ptpl="Sites"><network><layer3><member>ethernet1/2</member></layer3></network>'
    '<enable-user-identification>yes</enable-user-identification></entry><entry name="untrust" ptpl="Sites"/></zone>'
)
TEMPLATE = answer(
    '<template><config version="11.1.0"><devices><entry name="localhost.localdomain"><deviceconfig><setting><config>'
    f'<rematch ptpl="Sites">yes</rematch></config></setting></deviceconfig><vsys><entry name="vsys1">{ZONES}</entry></vsys>'
    "</entry></devices></config></template>"
)
NOTHING = answer("No shared policy pushed to device")
ANSWERS = {
    "show-config-running.xml": RUNNING,
    "show-config-pushed-shared-policy.xml": PUSHED,
    "show-config-pushed-template.xml": TEMPLATE,
}


def opened(folder: Path, files: dict[str, str]) -> Site:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return open_inputs([folder])


def security(policy: Policy) -> list[tuple[str, str, Place]]:
    return [(rule.name, rule.action, rule.origin.place) for rule in policy.rules[Rulebase.SECURITY]]


WHOLE = [
    ("All-DNS", "allow", Place.PRE),
    ("Branch-Web", "allow", Place.PRE),
    ("Local-Any", "allow", Place.LOCAL),
    ("Branch-Rest", "drop", Place.POST),
    ("intrazone-default", "allow", Place.DEFAULT),
    ("interzone-default", "reset-both", Place.DEFAULT),
]


def transcript(files: dict[str, str]) -> str:
    """The same answers as a terminal shows them, one after another."""
    commands = {name: name.removesuffix(".xml").replace("show-config-", "show config ") for name in files}
    return "".join(f"admin@fw-example> {commands[name]}\n{text}\n\n" for name, text in files.items())


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(ANSWERS, id="a file each"),
        pytest.param(dict(reversed(ANSWERS.items())), id="in another order"),
        pytest.param({"a.xml": RUNNING, "b.xml": PUSHED, "c.xml": TEMPLATE}, id="under names that say nothing"),
        pytest.param({"all.xml": "\n".join(ANSWERS.values())}, id="one after another in a file"),
        pytest.param({"terminal.log": transcript(ANSWERS)}, id="as a terminal shows them"),
        pytest.param(
            ANSWERS | {"show-config-pushed-shared-policy-vsys1.xml": PUSHED}, id="the pushed policy asked for both ways"
        ),
    ],
)
def test_running_pushed_policy_and_template_make_one_policy(tmp_path: Path, files: dict[str, str]) -> None:
    site = opened(tmp_path, files)
    assert site.problems == []
    policy = assemble(site.configurations)
    assert security(policy) == WHOLE
    assert [rule.number for rule in policy.rules[Rulebase.SECURITY]] == [1, 2, 3, 4, 5, 6]
    owners = {rule.name: rule.origin.owner for rule in policy.rules[Rulebase.SECURITY] if rule.origin.panorama}
    assert owners["All-DNS"] == "shared"
    assert owners["Branch-Web"] == owners["Branch-Rest"] == owners["interzone-default"] == "Branches"
    assert policy.zones == {"trust": Zone("trust", (), True), "untrust": Zone("untrust")}
    assert policy.rematch is True
    assert (policy.candidate, policy.pushed_missing, policy.missing) == (False, False, ())
    assert policy.hostname == "fw-example"


def test_a_name_means_the_firewalls_own_object_first(tmp_path: Path) -> None:
    scopes = assemble(opened(tmp_path, ANSWERS).configurations).scopes
    found = [scope.addresses["server"].value for scope in scopes if "server" in scope.addresses]
    assert found == ["203.0.113.9", "198.51.100.77"]
    assert any("only-pushed" in scope.addresses for scope in scopes)


@pytest.mark.parametrize(
    ("gone", "order", "said"),
    [
        pytest.param(
            "show-config-pushed-shared-policy.xml",
            ["Local-Any", "intrazone-default", "interzone-default"],
            "the policy that Panorama pushed is not among the inputs",
            id="no pushed policy",
        ),
        pytest.param(
            "show-config-running.xml",
            ["All-DNS", "Branch-Web", "Branch-Rest", "intrazone-default", "interzone-default"],
            "The firewall's own rules are not among the inputs",
            id="no running configuration",
        ),
    ],
)
def test_says_which_part_is_missing(tmp_path: Path, gone: str, order: list[str], said: str) -> None:
    files = {name: text for name, text in ANSWERS.items() if name != gone}
    policy = assemble(opened(tmp_path, files).configurations)
    assert [rule.name for rule in policy.rules[Rulebase.SECURITY]] == order
    assert said in " ".join(policy.missing)
    assert policy.pushed_missing is (gone == "show-config-pushed-shared-policy.xml")


def test_the_verdict_names_the_pushed_rules_and_where_they_are_edited(tmp_path: Path) -> None:
    """The session went from what one pushed rule takes to what the pushed last rule drops."""
    away = SESSION | {"session": SESSION["session"] | {"dst": "198.51.100.9"}}
    finding = Judge(opened(tmp_path, files_of(away) | ANSWERS)).finding(0)
    took = finding.lookups[Rulebase.SECURITY].rule
    assert took is not None
    assert (took.name, took.origin.place, took.origin.owner) == ("Branch-Rest", Place.POST, "Branches")
    assert (finding.verdict.cause, finding.verdict.denied_by) == ("app-shift", "Branch-Rest")
    assert finding.verdict.fix_at == "on Panorama, device group Branches, pre-rules"
    assert finding.verdict.missing == ()


MERGED_BODY = f"{ZONES}{LOCAL}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.xml", answer(config(("vsys1", MERGED_BODY))), id="told by its template values"),
        pytest.param("show-config-merged.xml", answer(config(("vsys1", LOCAL))), id="told by its name"),
        pytest.param(
            "terminal.log",
            f"admin@fw-example> show config merged\n{answer(config(('vsys1', LOCAL)))}\n",
            id="told by the command",
        ),
        pytest.param(
            "a.xml",
            answer(config(("vsys1", LOCAL))).replace('status="success"', 'status="success" code="19"'),
            id="told by action=get",
        ),
    ],
)
def test_a_merged_configuration_is_said_to_be_the_candidate(tmp_path: Path, name: str, text: str) -> None:
    site = opened(tmp_path, files_of(SESSION) | {name: text, "pushed.xml": PUSHED, "template.xml": TEMPLATE})
    assert [c.kind for c in site.configurations].count(ConfigurationKind.MERGED) == 1
    policy = assemble(site.configurations)
    assert policy.candidate
    assert "may hold uncommitted changes" in " ".join(policy.notes)
    assert security(policy) == WHOLE  # what was pushed is in no merged configuration, and comes from its answer
    judge = Judge(site)
    found = standing(judge.case(0))
    assert found.cap <= UNPROVED
    assert any("follows the candidate" in reason for reason in found.reasons)
    assert "follows the candidate" in judge.finding(0).verdict.confidence_why


def test_a_merged_configuration_alone_lacks_what_was_pushed(tmp_path: Path) -> None:
    policy = assemble(opened(tmp_path, {"merged.xml": answer(config(("vsys1", MERGED_BODY)))}).configurations)
    assert (policy.candidate, policy.pushed_missing) == (True, True)
    assert "the policy that Panorama pushed is not among the inputs" in policy.missing[0]


def test_running_is_preferred_to_merged(tmp_path: Path) -> None:
    edited = config(("vsys1", MERGED_BODY.replace("Local-Any", "Uncommitted")))
    policy = assemble(opened(tmp_path, ANSWERS | {"show-config-merged.xml": answer(edited)}).configurations)
    assert security(policy) == WHOLE
    assert not policy.candidate


# Several virtual systems: asked without one, the firewall answers with Panorama's shared part, or for vsys1.

SECOND = f"<rulebase>{rules(rule('Second-Own', 'allow'))}</rulebase>"
TWO = answer(config(("vsys1", LOCAL), ("vsys2", SECOND)))
SHARED = answer(f"<shared>{address('everywhere', '198.51.100.1')}</shared>")


def names(policy: Policy) -> list[str]:
    return [rule.name for rule in policy.rules[Rulebase.SECURITY] if not rule.is_default]


def test_each_virtual_system_has_its_own_pushed_policy(tmp_path: Path) -> None:
    site = opened(
        tmp_path,
        {
            "running.xml": TWO,
            "pushed-shared-policy.xml": SHARED,
            "pushed-shared-policy-vsys1.xml": PUSHED,
            "pushed-shared-policy-vsys2.xml": NOTHING,
        },
    )
    first, second = (assemble(site.configurations, vsys) for vsys in ("vsys1", "vsys2"))
    assert names(first) == ["All-DNS", "Branch-Web", "Local-Any", "Branch-Rest"]
    assert names(second) == ["Second-Own"]
    assert (first.pushed_missing, first.missing) == (False, ())
    assert second.pushed_missing is False
    assert any("belongs to no device group" in note for note in second.notes)
    assert all(any("everywhere" in scope.addresses for scope in policy.scopes) for policy in (first, second))


def test_an_answer_that_was_asked_for_no_virtual_system_is_that_of_vsys1(tmp_path: Path) -> None:
    site = opened(tmp_path, {"running.xml": TWO, "pushed-shared-policy.xml": PUSHED, "shared.xml": SHARED})
    assert names(assemble(site.configurations, "vsys1")) == ["All-DNS", "Branch-Web", "Local-Any", "Branch-Rest"]
    second = assemble(site.configurations, "vsys2")
    assert names(second) == ["Second-Own"]
    assert second.pushed_missing
    assert "show config pushed-shared-policy vsys vsys2 holds it" in " ".join(second.missing)


def test_the_commands_of_a_terminal_say_whose_answers_they_are(tmp_path: Path) -> None:
    log = "".join(
        f"admin@fw-example> {command}\n{text}\n"
        for command, text in (
            ("show config running", TWO),
            ("show config pushed-shared-policy", SHARED),
            ("show config pushed-shared-policy vsys vsys2", PUSHED),
            ("show config pushed-shared-policy vsys vsys1", NOTHING),
        )
    )
    site = opened(tmp_path, {"terminal.log": log})
    assert names(assemble(site.configurations, "vsys1")) == ["Local-Any"]
    assert names(assemble(site.configurations, "vsys2")) == ["All-DNS", "Branch-Web", "Second-Own", "Branch-Rest"]
