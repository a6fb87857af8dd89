"""A live firewall on the screen, end to end against the stand-in over TLS."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from live_stage import LiveStage, ca_file, denied, discarded, link_to, live, shown, stand_in_of
from whydeny.demo.standin import KEY, PASSWORD, USER, StandIn
from whydeny.demo.standin_faults import Fault
from whydeny.model.columns import Kind
from whydeny.model.configuration import Rulebase
from whydeny.settings import CONNECTIONS, user_folders
from whydeny.snapshot.compare import changed_verdicts
from whydeny.snapshot.load import load_snapshot
from whydeny.sources.firewall import commits
from whydeny.sources.firewall.profiles import Profile, load_profiles, save_profiles
from whydeny.ui import clipboard
from whydeny.ui.actions import ACTIONS, bindings
from whydeny.ui.asking import REFUSED_NOW, log_query, session_filter
from whydeny.ui.link import ALARM
from whydeny.ui.screens import live as live_screen
from whydeny.ui.screens import live_cursor
from whydeny.ui.screens.certificate import CertificateScreen
from whydeny.ui.screens.device import DeviceScreen
from whydeny.ui.screens.firewalls import FirewallsScreen
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.login import PasswordInput
from whydeny.ui.screens.picker import PickScreen
from whydeny.ui.screens.requests import RequestsScreen
from whydeny.verdict.judge import Judge

TIMES = ("receive_time", "time")


@pytest.fixture(autouse=True)
def cursor_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The firewall is asked about a session only where a test wants it."""
    monkeypatch.setattr(live_cursor, "LIVE_REST", 3600.0)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with stand_in_of() as running:
        yield running


def head(stage: LiveStage) -> str:
    return next(line for line in stage.lines if line.strip())


def words(stand_in: StandIn) -> list[str]:
    return [seen.words for seen in stand_in.seen]


def pane(stage: LiveStage, name: str) -> str:
    return "\n".join(line.text for line in stage.explorer.query_one(f"#{name}").lines)


def page(stage: LiveStage) -> str:
    return "\n".join(line.text for line in stage.app.screen.pane.lines)


def change(stand_in: StandIn, **row: str) -> dict[str, str]:
    """Change the first discarded session of the session table; as it was before."""
    estate = stand_in.estate
    with estate.lock:
        place = next(n for n, session in enumerate(estate.sessions) if session["state"] == "DISCARD")
        before = estate.sessions[place]
        estate.sessions[place] = before | row
        estate.version += 1
    return before


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


