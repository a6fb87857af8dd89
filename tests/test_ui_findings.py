"""Triage and what-if on the screen: findings and back, lines to edit, a replay that can be stopped, what is copied."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events

from ui_stage import CASE, Stage, built, small_site, staged
from whydeny.model.errors import Cancelled
from whydeny.model.progress import Progress
from whydeny.ui.actions import ACTIONS
from whydeny.ui.screens import whatif
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.triage import TriageScreen
from whydeny.ui.screens.whatif import WhatIfScreen
from whydeny.verdict.replayed import Effect

SOCIAL = "set rulebase security rules Social application facebook-posting"


def triage_of(stage: Stage) -> TriageScreen:
    """The triage screen, which is on top."""
    screen = stage.app.screen
    assert isinstance(screen, TriageScreen)
    return screen


def whatif_of(stage: Stage) -> WhatIfScreen:
    """The what-if screen, which is on top."""
    screen = stage.app.screen
    assert isinstance(screen, WhatIfScreen)
    return screen


async def follow(stage: Stage) -> None:
    """Wait until the text follows the cursor of a screen over the explorer."""
    for _ in range(400):
        await stage.pilot.pause(0.02)
        screen = stage.app.screen
        followed = not isinstance(screen, TriageScreen) or (
            screen.group is None or (screen.seen is not None and screen.seen.group == screen.group)
        )
        if followed and not stage.app.jobs.busy:
            return
    raise AssertionError(f"the screen is still busy:\n{stage.text}")


async def press(stage: Stage, *keys: str) -> None:
    """Press keys, each answered before the next."""
    for key in keys:
        await stage.press(key)
        await follow(stage)


@asynccontextmanager
async def opened(*keys: str, **more: Any) -> AsyncIterator[Stage]:
    """The small site after some keys."""
    async with staged(more.pop("site", small_site()), **more) as stage:
        await press(stage, *keys)
        yield stage


async def edit(stage: Stage, text: str) -> None:
    """Put other lines into the area, and wait."""
    whatif_of(stage).area.text = text
    await stage.pilot.pause()
    await follow(stage)


# --- triage


async def test_findings_are_listed_with_what_is_known_of_the_first() -> None:
    async with opened("t") as stage:
        screen = triage_of(stage)
        assert screen.groups["sessions"].to_list() == [1, 1, 1, 1]
        assert "4 findings of 4 sessions" in stage.text
        assert "1 x app-shift" in stage.text
        assert "last allowed by Social" in " ".join(stage.text.split())
        assert SOCIAL in stage.text


async def test_the_text_follows_the_cursor() -> None:
    async with opened("t", "j") as stage:
        assert "Nothing is proposed: browsers go on over TCP" in stage.text


async def test_one_step_in_are_the_sessions_and_one_back_the_findings() -> None:
    async with opened("t", "j", "enter") as stage:
        assert isinstance(stage.app.screen, ExplorerScreen)
        assert stage.ids == [102]
        assert "( cause eq quic-fallback )" in stage.explorer.filter.text
        await press(stage, "escape")
        group = triage_of(stage).group
        assert group is not None
        assert group.cause == "quic-fallback"
        await press(stage, "escape")
        assert isinstance(stage.app.screen, ExplorerScreen)
        assert stage.ids == [101, 102, 103, 104]
        assert stage.explorer.filter.text == "( outcome eq allowed-then-denied )"


async def test_the_row_that_was_left_for_the_findings_is_there_again() -> None:
    async with opened("j", "j", "t", "enter") as stage:
        assert stage.ids != [101, 102, 103, 104]
        await press(stage, "escape", "j", "enter", "escape", "escape")
        assert (stage.explorer.filter.text, stage.session) == ("( outcome eq allowed-then-denied )", 103)


async def test_steps_inside_the_sessions_come_first() -> None:
    async with opened("t", "enter", "enter") as stage:
        assert stage.explorer.zoomed == "detail"
        await press(stage, "escape")
        assert (stage.explorer.zoomed, stage.app.screen) == ("", stage.explorer)
        await press(stage, "escape")
        assert isinstance(stage.app.screen, TriageScreen)


async def test_with_another_filter_esc_no_longer_leads_to_the_findings() -> None:
    async with opened("t", "enter", "a", "escape") as stage:
        assert stage.app.screen is stage.explorer
        assert len(stage.ids) == 13


async def test_findings_are_sorted_by_a_column_and_back() -> None:
    async with opened("t", "right", "s") as stage:
        screen = triage_of(stage)
        causes = [screen.groups["cause"].cast(str)[int(row)] for row in screen.table.view.order]
        assert causes == sorted(causes)
        await press(stage, "s")
        assert [screen.groups["cause"].cast(str)[int(row)] for row in screen.table.view.order] == causes[::-1]


async def test_a_finding_is_copied_as_it_is_shown(copied: list[str]) -> None:
    async with opened("t", "y"):
        assert len(copied) == 1
        assert copied[0].startswith("1 x app-shift")
        assert f"  {SOCIAL}\n" in copied[0]


async def test_without_refused_sessions_a_line_says_so() -> None:
    quiet = built(CASE | {"session": {"session_end_reason": "tcp-fin", "subtype": "end"}, "others": []})
    async with opened("t", site=quiet) as stage:
        assert "No session was refused in a way that needs a cause." in stage.text


async def test_before_the_verdicts_there_is_a_word_and_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(small_site()) as stage:
        stage.explorer.bench.judged = False
        await stage.press("t")
        assert stage.app.screen is stage.explorer
        assert "still being judged" in stage.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_triage_fits(size: tuple[int, int]) -> None:
    async with opened("t", size=size) as stage:
        assert "app-shift" in stage.text
        assert "Esc back" in stage.lines[-1]


# --- what if


async def test_it_starts_from_the_proposal_and_shows_what_it_does() -> None:
    async with opened("w") as stage:
        screen = whatif_of(stage)
        assert screen.area.text == SOCIAL
        assert "nothing is changed on a firewall" in stage.text
        assert screen.result is not None
        assert screen.result.replay.counts[Effect.PASSES] == 1
        assert "1 pass   0 may pass   0 are lost   0 can't be told   12 unchanged" in stage.text
        assert [int(row) for row in screen.table.view.order] == [0]


async def test_a_finding_of_triage_is_tried_and_left_for_triage() -> None:
    async with opened("t", "w") as stage:
        assert whatif_of(stage).area.text == SOCIAL
        await press(stage, "escape")
        assert isinstance(stage.app.screen, TriageScreen)


async def test_edited_lines_are_replayed_when_asked() -> None:
    async with opened("w") as stage:
        screen = whatif_of(stage)
        await edit(stage, "delete rulebase security rules Social\ndelete rulebase security rules Out")
        assert "edited; Ctrl-R replays" in stage.text
        await press(stage, "ctrl+r")
        assert screen.result is not None
        assert screen.result.replay.counts[Effect.LOST] == 8
        assert "8 are lost" in stage.text
        assert len(screen.table.view) == 8


async def test_lines_are_typed_where_nothing_is_proposed() -> None:
    async with opened("j", "w") as stage:
        screen = whatif_of(stage)
        assert screen.focused is screen.area
        assert "Nothing is proposed" in stage.text
        await press(stage, "ctrl+r")
        assert "there is no line to replay" in stage.text
        await stage.type("delete rulebase security rules Silent")
        await press(stage, "ctrl+r")
        assert screen.result is not None
        assert screen.area.text == "delete rulebase security rules Silent"


async def test_a_mistake_is_said_and_pointed_at() -> None:
    async with opened("w") as stage:
        screen = whatif_of(stage)
        await edit(stage, f"{SOCIAL}\nset rulebase security rules Social colour red")
        await press(stage, "f5")
        assert "line 2: expected one of action" in stage.text
        assert screen.area.cursor_location == (1, 0)
        assert screen.result is not None  # that of the lines before


async def test_enter_goes_to_the_session() -> None:
    async with opened("w") as stage:
        await edit(stage, "delete rulebase security rules Social\ndelete rulebase security rules Out")
        await press(stage, "ctrl+r", "down", "enter")
        assert stage.app.screen is stage.explorer
        assert stage.session == 202


async def test_a_replay_is_stopped_with_esc(monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()

    def slow(_site: object, _before: object, _after: object, progress: Progress, **_more: object) -> None:
        while True:
            progress.step("replaying sessions", 1, 4)
            started.set()

    async with opened("w") as stage:
        monkeypatch.setattr(whatif, "replay", slow)
        await stage.pilot.press("ctrl+r")
        await asyncio.wait_for(started.wait(), 10)
        for _ in range(100):
            await stage.pilot.pause(0.02)
            if "25%" in stage.text:
                break
        assert "replaying sessions" in stage.text
        assert "Esc stops" in stage.text
        await press(stage, "escape")
        assert "stopped" in stage.text
        assert isinstance(stage.app.screen, WhatIfScreen)
        await press(stage, "escape")
        assert stage.app.screen is stage.explorer


def test_a_cancelled_replay_raises() -> None:
    progress = Progress()
    progress.stop.set()
    with pytest.raises(Cancelled):
        progress.step("replaying sessions", 0, 1)


async def test_the_lines_are_copied_with_what_pan_os_needs_before_them(copied: list[str]) -> None:
    async with opened("w") as stage:
        await edit(stage, "set rulebase security rules Out service any")
        await press(stage, "ctrl+g")
        assert copied == ["set rulebase security rules Out service any\n"]
        await press(stage, "ctrl+r", "ctrl+g")
        assert copied[1] == (
            "delete rulebase security rules Out service application-default\n"
            "set rulebase security rules Out service any\n"
        )


async def test_the_whole_is_copied_as_the_command_prints_it(copied: list[str]) -> None:
    async with opened("w", "Y"):
        assert copied[0].startswith("Nothing was changed on any firewall")
        assert "The change, for pasting in configuration mode on the firewall, vsys1:" in copied[0]


async def test_letters_are_typed_into_the_lines_and_copy_outside_of_them(copied: list[str]) -> None:
    async with opened("w") as stage:
        await press(stage, "y")
        assert copied == [f"{SOCIAL}\n"]
        whatif_of(stage).area.focus()
        await press(stage, "y")
        assert "y" in whatif_of(stage).area.text.removesuffix(SOCIAL) + whatif_of(stage).area.text[:1]
        assert len(copied) == 1


async def test_without_a_verdict_there_is_a_word() -> None:
    async with staged(small_site(), where="( app eq nothing )") as stage:
        await stage.press("w")
        assert "there is no verdict yet" in stage.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_whatif_fits(size: tuple[int, int]) -> None:
    async with opened("w", size=size) as stage:
        assert "1 pass" in stage.text
        assert "passes" in stage.text
        assert "Esc back" in stage.lines[-1]


HOSTILE = "set rulebase security rules \x1b]0;owned\x07\x1b[31mOut\u202e colour"


@pytest.mark.parametrize("way", ["put", "pasted"])
async def test_what_is_put_or_pasted_into_the_lines_can_do_nothing(way: str) -> None:
    async with opened("w") as stage:
        area = whatif_of(stage).area
        if way == "put":
            await edit(stage, HOSTILE)
        else:
            await edit(stage, "")
            area.focus()
            stage.app.post_message(events.Paste(f"{HOSTILE}\r\nsecond"))
            await stage.pilot.pause()
            assert area.document.line_count == 2
        assert "colour" in area.text
        await press(stage, "ctrl+r")
        assert "line 1: expected" in stage.text
        assert not {"\x1b", "\x07", "\u202e"} & set(area.text + stage.text)


@pytest.mark.parametrize("scope", ["triage", "whatif"])
def test_every_action_has_its_method(scope: str) -> None:
    owner = {"triage": TriageScreen, "whatif": WhatIfScreen}[scope]
    actions = [action for action in ACTIONS if action.scope == scope]
    assert actions
    assert [a.id for a in actions if not hasattr(owner, f"action_{a.method}")] == []
