"""The main screen: what is seen first, and what every key does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ui_stage import CASE, Stage, built, small_site, staged
from whydeny.model.configuration import Rule
from whydeny.model.errors import UsageError
from whydeny.model.tables import SessionTable
from whydeny.report.text import finding_text
from whydeny.ui.actions import ACTIONS, bindings
from whydeny.ui.app import ExplorerApp, refuse_dumb
from whydeny.ui.screens.ask_text import AskTextScreen
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.log_screen import LogScreen
from whydeny.ui.screens.members import MembersScreen
from whydeny.ui.screens.page import PageScreen
from whydeny.ui.screens.pages import ManualScreen, OverviewScreen, RelatedScreen, RowScreen
from whydeny.ui.screens.picker import PickScreen
from whydeny.ui.screens.snapshots import SnapshotsScreen
from whydeny.ui.screens.triage import TriageScreen
from whydeny.ui.screens.whatif import WhatIfScreen
from whydeny.ui.theme import choose_theme
from whydeny.ui.widgets.filter_bar import FilterBar, FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.ui.widgets.panes import RulePane
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.widgets.timeline import Timeline

DENIED_IDS = [101, 102, 103, 104]

# The first view


async def test_denied_sessions_come_first_sorted_by_time_with_the_first_explained() -> None:
    async with staged(small_site()) as stage:
        assert stage.ids == DENIED_IDS
        assert stage.session == 101
        assert "( outcome eq allowed-then-denied )" in stage.text
        assert "App-ID shift" in stage.text
        assert "4 allowed, then denied" in stage.text


async def test_without_a_denied_session_all_are_shown_and_a_line_says_so() -> None:
    quiet = built(CASE | {"session": {"session_end_reason": "tcp-fin", "subtype": "end"}, "others": []})
    async with staged(quiet) as stage:
        assert len(stage.rows) == 1
        assert "no session here was allowed and then denied" in stage.text


async def test_a_filter_from_the_command_line_is_the_first_one() -> None:
    async with staged(small_site(), where="( app eq dns )") as stage:
        assert stage.ids == [300]


async def test_a_site_without_sessions_says_what_would_bring_some() -> None:
    async with staged(replace(small_site(), sessions=SessionTable())) as stage:
        assert "No traffic log among the inputs" in stage.text
        assert "no session under the cursor" in stage.text


async def test_the_verdict_names_evidence_alternative_fix_and_commands() -> None:
    async with staged(small_site(), size=(200, 60)) as stage:
        shown = stage.explorer.why.lines
        text = "\n".join(entry.text for entry in shown)
        finding = stage.explorer.explained.finding
        assert finding.verdict.headline in text
        assert all(evidence.text in text for evidence in finding.verdict.supports)
        assert all(command in text for command in finding.verdict.commands)
        assert finding.verdict.fix in text
        assert f"sure {finding.verdict.confidence:.2f}" in stage.text


async def test_a_rule_pane_shows_logged_and_evaluated_rule_and_the_missed_criterion() -> None:
    async with staged(small_site(), size=(200, 60)) as stage:
        text = "\n".join(entry.text for entry in stage.explorer.rule_pane("security").lines)
        assert "logged ✗ 4 Social · allow" in text
        assert "now " in text
        assert "interzone-default · deny" in text
        assert "✗ application" in text


async def test_doubt_says_which_rule_and_what_would_settle_it() -> None:
    async with staged(small_site(), size=(200, 60)) as stage:
        await stage.press("j", "j")
        text = "\n".join(entry.text for entry in stage.explorer.rule_pane("decryption").lines)
        assert "can't be judged" in text
        assert "Decrypt" in text
        assert "ex\\staff" in text


async def test_a_rulebase_that_answers_nothing_says_why() -> None:
    async with staged(built(CASE | {"session": {}, "configuration": False, "others": []})) as stage:
        assert "no configuration" in stage.text


# Keys: every action of the table is pressed in one of these.

Check = Callable[[Stage], Awaitable[None] | None]


def table_at(row: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.table.cursor == row

    return check


def column_is(name: str) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.table.column is not None
        assert stage.explorer.table.column.name == name

    return check


def focus_is(name: str) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.focused is not None
        assert stage.explorer.focused.id == name

    return check


def zoom_is(name: str) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.zoomed == name

    return check


def ids_are(*ids: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.ids == list(ids)

    return check


def screen_is(kind: type, words: str = "") -> Check:
    def check(stage: Stage) -> None:
        assert isinstance(stage.app.screen, kind)
        assert words in stage.text

    return check


def says(words: str) -> Check:
    def check(stage: Stage) -> None:
        assert words in stage.text

    return check


def columns_are(*names: str) -> Check:
    def check(stage: Stage) -> None:
        assert [c.name for c in stage.explorer.table.columns][: len(names)] == list(names)

    return check


def width_of(name: str, width: int) -> Check:
    def check(stage: Stage) -> None:
        assert next(p.width for p in stage.explorer.table.placed if p.column and p.column.name == name) == width

    return check


def marked(*ids: int) -> Check:
    def check(stage: Stage) -> None:
        frame = stage.explorer.bench.frame
        assert sorted(int(frame["session_id"][row]) for row in stage.explorer.table.marks) == sorted(ids)

    return check


def session_is(number: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.session == number

    return check


def walked_to(pane: str, number: int | None) -> Check:
    def check(stage: Stage) -> None:
        choice = stage.explorer.rule_pane(pane).choice
        assert choice is not None
        assert (choice.walked.rule.number if choice.walked else None) == number

    return check


def scrolled(pane: str, least: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.query_one(f"#{pane}", LinesPane).scroll_offset.y >= least

    return check


def at_top(pane: str) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.query_one(f"#{pane}", LinesPane).scroll_offset.y == 0

    return check


def taller(name: str, least: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.query_one(f"#{name}").size.height >= least

    return check


def lower(name: str, most: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.query_one(f"#{name}").size.height <= most

    return check


def wider(name: str, least: int) -> Check:
    def check(stage: Stage) -> None:
        assert stage.explorer.query_one(f"#{name}").size.width >= least

    return check


def left(stage: Stage) -> None:
    assert stage.app.return_code == 0
    assert not stage.app.is_running


def suspended(stage: Stage) -> None:
    assert stage.app.is_running  # a test's driver can't be suspended; the terminal test does it in earnest


KEYS: list[tuple[str, str, list[str], Check]] = [
    ("table.line_down", "a row down", ["down", "j"], table_at(2)),
    ("table.line_up", "a row up, not beyond the first", ["j", "up", "k"], table_at(0)),
    ("table.page_down", "a page down, not beyond the last", ["pagedown"], table_at(3)),
    ("table.page_up", "a page up", ["G", "pageup"], table_at(0)),
    ("table.half_down", "half a page down", ["a", "home", "ctrl+d"], table_at(7)),
    ("table.half_up", "half a page up", ["a", "end", "ctrl+u"], table_at(5)),
    ("table.last", "to the last row", ["G"], table_at(3)),
    ("table.first", "to the first row", ["end", "home"], table_at(0)),
    ("table.column_right", "the column cursor to the right", ["right", "l"], column_is("destination_end")),
    ("table.column_left", "the column cursor to the left", ["right", "h", "left"], column_is("time")),
    ("pane.line_down", "a pane scrolls", ["2", "z", "2", "j", "j"], focus_is("why")),
    ("pane.line_up", "and back", ["2", "j", "j", "k", "k", "k", "k"], at_top("why")),
    ("pane.page_down", "a page of a pane", ["2", "pagedown"], scrolled("why", 1)),
    ("pane.page_up", "a page back", ["2", "pagedown", "pageup", "pageup"], at_top("why")),
    ("pane.last", "to the end of a pane", ["2", "G"], scrolled("why", 1)),
    ("pane.first", "to the start of a pane", ["2", "G", "g"], at_top("why")),
    ("rule.next_rule", "walk down from a pane without a match", ["5", "right"], walked_to("authentication", 1)),
    ("rule.previous_rule", "walk up from the rule that matched", ["3", "left", "K"], walked_to("security", 5)),
    ("rule.landed_rule", "back to the rule that matched", ["3", "h", "h", "0"], walked_to("security", None)),
    ("explorer.next_pane", "Tab walks", ["tab", "tab"], focus_is("security")),
    ("explorer.previous_pane", "Shift-Tab walks back", ["shift+tab"], focus_is("authentication")),
    ("explorer.step_in", "Enter opens the detail", ["enter"], zoom_is("detail")),
    ("explorer.step_in", "Enter again gives a pane the screen", ["enter", "enter"], zoom_is("why")),
    ("explorer.step_in", "Enter on a rule gives it the screen", ["3", "enter"], zoom_is("rule")),
    ("explorer.step_out", "Esc goes one step back", ["enter", "enter", "escape"], zoom_is("detail")),
    ("explorer.step_out", "Esc twice is back at the table", ["enter", "enter", "escape", "escape"], focus_is("table")),
    ("explorer.step_out", "Esc keeps the filter", ["enter", "escape", "escape"], ids_are(*DENIED_IDS)),
    ("explorer.zoom", "the table alone", ["z"], zoom_is("table")),
    ("explorer.zoom", "and back", ["z", "z"], zoom_is("")),
    ("explorer.zoom", "a rule alone", ["4", "z"], zoom_is("rule")),
    ("explorer.larger", "a larger table", ["right_square_bracket"] * 3, taller("table", 17)),
    ("explorer.smaller", "a smaller verdict", ["2", "left_square_bracket", "left_square_bracket"], lower("why", 9)),
    ("explorer.larger", "a wider rule", ["3", "right_square_bracket"], wider("security", 42)),
    ("explorer.pane('table')", "to the table", ["2", "1"], focus_is("table")),
    ("explorer.pane('why')", "to the verdict", ["2"], focus_is("why")),
    ("explorer.pane('security')", "to the security rule", ["3"], focus_is("security")),
    ("explorer.pane('decryption')", "to the decryption rule", ["4"], focus_is("decryption")),
    ("explorer.pane('authentication')", "to the authentication rule", ["5"], focus_is("authentication")),
    ("explorer.filter", "words refine the filter as they are typed", ["slash", "q", "u", "i"], ids_are(102)),
    ("explorer.filter", "Enter goes back to the table", ["slash", "s", "s", "h", "enter"], focus_is("table")),
    ("explorer.filter", "Esc leaves and the filter stays", ["slash", "s", "s", "h", "escape"], ids_are(103)),
    ("explorer.filter_off", "lay the filter aside", ["f"], says("filter off")),
    ("explorer.filter_off", "take it up again", ["f", "f"], ids_are(*DENIED_IDS)),
    ("explorer.terms", "a term is turned off", ["x", "enter", "escape"], says("13 of 13")),
    ("explorer.terms", "and on", ["x", "enter", "enter", "escape"], ids_are(*DENIED_IDS)),
    ("explorer.filters", "kept under a name", ["b", "m", "i", "n", "e", "enter"], says("kept as mine")),
    ("explorer.filters", "and taken up", ["b", "m", "enter", "a", "b", "enter"], ids_are(*DENIED_IDS)),
    ("explorer.timeline", "a span from the timeline", ["i", "space", "l", "l", "enter"], ids_are(101)),
    ("timeline.later", "to the right", ["i", "l", "l", "l"], says("09:00:02")),
    ("timeline.earlier", "and back", ["i", "l", "l", "h", "h", "h"], says("09:00:00 to")),
    ("timeline.begin", "a begun span grows", ["i", "space", *["l"] * 60], says("09:00:00 to 09:00:5")),
    ("explorer.denied", "back to the denied ones", ["a", "d"], ids_are(*DENIED_IDS)),
    ("explorer.all", "all sessions", ["a"], says("13 of 13")),
    ("explorer.only_value", "only this application", ["right", "right", "right", "equals_sign"], ids_are(101)),
    ("explorer.without_value", "without this source", ["l", "exclamation_mark"], ids_are(102, 103, 104)),
    ("explorer.sort", "addresses sort as numbers, IPv4 among IPv6", ["l", "s"], ids_are(102, 101, 103, 104)),
    ("explorer.sort", "again is the other way round", ["l", "s", "s"], ids_are(104, 103, 101, 102)),
    ("explorer.sort_also", "inside the order there is", ["l", "l", "l", "l", "s", "h", "A"], says("rule▲1")),
    ("explorer.columns", "a list to choose from", ["c"], screen_is(PickScreen, "Columns")),
    ("explorer.columns", "Space turns one off", ["c", "space", "escape"], columns_are("source")),
    ("explorer.narrower", "narrower", ["l", "less_than_sign"], width_of("source", 13)),
    ("explorer.wider", "wider", ["l", "greater_than_sign", "greater_than_sign"], width_of("source", 19)),
    ("explorer.fit_column", "as wide as its texts", ["l", "underscore"], width_of("source", 11)),
    ("explorer.column_after", "move a column right", ["right_curly_bracket"], columns_are("source", "time")),
    ("explorer.column_before", "move a column left", ["l", "left_curly_bracket"], columns_are("source", "time")),
    ("explorer.hide_column", "hide a column", ["minus"], columns_are("source", "destination_end")),
    ("explorer.mark", "mark rows", ["m", "j", "m"], marked(101, 102)),
    ("explorer.mark", "take a mark away", ["m", "m"], marked()),
    ("explorer.next_mark", "round the end", ["m", "j", "m", "j", "n"], table_at(0)),
    ("explorer.previous_mark", "backwards", ["m", "j", "j", "m", "N"], table_at(0)),
    ("explorer.only_marked", "only marked rows", ["j", "m", "M"], ids_are(102)),
    ("explorer.only_marked", "and back", ["j", "m", "M", "M"], ids_are(*DENIED_IDS)),
    ("explorer.related", "what belongs to it", ["r"], screen_is(RelatedScreen, "Same conversation")),
    ("explorer.triage", "findings", ["t"], screen_is(TriageScreen, "4 findings of 4 sessions")),
    ("explorer.whatif", "a change", ["w"], screen_is(WhatIfScreen, "set rulebase security rules Social application")),
    ("explorer.back_to", "back from a related session", ["r", "down", "enter", "backspace"], session_is(101)),
    ("explorer.back_to", "nowhere to go back to", ["backspace"], says("no session to go back to")),
    ("explorer.members", "what the security rule lists", ["u"], screen_is(MembersScreen, "security rule interzone-default")),
    ("explorer.members", "what the rule of the pane lists", ["4", "right", "u"], screen_is(MembersScreen, "1 Decrypt")),
    ("page.step_back", "to the sessions", ["v", "escape"], screen_is(ExplorerScreen)),
    ("page.follow", "a line of a page", ["o", "enter"], says("( outcome eq completed )")),
    ("log.step_back", "to the sessions", ["O", *"syst", "enter", "escape"], screen_is(ExplorerScreen)),
    ("log.row", "every value", ["O", *"syst", "enter", "enter"], screen_is(RowScreen, "description")),
    ("page.find", "on a page", ["v", "slash", *"session"], says("session id")),
    ("page.copy_page", "on a page", ["v", "y"], says("page: written to")),
    ("explorer.logs", "a choice of logs", ["O"], screen_is(PickScreen, "System")),
    ("explorer.logs", "rows of one", ["O", "s", "y", "s", "t", "enter"], screen_is(LogScreen, "Commit job")),
    ("explorer.overview", "everything counted", ["o"], screen_is(OverviewScreen, "Sessions by outcome")),
    ("explorer.overview", "a line filters", ["o", "enter"], says("( outcome eq completed )")),
    ("explorer.row", "every value of the row", ["v"], screen_is(RowScreen, "session id               101")),
    ("explorer.manual", "the page about the cause", ["e"], screen_is(ManualScreen, "What it means")),
    ("explorer.copy", "the finding", ["y"], says("finding: written to")),
    ("explorer.copy_menu", "a choice", ["Y"], screen_is(PickScreen, "log filter")),
    ("explorer.mask", "other names", ["X"], says("masked")),
    ("explorer.mask", "and the real ones", ["X", "X"], says("10.1.1.10")),
    ("explorer.note", "a note on this session", ["E"], screen_is(AskTextScreen)),
    ("explorer.save", "as it is or safe to share", ["S"], screen_is(AskTextScreen)),
    ("explorer.snapshots", "those there are", ["B"], screen_is(SnapshotsScreen, "napshots")),
    ("app.help", "every key", ["question_mark"], screen_is(HelpScreen, "To begin with")),
    ("app.help", "on a page too, once", ["o", "f1", "question_mark", "escape"], screen_is(OverviewScreen)),
    ("app.help", "on a verdict, its cause", ["2", "question_mark"], screen_is(ManualScreen, "What it means")),
    ("app.palette", "commands by typing", ["colon", "o", "v", "e", "r", "v", "enter"], screen_is(OverviewScreen)),
    ("app.theme", "themes", ["T"], screen_is(PickScreen, "contrast")),
    ("app.redraw", "draw again", ["ctrl+l"], says("App-ID shift")),
    ("app.suspend_process", "to the shell", ["ctrl+z"], suspended),
    ("app.quit_at_once", "from a page", ["o", "ctrl+q"], left),
    ("app.quit_at_once", "while typing", ["slash", "ctrl+q"], left),
    ("app.how_to_leave", "says how", ["ctrl+c"], says("y copies, q leaves")),
    ("app.how_to_leave", "on a page too", ["o", "ctrl+c"], says("y copies, q leaves")),
    ("field.submit", "done", ["slash", "s", "s", "h", "enter"], ids_are(103)),
    ("field.earlier", "what was typed before", ["a", "slash", *"ssh", "enter", "a", "slash", "up"], ids_are(103)),
    ("field.later", "and back", ["a", "slash", *"ssh", "enter", "slash", "up", "down"], says("13 of 13")),
    ("field.clear", "empty it", ["slash", "ctrl+u"], says("13 of 13")),
    ("bar.complete", "take what fits", ["a", "slash", "left_parenthesis", *" ap", "tab"], says("( app ")),
    ("bar.next_option", "the second that fits", ["a", "slash", "left_parenthesis", "ctrl+n", "tab"], says("(cause ")),
    ("bar.previous_option", "round to the first",
     ["a", "slash", "left_parenthesis", "ctrl+n", "ctrl+p", "tab"], says("(outcome ")),
    ("bar.leave", "the filter stays", ["slash", "s", "s", "h", "escape"], focus_is("table")),
    ("app.leave", "from the top", ["q"], left),
    ("app.leave", "deeper it is one step back", ["enter", "q"], zoom_is("")),
    ("app.leave", "and closes a page", ["o", "q"], screen_is(ExplorerScreen)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "check"), [(keys, check) for _, _, keys, check in KEYS], ids=[f"{a}: {words}" for a, words, _, _ in KEYS]
)
async def test_key(keys: list[str], check: Check) -> None:
    async with staged(small_site()) as stage:
        await stage.press(*keys)
        check(stage)


ELSEWHERE = ("live", "triage", "whatif", "snapshots")  # scopes of screens with tests of their own


def test_every_action_is_pressed_in_a_test() -> None:
    assert {action.id for action in ACTIONS if action.scope not in ELSEWHERE} == {name for name, _, _, _ in KEYS}


def test_every_action_has_its_method_where_its_keys_are_bound() -> None:
    owners = {
        "table": RowTable,
        "pane": LinesPane,
        "rule": RulePane,
        "explorer": ExplorerScreen,
        "app": ExplorerApp,
        "timeline": Timeline,
        "page": PageScreen,
        "log": LogScreen,
        "field": FilterInput,
        "bar": FilterBar,
    }
    of_files = [a for a in ACTIONS if a.scope not in ELSEWHERE]
    lost = [a.id for a in of_files if not hasattr(owners[a.scope], f"action_{a.method.partition('(')[0]}")]
    assert lost == []


@pytest.mark.parametrize("scope", ["table", "pane", "rule", "explorer", "app", "page", "log", "field", "bar"])
def test_no_key_is_bound_twice_in_a_place(scope: str) -> None:
    keys = [key for binding in bindings(scope) for key in binding.key.split(",")]  # type: ignore[union-attr]
    assert len(keys) == len(set(keys))


# The row under the cursor survives


@pytest.mark.parametrize(
    "keys",
    [["l", "s"], ["f"], ["a"], ["slash", "s", "s", "h", "enter", "d"], ["m", "M"], ["slash", "q", "u", "d"]],
    ids=["sorting", "filter off", "all", "a filter that keeps it, then another", "only marked", "one that drops it"],
)
async def test_the_row_under_the_cursor_survives(keys: list[str]) -> None:
    async with staged(small_site()) as stage:
        await stage.press("j", "j")
        assert stage.session == 103
        await stage.press(*keys)
        if 103 not in stage.ids:
            await stage.press("escape", "a")
        assert stage.session == 103


async def test_the_row_survives_verdicts_that_arrive_in_an_order_by_cause() -> None:
    async with staged(small_site(), settled=False) as stage:
        while not stage._followed():
            await stage.pilot.pause(0.01)
        await stage.press("j", "l", "l", "l", "l", "l", "s")
        assert stage.session == 102
        assert "quic-fallback" in stage.text


# The filter


async def test_a_mistake_is_pointed_at_and_the_rows_stay() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash")
        await stage.type("( sorce eq 1 )")
        await stage.press("enter")
        mistake = next(line for line in stage.lines if "is not a field" in line)
        assert mistake.index("^") == stage.lines[1].index("sorce")
        assert len(stage.rows) == 13


async def test_an_unfinished_filter_does_not_shout_at_once() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash")
        await stage.type("( app e")
        assert "^" not in stage.lines[2]


async def test_up_brings_back_what_was_typed_before() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash", "s", "s", "h", "enter", "a", "slash", "up")
        assert stage.explorer.filter_bar.text == "ssh"
        assert stage.ids == [103]


async def test_what_fits_is_offered_and_taken_with_tab() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash")
        await stage.type("( ap")
        assert "Tab app" in stage.lines[2]
        await stage.press("tab", "tab")
        assert stage.explorer.filter_bar.text == "( app eq "
        assert "ssl 8" in stage.lines[2]
        await stage.press("ctrl+n", "ctrl+p", "ctrl+n", "tab", "right_parenthesis", "enter")
        assert len(stage.rows) == 1
        assert "Tab" not in stage.lines[2]


async def test_a_second_term_is_joined_by_itself() -> None:
    async with staged(small_site()) as stage:
        await stage.press("slash")
        await stage.type("(app eq ssh)")
        assert stage.explorer.filter_bar.text == "( outcome eq allowed-then-denied ) and (app eq ssh)"
        assert stage.ids == [103]


async def test_a_mask_leaves_nothing_real_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with staged(small_site(), size=(200, 60), title="secret.csv") as stage:
        await stage.press("j", "j", "l", "equals_sign", "X")
        shown = [stage.text]
        for key in ("r", "o", "v"):
            await stage.press(key)
            shown.append(stage.text)
            await stage.press("escape")
        await stage.press("j", "y")
        shown.append(next(tmp_path.glob("whydeny-*.txt")).read_text("utf-8"))
        for real in (
            "fw-example",
            "10.1.1.1",
            "203.0.113.9",
            "Social",
            "Partners",
            "edl-partners",
            "ex\\mk",
            "secret.csv",
        ):
            assert [real in text for text in shown] == [False] * len(shown), real
        assert "app-shift" in shown[0]
        assert len(stage.explorer.bench.frame) == 13


async def test_tab_leaves_the_bar_where_nothing_fits() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash", "q", "tab")
        focus_is("table")(stage)
        assert stage.ids == [102]


async def test_a_hostile_paste_is_made_harmless() -> None:
    async with staged(small_site(), where="") as stage:
        await stage.press("slash")
        stage.explorer.filter_bar.field.insert_text_at_cursor("a\x1b]52;c;AAAA\x07b")
        await stage.settle()
        assert "\x1b" not in stage.explorer.filter_bar.text
        assert "\x1b" not in stage.text


async def test_an_empty_result_says_what_to_do() -> None:
    async with staged(small_site(), where="nothing-like-this") as stage:
        assert stage.rows == []
        assert "No session passes this filter." in stage.text
        await stage.press("enter", "m", "y", "r", "v", "equals_sign", "s")  # nothing of which may fail
        assert "a shows all sessions" in stage.text


# Panes


async def test_a_miss_leads_to_its_rule_in_the_rulebase() -> None:
    async with staged(small_site(), size=(120, 50)) as stage:
        await stage.press("3", "enter")
        pane = stage.explorer.rule_pane("security")
        target = next(entry.target for entry in pane.lines if isinstance(entry.target, Rule))
        pane.cursor = next(n for n, entry in enumerate(pane.lines) if isinstance(entry.target, Rule))
        await stage.press("enter")
        assert pane.choice.walked.rule.number == target.number


async def test_a_click_on_a_heading_sorts() -> None:
    async with staged(small_site()) as stage:
        table = stage.explorer.table
        source = next(p for p in table.placed if p.column and p.column.name == "source")
        await stage.pilot.click("#table", offset=(source.x + 3, 0))
        await stage.settle()
        assert stage.ids == [102, 101, 103, 104]


async def test_a_second_click_on_a_row_opens_it() -> None:
    async with staged(small_site()) as stage:
        await stage.pilot.click("#table", offset=(10, 2))
        await stage.settle()
        assert stage.session == 102
        await stage.pilot.click("#table", offset=(10, 2), times=2)
        await stage.settle()
        assert stage.explorer.zoomed == "detail"


async def test_a_session_of_another_row_is_reached_from_related_and_back() -> None:
    async with staged(small_site()) as stage:
        await stage.press("r")
        pane = stage.app.screen.query_one("#page", LinesPane)
        pane.cursor = next(n for n, entry in enumerate(pane.lines) if "dns" in entry.text and entry.target)
        await stage.press("enter")
        assert stage.session == 300
        await stage.press("backspace")
        assert stage.session == 101
        assert stage.ids == DENIED_IDS


# Copying


async def test_what_y_copies_is_what_explain_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with staged(small_site()) as stage:
        await stage.press("y")
        copied = next(tmp_path.glob("whydeny-*.txt")).read_text("utf-8")
        assert copied.rstrip("\n") == finding_text(stage.explorer.explained.finding).rstrip("\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Markdown", "interzone-default"),
        ("JSON", '"outcome": "allowed-then-denied"'),
        ("commands", "test security-policy-match"),
        ("row", "source: 10.1.1.10"),
        ("cell", "09:00:00"),
        ("log filter", "( sessionid eq 101 ) and ( addr.src in 10.1.1.10 )"),
        ("API query", "type=log&log-type=traffic"),
    ],
)
async def test_the_menu_copies(words: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with staged(small_site()) as stage:
        await stage.press("Y")
        await stage.type(words.lower())
        await stage.press("enter")
        assert expected in next(tmp_path.glob("whydeny-*.txt")).read_text("utf-8")


# Sizes


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60), (40, 10), (20, 5)])
async def test_every_size_is_drawn(size: tuple[int, int]) -> None:
    async with staged(small_site(), size=size) as stage:
        assert len(stage.lines) == size[1]
        await stage.press("j", "enter", "enter", "escape", "tab", "z", "escape", "1", "o", "q", "question_mark", "q")
        assert stage.explorer.is_active or size[0] < 30


async def test_nothing_is_lost_at_80_by_24() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        for words in ("10.1.1.10", "203.0.113.9:443", "app-shift", "Last allowed by Social", "security",
                      "decryption", "authentication", "? help", "y copy", "1/4 of 13"):  # fmt: skip
            assert words in stage.text


async def test_a_resize_rearranges_everything_and_keeps_the_row() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        await stage.press("j")
        await stage.pilot.resize_terminal(200, 60)
        await stage.settle()
        assert stage.session == 102
        assert "denied by" in stage.text
        await stage.pilot.resize_terminal(80, 24)
        await stage.settle()
        assert stage.session == 102
        assert len(stage.lines) == 24


# The user's own keys and colours


async def test_a_keymap_changes_keys_footer_and_help() -> None:
    async with staged(small_site(), keys={"explorer.copy": "f9", "explorer.overview": "ctrl+o,2"}) as stage:
        assert "F9 copy" in stage.text
        await stage.press("f9")
        assert "finding: written to" in stage.text
        await stage.press("ctrl+o")
        screen_is(OverviewScreen)(stage)
        await stage.press("escape", "question_mark")
        assert "Ctrl-O 2" in stage.text or "F9" in "\n".join(
            entry.text for entry in stage.app.screen.query_one("#page", LinesPane).lines
        )


async def test_no_color_leaves_no_colour_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged(small_site(), theme="dark") as stage:
        assert stage.app.theme == "plain"
        drawn = [segment for strip in stage.app.screen._compositor.render_strips() for segment in strip]
        colours = {str(colour.name) for s in drawn if s.style for colour in (s.style.color, s.style.bgcolor) if colour}
        assert colours <= {"default"}
        assert any(s.style and s.style.reverse for s in drawn)


@pytest.mark.parametrize(
    ("no_color", "setting", "system", "expected"),
    [
        (True, "light", "truecolor", "plain"), (False, "light", "256", "light"), (False, "auto", "256", "dark"),
        (False, "auto", "standard", "ansi"), (False, "auto", None, "plain"), (False, "nonsense", "truecolor", "dark"),
    ],
    ids=["NO_COLOR wins", "as set", "256 colours", "16 colours", "no colours", "not a theme"],
)  # fmt: skip
def test_the_theme(no_color: bool, setting: str, system: str | None, expected: str) -> None:
    assert choose_theme(setting, no_color, system) == expected


@pytest.mark.parametrize("terminal", ["dumb", "unknown", ""])
def test_a_dumb_terminal_is_refused_with_a_sentence(terminal: str) -> None:
    with pytest.raises(UsageError, match="whydeny explain"):
        refuse_dumb({"TERM": terminal})


# Doubt and faults


async def test_a_fault_while_judging_one_row_is_a_sentence_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, row: int) -> None:
        secret = "a-secret-value"
        raise RuntimeError(f"row {row} {secret}")

    monkeypatch.setattr("whydeny.verdict.judge.Judge.finding", broken)
    async with staged(small_site(), reports=tmp_path, settled=False) as stage:
        while "fault of the program" not in stage.text:
            await stage.pilot.pause(0.05)
        reports = [report.read_text() for report in tmp_path.glob("*.txt")]
        assert "in broken" in reports[0]
        assert "a-secret-value" not in "".join(reports)
        await stage.pilot.press("q")
