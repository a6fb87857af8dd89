"""A firewall opened, watched and asked, end to end against the stand-in."""

import threading
import time
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from whydeny.demo.standin import KEY, Seen, StandIn
from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_faults import Fault
from whydeny.model.columns import Kind
from whydeny.model.configuration import ConfigurationKind, Rulebase
from whydeny.model.errors import Cancelled
from whydeny.model.progress import Progress, silent
from whydeny.model.tables import Session
from whydeny.policy.assemble import assemble
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.xml_log import XmlLogReader
from whydeny.sources.firewall import commits, keeper
from whydeny.sources.firewall import source as source_module
from whydeny.sources.firewall.connection import Connection, open_connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.secret import Secret
from whydeny.sources.firewall.sessions import SessionFilter
from whydeny.sources.firewall.source import FirewallSource
from whydeny.sources.firewall.system import list_firewalls

SERIAL = "007000000000001"
TRAFFIC = """<entry logid="{seqno}"><domain>1</domain><receive_time>2024/05/02 {at}</receive_time><serial>{serial}</serial>
<seqno>{seqno}</seqno><type>TRAFFIC</type><subtype>deny</subtype><time_generated>2024/05/02 {at}</time_generated>
<src>10.1.1.10</src><dst>203.0.113.9</dst><rule>OUT</rule><app>{app}</app><vsys>vsys1</vsys><from>trust</from><to>untrust</to>
<sessionid>{id}</sessionid><sport>51000</sport><dport>443</dport><flags>0x1500000</flags><flag-proxy>yes</flag-proxy>
<proto>tcp</proto><action>allow</action><bytes>2311</bytes><packets>14</packets><start>2024/05/02 {at}</start><elapsed>1</elapsed>
<category>business-and-economy</category><session_end_reason>{reason}</session_end_reason><action_source>from-policy</action_source></entry>"""
DECRYPTION = """<entry logid="1"><receive_time>2024/05/02 09:59:01</receive_time><serial>007000000000001</serial><seqno>5</seqno>
<type>DECRYPTION</type><subtype>start</subtype><time_generated>2024/05/02 09:59:01</time_generated><src>10.1.1.10</src>
<dst>203.0.113.9</dst><rule>OUT</rule><vsys>vsys1</vsys><sessionid>4711</sessionid><sport>51000</sport><dport>443</dport>
<proto>tcp</proto><err_index>Certificate</err_index><error>Received fatal alert CertificateUnknown from client</error></entry>"""


def rows_of(kind: Kind, *entries: str) -> pl.DataFrame:
    """Log entries as a table, through the reader of saved answers."""
    rows = Rows(0, "logs")
    page = f'<response status="success"><result><log><logs>{"".join(entries)}</logs></log></result></response>'
    XmlLogReader(rows).read(BytesIO(page.encode()), lambda _: None)
    return pl.concat(rows.tables[kind])


def entry(number: int, at: str, reason: str = "policy-deny", app: str = "web-browsing", serial: str = SERIAL) -> str:
    return TRAFFIC.format(seqno=number, id=4700 + number, at=at, reason=reason, app=app, serial=serial)


COMMIT = """<entry logid="1"><receive_time>2024/05/02 09:50:01</receive_time><serial>007000000000001</serial><seqno>9</seqno>
<type>CONFIG</type><subtype>0</subtype><time_generated>2024/05/02 09:50:01</time_generated><cmd>commit</cmd><admin>admin</admin>
<result>Submitted</result></entry>"""


@pytest.fixture
def full(estate: Estate) -> Estate:
    estate.logs[Kind.TRAFFIC] = rows_of(
        Kind.TRAFFIC,
        entry(1, "08:30:00"),  # longer ago than the first view reaches
        entry(2, "09:10:00", "tcp-fin"),
        *(entry(n, f"09:{n}:00") for n in range(11, 20)),
    )
    estate.logs[Kind.DECRYPTION] = rows_of(Kind.DECRYPTION, DECRYPTION)
    estate.show_sessions(
        rows_of(Kind.TRAFFIC, entry(11, "09:59:00"), *(entry(n, "09:58:00", "tcp-fin") for n in (31, 32)))
    )
    return estate


@pytest.fixture
def source(full: Estate, connection: Connection) -> FirewallSource:
    return FirewallSource(connection)


def row_of(source: FirewallSource, number: int) -> Session:
    table = source.site.sessions
    found = [table.session(n) for n in range(len(table))]
    return next(session for session in found if session.id == number)


def query_of(seen: Seen) -> str:
    return seen.parameters["query"]


def numbers(source: FirewallSource) -> list[int | None]:
    return source.site.sessions.frame["session_id"].to_list()


