"""Copying: which way is taken where, what is sent, and what is said about it."""

import base64
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from whydeny.ui import clipboard
from whydeny.ui.clipboard import MOST_ENCODED, choose_way, copy, safe_lines
from whydeny.ui.copying import harmless, row_text

TMUX = {"TMUX": "/run/tmux,1,0"}
SCREEN = {"STY": "1.pts"}
SSH = {"SSH_TTY": "/dev/pts/1"}
DESKTOP = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environment", "setting", "expected"),
    [
        (TMUX | SSH | DESKTOP, "auto", "tmux"),
        (SCREEN | SSH, "auto", "screen"),
        (SSH | DESKTOP, "auto", "osc52"),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "auto", "osc52"),
        (DESKTOP, "auto", "desktop"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "auto", "desktop"),
        ({}, "auto", "file"),
        (TMUX, "osc52", "osc52"),
        (TMUX, "nonsense", "tmux"),
    ],
    ids=["tmux before all", "screen before SSH", "SSH before a forwarded display", "SSH without a terminal name",
         "X11", "Wayland", "nothing to copy to", "the setting wins", "a setting that is none"],
)  # fmt: skip
def test_the_way(environment: dict[str, str], setting: str, expected: str) -> None:
    assert choose_way(setting, environment) == expected


def test_ssh_sends_the_text_to_the_terminal_and_promises_nothing() -> None:
    sent: list[str] = []
    copied = copy("grüße", sent.append, environment=SSH)
    assert sent == [f"\x1b]52;c;{base64.b64encode('grüße'.encode()).decode()}\x07"]
    assert not copied.confirmed
    assert "doesn't confirm" in copied.words


def test_screen_gets_pieces_that_it_passes_on() -> None:
    sent: list[str] = []
    copy("x" * 1000, sent.append, environment=SCREEN)
    assert all(piece.startswith("\x1bP") and piece.endswith("\x1b\\") and len(piece) <= 244 for piece in sent)
    assert "".join(piece[2:-2] for piece in sent) == f"\x1b]52;c;{base64.b64encode(b'x' * 1000).decode()}\x07"


def test_what_is_too_long_for_a_terminal_becomes_a_file(tmp_path: Path) -> None:
    sent: list[str] = []
    copied = copy("x" * MOST_ENCODED, sent.append, environment=SSH, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    assert sent == []
    assert file.read_text() == "x" * MOST_ENCODED + "\n"
    assert str(file) in copied.words
    assert "osc52 did not take it" in copied.words
    assert file.stat().st_mode & 0o077 == 0


def test_without_any_way_it_becomes_a_file(tmp_path: Path) -> None:
    copied = copy("text", lambda _: pytest.fail("sent"), environment={}, folder=tmp_path / "new")
    assert copied.confirmed
    assert next((tmp_path / "new").iterdir()).read_text() == "text\n"


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    copied = copy("text", lambda _: None, environment={}, folder=tmp_path / "file")
    assert not copied.confirmed
    assert copied.words.startswith("could not copy")


@pytest.mark.skipif(shutil.which("xclip") is None, reason="no xclip")
def test_a_dead_display_is_noticed_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    copied = copy("text", lambda _: None, setting="desktop", folder=tmp_path)
    assert copied.way == "file"
    assert capfd.readouterr() == ("", "")


def test_a_missing_tmux_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard.shutil, "which", lambda _name: None)
    assert copy("text", lambda _: None, environment=TMUX, folder=tmp_path).way == "file"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")
def test_tmux_takes_it_and_confirms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = f"whydeny-{uuid.uuid4().hex[:8]}"
    tmux = ["tmux", "-L", server, "-f", os.devnull]
    subprocess.run([*tmux, "new-session", "-d", "sleep 60"], check=True)
    try:
        place = subprocess.run(
            [*tmux, "display-message", "-p", "#{socket_path},#{pid},0"], check=True, capture_output=True, text=True
        ).stdout.strip()
        monkeypatch.setenv("TMUX", place)
        text = "first line\nsecond line ✓ " + "x" * 5000
        copied = copy(text, lambda _: pytest.fail("sent"), folder=tmp_path)
        held = subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True, text=True).stdout
        assert held == text
        assert copied.confirmed
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def test_what_is_copied_is_harmless_where_it_is_pasted() -> None:
    assert safe_lines("a\x1b]52;c;AA\x07\nb\x00c\n") == "a\ufffd]52;c;AA\ufffd\nb\ufffdc\n"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x"])
def test_a_spreadsheet_gets_no_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert row_text([("name", cell), ("empty", "")]) == f"name: '{cell}"
