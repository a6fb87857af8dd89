"""One session with everything that can be asked about it: look-ups, the rule that moved, rows that belong to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import cast

from whydeny.model.applications import Application
from whydeny.model.configuration import AuthenticationObject, DecryptionProfile, Policy, Rule, Rulebase
from whydeny.model.flags import Flag
from whydeny.model.protocols import TCP
from whydeny.model.release import Release
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.lookup import Certainty, Flow, LookUp, RuleTrace, narrowed
from whydeny.policy.questions import Moving, decryption_profile_of, enforcement_of, moving_members, named_applications
from whydeny.verdict.device import Tested, tested
from whydeny.verdict.finding import Outcome
from whydeny.verdict.outcome import ENDED_STATES
from whydeny.verdict.related import Related
from whydeny.verdict.surroundings import Surroundings

NOT_IDENTIFIED = frozenset({"incomplete", "insufficient-data", "not-applicable"})
HANDSHAKE_APPLICATIONS = frozenset({"ssl", *NOT_IDENTIFIED})
# Criteria whose value can't change while a session lives, so that a session once allowed by a rule fits them still.
FIXED = frozenset({"from", "to", "rule-type", "protocol", "target"})
ADDRESS_FIELDS = frozenset({"source", "destination"})


NO_CONFIGURATION = "no configuration of this firewall among the inputs"


def no_policy(rulebase: Rulebase, reason: str = "") -> LookUp:
    """The answer of a rulebase that nobody gave, or of which nothing tells whose is meant."""
    return LookUp(rulebase, None, Certainty.UNKNOWN, reason=reason or NO_CONFIGURATION)


def _allows(rule: Rule | None) -> bool:
    return rule is not None and rule.action == "allow"


@dataclass(frozen=True, slots=True)
class Shift:
    """What moved the session from the rule that allowed it to the rule that the look-up ends at.

    `fields` are the criteria that account for it; `fixed` those among the misses that can't have changed while
    the session lived, which means that the configuration is not the one that allowed it.
    """

    fields: frozenset[str]
    fixed: frozenset[str]


@dataclass(slots=True)
class Answers:
    """What the rules say of a session, as it is worked out; sessions that they can't tell apart may share it."""

    look_ups: dict[Rulebase, LookUp] = field(default_factory=dict)
    traces: dict[int, RuleTrace] = field(default_factory=dict)


