"""`whydeny match`: which rules take a flow, offline."""

import json
from pathlib import Path
from typing import Any

import click

from whydeny.cli.inputs import open_judge
from whydeny.cli.main import narrate, reported
from whydeny.model.addresses import parse_address
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import InputError, UsageError
from whydeny.model.protocols import protocol_number
from whydeny.model.safe import safe_text
from whydeny.policy.engine import Engine
from whydeny.policy.flows import user_of
from whydeny.policy.lookup import Flow, LookUp
from whydeny.policy.questions import enforcement_of
from whydeny.report.data import look_up_traces, trace_data
from whydeny.report.text import miss_line, rule_line, wrapped

_PATH = click.Path(path_type=Path)
_NUMBERS = ("source_port", "destination_port")
LONGEST_LINE = 100_000
SCHEMA_VERSION = 1  # of docs/match.schema.json


@click.command("match")
@click.option(
    "--config", metavar="FILE", multiple=True, required=True, type=_PATH, help="The configuration; several add up."
)
@click.option("--vsys", default="vsys1", show_default=True, help="The virtual system.")
@click.option("--serial", metavar="SERIAL", help="Which firewall a Panorama configuration is judged for.")
@click.option("--device-group", metavar="GROUP", help="Whose policy, for firewalls that Panorama lists in no group.")
@click.option("--pan-os", metavar="VERSION", help="The PAN-OS release, over what the configuration says.")
@click.option("--applications", metavar="FILE", multiple=True, type=_PATH, help="Predefined application content.")
@click.option("--flows", metavar="FILE", type=_PATH, help="Flows as JSON lines instead of the options below.")
@click.option("--from-zone")
@click.option("--to-zone", help="The zone after destination NAT.")
@click.option("--source", help="The address before NAT.")
@click.option("--destination", help="The address before NAT.")
@click.option("--protocol", help="tcp, udp, icmp or a number.")
@click.option("--source-port", type=click.IntRange(0, 65535))
@click.option("--destination-port", type=click.IntRange(0, 65535))
@click.option("--application", help="As App-ID names it; left out: not identified yet.")
@click.option("--user", help="As DOMAIN\\user; left out: no user is known.")
@click.option("--category", help="The URL category.")
@click.option("--decrypted", is_flag=True, default=None, help="The session is decrypted.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def match_command(
    config: tuple[Path, ...],
    vsys: str,
    serial: str | None,
    device_group: str | None,
    pan_os: str | None,
    applications: tuple[Path, ...],
    flows: Path | None,
    form: str,
    **flow: Any,
) -> None:
    """Which security, decryption and authentication rules take a flow.

    What `test security-policy-match` does on a device, for all three rulebases at once and without a device.
    """
    judge = open_judge((*config, *applications), pan_os, serial, device_group)
    engine = judge.engine_for(serial, vsys)
    if engine is None:
        given = ", ".join(str(path) for path in config)
        raise UsageError(next(iter(judge.problems.values()), f"no configuration is among {given}"))
    if not engine.policy.rules:
        raise UsageError(next(iter(engine.policy.missing), f"the rules of {vsys} are not among the inputs"))
    for sentence in (*engine.policy.missing, *engine.policy.notes):
        narrate(sentence)
    if flows is None:
        for name in ("from_zone", "to_zone", "source", "destination", "protocol"):
            if flow[name] is None:
                raise UsageError(f"--{name.replace('_', '-')} is needed (or --flows FILE)")
        asked = [{name: value for name, value in flow.items() if value is not None}]
    else:
        asked = _read_flows(flows)
    for number, values in enumerate(asked, 1):
        where = f"{flows}, line {number}" if flows else "the call"
        question = _flow(values, where)
        looks = {
            base: engine.look_up(base, question)
            for base in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
        }
        if form == "json":
            answer = {base.value: _answer(engine, look) for base, look in looks.items()}
            print(json.dumps({"schema": SCHEMA_VERSION, "flow": values} | answer, ensure_ascii=False))
        else:
            if flows is not None:
                print(("\n" if number > 1 else "") + f"flow {number}: {_words(values)}")
            print("\n".join(_text(looks)))


def _read_flows(path: Path) -> list[dict[str, Any]]:
    found = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    values = json.loads(line[:LONGEST_LINE])
                except ValueError:
                    raise InputError(f"{path}, line {number}: expected a JSON object, found {line[:40]!r}") from None
                if not isinstance(values, dict):
                    raise InputError(f"{path}, line {number}: expected a JSON object, found {line[:40]!r}")
                found.append(values)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        ) from None
    return found


def _flow(values: dict[str, Any], where: str) -> Flow:
    addresses = {}
    for name in ("source", "destination"):
        text = values.get(name)
        if text is not None:
            number = parse_address(str(text))
            if number is None:
                raise InputError(f"{where}: {name} takes one IPv4 or IPv6 address, not '{text}'")
            addresses[name] = number
    protocol = values.get("protocol")
    number = None if protocol is None else protocol_number(str(protocol))
    if protocol is not None and number is None:
        raise InputError(f"{where}: protocol takes tcp, udp, icmp or a number up to 255, not '{protocol}'")
    for name in _NUMBERS:
        port = values.get(name)
        if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535):
            raise InputError(f"{where}: {name} takes a number up to 65535, not '{port}'")
    for name in ("from_zone", "to_zone", "application", "user", "category"):
        if not isinstance(values.get(name), str | None):
            raise InputError(f"{where}: {name} takes text, not '{values[name]}'")
    decrypted = values.get("decrypted")
    if not isinstance(decrypted, bool | None):
        raise InputError(f"{where}: decrypted takes true or false, not '{decrypted}'")
    return Flow(
        from_zone=values.get("from_zone"),
        to_zone=values.get("to_zone"),
        source=addresses.get("source"),
        destination=addresses.get("destination"),
        protocol=number,
        source_port=values.get("source_port"),
        destination_port=values.get("destination_port"),
        application=values.get("application"),
        user=user_of(values.get("user"), live=False),
        category=values.get("category"),
        decrypted=False if decrypted is None else decrypted,
    )


def _action(engine: Engine, look: LookUp) -> str | None:
    if look.rule is None:
        return None
    if look.rulebase is Rulebase.AUTHENTICATION:
        enforcement = enforcement_of(engine.policy, look.rule)
        return enforcement.method if enforcement else look.rule.enforcement
    return look.rule.action


def _answer(engine: Engine, look: LookUp) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "rule": look.rule.name if look.rule else None,
        "action": _action(engine, look),
        "certainty": look.certainty.value,
        "possible": [rule.name for rule in look.possible],
        "trace": trace_data(look_up_traces(look)),
    }
    if look.settle:
        answer["settle"] = list(look.settle)
    if look.reason:
        answer["reason"] = look.reason
    return answer


def _words(values: dict[str, Any]) -> str:
    """A line of --flows as it was given, safe to print."""
    return safe_text(", ".join(f"{name} {value}" for name, value in values.items()), 400)


def _text(looks: dict[Rulebase, LookUp]) -> list[str]:
    lines = []
    for rulebase, look in looks.items():
        lines += wrapped(f"{rulebase + ':':<16}{rule_line(look)}", " " * 16, "")
        for trace in (*look.possible_traces[:5], *look.near[:5]):
            lines += wrapped(miss_line(trace), " " * 20, " " * 18)
    return lines
