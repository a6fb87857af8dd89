"""A judge for a site that grows: a firewall that is watched, whose other logs are fetched for single sessions only."""

from collections.abc import Collection
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from whydeny.model.answers import DeviceAnswers
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.policy.engine import Engine
from whydeny.verdict.case import Answers, Case
from whydeny.verdict.judge import NEAR, Judge
from whydeny.verdict.related import Related
from whydeny.verdict.rows import Rows


class GrowingJudge(Judge):
    """Judges what is there of a site so far; `grown` is the judge of the same site later on.

    `fetched` are the rows whose related rows of the other logs were fetched, and only these rows are judged with
    them: such a log covers no other session, so that its silence proves nothing about the others.
    """

    def __init__(
        self,
        site: Site,
        release: Release | None = None,
        serial: str | None = None,
        device_group: str | None = None,
        fetched: Collection[int] = (),
    ) -> None:
        super().__init__(site, release, serial, device_group)
        self.fetched = frozenset(fetched)

    @cached_property
    def _sessions_alone(self) -> Related:
        return Related(replace(self.site, logs={}), self.outcomes())

    def case(self, row: int, near: int = NEAR, answers: Answers | None = None) -> Case:
        """One session with everything that can be asked about it."""
        case = super().case(row, near, answers)
        if row not in self.fetched:
            case.related = self._sessions_alone
        return case

    def looked_into(self, rows: Rows) -> Rows:
        """1 for rows whose related rows were fetched."""
        return np.isin(rows, np.array(sorted(self.fetched), dtype=np.int64)).astype(np.int64)

    def grown(self, site: Site, fetched: Collection[int] = ()) -> "GrowingJudge":
        """The judge of the site as it is now, with the policies that are compiled already where they still hold."""
        later = GrowingJudge(site, self.firewalls.override, self.serial, self.device_group, fetched)
        if later.same_policies(self):
            later.problems = self.problems
            later._engines = {key: _with_answers(engine, site.answers) for key, engine in self._engines.items()}
        return later

    def same_policies(self, before: Judge) -> bool:
        """Whether rules take the sessions as they did for `before`: policy tests apart, nothing changed in what
        look-ups rest on, so that verdicts of rows that did not change still hold."""
        new, old = self.site, before.site
        return (
            new.configurations is old.configurations
            and new.applications is old.applications
            and new.systems is old.systems
            and replace(new.answers, tests=()) == replace(old.answers, tests=())
        )


def _with_answers(engine: Engine | None, answers: DeviceAnswers) -> Engine | None:
    """A compiled policy with other policy tests beside it; no rule is compiled from those."""
    if engine is None or engine.answers is answers:
        return engine
    told = copy(engine)
    told.answers = answers
    return told
