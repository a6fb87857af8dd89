"""While a long file is read: its first rows on the screen, what they say, and what becomes of them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from test_ui_whose_policy import open_site
from ui_stage import LONGEST, Stage, small_site
from whydeny.cli import screen as command
from whydeny.cli.main import whydeny
from whydeny.model.errors import Cancelled, InputError
from whydeny.model.progress import Progress
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.settings import Settings
from whydeny.sources.exports.csv_log import CsvReader
from whydeny.sources.open import OnRows
from whydeny.ui.app import FAILED, ExplorerApp, Options
from whydeny.ui.first_rows import KEPT, FirstRows, first_columns, same_row
from whydeny.ui.screens import opening
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.opening import OpeningScreen
from whydeny.ui.screens.picker import PickScreen


class SlowSource:
    """Reads a site in steps that the test gives leave for; what it was last told to do is done in its own thread."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rows = site.sessions.frame
        self.progress = Progress()
        self.stopped = threading.Event()
        self._leave = threading.Semaphore(0)
        self._next: Callable[[], None] | None = None
        self._on_rows: OnRows = lambda _: None

    def __call__(self, progress: Progress, on_rows: OnRows) -> Site:
        self.progress, self._on_rows = progress, on_rows
        try:
            progress.step("reading slow.csv", 1, 100)
            while self._leave.acquire(timeout=LONGEST) and self._next is not None:
                self._next()
                progress.step("reading slow.csv", 50, 100)
        except Cancelled:
            self.stopped.set()
            raise
        return self.site

    def hand_over(self, first: int, count: int, times: int = 1) -> None:
        """Let it read `count` rows from `first` on, as a batch that comes `times` times."""
        self._do(lambda: [self._on_rows(SessionTable(self.rows.slice(first, count))) for _ in range(times)])

    def fail(self, error: Exception) -> None:
        """Let it come upon an error."""

        def raise_it() -> None:
            raise error

        self._do(raise_it)

    def step(self) -> None:
        """Let it say how far it is, and so learn whether it should stop."""
        self._do(lambda: None)

    def end(self) -> None:
        """Let it be done."""
        self._next = None
        self._leave.release()

    def _do(self, what: Callable[[], Any]) -> None:
        self._next = what
        self._leave.release()


@asynccontextmanager
async def reading(source: SlowSource, size: tuple[int, int] = (100, 24), where: str = "") -> AsyncIterator[Stage]:
    """The screen while `source` reads."""
    app = ExplorerApp(source, "slow.csv", where, Options(settings=Settings(theme="dark", clipboard="file")))
    async with app.run_test(size=size) as pilot:
        try:
            yield Stage(app, pilot)
        finally:
            app.jobs.cancel_all()
            source.end()


async def until(stage: Stage, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST):
        while not holds():
            await stage.pilot.pause(0.02)


def shown_rows(stage: Stage) -> int:
    screen = stage.app.screen_stack[-1]
    assert isinstance(screen, OpeningScreen)
    return len(screen._table.view)


@pytest.fixture
def source() -> SlowSource:
    return SlowSource(small_site())


async def test_rows_are_on_the_screen_before_everything_is_read(source: SlowSource) -> None:
    async with reading(source) as stage:
        source.hand_over(0, 4)
        await until(stage, lambda: "policy-deny" in stage.text)
        assert stage.lines[3].strip() == "4 rows so far; verdicts come when all is read"
        heading, *rows = stage.lines[4:9]
        assert heading.split() == ["time", "source", "destination", "application", "rule", "action", "end"]
        assert [row.split()[-1] for row in rows] == ["policy-deny"] * 4
        assert "10.1.1.10" in rows[0]
        assert "Esc stops" in stage.lines[-1]
        assert "reading slow.csv" in stage.text
        source.hand_over(4, 9)
        await until(stage, lambda: "13 rows so far" in stage.text)
        assert shown_rows(stage) == 13
        source.end()
        await stage.settle()
        assert isinstance(stage.app.screen, ExplorerScreen)
        assert len(stage.rows) == 13


