"""Leaving a live firewall, keeping what was seen, and secrets that are seen nowhere."""

import time
from pathlib import Path
from typing import Any

import pytest

from live_stage import change, head, link_to, live, page, shown
from whydeny.demo.standin import KEY, StandIn
from whydeny.demo.standin_faults import Fault
from whydeny.snapshot.compare import changed_verdicts
from whydeny.snapshot.load import load_snapshot
from whydeny.ui import clipboard
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.requests import RequestsScreen
from whydeny.verdict.judge import Judge

pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


class TestLeaving:
    async def test_leaving_ends_every_open_job(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( app eq dns )") as stage:
            stand_in.desk.slow = 10_000
            await stage.pilot.press("F")
            await stage.wait(lambda: stand_in.desk.jobs)
            await stage.pilot.press("q")
            await stage.wait(lambda: not stage.app.is_running)
        assert stand_in.desk.jobs == {}
        assert stage.app.return_code == 0

    async def test_leaving_without_a_connection_takes_no_time(self, stand_in: StandIn) -> None:
        link = link_to(stand_in)
        link.limits.back_off = (60.0,)
        async with live(link, where="( app eq dns )") as stage:
            stand_in.desk.slow = 10_000
            await stage.pilot.press("F")
            await stage.wait(lambda: stand_in.desk.jobs)
            stand_in.fail(Fault.CLOSE)
            await stage.pilot.press("q")
            await stage.wait(lambda: not stage.app.is_running)
            began = time.monotonic()
        assert time.monotonic() - began < 5

    async def test_leaving_while_it_opens(self, stand_in: StandIn) -> None:
        stand_in.desk.slow = 10_000
        async with live(link_to(stand_in), settled=False) as stage:
            await stage.wait(lambda: stand_in.desk.jobs)
            await stage.press("escape", "escape")
            await stage.wait(lambda: not stage.app.is_running)
        assert stand_in.desk.jobs == {}


class TestKeeping:
    async def test_a_masked_screen_shows_no_real_name_and_asks_nothing(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(200, 50)) as stage:
            causes = stage.explorer.bench.frame["cause"].to_list()
            await stage.press("X")
            assert "masked" in head(stage)
            sent = len(stand_in.seen)
            change(stand_in, application="ssl")
            await stage.press("R", "D", "L", "F", "C", "H")
            assert isinstance(stage.app.screen, LiveScreen)
            assert len(stand_in.seen) == sent
            assert stage.explorer.bench.frame["cause"].to_list() == causes
            for real in ("demo-hq-fw1", "users-web", "block-peer-to-peer", str(stand_in.port)):
                assert real not in stage.text
            await stage.press("X")
            assert "demo-hq-fw1" in head(stage)
            await stage.press("R")
            assert list(stage.explorer.table.news.values()) == ["~"]

    async def test_a_snapshot_of_it_opens_with_the_same_verdicts(self, stand_in: StandIn, tmp_path: Path) -> None:
        async with live(link_to(stand_in)) as stage:
            stage.explorer.ask_about(stage.explorer.table.row)
            await stage.settle()
            assert stage.explorer.bench.site.fetched == {stage.explorer.table.row}
            await stage.press("S")
            stage.app.screen.query_one("Input").value = str(tmp_path / "live")
            await stage.press("enter", "enter")
            judged = stage.explorer.bench.frame
        opened = load_snapshot(tmp_path / "live.whydeny")
        assert KEY.encode() not in (tmp_path / "live.whydeny").read_bytes()
        again = Judge(opened.site).judge_all()
        assert again["confidence"].to_list() == judged["confidence"].to_list()
        assert changed_verdicts(opened.judged, again).height == 0


class TestSecrets:
    async def test_nothing_secret_is_shown_copied_or_written_down(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clipboard, "gettempdir", lambda: str(tmp_path), raising=False)
        secrets = (KEY, "s3cret-phrase")
        stand_in.password = "s3cret-phrase"
        async with live(link_to(stand_in, key=None), size=(200, 60), reports=tmp_path / "reports") as stage:
            await stage.log_in("s3cret-phrase")
            await stage.press("D", "escape", "H")
            assert isinstance(stage.app.screen, RequestsScreen)
            assert "keygen" in page(stage)
            seen = [page(stage), stage.text]
            await stage.press("escape", "y")
            monkeypatch.setattr(stage.explorer.link.source, "refresh", _broken)
            await stage.press("R")
            assert "this is a fault of the program" in stage.text
            seen += [stage.text, *(path.read_text() for path in (tmp_path / "reports").iterdir())]
            seen += [str(entry) for entry in stage.explorer.link.source.connection.journal.entries()]
            seen.append(repr(stage.explorer.link.__dict__))
        assert not [secret for secret in secrets for text in seen if secret in text]
        assert {one.path for one in stand_in.seen} == {"/api/"}
        assert {one.words.split()[0] for one in stand_in.seen} <= {"keygen", "show", "test", "log", "config", "request"}

    async def test_hostile_values_are_harmless_on_the_screen(self, stand_in: StandIn) -> None:
        evil = "\u202egnp.exe[/bold]\u2066" + "A" * 10_000
        change(stand_in, application=evil, **{"security-rule": evil})
        stand_in.estate.system["hostname"] = "fw\u202e1[red]"
        async with live(link_to(stand_in)) as stage:
            await stage.press("D", "escape", "o", "escape", "enter", "v")
            assert "\u202e" not in stage.text
            await stage.press("escape", "escape")
            assert "\u202e" not in stage.text
            assert len(stage.rows) == shown()


def _broken(_progress: Any) -> Any:
    password = "s3cret-phrase"
    raise RuntimeError(password)