class TestOpening:
    def test_the_first_view_needs_no_typing(self, source: FirewallSource, stand_in: StandIn) -> None:
        shown: list[int] = []
        site = source.open(silent(), lambda site: shown.append(len(site.sessions)))
        assert numbers(source) == [4711, *range(4719, 4710, -1)]  # the discarded session, then the newest rows
        assert site.sessions.session(0).state == "DISCARD"
        assert site.sessions.session(0).serial == SERIAL
        assert shown == [10]
        assert site.systems[0].hostname == "fw1"
        assert [c.kind for c in site.configurations] == [ConfigurationKind.EFFECTIVE]
        assert site.configurations[0].serial == SERIAL
        assert [str(p) for p in site.problems if "applications" not in str(p)] == []
        assert all(site.source_name(n).startswith("127.0.0.1") for n in range(len(site.sources)))
        assert stand_in.desk.jobs == {}

    def test_the_journal_shows_reads_and_no_key(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        entries = source.connection.journal.entries()
        assert len(entries) == len(stand_in.seen)
        for one in entries:
            assert one.method == "POST"
            assert one.url.endswith("/api/")
            assert KEY not in str(one)
        assert {s.words.split()[0] for s in stand_in.seen} <= {"show", "log", "config", "test", "request"}

    def test_nothing_is_opened_with_a_wrong_key(self, full: Estate, stand_in: StandIn, address: Any) -> None:
        source = FirewallSource(open_connection(address, key=Secret("b2xk")))
        with pytest.raises(FirewallError) as caught:
            source.open(silent())
        assert caught.value.failure is Failure.KEY_REFUSED
        assert len(stand_in.seen) == 1

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ("show session all", "no right to show session all"),
            ("show high-availability", "no right to show high-availability state"),
            ("log traffic", "no right to read the traffic log"),
            ("config get", "no right to read /config/predefined/application"),
        ],
    )
    def test_a_missing_right_is_said_and_the_rest_goes_on(
        self, source: FirewallSource, stand_in: StandIn, words: str, says: str
    ) -> None:
        stand_in.fail(Fault.NO_RIGHTS, words)
        site = source.open(silent())
        assert any(says in str(problem) for problem in site.problems)
        assert len(site.configurations) == 1

    def test_a_role_without_any_right_but_system_information(self, source: FirewallSource, stand_in: StandIn) -> None:
        for words in ("show session", "show high", "show config", "log", "config"):
            stand_in.fail(Fault.NO_RIGHTS, words)
        site = source.open(silent())
        assert len(site.sessions) == 0
        assert site.configurations == []
        assert len(site.problems) >= 6

    def test_the_passive_member_of_a_pair(self, source: FirewallSource, full: Estate) -> None:
        full.ha_state = "passive"
        site = source.open(silent())
        assert any("is the passive member of a pair" in str(problem) for problem in site.problems)

    def test_stopping_while_opening_ends_the_job(self, source: FirewallSource, stand_in: StandIn) -> None:
        stand_in.desk.slow = 10_000
        progress = Progress()
        threading.Timer(0.8, progress.stop.set).start()
        with pytest.raises(Cancelled):
            source.open(progress)
        assert stand_in.desk.jobs == {}

    def test_leaving_ends_every_open_job(self, source: FirewallSource, stand_in: StandIn) -> None:
        stand_in.desk.slow = 10_000
        failed: list[BaseException] = []

        def search() -> None:
            try:
                source.search(Kind.TRAFFIC, "", Progress())
            except Cancelled as stopped:
                failed.append(stopped)

        thread = threading.Thread(target=search)
        thread.start()
        while not stand_in.desk.jobs:
            time.sleep(0.01)
        source.close()
        assert stand_in.desk.jobs == {}
        thread.join(5)
        assert len(failed) == 1

    @pytest.mark.parametrize("late", [0.0, 0.05, 0.3], ids=str)
    def test_a_job_that_is_being_enqueued_when_the_user_leaves_is_ended(
        self, source: FirewallSource, stand_in: StandIn, late: float
    ) -> None:
        """The job is there before its number has come: the number is waited for."""
        enqueue, there = stand_in.desk._enqueue, threading.Event()

        def slowly(parameters: Any) -> bytes:
            body = enqueue(parameters)
            there.set()
            time.sleep(late)
            return body

        stand_in.desk._enqueue = slowly  # type: ignore[method-assign]
        progress, stopped = Progress(), threading.Event()

        def search() -> None:
            with pytest.raises(Cancelled):
                source.search(Kind.TRAFFIC, "", progress)
            stopped.set()

        threading.Thread(target=search).start()
        assert there.wait(5)
        source.close()
        assert stand_in.desk.jobs == {}
        assert stopped.wait(1)

    def test_a_silent_firewall_is_not_waited_for_when_leaving(self, source: FirewallSource, stand_in: StandIn) -> None:
        stand_in.fail(Fault.SILENCE, "log traffic")
        progress, failed = Progress(), []

        def search() -> None:
            try:
                source.search(Kind.TRAFFIC, "", progress)
            except Cancelled as stopped:
                failed.append(stopped)

        thread = threading.Thread(target=search)
        thread.start()
        while not stand_in.seen:
            time.sleep(0.01)
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 4
        thread.join(1)
        assert failed


