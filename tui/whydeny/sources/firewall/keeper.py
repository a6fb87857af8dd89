"""Keeps the site of a firewall while several threads add to it."""

from dataclasses import dataclass, replace
from datetime import datetime
from threading import RLock
from typing import Any

import polars as pl

from whydeny.model.answers import DeviceAnswers, PolicyTest
from whydeny.model.columns import Kind
from whydeny.model.site import Problem, Site, Source
from whydeny.model.tables import LogTable, Session, SessionTable, empty_frame
from whydeny.sources.exports.collect import LOG_NAMES
from whydeny.sources.exports.device_answers import merge_answers
from whydeny.sources.firewall.tables import append_rows, make_room, update_sessions

SESSION_TABLE = "session table"
MOST_GONE = 5000  # sessions that have ended and are kept beside those that are there


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The site after something came, and the rows of its session table that are new, changed, or (all) gone.

    `left` is how many rows the firewall has beyond the limit, as far as it says so; `here` are the rows of the
    sessions that the firewall answered with; `taken` those of the new ones that had been another session's. A search
    of a log had `came` rows, known ones too, the `oldest` received then.
    """

    site: Site
    new: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    gone: frozenset[int] = frozenset()
    left: int = 0
    here: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()
    came: int = 0
    oldest: datetime | None = None


class SiteKeeper:
    """The site, replaced as a whole with every change. `name` is the firewall's; `gone` are rows whose session left.

    Of those `MOST_GONE` are kept. Where more have left, a new session takes the row of the one that left first, unless
    that row is among `held`: so the table stays bounded, and every row that is looked at keeps its number.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.site = Site(fetched=frozenset())
        self.gone: frozenset[int] = frozenset()
        self.held: frozenset[int] = frozenset()
        self._left: dict[int, None] = {}  # the rows of `gone` in the order in which their sessions left
        self._files: dict[str, int] = {}
        self._lock = RLock()

    def file(self, key: str) -> int:
        """The number of the source called so; the first time it is added to the sources."""
        with self._lock:
            if key not in self._files:
                self._files[key] = len(self.site.sources)
                self.set(sources=[*self.site.sources, Source(f"{self.name}, {key}", f"{key}, from the firewall")])
            return self._files[key]

    def set(self, **parts: Any) -> None:
        """Replace parts of the site."""
        with self._lock:
            self.site = replace(self.site, **parts)

    def add_problems(self, problems: list[Problem]) -> None:
        """Add problems that are not known yet."""
        with self._lock:
            new = [p for p in dict.fromkeys(problems) if p not in self.site.problems]
            if new:
                self.set(problems=[*self.site.problems, *new])

    def take_sessions(
        self, fresh: pl.DataFrame, whole: bool, left: int = 0, among: frozenset[int] = frozenset()
    ) -> Refreshed:
        """Sessions of the session table; `whole`: those of the rows `among` that are not among them are gone."""
        with self._lock:
            joined = update_sessions(self.site.sessions.frame, fresh, self.gone, whole, among)
            joined = make_room(joined, self._spare(joined.gone))
            self._left = {row: None for row in self._left if row in joined.gone}
            self.gone = joined.gone
            self.set(sessions=SessionTable(joined.frame))
            if joined.taken:
                fetched = self.site.fetched
                self.set(fetched=None if fetched is None else fetched - joined.taken)
                message = (
                    f"of the sessions that ended, the {MOST_GONE:,} that ended last are kept; older ones make room"
                )
                self.add_problems([Problem(self.name, None, message)])
            self._count(SESSION_TABLE, joined.frame.height - joined.frame["state"].null_count())
            return Refreshed(self.site, joined.new, joined.changed, joined.gone, left, joined.here, joined.taken)

    def _spare(self, gone: frozenset[int]) -> list[int]:
        """The rows of sessions that left first, as many as there are too many of."""
        self._left |= dict.fromkeys(sorted(gone - self._left.keys()))
        ended = [row for row in self._left if row in gone]
        return [row for row in ended[: max(len(ended) - MOST_GONE, 0)] if row not in self.held]

    def take_log(self, kind: Kind, fresh: pl.DataFrame, left: int = 0) -> Refreshed:
        """Rows of a log: behind those that are known, without those that are known already."""
        with self._lock:
            if kind is Kind.TRAFFIC:
                known = self.site.sessions.frame
                frame = append_rows(kind, known, fresh)
                self.set(sessions=SessionTable(frame))
                self._count(LOG_NAMES[kind], frame["state"].null_count())
                return Refreshed(self.site, tuple(range(known.height, frame.height)), (), self.gone, left)
            table = self.site.logs.get(kind)
            frame = append_rows(kind, empty_frame(kind) if table is None else table.frame, fresh)
            self.set(logs={**self.site.logs, kind: LogTable(kind, frame)})
            self._count(LOG_NAMES[kind], frame.height)
            return Refreshed(self.site, gone=self.gone, left=left)

    def take_details(self, session: Session, values: dict[str, str]) -> None:
        """Fill empty cells of a session's row in the session table."""
        with self._lock:
            frame = self.site.sessions.frame
            if values and _is_at_its_row(frame, session):
                self.set(sessions=SessionTable(_with_cells(frame, session.row, values)))

    def take_fetched(self, session: Session) -> None:
        """The related rows of a session are all there."""
        with self._lock:
            if self.site.fetched is not None and _is_at_its_row(self.site.sessions.frame, session):
                self.set(fetched=self.site.fetched | {session.row})

    def take_tests(self, tests: list[PolicyTest]) -> None:
        """Answers of policy tests, in place of earlier ones that asked the same."""
        with self._lock:
            known = [t for t in self.site.answers.tests if not any(_same(t, new) for new in tests)]
            self.set(answers=replace(self.site.answers, tests=(*known, *tests)))

    def take_answers(self, found: DeviceAnswers) -> None:
        """Run-time facts, beside the policy tests."""
        with self._lock:
            tests = self.site.answers.tests
            self.set(answers=replace(merge_answers(self.site.answers, found), tests=tests))

    def _count(self, key: str, rows: int) -> None:
        number = self.file(key)
        sources = list(self.site.sources)
        sources[number] = replace(sources[number], rows=rows)
        self.set(sources=sources)


def _is_at_its_row(frame: pl.DataFrame, session: Session) -> bool:
    """Whether the row of a session is still that session's."""
    if session.row >= frame.height:
        return False
    told = (frame[name][session.row] for name in ("session_id", "source_port", "start"))
    return tuple(told) == (session.id, session.source_port, session.start)


def _same(one: PolicyTest, other: PolicyTest) -> bool:
    return one.rulebase is other.rulebase and one.asked == other.asked


def _with_cells(frame: pl.DataFrame, row: int, values: dict[str, str]) -> pl.DataFrame:
    here = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(here & pl.col(name).is_null())
        .then(pl.lit(text, pl.String()).cast(frame.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name, text in values.items()
    )
