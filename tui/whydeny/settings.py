"""The user's settings: where they lie, what can be set, and what is passed over with a sentence.

A TOML file in the user's configuration folder. It is never written by the program, and no secret belongs in it.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from platformdirs import PlatformDirs

from whydeny.model.safe import safe_text

FILE = "settings.toml"
CONNECTIONS = "connections.toml"  # profiles of firewalls, beside the settings
FASTEST, SLOWEST = 2, 3600  # seconds of `pace`
LARGEST = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the program keeps what is the user's: settings, data (application content, snapshots) and reports."""

    settings: Path
    data: Path
    snapshots: Path
    reports: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What a settings file can say.

    `theme`, `glyphs` and `clipboard` name a choice of the screen (`auto`: by the terminal), `mouse` is whether it
    takes the mouse, `keys` maps an action's id to its keys, with commas between several. `pace` is how many seconds
    pass between two looks at a live firewall.
    """

    theme: str = "auto"
    glyphs: str = "auto"
    clipboard: str = "auto"
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    pace: int = 10


def user_folders() -> Folders:
    """The folders of this user on this system; none is made.

    A user without a home has the root folder for one, as a container's has that nobody knows: nothing is there to read,
    and that it can't be written is said where something is to be kept.
    """
    found = PlatformDirs("whydeny", appauthor=False)
    try:
        settings, data, state = found.user_config_path, found.user_data_path, found.user_state_path
    except RuntimeError:
        root = Path("/")
        settings, data, state = root / ".config/whydeny", root / ".local/share/whydeny", root / ".local/state/whydeny"
    return Folders(Path(settings), Path(data), Path(data) / "snapshots", Path(state) / "reports")


def read_settings(
    path: Path | None = None, choices: Mapping[str, Collection[str]] | None = None
) -> tuple[Settings, tuple[str, ...]]:
    """The settings of `path` (the user's own file if None), and a sentence for everything that was passed over.

    `choices` holds the values that a setting may have, by its name; `auto` is always one. A file that is not there
    says nothing; a broken one is named and passed over, and so is each setting that can't be used.
    """
    path = path or user_folders().settings / FILE
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        return Settings(), ()
    except OSError as error:
        return Settings(), (f"{path}: the settings can't be read ({error.strerror}); the defaults hold",)
    if len(text) > LARGEST:
        return Settings(), (f"{path}: larger than {LARGEST // 1024} KiB, so it is no settings file; the defaults hold",)
    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Settings(), (f"{path}: not TOML in UTF-8 ({safe_text(str(error), 200)}); the defaults hold",)
    settings, problems = _take(table, choices or {})
    return settings, tuple(f"{path}: {problem}" for problem in problems)


def _take(table: Mapping[str, Any], choices: Mapping[str, Collection[str]]) -> tuple[Settings, list[str]]:
    good: dict[str, Any] = {}
    problems: list[str] = []
    known = {f.name for f in fields(Settings)}
    for name, value in table.items():
        found = safe_text(repr(value), 80)
        if name not in known:
            problems.append(f"there is no setting {safe_text(name, 80)}; there are {', '.join(sorted(known))}")
        elif name == "keys":
            good[name], wrong = _keys(value)
            problems += wrong
        elif name == "pace":
            if isinstance(value, int) and not isinstance(value, bool) and FASTEST <= value <= SLOWEST:
                good[name] = value
            else:
                problems.append(f"pace is {found}, expected whole seconds from {FASTEST} to {SLOWEST}")
        elif name == "mouse":
            if isinstance(value, bool):
                good[name] = value
            else:
                problems.append(f"mouse is {found}, expected true or false")
        elif not isinstance(value, str) or (name in choices and value not in {"auto", *choices[name]}):
            wanted = ", ".join(sorted({"auto", *choices.get(name, ())}))
            problems.append(f"{name} is {found}, expected {wanted if name in choices else 'a word in quotes'}")
        else:
            good[name] = value
    return Settings(**good), problems


def _keys(value: Any) -> tuple[dict[str, str], list[str]]:
    if not isinstance(value, Mapping):
        return {}, [f"keys is {safe_text(repr(value), 80)}, expected a table [keys] of actions and their keys"]
    good = {action: keys for action, keys in value.items() if isinstance(keys, str) and keys.strip()}
    return good, [
        f"keys.{safe_text(action, 80)} is {safe_text(repr(value[action]), 80)}, expected keys in quotes"
        for action in value
        if action not in good
    ]
