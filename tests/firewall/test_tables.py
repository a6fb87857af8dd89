"""Watched tables: rows keep their numbers, whatever comes and goes."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.columns import Kind
from whydeny.model.tables import Session, empty_frame
from whydeny.sources.firewall import keeper as keeper_module
from whydeny.sources.firewall.keeper import SiteKeeper
from whydeny.sources.firewall.reading import without_doubles
from whydeny.sources.firewall.tables import append_rows, make_room, update_sessions

NOW = datetime(2024, 5, 2, 10)


def sessions(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of the session table (with a state) or of the traffic log (without)."""
    frame = empty_frame(Kind.TRAFFIC)
    return pl.DataFrame([{name: row.get(name) for name in frame.columns} for row in rows], schema=frame.schema)


def live(number: int, **more: Any) -> dict[str, Any]:
    return {"session_id": number, "state": "ACTIVE", "source_lo": number, "start": NOW, "bytes": 1} | more


def logged(number: int, **more: Any) -> dict[str, Any]:
    return {"session_id": number, "serial": "1", "sequence": number, "time": NOW, "subtype": "end"} | more


def test_changed_values_stay_in_their_row() -> None:
    known = sessions(live(1), logged(7), live(2))
    fresh = sessions(live(2, bytes=9, application="ssl"), live(3), live(1))
    joined = update_sessions(known, fresh, frozenset(), whole=True)
    assert joined.frame["session_id"].to_list() == [1, 7, 2, 3]
    assert joined.changed == (2,)
    assert joined.new == (3,)
    assert joined.gone == frozenset()
    assert joined.frame["bytes"].to_list() == [1, None, 9, 1]
    assert joined.frame["application"].to_list() == [None, None, "ssl", None]


def test_what_left_is_kept_and_may_come_back() -> None:
    known = sessions(live(1), live(2))
    joined = update_sessions(known, sessions(live(2)), frozenset(), whole=True)
    assert joined.gone == {0}
    assert joined.frame.height == 2
    joined = update_sessions(joined.frame, sessions(live(1), live(2)), joined.gone, whole=True)
    assert joined.gone == frozenset()
    assert joined.new == ()


def test_a_part_of_the_table_says_nothing_of_the_rest() -> None:
    joined = update_sessions(sessions(live(1), live(2)), sessions(live(2)), frozenset(), whole=False)
    assert joined.gone == frozenset()


def test_sessions_of_another_filter_are_not_gone_because_this_one_lacks_them() -> None:
    known = sessions(live(1), live(2), live(3, state="DISCARD"))
    joined = update_sessions(known, sessions(live(4, state="DISCARD")), frozenset(), whole=True, among=frozenset({2}))
    assert joined.gone == {2}
    assert joined.here == {3}


def test_an_id_that_was_used_again_is_another_session() -> None:
    joined = update_sessions(sessions(live(1)), sessions(live(1, source_lo=99)), frozenset(), whole=True)
    assert joined.new == (1,)
    assert joined.gone == {0}


def test_values_that_did_not_come_change_nothing() -> None:
    joined = update_sessions(sessions(live(1, application="ssl")), sessions(live(1)), frozenset(), whole=True)
    assert joined.changed == ()
    assert joined.frame["application"].to_list() == ["ssl"]


@pytest.mark.parametrize(
    ("known", "fresh", "expected"),
    [
        ([], [logged(1), logged(2)], [1, 2]),
        ([logged(1)], [], [1]),
        ([logged(1), logged(2)], [logged(2), logged(3)], [1, 2, 3]),
        ([live(1)], [logged(1)], [1, 1]),
        ([logged(1)], [logged(1, serial="2")], [1, 1]),
        ([logged(1, subtype="start")], [logged(1)], [1, 1]),
        ([logged(1, sequence=None)], [logged(1, sequence=None), logged(2, sequence=None)], [1, 2]),
    ],
    ids=["first", "nothing new", "overlap", "a session and its row", "another firewall", "start and end", "unnumbered"],
)
def test_log_rows_are_added_once(known: list[dict[str, Any]], fresh: list[dict[str, Any]], expected: list[int]) -> None:
    frame = append_rows(Kind.TRAFFIC, sessions(*known), sessions(*fresh))
    assert frame["session_id"].to_list() == expected


def test_pages_that_shifted_are_put_right() -> None:
    assert without_doubles(Kind.TRAFFIC, sessions(logged(1), logged(2), logged(1))).height == 2
    assert without_doubles(Kind.TRAFFIC, sessions(live(1, state="DISCARD"), live(2), live(1)))["state"].to_list() == [
        "DISCARD",
        "ACTIVE",
    ]


