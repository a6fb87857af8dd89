"""Explain one row for the panes: the finding, and what each rulebase has to show."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

from whydeny.model.configuration import Rulebase
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.lookup import Certainty, Flow, LookUp
from whydeny.ui.rule_lines import RuleChoice
from whydeny.verdict.finding import Finding
from whydeny.verdict.judge import Judge

RULEBASES = (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
KEPT = 512


@dataclass(frozen=True, slots=True)
class Explained:
    """A row with its finding, what each rulebase shows, and what walking a rulebase needs."""

    row: int
    finding: Finding
    choices: Mapping[Rulebase, RuleChoice]
    engine: Engine | None
    flow: Flow

    def walk(self, choice: RuleChoice, steps: int) -> RuleChoice:
        """The same answer with the rule `steps` below the one that is looked at; 0 goes back to the one that
        matched. The ends of the rulebase stop the walk."""
        if steps == 0 or self.engine is None:
            return replace(choice, walked=None)
        rules = self.engine.policy.rules.get(choice.answer.rulebase, ())
        if not rules:
            return choice
        here = choice.trace.rule.number if choice.trace else (0 if steps > 0 else len(rules) + 1)
        number = min(max(here + steps, 1), len(rules))
        return self.at(choice, number)

    def at(self, choice: RuleChoice, number: int) -> RuleChoice:
        """The same answer with rule `number` (from 1) of its rulebase looked at."""
        if self.engine is None:
            return choice
        rules = self.engine.policy.rules.get(choice.answer.rulebase, ())
        found = next((rule for rule in rules if rule.number == number), None)
        if found is None:
            return choice
        if choice.answer.rule is not None and choice.answer.rule.number == number:
            return replace(choice, walked=None)
        return replace(choice, walked=self.engine.explain_rule(found, self.flow))


class Explainer:
    """Explains rows, and keeps the last ones; may be asked from any thread, one row at a time."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._kept: OrderedDict[int, Explained] = OrderedDict()
        self._lock = Lock()

    def known(self, row: int) -> Explained | None:
        """The row's explanation if it is at hand."""
        return self._kept.get(row)

    def explain(self, row: int) -> Explained:
        """The row's explanation."""
        with self._lock:
            known = self._kept.get(row)
            if known is None:
                known = self._explain(row)
                self._kept[row] = known
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return known

    def _explain(self, row: int) -> Explained:
        finding = self._judge.finding(row)
        engine = self._judge.engine_for(finding.session.serial, finding.session.vsys)
        flow = flow_of(finding.session)
        choices = {rulebase: _choice(finding, rulebase, engine, flow) for rulebase in RULEBASES}
        return Explained(row, finding, choices, engine, flow)


def _choice(finding: Finding, rulebase: Rulebase, engine: Engine | None, flow: Flow) -> RuleChoice:
    answer = finding.lookups.get(rulebase) or LookUp(
        rulebase, None, Certainty.UNKNOWN, reason="not looked up for this session"
    )
    total = len(engine.policy.rules.get(rulebase, ())) if engine is not None else 0
    session = finding.session
    if rulebase is not Rulebase.SECURITY or not session.rule or engine is None:
        return RuleChoice(answer, total=total)
    logged = engine.rule_named(rulebase, session.rule, session.rule_uuid)
    if logged is not None and answer.rule is not None and logged.number == answer.rule.number:
        return RuleChoice(answer, total=total)
    trace = engine.explain_rule(logged, flow) if logged is not None else None
    return RuleChoice(answer, logged=trace, logged_name=session.rule, total=total)
