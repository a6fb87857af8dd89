"""Pages around the explorer: the overview, related rows, other logs, whole rows, lists to pick from."""

from dataclasses import replace

import pytest

from ui_stage import CASE, DENIED, Stage, built, small_site, staged
from whydeny.model.site import Problem, Site, Source
from whydeny.ui.overview import FilterBy, overview_lines
from whydeny.ui.related import ToLog, ToRow
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.log_screen import LogScreen
from whydeny.ui.screens.pages import RowScreen
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.widgets.timeline import Timeline
from whydeny.ui.workbench import Workbench


def page(stage: Stage) -> LinesPane:
    return stage.app.screen.query_one("#page", LinesPane)


def put_cursor(stage: Stage, words: str) -> None:
    """On the first line of the page that says so and leads somewhere."""
    lines = enumerate(page(stage).lines)
    page(stage).cursor = next(n for n, entry in lines if words in entry.text and entry.target is not None)


# The overview


async def test_every_count_of_the_overview_is_what_its_filter_selects() -> None:
    async with staged(small_site()) as stage:
        await stage.press("o")
        counted = [
            (entry.target.text, int(entry.text.split()[-2].replace(",", "")))
            for entry in page(stage).lines
            if isinstance(entry.target, FilterBy) and entry.text.split()[-2].replace(",", "").isdigit()
        ]
        assert len(counted) > 10
        await stage.press("escape")
        for text, count in counted:
            stage.explorer.set_filter(text)
            await stage.settle()
            assert len(stage.rows) == count, text


async def test_the_overview_says_what_is_missing_and_what_could_not_be_read() -> None:
    site = replace(small_site(), problems=[Problem("traffic.csv", 7, "expected 115 columns, found 3")])
    async with staged(site, size=(120, 90)) as stage:
        assert "1 problem · " in stage.lines[0]
        assert "traffic.csv, line 7: expected 115 columns, found 3" in stage.lines[-1]
        await stage.press("o")
        assert "1 problem while reading" in stage.text
        text = "\n".join(entry.text for entry in page(stage).lines)
        assert "traffic.csv, line 7: expected 115 columns, found 3" in text
        assert "User-ID log: shows when a user's mapping went" in text
        assert "system log" not in text.split("Not among the inputs")[1].split("Firewalls")[0]


def test_an_empty_site_has_an_overview_too() -> None:
    from whydeny.ui.glyphs import UNICODE

    site = Site(sources=[Source("nothing.csv", "traffic log, CSV export")])
    text = "\n".join(entry.text for entry in overview_lines(Workbench.prepare(site), UNICODE))
    assert "nothing.csv" in text
    assert "configuration: the rules, but for what answers of the firewall show" in text


def test_the_overview_says_how_the_policy_was_put_together() -> None:
    from whydeny.ui.glyphs import UNICODE

    site = built(CASE | {"panorama": True})
    site.configurations[0].notes = ("It follows the candidate.",)
    bench = Workbench.prepare(site)
    text = "\n".join(entry.text for entry in overview_lines(bench, UNICODE))
    judged = text.split("Judged by")[1].split("Firewalls and configurations")[0]
    assert "fw-example vsys1" in judged
    assert "the policy that Panorama pushed is not among the inputs" in judged
    assert "It follows the candidate." in judged


# Related


@pytest.fixture(scope="module")
def family() -> Site:
    """A parent with a child, two streams of one HTTP/2 connection, a conversation, and rows of other logs."""
    row = {"elapsed": 2, "session_end_reason": "policy-deny"}
    rows = [
        {"sessionid": 1, "app": "ftp", "dport": 21, "end": "10:00:00", "rule": "Out"},
        {"sessionid": 2, "app": "ftp-data", "dport": 5000, "end": "10:00:01", "rule": "Out", "parent_session_id": 1},
        {"sessionid": 3, "app": "web-browsing", "end": "10:01:00", "http2_connection": 77, "rule": "Out"},
        {"sessionid": 4, "app": "google-base", "end": "10:01:01", "http2_connection": 77, "rule": "Out"},
    ]
    return built(
        CASE
        | {
            "session": row | rows[0],
            "others": [row | other for other in rows[1:]],
            "decryption_log": [{"sessionid": 3, "app": "ssl", "at": "10:01:00", "error": "Unsupported version"}],
            "userid_log": [{"ip": "10.1.1.10", "user": "ex\\amy", "at": "09:59:00"}],
            "system": [{"at": "10:00:30", "eventid": "general", "opaque": "Commit job succeeded"}],
        }
    )


async def test_parents_children_and_streams_are_found(family: Site) -> None:
    async with staged(family, where="( sessionid eq 1 )") as stage:
        await stage.press("r")
        assert "Child sessions 1" in stage.text
        put_cursor(stage, "ftp-data")
        await stage.press("enter")
        assert stage.session == 2
        await stage.press("r")
        assert "Parent session 1" in stage.text
        await stage.press("escape")
    async with staged(family, where="( sessionid eq 3 )") as stage:
        await stage.press("r")
        assert "Other streams of the HTTP/2 connection 1" in stage.text


