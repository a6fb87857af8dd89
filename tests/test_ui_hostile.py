"""Data that would like to be a command: markup, escapes, bidirectional controls, endless names."""

from typing import Any

import pytest

from ui_stage import CASE, built, staged
from whydeny.model.safe import is_safe

ESCAPES = "\x1b]52;c;QUJD\x07\x1b[2J\x9b31m"
NAMES = {
    "markup that closes": "[/foo]",
    "markup that acts": "[@click=app.leave]click[/]",
    "markup that colours": "[bold red]Out[/]",
    "brackets": "[trust] -> [untrust]",
    "endless": "x" * 2000,
    "right to left": "abc\u202egnol",
    "wide": "規則" * 20,
    "combining": "e\u0301\u0302\u0303" * 10,
    "backslash": "\\",
    "blanks": " a  b ",
}


def site_with(name: str) -> Any:
    """A site whose rule, application, user and category are called so."""
    rows = {"rule": name, "app": name, "srcuser": name, "category": name, "session_end_reason": "policy-deny"}
    return built(CASE | {"session": rows, "others": [rows | {"end": "09:00:00"}], "rules": []})


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_name_is_only_ever_text(name: str) -> None:
    async with staged(site_with(name), size=(160, 50)) as stage:
        for keys in (["j", "enter", "enter"], ["escape", "escape", "r"], ["escape", "o"], ["escape", "v"], ["escape", "Y"],
                     ["escape", "equals_sign", "s", "y"]):  # fmt: skip
            await stage.press(*keys)
            assert stage.app.is_running
            assert all(is_safe(row) for row in stage.lines)


async def test_a_short_name_is_shown_as_it_is() -> None:
    async with staged(site_with("[/foo]"), size=(160, 50)) as stage:
        assert stage.text.count("[/foo]") >= 3


async def test_escapes_reach_neither_terminal_nor_copy(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    hostile = f"evil{ESCAPES}"
    csv = (
        "Receive Time,Serial #,Type,Threat/Content Type,Generate Time,Source address,Destination address,Rule,Application,"
        "Session ID,Source Port,Destination Port,IP Protocol,Action,Session End Reason,Source Zone,Destination Zone\n"
        f"2024/05/02 10:00:00,1,TRAFFIC,end,2024/05/02 10:00:00,10.0.0.1,192.0.2.1,{hostile},{hostile},7,1,443,tcp,"
        "allow,policy-deny,trust,untrust\n"
    )
    site = built({"session": {}, "others": [], "live": None, "files": {"traffic.xml": csv}, "release": "10.2.4"})
    async with staged(site, size=(200, 60)) as stage:
        await stage.press("j", "v", "escape", "r", "escape", "o", "escape", "y")
        assert all(is_safe(row) for row in stage.lines)
        assert "evil" in stage.text
    (copied,) = tmp_path.glob("whydeny-*.txt")
    assert "\x1b" not in copied.read_text("utf-8")
    assert "\x9b" not in copied.read_text("utf-8")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_ascii_terminals_get_ascii_only(size: tuple[int, int]) -> None:
    async with staged(site_with("Größe 規則"), size=size, glyphs="ascii") as stage:
        for key in ("j", "enter", "escape", "question_mark", "escape", "o", "escape", "Y"):
            await stage.press(key)
            assert stage.text.isascii(), [row for row in stage.lines if not row.isascii()]


@pytest.mark.parametrize("theme", ["dark", "light", "contrast", "ansi", "plain"])
async def test_every_theme_draws_the_same_text(theme: str) -> None:
    async with staged(site_with("Out"), theme=theme) as stage:
        assert "allowed, then denied" in stage.text
        await stage.press("question_mark")
        assert "To begin with" in stage.text


async def test_a_theme_is_tried_on_and_given_back() -> None:
    async with staged(site_with("Out")) as stage:
        await stage.press("T", "down")
        assert stage.app.theme == "light"
        await stage.press("escape")
        assert stage.app.theme == "dark"
        await stage.press("T", "down", "enter")
        assert stage.app.theme == "light"
