"""Snapshots on the screen: saving, notes, the list, and what comes back when one is opened."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from textual.widgets import Input

from ui_stage import Stage, small_site, staged
from whydeny.cli import screen
from whydeny.cli.main import whydeny
from whydeny.model.errors import Cancelled
from whydeny.model.progress import Progress
from whydeny.report.notes import group_note, session_note
from whydeny.settings import Settings, user_folders
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.manifest import JudgedWith, Snapshot
from whydeny.snapshot.save import save_snapshot
from whydeny.ui.app import ExplorerApp, Options
from whydeny.ui.columns import SESSION_COLUMNS
from whydeny.ui.keeping import path_of, prepare, proposed_name, read_view
from whydeny.ui.screens import keeping_part
from whydeny.ui.screens.ask_text import AskTextScreen
from whydeny.ui.screens.keeping_part import SavedScreen
from whydeny.ui.screens.picker import PickScreen
from whydeny.ui.screens.snapshots import SnapshotsScreen
from whydeny.ui.screens.triage import TriageScreen
from whydeny.ui.workbench import Workbench
from whydeny.verdict.judge import Judge
from whydeny.verdict.triage import triage


@pytest.fixture(autouse=True)
def folder() -> Path:
    """The user's folder of snapshots, empty."""
    found = user_folders().snapshots
    for path in found.glob("*") if found.is_dir() else ():
        path.unlink()
    return found


async def answer(stage: Stage, text: str) -> None:
    """Put a text into the field that is asked with, and confirm it."""
    assert isinstance(stage.app.screen, AskTextScreen)
    stage.app.screen.query_one(Input).value = text
    await stage.press("enter")


async def save(stage: Stage, name: str, how: str = "as it is") -> None:
    """Save a snapshot."""
    await stage.press("S")
    await answer(stage, name)
    assert isinstance(stage.app.screen, PickScreen)
    stage.app.screen.query_one(Input).value = how
    await stage.press("enter")


async def to(stage: Stage, path: Path) -> None:
    """Put the cursor of the list on a snapshot."""
    screen_ = stage.app.screen
    assert isinstance(screen_, SnapshotsScreen)
    await stage.press("home", "up", "up", "up")
    for _ in range(5):
        if screen_.pane.target == path:
            return
        await stage.press("down")
    raise AssertionError(f"{path.name} is not in the list")


