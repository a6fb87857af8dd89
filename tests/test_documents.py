"""The documents that scripts and readers go by: the JSON schemas hold real answers, the help's pages are current."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from test_cli_compare import CHANGED, GONE, KEPT, NEW, RULES, made
from whydeny.cli.exits import MEANINGS, Exit
from whydeny.cli.main import _COMMANDS, whydeny
from whydeny.cli.manpage import SCHEMAS, commands
from whydeny.report.data import SCHEMA_VERSION
from whydeny.verdict.catalogue import catalogue

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = "import sys; sys.argv[0] = 'whydeny'; from whydeny.cli.main import main; main()"


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(whydeny, [str(argument) for argument in arguments])


def schema_of(name: str) -> dict[str, Any]:
    """A schema of the documents."""
    found: dict[str, Any] = json.loads((DOCS / f"{name}.schema.json").read_text())
    return found


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name))


def mistakes(name: str, value: Any) -> list[str]:
    """What of `value` the schema does not allow, each with its place."""
    return [
        f"{one.json_path}: {one.message}"
        for problem in _validator(name).iter_errors(value)
        for one in (problem, *problem.context)
    ]


def answered(name: str, *arguments: str | Path, status: int = 0) -> list[dict[str, Any]]:
    """The lines of a call, which are all as the schema of that name says."""
    found = run(*arguments, "--format", "json")
    assert found.exit_code == status, found.output
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    for line in lines:
        assert not mistakes(name, line), line
    return lines


@pytest.fixture(scope="session")
def findings(demonstration: Path) -> list[dict[str, Any]]:
    """What is said about the demonstration's refused sessions, and some others."""
    found = run("explain", demonstration, "--format", "json")
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_every_finding_of_the_demonstration_is_as_the_schema_says(findings: list[dict[str, Any]]) -> None:
    assert schema_of("finding")["properties"]["schema"]["const"] == SCHEMA_VERSION
    assert len(findings) > 100
    for finding in findings:
        assert not mistakes("finding", finding)


