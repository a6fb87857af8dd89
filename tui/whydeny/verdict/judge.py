"""Judge sessions of a site: outcome of every row, finding of one, verdict columns of all."""

from functools import cached_property

import polars as pl

from whydeny.model.applications import ApplicationTable
from whydeny.model.progress import Progress, silent
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.policy.assemble import assemble
from whydeny.policy.engine import Engine
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.verdict.case import Case
from whydeny.verdict.diagnose import diagnose, needs_cause
from whydeny.verdict.finding import Finding, Outcome
from whydeny.verdict.firewalls import Firewalls
from whydeny.verdict.outcome import OUTCOMES, outcome_expression
from whydeny.verdict.related import Related

JUDGED = {
    "outcome": OUTCOMES,
    "cause": pl.Categorical(),
    "variant": pl.Categorical(),
    "confidence": pl.Float32(),
    "denied_by": pl.Categorical(),
    "headline": pl.String(),
    "security_rule": pl.Categorical(),
    "decryption_rule": pl.Categorical(),
    "authentication_rule": pl.Categorical(),
}


class Judge:
    """Everything needed to judge the sessions of one site, prepared once.

    `release` overrides what the inputs say; `serial` and `device_group` choose whose policy a Panorama
    configuration makes. Raises `UsageError` where nothing tells whose policy is meant.
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
        self._engines: dict[tuple[str | None, str], Engine | None] = {}

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

    def engine_for(self, serial: str | None, vsys: str | None) -> Engine | None:
        """The compiled policy of that firewall and virtual system; None without a configuration."""
        name = vsys or "vsys1"
        key = (serial or self.serial, name)
        if key not in self._engines:
            self._engines[key] = self._build(*key)
        return self._engines[key]

    def _build(self, serial: str | None, vsys: str) -> Engine | None:
        configurations = self.firewalls.configurations(serial)
        if not configurations:
            return None
        policy = assemble(configurations, vsys, serial, self.device_group)
        return Engine(policy, self.applications, self.site.answers, self.firewalls.release(serial))

    def case(self, row: int) -> Case:
        """One session with everything that can be asked about it."""
        session = self.site.sessions.session(row)
        engine = self.engine_for(session.serial, session.vsys)
        release = self.firewalls.release(session.serial, session.config_version)
        return Case(session, Outcome(str(self._outcomes[row])), self.related, engine, release)

    def finding(self, row: int) -> Finding:
        """The whole finding for one session (row of the session table, 0-based)."""
        return diagnose(self.case(row))

    def needs_cause(self, row: int) -> bool:
        """Whether a cause is looked for at all."""
        return needs_cause(self.case(row))

    def judge_all(self, progress: Progress | None = None) -> pl.DataFrame:
        """One row a session, in table order: the columns of `JUDGED`."""
        progress = progress or silent()
        total = len(self.site.sessions)
        columns: dict[str, list[object]] = {name: [] for name in JUDGED}
        for row in range(total):
            if row % 256 == 0:
                progress.step("judging sessions", row, total)
            for name, value in self._judged(self.finding(row)).items():
                columns[name].append(value)
        progress.step("judging sessions", total, total)
        return pl.DataFrame(columns, schema=JUDGED)

    @staticmethod
    def _judged(finding: Finding) -> dict[str, object]:
        verdict = finding.verdict
        judged: dict[str, object] = {
            "outcome": finding.outcome.value,
            "cause": verdict.cause,
            "variant": verdict.variant,
            "confidence": verdict.confidence if verdict.cause else None,
            "denied_by": verdict.denied_by,
            "headline": verdict.headline,
        }
        for rulebase, look in finding.lookups.items():
            judged[f"{rulebase}_rule"] = look.rule.name if look.rule is not None else None
        return judged
