"""What is proposed for a verdict: the narrow lines, at the level where the rule is edited, and nothing where nothing is safe."""

from pathlib import Path

import pytest

from site_builder import SERIAL, Table, build
from whydeny.model.set_lines import split_words
from whydeny.sources.open import open_inputs
from whydeny.verdict.candidate import edit_site
from whydeny.verdict.judge import Judge
from whydeny.verdict.proposal import Proposal, propose
from whydeny.verdict.replayed import Effect
from whydeny.verdict.whatif import replay

WEB = "Out from=trust to=untrust app=web-browsing,ssl service=application-default action=allow"


def proposed(case: Table, folder: Path, group: int = 1) -> tuple[Proposal, Judge]:
    """The proposal for the first session of a situation, or for the first so many."""
    judge = Judge(build({"release": "10.2.4"} | case, folder))
    session = judge.site.sessions.session(0)
    sessions = [judge.site.sessions.session(row) for row in range(group)]
    finding = judge.finding(0)
    return propose(finding, judge.engine_for(session.serial, session.vsys), sessions), judge


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        pytest.param(
            {"rules": [WEB], "session": {"dport": 8443}},
            [
                "set service tcp-8443 protocol tcp port 8443",
                'set rulebase security rules "Out tcp-8443" from trust to untrust source any destination 203.0.113.9 '
                "source-user any application web-browsing service tcp-8443 category any",
                'set rulebase security rules "Out tcp-8443" action allow log-end yes',
                'move rulebase security rules "Out tcp-8443" after Out',
            ],
            id="a port of its own",
        ),
        pytest.param(
            {
                "rules": [WEB.replace("to=untrust", "to=untrust source=10.1.0.0/16 user=ex\\mk log-setting=Fwd")],
                "session": {"dport": 8443, "srcuser": "ex\\mk"},
                "objects": {"service": {"web-alt": "tcp/8443"}},
            },
            [
                "set rulebase security rules \"Out web-alt\" from trust to untrust source 10.1.0.0/16 destination 203.0.113.9 "
                'source-user "ex\\\\mk" application web-browsing service web-alt category any',
                'set rulebase security rules "Out web-alt" action allow log-end yes log-setting Fwd',
                'move rulebase security rules "Out web-alt" after Out',
            ],
            id="a service that is there already, and what the rule asks",
        ),
        pytest.param(
            {"rules": [WEB], "session": {"app": "ssh", "dport": 22}},
            ["set rulebase security rules Out application ssh"],
            id="one more application",
        ),
        pytest.param(
            {
                "release": "8.0.13",
                "rules": [WEB],
                "session": {"flags": "decrypted", "app": "web-browsing"},
            },
            [
                "delete rulebase security rules Out service application-default",
                "set rulebase security rules Out service [ service-http service-https ]",
            ],
            id="the services of the web before 9.0",
        ),
        pytest.param(
            {
                "release": "8.0.13",
                "rules": [WEB.replace("web-browsing,ssl", "web-browsing,ssl,dns")],
                "session": {"flags": "decrypted", "app": "web-browsing"},
            },
            [
                'set rulebase security rules "Out service-https" from trust to untrust source any destination 203.0.113.9 '
                "source-user any application web-browsing service service-https category any",
                'set rulebase security rules "Out service-https" action allow log-end yes',
                'move rulebase security rules "Out service-https" after Out',
            ],
            id="a rule beside it where others would lose their ports",
        ),
        pytest.param(
            {
                "rules": [WEB.replace("action", "category=news action")],
                "session": {"category": "games", "dport": 80},
            },
            ["set rulebase security rules Out category games"],
            id="one more category",
        ),
        pytest.param(
            {
                "systems": {"vsys2": {"rules": [WEB]}},
                "session": {"vsys": "vsys2", "app": "ssh", "dport": 22},
            },
            ["set vsys vsys2 rulebase security rules Out application ssh"],
            id="in another virtual system",
        ),
        pytest.param(
            {"rules": [WEB.replace("Out", "Out")], "session": {"app": "ssh", "dport": 22},
             "decryption": ["Ssh from=trust to=untrust action=decrypt kind=ssh-proxy"]},
            ["set rulebase security rules Out application ssh"],
            id="a decryption rule that has nothing to do with it",
        ),
    ],
)  # fmt: skip
def test_the_lines_are_narrow_and_do_what_they_say(case: Table, wanted: list[str], tmp_path: Path) -> None:
    proposal, judge = proposed(case, tmp_path)
    assert list(proposal.lines) == wanted
    changed = edit_site(judge.site, judge.firewalls, proposal.lines, None, SERIAL)
    assert changed.lines == proposal.lines
    found = replay(judge.site, judge, Judge(changed.site))
    assert found.rows["effect"].to_list() == [Effect.PASSES]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"rules": [WEB], "session": {"app": "unknown-tcp"}}, "unknown-tcp as a whole"),
        ({"rules": [WEB], "session": {"app": "ssh", "dport": 443}}, "would still not certainly take"),
        (
            {"rules": ["No from=trust app=ssh service=any action=deny log-end=no", WEB], "session": {"app": "ssh", "dport": 22}},
            "No stands above Out, and refuses on purpose",
        ),
        (
            {"rules": [WEB, "No from=trust app=ssh service=any action=deny log-end=no"], "session": {"app": "ssh", "dport": 22}},
            "No refuses ssh by its name",
        ),
        (
            {"rules": [WEB.replace("action", "category=news action")], "session": {"category": "not-resolved", "dport": 80}},
            "allowing unrated sites",
        ),
        ({"rules": [WEB], "configuration": False}, "no configuration of this firewall"),
        ({"rules": [WEB], "session": {"session_end_reason": "tcp-fin"}}, "the outcome needs no cause"),
        ({"rules": [WEB], "session": {"app": "quic", "proto": "udp"}}, "browsers go on over TCP"),
    ],
)  # fmt: skip
def test_nothing_is_proposed_where_nothing_is_safe(case: Table, told: str, tmp_path: Path) -> None:
    proposal, _ = proposed(case, tmp_path)
    assert proposal.lines == ()
    assert proposal.why.startswith("Nothing is proposed: ")
    assert told in proposal.why


