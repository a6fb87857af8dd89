"""Connection profiles: written, read back, and refused where they can't be used."""

from pathlib import Path

import pytest

from whydeny.model.errors import InputError
from whydeny.sources.firewall.profiles import Profile, load_profiles, save_profiles


def test_profiles_survive_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "connections.toml"
    profiles = {
        "hq": Profile("hq", "fw1.example.net", 8443, "vsys2", "reader", "/etc/ca.pem", None, None, "fw1"),
        'odd "name" – ü': Profile('odd "name" – ü', "2001:db8::1", serial="0123", fingerprint="AB:CD"),
    }
    save_profiles(path, profiles)
    assert load_profiles(path) == profiles
    assert not list(path.parent.glob("*.new"))


def test_no_file_is_no_profile(tmp_path: Path) -> None:
    assert load_profiles(tmp_path / "none.toml") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a\n", "is not TOML"),
        ("a = 1\n", "expected a table"),
        ("[a]\nport = 443\n", "has no host"),
        ('[a]\nhost = "x"\nport = "443"\n', "port must be a number"),
        ('[a]\nhost = "x"\nport = true\n', "port must be a number"),
        ('[a]\nhost = "x"\nport = 70000\n', "from 1 to 65535"),
        ("[a]\nhost = 5\n", "host must be text"),
        ('[a]\nhost = "x"\ninsecure = true\n', "does not know insecure"),
        ('[a]\nhost = "x"\napi_key = "LUFRPT"\n', "hold no secrets"),
        ('[a]\nhost = "x"\nPassword = "LUFRPT"\n', "hold no secrets"),
    ],
)
def test_a_file_that_can_not_be_used(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "connections.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        load_profiles(path)
    assert str(caught.value).startswith(str(path))
    assert "LUFRPT" not in str(caught.value)


def test_hostile_names_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="control characters"):
        save_profiles(tmp_path / "c.toml", {"a\x1b": Profile("a\x1b", "x")})
