"""The demonstration's firewall, live: what `whydeny demo --live` connects to."""

import time
from collections.abc import Iterator

import pytest

from whydeny.demo.live import run_live_demo
from whydeny.demo.standin import PASSWORD, USER, StandIn
from whydeny.model.configuration import Rulebase
from whydeny.model.progress import silent
from whydeny.policy.assemble import assemble
from whydeny.sources.firewall.connection import Address, open_connection
from whydeny.sources.firewall.secret import Secret
from whydeny.sources.firewall.source import FirewallSource
from whydeny.verdict.judge import Judge


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with run_live_demo(pace=20) as stand_in:
        yield stand_in


@pytest.fixture
def source(running: StandIn) -> FirewallSource:
    address = Address("127.0.0.1", running.port, fingerprint=running.fingerprint)
    source = FirewallSource(open_connection(address, user=USER, password=Secret(PASSWORD)))
    source.open(silent())
    return source


def test_it_opens_with_planted_sessions_and_verdicts(source: FirewallSource) -> None:
    assert source.site.problems == []
    judged = Judge(source.site).judge_all()
    assert len(judged) == len(source.site.sessions) > 40
    assert judged["cause"].n_unique() > 8


def test_the_device_and_this_program_agree(source: FirewallSource) -> None:
    session = next(
        found
        for row in range(len(source.site.sessions))
        if (found := source.site.sessions.session(row)).end_reason == "policy-deny" and found.from_zone == "users"
    )
    opinion = source.ask_policy(session, silent())
    assert opinion.failures == []
    assert [test.rulebase for test in opinion.tests] == [
        Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION,
    ]  # fmt: skip
    finding = Judge(source.site).finding(session.row)
    rule = finding.lookups[Rulebase.SECURITY].rule
    assert rule is not None
    assert opinion.tests[0].rules == (rule.name,)


def test_lists_turn_unknowns_into_answers(source: FirewallSource) -> None:
    site = source.resolve(assemble(source.site.configurations), None, silent())
    assert set(site.answers.list_members) == {"edl-known-bad", "edl-partners"}
    assert site.answers.fqdns
    assert site.problems == []


def test_sessions_come_and_go(source: FirewallSource) -> None:
    before = len(source.site.sessions)
    deadline = time.monotonic() + 20
    while len(source.site.sessions) == before and time.monotonic() < deadline:
        time.sleep(0.2)
        source.refresh(silent())
    assert len(source.site.sessions) > before


def test_no_key_was_in_a_url_and_nothing_but_reads_was_sent(running: StandIn, source: FirewallSource) -> None:
    assert {seen.path for seen in running.seen} == {"/api/"}
    assert {seen.method for seen in running.seen} == {"POST"}
    assert {seen.words.split()[0] for seen in running.seen} <= {"keygen", "show", "test", "log", "config", "request"}
    assert running.desk.jobs == {}
    assert source.connection.journal.total() > 5
