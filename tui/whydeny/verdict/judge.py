"""Judge sessions of a site: outcome of every row, finding of one, verdict columns of all."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import polars as pl

from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import Kind
from whydeny.model.configuration import ConfigurationKind, Rulebase
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress, silent
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.model.tables import Session
from whydeny.policy.assemble import assemble
from whydeny.policy.bulk import RULEBASES, match_all
from whydeny.policy.engine import Engine
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.policy.running_rules import policy_of_running
from whydeny.verdict.alike import alike
from whydeny.verdict.case import Answers, Case
from whydeny.verdict.diagnose import diagnose, judgement, look_ups, needs_cause
from whydeny.verdict.finding import Finding, Outcome
from whydeny.verdict.firewalls import Firewalls, same_line
from whydeny.verdict.outcome import OUTCOMES, discarded_expression, outcome_expression
from whydeny.verdict.related import Related
from whydeny.verdict.rows import Rows

NEAR = 8  # the nearest misses that are explained for the session under the cursor

JUDGED: dict[str, pl.DataType] = {
    "outcome": OUTCOMES,
    "cause": pl.Categorical(),
    "variant": pl.Categorical(),
    "confidence": pl.Float32(),
    "denied_by": pl.Categorical(),
    "security_rule": pl.Categorical(),
    "decryption_rule": pl.Categorical(),
    "authentication_rule": pl.Categorical(),
}


class Judge:
    """Everything needed to judge the sessions of one site, prepared once.

    `release` overrides what the inputs say; `serial` and `device_group` choose whose policy a Panorama
    configuration makes. `problems` says whose policy could not be chosen, and why: those rows are judged without.
    """

    def __init__(
        self,
        site: Site,
        release: Release | None = None,
        serial: str | None = None,
        device_group: str | None = None,
    ) -> None:
        self.site = site
        self.firewalls = Firewalls(site, release)
        self.serial = serial
        self.device_group = device_group
        self.groups = 0  # how many diagnoses the last `judge_all` needed
        self.problems: dict[tuple[str | None, str], str] = {}
        self._engines: dict[tuple[str | None, str, Release | None], Engine | None] = {}

    @cached_property
    def applications(self) -> ApplicationTable:
        """The firewall's own application content, and the packaged table for what it lacks."""
        return self.site.applications.over(packaged_applications())

    @cached_property
    def _outcomes(self) -> pl.Series:
        return self.site.sessions.frame.select(outcome_expression())["outcome"]

    def outcomes(self) -> pl.Series:
        """The outcome of every session (pl.Enum of the Outcome values), in table order."""
        return self._outcomes

    @cached_property
    def related(self) -> Related:
        """The rows of all logs, indexed."""
        return Related(self.site, self._outcomes)

    @cached_property
    def _sessions_alone(self) -> Related:
        """The session table, for sessions that the other logs were not fetched for; and the changes of the rules that
        are known, as one of them concerns every session before it."""
        changes = self.site.logs.get(Kind.CONFIGURATION)
        logs = {} if changes is None else {Kind.CONFIGURATION: changes}
        return Related(replace(self.site, logs=logs), self._outcomes)

    def engine_for(self, serial: str | None, vsys: str | None, release: Release | None = None) -> Engine | None:
        """The compiled policy of that firewall and virtual system; None without a configuration.

        `release` is for a row of another release than the firewall's present one.
        """
        owner, name = serial or self.serial, vsys or "vsys1"
        present = self.firewalls.release(owner)
        release = present if release is None or same_line(release, present) else release
        key = (owner, name, release)
        if key not in self._engines:
            self._engines[key] = self._build(owner, name, release)
        return self._engines[key]

    def policies(self) -> Iterator[tuple[str | None, str, Engine | None, str]]:
        """Every firewall and virtual system in the session table, its policy, and why there is none."""
        keys = self.site.sessions.frame.select("serial", "vsys").unique(maintain_order=True).cast(pl.String)
        for serial, vsys in keys.iter_rows():
            engine = self.engine_for(serial, vsys)
            yield serial, vsys or "vsys1", engine, self.problems.get((serial or self.serial, vsys or "vsys1"), "")

    def open_choices(self) -> list[tuple[str, tuple[str, ...]]]:
        """Whose policy a Panorama configuration could mean where nothing tells: device groups, with the serials of
        their firewalls. Empty where every firewall in the session table has its policy, or a choice was made."""
        if self.device_group is not None or self.serial is not None:
            return []
        if all(not problem for _, _, _, problem in self.policies()):
            return []
        groups = [
            g
            for c in self.site.configurations
            if c.kind is ConfigurationKind.PANORAMA
            for g in c.device_groups.values()
        ]
        return [(group.name, tuple(group.devices)) for group in groups]

    def use_engine(self, serial: str | None, vsys: str, engine: Engine) -> None:
        """Judge a firewall's sessions by a policy that is compiled already."""
        owner = serial or self.serial
        self._engines[owner, vsys, self.firewalls.release(owner)] = engine

    def _build(self, serial: str | None, vsys: str, release: Release | None) -> Engine | None:
        configurations = self.firewalls.configurations(serial)
        if not configurations:
            return self._as_compiled(serial, vsys, release)
        try:
            policy = assemble(configurations, vsys, serial, self.device_group)
        except UsageError as error:
            self.problems[serial, vsys] = str(error)
            return None
        policy = replace(policy, unplaced=tuple(c.file for c in self.firewalls.unplaced(serial)))
        release = release or self.firewalls.strict_floor(serial)
        return Engine(policy, self.applications, self.firewalls.answers(serial, vsys), release, self._users_seen)

    def _as_compiled(self, serial: str | None, vsys: str, release: Release | None) -> Engine | None:
        """The rules that the firewall answered with, where nobody gave its configuration."""
        try:
            answers = self.firewalls.compiled_by(serial, vsys)
            policy = policy_of_running(answers, vsys, serial)
        except UsageError as error:
            self.problems[serial, vsys] = str(error)
            return None
        if policy is None:
            return None
        release = release or self.firewalls.strict_floor(serial)
        return Engine(policy, self.applications, answers, release, self._users_seen)

    def notes(self) -> list[str]:
        """What is to be known of the policies that were compiled, in sentences: rules left out, what a kind implies."""
        engines = [engine for engine in self._engines.values() if engine is not None]
        return list(dict.fromkeys(note for engine in engines for note in engine.policy.notes))

    @cached_property
    def _users_seen(self) -> frozenset[str]:
        """Every user that a session or a mapping names, in lower case."""
        columns = [self.site.sessions.frame["user"]]
        if Kind.USERID in self.site.logs:
            columns.append(self.site.logs[Kind.USERID].frame["user"])
        names = (column.unique().cast(pl.String).str.to_lowercase().drop_nulls() for column in columns)
        return frozenset(name for found in names for name in found.to_list() if name)

    def case(self, row: int, near: int = NEAR) -> Case:
        """One session with everything that can be asked about it; `near` misses of each rulebase are explained."""
        return self.case_of(self.site.sessions.session(row), near)

    def case_of(self, session: Session, near: int = NEAR, answers: Answers | None = None) -> Case:
        """`case` for a session of the table. `answers` are look-ups that are known already, of a session that the rules
        can't tell from this one."""
        row = session.row
        release = self.firewalls.release(session.serial, session.config_version)
        engine = self.engine_for(session.serial, session.vsys, release)
        reason = self.problems.get((session.serial or self.serial, session.vsys or "vsys1"), "")
        floor = self.firewalls.floor(session.file)
        known = self.site.fetched is None or row in self.site.fetched
        related = self.related if known else self._sessions_alone
        outcome = Outcome(str(self._outcomes[row]))

        def engine_of(vsys: str) -> Engine | None:
            return self.engine_for(session.serial, vsys, release)

        return Case(session, outcome, related, engine, release, near, reason, floor, answers, engine_of)

    def finding(self, row: int) -> Finding:
        """The whole finding for one session (row of the session table, 0-based)."""
        return diagnose(self.case(row))

    def needs_cause(self, row: int) -> bool:
        """Whether a cause is looked for at all."""
        return needs_cause(self.case(row))

    def judge_all(self, progress: Progress | None = None, only: Sequence[int] | None = None) -> pl.DataFrame:
        """One row a session, in table order: the columns of `JUDGED`. `only` are the rows to judge (None: all).

        The rules of every session are matched in bulk; what needs a cause is then diagnosed. Raises `Cancelled`.
        """
        progress = progress or silent()
        chosen = None if only is None else pl.Series("row", sorted(only), dtype=pl.UInt32)
        judged = self._matched_rules(progress, chosen)
        rows = self.rows_needing_cause()
        if only is not None:
            rows = rows[np.isin(rows, np.array(sorted(only), dtype=np.int64))]
        numbers, first, classes = self._alike(rows)
        answers: dict[int, Answers] = {}
        self.groups = len(first)
        found: dict[str, list[object]] = {name: [] for name in JUDGED}
        sessions = self.site.sessions.sessions(rows[first].tolist())
        for done, (session, number) in enumerate(zip(sessions, classes[first].tolist(), strict=True)):
            if done % 64 == 0:
                progress.step("judging sessions", done, len(first))
            for name, value in self._judged_by(session, answers.setdefault(number, Answers())).items():
                found[name].append(value)
        progress.step("judging sessions", len(first), len(first))
        diagnosed = pl.DataFrame(found, schema=JUDGED)[pl.Series(numbers, dtype=pl.UInt32)]
        diagnosed = diagnosed.with_columns(pl.Series("row", rows, dtype=pl.UInt32))
        return judged.update(diagnosed, on="row", how="left", include_nulls=True).select(list(JUDGED))

    def _judged_by(self, session: Session, answers: Answers) -> dict[str, object]:
        case = self.case_of(session, near=0, answers=answers)
        found = judgement(case)
        judged: dict[str, object] = {
            "outcome": case.outcome.value,
            "cause": found.cause,
            "variant": found.variant,
            "confidence": found.confidence,
            "denied_by": found.denied_by,
        }
        for rulebase, look in look_ups(case).items():
            judged[f"{rulebase}_rule"] = look.rule.name if look.rule is not None else None
        return judged

    def _alike(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        """The groups of sessions that one diagnosis serves: each row's group, a place in `rows` for each group, and
        a number for each row that is the same where the rules answer the same."""
        engines = list(self._engines_of(rows))
        if any(engine.answers.tests for _, engine in engines if engine is not None):  # they are about single sessions
            numbers = classes = np.arange(len(rows))
        else:
            numbers, classes = alike(self.related, rows, engines)
        numbers = numbers * 2 + self._looked_into(rows)
        _, first, numbers = np.unique(numbers, return_index=True, return_inverse=True)
        return numbers.astype(np.int64), first.astype(np.int64), classes

    def _looked_into(self, rows: Rows) -> Rows:
        """1 for rows that are judged with all logs, 0 for those judged without; never mixed in one diagnosis."""
        if self.site.fetched is None:
            return np.ones(len(rows), dtype=np.int64)
        return np.isin(rows, np.array(sorted(self.site.fetched), dtype=np.int64)).astype(np.int64)

    def _engines_of(self, rows: Rows) -> Iterator[tuple[Rows, Engine | None]]:
        """The places in `rows` that each policy judges."""
        keys = ("serial", "vsys", "config_version")
        part = self.site.sessions.frame[pl.Series(rows, dtype=pl.UInt32)].select(keys).with_row_index("place")
        for (serial, vsys, version), places in part.group_by(*keys, maintain_order=True):
            release = self.firewalls.release(serial, version)
            yield places["place"].to_numpy().astype(np.int64), self.engine_for(serial, vsys, release)

    def rows_needing_cause(self) -> Rows:
        """The rows that ended in a way that a cause explains."""
        discarded = self.site.sessions.frame.select(discarded_expression())["discarded"]
        wanted = self._outcomes.is_in([Outcome.ALLOWED_THEN_DENIED.value, Outcome.DECRYPTION_BLOCK.value])
        return (wanted | discarded).arg_true().to_numpy().astype(np.int64)

    def _matched_rules(self, progress: Progress, only: pl.Series | None = None) -> pl.DataFrame:
        """Outcome and the three matched rules of every session (of the rows `only`), and its row number; no verdicts yet."""
        frame = self.site.sessions.frame
        chosen = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias("row") if only is None else only
        names = {f"{rulebase}_rule": pl.lit(None, JUDGED["security_rule"]) for rulebase in RULEBASES}
        parts = []
        for places, engine in self._engines_of(chosen.to_numpy().astype(np.int64)):
            if engine is None:
                continue
            rows = chosen.gather(places)
            matched = match_all(engine, frame[rows], logged=True, progress=progress)
            parts.append(
                rows.to_frame().with_columns(
                    _rule_names(engine, rulebase, matched[f"{rulebase}_rule"]) for rulebase in RULEBASES
                )
            )
        empty = chosen.to_frame().with_columns(**names)
        ruled = empty.update(pl.concat(parts), on="row", how="left") if parts else empty
        others = {name: pl.lit(None, dtype=kind).alias(name) for name, kind in JUDGED.items() if name not in names}
        return ruled.with_columns(**others).with_columns(outcome=self._outcomes[chosen])


def _rule_names(engine: Engine, rulebase: Rulebase, indices: pl.Series) -> pl.Series:
    """The names behind rule indices; -1 is none."""
    rules = [rule.name for rule in engine.policy.rules.get(rulebase, ())]
    names = pl.Series([*rules, None], dtype=JUDGED["security_rule"])
    places = pl.select(pl.when(indices < 0).then(len(rules)).otherwise(indices).cast(pl.UInt32).alias("at"))["at"]
    return names.gather(places).alias(f"{rulebase}_rule")
