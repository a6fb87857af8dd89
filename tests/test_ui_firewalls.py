"""Sessions of several firewalls on one screen: each says whose it is, and what belongs to it is of its own firewall."""

import asyncio
import re
from typing import Any

import pytest

from site_builder import HOST
from ui_stage import CASE, Stage, built, staged
from whydeny.model.progress import silent
from whydeny.model.site import Site
from whydeny.ui.columns import usual_columns
from whydeny.ui.filtering import DENIED, REFUSED_NOW
from whydeny.ui.glyphs import UNICODE
from whydeny.ui.overview import overview_lines
from whydeny.ui.workbench import Workbench

OTHER = "007200000000002"
REFUSED = {"app": "ssh", "dport": 22, "rule": "Out", "elapsed": 2}


def info(serial: str, hostname: str, model: str) -> str:
    """The answer of show system info."""
    facts = (
        f"<hostname>{hostname}</hostname><serial>{serial}</serial><model>{model}</model><sw-version>11.1.4</sw-version>"
    )
    return f'<response status="success"><result><system>{facts}</system></result></response>'


def both(**case: Any) -> Site:
    """Three refused sessions, the second and third of another firewall, which alone has a decryption and a system log."""
    return built(
        CASE
        | {
            "session": REFUSED | {"sessionid": 1, "end": "10:00:00"},
            "others": [
                REFUSED | {"sessionid": 2, "end": "10:00:01", "serial": OTHER, "device_name": "fw-two"},
                REFUSED | {"sessionid": 3, "end": "10:00:02", "serial": OTHER, "device_name": "fw-two"},
            ],
            "system": [{"at": "10:00:30", "serial": OTHER, "eventid": "general", "opaque": "Commit job succeeded."}],
            "decryption_log": [{"sessionid": 2, "serial": OTHER, "at": "10:00:01", "error": "Unsupported version"}],
            "files": {"two.xml": info(OTHER, "fw-two", "PA-3410")},
        }
        | case
    )


@pytest.fixture(scope="module")
def two() -> Site:
    return both()


def overview(site: Site) -> str:
    """The overview's text."""
    return "\n".join(entry.text for entry in overview_lines(Workbench.prepare(site), UNICODE))


async def test_the_top_line_names_the_firewall_of_the_row(two: Site) -> None:
    async with staged(two) as stage:
        assert f"{HOST} · " in stage.lines[0]
        assert "one of 2 firewalls" in stage.lines[0]
        await stage.press("j")
        assert "fw-two · PA-3410 · PAN-OS 11.1.4 · one of 2 firewalls" in stage.lines[0]


async def test_where_there_is_room_every_row_names_its_firewall(two: Site) -> None:
    async with staged(two) as stage:
        rows = stage.lines[4:7]
        assert [("fw-two" in row, HOST in row) for row in rows] == [(False, True), (True, False), (True, False)]


@pytest.mark.parametrize(("width", "shown"), [(80, False), (109, False), (110, True), (200, True)])
def test_the_column_of_the_firewall_is_usual_where_it_fits(width: int, shown: bool) -> None:
    assert ("device_name" in [column.name for column in usual_columns(width, several_firewalls=True)]) is shown
    assert "device_name" not in [column.name for column in usual_columns(width)]


async def test_the_value_under_the_cursor_is_the_serial_where_there_is_no_name(two: Site) -> None:
    site = both(others=[REFUSED | {"sessionid": 2, "end": "10:00:01", "serial": OTHER, "device_name": ""}], files={})
    async with staged(site) as stage:
        await stage.press("j", "right", "equals_sign")
        assert stage.ids == [2]
        assert OTHER in stage.explorer.filter.text


async def to_related(stage: Stage) -> None:
    """Open the page of what is related, and wait until it is there to its last line."""
    await stage.press("r")
    async with asyncio.timeout(20):
        while "Configuration log" not in stage.text:
            await stage.settle()


async def test_logs_of_the_other_firewall_are_not_called_this_ones(two: Site) -> None:
    async with staged(two) as stage:
        await to_related(stage)
        assert f"Decryption log  not among the inputs for {HOST}" in stage.text
        assert f"System log  not among the inputs for {HOST}" in stage.text
        assert "Commit job succeeded" not in stage.text
        assert stage.text.count("fw-two") == 2 + 2  # the two other sessions, as conversation and as of the source
        await stage.press("escape", "j")
        await to_related(stage)
        assert "Unsupported version" in stage.text
        assert "Commit job succeeded" in stage.text


def test_the_overview_counts_and_names_by_firewall(two: Site) -> None:
    text = overview(two)
    assert "each firewall's own time" in text
    assert "Sessions by firewall" in text
    assert re.search(rf"{HOST} vsys1  \d+ rules · \S*running-config.xml", text)
    assert "fw-two vsys1  no rules: no configuration of it among the inputs" in text


def test_what_happened_says_to_which_firewall() -> None:
    system = [{"at": "10:00:01", "serial": OTHER, "eventid": "general", "opaque": "Commit job succeeded."}]
    bench = Workbench.prepare(both(system=system))
    assert [moment.what for moment in bench.find_moments(silent())] == ["fw-two: Commit job succeeded."]


def test_one_firewall_is_not_named_at_every_turn() -> None:
    text = overview(built(CASE | {"session": REFUSED}))
    assert "the firewall's own time" in text
    assert "Sessions by firewall" not in text


# Sessions that the session table still holds as discarded


def table_and_log(**log: Any) -> Site:
    """A discarded session of the session table and a row of the log."""
    live = {"sessionid": 9, "app": "ssh", "dport": 22, "rule": "Out", "state": "DISCARD"}
    return built(
        CASE | {"live": "all", "session": live, "others": [{"sessionid": 1, "end": "10:00:00", "state": ""} | log]}
    )


async def test_discarded_sessions_are_part_of_the_first_view() -> None:
    async with staged(table_and_log(**REFUSED)) as stage:
        assert stage.explorer.filter.text == REFUSED_NOW
        assert sorted(stage.ids) == [1, 9]
        assert "1 discarded" in stage.lines[0]
        await stage.press("a", "d")
        assert sorted(stage.ids) == [1, 9]


async def test_a_session_that_the_table_shows_as_refused_and_over_is_part_of_the_first_view() -> None:
    live = {"sessionid": 9, "app": "ssh", "dport": 22, "rule": "Out", "state": "INIT", "ended": "policy-deny"}
    async with staged(built(CASE | {"live": "id", "session": live, "others": []})) as stage:
        assert stage.ids == [9]
        await stage.press("a", "d")
        assert stage.ids == [9]


async def test_discarded_sessions_alone_are_what_is_wrong() -> None:
    async with staged(table_and_log(session_end_reason="tcp-fin", subtype="end")) as stage:
        assert stage.ids == [9]
        assert "no session here was allowed and then denied" not in stage.text


async def test_a_session_of_the_session_table_stands_at_its_start() -> None:
    async with staged(table_and_log(**REFUSED)) as stage:
        frame = stage.explorer.bench.frame
        assert frame["time"].null_count() == 0
        assert stage.explorer.bench.site.sessions.frame["time"].null_count() == 1


async def test_without_discarded_sessions_the_filter_speaks_of_the_log_alone(two: Site) -> None:
    async with staged(two) as stage:
        assert stage.explorer.filter.text == DENIED
        assert "discarded" not in stage.lines[0]
