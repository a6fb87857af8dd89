"""A live screen on a firewall that means harm, or fails in the middle: it stays alive, and says what it was."""

from collections.abc import Callable
from typing import Any

import pytest

from hostile_estate import HOSTILE, arm, bare_estate
from live_stage import LiveStage, link_to, live, shown, stand_in_of
from whydeny.demo.standin import StandIn
from whydeny.demo.standin_faults import Fault
from whydeny.model.columns import Kind
from whydeny.model.safe import is_safe
from whydeny.sources.firewall.connection import Connection
from whydeny.ui.screens.device import DeviceScreen
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.requests import RequestsScreen

SOON = 0.6  # seconds that a call may take once a firewall fails


pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, calls give up early."""
    ask = Connection._ask

    def soon_ask(self: Any, send: Any, what: str, progress: Any, within: float, patience: float = 0.0) -> bytes:
        return ask(self, send, what, progress, min(within, SOON), patience)

    return lambda: monkeypatch.setattr(Connection, "_ask", soon_ask)


def words(stage: LiveStage) -> str:
    """The screen on one line."""
    return " ".join(stage.text.split())


async def alive(stage: LiveStage) -> None:
    """Keys still do what they do."""
    assert isinstance(stage.app.screen, LiveScreen), stage.text
    await stage.press("g")
    assert stage.explorer.table.row == stage.rows[0]
    await stage.press("j")
    assert stage.explorer.table.row == stage.rows[1]
    await stage.press("H")
    assert isinstance(stage.app.screen, RequestsScreen)
    await stage.press("escape")
    assert isinstance(stage.app.screen, LiveScreen)


WIDE, NARROW = (200, 60), (80, 24)


@pytest.mark.parametrize(
    ("hostile", "size"),
    [*((name, NARROW) for name in HOSTILE), *((name, WIDE) for name in ("bidi", "ten kilobytes"))],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
async def test_hostile_text_in_every_field_is_harmless_on_every_screen(hostile: str, size: tuple[int, int]) -> None:
    estate = arm(bare_estate(), HOSTILE[hostile])
    with stand_in_of(estate) as stand_in:
        async with live(link_to(stand_in), size=size) as stage:
            row = stage.explorer.table.row
            assert row is not None
            stage.explorer.ask_about(row)
            await stage.settle()
            assert set(stage.explorer.bench.site.logs) == set(Kind) - {Kind.TRAFFIC}
            seen: list[str] = []
            for keys in (
                ("R",), ("enter",), ("enter",), ("escape", "escape"), ("o",), ("escape", "v"), ("escape", "D"),
                ("escape", "H"), ("escape", "r"), ("escape", "O"), ("enter",), ("enter",), ("escape",), ("escape", "t"),
                ("enter",), ("escape", "escape", "w"), ("escape", "L"), ("enter",), ("F",), ("y",), ("C",),
            ):  # fmt: skip
                await stage.press(*keys)
                seen += stage.lines
            while not isinstance(stage.app.screen, LiveScreen):
                await stage.press("escape")
            await alive(stage)
            copied = stage.app.clipboard
    assert len(seen) > 15 * size[1]
    for line in (*seen, *copied.splitlines()):
        assert is_safe(line), ascii(line[:120])
    assert max(map(len, seen)) <= size[0]


FAULTS = [
    (Fault.KEY_REFUSED, "the API key is not accepted"),
    (Fault.NO_RIGHTS, "has no right to"),
    (Fault.SESSION_ENDED, "the API session timed out, twice in a row"),
    (Fault.NOT_CONNECTED, "Panorama has no connection to this firewall"),
    (Fault.ERROR, "with an error: show -> session -> all has unexpected here"),
    (Fault.BUSY, "too busy to answer"),
    (Fault.REDIRECT, "elsewhere (HTTP 302)"),
    (Fault.HTML, "something else than the XML API does"),
    (Fault.EMPTY, "something else than the XML API does"),
    (Fault.NOT_XML, "something else than the XML API does"),
    (Fault.BAD_XML, "line 1: expected well-formed XML"),
    (Fault.HALF, "was cut in the middle of"),
    (Fault.CUT, "was cut in the middle of"),
    (Fault.CLOSE, "was cut in the middle of"),
    (Fault.SILENCE, "no whole answer to"),
    (Fault.DRIP, "no whole answer to"),
    (Fault.ENDLESS, "is larger than whydeny reads"),
    (Fault.DTD_BOMB, "something else than the XML API does"),
    (Fault.EXTERNAL_ENTITY, "something else than the XML API does"),
]


def test_every_fault_is_here() -> None:
    assert {fault for fault, _ in FAULTS} == set(Fault) - {Fault.WRONG_PASSWORD}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
class TestWhileItWatches:
    async def test_a_look_fails_in_one_sentence_and_the_rows_stay(
        self, stand_in: StandIn, fault: Fault, sentence: str, soon: Callable[[], None]
    ) -> None:
        link = link_to(stand_in)
        link.limits.largest = 4 << 20
        async with live(link, size=(160, 40)) as stage:
            rows = stage.rows
            soon()
            stand_in.fail(fault, "show session all")
            await stage.press("R")
            assert sentence in words(stage)
            assert stage.rows == rows
            await alive(stage)
            stand_in.recover()
            if fault in (Fault.KEY_REFUSED, Fault.SESSION_ENDED):
                await stage.press("R")
                await stage.log_in()
            await stage.press("R")
            assert isinstance(stage.app.screen, LiveScreen)
            assert "no connection" not in stage.lines[0]
            assert stage.rows == rows

    async def test_the_question_about_a_session_fails_in_one_sentence(
        self, stand_in: StandIn, fault: Fault, sentence: str, soon: Callable[[], None]
    ) -> None:
        link = link_to(stand_in)
        link.limits.largest = 4 << 20
        async with live(link, size=(160, 40)) as stage:
            rows = stage.rows
            soon()
            for asked in ("test", "show session id", "log decryption"):
                stand_in.fail(fault, asked)
            await stage.press("D")
            assert isinstance(stage.app.screen, DeviceScreen)
            assert sentence in words(stage) or (fault is Fault.BAD_XML and "no answer" in words(stage))
            await stage.press("escape")
            row = stage.explorer.table.row
            assert row is not None
            stage.explorer.ask_about(row)
            await stage.settle()
            await alive(stage)
            assert stage.rows == rows
            assert row not in (stage.explorer.bench.site.fetched or ())  # not all came: silence proves nothing
            assert stand_in.desk.jobs == {}


class TestCutInTheMiddle:
    async def test_the_pages_before_are_kept(self, stand_in: StandIn) -> None:
        estate = stand_in.estate
        pattern = next(row for row in estate.sessions if row["state"] == "ACTIVE")
        with estate.lock:
            estate.sessions += [pattern | {"idx": str(n), "sport": str(n % 60_000)} for n in range(10_000, 12_500)]
            estate.version += 1
        answer, calls = stand_in.desk.operate, []

        def operate(asked: str, command: Any, vsys: str) -> bytes:
            if asked.startswith("show session all") and "start-at" in {element.tag for element in command.iter()}:
                calls.append(asked)
                stand_in.fail(Fault.CUT, "show session all")
            return answer(asked, command, vsys)

        async with live(link_to(stand_in), size=(160, 40)) as stage:
            stand_in.desk.operate = operate  # type: ignore[method-assign]
            await stage.press("L", "enter")
            assert calls
            assert 1024 <= len(stage.rows) - shown() < 2500
            assert "was cut in the middle of" in words(stage) or "sessions came" in words(stage)
            stand_in.recover()
            stand_in.desk.operate = answer  # type: ignore[method-assign]
            await alive(stage)
            await stage.press("o")
            assert "was cut in the middle of" in " ".join(line.text for line in stage.app.screen.pane.lines)

    async def test_a_log_that_is_cut_leaves_no_job(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(160, 40), where="( app eq dns )") as stage:
            rows = stage.rows
            stand_in.fail(Fault.CUT, "log get")
            await stage.press("F")
            assert "was cut in the middle of read the log" in words(stage)
            assert stand_in.desk.jobs == {}
            assert stage.rows == rows
            stand_in.recover()
            await alive(stage)
