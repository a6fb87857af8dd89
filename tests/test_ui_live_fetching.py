"""The log and the session table of a live firewall, fetched by the filter of the screen."""

from datetime import datetime

import polars as pl
import pytest

from live_stage import denied, discarded, head, link_to, live, pane
from whydeny.demo.standin import StandIn
from whydeny.model.columns import Kind
from whydeny.ui.asking import log_query, session_filter
from whydeny.ui.filtering import REFUSED_NOW
from whydeny.ui.screens import live as live_screen
from whydeny.ui.screens.picker import PickScreen

TIMES = ("receive_time", "time")


pytestmark = pytest.mark.usefixtures("cursor_asks_nothing")


class TestFetching:
    async def test_the_filter_goes_to_the_log_and_older_rows_come_next(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_screen, "MOST", 40)
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("a", "slash")
            await stage.type("( app eq dns )")
            await stage.press("enter", "F")
            assert "40 new rows; F again reads older ones" in stage.text
            assert len(stage.rows) == 40
            await stage.press("F")
            assert len(stage.rows) > 40
            asked = [seen.parameters["query"] for seen in stand_in.seen if seen.words == "log traffic"]
            assert asked[-2] == "( app eq dns )"
            assert "receive_time leq" in asked[-1]
            await stage.press("R")
            followed = [seen.parameters["query"] for seen in stand_in.seen if seen.words == "log traffic"][-1]
            assert "session_end_reason eq policy-deny" in followed
            assert "( app eq dns )" in followed

    async def test_words_cant_be_asked_of_the_log(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            await stage.press("a", "slash", "s", "s", "l", "enter")
            sent = len(stand_in.seen)
            await stage.press("F")
            assert "nothing of this filter can be asked" in stage.text
            assert len(stand_in.seen) == sent

    async def test_the_session_table_is_counted_before_it_is_fetched(self, stand_in: StandIn) -> None:
        estate = stand_in.estate
        async with live(link_to(stand_in)) as stage:
            await stage.press("L")
            assert isinstance(stage.app.screen, PickScreen)
            assert f"{len(estate.sessions):,} sessions, 2 calls" in stage.text
            assert f"{discarded()} sessions" in stage.text
            await stage.press("enter")
            there = len(estate.sessions)
            assert len(stage.rows) == denied() + there
            assert f"{there:,} sessions came" in stage.text
            with estate.lock:
                estate.sessions = estate.sessions[:5]
                estate.version += 1
            await stage.press("R")
            assert len(stage.explorer.table.gone) == len(stage.rows) - denied() - 5

    async def test_a_very_large_table_is_warned_of(self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live_screen, "VERY_MANY", 20)
        async with live(link_to(stand_in), size=(120, 50)) as stage:
            await stage.press("L")
            assert "a very large table" in stage.text
            await stage.type("20 of them")
            await stage.press("enter")
            assert "20 sessions came" in stage.text
            assert "left there" in stage.text
            assert stage.explorer.link.source.watched.state == "discard"

    async def test_the_filter_is_pushed_down_to_the_session_table(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( from eq users ) and ( app eq ssl )") as stage:
            await stage.press("L")
            assert "application ssl from users" in stage.text
            await stage.press("enter")
            last = [seen.parameters["cmd"] for seen in stand_in.seen if seen.words.startswith("show session all")][-1]
            assert "<application>ssl</application><from>users</from>" in last

    @pytest.mark.parametrize(
        "networks", [True, False, None], ids=["takes them", "finds nothing for them", "refuses them"]
    )
    async def test_networks_are_pushed_down_where_the_device_shows_that_it_takes_them(
        self, stand_in: StandIn, networks: bool | None
    ) -> None:
        stand_in.estate.networks = networks
        rows = [row for row in stand_in.estate.sessions if row["source"].startswith("10.20.")]
        assert 0 < len(rows) < len(stand_in.estate.sessions)
        text = "( addr.src in 10.20.0.0/16 )"
        async with live(link_to(stand_in), where=text, size=(120, 50)) as stage:
            await stage.press("L")
            shown = "source 10.20.0.0/16" if networks else "all sessions; networks are filtered here"
            assert shown in stage.text
            await stage.press("enter")
            assert stage.explorer.filter.text == text
            last = [seen.parameters["cmd"] for seen in stand_in.seen if seen.words.startswith("show session all")][-1]
            assert ("<source>10.20.0.0/16</source>" in last) is bool(networks)
            states = [stage.explorer.bench.frame["state"][row] for row in stage.rows]
            assert sum(state is not None for state in states) == len(rows)

    async def test_a_second_with_more_rows_than_a_search_brings(
        self, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_screen, "MOST", 10)
        estate = stand_in.estate
        dns = estate.logs[Kind.TRAFFIC].filter(pl.col("application").cast(pl.String) == "dns").head(35)
        at = pl.lit(datetime(2025, 3, 11, 11, 30))
        same = pl.when(pl.int_range(pl.len()).is_between(5, 30)).then(at)
        moved = [same.otherwise(at + pl.duration(seconds=17 - pl.int_range(pl.len()))).alias(n) for n in TIMES]
        estate.logs[Kind.TRAFFIC] = dns.with_columns(moved)
        async with live(link_to(stand_in), where="( app eq dns )", size=(120, 50)) as stage:
            counts = [len(stage.rows)]
            while "F again reads older ones" in stage.text:
                await stage.press("F")
                counts.append(len(stage.rows))
                assert len(counts) < 9
            assert counts[-1] == 35
            assert "that is all that the log has" in stage.text

    async def test_esc_stops_what_is_fetched_and_its_job_is_ended(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in), where="( app eq dns )") as stage:
            stand_in.desk.slow = 10_000
            await stage.pilot.press("F")
            await stage.wait(lambda: stand_in.desk.jobs)
            assert "Esc stops" in head(stage) or await stage.pilot.pause(0.3) is None
            await stage.press("escape")
            assert "stopped" in stage.text
            await stage.wait(lambda: stand_in.desk.jobs == {})

    async def test_the_configuration_is_read_anew(self, stand_in: StandIn) -> None:
        async with live(link_to(stand_in)) as stage:
            text = stand_in.estate.configurations["effective-running"]
            stand_in.estate.configurations["effective-running"] = text.replace("block-peer-to-peer", "block-p2p")
            await stage.press("C")
            assert "block-p2p" in pane(stage, "security")
            assert "was read anew" in stage.text


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            (REFUSED_NOW, "( session_end_reason eq policy-deny ) and ( action eq allow )"),
            ("( outcome eq allowed-then-denied )", "( session_end_reason eq policy-deny ) and ( action eq allow )"),
            ("!( outcome eq allowed-then-denied )", None),
            ("( cause eq app-shift ) and ( app eq ssl )", "( app eq ssl )"),
            ("( cause eq app-shift ) or ( app eq ssl )", None),
            ("( app eq ssl ) words", "( app eq ssl )"),
            ("words", None),
            ("( state eq discard )", None),
        ],
        ids=["the first view", "denied", "not denied", "a verdict and more", "a verdict or more", "language and words",
             "words", "the session table alone"],
    )  # fmt: skip
    def test_of_the_log(self, text: str, query: str | None) -> None:
        assert log_query(text) == query

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("( addr.src in 10.1.1.1 ) and ( port.dst eq 443 ) and ( proto eq tcp )",
             "source 10.1.1.1 destination-port 443 protocol 6"),
            ("( addr.src in 10.0.0.0/8 ) and ( rule eq 'a b' )", "source 10.0.0.0/8 rule a b"),
            ("( addr.src in 10.1.2.3/8 ) and ( addr.dst in 2001:db8::1/64 )",
             "source 10.0.0.0/8 destination 2001:db8::/64"),
            ("( addr.src in 10.1.2.3/32 ) and ( addr.dst in 2001:db8::1/128 )",
             "source 10.1.2.3 destination 2001:db8::1"),
            ("( addr.src in 10.1.2.3-10.1.2.9 ) and ( app eq ssl )", "application ssl"),
            ("( addr in 10.1.1.1 )", ""),
            ("( app eq ssl ) or ( app eq dns )", ""),
            ("!( app eq ssl )", ""),
            ("( app neq ssl )", ""),
            ("( state eq DISCARD ) and ( user.src eq 'ex\\mk' )", "source-user ex\\mk state discard"),
            ("words", ""),
        ],
        ids=["values that all must hold", "a network", "networks by any of their addresses", "networks of one address",
             "no ranges", "not either end", "no alternatives", "nothing turned round",
             "no other operator", "state and user", "words"],
    )  # fmt: skip
    def test_of_the_session_table(self, text: str, words: str) -> None:
        assert session_filter(text).words() == words
