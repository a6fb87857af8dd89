"""The documents that scripts and readers go by: the JSON schemas hold real answers, the help's pages are current."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from whydeny.cli.exits import MEANINGS, Exit
from whydeny.cli.main import _COMMANDS, whydeny
from whydeny.report.data import SCHEMA_VERSION

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = "import sys; sys.argv[0] = 'whydeny'; from whydeny.cli.main import main; main()"
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "null": type(None), "integer": int, "number": (int, float),
}  # fmt: skip


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(whydeny, [str(argument) for argument in arguments])


def fits(value: Any, wanted: str | list[str]) -> bool:
    """Whether a value is of one of the types; true and false are of none that our schemas use."""
    names = [wanted] if isinstance(wanted, str) else wanted
    return not isinstance(value, bool) and any(isinstance(value, TYPES[name]) for name in names)


def mistakes(schema: dict[str, Any], value: Any, root: dict[str, Any], at: str = "$") -> list[str]:
    """What of `value` the schema does not allow, for the words of JSON Schema that our schemas use."""
    found: list[str] = []
    if "type" in schema and not fits(value, schema["type"]):
        return [f"{at}: {value!r} is not {schema['type']}"]
    for word, wanted in schema.items():
        match word:
            case "$ref":
                found += mistakes(root["$defs"][wanted.removeprefix("#/$defs/")], value, root, at)
            case "enum" | "const":
                if value not in (wanted if word == "enum" else [wanted]):
                    found.append(f"{at}: {value!r} is not {wanted}")
            case "pattern":
                if isinstance(value, str) and not re.search(wanted, value):
                    found.append(f"{at}: {value!r} is not of the pattern {wanted}")
            case "minimum" | "maximum":
                if value is not None and (value < wanted if word == "minimum" else value > wanted):
                    found.append(f"{at}: {value!r} is beyond {wanted}")
            case "required":
                found += [f"{at}: {name} is missing" for name in wanted if name not in value]
            case "properties":
                for name in wanted.keys() & value.keys():
                    found += mistakes(wanted[name], value[name], root, f"{at}.{name}")
            case "additionalProperties":
                more = [name for name in value if name not in schema.get("properties", {})]
                if wanted is False:
                    found += [f"{at}: {name} is not described" for name in more]
                else:
                    for name in more:
                        found += mistakes(wanted, value[name], root, f"{at}.{name}")
            case "items":
                for number, item in enumerate(value):
                    found += mistakes(wanted, item, root, f"{at}[{number}]")
            case "oneOf":
                each = [mistakes(part, value, root, at) for part in wanted]
                if sum(not part for part in each) != 1:
                    found += [problem for part in each for problem in part] or [f"{at}: several fit"]
            case "type" | "$schema" | "title" | "description" | "$defs":
                pass
            case _:
                raise AssertionError(f"the test does not know the word {word}")
    return found


def schema_of(name: str) -> dict[str, Any]:
    """A schema of the documents."""
    found: dict[str, Any] = json.loads((DOCS / f"{name}.schema.json").read_text())
    return found


@pytest.fixture(scope="session")
def findings(demonstration: Path) -> list[dict[str, Any]]:
    """What is said about the demonstration's refused sessions, and some others."""
    found = run("explain", demonstration, "--format", "json")
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_every_finding_of_the_demonstration_is_as_the_schema_says(findings: list[dict[str, Any]]) -> None:
    schema = schema_of("finding")
    assert schema["properties"]["schema"]["const"] == SCHEMA_VERSION
    assert len(findings) > 100
    for finding in findings:
        assert not mistakes(schema, finding, schema)


def test_every_line_of_the_report_is_as_the_schema_says(demonstration: Path) -> None:
    schema = schema_of("report")
    found = run("report", demonstration, "--format", "json", "--most", "30")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(lines) == 31
    for line in lines:
        assert not mistakes(schema, line, schema)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "$.schema: 2 is not 1"),
        ({"outcome": "lost"}, "$.outcome: 'lost' is not"),
        ({"more": 1}, "$: more is not described"),
        ({"excluded": [{"cause": "quic-fallback"}]}, "$.excluded[0]: because is missing"),
        ({"alternatives": "none"}, "$.alternatives: 'none' is not array"),
    ],
    ids=["another version", "an unknown outcome", "a new field", "a missing field", "another type"],
)
def test_the_schema_refuses_what_is_otherwise(
    findings: list[dict[str, Any]], change: dict[str, Any], problem: str
) -> None:
    schema = schema_of("finding")
    assert problem in "\n".join(mistakes(schema, findings[0] | change, schema))


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
