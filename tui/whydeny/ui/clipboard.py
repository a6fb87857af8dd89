"""Put text on the user's clipboard, over SSH and inside tmux or screen too, and say honestly whether it arrived.

The order was measured: inside tmux only `load-buffer -w` (3.2 and later) works whatever `set-clipboard` says; OSC 52
is lost there. GNU screen passes device control strings of limited length. Over SSH, OSC 52 reaches the terminal,
which never answers. On a desktop pyperclip calls the desktop's own tool. What can't be sent is written to a file.
"""

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from whydeny.model.safe import safe_text

MOST_ENCODED = 74_000  # base64 characters that most terminals take in one OSC 52
SCREEN_PIECE = 240  # bytes of a device control string that GNU screen passes on
SECONDS = 3.0

WAYS = ("auto", "tmux", "screen", "osc52", "desktop", "file")


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a text: which way it went, whether that way confirmed it, and the sentence that says so."""

    way: str
    confirmed: bool
    words: str


def choose_way(setting: str = "auto", environment: Mapping[str, str] = os.environ) -> str:
    """The way for this terminal: as set, else by what it runs in."""
    if setting in WAYS and setting != "auto":
        return setting
    if environment.get("TMUX"):
        return "tmux"
    if environment.get("STY"):
        return "screen"
    if environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"):
        return "osc52"
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") or os.uname().sysname == "Darwin":
        return "desktop"
    return "file"


def copy(
    text: str,
    write: Callable[[str], None],
    setting: str = "auto",
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Copied:
    """Copy `text`, made safe line by line. `write` sends control sequences to the terminal.

    A way that fails falls back to a file in `folder` (default: the folder for temporary files).
    """
    text = safe_lines(text)
    way = choose_way(setting, environment)
    copied = _ATTEMPTS[way](text, write)
    return copied if copied is not None else _to_file(text, folder, way)


def safe_lines(text: str) -> str:
    """Every line made safe to paste; lines stay lines."""
    return "\n".join(safe_text(part, longest=1 << 20) for part in text.split("\n"))


def _by_tmux(text: str, _write: Callable[[str], None]) -> Copied | None:
    tool = shutil.which("tmux")
    if tool is None:
        return None
    if not _fed([tool, "load-buffer", "-w", "-"], text):
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        held = subprocess.run(
            [tool, "show-buffer"], capture_output=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL
        ).stdout
        if held.decode("utf-8", "replace") == text:
            return Copied("tmux", True, "copied to tmux's buffer, and sent to the terminal's clipboard")
    return Copied("tmux", False, "sent to tmux; not confirmed")


def _by_screen(text: str, write: Callable[[str], None]) -> Copied | None:
    sequence = _osc52(text)
    if sequence is None:
        return None
    for at in range(0, len(sequence), SCREEN_PIECE):
        write("\x1bP" + sequence[at : at + SCREEN_PIECE] + "\x1b\\")
    return Copied("screen", False, "sent to the terminal through screen; a terminal doesn't confirm")


def _by_terminal(text: str, write: Callable[[str], None]) -> Copied | None:
    sequence = _osc52(text)
    if sequence is None:
        return None
    write(sequence)
    return Copied("osc52", False, "sent to the terminal; a terminal doesn't confirm")


def _osc52(text: str) -> str | None:
    encoded = base64.b64encode(text.encode()).decode("ascii")
    return f"\x1b]52;c;{encoded}\x07" if len(encoded) <= MOST_ENCODED else None


def _by_desktop(text: str, _write: Callable[[str], None]) -> Copied | None:
    # In a process of its own: the tools behind pyperclip print over the screen where there is no display.
    if not _fed([sys.executable, "-m", "whydeny.ui.desktop"], text):
        return None
    return Copied("desktop", True, "copied to the clipboard")


def _no_way(_text: str, _write: Callable[[str], None]) -> None:
    return None


_ATTEMPTS: Mapping[str, Callable[[str, Callable[[str], None]], Copied | None]] = {
    "tmux": _by_tmux,
    "screen": _by_screen,
    "osc52": _by_terminal,
    "desktop": _by_desktop,
    "file": _no_way,
}


def _to_file(text: str, folder: Path | None, way: str) -> Copied:
    place = folder if folder is not None else Path(tempfile.gettempdir())
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="whydeny-", suffix=".txt", dir=place)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        return Copied("none", False, f"could not copy: {error.strerror}")
    why = "" if way == "file" else f"{way} did not take it; "
    return Copied("file", True, f"{why}written to {name}")


def _fed(command: list[str], text: str) -> bool:
    try:
        subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
