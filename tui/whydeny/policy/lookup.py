"""What a look-up is asked and what it answers: the flow, and the rule with the walk that led to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.truth import Truth


class Certainty(StrEnum):
    """How far a look-up can be trusted.

    `certain`: the rule matches and every rule above it does not. `conditional`: earlier rules can't be judged
    from the inputs. `unknown`: there is no rulebase to look into, or nothing certain to land on.
    """

    CERTAIN = "certain"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Flow:
    """What a rule is matched against. None is "not known": a criterion on it is unknown unless it is any.

    Addresses are 128-bit numbers (`model.addresses`), pre-NAT; `to_zone` is post-NAT; `protocol` is the IP number.
    `user` is `""` for "the firewall knows no user". `application` None means not identified yet: any application
    fits provisionally. The `source_…`, `destination_…` and `app_…` hints are the log row's own columns and settle
    what a configuration can't.
    """

    from_zone: str | None = None
    to_zone: str | None = None
    source: int | None = None
    destination: int | None = None
    protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    application: str | None = None
    user: str | None = None
    category: str | None = None
    decrypted: bool | None = None
    at: datetime | None = None
    source_country: str | None = None
    destination_country: str | None = None
    source_edl: str | None = None
    destination_edl: str | None = None
    source_dag: str | None = None
    destination_dag: str | None = None
    dynamic_user_group: str | None = None
    app_category: str | None = None
    app_subcategory: str | None = None
    app_technology: str | None = None
    app_risk: int | None = None
    app_characteristics: str | None = None
    app_container: str | None = None
    icmp_type: int | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of one rule, judged. `field` is PAN-OS's own word (`from`, `to`, `source`, `source-user`,
    `source-hip`, `application`, `service`, `category`, `schedule`, `rule-type`, `target`, …).

    `wanted` is what the rule asks, `had` what the flow brought, `detail` the sentence that says why
    ("application-default of web-browsing is tcp/80; this was tcp/443, in clear"), `settle` what would turn an
    unknown into an answer ("the members of external list edl-partners"). `matched` is the member that
    decided, with the path that led there (`("g-dns-servers", "h-dns-1", "10.1.0.10/32")`).
    """

    field: str
    result: Truth
    wanted: str
    had: str
    detail: str = ""
    settle: str = ""
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """A rule with every criterion judged, in the order that a screen shows them."""

    rule: Rule
    result: Truth
    criteria: tuple[Criterion, ...]

    def misses(self) -> tuple[Criterion, ...]:
        """The criteria that did not match."""
        return tuple(c for c in self.criteria if c.result is Truth.NO_MATCH)

    def unknowns(self) -> tuple[Criterion, ...]:
        """The criteria that could not be judged."""
        return tuple(c for c in self.criteria if c.result is Truth.UNKNOWN)


@dataclass(frozen=True, slots=True)
class LookUp:
    """The answer of one rulebase for one flow.

    `rule` is the first rule that certainly matches (None: none does); `possible` the earlier rules that can't be
    judged, in order; `reason` says in a sentence why there is nothing to look into (no configuration, no such
    rulebase in this release). `near` are the rules that failed on the fewest criteria, nearest first.
    """

    rulebase: Rulebase
    rule: Rule | None
    certainty: Certainty
    possible: tuple[Rule, ...] = ()
    trace: RuleTrace | None = None  # of `rule`
    possible_traces: tuple[RuleTrace, ...] = ()
    near: tuple[RuleTrace, ...] = ()
    reason: str = ""
    settle: tuple[str, ...] = ()  # what would settle the possible rules, without repeats
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def action_certain(self) -> bool:
        """Whether every rule that could apply says the same action."""
        if self.rule is None:
            return not self.possible
        return all(r.action == self.rule.action for r in self.possible)


def narrowed(look: LookUp, possible: tuple[RuleTrace, ...]) -> LookUp:
    """A look-up of which only these rules stay open, the rest being ruled out by evidence."""
    certainty = look.certainty
    if not possible and not look.reason:
        certainty = Certainty.CERTAIN
    settle = tuple(dict.fromkeys(c.settle for trace in possible for c in trace.unknowns() if c.settle))
    return replace(
        look,
        certainty=certainty,
        possible=tuple(trace.rule for trace in possible),
        possible_traces=possible,
        settle=settle,
    )
