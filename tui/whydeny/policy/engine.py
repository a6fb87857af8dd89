"""Look a flow up in the rulebases of one policy: one walk decides and explains."""

from collections.abc import Sequence
from itertools import chain

from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import Policy, Rule, Rulebase
from whydeny.model.release import Release
from whydeny.model.truth import Truth, all_of
from whydeny.policy.applications import Catalog
from whydeny.policy.compiled import CompiledRule, Compiler, places_by_name
from whydeny.policy.criteria import Part
from whydeny.policy.defaults import Defaults
from whydeny.policy.lookup import Certainty, Criterion, Flow, LookUp, RuleTrace
from whydeny.policy.names import Names
from whydeny.policy.running import with_compiled_members
from whydeny.policy.subject import Subject, prepare
from whydeny.policy.wording import several

PUSHED_MISSING = "Panorama-pushed rules are not among the inputs"
PUSHED_POLICY = "the Panorama-pushed policy"
NOT_SHOWN = "compiled rules show no schedule and no HIP profile, and the rule may have one"
_MOST_CRITERIA = 16  # no rule has more
_ZONE_PAIRS = 4096  # zone pairs whose candidate rules are kept


class _Walk:
    """What one look-up has worked out already, part by part."""

    def __init__(self, subject: Subject, size: int) -> None:
        self.subject = subject
        self._truths: list[Truth | None] = [None] * size
        self._criteria: dict[int, Criterion] = {}

    def truth(self, part: Part) -> Truth:
        found = self._truths[part.number]
        if found is None:
            found = self._truths[part.number] = part.decide(self.subject)
        return found

    def criterion(self, part: Part) -> Criterion:
        found = self._criteria.get(part.number)
        if found is None:
            found = self._criteria[part.number] = part.explain(self.subject)
        return found

    def decide(self, compiled: CompiledRule) -> Truth:
        """The rule's value; the first miss ends it."""
        found = Truth.MATCH
        truths = self._truths
        for part in compiled.checks:
            truth = truths[part.number] or self.truth(part)
            if truth is Truth.NO_MATCH:
                return truth
            if truth is Truth.UNKNOWN:
                found = truth
        return found

    def misses(self, compiled: CompiledRule, most: int) -> int:
        """How many criteria of the rule fail, counted up to one more than `most`."""
        count = 0
        truths = self._truths
        for part in compiled.checks:
            if (truths[part.number] or self.truth(part)) is Truth.NO_MATCH:
                count += 1
                if count > most:
                    break
        return count

    def trace(self, compiled: CompiledRule) -> RuleTrace:
        criteria = tuple(self.criterion(part) for part in compiled.parts)
        return RuleTrace(compiled.rule, all_of(c.result for c in criteria), criteria)


