"""The README says what is there: its two commands, its files, its keys and the commands that it shows."""

import re
from pathlib import Path

from click.testing import CliRunner

from whydeny.cli.main import whydeny
from whydeny.ui.actions import ACTIONS, keys_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_two_commands_of_one_line_set_everything_up() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
    assert [command.rpartition(" && ")[2] for command in commands] == [".venv/bin/whydeny demo", ".venv/bin/pytest"]


def test_every_file_that_it_points_to_is_there() -> None:
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in t]
    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []


def test_the_keys_are_those_of_the_footer() -> None:
    footer = sorted((action for action in ACTIONS if action.footer), key=lambda action: action.footer)
    wanted = [f"| {' '.join(f'`{key}`' for key in keys_of(action, {}))} | {action.help} |" for action in footer]
    assert [line for line in README.splitlines() if line.startswith("| `")] == wanted


def test_the_commands_and_options_that_it_shows_exist() -> None:
    text = README.replace("\\\n", " ")
    calls = [line.partition("#")[0].split() for line in text.splitlines() if line.startswith("whydeny ")]
    assert len(calls) >= 6
    for _, command, *arguments in calls:
        shown = CliRunner().invoke(whydeny, [command, "--help"])
        assert shown.exit_code == 0, command
        assert [a for a in arguments if a.startswith("--") and a not in shown.output] == [], command
