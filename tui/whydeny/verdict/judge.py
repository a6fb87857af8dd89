"""Judge sessions of a site: outcome of every row, finding of one, verdict columns of all."""

from collections.abc import Sequence
from functools import cached_property

import polars as pl

from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress, silent
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.policy.assemble import assemble
from whydeny.policy.bulk import RULEBASES, match_all
from whydeny.policy.engine import Engine
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.verdict.case import Case
from whydeny.verdict.diagnose import diagnose, needs_cause
from whydeny.verdict.finding import Finding, Outcome
from whydeny.verdict.firewalls import Firewalls, same_line
from whydeny.verdict.outcome import OUTCOMES, outcome_expression
from whydeny.verdict.related import Related

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

    def _build(self, serial: str | None, vsys: str, release: Release | None) -> Engine | None:
        configurations = self.firewalls.configurations(serial)
        if not configurations:
            return None
        try:
            policy = assemble(configurations, vsys, serial, self.device_group)
        except UsageError as error:
            self.problems[serial, vsys] = str(error)
            return None
        return Engine(policy, self.applications, self.site.answers, release or self.firewalls.strict_floor(serial))

    def case(self, row: int, near: int = NEAR) -> Case:
        """One session with everything that can be asked about it; `near` misses of each rulebase are explained."""
        session = self.site.sessions.session(row)
        release = self.firewalls.release(session.serial, session.config_version)
        engine = self.engine_for(session.serial, session.vsys, release)
        reason = self.problems.get((session.serial or self.serial, session.vsys or "vsys1"), "")
        floor = self.firewalls.floor(session.file)
        return Case(session, Outcome(str(self._outcomes[row])), self.related, engine, release, near, reason, floor)

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
            rows = sorted(set(rows).intersection(only))
        found: dict[str, list[object]] = {name: [] for name in JUDGED}
        for number, row in enumerate(rows):
            if number % 64 == 0:
                progress.step("judging sessions", number, len(rows))
            for name, value in self._judged(diagnose(self.case(row, near=0))).items():
                found[name].append(value)
        progress.step("judging sessions", len(rows), len(rows))
        diagnosed = pl.DataFrame(found, schema=JUDGED).with_columns(pl.Series("row", rows, dtype=pl.UInt32))
        return judged.update(diagnosed, on="row", how="left", include_nulls=True).select(list(JUDGED))

    def rows_needing_cause(self) -> list[int]:
        """The rows that ended in a way that a cause explains."""
        state = self.site.sessions.frame["state"].cast(pl.String).str.to_lowercase()
        wanted = self._outcomes.is_in([Outcome.ALLOWED_THEN_DENIED.value, Outcome.DECRYPTION_BLOCK.value])
        return (wanted | (state == "discard").fill_null(False)).arg_true().to_list()

    def _matched_rules(self, progress: Progress, only: pl.Series | None = None) -> pl.DataFrame:
        """Outcome and the three matched rules of every session (of the rows `only`), and its row number; no verdicts yet."""
        frame = self.site.sessions.frame
        chosen = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias("row") if only is None else only
        names = {f"{rulebase}_rule": pl.lit(None, JUDGED["security_rule"]) for rulebase in RULEBASES}
        parts = []
        numbered = frame.select("serial", "vsys")[chosen].with_columns(chosen)
        for (serial, vsys), rows in numbered.group_by("serial", "vsys", maintain_order=True):
            engine = self.engine_for(serial, vsys)
            if engine is None:
                continue
            matched = match_all(engine, frame[rows["row"]], logged=True, progress=progress)
            parts.append(
                rows.select("row").with_columns(
                    _rule_names(engine, rulebase, matched[f"{rulebase}_rule"]) for rulebase in RULEBASES
                )
            )
        empty = chosen.to_frame().with_columns(**names)
        ruled = empty.update(pl.concat(parts), on="row", how="left") if parts else empty
        others = {name: pl.lit(None, dtype=kind).alias(name) for name, kind in JUDGED.items() if name not in names}
        return ruled.with_columns(**others).with_columns(outcome=self._outcomes[chosen])

    @staticmethod
    def _judged(finding: Finding) -> dict[str, object]:
        verdict = finding.verdict
        judged: dict[str, object] = {
            "outcome": finding.outcome.value,
            "cause": verdict.cause,
            "variant": verdict.variant,
            "confidence": verdict.confidence,
            "denied_by": verdict.denied_by,
        }
        for rulebase, look in finding.lookups.items():
            judged[f"{rulebase}_rule"] = look.rule.name if look.rule is not None else None
        return judged


def _rule_names(engine: Engine, rulebase: Rulebase, indices: pl.Series) -> pl.Series:
    """The names behind rule indices; -1 is none."""
    rules = [rule.name for rule in engine.policy.rules.get(rulebase, ())]
    names = pl.Series([*rules, None], dtype=JUDGED["security_rule"])
    places = pl.select(pl.when(indices < 0).then(len(rules)).otherwise(indices).cast(pl.UInt32).alias("at"))["at"]
    return names.gather(places).alias(f"{rulebase}_rule")
