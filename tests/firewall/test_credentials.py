"""Where keys come from, and what is said when they can't be used."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from whydeny.sources.firewall.credentials import (
    find_credentials,
    read_key_file,
    read_key_variable,
    read_keyring,
    read_panrc,
)
from whydeny.sources.firewall.failures import Failure, FirewallError

PANRC = """# two firewalls
hostname%fw1=fw1.example.net
api_key%fw1=a2V5MQ==
port%fw1=8443
hostname%fw2=fw2.example.net
api_username%fw2=reader
api_password%fw2=pass word
serial%fw2=0123
port%bad=http
api_key=bm90YWc=
"""


def test_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("a2V5MQ==\n")
    assert read_key_file(path).reveal() == "a2V5MQ=="


@pytest.mark.parametrize(
    "content",
    [None, b"", b"one\ntwo\n", b"key with blanks", b"\x00\xff", b"x" * 5000],
    ids=["missing", "empty", "two lines", "blanks", "binary", "long"],
)
def test_a_key_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FirewallError) as caught:
        read_key_file(path)
    assert caught.value.failure is Failure.CREDENTIALS
    assert str(caught.value).startswith(str(path))


def test_a_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHYDENY_API_KEY", raising=False)
    assert read_key_variable() is None
    monkeypatch.setenv("WHYDENY_API_KEY", "a2V5MQ==")
    found = read_key_variable()
    assert found is not None
    assert found.reveal() == "a2V5MQ=="
    monkeypatch.setenv("WHYDENY_API_KEY", "")
    with pytest.raises(FirewallError, match="WHYDENY_API_KEY"):
        read_key_variable()


def test_a_tag_in_panrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".panrc").write_text(PANRC)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".panrc").write_text("hostname%fw1=evil.example.net\n")
    monkeypatch.chdir(elsewhere)
    first, second = read_panrc("fw1", tmp_path), read_panrc("fw2", tmp_path)
    assert first.key is not None
    assert (first.host, first.port, first.key.reveal()) == ("fw1.example.net", 8443, "a2V5MQ==")
    assert second.password is not None
    assert (second.user, second.password.reveal(), second.serial) == ("reader", "pass word", "0123")
    assert "a2V5MQ" not in repr(first)


@pytest.mark.parametrize("tag", ["missing", "bad", "no tag!", "../x"])
def test_a_tag_that_can_not_be_used(tmp_path: Path, tag: str) -> None:
    (tmp_path / ".panrc").write_text(PANRC)
    with pytest.raises(FirewallError) as caught:
        read_panrc(tag, tmp_path)
    assert caught.value.failure is Failure.CREDENTIALS


def test_without_the_optional_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(FirewallError, match=r"whydeny\[keyring\]"):
        read_keyring("fw1.example.net")


class TestKeyStore:
    """The optional package, in its own words: a store of one key that can be locked."""

    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
        held = {("whydeny", "fw1.example.net"): "a2V5MQ==\n", ("whydeny", "locked.example.net"): "locked"}
        module, errors = ModuleType("keyring"), ModuleType("keyring.errors")

        class KeyringError(Exception):
            pass

        def get_password(service: str, name: str) -> str | None:
            if name == "locked.example.net":
                raise KeyringError("a2V5MQ== of the store")
            return held.get((service, name))

        module.errors, module.get_password, errors.KeyringError = errors, get_password, KeyringError  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "keyring", module)
        monkeypatch.setitem(sys.modules, "keyring.errors", errors)
        monkeypatch.delenv("WHYDENY_API_KEY", raising=False)
        return held

    def test_the_key_of_a_host(self, store: dict[tuple[str, str], str]) -> None:
        found = find_credentials("fw1.example.net", keyring=True).key
        assert found is not None
        assert found.reveal() == "a2V5MQ=="
        assert find_credentials("fw2.example.net", keyring=True).key is None
        assert find_credentials("fw1.example.net").key is None  # the store is opened only where it is named

    def test_a_store_that_stays_shut(self, store: dict[tuple[str, str], str]) -> None:
        with pytest.raises(FirewallError, match="can't be opened") as caught:
            read_keyring("locked.example.net")
        assert "a2V5MQ" not in str(caught.value)


def test_what_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHYDENY_API_KEY", raising=False)
    assert find_credentials("fw1.example.net").key is None
    monkeypatch.setenv("WHYDENY_API_KEY", "dmFyaWFibGU=")
    found = find_credentials("fw1.example.net").key
    assert found is not None
    assert found.reveal() == "dmFyaWFibGU="
    path = tmp_path / "key"
    path.write_text("ZmlsZQ==")
    found = find_credentials("fw1.example.net", key_file=path).key
    assert found is not None
    assert found.reveal() == "ZmlsZQ=="
    with pytest.raises(FirewallError):
        find_credentials("fw1.example.net", panrc="missing")
