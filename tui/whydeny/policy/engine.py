"""Look a flow up in the rulebases of one policy: one walk decides and explains."""

from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import Policy, Rule, Rulebase
from whydeny.model.release import Release
from whydeny.policy.lookup import Flow, LookUp, RuleTrace


class Engine:
    """A policy compiled once; then `look_up` answers flow by flow.

    `release` may be None (unknown): what depends on it is then unknown unless both readings agree.
    """

    def __init__(
        self, policy: Policy, applications: ApplicationTable, answers: DeviceAnswers, release: Release | None
    ) -> None:
        raise NotImplementedError

    def look_up(self, rulebase: Rulebase, flow: Flow, allowed_by: str | None = None, near: int = 10) -> LookUp:
        """The rule that takes `flow`.

        `allowed_by` names the rule that the log row says matched: an earlier any-application rule whose only
        unknowns are address, user or HIP criteria was then false at the first look-up and is pruned.
        """
        raise NotImplementedError

    def explain_rule(self, rule: Rule, flow: Flow) -> RuleTrace:
        """Every criterion of one rule against `flow`."""
        raise NotImplementedError

    def rule_named(self, rulebase: Rulebase, name: str, uuid: str | None = None) -> Rule | None:
        """The rule of that uuid, else of that name; None if the policy has neither."""
        raise NotImplementedError