class Case(Surroundings):
    """A session under diagnosis. Everything is worked out when first asked, and only once."""

    def __init__(
        self,
        session: Session,
        outcome: Outcome,
        related: Related,
        engine: Engine | None,
        release: Release | None,
        near: int = 8,
        no_policy_reason: str = "",
        floor: Release | None = None,
        answers: Answers | None = None,
        engine_of: Callable[[str], Engine | None] = lambda _: None,
    ) -> None:
        super().__init__(session, related)
        self.outcome = outcome
        # Rules as compiled are looked up and shown; what a verdict leans on, logging and what services are, is not in them.
        self.compiled = engine if engine is not None and engine.policy.compiled else None
        self.engine = engine if self.compiled is None else None
        self.release = release
        self._near = near
        self._no_policy_reason = no_policy_reason
        self._answers = Answers() if answers is None else answers
        self._floor = floor
        self.engine_of = engine_of  # of another virtual system of the same firewall

    # --- the row

    @property
    def application(self) -> str:
        """The final application, in lower case; empty if the row has none."""
        return (self.session.application or "").lower()

    @property
    def user(self) -> str | None:
        """The user of the row; None where the firewall knew none or the row does not say."""
        return self.flow.user or None

    @property
    def identified(self) -> bool:
        """Whether App-ID settled on an application."""
        return bool(self.application) and self.application not in NOT_IDENTIFIED

    @property
    def short(self) -> bool:
        """Whether the session died about when its handshake did: at most 5 s and few packets."""
        seconds, packets = self.session.elapsed, self.session.packets
        return (seconds is None or seconds <= 5) and (packets is None or packets <= 40)

    @property
    def long(self) -> bool:
        """Whether the session lived for a minute or more."""
        return (self.session.elapsed or 0) >= 60

    @property
    def inner_application(self) -> bool:
        """Whether App-ID saw what is inside the TLS, which means that the handshake worked."""
        return bool(self.session.decrypted) and self.identified and self.application != "ssl"

    @property
    def discarded(self) -> bool:
        """Whether the session table holds it in state DISCARD, or shows that it was refused and is over."""
        state = (self.session.state or "").upper()
        return state == "DISCARD" or (state in ENDED_STATES and self.session.end_reason == "policy-deny")

    @property
    def named_rule(self) -> str:
        """The rule that the row names, for sentences."""
        if self.session.live and self.logged is not None:
            return self.logged.name  # a discarded session may show the rule that refused it
        return self.session.rule or "a rule that the row doesn't name"

    def flag(self, flag: Flag) -> bool | None:
        """Whether a flag is set; None where the row has no flags."""
        return flag in self.session.flags if self.session.flags_known else None

    def at_least(self, major: int, minor: int = 0) -> bool | None:
        """Whether the release is `major.minor` or newer; None if it isn't known.

        Where nothing tells the release, the columns of the log still tell which one it is at least.
        """
        wanted = Release(major, minor)
        if self.release is None:
            return True if self._floor is not None and self._floor >= wanted else None
        return self.release >= wanted

    # --- the look-ups

    @cached_property
    def flow(self) -> Flow:
        """The row's final values."""
        return flow_of(self.session)

    @property
    def policy(self) -> Policy | None:
        """The policy of the row's virtual system."""
        return self.engine.policy if self.engine else None

    def look_up(self, rulebase: Rulebase) -> LookUp:
        """The rule of a rulebase for the row's final values, from the configuration alone."""
        if self.engine is None:
            return no_policy(rulebase, self._no_policy_reason)
        found = self._answers.look_ups
        if rulebase not in found:
            found[rulebase] = self.engine.look_up(rulebase, self.flow, near=self._near)
        return found[rulebase]

    def shown(self, rulebase: Rulebase) -> LookUp:
        """What is shown of a rulebase: the answer that the verdict goes by, or that of the rules as compiled."""
        if self.compiled is None:
            return {
                Rulebase.SECURITY: lambda: self.security,
                Rulebase.DECRYPTION: lambda: self.decryption,
                Rulebase.AUTHENTICATION: lambda: self.authentication,
            }[rulebase]()
        found = self._answers.look_ups
        if rulebase not in found:
            found[rulebase] = self.compiled.look_up(rulebase, self.flow, near=self._near)
        return found[rulebase]

    @cached_property
    def security(self) -> LookUp:
        """The security rulebase's answer, with what the row proves of rules that the inputs leave open.

        The row names the rule of the first look-up. An earlier rule that asks for nothing but open addresses, users or
        hosts did not match then; of a session that was refused later, only a silent refusal may have begun to match
        since: an allow rule would not have refused it, and a logging one would have left its own name in the row.
        """
        look = self.look_up(Rulebase.SECURITY)
        if Rulebase.SECURITY in self.tested:
            return self.tested[Rulebase.SECURITY].look
        if self.engine is None or not look.possible or self.logged is None:
            return look
        at_first = self.engine.look_up(Rulebase.SECURITY, self.flow, allowed_by=self.logged.name, near=0)
        if self.outcome is not Outcome.ALLOWED_THEN_DENIED and not self.session.live:
            return replace(at_first, near=look.near)
        open_at_first = {rule.number for rule in at_first.possible}
        kept = [
            trace
            for trace in look.possible_traces
            if (not trace.rule.log_end if trace.rule.action != "allow" else trace.rule.number in open_at_first)
        ]
        return narrowed(look, tuple(kept))

    @cached_property
    def decryption(self) -> LookUp:
        """The decryption rulebase's answer; a decryption-log row of the session names its rule, and a decrypted
        session was not taken by a rule that does not decrypt."""
        if Rulebase.DECRYPTION in self.tested:
            return self.tested[Rulebase.DECRYPTION].look
        look = self.look_up(Rulebase.DECRYPTION)
        if not look.possible:
            return look
        names = {row["decryption_rule"] for row in self.decryption_rows if row.get("decryption_rule")}
        proved = next((trace for trace in look.possible_traces if trace.rule.name in names), None)
        if proved is not None:
            return replace(narrowed(look, ()), rule=proved.rule, trace=proved, certainty=Certainty.CERTAIN)
        if look.rule is not None and look.rule.name in names:
            return narrowed(look, ())
        if self.session.decrypted:
            return narrowed(look, tuple(t for t in look.possible_traces if t.rule.action.startswith("decrypt")))
        return look

    @cached_property
    def authentication(self) -> LookUp:
        """The authentication rulebase's answer."""
        if Rulebase.AUTHENTICATION in self.tested:
            return self.tested[Rulebase.AUTHENTICATION].look
        return self.look_up(Rulebase.AUTHENTICATION)

    @cached_property
    def tested(self) -> dict[Rulebase, Tested]:
        """The rulebases for which the firewall's own test of this session is among the inputs."""
        found: dict[Rulebase, Tested] = {}
        if self.engine is None or not self.engine.answers.tests:
            return found
        refused = self.session.live or self.outcome is Outcome.ALLOWED_THEN_DENIED
        one_flow = refused and self.related.one_refused_flow
        for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
            look = self.look_up(rulebase)
            answer = tested(self.engine, self.session, self.flow, rulebase, look, one_flow)
            if answer is not None:
                found[rulebase] = answer
        return found

    @cached_property
    def logged(self) -> Rule | None:
        """The rule that the row names (by its uuid, else its name) as the configuration has it.

        A discarded session may show the rule that refused it, and in a list of the command line it shows none; the rule
        that let its first packets through is then looked up with the application and category still open.
        """
        if self.engine is None:
            return None
        if not self.session.rule:
            first = self._first_look_up(self.engine) if self.discarded else None
            return (
                first.rule
                if first is not None and first.certainty is Certainty.CERTAIN and _allows(first.rule)
                else None
            )
        rule = self.engine.rule_named(Rulebase.SECURITY, self.session.rule, self.session.rule_uuid)
        if rule is not None and rule.action != "allow" and self.session.live:
            first = self._first_look_up(self.engine)
            return first.rule if _allows(first.rule) else rule
        return rule

    def _first_look_up(self, engine: Engine) -> LookUp:
        """The security rule for the first packets, before there is an application or a category."""
        return engine.look_up(Rulebase.SECURITY, replace(self.flow, application=None, category=None), near=0)

    @property
    def logged_trace(self) -> RuleTrace | None:
        """The logged rule against the final values."""
        if self.engine is None or self.logged is None:
            return None
        found = self._answers.traces
        if self.logged.number not in found:
            found[self.logged.number] = self.engine.explain_rule(self.logged, self.flow)
        return found[self.logged.number]

    @property
    def evaluated(self) -> Rule | None:
        """The security rule that certainly takes the final values."""
        return self.security.rule

    @property
    def refuser(self) -> Rule | None:
        """The evaluated rule where it refuses."""
        rule = self.evaluated
        return rule if rule is not None and rule.action != "allow" else None

    @property
    def still_allowed(self) -> bool:
        """Whether the look-up certainly ends at an allow rule."""
        rule = self.evaluated
        return rule is not None and rule.action == "allow" and self.security.action_certain

    @property
    def same_rule(self) -> bool:
        """Whether the look-up ends at the very rule that the row names."""
        return self.evaluated is not None and self.logged is not None and self.evaluated.number == self.logged.number

    @property
    def may_refuse(self) -> tuple[RuleTrace, ...]:
        """Earlier rules that refuse and can't be judged from the inputs."""
        return tuple(trace for trace in self.security.possible_traces if trace.rule.action != "allow")

    @cached_property
    def shift(self) -> Shift:
        """What moved the session off the rule that allowed it."""
        trace, refuser = self.logged_trace, self.refuser
        if trace is None:
            return Shift(frozenset(), frozenset())
        missed = {c.field for c in trace.criteria if c.result is Truth.NO_MATCH}
        rule = trace.rule
        if "application" in missed and set(rule.services) == {"application-default"}:
            missed.discard("service")  # the ports of other applications say nothing of this one
        fixed = {name for name in missed if name in FIXED}
        for name, members in (("source", rule.sources), ("destination", rule.destinations)):
            if name in missed and not self.moving(members):
                fixed.add(name)
        if "service" in missed and "application-default" not in rule.services:
            fixed.add("service")
        if "schedule" in missed and self._outside_at_start(rule):
            fixed.add("schedule")
        fields = missed - fixed
        if not missed and refuser is not None and (refuser.number or 0) < (rule.number or 0):
            fields = self._movable(refuser)
            if not fields:
                fixed = {"order"}
        return Shift(frozenset(fields), frozenset(fixed))

    def _movable(self, rule: Rule) -> set[str]:
        """Criteria of a rule above that may have begun to match while the session lived."""
        found = set()
        if rule.applications != ("any",):
            found.add("application")
        if rule.categories != ("any",):
            found.add("category")
        if rule.users != ("any",):
            found.add("source-user")
        if rule.source_hips != ("any",) or rule.destination_hips != ("any",):
            found.add("source-hip")
        if self.moving(rule.sources):
            found.add("source")
        if self.moving(rule.destinations):
            found.add("destination")
        if rule.schedule and self._outside_at_start(rule):
            found.add("schedule")
        if set(rule.services) == {"application-default"} and rule.applications == ("any",):
            found.add("service")
        return found

    def _outside_at_start(self, rule: Rule) -> bool:
        """Whether the schedule of a rule did not cover the session's start."""
        if self.engine is None or self.session.start is None:
            return False
        trace = self.engine.explain_rule(rule, replace(self.flow, at=self.session.start))
        return any(c.field == "schedule" for c in trace.misses())

    def moving(self, members: tuple[str, ...]) -> tuple[Moving, ...]:
        """Members of an address criterion whose addresses change without a commit."""
        if self.engine is None:
            return ()
        known = self.engine.memo
        key = ("moving", members)
        if key not in known:
            known[key] = moving_members(self.engine.policy, members)
        return cast("tuple[Moving, ...]", known[key])

    def named_applications(self, rule: Rule) -> frozenset[str]:
        """Every application that a rule names, groups and containers expanded."""
        if self.engine is None:
            return frozenset()
        known = self.engine.memo
        key = ("applications", rule.applications)
        if key not in known:
            known[key] = named_applications(self.engine.policy, rule, self.engine.applications, self.engine.catalog)
        return cast("frozenset[str]", known[key])

    def logged_unknowns(self) -> frozenset[str]:
        """Criteria of the logged rule that can't be judged from the inputs."""
        trace = self.logged_trace
        return frozenset(c.field for c in trace.unknowns()) if trace else frozenset()

    def criterion_detail(self, trace: RuleTrace | None, name: str) -> str:
        """What was wanted and what was there, of one criterion."""
        if trace is None:
            return ""
        return next((c.detail or f"wants {c.wanted}, had {c.had}" for c in trace.criteria if c.field == name), "")

    # --- objects

    def application_of(self, name: str) -> Application | None:
        """What is known of an application."""
        return self.engine.applications.get(name) if self.engine else None

    def enforcement(self, rule: Rule) -> AuthenticationObject | None:
        """The enforcement object of an authentication rule."""
        return enforcement_of(self.policy, rule) if self.policy else None

    def profile(self, rule: Rule) -> DecryptionProfile | None:
        """The decryption profile of a rule."""
        return decryption_profile_of(self.policy, rule) if self.policy else None

    @property
    def is_tcp(self) -> bool:
        """Whether the session is TCP."""
        return self.session.protocol == TCP


def moment_text(moment: datetime | None) -> str:
    """A time as it is written in evidence."""
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
