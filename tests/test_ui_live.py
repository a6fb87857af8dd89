"""A live firewall on the screen, end to end against the stand-in over TLS: the first view, watching, keys."""

import threading
from typing import Any

import pytest

from live_stage import (
    change,
    denied,
    head,
    link_to,
    live,
    pane,
    shown,
)
from whydeny.demo.standin import StandIn
from whydeny.model.columns import Kind
from whydeny.sources.firewall import commits
from whydeny.ui.actions import ACTIONS, bindings
from whydeny.ui.link import ALARM
from whydeny.ui.screens.device import DeviceScreen
from whydeny.ui.screens.live import LiveScreen

pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


class TestFirstView:
    async def test_it_opens_without_a_key_being_pressed(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(200, 60)) as stage:
            frame = stage.explorer.bench.frame
            states = [frame["state"][row] for row in stage.rows]
            assert states[0] == "DISCARD"
            assert states.count(None) == denied()
            assert stage.explorer.table.cursor == 0
            assert "demo-hq-fw1 · PA-3220 · PAN-OS 10.2.9-h1" in head(stage)
            assert f"{denied()} allowed, then denied" in head(stage)
            assert "/min" in head(stage)
            assert ALARM not in stage.text
            assert frame["confidence"].null_count() == 0
            assert stage.explorer.explained.engine is not None
            assert "Refused by rule block-peer-to-peer with action deny" in pane(stage, "why")

    async def test_it_is_there_before_the_configuration_and_judged_again_after(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate, answer = threading.Event(), stand_in.desk.operate

        def operate(asked: str, command: Any, vsys: str) -> bytes:
            if asked.startswith("show config"):
                gate.wait(10)
            return answer(asked, command, vsys)

        monkeypatch.setattr(stand_in.desk, "operate", operate)
        async with live(link_to(stand_in), settled=False) as stage:
            await stage.wait(lambda: stage._followed() and not stage.logging_in and not stage.app.jobs.running("judge"))
            assert len(stage.rows) == shown()
            assert "reading the configuration" in head(stage)
            assert "still being read from the firewall" in pane(stage, "security")
            before = stage.explorer.bench.frame["cause"].to_list()
            row = stage.explorer.table.row
            gate.set()
            await stage.settle()
            assert stage.explorer.bench.frame["cause"].to_list() != before
            assert stage.explorer.table.row == row
            assert "block-peer-to-peer" in pane(stage, "security")

    async def test_a_filter_from_the_command_line_is_sent_along(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( app eq dns )") as stage:
            assert stage.rows
            assert {stage.explorer.bench.frame["application"][row] for row in stage.rows} == {"dns"}
            asked = [seen.parameters.get("query", "") for seen in stand_in.seen]
            assert "( app eq dns )" in asked

    async def test_the_passive_member_of_a_pair_says_so(self, stand_in: StandIn) -> None:
        stand_in.estate.ha_state = "passive"
        async with live(link_to(stand_in)) as stage:
            assert "· passive" in head(stage)
            assert "is the passive member of a pair" in stage.text

    async def test_a_quiet_hour_is_an_answer(self, stand_in: StandIn) -> None:
        estate = stand_in.estate
        estate.sessions.clear()
        estate.logs[Kind.TRAFFIC] = estate.logs[Kind.TRAFFIC].clear()
        async with live(link_to(stand_in)) as stage:
            assert "No session was allowed and then denied in the last hour" in stage.text

    async def test_a_narrow_screen_says_the_same(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, insecure=True), size=(80, 24)) as stage:
            assert head(stage).startswith(f" {ALARM} demo-hq-fw1 · 10.2.9-h1")
            assert "every 3600 s" in head(stage)
            assert f"/min · {denied()} denied" in head(stage)


class TestWatching:
    async def test_new_changed_and_gone_rows_are_told_apart(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("j", "j", "j")
            here = stage.session
            estate = stand_in.estate
            first = change(stand_in, application="ssl")
            with estate.lock:
                estate.sessions.append(first | {"idx": "424242", "start-time": "Tue Mar 11 12:00:01 2025"})
            await stage.press("R")
            table = stage.explorer.table
            assert stage.session == here
            assert sorted(table.news.values()) == ["+", "~"]
            new = next(row for row, sign in table.news.items() if sign == "+")
            assert stage.explorer.bench.frame["session_id"][new] == 424242
            assert stage.explorer.bench.frame["confidence"][new] is not None
            assert any(line.startswith(" +") and "12:00:01" in line for line in stage.lines)
            with estate.lock:
                estate.sessions = [row for row in estate.sessions if row["idx"] != "424242"]
                estate.version += 1
            await stage.press("R")
            assert stage.session == here
            assert table.gone == {new}
            assert new in stage.rows  # kept, greyed
            assert any(line.startswith(" x") and "12:00:01" in line for line in stage.lines)

    async def test_a_session_that_ended_gets_its_row_of_the_log(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            rows, denied = len(stage.rows), stage.explorer.denied
            estate = stand_in.estate
            with estate.lock:
                ended = next(
                    row for row in estate.sessions if estate._origins[row["idx"]]["end_reason"] == "policy-deny"
                )
                estate.sessions.remove(ended)
                estate._log([estate._ended(ended) | {"action": "allow"}])
                estate.version += 1
            await stage.press("R")
            assert len(stage.rows) == rows + 1
            assert stage.explorer.denied == denied + 1

    async def test_a_commit_is_said_until_the_configuration_is_read_anew(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commits, "EVERY", 0.0)
        job = {"id": "7", "type": "Commit", "status": "FIN", "result": "OK", "tfin": "2025/03/11 12:00:21"}
        async with live(link_to(stand_in), size=(160, 50)) as stage:
            assert "committed since" not in head(stage)
            stand_in.estate.jobs = [job]
            await stage.press("R")
            assert "committed since, C reads it" in head(stage)
            assert (
                "a commit was finished at 2025/03/11 12:00:21; verdicts go by the configuration before it" in stage.text
            )
            await stage.press("C", "R")
            assert "committed since" not in head(stage)

    async def test_it_looks_by_itself_and_pauses(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), pace=2) as stage:
            assert "every 2 s" in head(stage)
            sent = len(stand_in.seen)
            stage.explorer._next = 0.0
            await stage.wait(lambda: len(stand_in.seen) > sent + 2)
            await stage.press("p")
            assert "paused" in head(stage)
            sent = len(stand_in.seen)
            stage.explorer._next = 0.0
            await stage.pilot.pause(1.5)
            assert len(stand_in.seen) == sent
            await stage.press("p")
            await stage.wait(lambda: len(stand_in.seen) > sent)

    async def test_another_pace(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            await stage.press("P")
            await stage.type("every 60")
            await stage.press("enter")
            assert stage.explorer.pace == 60
            assert "every 60 s" in head(stage)

    async def test_nothing_new_moves_nothing(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            bench = stage.explorer.bench
            await stage.press("j")
            await stage.press("3", "left", "R")
            walked = stage.explorer.rule_pane("security").choice.walked
            assert walked is not None
            assert stage.explorer.bench is bench

    async def test_a_walked_rule_stays_when_rows_come(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            await stage.press("G")
            await stage.press("3", "left")
            bench = stage.explorer.bench
            change(stand_in, application="ssl")
            await stage.press("R")
            assert stage.explorer.bench is not bench
            assert stage.explorer.rule_pane("security").choice.walked is not None


# Keys


def test_every_live_action_has_its_method_and_a_key_of_its_own() -> None:
    actions = [action for action in ACTIONS if action.scope == "live"]
    assert [a.id for a in actions if not hasattr(LiveScreen, f"action_{a.method}")] == []
    keys = [key for scope in ("live", "explorer", "app", "table", "pane", "rule") for key in _keys(scope)]
    assert [key for key in _keys("live") if keys.count(key) > 1] == []


def _keys(scope: str) -> list[str]:
    return [key for binding in bindings(scope) for key in binding.key.split(",")]  # type: ignore[union-attr]


async def test_the_palette_and_the_footer_have_the_live_commands(stand_in: StandIn) -> None:
    async with live(link_to(stand_in), size=(200, 50)) as stage:
        assert "D ask device" in stage.lines[-1]
        await stage.press("colon")
        await stage.type("own policy tests")
        await stage.press("enter")
        assert isinstance(stage.app.screen, DeviceScreen)