@given(st.lists(st.sets(st.integers(1, 12)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_coming_and_going(polls: list[set[int]]) -> None:
    """After every poll the rows that are not gone are exactly the sessions of that poll, each once."""
    frame, gone = sessions(), frozenset[int]()
    for present in polls:
        before = frame["session_id"].to_list()
        joined = update_sessions(frame, sessions(*map(live, sorted(present))), gone, whole=True)
        frame, gone = joined.frame, joined.gone
        ids = frame["session_id"].to_list()
        assert ids[: len(before)] == before
        assert sorted(ids[row] for row in range(len(ids)) if row not in gone) == sorted(present)
        assert set(joined.new) == set(range(len(before), len(ids)))


def test_new_sessions_take_the_rows_of_those_that_left_first() -> None:
    known = sessions(live(1), logged(7), live(2), live(3))
    joined = update_sessions(known, sessions(live(4), live(5), live(3)), frozenset(), whole=True)
    assert joined.gone == {0, 2}
    roomy = make_room(joined, (2,))
    assert roomy.frame["session_id"].to_list() == [1, 7, 5, 3, 4]
    assert (roomy.new, roomy.taken, roomy.gone, roomy.here) == ((2, 4), {2}, {0}, {2, 3, 4})
    assert roomy.frame.schema == known.schema
    assert make_room(joined, ()) is joined


class TestBound:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeper_module, "MOST_GONE", 2)

    @pytest.fixture
    def keeper(self) -> SiteKeeper:
        return SiteKeeper("fw1")

    @staticmethod
    def look(keeper: SiteKeeper, *numbers: int) -> frozenset[int]:
        """The session table has these now; the rows that were taken over."""
        height = len(keeper.site.sessions)
        return keeper.take_sessions(sessions(*map(live, numbers)), True, among=frozenset(range(height))).taken

    @staticmethod
    def ids(keeper: SiteKeeper) -> list[int]:
        return keeper.site.sessions.frame["session_id"].to_list()

    def test_those_that_left_first_make_room(self, keeper: SiteKeeper) -> None:
        self.look(keeper, 1, 2, 3, 4)
        self.look(keeper, 1, 2, 4)  # 3 leaves before 1 and 2 do
        self.look(keeper, 4)
        assert keeper.gone == {0, 1, 2}
        assert self.ids(keeper) == [1, 2, 3, 4]  # nobody needs the room yet
        assert keeper.site.problems == []
        assert self.look(keeper, 4, 5, 6) == {2}
        assert self.ids(keeper) == [1, 2, 6, 4, 5]
        assert keeper.gone == {0, 1}
        assert "the 2 that ended last are kept" in str(keeper.site.problems[0])

    def test_the_table_stays_bounded(self, keeper: SiteKeeper) -> None:
        for number in range(0, 3000, 3):
            self.look(keeper, number, number + 1, number + 2)
        assert len(keeper.site.sessions) == 5  # three that are there, two that left
        assert len(keeper.site.problems) == 1

    def test_rows_that_are_held_stay(self, keeper: SiteKeeper) -> None:
        self.look(keeper, 1, 2, 3, 4)
        self.look(keeper, 4)
        keeper.held = frozenset({0})
        assert self.look(keeper, 4, 5, 6) == frozenset()
        self.look(keeper, 6)
        assert self.look(keeper, 6, 7, 8) == {1, 2}
        assert self.ids(keeper)[0] == 1

    def test_a_session_that_comes_back_finds_its_row(self, keeper: SiteKeeper) -> None:
        self.look(keeper, 1, 2, 3, 4)
        self.look(keeper, 4)
        assert self.look(keeper, 4, 1, 5, 6) == frozenset()
        assert self.ids(keeper) == [1, 2, 3, 4, 5, 6]

    def test_what_came_for_the_session_before_is_not_the_next_ones(self, keeper: SiteKeeper) -> None:
        self.look(keeper, 1, 2, 3, 4)
        before = keeper.site.sessions.session(0)
        keeper.take_fetched(before)
        assert keeper.site.fetched == {0}
        self.look(keeper, 4)
        assert self.look(keeper, 4, 5) == {0}
        assert keeper.site.fetched == frozenset()
        keeper.take_fetched(before)  # it was still on its way
        keeper.take_details(before, {"tracker_stage": "l7proc"})
        assert keeper.site.fetched == frozenset()
        assert keeper.site.sessions.session(0).tracker_stage is None
        keeper.take_fetched(Session(row=99))
        assert keeper.site.fetched == frozenset()
