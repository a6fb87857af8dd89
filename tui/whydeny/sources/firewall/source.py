"""A firewall as a source of sessions: opened, watched, and asked about one session.

Every method may run in a thread of its own. Each leaves a new `Site` in `site` (its tables are replaced, never
changed), and keeps row numbers: rows are added behind, so the cursor on the screen stays where it is. Only where many
sessions have ended does a new one take the row of the one that ended first; rows that are held are never taken.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Condition
from time import monotonic

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.configuration import Policy, Rule
from whydeny.model.progress import Progress
from whydeny.model.site import Problem, Site, SystemInfo
from whydeny.model.tables import Session
from whydeny.sources.exports.collect import LOG_NAMES
from whydeny.sources.firewall.commits import Commit, Commits
from whydeny.sources.firewall.configuration import fetch_configuration
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.content import fetch_content
from whydeny.sources.firewall.details import Details, fetch_details
from whydeny.sources.firewall.failures import FATAL, Failure, FirewallError
from whydeny.sources.firewall.keeper import SESSION_TABLE, Refreshed, SiteKeeper
from whydeny.sources.firewall.logs import FIRST_VIEW, fetch_log, has_log
from whydeny.sources.firewall.policy_tests import DeviceOpinion, ask_policy
from whydeny.sources.firewall.reading import problems_of
from whydeny.sources.firewall.related import Query, both, related_queries, since
from whydeny.sources.firewall.run_time import RunTime, needs_of
from whydeny.sources.firewall.sessions import SessionFilter, count_sessions, fetch_sessions, find_filter
from whydeny.sources.firewall.system import fetch_ha_state, fetch_system, is_panorama

FIRST_HOURS = 1
MOST = 5000  # rows of one search, unless the user wants more
FOLLOWED = 20_000  # rows of a followed log between two looks
DISCARDED = SessionFilter(state="discard")
_OVERLAP = timedelta(seconds=30)  # rows of a log do not come quite in order
_TOGETHER = 3  # log queries of one session at once; a call is left for what the user does meanwhile
_LEAVE = 10.0  # seconds that leaving waits for open jobs to be ended
_SERVING = frozenset({None, "active", "active-primary", "active-secondary"})


class FirewallSource:
    """One firewall (or one behind a Panorama, where the connection's address has its serial)."""

    def __init__(self, connection: Connection, vsys: str | None = None) -> None:
        self.connection = connection
        self.vsys = vsys
        self.system = SystemInfo()
        self.ha_state: str | None = None
        self.watched: SessionFilter | None = DISCARDED  # what `refresh` fetches of the session table
        self.followed: dict[Kind, str] = {}  # what `refresh` fetches of the logs
        self._here: frozenset[int] = frozenset()  # rows of the watched sessions
        self._keeper = SiteKeeper(connection.address.name)
        self._run_time = RunTime(connection, vsys or "vsys1")
        self._commits = Commits(connection)
        self._refused: set[Kind] = set()
        self._related: set[Query] = set()
        self._changes_from: datetime | None = None  # from when on the configuration log is there
        self._asked_at = 0.0  # when the firewall told its time, by our clock
        self._working: list[Progress] = []
        self._change = Condition()

    @property
    def site(self) -> Site:
        """Everything that has come so far."""
        return self._keeper.site

    @property
    def gone(self) -> frozenset[int]:
        """Rows of the session table whose sessions have ended since; the last of them are kept."""
        return self._keeper.gone

    def hold(self, rows: frozenset[int]) -> None:
        """From now on no new session takes one of these rows, however long ago its own session ended."""
        self._keeper.held = rows

    @property
    def committed(self) -> Commit | None:
        """The last commit since the configuration was read, as far as it was noticed."""
        return self._commits.fresh

    @property
    def name(self) -> str:
        """How messages and sources call the firewall."""
        return self.connection.address.name

    def open(self, progress: Progress, on_site: Callable[[Site], None] | None = None) -> Site:
        """Who it is, the first view (sessions allowed and then refused in the last hour), the configuration.

        What vanishes soonest is fetched first. `on_site` gets the first view before the configuration is read.
        Raises `FirewallError` where nothing can be had at all; what only a right is missing for is a problem of the
        site.
        """
        with self._work(progress):
            self.system = fetch_system(self.connection, progress, self._keeper.file("system information"))
            self._asked_at = monotonic()
            if is_panorama(self.system) and not self.connection.address.serial:
                raise FirewallError(
                    Failure.PANORAMA, f"{self.name}: is a Panorama; choose one of the firewalls it manages"
                )
            self._run_time.multi_vsys = self.system.multi_vsys
            self._keeper.set(systems=[self.system])
            self._try(lambda: self._note_ha(progress))
            self._try(lambda: self._load(DISCARDED, progress, None))
            self._try(lambda: self._search(Kind.TRAFFIC, self.first_view(), progress, MOST))
            self.followed[Kind.TRAFFIC] = FIRST_VIEW
            if on_site is not None:
                on_site(self.site)
            self._open_configuration(progress)
            self._try(lambda: self._open_content(progress))
        return self.site

    def first_view(self) -> str:
        """The filter of the first view, by the device's own clock."""
        return both(FIRST_VIEW, self._last_hour())

    def count(self, wanted: SessionFilter, progress: Progress) -> int | None:
        """How many sessions the session table has for a filter, before they are fetched."""
        with self._work(progress):
            return count_sessions(self.connection, wanted, progress)

    def find_filter(self, wanted: SessionFilter, progress: Progress) -> tuple[SessionFilter, int | None]:
        """As much of a filter as the session table can be asked by, and how many sessions that has."""
        with self._work(progress):
            return find_filter(self.connection, wanted, progress)

    def load_sessions(
        self, wanted: SessionFilter, progress: Progress, most: int | None = None, watch: bool = True
    ) -> Refreshed:
        """Fetch sessions of the session table; from then on `refresh` watches this filter, unless only a part of its
        sessions was fetched or `watch` says not to."""
        with self._work(progress):
            found = self._load(wanted, progress, most)
            if watch and most is None:
                self.watched, self._here = wanted, found.here
            return found

    def search(
        self, kind: Kind, query: str, progress: Progress, most: int = MOST, follow: bool = False, skip: int = 0
    ) -> Refreshed:
        """Fetch rows of a log by a filter of the firewall's own language, without the `skip` newest; with `follow`,
        `refresh` goes on with it."""
        with self._work(progress):
            found = self._search(kind, query, progress, most, skip)
            if follow:
                self.followed[kind] = query
            return found

    def refresh(self, progress: Progress) -> Refreshed:
        """What changed: the watched part of the session table, and new rows of the followed logs.

        What the role has no right to is a problem of the site, and not asked for again.
        """
        before = len(self.site.sessions)
        found: list[Refreshed] = []

        def load(watched: SessionFilter) -> None:
            found.append(self._load(watched, progress, None, counted=False))

        def follow(kind: Kind, query: str) -> None:
            found.append(self._search(kind, both(query, self._newest(kind)), progress, FOLLOWED))
            if found[-1].left:
                message = (
                    f"more than {FOLLOWED:,} rows came to the {LOG_NAMES[kind]} between two looks; some are missing"
                )
                self._keeper.add_problems([Problem(self.name, None, message)])

        with self._work(progress):
            watched = self.watched
            if watched is not None and not self._allowed(lambda: load(watched)):
                self.watched = None
            for kind, query in tuple(self.followed.items()):
                self._allowed(partial(follow, kind, query))
            self._try(lambda: self._look_for_commits(progress))
        new = {row for one in found for row in one.new}.union(range(before, len(self.site.sessions)))
        changed = tuple(row for one in found for row in one.changed)
        return Refreshed(self.site, tuple(sorted(new)), changed, self.gone)

    def details(self, session: Session, progress: Progress) -> Details | None:
        """`show session id` for a session; None where the firewall has no such session any more."""
        with self._work(progress):
            file = self._keeper.file(SESSION_TABLE)
            found = fetch_details(self.connection, session, progress, file, self.name)
            if found is not None:
                self._keeper.take_details(session, found.told)
            return found

    def ask_policy(self, session: Session, progress: Progress) -> DeviceOpinion:
        """The device's own policy tests for a session; they are kept among the site's answers."""
        with self._work(progress):
            file = self._keeper.file("policy tests")
            opinion = ask_policy(self.connection, session, self.system.release, progress, file)
            for error in opinion.failures:
                if error.failure in FATAL:
                    raise error
            self._keeper.take_tests(opinion.tests)
            return opinion

    def fetch_related(self, session: Session, progress: Progress) -> Site:
        """Rows of the other logs that belong to a session, in a narrow window; nothing is asked for twice."""
        with self._work(progress):
            queries = [q for q in related_queries(session) if q not in self._related]
            with ThreadPoolExecutor(_TOGETHER, "related") as pool:
                fetched = [pool.submit(self._try, partial(self._related_rows, query, progress)) for query in queries]
                for place, (query, done) in enumerate(zip(queries, fetched, strict=True)):
                    progress.step("reading the rows that belong to this session", place, len(queries))
                    if done.result():
                        self._related.add(query)
            if (end := session.end) is not None and (self._changes_from is None or end < self._changes_from):
                self._try(lambda: self._read_changes(end, progress))
        wanted = related_queries(session)
        if wanted and all(query in self._related or query.kind in self._refused for query in wanted):
            self._keeper.take_fetched(session)
        return self.site

    def fetch_logs(self, progress: Progress) -> Site:
        """The other logs of the hour of the first view, as far as one query each brings them: they cover all sessions
        alike. For work without a user who looks at single sessions."""
        with self._work(progress):
            for kind in (kind for kind in Kind if kind is not Kind.TRAFFIC):
                self._try(partial(self._search, kind, self._last_hour(), progress, MOST))
            self._keeper.set(fetched=None)
        return self.site

    def reload_configuration(self, progress: Progress) -> Site:
        """Read the configuration anew, after a commit for instance."""
        with self._work(progress):
            self._open_configuration(progress)
            if not self.site.applications.applications:
                self._try(lambda: self._open_content(progress))
        return self.site

    def resolve(
        self,
        policy: Policy,
        session: Session | None,
        progress: Progress,
        rules: tuple[Rule, ...] | None = None,
        again: bool = False,
    ) -> Site:
        """Run-time facts that rules (None: all of the policy) ask for: list members, addresses, tags, users.

        What is known is asked for once more only with `again`.
        """
        with self._work(progress):
            if again:
                self._run_time.forget()
            try:
                self._keeper.take_answers(self._run_time.resolve(needs_of(policy, rules), session, progress))
            finally:
                self._keeper.add_problems(self._run_time.problems)
        return self.site

    def close(self) -> None:
        """Leave: stop what runs, and wait a little until its log jobs are ended."""
        with self._change:
            for progress in self._working:
                progress.stop.set()
            self._change.wait_for(lambda: not self._working, _LEAVE)

    # What the methods above are made of. None of these counts as work of its own.

    @contextmanager
    def _work(self, progress: Progress) -> Iterator[None]:
        with self._change:
            self._working.append(progress)
        try:
            yield
        finally:
            with self._change:
                self._working.remove(progress)
                self._change.notify_all()

    def _try(self, call: Callable[[], object]) -> bool:
        """Whether a part could be had; why not becomes a problem, unless everything else would fail as well."""
        try:
            call()
        except FirewallError as error:
            if error.failure in FATAL:
                raise
            self._keeper.add_problems(problems_of(self.name, [error]))
            return False
        return True

    def _allowed(self, call: Callable[[], object]) -> bool:
        """Whether the role may make a call; if not, that becomes a problem. Other failures are raised."""
        try:
            call()
        except FirewallError as error:
            if error.failure is not Failure.NO_RIGHTS:
                raise
            self._keeper.add_problems(problems_of(self.name, [error]))
            return False
        return True

    def _related_rows(self, query: Query, progress: Progress) -> None:
        self._search(query.kind, query.filter, Progress(stop=progress.stop), query.most)

    def _note_ha(self, progress: Progress) -> None:
        self.ha_state = fetch_ha_state(self.connection, progress)
        if self.ha_state not in _SERVING:
            message = f"is the {self.ha_state} member of a pair: live sessions and their logs are on the other one"
            self._keeper.add_problems([Problem(self.name, None, message)])

    def _load(self, wanted: SessionFilter, progress: Progress, most: int | None, counted: bool = True) -> Refreshed:
        file = self._keeper.file(SESSION_TABLE)
        found = fetch_sessions(self.connection, wanted, progress, file, self.name, most, counted)
        if found.cut is not None:
            self._keeper.add_problems(problems_of(self.name, [found.cut]))
        serial = pl.lit(self.system.serial, pl.String()).cast(pl.Categorical()).alias("serial")
        watched = most is None and wanted == self.watched
        whole = watched and found.cut is None
        came = self._keeper.take_sessions(found.frame.with_columns(serial), whole, found.left, self._here)
        self._here -= came.taken
        if watched:
            self._here = came.here if whole else self._here | came.here
        return came

    def _search(self, kind: Kind, query: str, progress: Progress, most: int, skip: int = 0) -> Refreshed:
        if kind in self._refused or not has_log(kind, self.system.release):
            return Refreshed(self.site, gone=self.gone)
        file = self._keeper.file(LOG_NAMES[kind])
        try:
            found = fetch_log(self.connection, kind, self._scoped(query), progress, file, self.name, most, skip)
        except FirewallError as error:
            if error.failure is Failure.NO_RIGHTS:
                self._refused.add(kind)
            raise
        if found.cut is not None:
            self._keeper.add_problems(problems_of(self.name, [found.cut]))
        self._keeper.add_problems(found.problems)
        taken = self._keeper.take_log(kind, self._own(found.frame), int(found.more))
        oldest = found.frame["receive_time"].min()
        return replace(taken, came=found.came, oldest=oldest if isinstance(oldest, datetime) else None)

    def _scoped(self, query: str) -> str:
        """A query for this firewall's rows: a Panorama answers log queries from its own store, for all firewalls."""
        serial = self.connection.address.serial
        query = both(f"( serial eq {serial} )" if serial else "", query)
        return both(f"( vsys eq {self.vsys} )" if self.vsys else "", query)

    def _own(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Without rows of other firewalls, should a Panorama answer with such."""
        serial = self.connection.address.serial
        if not serial or not frame.height:
            return frame
        own = frame.filter(pl.col("serial").cast(pl.String) == serial)
        message = "logs come from Panorama's own store, which holds what the firewall forwarded to it"
        if own.height < frame.height:
            message += f"; {frame.height - own.height:,} rows of other firewalls were left out"
        self._keeper.add_problems([Problem(self.name, None, message)])
        return own

    def _newest(self, kind: Kind) -> str:
        """From the newest row that is known of a log on; the hour of the first view where none is."""
        table = self.site.sessions if kind is Kind.TRAFFIC else self.site.logs.get(kind)
        newest = table.frame["receive_time"].max() if table is not None else None
        return since(newest - _OVERLAP) if isinstance(newest, datetime) else self._last_hour()

    def _last_hour(self) -> str:
        if self.system.time is None:
            return "( receive_time in last-hour )"
        return since(self.system.time - timedelta(hours=FIRST_HOURS))

    def _now(self) -> datetime | None:
        """The time by the device's own clock; None where it did not tell."""
        told = self.system.time
        return None if told is None else told + timedelta(seconds=int(monotonic() - self._asked_at))

    def _look_for_commits(self, progress: Progress) -> None:
        """Notice a commit, and with it what was changed."""
        known = self.committed
        self._commits.look(progress)
        if self.committed not in (None, known):
            self._read_changes(None, progress)

    def _read_changes(self, begin: datetime | None, progress: Progress) -> None:
        """The configuration log from a time on, else of the last hour: it says of which sessions the rules at hand may
        not be those of their time. It is read further back where a session is older, and anew after a commit."""
        now = self._now()
        known = [moment for moment in (begin, self._changes_from) if moment is not None]
        begin = min(known) if known else now and now - timedelta(hours=FIRST_HOURS)
        self._search(Kind.CONFIGURATION, since(begin) if begin else self._last_hour(), progress, MOST)
        self._changes_from = begin

    def _open_configuration(self, progress: Progress) -> None:
        """The configuration in force, and what was changed before it."""
        read = self._now()
        self._try(lambda: self._commits.note(progress))
        found = fetch_configuration(self.connection, progress, self._keeper.file)
        for configuration in found.configurations:
            configuration.serial = configuration.serial or self.system.serial
            configuration.hostname = configuration.hostname or self.system.hostname
            configuration.release = configuration.release or self.system.release
            configuration.saved = configuration.saved or read
        self._keeper.add_problems(found.problems)
        self._keeper.set(configurations=found.configurations)
        self._try(lambda: self._read_changes(None, progress))

    def _open_content(self, progress: Progress) -> None:
        table = fetch_content(self.connection, self.system.content_version, progress)
        self._keeper.set(applications=table)
