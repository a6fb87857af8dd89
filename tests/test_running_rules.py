"""Rules as the firewall has them compiled, where its configuration is not among the inputs."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from site_builder import HOST, SERIAL, build
from ui_stage import staged
from whydeny.cli.main import whydeny
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import UsageError
from whydeny.model.release import Release
from whydeny.model.truth import Truth
from whydeny.policy.applications import Catalog
from whydeny.policy.bulk import match_all
from whydeny.policy.cells import CellField, read_cell
from whydeny.policy.defaults import Defaults
from whydeny.policy.flows import flow_of
from whydeny.policy.lookup import Certainty
from whydeny.policy.names import Names
from whydeny.policy.running_rules import policy_of_running
from whydeny.policy.services import Ports
from whydeny.sources.exports.device_answers import read_answers
from whydeny.verdict.judge import Judge
from whydeny.verdict.proposal import propose

SECURITY = Rulebase.SECURITY
FIELDS = {
    "from": "trust", "source": "any", "source-region": "none", "to": "untrust", "destination": "any",
    "destination-region": "none", "user": "any", "source-device": "any", "destinataion-device": "any", "category": "any",
    "application/service": "[0:ssl/tcp/any/443 1:web-browsing/tcp/any/80 ]", "action": "allow",
}  # fmt: skip


def block(name: str, index: int | None = None, **changes: str) -> str:
    """One compiled rule; a field is left out where its change is empty."""
    fields = FIELDS | {key.replace("_", "-").replace("--", "/"): text for key, text in changes.items()}
    title = f'"{name}; index: {index}"' if index is not None else f'"{name}"'
    lines = "".join(f"        {key} {text};\n" for key, text in fields.items() if text)
    return f"{title} {{\n{lines}        icmp-unreachable: no\n        terminal yes;\n}}\n\n"


def default(name: str, action: str) -> str:
    """A default rule."""
    kind = name.removesuffix("-default")
    cells = {"application--service": "any/any/any/any", "from": "any", "to": "any", "user": ""}
    return block(name, None, **cells, action=action, type=kind, source_device="", destinataion_device="")


DEFAULTS = default("intrazone-default", "allow") + default("interzone-default", "deny")
OUT = block("Out", 1)


def shown(rules: str, command: str = "show running security-policy", host: str = HOST) -> str:
    """The rules in a transcript."""
    return f"admin@{host}> {command}\n\n{rules}"


def judge(folder: Path, compiled: str, /, **case: Any) -> Judge:
    """A traffic log and compiled rules."""
    given = {"configuration": False, "release": "10.2", "files": {"show.txt": shown(compiled)}} | case
    return Judge(build({"session": {}} | given, folder), Release(10, 2))


def answers(rules: str):
    """What is read of a transcript."""
    found = read_answers(shown(rules).encode(), "show.txt", 0)
    assert found is not None
    return found


TABLE = ApplicationTable(
    {
        one.name: one
        for one in (
            Application("web-browsing", ("tcp/80",), secure_ports=("tcp/443",)),
            Application("ssl", ("tcp/443",)),
            Application("dns", ("udp/53", "tcp/53")),
        )
    }
)


@pytest.mark.parametrize(
    ("cells", "application", "protocol", "port", "decrypted", "result"),
    [
        pytest.param("dns/udp/any/53", "dns", 17, 53, False, Truth.MATCH, id="its port"),
        pytest.param("dns/udp/any/53", "dns", 17, 54, False, Truth.NO_MATCH, id="another port"),
        pytest.param("dns/udp/any/53", "dns", 6, 53, False, Truth.NO_MATCH, id="another protocol"),
        pytest.param("dns/udp/any/53", "dns", 17, None, False, Truth.UNKNOWN, id="a port that is not known"),
        pytest.param("dns/udp/any/53", "dns", None, 53, False, Truth.UNKNOWN, id="a protocol that is not known"),
        pytest.param("3:any/tcp/any/8000-8010", "ssl", 6, 8005, None, Truth.MATCH, id="a service for any application"),
        pytest.param("any/tcp/any/8000,8443", "ssl", 6, 8443, None, Truth.MATCH, id="a list of ports"),
        pytest.param("ssl/tcp/any/443 web-browsing/tcp/any/80", "ssl", 6, 80, False, Truth.NO_MATCH,
                     id="the port of another application"),
        pytest.param("ssl/tcp/any/443 web-browsing/tcp/any/80", "", 6, 80, False, Truth.MATCH,
                     id="any port of theirs before an application is known"),
        pytest.param("web-browsing/tcp/any/80", "web-browsing", 6, 443, False, Truth.NO_MATCH, id="in clear"),
        pytest.param("web-browsing/tcp/any/80", "web-browsing", 6, 443, True, Truth.UNKNOWN,
                     id="inside TLS, where application-default would hold"),
        pytest.param("web-browsing/tcp/any/80", "web-browsing", 6, 80, True, Truth.UNKNOWN,
                     id="inside TLS, where application-default would not"),
        pytest.param("web-browsing/tcp/any/80", "web-browsing", 6, 8080, True, Truth.NO_MATCH,
                     id="inside TLS, where neither would"),
        pytest.param("any/any/any/any", "ssl", 6, 443, False, Truth.MATCH, id="everything, on a default port"),
        pytest.param("any/any/any/any", "ssl", 6, 8443, False, Truth.UNKNOWN, id="everything, off the default ports"),
        pytest.param("ping/icmp/any/any", "ping", 1, None, False, Truth.MATCH, id="ICMP"),
        pytest.param("ospf/89/any/any", "ospf", 89, None, False, Truth.MATCH, id="a protocol by its number"),
        pytest.param("ssl/tcp/any/dynamic", "ssl", 6, 443, False, Truth.UNKNOWN, id="ports that can't be read"),
        pytest.param("ssl-tcp-443", "ssl", 6, 443, False, Truth.UNKNOWN, id="no cell at all"),
        pytest.param("chat/tcp/any/443 dns/udp/any/53", "chat-base", 6, 443, False, Truth.UNKNOWN,
                     id="an application that no cell names"),
    ],
)  # fmt: skip
def test_a_cell_takes(
    cells: str, application: str, protocol: int | None, port: int | None, decrypted: bool | None, result: Truth
) -> None:
    catalog = Catalog(Names(()), TABLE)
    field = CellField(tuple(map(read_cell, cells.split())))
    seen, ports = catalog.seen(application), Ports(protocol, 50000, port)
    assert field.decide(seen, ports, decrypted, None, Defaults(catalog, Release(10, 2))) is result
    _, settle, matched = field.explain(result, seen, ports)
    assert (bool(settle), bool(matched)) == (result is Truth.UNKNOWN, result is Truth.MATCH)


def test_a_policy_is_made_of_compiled_rules() -> None:
    rules = (
        block("Web Out", 4, source="[ 10.1.1.0/24 10.2.0.0/16 ](negate)") + block("First", 2, action="drop") + DEFAULTS
    )
    policy = policy_of_running(answers(rules.replace("First; index: 2", "First; index: 9")), "vsys1", SERIAL)
    assert policy is not None
    found = policy.rules[SECURITY]
    assert [(r.number, r.name, r.action) for r in found] == [
        (1, "Web Out", "allow"), (2, "First", "drop"), (3, "intrazone-default", "allow"), (4, "interzone-default", "deny"),
    ]  # fmt: skip
    out = found[0]
    assert (out.sources, out.negate_source) == (("10.1.1.0/24", "10.2.0.0/16"), True)
    assert (out.applications, out.log_end, out.unread) == (("ssl", "web-browsing"), None, ())
    assert str(out.origin) == "as compiled"
    assert policy.missing[0].endswith("show config running holds them.")


@pytest.mark.parametrize(
    ("changes", "unread"),
    [
        ({"source_region": "US"}, ("source",)),
        ({"destination": "0.0.0.0"}, ("destination",)),
        ({"source_region": ""}, ("source",)),
        ({"user": ""}, ("user",)),
        ({"application--service": ""}, ("application/service",)),
        ({"type": "somezone"}, ("type",)),
        ({"source-imsi": "12345"}, ("source-imsi",)),
        ({"source-imsi": "any"}, ()),
        ({"application/service(implicit)": "0:web-browsing/tcp/any/443"}, ()),
    ],
    ids=str,
)
def test_what_a_rule_does_not_show_stays_open(changes: dict[str, str], unread: tuple[str, ...]) -> None:
    policy = policy_of_running(answers(block("Out", 1, **changes) + DEFAULTS), "vsys1", SERIAL)
    assert policy is not None
    assert policy.rules[SECURITY][0].unread == unread


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (OUT, "do not end with intrazone-default and interzone-default"),
        (OUT + block("Two", 1) + DEFAULTS, "two rules have the same index"),
        (block("Out", 1, action="") + DEFAULTS, "rule Out has no action"),
        (OUT.replace("action allow;", "action ;") + DEFAULTS, "rule Out has no action"),
        (DEFAULTS + OUT, "do not end with"),
    ],
    ids=["cut off", "of two times", "without an action", "an empty action", "in another order"],
)
def test_rules_that_are_not_all_there_are_not_used(rules: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        policy_of_running(answers(rules), "vsys1", SERIAL)


def test_answers_of_two_times_are_not_used(tmp_path: Path) -> None:
    two = block("Two", 2) + DEFAULTS
    files = {"a.txt": shown(OUT + two), "b.txt": shown(block("Two", 1) + block("Out", 2) + DEFAULTS)}
    found = judge(tmp_path, "", files=files)
    assert found.engine_for(SERIAL, "vsys1") is None
    assert "as in answers of two times" in found.problems[SERIAL, "vsys1"]


def test_addresses_alone_are_no_policy() -> None:
    text = shown('"Out; index: 1" {\n source any;\n destination any;\n}\n', "show running security-policy-addresses")
    found = read_answers(text.encode(), "show.txt", 0)
    assert found is not None
    assert policy_of_running(found, "vsys1", SERIAL) is None


def test_compiled_addresses_count_before_names() -> None:
    addresses = '"Out; index: 1" {\n source [ 192.0.2.1 192.0.2.2 ];\n destination any;\n}\n'
    text = shown(block("Out", 1, source="partners") + DEFAULTS) + shown(
        addresses, "show running security-policy-addresses"
    )
    found = read_answers(text.encode(), "show.txt", 0)
    assert found is not None
    policy = policy_of_running(found, "vsys1", SERIAL)
    assert policy is not None
    assert policy.rules[SECURITY][0].sources == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    ("session", "rule", "certainty"),
    [
        ({"app": "ssl"}, "Out", Certainty.CONDITIONAL),
        ({"app": "smtp", "dport": 25}, "interzone-default", Certainty.CERTAIN),
        ({"app": "web-browsing", "flags": "decrypted"}, "interzone-default", Certainty.CONDITIONAL),
        ({"app": "web-browsing", "dport": 80, "to": "trust"}, "intrazone-default", Certainty.CERTAIN),
    ],
    ids=["a rule that may ask for more", "ruled out by what is shown", "open by its ports", "within a zone"],
)
def test_sessions_are_looked_up_as_compiled(
    session: dict[str, Any], rule: str, certainty: Certainty, tmp_path: Path
) -> None:
    found = judge(tmp_path, OUT + DEFAULTS, session=session).finding(0).lookups[SECURITY]
    assert found.rule is not None
    assert (found.rule.name, found.certainty) == (rule, certainty)
    assert ("show no schedule and no HIP profile" in found.reason) == (rule == "Out")


def test_a_table_is_matched_as_each_row_alone(tmp_path: Path) -> None:
    rules = (
        OUT
        + block("Any", 2, **{"application--service": "any/any/any/any", "destination": "203.0.113.0/28"})
        + block(
            "From", 3, **{"application--service": "[ dns/udp/any/53 any/tcp/1000-2000/8000-8010 ping/icmp/any/any ]"}
        )
        + block("Odd", 4, **{"application--service": "chat/tcp/any/x"}, action="drop")
        + block("Region", 5, source_region="US", action="deny")
        + DEFAULTS
    )
    rows = [
        {
            "app": app,
            "dport": port,
            "proto": proto,
            "sport": source,
            "flags": flags,
            "dst": dst,
            "sessionid": 100 + number,
        }
        for number, (app, (proto, port), source, flags, dst) in enumerate(
            (app, service, source, flags, dst)
            for app in ("ssl", "web-browsing", "dns", "smtp", "incomplete", "not-in-any-table")
            for service in (("tcp", 443), ("tcp", 80), ("udp", 53), ("tcp", 8005), ("tcp", 25), ("icmp", 0))
            for source in (1500, 51000)
            for flags in ("", "decrypted")
            for dst in ("203.0.113.9", "203.0.113.99")
        )
    ]
    found = judge(tmp_path, rules, session=rows[0], others=rows[1:])
    engine = found.engine_for(SERIAL, "vsys1")
    assert engine is not None
    table = match_all(engine, found.site.sessions.frame)
    names = [rule.name for rule in engine.policy.rules[SECURITY]]
    for row, (rule, certainty, possible) in enumerate(
        table.select("security_rule", "security_certainty", "security_possible").rows()
    ):
        look = engine.look_up(SECURITY, flow_of(found.site.sessions.session(row)))
        first = look.possible[0].name if look.possible else None
        assert (names[rule], certainty, None if possible < 0 else names[possible]) == (
            look.rule.name if look.rule else None, look.certainty.value, first,
        )  # fmt: skip
    assert set(table["security_certainty"]) == {"certain", "conditional"}


def test_a_verdict_leans_on_what_is_shown_alone(tmp_path: Path) -> None:
    found = judge(tmp_path, OUT + DEFAULTS, session={"app": "smtp", "dport": 25})
    finding = found.finding(0)
    verdict = finding.verdict
    assert (verdict.cause, verdict.denied_by, verdict.confidence) == ("app-shift", "interzone-default", 0.5)
    assert "as the firewall has them compiled" in verdict.headline
    assert verdict.fix_at == "in the configuration that it was compiled from"
    assert "the running configuration of the firewall" in verdict.missing
    assert found.judge_all()["cause"].to_list() == ["app-shift"]
    assert propose(finding, found.engine_for(SERIAL, "vsys1")).why.startswith("Nothing is proposed: no configuration")


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(block("Out", 1, **{"application--service": "ssl/tcp/any/443"}) + DEFAULTS, id="off its ports"),
        pytest.param(OUT + block("Mail", 2, **{"application--service": "smtp/tcp/any/443"}) + DEFAULTS, id="allowed below"),
        pytest.param(OUT + block("No", 2, **{"application--service": "any/tcp/any/443"}, action="deny") + DEFAULTS,
                     id="a deny that may ask for more"),
        pytest.param(block("Out", 1, **{"application--service": "made-up/tcp/any/443"}) + DEFAULTS,
                     id="a rule for an application that no table has"),
        pytest.param(block("Else", 1) + DEFAULTS, id="another rule than the row's"),
    ],
)  # fmt: skip
def test_nothing_is_concluded_from_what_is_not_shown(rules: str, tmp_path: Path) -> None:
    app = "ssl" if "[" not in rules and "made-up" not in rules else "smtp"
    port = 8443 if app == "ssl" else 443
    finding = judge(tmp_path, rules, session={"app": app, "dport": port}).finding(0)
    assert finding.verdict.cause == "unexplained"
    assert "which shows no logging" in finding.verdict.confidence_why


def test_a_configuration_counts_before_compiled_rules(tmp_path: Path) -> None:
    found = judge(
        tmp_path, OUT + DEFAULTS, configuration=True, rules=["Mine from=trust to=untrust app=any service=any"]
    )
    engine = found.engine_for(SERIAL, "vsys1")
    assert engine is not None
    assert not engine.policy.compiled
    assert engine.policy.rules[SECURITY][0].name == "Mine"


@pytest.mark.parametrize(
    ("host", "others", "says"),
    [
        ("", [{"serial": "007200000000002", "sessionid": 2}], "nothing tells which of the firewalls"),
        (HOST, [{"vsys": "vsys2", "sessionid": 2}], "nothing tells which virtual system"),
    ],
    ids=["of several firewalls", "of several virtual systems"],
)
def test_rules_of_nobody_knows_whom_are_not_used(
    host: str, others: list[dict[str, Any]], says: str, tmp_path: Path
) -> None:
    text = shown(OUT + DEFAULTS) if host else OUT + DEFAULTS
    found = judge(tmp_path, "", session={}, others=others, files={"show.txt": text})
    assert found.engine_for(SERIAL, "vsys1") is None
    assert says in found.problems[SERIAL, "vsys1"]


def test_match_looks_into_compiled_rules(tmp_path: Path) -> None:
    (tmp_path / "show.txt").write_text(shown(OUT + DEFAULTS))
    flow = ["--from-zone", "trust", "--to-zone", "untrust", "--source", "10.1.1.1", "--destination", "192.0.2.1"]
    call = ["match", "--config", str(tmp_path / "show.txt"), *flow, "--protocol", "tcp", "--destination-port", "443"]
    result = CliRunner().invoke(whydeny, [*call, "--application", "ssl", "--format", "json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["security"]["rule"], answer["security"]["certainty"]) == ("Out", "conditional")
    assert answer["decryption"]["certainty"] == "unknown"
    assert "show config running" in result.stderr


def test_match_says_why_compiled_rules_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "show.txt").write_text(shown(OUT))
    flow = ["--from-zone", "trust", "--to-zone", "untrust", "--source", "10.1.1.1", "--destination", "192.0.2.1"]
    result = CliRunner().invoke(whydeny, ["match", "--config", str(tmp_path / "show.txt"), *flow, "--protocol", "tcp"])
    assert result.exit_code == 2
    assert "so that some are missing" in result.stderr


async def test_the_screen_shows_compiled_rules_and_their_cells(tmp_path: Path) -> None:
    found = judge(tmp_path, OUT + DEFAULTS, session={"app": "smtp", "dport": 25})
    async with staged(found.site) as stage:
        assert "Out · allow · as compiled" in stage.text
        assert "as compiled · writes no log" not in " ".join(stage.text.split())
        await stage.press("tab", "enter", "u")
        assert "any/any/any/any" in stage.text
        assert "as compiled" in stage.text


def test_the_published_answer_makes_a_policy(shared: Path) -> None:
    name = "ntc_paloalto_panos_show_running_security-policy.raw"
    found = read_answers((shared / "samples" / "operational" / name).read_bytes(), "running", 0)
    assert found is not None
    policy = policy_of_running(found, "vsys1", None)
    assert policy is not None
    assert [rule.unread for rule in policy.rules[SECURITY]] == [()] * 7
