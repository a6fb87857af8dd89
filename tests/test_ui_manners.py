"""How the screen treats a stranger: it says what keys do where they go, leads back from every jump, explains emptiness,
and loses nothing."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ui_stage import CASE, DENIED, built, small_site, staged
from whydeny.model.site import Source
from whydeny.model.tables import SessionTable
from whydeny.report.text import finding_text
from whydeny.ui.actions import BY_ID, keys_of
from whydeny.ui.app import ExplorerApp, Options
from whydeny.ui.columns import FLAG_LETTERS, FLAG_MEANINGS
from whydeny.ui.copying import finding_as
from whydeny.ui.filtering import unseen_values, within
from whydeny.ui.overview import FilterBy
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.picker import PickScreen
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.verdict.finding import Trail

DENIED_FILTER = "( outcome eq allowed-then-denied )"

# What keys do, where they go


@pytest.mark.parametrize(
    ("keys", "begins", "lacks"),
    [
        ([], " y copy  / filter  Enter details", "Esc"),
        (["2"], " Esc back  Enter zoom  y copy", "Left"),
        (["2", "enter"], " Esc back  Enter open line", "Left"),
        (["3"], " Esc back  Enter zoom  u members  Left rule above  Right rule below", "details"),
        (["enter", "tab"], " Esc back  Enter zoom  u members  Left rule above", "details"),
        (["z"], " Esc back  y copy", "Left"),
        (["slash"], " Enter use it  Esc leave  Tab complete  Up earlier  Ctrl-U empty", "y copy"),
        (["slash", "escape"], " y copy  / filter  Enter details", "use it"),
    ],
    ids=["table", "verdict", "verdict alone", "rule", "rule of the detail", "table alone", "filter", "filter left"],
)
async def test_the_footer_says_what_keys_do_where_they_go(keys: list[str], begins: str, lacks: str) -> None:
    async with staged(small_site()) as stage:
        await stage.press(*keys)
        assert stage.lines[-1].startswith(begins)
        assert lacks not in stage.lines[-1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_copy_filter_details_and_help_are_in_the_first_view_at_every_size(size: tuple[int, int]) -> None:
    async with staged(small_site(), size=size) as stage:
        for words in ("y copy", "/ filter", "Enter details", "Tab pane", "? help", ": commands"):
            assert words in stage.lines[-1]


async def test_a_pane_alone_has_no_frame_at_its_side() -> None:
    async with staged(small_site()) as stage:
        await stage.press("5", "z")
        assert [row[0] for row in stage.lines[3:-1]] == [" "] * (len(stage.lines) - 4)


def test_a_key_that_the_user_gave_to_another_action_is_not_told_twice() -> None:
    keymap = {"explorer.sort": "S", "explorer.copy": "y,ctrl+y"}
    told = {
        name: keys_of(BY_ID[name], keymap) for name in ("explorer.sort", "explorer.save", "explorer.copy", "app.leave")
    }
    assert told == {"explorer.sort": ["S"], "explorer.save": ["none"], "explorer.copy": ["y", "Ctrl-Y"],
                    "app.leave": ["q", "F10"]}  # fmt: skip


async def test_help_says_what_each_flag_means() -> None:
    async with staged(small_site()) as stage:
        await stage.press("question_mark")
        page = "\n".join(entry.text for entry in stage.app.screen.query_one("#page", LinesPane).lines)
        assert [meaning for meaning in FLAG_MEANINGS.values() if meaning not in page] == []
        assert set(FLAG_MEANINGS) == set(FLAG_LETTERS)


@pytest.mark.parametrize("keys", [["o"], ["t"], ["w", "tab"], ["v"], ["O", "enter"]], ids=str)
async def test_help_and_ctrl_c_work_on_every_screen(keys: list[str]) -> None:
    async with staged(small_site()) as stage:
        await stage.press(*keys)
        before = stage.app.screen
        await stage.press("ctrl+c")
        assert "y copies, q leaves" in stage.lines[-1]
        await stage.press("f1")
        assert isinstance(stage.app.screen, HelpScreen)
        await stage.press("f1", "escape")
        assert stage.app.screen is before


# Jumps lead back


async def test_from_evidence_to_its_rule_and_back_to_the_same_line() -> None:
    async with staged(small_site(), size=(120, 50)) as stage:
        await stage.press("2", "enter")
        why = stage.explorer.why
        lines = [n for n, e in enumerate(why.lines) if isinstance(e.target, Trail) and e.target.kind == "rule"]
        assert lines
        why.cursor = lines[-1]
        await stage.press("enter")
        assert stage.explorer.zoomed == "rule"
        await stage.press("escape")
        assert (stage.explorer.zoomed, stage.explorer.focused, why.cursor) == ("why", why, lines[-1])
        await stage.press("escape", "escape")
        assert (stage.explorer.zoomed, stage.explorer.focused) == ("", stage.explorer.table)


async def test_from_a_filter_of_related_sessions_back_to_filter_and_row() -> None:
    async with staged(small_site()) as stage:
        await stage.press("r")
        page = stage.app.screen.query_one("#page", LinesPane)
        page.cursor = next(n for n, entry in enumerate(page.lines) if isinstance(entry.target, FilterBy))
        await stage.press("enter")
        assert stage.explorer.filter.text != DENIED_FILTER
        assert "Backspace goes back" in stage.text
        await stage.press("j", "j", "backspace")
        assert (stage.explorer.filter.text, stage.session) == (DENIED_FILTER, 101)


async def test_from_the_overview_back() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("G", "o", "enter", "backspace")
        assert (stage.explorer.filter.text, stage.session) == ("", 300)


# Columns


async def test_hiding_a_column_leaves_the_cursor_where_it_was() -> None:
    async with staged(small_site()) as stage:
        await stage.press("l", "l", "minus")
        assert stage.explorer.table.column is not None
        assert stage.explorer.table.column.name == "application"


async def test_columns_beyond_the_edges_have_a_sign_and_are_reached() -> None:
    async with staged(small_site(), size=(60, 24)) as stage:
        assert stage.lines[2].endswith("›")
        assert not stage.lines[2].startswith("‹")
        await stage.press(*["l"] * 8)
        assert stage.lines[2].startswith("‹")
        assert not stage.lines[2].endswith("›")
    async with staged(small_site(), size=(60, 24), glyphs="ascii") as stage:
        assert stage.lines[2].endswith(">")


async def test_a_column_that_is_chosen_is_shown_and_all_can_be_undone() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        usual = [column.name for column in stage.explorer.table.columns]
        await stage.press("c", *"bytes", "space", "escape")
        assert stage.explorer.table.column is not None
        assert stage.explorer.table.column.name == "bytes"
        assert "bytes" in stage.lines[2]
        await stage.press("c", *"usual", "space", "escape")
        assert [column.name for column in stage.explorer.table.columns] == usual


# Filters


async def test_enter_on_a_mistake_stays_at_its_place_and_is_not_remembered() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash")
        await stage.type("( app eq ssh ) and ( sorce eq 1 )")
        await stage.press("enter")
        field = stage.explorer.filter_bar.field
        assert stage.explorer.focused is field
        assert field.cursor_position == len("( app eq ssh ) and ( ")
        assert stage.explorer.memory.history == []
        await stage.press("escape", "d")
        assert len(stage.ids) == 4


async def test_a_long_filter_shows_its_beginning() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        await stage.press("l", "exclamation_mark", "l", "exclamation_mark", "l", "exclamation_mark")
        assert len(stage.explorer.filter.text) > 80
        assert stage.lines[1].startswith("/ ( outcome eq allowed-then-denied )")


async def test_filters_by_the_value_under_the_cursor_are_remembered_too() -> None:
    async with staged(small_site()) as stage:
        await stage.press("l", "equals_sign", "d", "slash", "up")
        assert "addr.src in 10.1.1.10" in stage.explorer.filter.text


async def test_a_click_into_the_filter_opens_it() -> None:
    async with staged(small_site()) as stage:
        await stage.pilot.click("#filter", offset=(8, 0))
        await stage.press("q", "u", "i")
        assert isinstance(stage.explorer.focused, FilterInput)
        assert stage.ids == [102]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["a", "b"], "None is kept yet"),
        (["b"], f"Type a name to keep this filter: {DENIED_FILTER}"),
        (["colon", "z", "z"], "nothing here is called “zz”"),
        (["a", "x"], "the filter has no terms"),
    ],
    ids=["no filter, none kept", "none kept", "nothing found", "no terms"],
)
async def test_an_empty_list_says_why(keys: list[str], says: str) -> None:
    async with staged(small_site()) as stage:
        await stage.press(*keys)
        assert says in stage.text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("( cause eq app-shfit )", ("No row has cause app-shfit; there is app-shift.",)),
        ("( app eq nothing-at-all )", ("No row has app nothing-at-all.",)),
        ("( app eq SSH )", ()),
        ("( app neq nothing-at-all )", ()),
        ("( addr.src in 192.0.2.1 )", ()),
        ("words", ()),
        ("( app eq", ()),
    ],
    ids=["a slip", "nothing like it", "another case", "excluded", "an address", "words", "unfinished"],
)
async def test_a_value_that_no_row_has_is_named(text: str, says: tuple[str, ...]) -> None:
    async with staged(small_site()) as stage:
        assert unseen_values(text, stage.explorer.frame) == says


async def test_words_that_no_visible_column_has_say_where_they_were_looked_for() -> None:
    async with staged(small_site(), where="nothing-like-this") as stage:
        assert "Words are looked for in the columns that are shown; c shows more of them." in stage.text
        await stage.press("u")
        assert "there is no session under the cursor" in stage.text
    async with staged(small_site(), where="( app eq nothing )") as stage:
        assert "Words are looked for" not in stage.text


async def test_an_empty_table_names_the_value_that_no_row_has() -> None:
    async with staged(small_site(), where="( cause eq app-shfit )") as stage:
        assert "there is app-shift" in stage.text


def test_a_second_span_of_time_takes_the_place_of_the_first() -> None:
    first = within(DENIED_FILTER, datetime(2024, 5, 2, 9), datetime(2024, 5, 2, 10))
    second = within(first, datetime(2024, 5, 2, 9, 10), datetime(2024, 5, 2, 9, 20))
    assert second == within(DENIED_FILTER, datetime(2024, 5, 2, 9, 10), datetime(2024, 5, 2, 9, 20))
    assert second.count("time_generated") == 2


async def test_the_timeline_says_its_keys_however_long_its_words() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        await stage.press("i", "space", *["l"] * 70)
        assert stage.lines[-1].rstrip().endswith("Space begins a span, Enter filters by it, Esc leaves")


async def test_a_timeline_without_rows_takes_no_keys() -> None:
    async with staged(small_site(), where="nothing-like-this") as stage:
        await stage.press("i")
        assert stage.explorer.focused is stage.explorer.table
        assert "no row in sight has a time" in stage.text


# Masked, nothing that was typed before shows


async def test_what_may_name_what_is_masked_is_not_offered() -> None:
    async with staged(small_site()) as stage:
        await stage.press("l", "equals_sign", "b", *"mine", "enter", "x", "down", "enter", "escape", "X")
        await stage.press("b")
        assert "kept filters may name what is masked" in stage.text
        await stage.press("slash", "up", "up")
        assert "10.1.1.10" not in stage.text
        await stage.press("escape", "x")
        assert "10.1.1.10" not in stage.text
        await stage.press("escape", "S")
        assert "fw-example" not in stage.text
        await stage.press("escape", "X", "b")
        assert isinstance(stage.app.screen, PickScreen)
        assert "mine" in stage.text


async def test_masking_keeps_all_sessions_in_sight_where_they_were() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("X")
        assert len(stage.rows) == 13


# Copying


async def test_a_short_ticket_is_the_beginning_of_what_explain_prints() -> None:
    async with staged(small_site()) as stage:
        finding = stage.explorer.explained.finding
        whole, short = finding_text(finding), finding_as("short", finding)
        assert whole.startswith(short.rstrip("\n"))
        assert "Commands:" in short
        assert "Ruled out:" in whole
        assert "Ruled out:" not in short
        assert "References:" not in short


async def test_the_finding_is_written_to_a_file_whatever_the_clipboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with staged(small_site(), clipboard="osc52") as stage:
        await stage.press("y")
        assert "if nothing arrives, Y writes a file" in stage.lines[-1]
        await stage.press("Y", *"file", "enter")
        (written,) = tmp_path.glob("whydeny-*.txt")
        assert written.name in stage.text
        assert written.read_text("utf-8").strip() == finding_text(stage.explorer.explained.finding).strip()


async def test_a_heading_clicked_with_ctrl_sorts_inside_the_order() -> None:
    async with staged(small_site(), where="") as stage:
        table = stage.explorer.table
        places = {p.column.name: p.x for p in table.placed if p.column}
        await stage.pilot.click("#table", offset=(places["application"] + 3, 0))
        await stage.pilot.click("#table", offset=(places["source"] + 3, 0), control=True)
        await stage.settle()
        assert [key.column for key in stage.explorer.sort_keys] == ["application", "source"]


# Words where something is missing


async def test_flags_and_protocols_of_a_row_are_words() -> None:
    async with staged(small_site(), size=(120, 90)) as stage:
        await stage.press("v")
        assert "decrypted (0x" in stage.text
        assert "tcp (6)" in stage.text


async def test_a_log_without_rows_is_told_from_no_log() -> None:
    empty = replace(small_site(), sessions=SessionTable(), sources=[Source("empty.csv", "traffic log, CSV export")])
    async with staged(empty) as stage:
        assert "empty.csv has no row, so there is no session to show." in stage.text


async def test_without_a_configuration_the_panes_say_where_one_is() -> None:
    async with staged(
        built(CASE | {"session": DENIED[0], "configuration": False, "others": []}), size=(200, 60)
    ) as stage:
        assert "Device > Setup > Operations > Export named configuration snapshot" in " ".join(
            entry.text for entry in stage.explorer.rule_pane("security").lines
        )


async def test_settings_that_were_passed_over_can_be_read_whole() -> None:
    sentences = ("settings.toml: theme: one of dark, light is expected", "settings.toml: glyphs: a word is expected")
    app = ExplorerApp(lambda *_: small_site(), "small site", None, Options(passed_over=sentences))
    async with app.run_test(size=(120, 90)) as pilot:
        from ui_stage import Stage

        stage = Stage(app, pilot)
        await stage.settle()
        assert f"{sentences[0]} (and 1 more)" in stage.lines[-1]
        assert stage.lines[-1].endswith(" o says all of it ")
        await stage.press("o")
        text = "\n".join(entry.text for entry in stage.app.screen.query_one("#page").lines)
        assert all(sentence in text for sentence in sentences)


async def test_a_theme_that_was_chosen_says_how_to_keep_it() -> None:
    async with staged(small_site()) as stage:
        await stage.press("T", *"light", "enter")
        assert 'theme = "light" in settings.toml keeps it' in stage.lines[-1]
        assert stage.app.theme == "light"
