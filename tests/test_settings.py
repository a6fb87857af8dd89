"""Settings: what is read, and that nothing broken is fatal or silent."""

from pathlib import Path

import pytest

from whydeny.settings import FILE, LARGEST, Settings, read_settings, user_folders

CHOICES = {"theme": ("dark", "light"), "clipboard": ("file", "tmux")}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a settings file of the test's own lies."""
    return tmp_path / FILE


def test_without_a_file_the_defaults_hold_in_silence(file: Path) -> None:
    assert read_settings(file) == (Settings(), ())


def test_the_users_own_file_is_read(own_folders: Path) -> None:
    folder = user_folders().settings
    assert folder.is_relative_to(own_folders)
    folder.mkdir(parents=True)
    (folder / FILE).write_text('theme = "light"\n')
    assert read_settings()[0].theme == "light"


def test_a_user_without_a_home_has_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    class Homeless:
        def __init__(self, *_: object, **__: object) -> None: ...

        @property
        def user_config_path(self) -> Path:
            raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("whydeny.settings.PlatformDirs", Homeless)
    assert user_folders().snapshots == Path("/.local/share/whydeny/snapshots")
    assert read_settings() == (Settings(), ())


def test_everything_can_be_set(file: Path) -> None:
    file.write_text(
        'theme = "light"\nglyphs = "ascii"\nclipboard = "file"\nmouse = false\npace = 30\n'
        '[keys]\n"table.first" = "g,home"\n'
    )
    settings, problems = read_settings(file, CHOICES)
    assert problems == ()
    assert settings == Settings("light", "ascii", "file", False, {"table.first": "g,home"}, 30)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('theme = "pink"', "theme is 'pink', expected auto, dark, light"),
        ("theme = 3", "theme is 3, expected auto, dark, light"),
        ("glyphs = true", "glyphs is True, expected a word in quotes"),
        ('mouse = "no"', "mouse is 'no', expected true or false"),
        ("colour = 1", "there is no setting colour; there are clipboard, glyphs, keys, mouse, pace, theme"),
        ("pace = 1", "pace is 1, expected whole seconds from 2 to 3600"),
        ("pace = true", "pace is True, expected whole seconds from 2 to 3600"),
        ('keys = "j"', "keys is 'j', expected a table [keys] of actions and their keys"),
        ('[keys]\n"table.first" = 5', "keys.table.first is 5, expected keys in quotes"),
        ('"a\\u001b[2J" = 1', "there is no setting a\ufffd[2J; there are clipboard, glyphs, keys, mouse, pace, theme"),
    ],
    ids=[
        "a theme that does not exist",
        "a number for a theme",
        "a truth for glyphs",
        "a word for the mouse",
        "an unknown setting",
        "too fast a pace",
        "a truth for the pace",
        "keys that are no table",
        "a number for a key",
        "an escape in a name",
    ],
)
def test_a_setting_that_cant_be_used_is_named_and_the_others_hold(file: Path, text: str, sentence: str) -> None:
    file.write_text(f'clipboard = "tmux"\n{text}\n')
    settings, problems = read_settings(file, CHOICES)
    assert problems == (f"{file}: {sentence}",)
    assert settings == Settings(clipboard="tmux")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"theme = \n", "not TOML in UTF-8"),
        (b'theme = "\xff"\n', "not TOML in UTF-8"),
        (b"#" * (LARGEST + 1), "larger than 256 KiB"),
    ],
    ids=["half a line", "another encoding", "too large"],
)
def test_a_broken_file_is_named_and_passed_over(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    settings, (problem,) = read_settings(file)
    assert settings == Settings()
    assert problem.startswith(f"{file}: ")
    assert words in problem
    assert problem.endswith("the defaults hold")


def test_a_folder_in_its_place_is_named_and_passed_over(file: Path) -> None:
    file.mkdir()
    settings, (problem,) = read_settings(file)
    assert settings == Settings()
    assert "can't be read" in problem
