"""The program in a real terminal: leaving it clean however it ends, copying, resizing, suspending."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None or not Path("/proc/self").exists(), reason="needs tmux and /proc"
)

SECONDS = 40.0


class Terminal:
    """A tmux server of its own, with a shell in which the program runs."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.tmux = ["tmux", "-L", f"whydeny-{uuid.uuid4().hex[:10]}", "-f", os.devnull]
        self.run("new-session", "-d", "-x", "100", "-y", "30", "env PS1='$ ' sh", env={**os.environ, **environment})

    def run(self, *words: str, env: dict[str, str] | None = None) -> str:
        return subprocess.run(
            [*self.tmux, *words], check=True, capture_output=True, text=True, env=env, timeout=20
        ).stdout

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    @property
    def text(self) -> str:
        return self.run("capture-pane", "-p")

    def says(self, name: str) -> str:
        return self.run("display-message", "-p", f"#{{{name}}}").strip()

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, self.text
            time.sleep(0.1)

    def until_shown(self, words: str) -> None:
        self.until(lambda: words in self.text)

    def start(self) -> None:
        self.type(f"{sys.executable} -m whydeny demo; echo left with $?")
        self.press("Enter")
        self.until_shown("allowed, then denied")
        self.until_shown("Last allowed by")

    def is_clean(self) -> bool:
        """Whether the terminal is as a shell wants it: main screen, cursor, no mouse, letters echoed."""
        modes = [self.says(name) for name in ("alternate_on", "mouse_any_flag", "cursor_flag")]
        return modes == ["0", "0", "1"]

    def program(self) -> int:
        """The process number of the program."""
        shell = self.says("pane_pid")
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text()
        return int(children.split()[-1])


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal({"LANG": "C.UTF-8", "TERM": "xterm-256color"})
    yield found
    subprocess.run([*found.tmux, "kill-server"], check=False, capture_output=True)


def test_q_leaves_a_clean_terminal(terminal: Terminal) -> None:
    terminal.start()
    assert not terminal.is_clean()
    terminal.press("q")
    terminal.until_shown("left with 0")
    assert terminal.is_clean()
    assert "Last allowed by" not in terminal.text


@pytest.mark.parametrize(("name", "status"), [("TERM", 143), ("HUP", 129)])
def test_a_signal_leaves_a_clean_terminal(terminal: Terminal, name: str, status: int) -> None:
    terminal.start()
    subprocess.run(["kill", f"-{name}", str(terminal.program())], check=True)
    terminal.until_shown(f"left with {status}")
    assert terminal.is_clean()


def test_a_lost_terminal_ends_the_program(terminal: Terminal) -> None:
    terminal.start()
    program = terminal.program()
    terminal.run("kill-session")
    end = time.monotonic() + SECONDS
    while Path(f"/proc/{program}").exists():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_suspend_gives_the_terminal_back_and_comes_back(terminal: Terminal) -> None:
    terminal.start()
    terminal.press("j", "C-z")
    terminal.until(terminal.is_clean)
    terminal.type("echo in the shell")
    terminal.press("Enter")
    terminal.until_shown("in the shell")
    terminal.type("fg")
    terminal.press("Enter")
    terminal.until_shown("2/")
    terminal.press("j")
    terminal.until_shown("3/")


def test_a_resize_draws_everything_anew(terminal: Terminal) -> None:
    terminal.type("export COLUMNS=80 LINES=24")  # handed down by some shells: the terminal knows better
    terminal.press("Enter")
    terminal.start()
    assert "y copy" in terminal.text.split("\n")[29]
    terminal.run("resize-window", "-x", "80", "-y", "24")
    terminal.until(lambda: "? help" in terminal.text.split("\n")[23])
    terminal.run("resize-window", "-x", "200", "-y", "60")
    terminal.until(lambda: "denied by" in terminal.text and "q leave" in terminal.text.split("\n")[59])


def test_the_finding_reaches_the_buffer_of_tmux(terminal: Terminal) -> None:
    terminal.run("set-option", "-g", "set-clipboard", "external")
    terminal.start()
    terminal.press("y")
    terminal.until_shown("copied to tmux's buffer")
    held = terminal.run("show-buffer")
    assert held.startswith("Session:")
    assert "Evidence" in held or "For" in held


def test_stopping_while_opening_leaves_at_once(terminal: Terminal) -> None:
    terminal.type(f"{sys.executable} -m whydeny open /dev/zero; echo left with $?")
    terminal.press("Enter")
    terminal.until(lambda: "left with" in terminal.text.replace("echo left with", ""))
    assert terminal.is_clean()


def test_inputs_that_can_not_be_used_are_a_sentence_on_a_clean_terminal(terminal: Terminal) -> None:
    terminal.type(f"{sys.executable} -m whydeny open {os.devnull}; echo left with $?")
    terminal.press("Enter")
    terminal.until_shown("left with 2")
    assert terminal.is_clean()
    assert os.devnull in terminal.text.split("left with $?")[-1]