async def test_the_row_under_the_cursor_stays_while_rows_come_and_in_the_explorer(source: SlowSource) -> None:
    source.rows = small_site().sessions.frame.reverse()  # another order than the explorer's
    async with reading(source) as stage:
        source.hand_over(0, 4)
        await until(stage, lambda: "4 rows so far" in stage.text)
        await stage.pilot.press("j", "down")
        source.hand_over(4, 9)
        await until(stage, lambda: shown_rows(stage) == 13)
        screen = stage.app.screen
        assert isinstance(screen, OpeningScreen)
        assert screen._table.row == 2
        source.end()
        await stage.settle()
        assert stage.session == source.rows["session_id"][2]


async def test_a_row_that_the_first_filter_hides_comes_back_with_all(source: SlowSource) -> None:
    async with reading(source, where="app eq ssh") as stage:
        source.hand_over(0, 13)
        await until(stage, lambda: "13 rows so far" in stage.text)
        await stage.pilot.press("G")
        source.end()
        await stage.settle()
        assert stage.session == 103
        await stage.press("a")
        assert stage.session == source.rows["session_id"][12]


async def test_a_cursor_that_nobody_moved_is_the_explorers_own(source: SlowSource) -> None:
    source.rows = small_site().sessions.frame.reverse()
    async with reading(source) as stage:
        source.hand_over(0, 13)
        await until(stage, lambda: "13 rows so far" in stage.text)
        source.end()
        await stage.settle()
        assert stage.rows.index(stage.explorer.table.row or 0) == 0


async def test_says_that_only_the_first_rows_are_kept(source: SlowSource) -> None:
    async with reading(source, (80, 24)) as stage:
        source.hand_over(0, 13, times=2000)
        await until(
            stage, lambda: "the first 20,000 of 26,000 rows so far; verdicts come when all is read" in stage.text
        )
        assert shown_rows(stage) == KEPT
        source.hand_over(0, 13)
        await until(stage, lambda: "20,000 of 26,013" in stage.text)
        assert shown_rows(stage) == KEPT


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["small", "large"])
async def test_columns_follow_the_width_and_hold_no_verdicts(source: SlowSource, size: tuple[int, int]) -> None:
    async with reading(source, size) as stage:
        source.hand_over(0, 4)
        await until(stage, lambda: "application" in stage.lines[4])
        assert "why" not in stage.lines[4]
        assert ("flags" in stage.lines[4]) == (size[0] == 200)
        await stage.pilot.resize_terminal(140, 30)
        await until(stage, lambda: "from" in stage.lines[4] and "flags" not in stage.lines[4])


async def test_what_opens_in_a_blink_shows_no_rows_first(source: SlowSource, monkeypatch: pytest.MonkeyPatch) -> None:
    flickers: list[bool] = []
    monkeypatch.setattr(OpeningScreen, "_make_room", lambda _self: flickers.append(True))
    monkeypatch.setattr(opening, "LOOKED_AT_EVERY", 0.01)
    monkeypatch.setattr(opening, "SHOWN_AFTER", LONGEST)
    async with reading(source) as stage:
        source.hand_over(0, 13)
        await stage.pilot.pause(0.1)
        source.end()
        await stage.settle()
        assert isinstance(stage.app.screen, ExplorerScreen)
    assert not flickers


@pytest.mark.parametrize(("key", "status"), [("escape", 130), ("q", 0)])
async def test_stops_in_the_middle(source: SlowSource, key: str, status: int) -> None:
    async with reading(source) as stage:
        source.hand_over(0, 4)
        await until(stage, lambda: "4 rows so far" in stage.text)
        await stage.pilot.press(key)
        source.step()
        assert await asyncio.to_thread(source.stopped.wait, LONGEST)
    assert stage.app.return_code == status


async def test_an_error_after_some_rows_is_the_last_word(
    source: SlowSource, capsys: pytest.CaptureFixture[str]
) -> None:
    async with reading(source) as stage:
        source.hand_over(0, 4)
        await until(stage, lambda: "4 rows so far" in stage.text)
        source.fail(InputError("slow.csv: is damaged or cut off"))
        await until(stage, lambda: not stage.app.is_running)
    assert stage.app.return_code == FAILED
    assert capsys.readouterr().err == "slow.csv: is damaged or cut off\n"