class TestLoggingIn:
    async def test_the_first_empty_field_has_the_focus(self, stand_in: StandIn) -> None:
        for user, focused in ((None, "login-user"), (USER, "login-password")):
            async with live(link_to(stand_in, key=None, user=user)) as stage:
                assert stage.app.focused.id == focused

    async def test_a_wrong_password_leads_back_to_the_form(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key=None)) as stage:
            assert stage.logging_in
            await stage.log_in("not this one")
            assert stage.logging_in
            assert "wrong user name or password" in stage.text
            assert "not this one" not in stage.text
            assert stage.app.screen.query_one(PasswordInput).value == ""
            await stage.type(PASSWORD)
            assert PASSWORD not in stage.text.replace(USER, "", 1)
            await stage.press("enter")
            assert len(stage.rows) == shown()
            assert words(stand_in)[:2] == ["keygen", "keygen"]

    async def test_an_unfinished_form_says_what_is_missing(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key=None)) as stage:
            await stage.press("tab", "enter")
            assert "give a user and a password" in stage.text
            assert stand_in.seen == []

    async def test_a_key_that_is_refused_leads_to_the_form(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key="b2xk")) as stage:
            assert "the API key is not accepted" in stage.text
            await stage.log_in()
            assert len(stage.rows) == shown()

    async def test_a_password_is_not_copied(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key=None, user=USER)) as stage:
            await stage.type(PASSWORD)
            field = stage.app.screen.query_one(PasswordInput)
            assert field.value == PASSWORD
            field.select_all()
            await stage.press("ctrl+c")
            assert stage.app.clipboard == ""
            field.select_all()
            await stage.press("ctrl+x")
            assert stage.app.clipboard == ""
            assert field.value == ""

    async def test_a_key_that_runs_out_is_replaced_while_the_rows_stay(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            rows = stage.rows
            stand_in.key = "ZnJlc2g="
            await stage.press("R")
            assert "the API key is not accepted" in stage.text
            assert "not logged in since" in head(stage)
            await stage.press("R")
            assert stage.logging_in
            await stage.log_in("wrong")
            assert "wrong user name or password" in stage.text
            await stage.type(PASSWORD)
            await stage.press("enter")
            assert isinstance(stage.app.screen, LiveScreen)
            assert "not logged in" not in head(stage)
            assert stage.rows == rows

    async def test_leaving_the_second_form_leaves_the_rows(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            stand_in.fail(Fault.SESSION_ENDED)
            await stage.press("R")
            assert "session timed out" in stage.text
            await stage.press("R", "escape")
            assert isinstance(stage.app.screen, LiveScreen)
            assert len(stage.rows) == shown()


class TestTrust:
    async def test_an_unverified_connection_is_red_on_every_screen(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, insecure=True)) as stage:
            bar = stage.explorer.query_one("#head")
            assert (bar._left[0].text.strip(), bar._left[0].role) == (ALARM, "bad")
            seen = {type(stage.app.screen).__name__}
            row = stage.explorer.table.row
            assert row is not None
            stage.explorer.ask_about(row)
            await stage.settle()
            for keys in (
                ("H",), ("o",), ("question_mark",), ("B",), ("D",), ("r",), ("v",), ("t",), ("w",), ("O", "enter"), ("L",),
                ("P",), ("S",), ("E",), ("colon",),
            ):  # fmt: skip
                await stage.press(*keys)
                seen.add(type(stage.app.screen).__name__)
                assert ALARM in stage.lines[0], keys
                while not isinstance(stage.app.screen, LiveScreen):
                    await stage.press("escape")
            assert len(seen) > 10

    async def test_the_form_says_it_before_a_password_is_typed(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key=None, insecure=True)) as stage:
            assert f"{ALARM}: anybody in between" in stage.text

    async def test_a_certificate_is_pinned_after_its_fingerprint_was_shown(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, ca_file=None)) as stage:
            assert isinstance(stage.app.screen, CertificateScreen)
            assert "its certificate is not trusted" in stage.text
            fingerprint = stage.app.screen._fingerprint
            assert fingerprint[:48] in stage.text
            assert fingerprint[48:] in stage.text
            assert stand_in.seen == []
            await stage.press("down", "enter")
            assert len(stage.rows) == shown()
            assert stage.app.link.target.fingerprint == fingerprint
            assert ALARM not in stage.text

    async def test_a_password_is_typed_once_though_the_certificate_comes_between(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, key=None, ca_file=None)) as stage:
            await stage.log_in()
            assert isinstance(stage.app.screen, CertificateScreen)
            assert stand_in.seen == []
            await stage.press("down", "enter")
            assert len(stage.rows) == shown()
            assert stage.app.link._password is None

    async def test_a_ca_file_is_given(self, stand_in: StandIn, tmp_path: Path) -> None:
        async with live(link_to(stand_in, ca_file=None)) as stage:
            await stage.press("enter")
            stage.app.screen.query_one("#certificate-file").value = str(tmp_path / "nothing.pem")
            await stage.press("enter")
            assert "can't be used as CA file" in stage.text
            await stage.press("enter")
            stage.app.screen.query_one("#certificate-file").value = str(ca_file())
            await stage.press("enter")
            assert len(stage.rows) == shown()

    async def test_a_pin_is_kept_in_the_profile(self, stand_in: StandIn) -> None:
        path = user_folders().settings / CONNECTIONS
        save_profiles(path, {"hq": Profile("hq", "127.0.0.1", stand_in.port)})
        async with live(link_to(stand_in, ca_file=None, profile="hq")) as stage:
            await stage.press("down", "down", "enter")
            assert len(stage.rows) == shown()
            assert load_profiles(path)["hq"].fingerprint == stage.app.link.target.fingerprint
        path.unlink()

    async def test_leaving_says_why_nothing_was_opened(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, ca_file=None)) as stage:
            await stage.press("escape")
            assert stage.app.return_code == 2
        assert stand_in.seen == []

    async def test_another_certificate_than_the_pinned_one_cant_be_pinned(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, fingerprint="AB" * 32)) as stage:
            assert "is not the pinned one" in stage.text
            assert "trust this certificate" not in stage.text
            assert stand_in.seen == []


