"""`whydeny whatif` answers in text and JSON lines, and says in a sentence why a call can't be used."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from site_builder import HOST, build
from test_whatif import CANDIDATE, CASE
from whydeny.cli.main import whydeny

LINE = "set rulebase security rules Out service [ service-http service-https ]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The inputs of a situation: two allowed, one refused by its port, one by its application, one before it had one."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    build(CASE, inputs)
    return inputs


def run(*arguments: object, text: str | None = None) -> Result:
    """The command's answer."""
    return CliRunner().invoke(whydeny, ["whatif", *map(str, arguments)], input=text)


def test_the_text_has_the_lines_to_paste_and_the_counts(folder: Path) -> None:
    answer = run(folder, "--line", LINE)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("Nothing was changed on any firewall")
    assert f"delete rulebase security rules Out service application-default\n{LINE}\n" in answer.stdout
    assert "1  would pass\n              1  interzone-default -> Out\n" in answer.stdout


@pytest.mark.parametrize("way", ["lines", "file", "standard input"])
def test_lines_come_one_by_one_or_from_a_file(way: str, folder: Path, tmp_path: Path) -> None:
    lines = [LINE, "delete rulebase security rules Late"]
    text = "\n".join(["# a change", "", *lines]) + "\n"
    if way == "lines":
        answer = run(folder, *(word for line in lines for word in ("--line", line)), "--format", "json")
    elif way == "file":
        (tmp_path / "change.txt").write_text(text, "utf-8")
        answer = run(folder, "--edit", tmp_path / "change.txt", "--format", "json")
    else:
        answer = run(folder, "--edit", "-", "--format", "json", text=text)
    assert answer.exit_code == 0
    whole, *rows = map(json.loads, answer.stdout.splitlines())
    assert whole["effects"] == {"passes": 1, "released": 0, "lost": 1, "unchanged": 3, "unknown": 0}
    assert [(row["session"]["id"], row["effect"], row["before"], row["after"]) for row in rows] == [
        (2, "passes", "interzone-default", "Out"),
        (5, "lost", "Late", "interzone-default"),
    ]


def test_the_json_names_what_it_rests_on(folder: Path) -> None:
    whole, row = map(json.loads, run(folder, "--line", LINE, "--format", "json").stdout.splitlines())
    assert whole["schema"] == 1
    assert "Nothing was changed" in whole["note"]
    assert whole["lines"] == ["delete rulebase security rules Out service application-default", LINE]
    assert (whole["sessions"], whole["refused"], whole["passed"]) == (5, 3, 2)
    assert whole["moves"] == [
        {"effect": "passes", "rulebase": "security", "before": "interzone-default", "after": "Out", "sessions": 1,
         "conditional": 0, "specimen": row["row"]}
    ]  # fmt: skip
    assert whole["rules"] == [
        {"how": "changed", "rulebase": "security", "rule": "Out", "at": "on the firewall, vsys1", "fields": ["service"],
         "objects": [], "matters": True}
    ]  # fmt: skip
    assert (row["effect"], row["conditional"], row["session"]["application"]) == ("passes", False, "web-browsing")
    assert all(isinstance(limit, str) for limit in whole["limits"])


def test_a_criterion_that_no_log_shows_goes_by_its_keyword(folder: Path) -> None:
    line = "set rulebase security rules Out source-imsi 001010000000001"
    assert "Out (local): source-imsi any -> 001010000000001\n" in run(folder, "--line", line).stdout
    whole = json.loads(run(folder, "--line", line, "--format", "json").stdout.splitlines()[0])
    assert whole["rules"][0]["fields"] == ["source-imsi"]


def test_a_candidate_is_replayed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "candidate.txt").write_text(CANDIDATE, "utf-8")
    answer = run(folder, "--candidate", tmp_path / "candidate.txt", "--pan-os", "10.2.4")
    assert answer.exit_code == 0
    assert "candidate.txt in the place of the present one" in " ".join(answer.stdout.split())
    assert "removed security rule Late (local)" in answer.stdout


def test_only_the_sessions_that_a_filter_selects_are_replayed(folder: Path) -> None:
    answer = run(folder, "--line", LINE, "--where", "( app eq ssl )", "--format", "json")
    (whole,) = map(json.loads, answer.stdout.splitlines())
    assert (whole["sessions"], whole["effects"]["passes"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ([], 2, "one of --candidate, --edit and --line is needed"),
        (["--line", LINE, "--candidate", "x.xml"], 2, "no two of them"),
        (["--line", "set rulebase security rules Out serivce any"], 2, "--line: line 1: expected one of action"),
        (["--line", LINE, "--line", "commit"], 2, "--line: line 2: expected set, delete, move, rename, found 'commit'"),
        (["--line", "# nothing"], 2, "--line: expected set, delete, move or rename lines, found none"),
        (["--edit", "no-such-file"], 2, "no-such-file can't be read: No such file or directory"),
        (["--candidate", "no-such-file"], 2, "no-such-file"),
        (["--line", LINE, "--where", "( app eq nothing )"], 1, "no session is selected"),
        (["--line", LINE, "--where", "( app eq"], 2, "whydeny: "),
        (["--line", LINE, "--vsys", "vsys7"], 2, "expected a virtual system (vsys1)"),
        (["--line", "set pre-rulebase security rules x action allow", "--device-group", "DG"], 2,
         "no Panorama configuration and no pushed rules"),
    ],
)  # fmt: skip
def test_what_cant_be_used_is_a_sentence(arguments: list[str], status: int, told: str, folder: Path) -> None:
    answer = run(folder, *arguments)
    assert answer.exit_code == status
    assert answer.stdout == ""
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_bad_bytes_and_huge_files_of_lines_are_refused(folder: Path, tmp_path: Path) -> None:
    bad, huge = tmp_path / "bad.txt", tmp_path / "huge.txt"
    bad.write_bytes(b"set \xff\xfe\x00")
    huge.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    assert "is not UTF-8 text" in run(folder, "--edit", bad).stderr
    assert "at most 4,194,304 bytes" in run(folder, "--edit", huge).stderr


def test_a_candidate_that_is_no_configuration_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "info.xml").write_text(
        f"<response status='success'><result><system><hostname>{HOST}</hostname></system></result></response>", "utf-8"
    )
    answer = run(folder, "--candidate", tmp_path / "info.xml")
    assert answer.exit_code == 2
    assert "expected a configuration, found none in it" in answer.stderr


def test_the_help_says_that_nothing_is_changed() -> None:
    assert "Nothing is changed on a firewall" in run("--help").stdout


def test_a_snapshot_is_replayed_with_what_it_was_judged_with(tmp_path: Path) -> None:
    """The release decides which ports application-default holds of a decrypted application."""
    inputs, path = tmp_path / "inputs", tmp_path / "one.whydeny"
    inputs.mkdir()
    build({**CASE, "session": {"app": "web-browsing", "dport": 443, "flags": "decrypted"}}, inputs)
    saved = CliRunner().invoke(whydeny, ["snapshot", str(inputs), "-o", str(path), "--pan-os", "8.1"])
    assert saved.exit_code == 0, saved.output
    edited = ("--line", "set rulebase security rules Late source any service application-default", "--format", "json")
    old, new, kept = (
        run(*given, *edited).stdout for given in ((inputs, "--pan-os", "8.1"), (inputs, "--pan-os", "11.1"), (path,))
    )
    assert kept == old != new