async def test_joined_rows_lead_to_the_row_and_the_log(family: Site) -> None:
    async with staged(family, where="( sessionid eq 3 )") as stage:
        await stage.press("r")
        assert "Unsupported version" in stage.text
        put_cursor(stage, "Unsupported version")
        assert isinstance(page(stage).target, ToRow)
        await stage.press("enter")
        assert isinstance(stage.app.screen, RowScreen)
        assert "error                    Unsupported version" in [entry.text for entry in page(stage).lines]
        await stage.press("escape", "r")
        put_cursor(stage, "Decryption log")
        assert isinstance(page(stage).target, ToLog)
        await stage.press("enter")
        assert isinstance(stage.app.screen, LogScreen)
        await stage.press("q")
        assert stage.explorer.is_active


async def test_a_heading_of_related_filters_the_table(family: Site) -> None:
    async with staged(family, where="( sessionid eq 1 )") as stage:
        await stage.press("r")
        put_cursor(stage, "Same source")
        await stage.press("enter")
        assert sorted(stage.ids) == [1, 2, 3, 4]


# Other logs


async def test_a_log_is_filtered_sorted_and_marked_like_the_sessions(family: Site) -> None:
    async with staged(family, where="( sessionid eq 3 )") as stage:
        await stage.press("O")
        await stage.type("user-id")
        await stage.press("enter")
        screen = stage.app.screen
        assert isinstance(screen, LogScreen)
        table = screen.query_one(RowTable)
        assert table.cell() == "2024-05-02 09:59:00"
        await stage.press("l", "s", "equals_sign")
        assert screen.filter.text == "( ip in 10.1.1.10 )"
        assert len(table.view) == 1
        await stage.press("slash", "n", "o", "n", "e", "enter")
        assert "No session passes" not in stage.text
        assert "0 of 1" in stage.text
        await stage.press("a")
        assert "all rows, those of this session marked" in stage.lines[0]
        await stage.press("enter")
        assert "ex\\amy" in stage.text
        await stage.press("escape", "escape")
        assert stage.explorer.is_active


async def test_a_session_without_rows_of_a_log_sees_them_all(family: Site) -> None:
    async with staged(family, where="( sessionid eq 1 )") as stage:
        await stage.press("O", "enter")
        assert isinstance(stage.app.screen, LogScreen)
        assert "no row belongs to this session; these are all" in stage.text
        assert "1/1 of 1" in stage.text


async def test_a_row_of_a_log_is_copied_and_its_commands_are_found_by_name(family: Site, copied: list[str]) -> None:
    async with staged(family, where="( sessionid eq 1 )") as stage:
        await stage.press("O", "enter", "y")
        assert copied[0].startswith("time: 2024-05-02")
        await stage.press("colon")
        words = [entry.text for entry in stage.app.screen.query_one("#picker-list", LinesPane).lines]
        assert any(word.startswith("columns") for word in words)
        assert not any(word.startswith("triage") for word in words)
        await stage.press("escape", "question_mark")
        assert isinstance(stage.app.screen, HelpScreen)


async def test_without_other_logs_it_says_so() -> None:
    alone = built({"session": DENIED[0], "others": [], "rules": CASE["rules"], "release": "10.2.4"})
    async with staged(alone) as stage:
        await stage.press("O")
        assert "no other log is among the inputs" in stage.text


# The mouse on the timeline


async def test_a_span_is_drawn_with_the_mouse() -> None:
    async with staged(small_site(), where="") as stage:
        timeline = stage.explorer.query_one(Timeline)
        await stage.pilot.mouse_down(timeline, offset=(12, 0))
        await stage.pilot.hover(timeline, offset=(40, 0))
        await stage.pilot.mouse_up(timeline, offset=(40, 0))
        await stage.settle()
        assert "time_generated geq" in stage.explorer.filter.text
        assert 0 < len(stage.rows) < 13
        await stage.press("a")
        await stage.pilot.click(timeline, offset=(30, 0))
        await stage.settle()
        assert len(stage.rows) == 13


# Lists to pick from


async def test_a_list_is_found_by_typing_and_left_with_escape() -> None:
    async with staged(small_site()) as stage:
        await stage.press("colon")
        await stage.type("zzz")
        await stage.press("enter")  # nothing to pick
        assert "zzz" in stage.text
        await stage.press("escape")
        assert stage.explorer.is_active


async def test_every_command_of_the_palette_can_be_run() -> None:
    async with staged(small_site()) as stage:
        commands = [choice.id for choice in stage.explorer.commands()]
        assert "explorer.copy" in commands
        for command in commands:
            if command in ("app.leave", "app.quit_at_once", "app.suspend_process"):
                continue
            await stage.explorer.run_command(command)
            await stage.settle()
            while not stage.explorer.is_active:
                await stage.press("escape")
            stage.explorer.set_zoom("")
            await stage.press("1")


async def test_columns_are_turned_off_and_on_with_the_mouse_too() -> None:
    async with staged(small_site()) as stage:
        await stage.press("c")
        await stage.pilot.click("#picker-list", offset=(3, 0))
        await stage.settle()
        await stage.press("escape")
        assert stage.explorer.table.columns[0].name == "source"
