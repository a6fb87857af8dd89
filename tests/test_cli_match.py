"""`whydeny match`: which rules take a flow, and what the call can't be answered for."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from whydeny.cli.main import whydeny

RULES = """
set vsys vsys1 address h ip-netmask 198.51.100.1
set vsys vsys1 rulebase security rules known source-user known-user destination h application any service any action allow
set vsys vsys1 rulebase security rules nobody source-user unknown destination h application any service any action drop
"""
PANORAMA = """
set device-group G devices 0001
set device-group G pre-rulebase security rules pre source any destination any application any service any action allow
"""
FLOW = {"source": "10.1.1.1", "destination": "198.51.100.1", "protocol": "tcp", "destination_port": 443}
ASKED = {**FLOW, "from_zone": "trust", "to_zone": "untrust", "application": "ssl"}


def match(folder: Path, text: str, flows: list[dict[str, Any]], *more: str) -> Result:
    """Run the command in this process."""
    (folder / "c.txt").write_text(text)
    (folder / "flows.jsonl").write_text("\n".join(map(json.dumps, flows)))
    given = ["--config", str(folder / "c.txt"), "--flows", str(folder / "flows.jsonl"), "--format", "json", *more]
    return CliRunner().invoke(whydeny, ["match", *given])


@pytest.mark.parametrize(
    ("user", "rule"),
    [({}, "nobody"), ({"user": ""}, "nobody"), ({"user": "unknown"}, "nobody"), ({"user": "example\\jdoe"}, "known")],
    ids=["not given", "empty", "the word unknown", "a user"],
)
def test_a_flow_without_a_user_is_of_nobody_known(tmp_path: Path, user: dict[str, str], rule: str) -> None:
    result = match(tmp_path, RULES, [ASKED | user])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["security"]["rule"] == rule


def test_a_virtual_system_that_is_not_there_is_no_empty_policy(tmp_path: Path) -> None:
    result = match(tmp_path, RULES, [ASKED], "--vsys", "vsys9")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no virtual system vsys9; it has vsys1" in result.stderr


def test_what_is_missing_is_said_beside_the_answer(tmp_path: Path) -> None:
    result = match(tmp_path, PANORAMA, [ASKED], "--serial", "0001")
    assert json.loads(result.stdout)["security"]["rule"] == "pre"
    assert "The firewall's own rules and its PAN-OS release are not in a Panorama configuration" in result.stderr
    assert match(tmp_path, PANORAMA, [ASKED], "--serial", "0001", "--quiet").stderr == ""
