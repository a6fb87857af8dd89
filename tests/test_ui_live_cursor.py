"""What a live firewall is asked about the session under the cursor, by itself and by a key."""

from typing import Any

import pytest

from live_stage import link_to, live, page, shown, words
from whydeny.demo.standin import StandIn
from whydeny.demo.standin_faults import Fault
from whydeny.model.columns import Kind
from whydeny.model.configuration import Rulebase
from whydeny.ui.screens import live_cursor
from whydeny.ui.screens.device import DeviceScreen

pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


class TestUnderTheCursor:
    @pytest.fixture(autouse=True)
    def soon(self, cursor_asks_nothing: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live_cursor, "LIVE_REST", 0.05)

    async def test_a_resting_cursor_brings_details_facts_and_the_joined_logs(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            row = stage.explorer.table.row
            await stage.wait(lambda: row in stage.explorer.fetched)
            await stage.settle()
            site = stage.explorer.bench.site
            assert site.sessions.session(row).tracker_stage == "appid policy lookup deny"
            assert {Kind.DECRYPTION, Kind.URL, Kind.THREAT, Kind.SYSTEM} <= set(site.logs)
            assert "show session id" in words(stand_in)
            stage.explorer.paused = True
            await stage.press("j")
            stage.explorer.paused = False
            await stage.press("k")
            await stage.pilot.pause(0.3)
            assert words(stand_in).count("show session id") == 1  # nothing is asked twice
            assert stand_in.desk.jobs == {}

    async def test_moving_on_stops_what_is_asked(self, stand_in: StandIn) -> None:
        stand_in.desk.slow = 10_000
        async with live(link_to(stand_in), settled=False) as stage:
            stand_in.desk.slow = 1
            await stage.wait(lambda: not stage.logging_in and stage._followed() and not stage.explorer.opening)
            stand_in.desk.slow = 10_000
            await stage.wait(lambda: len(stand_in.desk.jobs) >= 3)
            stage.explorer.paused = True
            await stage.pilot.press("j")
            await stage.wait(lambda: stand_in.desk.jobs == {})
            assert stage.explorer.fetched == set()

    async def test_facts_are_fetched_for_the_rules_that_hang_on_them(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_cursor, "LIVE_REST", 3600.0)
        async with live(link_to(stand_in)) as stage:
            explorer = stage.explorer
            judge = explorer.grown.judge
            rows = range(len(explorer.bench.frame))
            row = next(r for r in rows if judge.case(r).security.possible and explorer._wants_cause(r))
            explorer.table.go_to(row)
            await stage.settle()
            assert stage.explorer.explained.choices[Rulebase.SECURITY].answer.possible
            explorer.ask_about(row)
            await stage.settle()
            assert explorer.bench.site.answers.registered_complete
            assert explorer.explained.choices[Rulebase.SECURITY].answer.possible == ()
            assert "show object registered-ip all" in words(stand_in)

    async def test_a_session_that_went_well_is_not_asked_about_unbidden(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( action neq deny ) and ( session_end_reason eq tcp-fin )") as stage:
            assert stage.rows
            await stage.pilot.pause(0.3)
            assert stage.explorer.fetched == set()
            await stage.press("r")
            await stage.settle()
            assert stage.explorer.table.row in stage.explorer.fetched
            assert "Same conversation" in stage.text

    async def test_little_room_in_the_minute_lets_the_user_go_first(self, stand_in: StandIn) -> None:
        link = link_to(stand_in)
        link.limits.per_minute = 40
        async with live(link) as stage:
            await stage.pilot.pause(0.4)
            assert stage.explorer.fetched == set()
            assert "show session id" not in words(stand_in)


class TestAskingTheDevice:
    async def test_both_answers_side_by_side(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("j", "D")
            assert isinstance(stage.app.screen, DeviceScreen)
            text = page(stage)
            assert "by the configuration" in text
            assert text.count("both end at the same rule") == 2
            assert "settles what the configuration alone leaves open" in text
            assert "own test security-policy-match ends at interzone-default too" in text
            assert "tracker-stage-l7proc     appid policy lookup deny" in text
            asked = [asked for asked in words(stand_in) if asked.startswith("test ")]
            assert [asked.split()[1] for asked in asked] == [
                "security-policy-match", "decryption-policy-match", "authentication-policy-match",
            ]  # fmt: skip

    async def test_a_difference_is_marked_trusted_and_lowers_confidence(self, stand_in: StandIn) -> None:
        def test(rulebase: str, asked: Any) -> Any:
            return [{"name": "guest-web", "index": "9", "action": "allow"}] if rulebase == "security" else []

        stand_in.estate.test = test
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("j", "j", "j")
            before = stage.explorer.explained.finding.verdict
            await stage.press("D")
            assert "they differ" in page(stage)
            await stage.press("escape")
            after = stage.explorer.explained.finding
            assert after.lookups[Rulebase.SECURITY].rule.name == "guest-web"
            assert after.verdict.confidence < before.confidence
            assert stage.explorer.bench.frame["confidence"][stage.explorer.table.row] == pytest.approx(
                after.verdict.confidence
            )

    async def test_a_test_that_is_refused_says_why_and_the_others_answer(self, stand_in: StandIn) -> None:
        stand_in.fail(Fault.NO_RIGHTS, "test decryption")
        async with live(link_to(stand_in)) as stage:
            await stage.press("j", "D")
            assert "no answer" in page(stage)
            assert "no right to test decryption-policy-match" in page(stage)
            assert page(stage).count("both end at the same rule") == 1

    async def test_no_connection_is_a_sentence_on_the_page(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            stand_in.fail(Fault.CLOSE)
            await stage.press("D")
            assert "was cut in the middle of" in page(stage)
            await stage.press("escape")
            assert len(stage.rows) == shown()
