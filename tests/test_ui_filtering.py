"""What is typed in the filter bar: words, the language, both together, and conditions from a value."""

import pytest
from textual import events

from ui_stage import small_site, staged
from whydeny.filters.tree import FilterError
from whydeny.model.addresses import parse_address
from whydeny.ui.columns import BY_NAME, usual_columns, value_of
from whydeny.ui.filtering import only, split_words, understand
from whydeny.ui.view import hits_of
from whydeny.ui.workbench import Workbench


@pytest.fixture(scope="module")
def bench() -> Workbench:
    from whydeny.model.progress import Progress

    bench = Workbench.prepare(small_site())
    bench.take(bench.judge_all(Progress()))
    return bench


def ids(bench: Workbench, text: str) -> list[int]:
    found = understand(text, usual_columns(200), bench.frame)
    if found.condition is None:
        return bench.frame["session_id"].to_list()
    return bench.frame["session_id"].to_numpy()[hits_of(bench.frame, found.condition)].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quic", [102]),
        ("QUIC", [102]),
        ("10.1.1.10", [101, 103, 300]),
        ("2001:db8", [104]),
        ("app-shift social", [101]),
        ("( app eq ssh )", [103]),
        ("( app neq ssl ) and ( action eq allow )", [101, 102, 103, 104]),
        ("( outcome eq allowed-then-denied ) out", [102, 103, 104]),
        ("( outcome eq allowed-then-denied )out", [102, 103, 104]),
        ("( cause eq quic-fallback )", [102]),
        ("( denied_by eq Silent )", [102]),
        ("( confidence geq 0.9 ) and ( app eq ssh )", [103]),
        ("( app eq dns ) an", None),
    ],
    ids=["a word", "without case", "part of an address", "the beginning of an IPv6 address", "two words",
         "the language", "two terms", "language, then a word", "without a blank between", "a verdict's column",
         "the rule that refused", "a number", "the beginning of and"],
)  # fmt: skip
def test_rows(bench: Workbench, text: str, expected: list[int] | None) -> None:
    if expected is None:
        with pytest.raises(FilterError):
            ids(bench, text)
    else:
        assert ids(bench, text) == expected


def test_nothing_typed_is_everything(bench: Workbench) -> None:
    assert len(ids(bench, "  ")) == 13


@pytest.mark.parametrize(
    ("text", "judged"),
    [("( app eq ssl )", False), ("( cause eq app-shift )", True), ("ssl", True)],
    ids=["the log's own columns", "a verdict's column", "words in visible verdicts"],
)
def test_a_filter_knows_whether_verdicts_change_it(bench: Workbench, text: str, judged: bool) -> None:
    assert understand(text, usual_columns(200), bench.frame).judged is judged


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("( app eq ssl ) foo", ("( app eq ssl )", "foo")),
        ("( app eq ssl ) and ( port.dst eq 1 )", ("( app eq ssl ) and ( port.dst eq 1 )", "")),
        ("( app eq ssl ) and", ("( app eq ssl ) and", "")),
        ("( app eq ssl ) or app eq dns", ("( app eq ssl ) or app eq dns", "")),
        ("( app eq ssl ) orange", ("( app eq ssl )", "orange")),
        ("( app eq ssl", ("( app eq ssl", "")),
    ],
)
def test_language_and_words_are_told_apart(text: str, expected: tuple[str, str]) -> None:
    assert split_words(text) == expected


@pytest.mark.parametrize(
    ("before", "column", "value", "without", "expected"),
    [
        ("", "application", "ssl", False, "( app eq ssl )"),
        ("", "application", "ssl", True, "( app neq ssl )"),
        ("all", "source", parse_address("10.1.1.9"), False, "( addr.src in 10.1.1.9 )"),
        ("( app eq ssl )", "source", parse_address("10.1.1.9"), True,
         "( app eq ssl ) and ( addr.src notin 10.1.1.9 )"),
        ("( app eq ssl )", "application", "ssl", False, "( app eq ssl )"),
        ("foo", "rule", "To the web", False, "( rule eq 'To the web' ) foo"),
        ("( app eq ssl ) foo", "rule", "A", False, "( app eq ssl ) and ( rule eq A ) foo"),
        ("", "rule", "it's", False, '( rule eq "it\'s" )'),
        ("", "user", None, False, "( user.src eq '' )"),
    ],
)  # fmt: skip
def test_a_condition_from_a_value(before: str, column: str, value: object, without: bool, expected: str) -> None:
    assert only(before, column, value, without) == expected


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_column_can_be_filtered_by_its_own_value(bench: Workbench, name: str) -> None:
    for row in range(len(bench.frame)):
        asked = value_of(bench.frame, row, BY_NAME[name])
        session = bench.frame["session_id"][row]
        assert session in ids(bench, only("", *asked))
        assert session not in ids(bench, only("", *asked, without=True))


@pytest.mark.parametrize(
    ("pasted", "value", "ids"),
    [
        pytest.param("( app eq ssh )", "( app eq ssh )", [103], id="one line"),
        pytest.param(
            "( app eq ssh )\n  or ( app eq quic )\n", "( app eq ssh ) or ( app eq quic )", [102, 103], id="two lines"
        ),
        pytest.param("\r\n( app eq ssh )\r\n", "( app eq ssh )", [103], id="empty lines around it"),
        pytest.param("( rule eq 'A  B' )", "( rule eq 'A  B' )", [], id="blanks in a name stay"),
        pytest.param("\n", "", None, id="nothing"),
    ],
)
async def test_all_lines_of_what_was_pasted_are_the_filter(pasted: str, value: str, ids: list[int] | None) -> None:
    async with staged(small_site()) as stage:
        await stage.press("slash", "ctrl+u")
        stage.app.post_message(events.Paste(pasted))
        await stage.settle()
        assert stage.explorer.filter_bar.text == value
        assert ids is None or sorted(stage.ids) == ids
