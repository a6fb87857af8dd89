"""What a live screen keeps: a snapshot looked at over it, and a bound on sessions that ended."""

from pathlib import Path

import pytest

from live_stage import LiveStage, link_to, live, shown
from test_ui_snapshots import a_snapshot
from whydeny.demo.standin import StandIn
from whydeny.model.columns import Kind
from whydeny.report.notes import session_note
from whydeny.settings import user_folders
from whydeny.sources.firewall import keeper
from whydeny.ui.link import ALARM
from whydeny.ui.related import ToRow
from whydeny.ui.screens.beside import BesideScreen
from whydeny.ui.screens.live import LiveScreen

ALLOWED = "erp-clients"  # the rule that let a session through that was then discarded, which is no plain refusal


pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


def discard(stand_in: StandIn, first: int, count: int) -> None:
    """The session table has these discarded sessions, and nothing else."""
    estate = stand_in.estate
    with estate.lock:
        pattern = next(row for row in estate.sessions if row["state"] == "DISCARD" and row["security-rule"] == ALLOWED)
        estate.sessions = [pattern | {"idx": str(n), "sport": str(n % 60_000)} for n in range(first, first + count)]
        estate.version += 1


class TestBound:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeper, "MOST_GONE", 20)

    @staticmethod
    def ids(stage: LiveStage) -> list[int]:
        return [int(number) for number in stage.explorer.bench.frame["session_id"]]

    async def test_those_that_ended_first_go_and_it_is_said(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("G")
            assert stage.explorer.bench.frame["state"][stage.explorer.table.row] is None  # nothing to come back to
            said = 0
            for first in range(10_000, 10_100, 10):
                discard(stand_in, first, 10)
                await stage.press("R")
                said += "the 20 that ended last are kept; older ones make room" in stage.text
            explorer = stage.explorer
            live_rows = [row for row, state in enumerate(explorer.bench.frame["state"]) if state is not None]
            assert len(live_rows) == 10 + 20
            assert len(explorer.table.gone) == 20
            assert {self.ids(stage)[row] for row in live_rows} >= set(range(10_070, 10_100))
            assert explorer.bench.frame["confidence"].null_count() == 0
            assert said == 1  # and the overview says it as long as the screen is there
            assert [p for p in explorer.bench.site.problems if "that ended last are kept" in str(p)]
            for row in live_rows:  # verdicts are those of the sessions that stand there now
                session = explorer.grown.judge.site.sessions.session(row)
                assert session.id == self.ids(stage)[row]
                assert explorer.grown.judge.finding(row).verdict.cause == explorer.bench.frame["cause"][row] is not None

    async def test_what_the_user_may_come_back_to_stays(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            first = stage.session  # a discarded session, under the cursor
            await stage.press("j", "m", "j", "E")
            await stage.type("ours")
            await stage.press("enter")
            noted = stage.session
            marked = next(iter(stage.explorer.table.marks))
            kept = {marked: self.ids(stage)[marked]}
            assert stage.explorer.bench.frame["state"][marked] == "DISCARD"
            await stage.press("g")
            assert stage.session == first
            for number in range(10_000, 10_200, 20):
                discard(stand_in, number, 20)
                await stage.press("R")
            assert stage.session == first
            assert {row: self.ids(stage)[row] for row in kept} == kept
            assert stage.explorer.table.marks == {marked}
            row = self.ids(stage).index(noted)
            assert stage.explorer.notes == {session_note(row): "ours"}

    async def test_nothing_of_the_session_before_is_left(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("j", "j", "j")
            row = stage.explorer.table.row
            assert row is not None
            stage.explorer.ask_about(row)
            await stage.settle()
            assert row in stage.explorer.fetched
            await stage.press("G")
            discard(stand_in, 10_000, 30)
            await stage.press("R")
            before = self.ids(stage)[row]
            for number in range(10_030, 10_090, 30):
                discard(stand_in, number, 30)
                await stage.press("R")
            assert self.ids(stage)[row] != before
            assert row not in stage.explorer.fetched
            assert row not in stage.explorer._asked
            assert row not in (stage.explorer.bench.site.fetched or ())
            assert stage.explorer.grown.judge.site.sessions.session(row).tracker_stage is None

    async def test_a_line_of_a_page_leads_to_no_other_session(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("j", "j", "j")
            row = stage.explorer.table.row
            await stage.press("G", "o")
            for number in range(10_000, 10_090, 30):
                discard(stand_in, number, 30)
                stage.explorer.look()
                await stage.settle()
            await stage.press("escape")
            here = stage.session
            stage.explorer.go_to(ToRow(Kind.TRAFFIC, row))
            await stage.settle()
            assert stage.session == here
            assert "that session ended" in stage.text


class TestASnapshotOverIt:
    @pytest.fixture
    def path(self) -> Path:
        return a_snapshot(user_folders().snapshots / "then.whydeny")

    async def open(self, stage: LiveStage) -> None:
        await stage.press("B", "down", "enter")
        assert isinstance(stage.app.screen, BesideScreen), stage.text

    @pytest.mark.parametrize("key", ["escape", "q"])
    async def test_it_opens_and_leads_back(self, stand_in: StandIn, path: Path, key: str) -> None:
        async with live(link_to(stand_in), size=(200, 50)) as stage:
            await stage.press("j")
            here, rows = stage.session, stage.rows
            await self.open(stage)
            assert "then.whydeny" in stage.lines[0]
            assert "a snapshot; Esc leads back to 127.0.0.1" in stage.text
            assert "13 sessions" in stage.text
            await stage.press("down", "enter", "t", "escape", "escape", "up")
            sent = len(stand_in.seen)
            stage.explorer._next = 0.0
            await stage.pilot.pause(1.2)
            assert len(stand_in.seen) == sent
            stage.explorer._next = float("inf")
            discard(stand_in, 10_000, 3)
            await stage.press(key)
            assert isinstance(stage.app.screen, LiveScreen)
            assert (stage.session, stage.rows) == (here, rows)
            assert "back at 127.0.0.1" in stage.text
            await stage.press("R")
            assert len(stage.rows) == len(rows) + 3
            assert stage.app.is_running

    async def test_another_one_takes_its_place(self, stand_in: StandIn, path: Path) -> None:
        a_snapshot(path.with_name("other.whydeny"))
        async with live(link_to(stand_in), size=(200, 50)) as stage:
            await self.open(stage)
            await self.open(stage)
            assert [type(screen) for screen in stage.app.screen_stack].count(BesideScreen) == 1
            await stage.press("q")
            assert isinstance(stage.app.screen, LiveScreen)
            assert len(stage.rows) == shown()

    async def test_what_was_under_way_is_taken_up_again(self, stand_in: StandIn, path: Path) -> None:
        async with live(link_to(stand_in), settled=False, size=(200, 50)) as stage:
            await stage.wait(lambda: any(isinstance(s, LiveScreen) for s in stage.app.screen_stack))
            await stage.wait(lambda: stage.explorer.ready)
            stage.explorer.stand_aside()
            assert stage.explorer.bench.frame["confidence"].null_count() > 0
            await self.open(stage)
            await stage.press("q")
            assert stage.explorer.bench.frame["confidence"].null_count() == 0
            assert stage.explorer.bench.site.configurations
            assert not stage.explorer.opening

    async def test_an_unverified_connection_is_still_red(self, stand_in: StandIn, path: Path) -> None:
        async with live(link_to(stand_in, insecure=True), size=(120, 40)) as stage:
            await self.open(stage)
            assert ALARM in stage.lines[0]
