"""The promises of the house itself: what is loaded when, what the project files say, what every module has."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tui" / "whydeny"
MODULES = sorted(PACKAGE.rglob("*.py"))
SCREEN_ONLY = {"textual", "rich", "pyperclip"}

HEADLESS = """
import sys
from whydeny.cli.main import main
try:
    main()
except SystemExit as left:
    if left.code:
        raise
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def project() -> dict[str, object]:
    """The table [project] of pyproject.toml."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_module_says_what_it_is_for(module: Path) -> None:
    said = ast.get_docstring(ast.parse(module.read_text("utf-8")))
    assert said is not None
    assert said.strip()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_command_line_prints(module: Path) -> None:
    if module.relative_to(PACKAGE).parts[0] == "cli":
        return
    calls = [node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert not [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.match(r'\s*(\w+ = \[)?"[\w-]+>=', line)]
    told = project()
    extras = told["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(told["dependencies"], list)
    assert len(lines) == len(told["dependencies"]) + sum(map(len, extras.values()))
    assert [line for line in lines if not re.search(r"# \w", line)] == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["explain", "--format", "json"]],
    ids=["the help", "explain on the demonstration"],
)
def test_a_command_without_a_screen_loads_no_screen(arguments: list[str], demonstration: Path) -> None:
    if arguments[0] == "explain":
        arguments = [*arguments, str(demonstration)]
    done = subprocess.run([sys.executable, "-c", HEADLESS, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not SCREEN_ONLY & set(done.stderr.splitlines()[-1].split())
