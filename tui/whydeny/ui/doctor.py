"""What this terminal, locale and machine give the screen, and what to change: the facts behind `whydeny doctor`."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from whydeny import __version__
from whydeny.settings import FILE, read_settings, user_folders
from whydeny.ui.app import CHOICES
from whydeny.ui.clipboard import choose_way
from whydeny.ui.glyphs import choose_glyphs

_PACKAGES = ("textual", "polars", "pan-os-python", "lark", "click")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what was looked at, what was found, and what to change (empty: nothing)."""

    what: str
    found: str
    advice: str = ""


def facts(environment: Mapping[str, str] = os.environ, size: tuple[int, int] = (80, 24)) -> list[Fact]:
    """Everything worth knowing, in the order in which an engineer would ask. `size` is columns and lines."""
    return [
        Fact("whydeny", ", ".join([__version__, *(f"{name} {_version(name)}" for name in _PACKAGES)])),
        _terminal(environment),
        Fact("size", f"{size[0]}x{size[1]}", "" if size >= (80, 24) else "the screen wants at least 80x24"),
        _colours(environment),
        _glyphs(environment),
        *_clipboard(environment),
        *_folders(),
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _terminal(environment: Mapping[str, str]) -> Fact:
    term = environment.get("TERM", "")
    inside = [
        name for name, key in (("tmux", "TMUX"), ("GNU screen", "STY"), ("SSH", "SSH_CONNECTION")) if key in environment
    ]
    found = (term or "TERM is not set") + (f", inside {', '.join(inside)}" if inside else "")
    advice = ""
    if term in ("", "dumb", "unknown"):
        advice = "set TERM to what the terminal is, such as xterm-256color"
    elif inside and "tmux" in inside and not term.startswith(("tmux", "screen")):
        advice = "inside tmux TERM should be tmux-256color or screen-256color (set -g default-terminal tmux-256color)"
    return Fact("terminal", found, advice)


def _colours(environment: Mapping[str, str]) -> Fact:
    if "NO_COLOR" in environment:
        return Fact("colours", "NO_COLOR is set: none are used")
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return Fact("colours", "16 million")
    if "256" in environment.get("TERM", ""):
        return Fact("colours", "256; sshd does not pass COLORTERM on, so that this is what SSH gives")
    return Fact("colours", "16", "TERM=xterm-256color if the terminal can show 256")


def _glyphs(environment: Mapping[str, str]) -> Fact:
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "not set"
    ascii_only = choose_glyphs("auto", environment).ascii
    advice = "LANG=C.UTF-8 shows ✓ ✗ and lines instead of + - and |" if ascii_only else ""
    return Fact("locale", f"{locale}: {'ASCII' if ascii_only else 'UTF-8'} signs", advice)


def _clipboard(environment: Mapping[str, str]) -> list[Fact]:
    settings, _ = read_settings(choices=CHOICES)
    way = choose_way(settings.clipboard, environment)
    if way == "tmux":
        return [_tmux()]
    if way == "screen":
        return [Fact("clipboard", "GNU screen passes OSC 52 on in pieces; the terminal does not confirm it")]
    if way == "osc52":
        advice = "with tmux on your own machine: set -g set-clipboard on there, else it drops what comes through SSH"
        return [
            Fact(
                "clipboard",
                "OSC 52 to the terminal, which does not confirm it; limits are near 75,000 characters",
                advice,
            )
        ]
    if way == "desktop":
        tool = next((name for name in ("wl-copy", "xclip", "xsel", "pbcopy") if shutil.which(name)), None)
        advice = "" if tool else "install xclip, xsel or wl-clipboard"
        return [Fact("clipboard", f"the desktop's own, by {tool or 'no tool that is here'}", advice)]
    return [Fact("clipboard", "none is reachable: copies go to a file whose path is shown")]


def _tmux() -> Fact:
    try:
        answer = subprocess.run(["tmux", "-V"], capture_output=True, text=True, timeout=3, check=False).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return Fact("clipboard", "inside tmux, but the command tmux is not here", "install tmux on this machine too")
    number = answer.removeprefix("tmux ").split("-")[-1]
    old = number[:3].replace(".", "").isdigit() and tuple(int(part) for part in number[:3].split(".")) < (3, 2)
    return Fact("clipboard", f"tmux load-buffer -w ({answer})", "load-buffer -w needs tmux 3.2" if old else "")


def _folders() -> list[Fact]:
    folders = user_folders()
    settings = folders.settings / FILE
    found = [Fact("settings", f"{settings}{'' if settings.exists() else ' (not there; all defaults)'}")]
    _, passed_over = read_settings(choices=CHOICES)
    found += [Fact("settings", "passed over", sentence) for sentence in passed_over]
    for name, path in (("data", folders.data), ("snapshots", folders.snapshots), ("reports", folders.reports)):
        parent = next((p for p in (path, *path.parents) if p.exists()), path)
        writable = os.access(parent, os.W_OK)
        found.append(Fact(name, str(path), "" if writable else f"{parent} can't be written"))
    return found