class Engine:
    """A policy compiled once; then `look_up` answers flow by flow.

    `release` may be None (unknown): what depends on it is then unknown unless both readings agree. `users_seen` are the
    names (lower case) that logs show to be users', so that no group has them.
    """

    def __init__(
        self,
        policy: Policy,
        applications: ApplicationTable,
        answers: DeviceAnswers,
        release: Release | None,
        users_seen: frozenset[str] = frozenset(),
    ) -> None:
        self.policy = policy
        self.applications = applications
        self.answers = answers
        self.release = release
        self.memo: dict[tuple[object, ...], object] = {}  # what callers worked out once for this policy
        self.catalog = Catalog(Names(policy.scopes), applications)
        self.defaults = Defaults(self.catalog, release)
        self.facts = with_compiled_members(policy, self.catalog.names, answers)
        self._compiler = Compiler(policy, self.catalog, self.facts, users_seen)
        self.compiled = {rulebase: self._compiler.compile(rules) for rulebase, rules in policy.rules.items()}
        self._places = {rulebase: places_by_name(rules) for rulebase, rules in self.compiled.items()}
        self._by_uuid = {r.uuid: r for rules in policy.rules.values() for r in reversed(rules) if r.uuid}
        self._by_name = {(base, r.name): r for base, rules in policy.rules.items() for r in reversed(rules)}
        self._by_identity = {id(c.rule): c for rules in self.compiled.values() for c in rules}
        self._candidates: dict[tuple[Rulebase, str | None, str | None], tuple[CompiledRule, ...]] = {}

    def prepare(self, flow: Flow) -> Subject:
        """The flow as the criteria look at it."""
        return prepare(flow, self.catalog, self.defaults)

    def look_up(self, rulebase: Rulebase, flow: Flow, allowed_by: str | None = None, near: int = 10) -> LookUp:
        """The rule that takes `flow`.

        `allowed_by` names the rule that the log row says matched: an earlier any-application rule whose only
        unknowns are address, user or HIP criteria was then false at the first look-up and is pruned.
        `near` is how many of the nearest misses are explained.
        """
        rules = self.compiled.get(rulebase, ())
        if not rules:
            return self._nothing_there(rulebase)
        walk = _Walk(self.prepare(flow), self._compiler.size)
        matched: CompiledRule | None = None
        possible: list[CompiledRule] = []
        for compiled in self._zone_candidates(rulebase, walk):
            truth = walk.decide(compiled)
            if truth is Truth.MATCH:
                matched = compiled
                break
            if truth is Truth.UNKNOWN:
                possible.append(compiled)
        extra: dict[str, str] = {}
        pruned = self._pruned(walk, possible, allowed_by) if rulebase is Rulebase.SECURITY and allowed_by else []
        if pruned:
            possible = [compiled for compiled in possible if compiled not in pruned]
            extra["pruned"] = (
                f"{several([c.rule.name for c in pruned])} can't have matched: it would have taken the first packet, "
                f"and the row names {allowed_by}"
            )
        traces = tuple(walk.trace(compiled) for compiled in possible)
        settle = [c.settle for trace in traces for c in trace.unknowns() if c.settle]
        certainty, reason = Certainty.CERTAIN, ""
        if possible or self.policy.pushed_missing:
            certainty = Certainty.UNKNOWN if matched is None else Certainty.CONDITIONAL
        if self.policy.pushed_missing:
            reason = PUSHED_MISSING
            settle.append(PUSHED_POLICY)
        if matched is not None and matched.index < self.not_all_shown(rulebase):
            certainty, reason = Certainty.CONDITIONAL, NOT_SHOWN
            settle.append(f"the configuration of rule {matched.rule.name} (show config running)")
        return LookUp(
            rulebase,
            None if matched is None else matched.rule,
            certainty,
            tuple(compiled.rule for compiled in possible),
            None if matched is None else walk.trace(matched),
            traces,
            self._nearest(walk, rulebase, matched, near),
            reason,
            tuple(dict.fromkeys(settle)),
            extra,
        )

    def explain_rule(self, rule: Rule, flow: Flow) -> RuleTrace:
        """Every criterion of one rule against `flow`; the rule need not be one of the policy's."""
        compiled = self._by_identity.get(id(rule)) or self._compiler.compile_one(rule)
        return _Walk(self.prepare(flow), self._compiler.size).trace(compiled)

    def rule_named(self, rulebase: Rulebase, name: str, uuid: str | None = None) -> Rule | None:
        """The rule of that uuid, else of that name; None if the policy has neither."""
        found = self._by_uuid.get(uuid or "")
        return found if found is not None and found.rulebase is rulebase else self._by_name.get((rulebase, name))

    def not_all_shown(self, rulebase: Rulebase) -> int:
        """How many rules, from the first on, may ask for more than is shown. What is shown can still rule them out."""
        if not self.policy.compiled:
            return 0
        return sum(not compiled.rule.is_default for compiled in self.compiled.get(rulebase, ()))

    def _nothing_there(self, rulebase: Rulebase) -> LookUp:
        if self.policy.pushed_missing:
            return LookUp(rulebase, None, Certainty.UNKNOWN, reason=PUSHED_MISSING, settle=(PUSHED_POLICY,))
        if rulebase not in self.policy.rules:
            reason = f"the {rulebase} rules of {self.policy.vsys} are not among the inputs"
            return LookUp(rulebase, None, Certainty.UNKNOWN, reason=reason, settle=(f"the {rulebase} rules",))
        return LookUp(rulebase, None, Certainty.CERTAIN, reason=f"the configuration has no {rulebase} rules")

    def _zone_candidates(self, rulebase: Rulebase, walk: _Walk) -> tuple[CompiledRule, ...]:
        """The rules that the zones alone do not rule out, in order."""
        key = (rulebase, walk.subject.from_zone, walk.subject.to_zone)
        found = self._candidates.get(key)
        if found is None:
            if len(self._candidates) >= _ZONE_PAIRS:
                self._candidates.clear()
            found = tuple(
                compiled
                for compiled in self.compiled[rulebase]
                if not any(walk.truth(part) is Truth.NO_MATCH for part in compiled.zone_checks)
            )
            self._candidates[key] = found
        return found

    def _pruned(self, walk: _Walk, possible: Sequence[CompiledRule], allowed_by: str) -> list[CompiledRule]:
        """The possible rules that the row itself rules out."""
        logged = self._places[Rulebase.SECURITY].get(allowed_by, -1)
        return [c for c in possible if c.index < logged and c.looked_at_first and _only_evident(walk, c)]

    def _nearest(
        self, walk: _Walk, rulebase: Rulebase, matched: CompiledRule | None, limit: int
    ) -> tuple[RuleTrace, ...]:
        """Traces of the rules that fail on the fewest criteria; an allow rule first where equal."""
        if limit <= 0:
            return ()
        rules = self.compiled[rulebase]
        ranked: list[tuple[int, bool, int]] = []
        most, with_count = _MOST_CRITERIA, [0] * (_MOST_CRITERIA + 1)
        # Those that the zones don't rule out come first, so that the rest are soon seen to be too far off.
        candidates = self._zone_candidates(rulebase, walk)
        taken = {compiled.index for compiled in candidates}
        for compiled in chain(candidates, (c for c in rules if c.index not in taken)):
            if compiled is matched or compiled.rule.is_default:
                continue
            count = walk.misses(compiled, most)
            if not 0 < count <= most:
                continue
            ranked.append((count, compiled.rule.action != "allow", compiled.index))
            with_count[count] += 1
            while sum(with_count[:most]) >= limit:  # enough are nearer than these
                most -= 1
        ranked.sort()
        return tuple(walk.trace(rules[index]) for _, _, index in ranked[:limit])


def _only_evident(walk: _Walk, compiled: CompiledRule) -> bool:
    return all(part.evident for part in compiled.checks if walk.truth(part) is Truth.UNKNOWN)
