"""Connection profiles: which firewalls there are and whom to trust for each. They hold no secrets."""

import json
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from whydeny.model.errors import InputError
from whydeny.model.safe import is_safe, safe_text

_SECRETS = frozenset({"key", "api_key", "password", "api_password", "api-key", "secret", "token"})
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """One firewall, or one behind a Panorama (`serial`). `panrc` names a tag of `~/.panrc` to take the key from."""

    name: str
    host: str
    port: int = 443
    vsys: str | None = None
    user: str | None = None
    ca_file: str | None = None
    fingerprint: str | None = None
    serial: str | None = None
    panrc: str | None = None


_KEYS = tuple(f.name for f in fields(Profile) if f.name != "name")


def load_profiles(path: Path) -> dict[str, Profile]:
    """The profiles of a TOML file, one table each; empty if there is no such file. Raises `InputError`."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: too large for a file of connection profiles")
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path}: can't be read ({(error.strerror or 'unreadable').lower()})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML ({safe_text(str(error), 200)})") from None
    return {name: _profile(path, name, table) for name, table in tables.items()}


def _profile(path: Path, name: str, table: object) -> Profile:
    where = f"{path}, profile {safe_text(name, 60)}"
    if not isinstance(table, dict):
        raise InputError(f"{where}: expected a table ([{safe_text(name, 60)}] and lines like host = …)")
    for key, value in table.items():
        if key.lower() in _SECRETS:
            raise InputError(f"{where}: profiles hold no secrets; take {safe_text(key, 40)} out of it")
        if key not in _KEYS:
            raise InputError(f"{where}: does not know {safe_text(key, 40)} (it knows {', '.join(_KEYS)})")
        wanted = int if key == "port" else str
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise InputError(f"{where}: {key} must be {'a number' if wanted is int else 'text'}")
    if not table.get("host"):
        raise InputError(f"{where}: has no host")
    if not 0 < table.get("port", 443) < 65536:
        raise InputError(f"{where}: port must be from 1 to 65535")
    return Profile(name, **table)


def save_profiles(path: Path, profiles: dict[str, Profile]) -> None:
    """Write all profiles, replacing the file in one step. Raises `InputError`."""
    lines: list[str] = []
    for name, profile in sorted(profiles.items()):
        lines.append(f"[{_quoted(path, name)}]")
        for key in _KEYS:
            value = getattr(profile, key)
            if value is not None and (key != "port" or value != 443):
                lines.append(f"{key} = {value if isinstance(value, int) else _quoted(path, value)}")
        lines.append("")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text("\n".join(lines), "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({(error.strerror or 'unwritable').lower()})") from None


def _quoted(path: Path, text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's, as long as there are no control characters."""
    if not is_safe(text):
        raise InputError(f"{path}: {safe_text(text, 60)} holds control characters and is not written")
    return json.dumps(text, ensure_ascii=False)