async def test_asks_whose_policy_over_the_rows_and_judges_off_the_screens_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[str] = []
    judge = opening.Judge

    def watched(*words: Any, **more: Any) -> Any:
        threads.append(threading.current_thread().name)
        return judge(*words, **more)

    monkeypatch.setattr(opening, "Judge", watched)
    source = SlowSource(open_site())
    async with reading(source) as stage:
        source.hand_over(0, 13)
        await until(stage, lambda: "13 rows so far" in stage.text)
        await stage.pilot.press("j")
        source.end()
        await until(stage, lambda: isinstance(stage.app.screen, PickScreen))
        await stage.pilot.press("s", "o", "u", "enter")
        await stage.settle()
        assert stage.explorer.bench.judge.device_group == "south"
        assert stage.explorer.table.row == 1
    assert threads == ["whydeny-open"]


# What is kept of the rows.


def test_keeps_the_first_rows_and_counts_all() -> None:
    frame = small_site().sessions.frame
    rows = FirstRows()
    for _ in range(KEPT // frame.height + 5):
        rows.take(SessionTable(frame))
    kept = rows.frame()
    assert rows.count == (KEPT // frame.height + 5) * frame.height
    assert kept.height == KEPT
    assert kept["line"].to_list() == (frame["line"].to_list() * (KEPT // frame.height + 1))[:KEPT]


def test_no_rows_are_a_table_too() -> None:
    frame = FirstRows().frame()
    assert frame.height == 0
    assert all(set(column.stored) <= set(frame.columns) for column in first_columns(200, frame))


def test_dates_are_said_where_the_rows_are_of_several_days() -> None:
    frame = small_site().sessions.frame
    rows = FirstRows()
    rows.take(SessionTable(frame))
    rows.take(SessionTable(frame.with_columns(pl.col("time") - pl.duration(days=2))))
    assert [c.wide for c in first_columns(80, frame) if c.name == "time"] == [8]
    assert [c.wide for c in first_columns(80, rows.frame()) if c.name == "time"] == [11]


def test_a_row_is_found_again_by_its_place() -> None:
    frame = pl.DataFrame({"file": [0, 0, 1, 1], "line": [1, 2, 2, 2]}, schema={"file": pl.UInt16, "line": pl.UInt32})
    assert same_row(frame, (0, 2)) == 1
    assert same_row(frame, (1, 2)) is None  # two
    assert same_row(frame, (2, 1)) is None  # none


HEADING = (
    "Receive Time,Type,Threat/Content Type,Generate Time,Source address,Destination address,Rule,Application,Action"
)
ROW = "2024/05/14 10:00:00,TRAFFIC,end,2024/05/14 10:00:00,10.1.1.1,203.0.113.{n},Out,ssl,allow"


def test_the_command_hands_rows_on_as_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row comes, in the order of the table, and the first before the file was read to its end."""
    path = tmp_path / "traffic.csv"
    lines = 40_000
    monkeypatch.setattr(CsvReader, "block_size", 1 << 20)
    path.write_text("\n".join([HEADING, *(ROW.format(n=n % 250) for n in range(lines))]) + "\n")
    seen: list[Any] = []
    monkeypatch.setattr(command, "explore", lambda read, *_, **__: seen.append(read))
    assert CliRunner().invoke(whydeny, ["open", str(path)]).exit_code == 0
    rows = FirstRows()
    at: list[tuple[int, int]] = []  # bytes that were read, and rows that were there then
    site = seen[0](Progress(lambda _what, done, _total: at.append((done, rows.count))), rows.take)
    assert rows.count == len(site.sessions) == lines
    assert any(count and done < path.stat().st_size for done, count in at)
    kept = rows.frame()
    assert kept.equals(site.sessions.frame.select(kept.columns).head(KEPT))