def test_every_line_of_the_report_is_as_the_schema_says(demonstration: Path) -> None:
    assert len(answered("report", "report", demonstration, "--most", "30")) == 31


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Inputs: sessions that were refused, passed, and are gone later."""
    return made(tmp_path / "before", [KEPT, GONE], RULES)


def test_the_lines_of_match(before: Path, tmp_path: Path) -> None:
    flow = {
        "source": "10.1.1.10",
        "destination": "203.0.113.9",
        "protocol": "tcp",
        "from_zone": "trust",
        "to_zone": "untrust",
    }
    flows = tmp_path / "flows.jsonl"
    others: list[dict[str, Any]] = [
        {"application": "ssl"},
        {"application": "no-such-one"},
        {},
        {"user": "example\\jdoe"},
    ]
    asked = [flow | {"id": number, "destination_port": 443} | more for number, more in enumerate(others)]
    flows.write_text("\n".join(map(json.dumps, asked)))
    config = ("--config", before / "running-config.xml")
    lines = answered("match", "match", *config, "--flows", flows)
    assert [line["flow"] for line in lines] == asked
    one = answered("match", "match", *config, *(w for k, v in flow.items() for w in (f"--{k.replace('_', '-')}", v)))
    assert one[0]["security"]["rule"] is not None


def test_the_lines_of_match_for_policies_of_every_kind(shared: Path, tmp_path: Path) -> None:
    folder = shared / "policy-cases"
    cases = json.loads((folder / "cases.json").read_text("utf-8"))["cases"]
    for number, case in enumerate(cases[::5]):
        flows = tmp_path / f"{number}.jsonl"
        flows.write_text(json.dumps({"id": case["id"], **case["flow"]}))
        whose = ("--serial", case["serial"]) if case["serial"] else ()
        given = (
            "--config",
            folder / case["config"],
            "--vsys",
            case["vsys"],
            "--applications",
            folder / "applications.xml",
        )
        assert answered("match", "match", *given, *whose, "--flows", flows)[0]["flow"]["id"] == case["id"]


def test_the_lines_of_whatif(demonstration: Path, before: Path) -> None:
    line = (
        "--line",
        "set rulebase security rules Out application ssh",
        "--line",
        "delete rulebase security rules Last",
    )
    whole, *rows = answered("whatif", "whatif", before, *line)
    assert {row["effect"] for row in rows} == {"passes", "lost"}
    whole, *rows = answered("whatif", "whatif", before, "--candidate", before / "running-config.xml")
    assert (whole["lines"], rows) == ([], [])
    serial = answered("finding", "explain", demonstration, "--where", "( app eq ssl )")[0]["session"]["serial"]
    line = ("--line", "set rulebase decryption rules Stop from any to any source any destination any action no-decrypt")
    assert (
        answered("whatif", "whatif", demonstration, "--serial", serial, *line)[0]["rules"][0]["rulebase"]
        == "decryption"
    )


def test_the_lines_of_compare(before: Path, tmp_path: Path) -> None:
    after = made(tmp_path / "after", [KEPT, NEW], CHANGED)
    assert answered("compare", "compare", before, before)[0]["same"]
    lines = answered("compare", "compare", before, after, status=1)
    assert {line.get("what") for line in lines} == {None, "rule", "moved", "changed", "new", "gone"}
    answered("compare", "compare", after, made(tmp_path / "other", [], [*reversed(RULES), "More app=dns"]), status=1)


def test_the_lines_of_snapshot(before: Path, tmp_path: Path) -> None:
    (plain,) = answered("snapshot", "snapshot", before, "-o", tmp_path / "plain")
    (redacted,) = answered("snapshot", "snapshot", tmp_path / "plain.whydeny", "--redact", "-o", tmp_path / "shared")
    assert (plain["sessions"], plain["redacted"], redacted["verdicts_changed"]) == (3, False, 0)
    assert redacted["replaced"]["rule"] == 2
    assert answered("finding", "explain", tmp_path / "plain.whydeny") == answered("finding", "explain", before)


def test_the_lines_of_causes() -> None:
    listed, whole = answered("causes", "causes"), answered("causes", "causes", "--all")
    assert [line["id"] for line in listed] == list(catalogue())
    assert answered("causes", "causes", "app-shift") == [line for line in whole if line["id"] == "app-shift"]


def test_the_lines_of_applications(tmp_path: Path) -> None:
    (packaged,) = answered("applications", "applications", "list")
    ports = "<default><port><member>tcp/443</member></port></default>"
    entries = "".join(f'<entry name="app-{number}">{ports}<risk>4</risk></entry>' for number in range(1_200))
    entries = entries.replace("<risk>", "<application-container>apps</application-container><risk>", 1)
    content = tmp_path / "content.xml"
    content.write_text(f'<response status="success"><result><application>{entries}</application></result></response>')
    kept = answered("applications", "applications", "import", content, "--version", "8790-8001")
    assert (kept[0]["applications"], kept[0]["packaged"]) == (1_200, False)
    assert answered("applications", "applications", "list") == [*kept, packaged]
    assert answered("applications", "applications", "show", "app-7")[0]["ports"] == ["tcp/443"]
    assert answered("applications", "applications", "show", "apps")[0]["contains"] == ["app-0"]


def test_the_lines_of_doctor() -> None:
    assert {"terminal", "size"} <= {line["what"] for line in answered("doctor", "doctor")}


def test_every_form_in_json_has_a_schema_that_says_its_version() -> None:
    """A command that takes --format json is in the page of schemas, and the schemas agree where they share a part."""
    asked = {
        context.command_path.split()[1]
        for context in commands(whydeny)
        for option in context.command.params
        if isinstance(option.type, click.Choice) and "json" in option.type.choices
    }
    assert asked == set(SCHEMAS)
    assert {f"{name}.schema.json" for name in SCHEMAS.values()} == {path.name for path in DOCS.glob("*.schema.json")}
    parts: dict[str, Any] = {}
    for name in SCHEMAS.values():
        schema = schema_of(name)
        Draft202012Validator.check_schema(schema)
        for shape in schema.get("oneOf", [schema]):
            assert shape["properties"]["schema"] == {"const": 1}
            assert "schema" in shape["required"]
        for part, found in schema.get("$defs", {}).items():
            assert parts.setdefault(part, found) == found, (name, part)
    finding = schema_of("finding")
    assert parts["finding"] == {key: finding[key] for key in parts["finding"]}
    assert {"properties", "required", "additionalProperties"} <= parts["finding"].keys()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "$.schema: 1 was expected"),
        ({"outcome": "lost"}, "$.outcome: 'lost' is not one of"),
        ({"more": 1}, "'more' was unexpected"),
        ({"excluded": [{"cause": "quic-fallback"}]}, "$.excluded[0]: 'because' is a required property"),
        ({"alternatives": "none"}, "$.alternatives: 'none' is not of type 'array'"),
    ],
    ids=["another version", "an unknown outcome", "a new field", "a missing field", "another type"],
)
def test_the_schema_refuses_what_is_otherwise(
    findings: list[dict[str, Any]], change: dict[str, Any], problem: str
) -> None:
    assert problem in "\n".join(mistakes("finding", findings[0] | change))


@pytest.mark.parametrize(
    ("form", "name"), [("markdown", "commands.md"), ("man", "whydeny.1")], ids=["commands.md", "the man page"]
)
def test_the_pages_of_the_help_are_current(form: str, name: str) -> None:
    made = run("manual", "--format", form)
    assert made.stdout == (DOCS / name).read_text(), f"whydeny manual --format {form} > docs/{name}"


def test_the_pages_name_every_command_and_every_exit_status() -> None:
    for name in ("commands.md", "whydeny.1"):
        page = (DOCS / name).read_text().replace("\\-", "-")
        assert all(f"whydeny {command}" in page for command in _COMMANDS)
        assert all(str(int(status)) in page and meaning.split(";")[0] in page for status, meaning in MEANINGS.items())
    assert MEANINGS.keys() == set(Exit)


@pytest.mark.skipif(shutil.which("man") is None, reason="no man on this machine")
def test_the_man_page_is_read_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", str(DOCS / "whydeny.1")],
        capture_output=True, text=True, timeout=60, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""
    assert "EXIT STATUS" in re.sub(".\b", "", done.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for_each_shell(shell: str) -> None:
    made = run("completion", shell)
    assert made.exit_code == 0
    assert f"_WHYDENY_COMPLETE={shell}_complete" in made.stdout


def test_what_the_completion_script_asks_is_answered() -> None:
    asked = {**os.environ, "_WHYDENY_COMPLETE": "bash_complete", "COMP_WORDS": "whydeny comp", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, env=asked)
    assert done.stdout.split() == ["plain,compare", "plain,completion"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_can_read_its_script() -> None:
    script = run("completion", "bash").stdout
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [("explain", "--format", "json"), ("explain",), ("report",), ("report", "--format", "html")],
    ids=["explain as JSON", "explain", "report", "report as HTML"],
)
def test_a_reader_that_leaves_early_is_no_failure(demonstration: Path, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, command, str(demonstration), *rest],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.read(1)
        program.stdout.close()
        said = program.stderr.read()
        assert program.wait(120) == 0
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said
    assert b"Exception" not in said


# The shell's manners, of every command.

CONFIGURATION_LINE = ("--line", "set rulebase security rules Out application ssh")
FLOW = ("--from-zone", "a", "--to-zone", "b", "--source", "10.1.1.1", "--destination", "10.2.2.2", "--protocol", "tcp")


def _calls(folder: Path) -> dict[str, tuple[str | Path, ...]]:
    """A call of every command that prints an answer."""
    return {
        "explain": ("explain", folder),
        "match": ("match", "--config", folder / "running-config.xml", *FLOW),
        "report": ("report", folder),
        "whatif": ("whatif", folder, *CONFIGURATION_LINE),
        "applications": ("applications", "list"),
        "snapshot": ("snapshot", folder, "--force", "-o", folder.parent / "saved"),
        "compare": ("compare", folder, folder),
        "doctor": ("doctor",),
        "completion": ("completion", "bash"),
        "manual": ("manual",),
        "causes": ("causes", "--all"),
        "help": ("--help",),
        "help of a command": ("explain", "--help"),
        "version": ("--version",),
    }


def _started(arguments: tuple[str | Path, ...], **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, arguments)], **streams)


def test_every_command_but_the_screens_is_called() -> None:
    assert {call[0] for call in _calls(Path()).values()} >= set(_COMMANDS) - {"open", "connect", "demo"}


@pytest.mark.parametrize("name", _calls(Path()))
def test_a_reader_that_left_before_it_began_is_no_failure(before: Path, name: str) -> None:
    read, write = os.pipe()
    os.close(read)
    with _started(_calls(before)[name], stdout=write, stderr=subprocess.PIPE) as program:
        os.close(write)
        _, said = program.communicate(timeout=60)
    assert (program.returncode, said) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("name", _calls(Path()))
def test_an_answer_that_can_not_be_written_gets_a_sentence(before: Path, name: str) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        _started(_calls(before)[name], stdout=full, stderr=subprocess.PIPE) as program,
    ):
        _, said = program.communicate(timeout=60)
    assert (program.returncode, said.decode()) == (2, "whydeny: the answer can't be written: No space left on device\n")


def test_no_color_holds_for_its_own_call_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = []
    for before, arguments in (
        (None, ("doctor", "--no-color")),
        (None, ("--no-color", "doctor")),
        ("", ("doctor", "--no-color")),
    ):
        with monkeypatch.context() as patch:
            patch.setenv("NO_COLOR", "") if before == "" else patch.delenv("NO_COLOR", raising=False)
            colours += [line for line in run(*arguments).stdout.splitlines() if line.startswith("colours")]
            assert os.environ.get("NO_COLOR") == before
    assert len(colours) == 3
    assert all("NO_COLOR" in line for line in colours)


def test_flows_of_a_file_are_told_apart_in_the_text(before: Path, tmp_path: Path) -> None:
    flows = tmp_path / "flows.jsonl"
    flow = {
        "source": "10.1.1.10",
        "destination": "203.0.113.9",
        "protocol": "tcp",
        "from_zone": "trust",
        "to_zone": "untrust",
    }
    flows.write_text("\n".join(json.dumps(flow | {"id": f"one\x1b[31m{n}"}) for n in range(2)))
    said = run("match", "--config", before / "running-config.xml", "--flows", flows).stdout
    assert [line[:7] for line in said.splitlines() if line.startswith("flow ")] == ["flow 1:", "flow 2:"]
    assert "id one\ufffd[31m1" in said
    assert said.count("security:") == 2
