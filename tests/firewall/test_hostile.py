"""A firewall that means harm: escapes, bidi, newlines and names without end in every field; and answers that are none."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import polars as pl
import pytest

from hostile_estate import HOSTILE, arm
from whydeny.demo.standin import KEY, StandIn
from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_faults import Fault
from whydeny.model.columns import Kind
from whydeny.model.progress import silent
from whydeny.model.safe import LONGEST, is_safe
from whydeny.policy.assemble import assemble
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.sessions import SessionFilter
from whydeny.sources.firewall.source import FirewallSource
from whydeny.sources.firewall.system import list_firewalls


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def armed(estate: Estate, hostile: str) -> Estate:
    return arm(estate, hostile)


def texts(value: Any, seen: set[int] | None = None) -> Iterator[str]:
    """Every text in a value, however deep."""
    seen = set() if seen is None else seen
    if isinstance(value, str):
        yield value
    elif isinstance(value, pl.DataFrame):
        for column in value:
            if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical):
                yield from (text for text in column.cast(pl.String).to_list() if text is not None)
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from texts(key, seen)
            yield from texts(held, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for held in value:
            yield from texts(held, seen)
    elif is_dataclass(value) and id(value) not in seen:
        seen.add(id(value))
        for part in fields(value):
            yield from texts(getattr(value, part.name), seen)


@pytest.mark.usefixtures("armed")
def test_nothing_hostile_comes_through(connection: Connection) -> None:
    source = FirewallSource(connection)
    source.open(silent())
    session = source.site.sessions.session(0)
    opinion = source.ask_policy(session, silent())
    source.load_sessions(SessionFilter(), silent())
    details = source.details(session, silent())
    source.resolve(assemble(source.site.configurations), session, silent())
    found = [*texts(source.site), *texts(opinion.tests), *texts(details), *map(str, opinion.failures)]
    found += [*texts(list_firewalls(connection, silent())), *map(str, connection.journal.entries())]
    assert len(source.site.sessions) >= 1
    assert len(found) > 50
    for text in found:
        assert is_safe(text), text[:80]
        assert len(text) <= LONGEST + 1000


@pytest.mark.parametrize("text", ["\x1b[2J", "a\x00b", "x\nshow", "\u202e"], ids=["escape", "NUL", "newline", "bidi"])
def test_nothing_hostile_is_sent(connection: Connection, stand_in: StandIn, text: str) -> None:
    source = FirewallSource(connection)
    with pytest.raises(FirewallError) as caught:
        source.load_sessions(SessionFilter(source=text), silent())
    assert caught.value.failure is Failure.FORBIDDEN
    with pytest.raises(FirewallError) as caught:
        source.search(Kind.TRAFFIC, text, silent())
    assert caught.value.failure is Failure.FORBIDDEN
    assert stand_in.seen == []


def test_a_value_can_not_become_a_command(connection: Connection, stand_in: StandIn) -> None:
    evil = "10.1.1.1</source></filter></all></session></show><clear/>"
    FirewallSource(connection).load_sessions(SessionFilter(source=evil), silent())
    assert all(seen.words.startswith("show session all") for seen in stand_in.seen)
    assert "<clear" not in stand_in.seen[0].parameters["cmd"]


RAW = {
    "an escape in XML": b'<response status="success"><result><entry><idx>1\x1b</idx></entry></result></response>',
    "NUL in XML": b'<response status="success"><result><entry><idx>1\x00</idx></entry></result></response>',
    "no UTF-8": b'<response status="success"><result><entry><idx>\xff\xfe</idx></entry></result></response>',
    "unclosed": b'<response status="success"><result><entry></result></response>',
    "a DTD": b'<!DOCTYPE r [<!ENTITY a "b">]><response status="success"><result>&a;</result></response>',
    "deep": b'<response status="success"><result>' + b"<a>" * 5000 + b"</a>" * 5000 + b"</result></response>",
    "text": b"<response status='success'><result>nothing of the kind</result></response>",
}


@pytest.mark.parametrize("body", RAW.values(), ids=RAW.keys())
def test_answers_that_are_none_become_problems(
    connection: Connection, stand_in: StandIn, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To every call but the first: the site opens, and says what could not be read."""
    answer = stand_in.desk.operate
    monkeypatch.setattr(
        stand_in.desk, "operate", lambda words, *rest: answer(words, *rest) if words == "show system info" else body
    )
    monkeypatch.setattr(stand_in.desk, "configuration", lambda _: body)
    monkeypatch.setattr(stand_in.desk, "log", lambda _: body)
    site = FirewallSource(connection).open(silent())
    assert len(site.problems) >= 3
    for problem in site.problems:
        assert "\n" not in str(problem)
        assert is_safe(str(problem))
        assert KEY not in str(problem)


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.NOT_XML, Fault.DTD_BOMB, Fault.EXTERNAL_ENTITY, Fault.ERROR], ids=str
)
def test_every_part_may_fail_in_its_own_way(connection: Connection, stand_in: StandIn, fault: Fault) -> None:
    for words in ("show session", "show high", "show config", "log", "config"):
        stand_in.fail(fault, words)
    site = FirewallSource(connection).open(silent())
    assert len(site.problems) >= 5