class TestPanorama:
    @pytest.fixture(autouse=True)
    def panorama(self, stand_in: StandIn) -> None:
        estate = stand_in.estate
        own = {"serial": "099900000001", "hostname": "demo-hq-fw1", "connected": "yes", "model": "PA-3220"}
        other = {"serial": "099900000002", "hostname": "demo-br-fw1", "connected": "no", "model": "PA-440"}
        estate.firewalls = (other, own)

    async def test_one_of_its_firewalls_is_chosen(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, panorama=True)) as stage:
            assert isinstance(stage.app.screen, FirewallsScreen)
            assert "not connected to Panorama now" in stage.text
            await stage.type("hq")
            await stage.press("enter")
            assert len(stage.rows) == shown()
            assert {seen.parameters["target"] for seen in stand_in.seen[1:] if seen.words.startswith("show")} == {
                "099900000001"
            }

    async def test_another_is_chosen_where_panorama_has_no_connection_to_it(self, stand_in: StandIn) -> None:
        stand_in.fail(Fault.NOT_CONNECTED, "show system info")
        async with live(link_to(stand_in, panorama=True)) as stage:
            await stage.press("enter")
            assert "Panorama has no connection to this firewall now" in " ".join(stage.text.split())
            assert "Enter chooses another firewall" in stage.text
            stand_in.recover()
            await stage.press("enter")
            assert isinstance(stage.app.screen, FirewallsScreen)
            await stage.press("enter")
            assert len(stage.rows) == shown()

    async def test_a_name_finds_it(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, panorama=True, firewall="DEMO-HQ-FW1")) as stage:
            assert len(stage.rows) == shown()

    async def test_a_host_that_turns_out_to_be_a_panorama(self, stand_in: StandIn) -> None:
        stand_in.estate.system["model"] = "Panorama"
        async with live(link_to(stand_in)) as stage:
            assert isinstance(stage.app.screen, FirewallsScreen)
            await stage.press("escape")
            assert "choose one of the 2 firewalls" in stage.text
            await stage.press("escape")
            assert stage.app.return_code == 2

    async def test_logs_say_whose_they_are(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in, panorama=True, serial="099900000001")) as stage:
            assert "logs come from Panorama's own store" in stage.text


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


class TestUnderTheCursor:
    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
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


