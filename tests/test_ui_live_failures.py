"""What a live screen says when the firewall fails, and how it gets over it."""

import time
from dataclasses import replace
from typing import Any

import pytest

from live_stage import head, link_to, live, page, shown
from whydeny.demo.standin import StandIn
from whydeny.demo.standin_faults import Fault

pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


CUT = [
    (Fault.HALF, "was cut in the middle of show system info"),
    (Fault.CLOSE, "was cut in the middle of show system info"),
    (Fault.HTML, "something else than the XML API does"),
    (Fault.NOT_XML, "something else than the XML API does"),
    (Fault.REDIRECT, "sends show system info elsewhere"),
    (Fault.BUSY, "too busy to answer"),
    (Fault.DTD_BOMB, "something else than the XML API does"),
    (Fault.ERROR, "answered show system info with an error"),
    (Fault.NOT_CONNECTED, "Panorama has no connection to this firewall"),
]


class TestFailures:
    @pytest.mark.parametrize(("fault", "sentence"), CUT, ids=[fault for fault, _ in CUT])
    async def test_one_sentence_and_another_try(self, stand_in: StandIn, fault: Fault, sentence: str) -> None:
        stand_in.fail(fault)
        async with live(link_to(stand_in)) as stage:
            assert stage.logging_in
            assert sentence in " ".join(stage.text.split())
            assert "Enter tries again" in stage.text
            stand_in.recover()
            await stage.press("enter")
            assert len(stage.rows) == shown()

    @pytest.mark.parametrize(
        ("target", "sentence"),
        [({"host": "127.0.0.1", "port": 9}, "refused the connection"), ({"host": "fw1.invalid"}, "no such host")],
        ids=["refused", "unknown host"],
    )
    async def test_nobody_is_there(self, stand_in: StandIn, target: Any, sentence: str) -> None:
        link = link_to(stand_in)
        link.target = replace(link.target, **target)
        async with live(link) as stage:
            assert sentence in " ".join(stage.text.split())
            await stage.press("escape")
            assert stage.app.return_code == 2

    async def test_a_silent_firewall_is_stopped_waiting_for(self, stand_in: StandIn) -> None:
        stand_in.fail(Fault.SILENCE)
        async with live(link_to(stand_in), settled=False) as stage:
            await stage.wait(lambda: stand_in.seen)
            await stage.press("escape")
            assert "stopped" in stage.text
            stand_in.recover()
            await stage.press("enter")
            assert len(stage.rows) == shown()

    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            ("show session all", "no right to show session all"),
            ("log traffic", "no right to read the traffic log"),
            ("show config", "no right to show config"),
            ("show high-availability", "no right to show high-availability"),
        ],
    )
    async def test_what_the_role_may_not_see_is_said_and_the_rest_goes_on(
        self, stand_in: StandIn, asked: str, sentence: str
    ) -> None:
        stand_in.fail(Fault.NO_RIGHTS, asked)
        async with live(link_to(stand_in), size=(200, 50)) as stage:
            assert "no right to" in stage.text
            await stage.press("R", "o")
            assert sentence in page(stage)

    async def test_a_cut_and_the_recovery(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            await stage.press("j")
            here, rows = stage.session, stage.rows
            stand_in.fail(Fault.CLOSE)
            await stage.press("R")
            assert "no connection since" in head(stage)
            assert "was cut in the middle of" in stage.text
            await stage.press("down", "up", "y")
            assert (stage.session, stage.rows) == (here, rows)
            stand_in.recover()
            await stage.press("R")
            assert "no connection" not in head(stage)
            assert "the firewall answers again" in stage.text
            assert (stage.session, stage.rows) == (here, rows)

    async def test_a_cut_before_the_configuration_came_is_made_up_for(self, stand_in: StandIn) -> None:
        stand_in.fail(Fault.CLOSE, "show config")
        async with live(link_to(stand_in)) as stage:
            assert len(stage.rows) == shown()
            assert "no connection since" in head(stage)
            assert stage.explorer.bench.site.configurations == []
            stand_in.recover()
            await stage.press("R")
            assert len(stage.explorer.bench.site.configurations) == 1
            assert stage.explorer.explained.engine is not None

    async def test_each_miss_makes_the_next_try_later(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            stage.explorer.pace = 2
            stand_in.fail(Fault.CLOSE)
            waits = []
            for _ in range(6):
                await stage.press("R")
                waits.append(round(stage.explorer._next - time.monotonic()))
            assert waits[0] <= 4
            assert waits == sorted(waits)
            assert waits[-1] == 60
