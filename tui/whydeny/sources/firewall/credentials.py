"""Where an API key, or a user and a password, may come from. Nothing here is ever written to a file.

Never from the command line: other users of the machine see its arguments. The password prompt belongs to the caller.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pan.rc

from whydeny.model.safe import safe_text
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.secret import Secret

VARIABLE = "WHYDENY_API_KEY"
_SERVICE = "whydeny"  # the name in the desktop's key store
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key, or a user with a password (which the login forgets); and where a `.panrc` says they belong."""

    key: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    host: str | None = None
    port: int | None = None
    serial: str | None = None


def find_credentials(
    host: str, key_file: Path | None = None, panrc: str | None = None, keyring: bool = False
) -> Credentials:
    """What is at hand without asking anybody: a key file, a tag of `.panrc`, the variable, the key store, in this order.

    Empty credentials where there is nothing. Raises `FirewallError` for something that was named and can't be used.
    """
    if key_file is not None:
        return Credentials(read_key_file(key_file))
    if panrc is not None:
        return read_panrc(panrc)
    return Credentials(read_key_variable() or (read_keyring(host) if keyring else None))


def read_key_file(path: Path) -> Secret:
    """The API key that a file holds as its only line. Raises `FirewallError`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise _unusable(f"{path}: the API key can't be read ({(error.strerror or 'unreadable').lower()})") from None
    return _key(data.decode("ascii", "replace"), str(path))


def read_key_variable(name: str = VARIABLE) -> Secret | None:
    """The API key of an environment variable, None if there is no such variable. Raises `FirewallError`."""
    text = os.environ.get(name)
    return None if text is None else _key(text, f"the variable {name}")


def _key(text: str, where: str) -> Secret:
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise _unusable(f"{where}: expected one API key of printable characters without blanks, found something else")
    return Secret(text)


def read_panrc(tag: str, home: Path | None = None) -> Credentials:
    """What `.panrc` in the home folder has under `tag`. Raises `FirewallError`.

    Only the home folder's file and only with a tag: one in the working folder may have been planted.
    """
    try:
        found = pan.rc.PanRc(tag=tag, search_path=[str(home or "~")]).panrc
    except (pan.rc.PanRcError, OSError, UnicodeError):
        raise _unusable(f".panrc: the tag {safe_text(tag, 40)} can't be read") from None
    if not found:
        raise _unusable(f".panrc: the home folder has no such file with the tag {safe_text(tag, 40)}")
    port = found.get("port", "")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _unusable(f".panrc: the port of the tag {safe_text(tag, 40)} is not a number from 1 to 65535")
    return Credentials(
        Secret(found["api_key"]) if found.get("api_key") else None,
        found.get("api_username"),
        Secret(found["api_password"]) if found.get("api_password") else None,
        found.get("hostname"),
        int(port) if port else None,
        found.get("serial"),
    )


def read_keyring(host: str) -> Secret | None:
    """The API key that the desktop's key store has for `host`, None if it has none.

    Raises `FirewallError` when the optional package keyring isn't there or the store can't be opened.
    """
    store, errors = _keyring()
    try:
        text = store.get_password(_SERVICE, host)
    except errors.KeyringError:
        raise _unusable("the desktop's key store can't be opened") from None
    return _key(text, "the desktop's key store") if text else None


def _keyring() -> tuple[Any, Any]:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise _unusable('the package keyring is not installed (pip install "whydeny[keyring]")') from None
    return keyring, keyring.errors


def _unusable(message: str) -> FirewallError:
    return FirewallError(Failure.CREDENTIALS, message)
