"""`whydeny compare`: what differs between two moments, as text and JSON lines, and its exit statuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from site_builder import build
from whydeny.cli.main import whydeny

REFUSED = {"app": "ssh", "dport": 443, "sessionid": 1}
KEPT = {"sessionid": 2, "session_end_reason": "tcp-fin", "subtype": "end", "app": "ssl"}
GONE = {"sessionid": 3, "session_end_reason": "tcp-fin", "subtype": "end", "app": "dns", "src": "10.1.1.77"}
NEW = GONE | {"sessionid": 4, "src": "10.1.1.78"}
RULES = ["Out from=trust to=untrust app=web-browsing,ssl service=any", "Last from=any to=any app=dns service=any"]
CHANGED = [RULES[0].replace("web-browsing,ssl", "web-browsing,ssh"), RULES[1]]


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(whydeny, ["compare", *map(str, arguments)])


def made(folder: Path, others: list[dict[str, Any]], rules: list[str]) -> Path:
    """A folder of inputs."""
    folder.mkdir()
    build({"release": "10.2.4", "session": REFUSED, "others": others, "rules": rules}, folder)
    return folder


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The first moment."""
    return made(tmp_path / "before", [KEPT, GONE], RULES)


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """Later: another session, one gone, and a rule for other applications."""
    return made(tmp_path / "after", [KEPT, NEW], CHANGED)


def test_nothing_differs_from_itself_nor_from_its_snapshot(before: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.whydeny"
    CliRunner().invoke(whydeny, ["snapshot", str(before), "-o", str(path)], catch_exceptions=False)
    for one in (before, path):
        found = run(one, before)
        assert found.exit_code == 0, found.output
        assert "Nothing differs." in found.stdout
        assert json.loads(run(one, before, "--format", "json").stdout)["same"] is True


def test_the_text_says_what_is_new_gone_and_changed_and_why(before: Path, after: Path) -> None:
    found = run(before, after)
    assert found.exit_code == 1, found.output
    said = " ".join(found.stdout.split())
    assert "1 session new, 1 gone" in said
    assert "1 rule changed, 2 sessions moved to another rule" in said
    assert "applications: web-browsing, ssl to web-browsing, ssh" in said
    assert "1 of security: interzone-default to Out; because Out changed" in said
    assert "New sessions: - session 4, 10.1.1.78" in said
    assert "Sessions that are gone: - session 3, 10.1.1.77" in said


def test_each_json_line_says_what_it_is(before: Path, after: Path) -> None:
    found = run(before, after, "--format", "json")
    head, *rest = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 1
    assert (head["schema"], head["same"], head["new"], head["gone"]) == (1, False, 1, 1)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for line in rest:
        by_kind.setdefault(line["what"], []).append(line)
    counts = {what: len(lines) for what, lines in by_kind.items()}
    assert counts == {name: head[name] for name in ("new", "gone", "changed", "moved")} | {"rule": head["rules"]}
    assert [line["session"]["id"] for line in by_kind["new"]] == [4]
    assert by_kind["rule"][0]["details"][0]["field"] == "applications"
    refused = next(line for line in by_kind["moved"] if line["session"]["id"] == 1)
    assert (refused["rule_before"], refused["rule_after"]) == ("interzone-default", "Out")
    changed = next(line for line in by_kind["changed"] if line["session"]["id"] == 1)
    assert changed["differences"]["cause"]["before"] == "app-shift"


def test_lines_beyond_the_most_are_counted(before: Path, tmp_path: Path) -> None:
    many = made(tmp_path / "many", [KEPT, GONE, *(NEW | {"sessionid": n} for n in range(10, 15))], RULES)
    assert "and 3 more" in run(before, many, "--most", "2").stdout


@pytest.mark.parametrize("broken", [0, 1], ids=["first", "second"])
def test_an_input_that_cannot_be_used_is_no_difference(before: Path, tmp_path: Path, broken: int) -> None:
    paths = [before, before]
    paths[broken] = tmp_path / "absent"
    found = run(*paths)
    assert found.exit_code == 2
    assert "absent" in found.stderr
    assert found.stdout == ""