def a_snapshot(path: Path, **kept: Any) -> Path:
    """A snapshot of the small site in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    site = small_site()
    save_snapshot(path, site, Judge(site).judge_all(), **kept)
    return path


async def test_saving_says_where_and_keeps_marks_notes_and_view(folder: Path) -> None:
    async with staged(small_site()) as stage:
        await stage.press("m", "down", "E")
        await answer(stage, "asked the owner")
        assert "note asked the owner" in stage.text
        row = stage.explorer.table.row
        await stage.press("S")
        assert str(folder) in " ".join(stage.text.split())
        await stage.press("enter", "enter")
        (path,) = folder.glob("*.whydeny")
        assert f"saved as {path}"[:60] in stage.text
    kept = load_snapshot(path)
    assert len(kept.site.sessions) == len(small_site().sessions)
    assert kept.judged is not None
    assert kept.judged["cause"].null_count() < kept.judged.height
    assert len(kept.marks) == 1
    assert kept.notes == {session_note(row or 0): "asked the owner"}
    assert kept.view["row"] == row
    assert kept.view["filter"] == "( outcome eq allowed-then-denied )"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_redacted_snapshot_shows_what_was_replaced_and_names_nobody(folder: Path) -> None:
    async with staged(small_site()) as stage:
        await save(stage, "shared", "safe to share")
        assert isinstance(stage.app.screen, SavedScreen)
        assert "every verdict is the same as before" in stage.text
    kept = load_snapshot(folder / "shared.whydeny")
    assert kept.manifest.redacted
    assert "Social" not in str(kept.site.configurations)


async def test_while_masked_the_real_site_is_saved_and_sharing_is_proposed(folder: Path) -> None:
    async with staged(small_site()) as stage:
        await stage.press("X", "S")
        await answer(stage, "masked")
        await stage.press("enter")
        assert isinstance(stage.app.screen, SavedScreen)
        await stage.press("escape", "E")
        assert "a note may name what is masked" in stage.text
    assert load_snapshot(folder / "masked.whydeny").manifest.redacted


async def test_saving_can_be_stopped_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []

    def endless(path: Path, *arguments: Any) -> None:
        progress = next(value for value in arguments if isinstance(value, Progress))
        try:
            while True:
                progress.step("saving the snapshot", 1, 4)
        except Cancelled:
            stopped.append(path)
            raise

    monkeypatch.setattr(keeping_part, "save_snapshot", endless)
    async with staged(small_site()) as stage:
        await stage.pilot.press("S")
        await stage.pilot.press("enter")
        await stage.pilot.press("enter")
        for _ in range(100):
            await stage.pilot.pause(0.02)
            if "25%" in stage.text:
                break
        assert "saving the snapshot  25%, Esc stops" in stage.text
        await stage.press("escape")
        assert "no snapshot was saved" in stage.text
        for _ in range(100):
            await asyncio.sleep(0.02)
            if stopped:
                break
    assert stopped
    assert not list(folder.glob("*"))


async def test_a_file_that_is_there_is_not_replaced_unasked(folder: Path) -> None:
    path = a_snapshot(folder / "one.whydeny", notes={"session 1": "old"})
    async with staged(small_site()) as stage:
        await stage.press("S")
        await answer(stage, "one")
        assert "is there already: replace it" in stage.text
        await stage.press("escape")
        assert load_snapshot(path).notes == {"session 1": "old"}
        await save(stage, "one")
        assert load_snapshot(path).notes == {}


async def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with staged(small_site(), size=(160, 40)) as stage:
        await save(stage, str(tmp_path / "file" / "x"))
        assert "can't be made" in stage.text


async def test_an_emptied_note_is_gone() -> None:
    async with staged(small_site()) as stage:
        await stage.press("E")
        await answer(stage, "first thought")
        await stage.press("E", "escape")
        assert "note first thought" in stage.text
        await stage.press("E")
        await answer(stage, "")
        assert "first thought" not in stage.text
        assert stage.explorer.notes == {}


async def test_a_finding_has_a_note_too_and_keeps_it() -> None:
    async with staged(small_site()) as stage:
        await stage.press("t")
        screen_ = stage.app.screen
        assert isinstance(screen_, TriageScreen)
        await stage.press("E")
        await answer(stage, "ticket 12")
        assert "note ticket 12" in stage.text
        assert screen_.group is not None
        assert stage.explorer.notes == {group_note(screen_.group): "ticket 12"}
        await stage.press("escape", "t")
        assert "note ticket 12" in stage.text


# Opening.


async def test_the_list_opens_a_snapshot_with_marks_notes_and_view(folder: Path) -> None:
    view = {"filter": "( app eq dns )", "sort": [["application", True]], "row": 12, "only_marked": False}
    a_snapshot(folder / "monday.whydeny", marks=(0, 12), notes={session_note(12): "look here"}, view=view)
    async with staged(small_site()) as stage:
        await stage.press("B")
        assert "monday.whydeny" in stage.text
        assert "13 sessions" in stage.text
        await stage.press("enter")
        assert stage.explorer.table.marks == {0, 12}
        assert stage.explorer.filter.text == "( app eq dns )"
        assert [(key.column, key.descending) for key in stage.explorer.sort_keys] == [("application", True)]
        assert stage.explorer.table.row == 12
        assert "note look here" in stage.text
        assert "monday.whydeny" in stage.lines[0]
        await stage.press("S")
        await stage.press("escape", "q")
    assert not stage.app.is_running


async def test_the_list_renames_and_deletes_after_asking(folder: Path) -> None:
    a_snapshot(folder / "old.whydeny")
    (folder / "broken.whydeny").write_text("nothing of the kind")
    async with staged(small_site()) as stage:
        await stage.press("B")
        assert "another kind of file" in " ".join(stage.text.split())
        await to(stage, folder / "old.whydeny")
        await stage.press("r")
        await answer(stage, "broken")
        assert "is there already; nothing was renamed" in stage.text
        await stage.press("r")
        await answer(stage, "../elsewhere")
        assert "without folders" in stage.text
        await stage.press("r")
        await answer(stage, "new")
        assert (folder / "new.whydeny").exists()
        assert "new.whydeny" in stage.text
        await to(stage, folder / "broken.whydeny")
        await stage.press("enter")
        assert "another kind of file" in " ".join(stage.lines[-1].split())
        await stage.press("d", "enter")
        assert (folder / "broken.whydeny").exists()
        await stage.press("d", "down", "enter")
        assert not (folder / "broken.whydeny").exists()
        assert "broken.whydeny" not in "\n".join(stage.lines[:-1])


async def test_an_empty_list_says_how_to_fill_it() -> None:
    async with staged(small_site()) as stage:
        await stage.press("B")
        assert "S saves one." in stage.text


async def test_a_version_that_judges_otherwise_says_so(folder: Path) -> None:
    path = a_snapshot(folder / "one.whydeny")
    kept = load_snapshot(path)
    assert kept.judged is not None
    kept.judged = kept.judged.with_columns(pl.lit("Nobody", pl.Categorical()).alias("denied_by"))
    app = ExplorerApp(lambda *_: kept, "one", None, Options(settings=Settings(theme="dark", clipboard="file")))  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(200, 40)) as pilot:
        stage = Stage(app, pilot)
        await stage.settle()
        assert "would be another in this one" in stage.text
        await stage.press("B")
        assert "would be another in this one" in stage.text


def test_what_a_snapshot_was_judged_with_counts_unless_something_else_is_said(folder: Path) -> None:
    path = a_snapshot(folder / "one.whydeny", judged_with=JudgedWith("11.1.2", "007200000000009", None))
    judge = prepare(load_snapshot(path)).judge
    assert (str(judge.firewalls.override), judge.serial) == ("11.1.2", "007200000000009")
    assert prepare(load_snapshot(path), serial="1").judge.serial == "1"


def test_open_takes_a_snapshot_with_what_it_keeps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_snapshot(folder / "one.whydeny", marks=(3,))
    seen: list[Any] = []
    monkeypatch.setattr(screen, "explore", lambda read, *_, **__: seen.append(read(Progress())))
    assert CliRunner().invoke(whydeny, ["open", str(path)]).exit_code == 0
    assert isinstance(seen[0], Snapshot)
    assert seen[0].marks == (3,)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"filter": 7, "sort": "time", "row": True, "only_marked": "yes"},
        {"filter": "x" * 5000, "sort": [["nothing", False], ["time"], 3, [7, True]], "row": -1},
        {"row": 10**30, "sort": {"time": True}},
    ],
    ids=["empty", "other types", "too much and unknown", "out of range"],
)
def test_a_view_from_elsewhere_is_taken_only_where_it_fits(data: dict[str, Any]) -> None:
    found = read_view(data, SESSION_COLUMNS, 10)
    assert (found.filter, found.sort, found.row, found.only_marked) == (None, (), None, False)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("monday", "/keep/monday.whydeny"),
        ("monday.whydeny", "/keep/monday.whydeny"),
        ("10.2.4", "/keep/10.2.4.whydeny"),
        ("/elsewhere/x", "/elsewhere/x.whydeny"),
        ("below/x", "below/x.whydeny"),
    ],
    ids=["a word", "with its ending", "with dots", "an absolute path", "a relative path"],
)
def test_a_typed_name_means_a_file(typed: str, expected: str) -> None:
    assert path_of(typed, Path("/keep")) == Path(expected)


def test_the_proposed_name_is_a_plain_one() -> None:
    site = small_site()
    nameless = replace(site, systems=[])
    now = datetime(2024, 5, 2, 9, 30)
    assert proposed_name(Workbench.prepare(nameless), "../a b.csv", now) == "a-b-csv-20240502-0930.whydeny"


def test_notes_of_a_group_are_found_again_by_another_run() -> None:
    site = small_site()
    keys = [[group_note(group) for group in triage(site.sessions.frame, Judge(site).judge_all())] for _ in range(2)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0]) > 1
