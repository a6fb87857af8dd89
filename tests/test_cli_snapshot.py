"""`whydeny snapshot`: one file for all commands, redacted on request; and what is said when verdicts are no longer the same."""

import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from site_builder import build
from whydeny.cli.main import whydeny
from whydeny.report.notes import group_note, session_note
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.save import save_snapshot
from whydeny.verdict.judge import Judge
from whydeny.verdict.triage import triage

CASE: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443, "srcuser": "example\\jdoe"},
    "others": [{"sessionid": 2, "session_end_reason": "tcp-fin", "subtype": "end", "app": "ssl"}],
    "rules": ["Payroll-Out from=trust to=untrust app=web-browsing,ssl service=any"],
}


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(whydeny, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a refused session, one that completed, and a configuration."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    build(CASE, inputs)
    return inputs


def test_a_snapshot_gives_the_same_answers_as_its_inputs(folder: Path, tmp_path: Path) -> None:
    made = run("snapshot", folder, "-o", tmp_path / "one")
    assert made.exit_code == 0, made.output
    path = tmp_path / "one.whydeny"
    assert f"{path}: 2 sessions" in made.stdout
    from_inputs, from_snapshot = (run("explain", place, "--format", "json") for place in (folder, path))
    assert from_snapshot.stdout == from_inputs.stdout
    assert "would be another" not in from_snapshot.stderr


def test_a_file_that_is_there_stays_without_force(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.whydeny"
    path.write_text("mine")
    refused = run("snapshot", folder, "-o", path)
    assert refused.exit_code == 2
    assert "--force replaces it" in refused.stderr
    assert path.read_text() == "mine"
    assert run("snapshot", folder, "-o", path, "--force").exit_code == 0
    assert len(load_snapshot(path).site.sessions) == 2


def test_redacted_it_names_nobody_and_says_what_was_replaced(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "shared.whydeny"
    made = run("snapshot", folder, "-o", path, "--redact")
    assert made.exit_code == 0, made.output
    assert "replaced:" in made.stderr
    assert "every verdict is the same as before" in made.stderr
    assert load_snapshot(path).manifest.redacted
    shown = run("explain", path).output + run("report", path).output
    assert "The snapshot was redacted" in run("report", path).output
    for form in ("markdown", "html"):
        assert "The snapshot was redacted" in run("report", path, "--format", form).stdout
    assert json.loads(run("report", path, "--format", "json").stdout.splitlines()[0])["redacted"] is True
    assert "was redacted" not in run("report", folder).output
    assert "unexplained" in shown
    for secret in ("jdoe", "Payroll", "10.1.1.10"):
        assert secret not in shown


SECRETS = """<?xml version="1.0"?><config version="10.2.0"><!-- SECRET comment -->
<mgt-config><users><entry name="NAMED-admin"><phash>SECRET hash</phash>
 <public-key>SECRET key</public-key></entry></users></mgt-config>
<shared>
 <certificate><entry name="NAMED-ca"><private-key>SECRET key</private-key>
  <public-key>SECRET pem</public-key></entry></certificate>
 <server-profile><ldap><entry name="NAMED-ldap"><bind-password>SECRET bind</bind-password></entry></ldap>
  <radius><entry name="r"><server><entry name="s"><secret>SECRET radius</secret>
   </entry></server></entry></radius></server-profile>
 <log-settings><snmptrap><entry name="t"><version><v2c><server><entry name="x"><community>SECRET community</community></entry>
  </server></v2c></version></entry></snmptrap></log-settings>
 <address><entry name="NAMED-host"><ip-netmask>10.77.1.1</ip-netmask><description>NAMED note</description></entry></address>
 <external-list><entry name="NAMED-list"><type><ip><url>https://SECRET:SECRET@example.net/NAMED</url></ip></type></entry></external-list>
</shared>
<devices><entry name="localhost.localdomain">
 <deviceconfig><system><hostname>NAMED-fw</hostname><snmp-setting><access-setting><version><v2c>
  <snmp-community-string>SECRET snmp</snmp-community-string>
  </v2c></version></access-setting></snmp-setting></system></deviceconfig>
 <network><ike><gateway><entry name="NAMED-gw"><authentication><pre-shared-key><key>SECRET psk</key></pre-shared-key>
  </authentication></entry></gateway></ike></network>
 <vsys><entry name="vsys1"><zone><entry name="NAMED-lan"/><entry name="NAMED-net"/></zone><rulebase><security><rules>
  <entry name="NAMED-Out"><from><member>NAMED-lan</member></from><to><member>NAMED-net</member></to>
   <source><member>NAMED-host</member></source><destination><member>any</member></destination>
   <application><member>web-browsing</member></application><service><member>application-default</member></service>
   <action>allow</action><description>NAMED note</description></entry></rules></security></rulebase></entry></vsys>
</entry></devices></config>"""


def _unpacked(path: Path) -> str:
    """All that a snapshot says, its tables as CSV."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    tables = [pl.read_parquet(data).write_csv() for name, data in parts.items() if name.endswith(".parquet")]
    texts = [data.decode() for name, data in parts.items() if not name.endswith(".parquet")]
    return "\n".join([*tables, *texts])


def test_secrets_of_a_configuration_are_in_no_snapshot_and_its_names_in_no_redacted_one(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    build(
        CASE | {"configuration": False, "session": {**CASE["session"], "rule": "NAMED-Out", "from": "NAMED-lan"}},
        inputs,
    )
    (inputs / "NAMED-config.xml").write_text(SECRETS)
    plain, shared = tmp_path / "plain.whydeny", tmp_path / "shared.whydeny"
    assert run("snapshot", inputs, "-o", plain).exit_code == 0
    assert run("snapshot", plain, "-o", shared, "--redact").exit_code == 0
    assert "NAMED-Out" in _unpacked(plain)
    assert "SECRET" not in _unpacked(plain).replace("https://SECRET:SECRET@", "")
    assert "SECRET" not in _unpacked(shared)
    assert "named" not in _unpacked(shared).lower()
    assert "10.77.1.1" not in _unpacked(shared)


def test_what_a_snapshot_was_judged_with_outlives_a_second_saving(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.whydeny", tmp_path / "second.whydeny"
    assert run("snapshot", folder, "-o", first, "--pan-os", "11.1").exit_code == 0
    assert run("snapshot", first, "-o", second).exit_code == 0
    assert load_snapshot(second).manifest.judged_with.release == "11.1.0"


def _noted(folder: Path, path: Path) -> None:
    """A snapshot with a note on the refused session and one on its group."""
    assert run("snapshot", folder, "-o", path).exit_code == 0
    kept = load_snapshot(path)
    judged = Judge(kept.site).judge_all()
    group = triage(kept.site.sessions.frame, judged)[0]
    notes = {session_note(group.specimen): "asked the owner", group_note(group): "ticket 12 | open"}
    save_snapshot(path, kept.site, judged, (1,), notes, {"filter": ""})


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_notes_are_shown_in_reports(folder: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / "noted.whydeny"
    _noted(folder, path)
    said = run("report", path, "--format", form).stdout
    assert "asked the owner" in said
    assert "ticket 12" in said


def test_marks_and_notes_outlive_a_second_saving_but_not_a_redaction(folder: Path, tmp_path: Path) -> None:
    path, copy, shared = (tmp_path / f"{name}.whydeny" for name in ("noted", "copy", "shared"))
    _noted(folder, path)
    run("snapshot", path, "-o", copy)
    assert load_snapshot(copy).marks == (1,)
    assert len(load_snapshot(copy).notes) == 2
    redacted = run("snapshot", path, "-o", shared, "--redact")
    assert "left out" in redacted.stderr
    assert "2 notes" in redacted.stderr
    assert load_snapshot(shared).notes == {}


@pytest.mark.parametrize("command", ["explain", "report", "snapshot"])
def test_a_version_that_judges_otherwise_says_what_changed(folder: Path, tmp_path: Path, command: str) -> None:
    path = tmp_path / "old.whydeny"
    assert run("snapshot", folder, "-o", path).exit_code == 0
    kept = load_snapshot(path)
    assert kept.judged is not None
    another = pl.when(pl.col("cause").is_not_null()).then(pl.lit("quic-fallback").cast(pl.Categorical))
    judged = kept.judged.with_columns(another.alias("cause"))
    save_snapshot(path, kept.site, judged)
    arguments = ("-o", tmp_path / "new.whydeny") if command == "snapshot" else ()
    said = run(command, path, *arguments).stderr
    assert "1 verdict of the snapshot" in said
    assert "1: quic-fallback to unexplained" in said


def test_quiet_says_nothing_beside_the_answer_but_still_why_a_call_failed(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.xml").write_text("<config")
    loud = run("explain", folder, "--format", "json")
    assert "broken.xml" in loud.stderr
    for arguments in (
        ("-q", "explain", folder),
        ("explain", folder, "--quiet"),
        ("explain", "--no-color", "-q", folder),
    ):
        quiet = run(*arguments, "--format", "json")
        assert (quiet.exit_code, quiet.stderr) == (0, "")
        assert json.loads(quiet.stdout) == json.loads(loud.stdout)
    failed = run("-q", "explain", tmp_path / "absent")
    assert failed.exit_code == 2
    assert "absent" in failed.stderr
