"""What the screen remembers between runs, and what it makes of a file that is not its own."""

import json
from pathlib import Path

import pytest

from ui_stage import small_site, staged
from whydeny.ui.memory import LARGEST, MOST, Memory, read_memory, write_memory


def test_what_is_written_is_read(tmp_path: Path) -> None:
    memory = Memory({"log": ["time", "why"]}, {"log": {"time": 12}}, {"mine": "( app eq ssl )"}, ["ssl", "quic"])
    write_memory(memory, tmp_path / "new" / "screen.json")
    assert read_memory(tmp_path / "new" / "screen.json") == memory
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["screen.json"]


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{", '{"columns": 1, "widths": [], "filters": {"a": 1}, "history": {}}', "[" * 100_000,
     '{"history": ["' + "x" * LARGEST + '"]}', '{"columns": {"log": [1, null]}, "widths": {"log": {"time": true}}}'],
    ids=["empty", "no JSON", "a list", "half", "other types", "deep", "huge", "other entries"],
)  # fmt: skip
def test_a_foreign_file_is_forgotten(text: str, tmp_path: Path) -> None:
    (tmp_path / "screen.json").write_text(text)
    found = read_memory(tmp_path / "screen.json")
    assert (found.filters, found.history) == ({}, [])
    assert not any(found.columns.values())
    assert not any(found.widths.values())


def test_hostile_text_in_it_is_made_safe(tmp_path: Path) -> None:
    (tmp_path / "screen.json").write_text(json.dumps({"filters": {"a\x1b[1m": "b\x07"}, "history": ["c\x9b"]}))
    found = read_memory(tmp_path / "screen.json")
    assert found.filters == {"a\ufffd[1m": "b\ufffd"}
    assert found.history == ["c\ufffd"]


def test_no_file_is_no_memory(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "none.json") == Memory()
    assert read_memory(None) == Memory()
    write_memory(Memory(), None)


def test_a_folder_that_can_not_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    write_memory(Memory(), tmp_path / "file" / "screen.json")


def test_history_has_no_doubles_and_an_end() -> None:
    memory = Memory()
    for text in ["a", "b", "a", " ", *map(str, range(MOST + 10))]:
        memory.typed(text)
    assert len(memory.history) == MOST
    assert memory.history[-1] == str(MOST + 9)


async def test_columns_widths_and_filters_are_there_in_the_next_run(tmp_path: Path) -> None:
    place = tmp_path / "screen.json"
    async with staged(small_site(), memory=place) as stage:
        await stage.press(
            "l", "left_curly_bracket", "greater_than_sign", "b", "k", "enter", "slash", "s", "s", "h", "enter"
        )
    async with staged(small_site(), memory=place) as stage:
        assert [c.name for c in stage.explorer.table.columns][:2] == ["source", "time"]
        assert next(p.width for p in stage.explorer.table.placed) == 17
        await stage.press("slash", "up")
        assert stage.explorer.filter_bar.text == "( outcome eq allowed-then-denied ) ssh"
        await stage.press("escape", "a", "b", "enter")
        assert stage.ids == [101, 102, 103, 104]