class TestFetching:
    async def test_the_filter_goes_to_the_log_and_older_rows_come_next(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_screen, "MOST", 40)
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("a", "slash")
            await stage.type("( app eq dns )")
            await stage.press("enter", "F")
            assert "40 new rows; F again reads older ones" in stage.text
            assert len(stage.rows) == 40
            await stage.press("F")
            assert len(stage.rows) > 40
            asked = [seen.parameters["query"] for seen in stand_in.seen if seen.words == "log traffic"]
            assert asked[-2] == "( app eq dns )"
            assert "receive_time leq" in asked[-1]
            await stage.press("R")
            followed = [seen.parameters["query"] for seen in stand_in.seen if seen.words == "log traffic"][-1]
            assert "session_end_reason eq policy-deny" in followed
            assert "( app eq dns )" in followed

    async def test_words_cant_be_asked_of_the_log(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            await stage.press("a", "slash", "s", "s", "l", "enter")
            sent = len(stand_in.seen)
            await stage.press("F")
            assert "nothing of this filter can be asked" in stage.text
            assert len(stand_in.seen) == sent

    async def test_the_session_table_is_counted_before_it_is_fetched(self, stand_in: StandIn) -> None:
        estate = stand_in.estate
        async with live(link_to(stand_in)) as stage:
            await stage.press("L")
            assert isinstance(stage.app.screen, PickScreen)
            assert f"{len(estate.sessions):,} sessions, 2 calls" in stage.text
            assert f"{discarded()} sessions" in stage.text
            await stage.press("enter")
            there = len(estate.sessions)
            assert len(stage.rows) == denied() + there
            assert f"{there:,} sessions came" in stage.text
            with estate.lock:
                estate.sessions = estate.sessions[:5]
                estate.version += 1
            await stage.press("R")
            assert len(stage.explorer.table.gone) == len(stage.rows) - denied() - 5

    async def test_a_very_large_table_is_warned_of(self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live_screen, "VERY_MANY", 20)
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("L")
            assert "a very large table" in stage.text
            await stage.type("20 of them")
            await stage.press("enter")
            assert "20 sessions came" in stage.text
            assert "left there" in stage.text
            assert stage.explorer.link.source.watched.state == "discard"

    async def test_the_filter_is_pushed_down_to_the_session_table(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( from eq users ) and ( app eq ssl )") as stage:
            await stage.press("L")
            assert "application ssl from users" in stage.text
            await stage.press("enter")
            last = [seen.parameters["cmd"] for seen in stand_in.seen if seen.words.startswith("show session all")][-1]
            assert "<application>ssl</application><from>users</from>" in last

    @pytest.mark.parametrize(
        "networks", [True, False, None], ids=["takes them", "finds nothing for them", "refuses them"]
    )
    async def test_networks_are_pushed_down_where_the_device_shows_that_it_takes_them(
        self, stand_in: StandIn, networks: bool | None
    ) -> None:
        stand_in.estate.networks = networks
        rows = [row for row in stand_in.estate.sessions if row["source"].startswith("10.20.")]
        assert 0 < len(rows) < len(stand_in.estate.sessions)
        text = "( addr.src in 10.20.0.0/16 )"
        async with live(link_to(stand_in), where=text, size=(120, 50)) as stage:
            await stage.press("L")
            shown = "source 10.20.0.0/16" if networks else "all sessions; networks are filtered here"
            assert shown in stage.text
            await stage.press("enter")
            assert stage.explorer.filter.text == text
            last = [seen.parameters["cmd"] for seen in stand_in.seen if seen.words.startswith("show session all")][-1]
            assert ("<source>10.20.0.0/16</source>" in last) is bool(networks)
            states = [stage.explorer.bench.frame["state"][row] for row in stage.rows]
            assert sum(state is not None for state in states) == len(rows)

    async def test_a_second_with_more_rows_than_a_search_brings(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_screen, "MOST", 10)
        estate = stand_in.estate
        dns = estate.logs[Kind.TRAFFIC].filter(pl.col("application").cast(pl.String) == "dns").head(35)
        at = pl.lit(datetime(2025, 3, 11, 11, 30))
        same = pl.when(pl.int_range(pl.len()).is_between(5, 30)).then(at)
        moved = [same.otherwise(at + pl.duration(seconds=17 - pl.int_range(pl.len()))).alias(n) for n in TIMES]
        estate.logs[Kind.TRAFFIC] = dns.with_columns(moved)
        async with live(link_to(stand_in), where="( app eq dns )", size=(120, 50)) as stage:
            counts = [len(stage.rows)]
            while "F again reads older ones" in stage.text:
                await stage.press("F")
                counts.append(len(stage.rows))
                assert len(counts) < 9
            assert counts[-1] == 35
            assert "that is all that the log has" in stage.text

    async def test_esc_stops_what_is_fetched_and_its_job_is_ended(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( app eq dns )") as stage:
            stand_in.desk.slow = 10_000
            await stage.pilot.press("F")
            await stage.wait(lambda: stand_in.desk.jobs)
            assert "Esc stops" in head(stage) or await stage.pilot.pause(0.3) is None
            await stage.press("escape")
            assert "stopped" in stage.text
            await stage.wait(lambda: stand_in.desk.jobs == {})

    async def test_the_configuration_is_read_anew(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            text = stand_in.estate.configurations["effective-running"]
            stand_in.estate.configurations["effective-running"] = text.replace("block-peer-to-peer", "block-p2p")
            await stage.press("C")
            assert "block-p2p" in pane(stage, "security")
            assert "was read anew" in stage.text


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


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            (REFUSED_NOW, "( session_end_reason eq policy-deny ) and ( action eq allow )"),
            ("( outcome eq allowed-then-denied )", "( session_end_reason eq policy-deny ) and ( action eq allow )"),
            ("!( outcome eq allowed-then-denied )", None),
            ("( cause eq app-shift ) and ( app eq ssl )", "( app eq ssl )"),
            ("( cause eq app-shift ) or ( app eq ssl )", None),
            ("( app eq ssl ) words", "( app eq ssl )"),
            ("words", None),
            ("( state eq discard )", None),
        ],
        ids=["the first view", "denied", "not denied", "a verdict and more", "a verdict or more", "language and words",
             "words", "the session table alone"],
    )  # fmt: skip
    def test_of_the_log(self, text: str, query: str | None) -> None:
        assert log_query(text) == query

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("( addr.src in 10.1.1.1 ) and ( port.dst eq 443 ) and ( proto eq tcp )",
             "source 10.1.1.1 destination-port 443 protocol 6"),
            ("( addr.src in 10.0.0.0/8 ) and ( rule eq 'a b' )", "source 10.0.0.0/8 rule a b"),
            ("( addr.src in 10.1.2.3/8 ) and ( addr.dst in 2001:db8::1/64 )",
             "source 10.0.0.0/8 destination 2001:db8::/64"),
            ("( addr.src in 10.1.2.3/32 ) and ( addr.dst in 2001:db8::1/128 )",
             "source 10.1.2.3 destination 2001:db8::1"),
            ("( addr.src in 10.1.2.3-10.1.2.9 ) and ( app eq ssl )", "application ssl"),
            ("( addr in 10.1.1.1 )", ""),
            ("( app eq ssl ) or ( app eq dns )", ""),
            ("!( app eq ssl )", ""),
            ("( app neq ssl )", ""),
            ("( state eq DISCARD ) and ( user.src eq 'ex\\mk' )", "source-user ex\\mk state discard"),
            ("words", ""),
        ],
        ids=["values that all must hold", "a network", "networks by any of their addresses", "networks of one address",
             "no ranges", "not either end", "no alternatives", "nothing turned round",
             "no other operator", "state and user", "words"],
    )  # fmt: skip
    def test_of_the_session_table(self, text: str, words: str) -> None:
        assert session_filter(text).words() == words


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