def test_a_rule_for_a_group_lists_its_few_addresses(tmp_path: Path) -> None:
    case = {
        "rules": [WEB],
        "session": {"dport": 8443},
        "others": [{"sessionid": 10 + n, "dst": f"203.0.113.{20 + n}"} for n in range(3)],
    }
    proposal, _ = proposed(case, tmp_path, group=4)
    assert "destination [ 203.0.113.9 203.0.113.20 203.0.113.21 203.0.113.22 ]" in proposal.lines[1]
    assert "203.0.113.9 and 3 more" in proposal.why


def test_names_that_are_taken_or_long_are_gone_round(tmp_path: Path) -> None:
    name = "A-rule-with-quite-a-long-name"
    proposal, judge = proposed(
        {"rules": [WEB.replace("Out", name)], "session": {"dport": 8443, "rule": name}}, tmp_path
    )
    assert split_words(proposal.lines[-1])[4] == f"{name} t"
    # Once the rule is there, and still not what the session needs, another one gets another name.
    lines = [*proposal.lines, f'set rulebase security rules "{name} t" disabled yes']
    again = Judge(edit_site(judge.site, judge.firewalls, lines).site)
    session = again.site.sessions.session(0)
    second = propose(again.finding(0), again.engine_for(session.serial, session.vsys))
    assert split_words(second.lines[-1])[4] == f"{name} 2"


PUSHED = """<response status="success"><result><policy><panorama><{place}-rulebase><security><rules>
<entry name="Pushed out"{loc}><from><member>trust</member></from><to><member>untrust</member></to>
<application><member>ssl</member></application><service><member>any</member></service><action>allow</action></entry>
</rules></security></{place}-rulebase></panorama></policy></result></response>"""


@pytest.mark.parametrize(
    ("place", "loc", "wanted"),
    [
        ("pre", ' loc="Branch offices"', 'set device-group "Branch offices" pre-rulebase security rules "Pushed out"'),
        ("post", ' loc="DG"', 'set device-group DG post-rulebase security rules "Pushed out"'),
        ("pre", ' loc="shared"', 'set shared pre-rulebase security rules "Pushed out"'),
        ("pre", "", ""),
    ],
    ids=["a device group with a space", "among the post-rules", "shared", "a group that is not named"],
)
def test_a_pushed_rule_is_edited_on_panorama(place: str, loc: str, wanted: str, tmp_path: Path) -> None:
    case = {
        "release": "10.2.4",
        "panorama": True,
        "rules": [],
        "session": {"app": "ssh", "dport": 22, "rule": "Pushed out", "rule_uuid": ""},
        "files": {"pushed-shared-policy-vsys1.xml": PUSHED.format(place=place, loc=loc)},
    }
    build(case, tmp_path)
    judge = Judge(open_inputs([tmp_path]))
    session = judge.site.sessions.session(0)
    proposal = propose(judge.finding(0), judge.engine_for(session.serial, session.vsys))
    if not wanted:
        assert "which device group pushed the rule is not among the inputs" in proposal.why
        return
    assert proposal.lines == (f"{wanted} application ssh",)
    assert proposal.at.startswith("on Panorama")
    changed = edit_site(judge.site, judge.firewalls, proposal.lines, None, SERIAL)
    found = replay(judge.site, judge, Judge(changed.site))
    assert found.rows["effect"].to_list() == [Effect.PASSES]
