"""The table of any number of rows: order, filter, places of columns, texts of cells."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from ui_stage import small_site
from whydeny.model.columns import Kind, schema
from whydeny.model.errors import Cancelled
from whydeny.model.flags import Flag
from whydeny.model.progress import Progress
from whydeny.ui.columns import (
    BY_NAME,
    SESSION_COLUMNS,
    SETS,
    dated,
    flag_letters,
    log_columns,
    short_duration,
    short_size,
    usual_columns,
)
from whydeny.ui.shown import Wanted, make_shown
from whydeny.ui.view import SortKey, filtered_by, hits_of, rank, rows_as_hits, sorted_by, whole, with_frame
from whydeny.ui.widgets.placing import place
from whydeny.ui.widgets.timeline import BINS, times_of

FRAME = pl.DataFrame(
    {
        "word": pl.Series(["b", "a", None, "b", "C"], dtype=pl.Categorical),
        "number": [3, 1, 2, None, 3],
        "time": [datetime(2024, 5, 2, 9, 0, n) for n in (5, 4, 3, 2, 1)],
        "outcome": ["policy-denied", "completed", "completed", "allowed-then-denied", "completed"],
    }
)


# Order and filter


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([SortKey("number", ("number",))], [1, 2, 0, 4, 3]),
        ([SortKey("number", ("number",), descending=True)], [0, 4, 2, 1, 3]),
        ([SortKey("word", ("word",))], [4, 1, 0, 3, 2]),
        ([SortKey("number", ("number",)), SortKey("time", ("time",))], [1, 2, 4, 0, 3]),
        ([SortKey("number", ("number",)), SortKey("time", ("time",), descending=True)], [1, 2, 0, 4, 3]),
        ([SortKey("gone", ("gone",))], None),
    ],
    ids=["equal rows stay, empty last", "downwards, empty still last", "words", "two keys", "two ways",
         "a column that is not there"],
)  # fmt: skip
def test_rank(keys: list[SortKey], expected: list[int] | None) -> None:
    ranked = rank(FRAME, keys)
    assert (None if ranked is None else ranked.tolist()) == expected


def test_a_filter_keeps_the_order_and_an_order_the_filter() -> None:
    view = filtered_by(sorted_by(whole(FRAME), [SortKey("time", ("time",))]), hits_of(FRAME, pl.col("number") == 3))
    assert view.order.tolist() == [4, 0]
    assert sorted_by(view, [SortKey("word", ("word",))]).order.tolist() == [4, 0]
    assert filtered_by(view, None).order.tolist() == [4, 3, 2, 1, 0]
    assert (view.position_of(0), view.position_of(1)) == (1, None)


def test_another_frame_keeps_rows_and_order() -> None:
    view = sorted_by(whole(FRAME), [SortKey("time", ("time",))])
    assert with_frame(view, FRAME.with_columns(more=1)).order.tolist() == view.order.tolist()


def test_a_condition_without_a_column_holds_for_all_or_none() -> None:
    assert hits_of(FRAME, pl.lit(True)).tolist() == [True] * 5
    assert hits_of(FRAME, pl.col("number") > 2).tolist() == [True, False, False, False, True]


def test_marked_rows_and_a_filter_together() -> None:
    shown = make_shown(
        whole(FRAME), Wanted(FRAME, (SortKey("time", ("time",)),), pl.col("number") == 3, frozenset({0, 1})), Progress()
    )
    assert shown.view.order.tolist() == [0]
    assert rows_as_hits(3, [1]).tolist() == [False, True, False]


def test_an_order_that_is_known_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(FRAME, (SortKey("time", ("time",)),), None, None)
    first = make_shown(whole(FRAME), wanted, Progress())
    monkeypatch.setattr("whydeny.ui.shown.rank", lambda *_: pytest.fail("sorted again"))
    assert make_shown(first.view, wanted, Progress()).view.order.tolist() == [4, 3, 2, 1, 0]


def test_work_stops_when_it_is_asked_to() -> None:
    progress = Progress()
    progress.stop.set()
    with pytest.raises(Cancelled):
        make_shown(whole(FRAME), Wanted(FRAME, (), None, None), progress)


def test_a_page_has_the_columns_that_there_are() -> None:
    page = whole(FRAME).page(1, 2, ["number", "not there"])
    assert page.columns == ["number"]
    assert page["number"].to_list() == [1, 2]


# Cells


@pytest.mark.parametrize("column", SESSION_COLUMNS, ids=lambda column: column.name)
def test_every_column_has_a_text_for_every_row_and_for_an_empty_one(column: object) -> None:
    frame = small_site().sessions.frame
    judged = frame.with_columns(
        *(pl.lit(None, pl.String).alias(name) for name in ("cause", "variant", "denied_by", "outcome", "security_rule",
                                                          "decryption_rule", "authentication_rule")),
        pl.lit(None, pl.Float32).alias("confidence"),
    )  # fmt: skip
    empty = pl.DataFrame({name: [None] for name in judged.columns}, schema=judged.schema)
    assert len(column.texts(judged)) == frame.height
    assert all(isinstance(text, str) for text in column.texts(judged))
    assert column.texts(empty) == [""]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_log_has_columns_for_all_that_it_holds(kind: Kind) -> None:
    empty = pl.DataFrame({name: [None] for name in schema(kind)}, schema=schema(kind))
    assert [column.texts(empty) for column in log_columns(kind)] == [[""]] * len(log_columns(kind))


def test_addresses_with_ports_are_written_apart() -> None:
    frame = small_site().sessions.frame
    texts = BY_NAME["destination_end"].texts(frame)
    assert "203.0.113.9:22" in texts
    assert "[2001:db8:1::80]:8080" in texts


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0"), (812, "812"), (999, "999"), (1000, "1.0k"), (4100, "4.1k"), (9949, "9.9k"), (10_000, "10k"),
     (999_499, "999k"), (37_400_000, "37M"), (5_000_000_000_000, "5.0T"), (9 * 10**18, "9000000T")],
)  # fmt: skip
def test_sizes_are_short(size: int, expected: str) -> None:
    assert short_size(size) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0s"), (59, "59s"), (185, "3m05s"), (7800, "2h10m")])
def test_durations_are_short(seconds: int, expected: str) -> None:
    assert short_duration(seconds) == expected


def test_flags_are_letters() -> None:
    assert flag_letters(Flag.DECRYPTED | Flag.NON_STANDARD_PORT) == "DP"


def test_times_have_a_date_where_days_differ() -> None:
    columns = usual_columns(80)
    same = dated(columns, datetime(2024, 5, 2, 1), datetime(2024, 5, 2, 23))
    days = dated(columns, datetime(2024, 5, 2, 1), datetime(2024, 5, 3, 1))
    years = dated(columns, datetime(2023, 5, 2), datetime(2024, 5, 3))
    assert [d[0].texts(FRAME)[0] for d in (same, days, years)] == ["09:00:05", "02 09:00:05", "2024-05-02 09:00:05"]
    assert dated(columns, None, None) == columns


# Places


@pytest.mark.parametrize("width", [20, 40, 78, 118, 148, 198, 300])
def test_columns_stay_in_the_width_and_do_not_overlap(width: int) -> None:
    placed = place(usual_columns(width), {}, 0, width, digits=5 if width > 130 else 0)
    ends = [0]
    for found in placed:
        assert found.x >= ends[-1]
        ends.append(found.x + found.width + 1)
    assert ends[-1] <= width + 1


@pytest.mark.parametrize("least", [least for least, _ in SETS if least])
def test_the_usual_columns_fit_from_their_width_on(least: int) -> None:
    columns = usual_columns(least)
    assert len([p for p in place(columns, {}, 0, least - 2, digits=0) if p.column]) == len(columns)


def test_a_width_of_ones_own_holds() -> None:
    placed = place(usual_columns(120), {"source": 30}, 0, 118)
    assert next(p.width for p in placed if p.column and p.column.name == "source") == 30


def test_columns_further_right_are_reached_from_the_first_one_on() -> None:
    assert place(SESSION_COLUMNS, {}, 20, 78)[0].column is SESSION_COLUMNS[20]


# The timeline


def test_times_are_counted_and_the_refused_among_them() -> None:
    times = times_of(whole(FRAME), frozenset({"policy-denied", "allowed-then-denied"}))
    assert times is not None
    assert (times.first.second, times.last.second) == (1, 5)
    assert (int(times.all.sum()), int(times.refused.sum())) == (5, 2)
    assert times.all[0] == 1
    assert times.all[BINS - 1] == 1
    assert times.at(0, 10) == times.first


def test_one_row_and_none_have_a_timeline_too() -> None:
    one = filtered_by(whole(FRAME), np.array([True, False, False, False, False]))
    assert int(times_of(one, frozenset()).all.sum()) == 1
    assert times_of(filtered_by(whole(FRAME), np.zeros(5, dtype=np.bool_)), frozenset()) is None
