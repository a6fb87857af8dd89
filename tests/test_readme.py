"""The README says what is there: its two commands, its files, its keys and the commands that it shows."""

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from click.testing import CliRunner

from whydeny.cli.main import whydeny
from whydeny.settings import read_settings
from whydeny.ui.actions import ACTIONS, keys_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
KEY_LINES = re.compile(r"(?:^\| `.*\|\n)+", re.MULTILINE)


def test_two_commands_of_one_line_set_everything_up() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
    assert [command.rpartition(" && ")[2] for command in commands] == [
        ".venv/bin/whydeny demo",
        ".venv/bin/pytest -n auto",
    ]


def test_every_file_that_it_points_to_is_there() -> None:
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in t]
    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []


def test_the_keys_are_those_of_the_footer() -> None:
    footer = sorted((action for action in ACTIONS if action.footer), key=lambda action: action.footer)
    wanted = "".join(
        f"| {' '.join(f'`{key}`' for key in keys_of(action, {}))} | {action.help} |\n" for action in footer
    )
    if os.environ.get("WHYDENY_GOLDENS") == "new":
        (ROOT / "README.md").write_text(KEY_LINES.sub(lambda _: wanted, README, count=1), "utf-8")
        return
    found = KEY_LINES.search(README)
    assert found is not None
    assert found[0] == wanted, "take it anew with WHYDENY_GOLDENS=new pytest tests/test_readme.py"


def test_every_setting_that_it_shows_can_be_set(tmp_path: Path) -> None:
    shown = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    file = tmp_path / "settings.toml"
    file.write_text(shown[1], "utf-8")
    settings, problems = read_settings(file)
    assert problems == ()
    assert {f.name for f in fields(settings)} == set(tomllib.loads(shown[1]))
    assert set(settings.keys) <= {action.id for action in ACTIONS}


def test_the_commands_and_options_that_it_shows_exist() -> None:
    text = README.replace("\\\n", " ")
    calls = [line.partition("#")[0].split() for line in text.splitlines() if line.startswith("whydeny ")]
    assert len(calls) >= 6
    for _, command, *arguments in calls:
        shown = CliRunner().invoke(whydeny, [command, "--help"])
        assert shown.exit_code == 0, command
        assert [a for a in arguments if a.startswith("--") and a not in shown.output] == [], command
