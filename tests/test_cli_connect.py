"""`whydeny connect`: what its arguments make, what it refuses in one sentence, and that no secret is an argument."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from live_stage import ca_file, denied, stand_in_of
from whydeny.cli.connect import INSECURE, connect_command, make_link
from whydeny.cli.main import whydeny
from whydeny.cli.save_live import save_live
from whydeny.demo.standin import USER, StandIn
from whydeny.model.errors import WhydenyError
from whydeny.settings import CONNECTIONS, user_folders
from whydeny.snapshot.load import load_snapshot
from whydeny.sources.firewall.credentials import VARIABLE
from whydeny.sources.firewall.profiles import Profile, load_profiles, save_profiles

PIN = ":".join(["AB"] * 32)


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with stand_in_of() as running:
        yield running


@pytest.fixture
def profiles() -> Iterator[Path]:
    """The file of profiles, with one firewall and one behind a Panorama."""
    path = user_folders().settings / CONNECTIONS
    hq = Profile("hq", "fw1.example.net", 8443, vsys="vsys2", user="reader", fingerprint=PIN)
    save_profiles(path, {"hq": hq, "branch": Profile("branch", "pano.example.net", serial="0123")})
    yield path
    path.unlink()


class TestTarget:
    def test_a_host_alone(self) -> None:
        target = make_link("fw1.example.net").target
        assert (target.host, target.port, target.panorama, target.serial, target.insecure) == (
            "fw1.example.net", 443, False, None, False,
        )  # fmt: skip
        assert target.name == "fw1.example.net"

    def test_a_firewall_behind_a_panorama_by_name(self) -> None:
        target = make_link("fw1", panorama="pano.example.net").target
        assert (target.host, target.firewall, target.panorama) == ("pano.example.net", "fw1", True)
        assert target.name == "fw1 by way of pano.example.net"

    def test_a_firewall_behind_a_panorama_by_serial(self) -> None:
        target = make_link(None, panorama="pano.example.net", serial="0123").target
        assert (target.host, target.serial, target.panorama) == ("pano.example.net", "0123", True)

    def test_a_profile(self, profiles: Path) -> None:
        target = make_link(None, profile="hq").target
        assert (target.host, target.port, target.vsys, target.user, target.fingerprint, target.profile) == (
            "fw1.example.net", 8443, "vsys2", "reader", PIN, "hq",
        )  # fmt: skip
        branch = make_link(None, profile="branch").target
        assert (branch.host, branch.serial, branch.panorama) == ("pano.example.net", "0123", True)

    def test_options_go_over_a_profile(self, profiles: Path) -> None:
        target = make_link(None, profile="hq", port=443, user="other", insecure=True).target
        assert (target.port, target.user, target.insecure, target.fingerprint) == (443, "other", True, None)

    def test_a_profile_is_kept_without_secrets(self, monkeypatch: pytest.MonkeyPatch, profiles: Path) -> None:
        monkeypatch.setenv(VARIABLE, "c2VjcmV0")
        make_link("fw9.example.net", user="reader", fingerprint=PIN, save_profile="nine")
        assert load_profiles(profiles)["nine"] == Profile("nine", "fw9.example.net", user="reader", fingerprint=PIN)
        assert set(load_profiles(profiles)) == {"hq", "branch", "nine"}
        assert "c2VjcmV0" not in profiles.read_text()


class TestCredentials:
    def test_a_key_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("a2V5\n")
        link = make_link("fw1.example.net", key_file=tmp_path / "key")
        assert link.ready
        assert "a2V5" not in repr(link.__dict__)

    def test_a_key_from_a_variable_of_any_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not make_link("fw1.example.net").ready
        monkeypatch.setenv("MY_KEY", "a2V5")
        assert make_link("fw1.example.net", key_variable="MY_KEY").ready

    def test_a_user_needs_the_form(self) -> None:
        link = make_link("fw1.example.net", user="reader")
        assert not link.ready
        assert link.target.user == "reader"

    def test_a_tag_of_panrc(self, own_folders: Path) -> None:
        panrc = own_folders / ".panrc"
        panrc.write_text("hostname%lab=fw7.example.net\nport%lab=4443\napi_key%lab=a2V5\n")
        link = make_link(None, panrc="lab")
        assert (link.target.host, link.target.port, link.ready) == ("fw7.example.net", 4443, True)
        panrc.unlink()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"host": None}, "give a HOST, --panorama or --profile"),
        ({"host": "fw1", "insecure": True, "fingerprint": PIN}, "--insecure trusts anybody"),
        ({"host": "fw1", "serial": "0123"}, "give --panorama too"),
        ({"host": "fw1", "fingerprint": "AB:CD"}, "SHA-256 in hexadecimal"),
        ({"host": "fw1", "ca_file": Path("no-such.pem")}, "can't be used as CA file"),
        ({"host": "fw1", "key_file": Path("no-such-key")}, "the API key can't be read"),
        ({"host": "fw1", "key_variable": "NO_SUCH_VARIABLE"}, "there is no variable NO_SUCH_VARIABLE"),
        ({"host": "fw1", "panrc": "nothing"}, "no such file with the tag nothing"),
        ({"host": None, "profile": "nobody"}, "there is no profile nobody (profiles: branch, hq)"),
        ({"host": "https://fw1.example.net/"}, "is no host name or address"),
        ({"host": "user:word@fw1"}, "is no host name or address"),
        ({"host": "fw1\x1b[2J"}, "is no host name or address"),
    ],
    ids=["nothing to connect to", "trust and no trust", "a serial without a Panorama", "half a fingerprint",
         "no CA file", "no key file", "no variable", "no tag", "no profile", "a URL", "a password in the host",
         "an escape in the host"],
)  # fmt: skip
def test_what_cant_be_used_is_one_sentence(arguments: dict[str, object], sentence: str, profiles: Path) -> None:
    with pytest.raises(WhydenyError) as caught:
        make_link(**arguments)  # type: ignore[arg-type]
    assert sentence in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_no_option_takes_a_secret() -> None:
    names = {name for option in connect_command.params if isinstance(option, click.Option) for name in option.opts}
    assert not [name for name in names if "password" in name or name in ("--key", "--api-key", "--token")]


def test_without_a_terminal_it_says_what_it_needs() -> None:
    done = CliRunner().invoke(whydeny, ["connect", "fw1.example.net"])
    assert done.exit_code == 2
    assert "needs a terminal" in done.stderr


class TestSavingWithoutAScreen:
    def call(self, stand_in: StandIn, *more: str) -> list[str]:
        return ["connect", "127.0.0.1", "--port", str(stand_in.port), "--ca-file", str(ca_file()), *more]

    def test_the_hour_is_saved_with_its_verdicts(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, stand_in.key)
        done = CliRunner().invoke(
            whydeny, self.call(stand_in, "-o", str(tmp_path / "now"), "--where", "( app eq dns )")
        )
        assert done.exit_code == 0, done.stderr
        assert "now.whydeny: " in done.stdout
        snapshot = load_snapshot(tmp_path / "now.whydeny")
        assert len(snapshot.site.logs) == 8
        assert snapshot.judged is not None
        assert snapshot.judged["cause"].drop_nulls().len() >= denied()
        assert "dns" in snapshot.site.sessions.frame["application"].to_list()
        assert stand_in.key.encode() not in (tmp_path / "now.whydeny").read_bytes()
        assert stand_in.desk.jobs == {}
        again = CliRunner().invoke(whydeny, self.call(stand_in, "-o", str(tmp_path / "now")))
        assert again.exit_code == 2
        assert "is there already" in again.stderr

    def test_without_a_key_and_a_terminal_it_says_what_to_give(self, stand_in: StandIn, tmp_path: Path) -> None:
        done = CliRunner().invoke(whydeny, self.call(stand_in, "-o", str(tmp_path / "now")))
        assert done.exit_code == 2
        assert "give --key-file" in done.stderr
        assert stand_in.seen == []

    def test_a_password_is_asked_for_and_not_shown(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("whydeny.cli.save_live.sys.stdin.isatty", lambda: True, raising=False)
        stand_in.password = "s3cret-phrase"
        link = make_link("127.0.0.1", port=stand_in.port, ca_file=ca_file(), user=USER)
        monkeypatch.setattr("click.prompt", lambda text, **how: "s3cret-phrase" if how["hide_input"] else "?")
        save_live(link, tmp_path / "now", False, None, None)
        assert (tmp_path / "now.whydeny").exists()

    def test_a_panorama_names_its_firewalls(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, stand_in.key)
        stand_in.estate.firewalls = ({"serial": "0123", "hostname": "fw1", "connected": "yes"},)
        call = ["connect", "--panorama", *self.call(stand_in, "-o", str(tmp_path / "now"))[1:]]
        done = CliRunner().invoke(whydeny, call)
        assert done.exit_code == 2
        assert "with --serial: 0123 (fw1)" in done.stderr

    def test_insecure_is_said_even_when_quiet(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, stand_in.key)
        port, name = str(stand_in.port), str(tmp_path / "now")
        done = CliRunner().invoke(whydeny, ["connect", "127.0.0.1", "--port", port, "--insecure", "-q", "-o", name])
        assert done.exit_code == 0
        assert done.stderr.strip() == f"whydeny: {INSECURE}"


def test_the_live_demonstration_needs_a_terminal_too() -> None:
    done = CliRunner().invoke(whydeny, ["demo", "--live"])
    assert done.exit_code == 2
    assert "needs a terminal" in done.stderr


def test_insecure_is_said_aloud_and_leaving_leaves_nothing_behind() -> None:
    """The whole program on a pseudo terminal: it connects to a stand-in, and leaves by a key."""
    with stand_in_of() as running:
        here, there = pty.openpty()
        call = [sys.executable, "-m", "whydeny", "connect", "127.0.0.1", "--port", str(running.port), "--insecure"]
        environment = {**os.environ, "TERM": "xterm-256color", VARIABLE: running.key, "LC_ALL": "C.UTF-8"}
        with subprocess.Popen(call, stdin=there, stdout=there, stderr=there, env=environment) as program:
            os.close(there)
            shown = _read_until(here, f"{denied()} denied".encode())
            os.write(here, b"q")
            shown += _read_until(here, None)
            assert program.wait(20) == 0
        os.close(here)
        text = shown.decode("utf-8", "replace")
        assert "whydeny: TLS NOT VERIFIED (--insecure): anybody between here and the firewall" in text
        assert text.count("TLS NOT VERIFIED") >= 2
        assert running.key not in text
        assert running.desk.jobs == {}


def _read_until(terminal: int, words: bytes | None) -> bytes:
    """What a terminal shows until it shows `words`; None reads to the end of the program."""
    shown = b""
    deadline = time.monotonic() + 30
    while (words is None or words not in shown) and time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    assert words is None or words in shown, shown[-2000:]
    return shown
