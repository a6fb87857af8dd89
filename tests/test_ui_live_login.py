"""The way to a live firewall on the screen: logging in, whom to trust, the firewalls of a Panorama."""

from pathlib import Path

import pytest

from live_stage import ca_file, head, link_to, live, shown, words
from whydeny.demo.standin import PASSWORD, USER, StandIn
from whydeny.demo.standin_faults import Fault
from whydeny.settings import CONNECTIONS, user_folders
from whydeny.sources.firewall.profiles import Profile, load_profiles, save_profiles
from whydeny.ui.link import ALARM
from whydeny.ui.screens.certificate import CertificateScreen
from whydeny.ui.screens.firewalls import FirewallsScreen
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.login import PasswordInput

pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


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
            await stage.wait(lambda: "can't be used as CA file" in stage.text)
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