class TestConfiguration:
    def test_put_together_from_its_parts(self, source: FirewallSource, full: Estate) -> None:
        del full.configurations["effective-running"]
        full.configurations["pushed-template"] = "<config><devices/></config>"
        site = source.open(silent())
        kinds = [c.kind for c in site.configurations]
        assert kinds[0] is ConfigurationKind.RUNNING
        assert kinds.count(ConfigurationKind.PUSHED_POLICY) == 2  # bare, and of vsys1
        said = [str(problem) for problem in site.problems]
        assert any("effective-running configuration is missing" in one for one in said)

    def test_every_part_that_could_not_be_had_is_named(self, source: FirewallSource, full: Estate) -> None:
        del full.configurations["effective-running"]
        site = source.open(silent())
        said = [str(problem) for problem in site.problems]
        assert any("pushed-template configuration is missing" in one for one in said)

    def test_the_role_may_read_it_only_as_configuration(
        self, source: FirewallSource, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running = stand_in.estate.configurations["running"]
        stand_in.fail(Fault.NO_RIGHTS, "show config")
        answer = f'<response status="success"><result>{running}</result></response>'.encode()
        monkeypatch.setattr(stand_in.desk, "configuration", lambda _: answer)
        site = source.open(silent())
        assert [c.kind for c in site.configurations] == [ConfigurationKind.RUNNING]

    def test_it_is_read_anew_when_asked(self, source: FirewallSource, full: Estate) -> None:
        source.open(silent())
        sources = source.site.sources
        full.configurations = {"effective-running": CONFIGURATION.replace('"OUT"', '"OUT-2"')}
        site = source.reload_configuration(silent())
        assert assemble(site.configurations).rules[Rulebase.SECURITY][0].name == "OUT-2"
        assert site.sources == sources


class TestContent:
    CONTENT = "<application>{}</application>".format(
        "".join(f'<entry name="app-{n}"><category>networking</category></entry>' for n in range(1200))
    )

    def test_it_is_fetched_once_for_a_version(
        self, full: Estate, connection: Connection, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        full.content = self.CONTENT
        for _ in range(2):
            site = FirewallSource(connection).open(silent())
            assert len(site.applications.applications) == 1200
            assert site.applications.version == "8799-8509"
            assert site.applications.complete
        assert sum(seen.words.startswith("config get") for seen in stand_in.seen) == 1
        next(path for path in tmp_path.rglob("*.json")).write_bytes(b"damaged")
        FirewallSource(connection).open(silent())
        assert sum(seen.words.startswith("config get") for seen in stand_in.seen) == 2


class TestTheWholeHour:
    def test_all_logs_of_it_cover_all_sessions(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        assert source.site.fetched == frozenset()
        source.fetch_related(row_of(source, 4711), silent())
        assert source.site.fetched == {row_of(source, 4711).row}
        source.fetch_logs(silent())
        source.fetch_related(row_of(source, 4719), silent())
        assert source.site.fetched is None
        assert set(source.site.logs) == set(Kind) - {Kind.TRAFFIC}
        assert stand_in.desk.jobs == {}

    def test_rows_that_did_not_come_prove_nothing(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        stand_in.fail(Fault.ERROR, "log decryption")
        source.fetch_related(row_of(source, 4711), silent())
        assert source.site.fetched == frozenset()


class TestWatching:
    def test_rows_keep_their_numbers_while_sessions_come_and_go(self, source: FirewallSource, full: Estate) -> None:
        source.open(silent())
        before = numbers(source)
        first = dict(full.sessions[0])
        full.sessions.append(first | {"idx": "5000", "state": "DISCARD"})
        full.sessions[0] |= {"application": "ssl"}
        full.version += 1
        found = source.refresh(silent())
        assert numbers(source)[: len(before)] == before
        assert [numbers(source)[row] for row in found.new] == [5000]
        assert found.changed == (0,)
        assert source.site.sessions.session(0).application == "ssl"
        del full.sessions[0]
        full.version += 1
        found = source.refresh(silent())
        assert found.gone == {0}
        assert source.site.sessions.session(0).id == 4711
        assert source.refresh(silent()).gone == {0}

    def test_new_log_rows_are_followed(self, source: FirewallSource, full: Estate) -> None:
        source.open(silent())
        count = len(source.site.sessions)
        assert source.refresh(silent()).new == ()
        full.logs[Kind.TRAFFIC] = pl.concat(
            [full.logs[Kind.TRAFFIC], rows_of(Kind.TRAFFIC, entry(40, "10:00:01"), entry(41, "10:00:02", "tcp-fin"))]
        )
        found = source.refresh(silent())
        assert found.new == (count,)
        assert source.site.sessions.session(count).id == 4740

    def test_a_session_table_is_counted_and_filtered_on_the_device(
        self, source: FirewallSource, stand_in: StandIn
    ) -> None:
        source.open(silent())
        assert source.count(SessionFilter(), silent()) == 3
        stand_in.fail(Fault.ERROR, "show session all filter")
        assert source.count(SessionFilter(), silent()) is None
        stand_in.recover()
        found = source.load_sessions(SessionFilter(source="10.1.1.10", state="active"), silent())
        assert len(found.new) == 2
        asked = stand_in.seen[-1].parameters["cmd"]
        assert "<source>10.1.1.10</source>" in asked
        assert "<state>active</state>" in asked

    def test_active_sessions_are_not_gone_while_only_discarded_ones_are_watched(
        self, source: FirewallSource, full: Estate
    ) -> None:
        source.open(silent())
        source.load_sessions(SessionFilter(), silent(), watch=False)
        assert source.refresh(silent()).gone == frozenset()
        source.load_sessions(SessionFilter(), silent())
        assert source.watched == SessionFilter()
        full.sessions = [row for row in full.sessions if row["state"] == "DISCARD"]
        full.version += 1
        assert len(source.refresh(silent()).gone) == 2

    def test_sessions_that_ended_are_kept_up_to_a_bound(
        self, source: FirewallSource, full: Estate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeper, "MOST_GONE", 10)
        source.open(silent())
        logged = len(source.site.sessions) - 1
        first = dict(full.sessions[0])
        for number in range(6000, 6120, 12):
            full.sessions = [first | {"idx": str(n), "sport": str(n)} for n in range(number, number + 12)]
            full.version += 1
            found = source.refresh(silent())
            assert {numbers(source)[row] for row in found.new} == set(range(number, number + 12))
        assert len(source.site.sessions) == logged + 12 + 10
        assert set(range(6108, 6120)) <= set(numbers(source))
        assert sum("that ended last are kept" in str(problem) for problem in source.site.problems) == 1

    def test_more_rows_than_a_look_reads_are_said_to_be_missing(
        self, source: FirewallSource, full: Estate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source.open(silent())
        monkeypatch.setattr(source_module, "FOLLOWED", 3)
        more = rows_of(Kind.TRAFFIC, *(entry(n, f"10:00:{n}") for n in range(40, 45)))
        full.logs[Kind.TRAFFIC] = pl.concat([full.logs[Kind.TRAFFIC], more])
        assert len(source.refresh(silent()).new) == 3
        assert any("some are missing" in str(problem) for problem in source.site.problems)

    @pytest.mark.parametrize("words", ["show session all", "log traffic"])
    def test_what_the_role_may_not_see_is_said_and_not_asked_for_again(
        self, source: FirewallSource, stand_in: StandIn, words: str
    ) -> None:
        source.open(silent())
        stand_in.fail(Fault.NO_RIGHTS, words)
        assert source.refresh(silent()).new == ()
        assert any(
            f"no right to {'read the traffic log' if 'log' in words else words}" in str(p) for p in source.site.problems
        )
        asked = len([seen for seen in stand_in.seen if seen.words.startswith(words)])
        source.refresh(silent())
        assert len([seen for seen in stand_in.seen if seen.words.startswith(words)]) == asked

    def test_a_fresh_key_after_the_old_one_was_revoked(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        stand_in.key = "ZnJlc2g="
        with pytest.raises(FirewallError) as caught:
            source.refresh(silent())
        assert caught.value.failure is Failure.KEY_REFUSED
        with pytest.raises(FirewallError) as caught:
            source.connection.log_in(stand_in.user, Secret("wrong"), silent())
        assert caught.value.failure is Failure.WRONG_PASSWORD
        source.connection.log_in(stand_in.user, Secret(stand_in.password), silent())
        assert source.refresh(silent()).gone == frozenset()

    def test_a_cut_and_the_recovery(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        before = source.site
        stand_in.fail(Fault.CLOSE)
        with pytest.raises(FirewallError) as caught:
            source.refresh(silent())
        assert caught.value.failure is Failure.CUT
        assert source.site.sessions is before.sessions
        stand_in.recover()
        assert source.refresh(silent()).gone == frozenset()


class TestCommits:
    JOB = {"tenq": "2024/05/02 10:00:01", "id": "7", "user": "admin", "type": "Commit", "status": "FIN", "result": "OK",
           "tfin": "2024/05/02 10:00:21"}  # fmt: skip

    @pytest.fixture(autouse=True)
    def at_every_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commits, "EVERY", 0.0)

    def test_one_is_noticed_until_the_configuration_is_read_anew(
        self, source: FirewallSource, full: Estate, stand_in: StandIn
    ) -> None:
        full.jobs = [self.JOB | {"id": "6"}]
        source.open(silent())
        source.refresh(silent())
        assert source.committed is None
        full.jobs.insert(0, self.JOB | {"type": "CommitAll"})
        for _ in range(2):
            source.refresh(silent())
            assert source.committed == commits.Commit("7", "2024/05/02 10:00:21")
        source.reload_configuration(silent())
        assert source.committed is None
        assert "log config" in {seen.words for seen in stand_in.seen}  # what of the rules was another before
        source.refresh(silent())
        assert source.committed is None

    def test_what_was_changed_is_read_with_the_configuration_and_after_a_commit(
        self, source: FirewallSource, full: Estate, stand_in: StandIn
    ) -> None:
        source.open(silent())
        assert [query_of(seen) for seen in stand_in.seen if seen.words == "log config"] == [
            "( receive_time geq '2024/05/02 09:00:00' )"
        ]
        assert source.site.configurations[0].saved == datetime(2024, 5, 2, 10, 0, 0)
        full.logs[Kind.CONFIGURATION] = rows_of(Kind.CONFIGURATION, COMMIT)
        full.jobs = [self.JOB]
        source.refresh(silent())
        assert source.site.logs[Kind.CONFIGURATION].frame["command"].to_list() == ["commit"]
        sent = len(stand_in.seen)
        source.refresh(silent())
        assert "log config" not in {seen.words for seen in stand_in.seen[sent:]}

    def test_it_is_read_further_back_for_an_older_session(
        self, source: FirewallSource, full: Estate, stand_in: StandIn
    ) -> None:
        source.open(silent())
        source.search(Kind.TRAFFIC, "( session_end_reason eq policy-deny )", silent())
        for _ in range(2):
            source.fetch_related(row_of(source, 4701), silent())
        asked = [query_of(seen) for seen in stand_in.seen if seen.words == "log config"]
        assert asked.count("( receive_time geq '2024/05/02 08:30:01' )") == 1
        source.fetch_related(row_of(source, 4711), silent())
        whole = [text for text in (query_of(s) for s in stand_in.seen if s.words == "log config") if "leq" not in text]
        assert len(whole) == 2

    @pytest.mark.parametrize(
        "job",
        [{"status": "ACT", "result": "PEND"}, {"result": "FAIL"}, {"type": "Content"}, {"type": "Downld"}],
        ids=["on its way", "failed", "content", "a download"],
    )
    def test_other_jobs_are_none(self, source: FirewallSource, full: Estate, job: dict[str, str]) -> None:
        source.open(silent())
        full.jobs = [self.JOB | job]
        source.refresh(silent())
        assert source.committed is None

    def test_a_role_that_may_not_see_jobs(self, source: FirewallSource, stand_in: StandIn) -> None:
        stand_in.fail(Fault.NO_RIGHTS, "show jobs")
        source.open(silent())
        source.refresh(silent())
        assert any("no right to show jobs all" in str(problem) for problem in source.site.problems)
        assert [seen.words for seen in stand_in.seen].count("show jobs all") == 1

    def test_it_is_looked_for_once_a_minute(
        self, source: FirewallSource, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commits, "EVERY", 60.0)
        source.open(silent())
        for _ in range(3):
            source.refresh(silent())
        assert [seen.words for seen in stand_in.seen].count("show jobs all") == 1


class TestPages:
    def test_sessions_of_several_pages_with_the_discarded_first(self, source: FirewallSource, full: Estate) -> None:
        pattern = dict(full.sessions[-1])
        full.sessions += [pattern | {"idx": str(n), "sport": str(n)} for n in range(10_000, 12_500)]
        full.version += 1
        found = source.load_sessions(SessionFilter(), silent())
        assert len(found.new) == 2503
        assert numbers(source)[0] == 4711
        assert len(set(numbers(source))) == 2503

    def test_a_limit_says_what_is_left(self, source: FirewallSource, full: Estate) -> None:
        pattern = dict(full.sessions[-1])
        full.sessions += [pattern | {"idx": str(n), "sport": str(n)} for n in range(10_000, 12_500)]
        found = source.load_sessions(SessionFilter(), silent(), most=1000)
        assert len(found.new) == 1000
        assert found.left == 1503

    def test_a_connection_cut_in_the_middle_keeps_the_pages_before(
        self, source: FirewallSource, full: Estate, stand_in: StandIn
    ) -> None:
        pattern = dict(full.sessions[-1])
        full.sessions += [pattern | {"idx": str(n), "sport": str(n)} for n in range(10_000, 12_500)]
        answer, calls = stand_in.desk.operate, []

        def operate(words: str, command: Any, vsys: str) -> bytes:
            calls.append(words)
            if len(calls) == 4:
                stand_in.fail(Fault.CUT, "show session all")
            return answer(words, command, vsys)

        stand_in.desk.operate = operate  # type: ignore[method-assign]
        found = source.load_sessions(SessionFilter(), silent())
        assert 1024 <= len(found.new) < 2503
        assert any("cut in the middle" in str(problem) for problem in source.site.problems)

    def test_log_pages_beyond_five_thousand(self, source: FirewallSource, full: Estate) -> None:
        one = rows_of(Kind.TRAFFIC, entry(2, "09:10:00"))
        many = pl.concat([one] * 7003).with_columns(pl.int_range(pl.len()).cast(pl.UInt64).alias("sequence"))
        full.logs[Kind.TRAFFIC] = many
        found = source.search(Kind.TRAFFIC, "( app eq web-browsing )", silent(), most=20_000)
        assert len(found.new) == 7003
        assert found.left == 0
        found = source.search(Kind.TRAFFIC, "", silent(), most=6000)
        assert (found.left, found.came) == (1, 6000)
        found = source.search(Kind.TRAFFIC, "", silent(), most=6000, skip=6000)
        assert (found.left, found.came, found.oldest) == (0, 1003, datetime(2024, 5, 2, 9, 10))


class TestOneSession:
    def test_details_of_the_session_under_the_cursor(self, source: FirewallSource) -> None:
        source.open(silent())
        details = source.details(row_of(source, 4711), silent())
        assert details is not None
        assert details.session.tracker_stage == "appid policy lookup deny"
        assert ("c2s source", "10.1.1.10") in details.lines
        assert row_of(source, 4711).tracker_stage == "appid policy lookup deny"

    @pytest.mark.parametrize(
        "change",
        [{"id": 99}, {"source_port": 5}, {"id": None}],
        ids=["ended since", "the id was used again", "no id"],
    )
    def test_no_details(self, source: FirewallSource, change: dict[str, Any]) -> None:
        source.open(silent())
        assert source.details(replace(row_of(source, 4711), **change), silent()) is None

    def test_the_device_is_asked(self, source: FirewallSource, full: Estate, stand_in: StandIn) -> None:
        def test(rulebase: str, asked: Any) -> list[dict[str, str]]:
            return [{"name": "OUT", "index": "1", "action": "allow"}] if rulebase == "security" else []

        full.test = test
        source.open(silent())
        opinion = source.ask_policy(row_of(source, 4712), silent())
        assert opinion.failures == []
        assert [(t.rulebase, t.rules) for t in opinion.tests] == [
            (Rulebase.SECURITY, ("OUT",)), (Rulebase.DECRYPTION, ()), (Rulebase.AUTHENTICATION, ()),
        ]  # fmt: skip
        assert opinion.tests[0].asked["protocol"] == "6"
        assert opinion.tests[0].asked["destination-port"] == "443"
        assert "destination-port" not in opinion.tests[1].asked
        assert [seen.parameters.get("vsys") for seen in stand_in.seen[-3:]] == ["vsys1"] * 3
        source.ask_policy(row_of(source, 4712), silent())
        assert len(source.site.answers.tests) == 3

    def test_a_test_that_is_refused_leaves_the_others(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        stand_in.fail(Fault.NO_RIGHTS, "test decryption-policy-match")
        opinion = source.ask_policy(row_of(source, 4712), silent())
        assert [test.rulebase for test in opinion.tests] == [Rulebase.SECURITY, Rulebase.AUTHENTICATION]
        assert [error.failure for error in opinion.failures] == [Failure.NO_RIGHTS]

    def test_a_row_without_zones_is_not_asked_about(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        sent = len(stand_in.seen)
        opinion = source.ask_policy(replace(row_of(source, 4712), to_zone=None), silent())
        assert opinion.tests == []
        assert "both zones" in str(opinion.failures[0])
        assert len(stand_in.seen) == sent

    def test_a_custom_category_that_the_test_refuses(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        stand_in.fail(Fault.ERROR, "test security-policy-match", times=1)
        opinion = source.ask_policy(row_of(source, 4712), silent())
        assert opinion.failures == []
        assert "category" not in opinion.tests[0].asked
        assert "category" in opinion.tests[1].asked

    def test_related_rows_come_once_and_in_a_narrow_window(self, source: FirewallSource, stand_in: StandIn) -> None:
        source.open(silent())
        session = row_of(source, 4711)
        site = source.fetch_related(session, silent())
        assert site.logs[Kind.DECRYPTION].row(0)["error"].startswith("Received fatal alert")
        queries = [seen.parameters["query"] for seen in stand_in.seen if "query" in seen.parameters]
        assert all("receive_time geq" in query for query in queries)
        sent = len(stand_in.seen)
        source.fetch_related(session, silent())
        assert len(stand_in.seen) == sent

    def test_a_log_without_the_right_is_said_and_not_asked_again(
        self, source: FirewallSource, stand_in: StandIn
    ) -> None:
        source.open(silent())
        stand_in.fail(Fault.NO_RIGHTS, "log decryption")
        for number in (4712, 4713):
            source.fetch_related(row_of(source, number), silent())
        asked = [seen for seen in stand_in.seen if seen.words == "log decryption"]
        assert len(asked) == 1
        assert sum("decryption log" in str(problem) for problem in source.site.problems) == 1

    def test_a_release_without_a_log_is_not_asked_for_it(
        self, source: FirewallSource, full: Estate, stand_in: StandIn
    ) -> None:
        full.system["sw-version"] = "9.1.4"
        source.open(silent())
        source.fetch_related(row_of(source, 4712), silent())
        words = {seen.words for seen in stand_in.seen}
        assert "log decryption" not in words
        assert "log url" in words


CONFIGURATION = """<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1">
<rulebase><security><rules><entry name="OUT"><from><member>trust</member></from><to><member>untrust</member></to>
<source><member>any</member></source><destination><member>any</member></destination><application><member>ssl</member></application>
<service><member>application-default</member></service><action>allow</action></entry></rules></security></rulebase></entry></vsys>
</entry></devices></config>"""
OBJECTS = """<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1">
<address><entry name="h-name"><fqdn>www.example.net</fqdn></entry>
<entry name="plain"><ip-netmask>10.1.0.0/16</ip-netmask></entry></address>
<address-group><entry name="g-nested"><static><member>h-name</member><member>g-tagged</member></static></entry>
<entry name="g-tagged"><dynamic><filter>'quarantine'</filter></dynamic></entry></address-group>
<external-list><entry name="edl-partners"><type><ip><url>https://lists.example.net/p</url></ip></type></entry>
<entry name="edl-unused"><type><ip><url>https://lists.example.net/u</url></ip></type></entry></external-list>
<rulebase><security><rules><entry name="OUT"><from><member>trust</member></from><to><member>untrust</member></to>
<source><member>g-nested</member><member>plain</member></source><destination><member>edl-partners</member></destination>
<source-user><member>example\\reader</member><member>example\\staff</member></source-user><application><member>any</member></application>
<service><member>any</member></service><action>allow</action></entry></rules></security></rulebase></entry></vsys></entry></devices></config>"""


class TestRunTime:
    @pytest.fixture
    def resolved(self, source: FirewallSource, full: Estate) -> FirewallSource:
        full.configurations = {"effective-running": OBJECTS}
        members = tuple(f"198.51.{n // 250}.{n % 250}" for n in range(12_345))
        full.lists = {"edl-partners": ("ip", members), "edl-unused": ("ip", members)}
        full.names = {"www.example.net": ("203.0.113.7",), "other.example.net": ("203.0.113.8",)}
        full.tags = {"10.1.1.66": ("quarantine",)}
        full.users = {"10.1.1.10": "example\\reader"}
        full.groups = {"example\\staff": ("example\\reader", "example\\writer"), "example\\unused": ("example\\other",)}
        full.dynamic = {"g-tagged": ("10.1.1.66", "10.1.1.67")}
        source.open(silent())
        return source

    def test_what_rules_need_is_fetched_and_nothing_else(self, resolved: FirewallSource, stand_in: StandIn) -> None:
        policy = assemble(resolved.site.configurations)
        sent = len(stand_in.seen)
        site = resolved.resolve(policy, row_of(resolved, 4712), silent())
        assert len(site.answers.list_members["edl-partners"]) == 12_345
        assert "edl-unused" not in site.answers.list_members
        assert site.answers.fqdns["www.example.net"]
        assert site.answers.registered_complete
        assert list(site.answers.registered_tags.values()) == [frozenset({"quarantine"})]
        assert [m.user for m in site.answers.user_mappings] == ["example\\reader"]
        assert site.answers.user_groups == {"example\\staff": frozenset({"example\\reader", "example\\writer"})}
        assert site.answers.group_addresses == {"g-tagged": ("10.1.1.66", "10.1.1.67")}
        words = [seen.words for seen in stand_in.seen[sent:]]
        assert words.count("request system external-list show") == 2
        sent = len(stand_in.seen)
        resolved.resolve(policy, row_of(resolved, 4713), silent())
        assert len(stand_in.seen) == sent

    def test_what_changed_on_the_device_is_asked_again(self, resolved: FirewallSource, full: Estate) -> None:
        policy = assemble(resolved.site.configurations)
        resolved.resolve(policy, None, silent())
        full.lists["edl-partners"] = ("ip", ("198.51.100.1",))
        site = resolved.resolve(policy, None, silent(), again=True)
        assert site.answers.list_members["edl-partners"] == ("198.51.100.1",)

    def test_a_list_that_the_role_may_not_see_is_said(self, resolved: FirewallSource, stand_in: StandIn) -> None:
        stand_in.fail(Fault.NO_RIGHTS, "request")
        site = resolved.resolve(assemble(resolved.site.configurations), None, silent())
        assert any("no right to request system external-list" in str(problem) for problem in site.problems)
        assert site.answers.fqdns


class TestSize:
    RULES = 5_000

    def test_a_hundred_thousand_sessions_and_five_thousand_rules(self, source: FirewallSource, full: Estate) -> None:
        """The whole table comes, the refused session first, and another thread (the screen) is never kept waiting."""
        rule = CONFIGURATION[CONFIGURATION.index('<entry name="OUT"') : CONFIGURATION.index("</rules>")]
        many = "".join(rule.replace('"OUT"', f'"OUT-{n}"') for n in range(self.RULES))
        full.configurations = {"effective-running": CONFIGURATION.replace(rule, many)}
        pattern = dict(full.sessions[-1])
        full.sessions += [pattern | {"idx": str(n), "sport": str(n % 60_000)} for n in range(10_000, 110_000)]
        longest, last, done = 0.0, time.perf_counter(), threading.Event()

        def tick() -> None:
            nonlocal longest, last
            while not done.wait(0.005):
                longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

        ticking = threading.Thread(target=tick)
        ticking.start()
        site = source.open(silent())
        found = source.load_sessions(SessionFilter(), silent())
        done.set()
        ticking.join()
        assert len(assemble(site.configurations).rules[Rulebase.SECURITY]) == self.RULES + 2
        assert len(source.site.sessions) == len(found.new) + 10
        assert len(found.new) == 100_002
        assert longest < 2.0


class TestPanorama:
    def test_a_panorama_itself_is_no_source(self, source: FirewallSource, full: Estate) -> None:
        full.system["model"] = "Panorama"
        with pytest.raises(FirewallError, match="choose one of the firewalls"):
            source.open(silent())

    def test_its_firewalls_are_listed_the_connected_first(self, full: Estate, connection: Connection) -> None:
        full.firewalls = (
            {"serial": "0002", "hostname": "fw-b", "model": "PA-440", "sw-version": "11.1.4", "connected": "no"},
            {"serial": "0001", "hostname": "fw-z", "model": "PA-440", "sw-version": "11.1.4", "connected": "yes"},
        )
        assert [(m.serial, m.connected) for m in list_firewalls(connection, silent())] == [
            ("0001", True),
            ("0002", False),
        ]

    def test_its_logs_are_told_from_those_of_other_firewalls(
        self, full: Estate, connection: Connection, stand_in: StandIn
    ) -> None:
        full.logs[Kind.TRAFFIC] = rows_of(
            Kind.TRAFFIC, entry(11, "09:59:00"), entry(12, "09:59:30", serial="007000000000009")
        )
        source = FirewallSource(connection.for_firewall(SERIAL))
        site = source.open(silent())
        assert all(seen.parameters["target"] == SERIAL for seen in stand_in.seen)
        queries = [seen.parameters["query"] for seen in stand_in.seen if "query" in seen.parameters]
        assert all(query.startswith(f"(( serial eq {SERIAL} )) and") for query in queries)
        assert {site.sessions.session(n).serial for n in range(len(site.sessions))} == {SERIAL}
        assert any("Panorama's own store" in str(problem) for problem in site.problems)


def test_the_first_view_without_the_time_of_the_device(source: FirewallSource, full: Estate, stand_in: StandIn) -> None:
    assert source.first_view().endswith("( receive_time in last-hour ))")
    source.open(silent())
    assert "( receive_time geq '2024/05/02 09:00:0" in source.first_view()
