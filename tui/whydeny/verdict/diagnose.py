"""From the causes' answers to one verdict: order, caps, alternatives, exclusions, what is missing."""

from dataclasses import dataclass, replace

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rulebase
from whydeny.policy.lookup import LookUp
from whydeny.verdict.case import Case
from whydeny.verdict.catalogue import UNEXPLAINED, Entry, catalogue
from whydeny.verdict.cause import Answer, CantTell, Held, RuledOut, confidence
from whydeny.verdict.commands import commands_for
from whydeny.verdict.finding import Alternative, Basis, Evidence, Exclusion, Finding, Outcome, Verdict
from whydeny.verdict.grounds import row_trail, rule_trail
from whydeny.verdict.plain import plain_verdict, refused_by
from whydeny.verdict.standing import HIGHEST, ROW_ONLY, Standing, standing

OUTRANKS_FROM = 0.45  # a cause of the session's kind stands before its criterion from this confidence on
ALTERNATIVES = 4
# Another cause that holds by itself lowers the verdict by RIVALRY times what it has above RIVAL_FROM.
RIVAL_FROM, RIVALRY = 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict in four values, as the session table shows it."""

    cause: str | None
    variant: str | None
    confidence: float
    denied_by: str | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    entry: Entry
    answer: Held | CantTell
    confidence: float


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The causes' answers against each other: the verdict, what else could be it, and what lowered the confidence."""

    answers: dict[str, Answer]
    ground: Standing
    best: _Candidate
    rest: list[_Candidate]
    rival: _Candidate | None
    missing: tuple[str, ...]
    confidence: float

    @property
    def held(self) -> Held:
        """What the cause of the verdict says."""
        assert isinstance(self.best.answer, Held)
        return self.best.answer

    @property
    def open_causes(self) -> list[CantTell]:
        """The answers of the causes that can't be told."""
        return [candidate.answer for candidate in self.rest if isinstance(candidate.answer, CantTell)]


def needs_cause(case: Case) -> bool:
    """Whether the session ended in a way that a cause explains."""
    if case.outcome in (Outcome.ALLOWED_THEN_DENIED, Outcome.DECRYPTION_BLOCK):
        return True
    return case.discarded and refused_by(case) is None


def diagnose(case: Case) -> Finding:
    """Everything that is found out about one session."""
    lookups = look_ups(case)
    if not needs_cause(case):
        return Finding(case.session, case.outcome, plain_verdict(case), (), (), lookups, case.session.rule)
    weighed = _weigh(case)
    excluded = tuple(
        Exclusion(name, answer.because) for name, answer in weighed.answers.items() if isinstance(answer, RuledOut)
    )
    unexplained = weighed.best.entry.id == UNEXPLAINED
    verdict = _unexplained(case, weighed) if unexplained else _verdict(case, weighed)
    alternatives = _alternatives(weighed.rest, verdict)
    return Finding(case.session, case.outcome, verdict, alternatives, excluded, lookups, case.session.rule)


def judgement(case: Case) -> Judgement:
    """The same verdict as `diagnose` without its words, for judging many sessions."""
    if not needs_cause(case):
        verdict = plain_verdict(case)
        return Judgement(verdict.cause, verdict.variant, verdict.confidence, verdict.denied_by)
    weighed = _weigh(case)
    cause, held = weighed.best.entry.id, weighed.held
    if cause == UNEXPLAINED:
        return Judgement(cause, None, weighed.confidence, None)
    return Judgement(cause, held.variant, weighed.confidence, held.denied_by)


def look_ups(case: Case) -> dict[Rulebase, LookUp]:
    """The answers of the three rulebases."""
    return {base: case.shown(base) for base in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)}


def _weigh(case: Case) -> _Weighed:
    answers = {entry.id: entry.check(case) for entry in catalogue().values()}
    ground = standing(case)
    candidates = _candidates(answers, ground)
    best = _best(candidates)
    rest = [candidate for candidate in candidates if candidate is not best]
    rival = _rival(best, rest)
    if rival is not None:
        best = replace(best, confidence=best.confidence - RIVALRY * (rival.confidence - RIVAL_FROM))
    if best.entry.id == UNEXPLAINED:
        missing = _missing_of_all(rest, ground)
        confidence = _how_unexplained(case, rest, ground, bool(missing))
    else:
        assert isinstance(best.answer, Held)
        missing = tuple(dict.fromkeys((*best.answer.missing, *ground.missing)))
        confidence = best.confidence
    return _Weighed(answers, ground, best, rest, rival, missing, _round(confidence))


def _candidates(answers: dict[str, Answer], ground: Standing) -> list[_Candidate]:
    """What could be it, most likely first."""
    found = []
    for name, answer in answers.items():
        if isinstance(answer, Held):
            value = confidence(answer.base, answer.evidence)
        elif isinstance(answer, CantTell):
            value = answer.base
        else:
            continue
        found.append((value, _Candidate(catalogue()[name], answer, limited(value, ground.cap))))
    # By what the evidence says: a cap may level them.
    return [candidate for _, candidate in sorted(found, key=lambda item: (-item[0], item[1].entry.id))]


def limited(value: float, cap: float) -> float:
    """A confidence under a cap. Doubt about the configuration shrinks it rather than cutting it off, so that the best
    evidence alone reaches the cap; with nothing but a row there is little to tell apart, and it is cut off."""
    return min(value, cap) if cap in (HIGHEST, ROW_ONLY) else min(value, HIGHEST) * cap / HIGHEST


def _best(candidates: list[_Candidate]) -> _Candidate:
    """The verdict: the likeliest cause that holds, or the one of the session's kind that stands before it."""
    held = [candidate for candidate in candidates if isinstance(candidate.answer, Held)]
    best = held[0]
    for _ in held:
        above = [
            candidate
            for candidate in held
            if best.entry.id in candidate.entry.cause.outranks and candidate.confidence >= OUTRANKS_FROM
        ]
        if not above:
            break
        best = above[0]
    return best


def _rival(best: _Candidate, rest: list[_Candidate]) -> _Candidate | None:
    """The likeliest other cause that holds and does not describe the same event on another level."""
    for other in rest:
        causes = (best.entry, other.entry)
        same_event = any(a.id in b.cause.outranks for a, b in (causes, causes[::-1]))
        if isinstance(other.answer, Held) and not same_event and other.entry.id != UNEXPLAINED:
            return other if other.confidence > RIVAL_FROM and best.entry.id != UNEXPLAINED else None
    return None


def _round(value: float) -> float:
    return round(value + 1e-9, 2)


def _verdict(case: Case, weighed: _Weighed) -> Verdict:
    answer, cause = weighed.held, weighed.best.entry.cause
    evidence = [_traced(case, item) for item in (*answer.evidence, *_tested(case))]
    return Verdict(
        headline=answer.headline,
        cause=weighed.best.entry.id,
        title=cause.title,
        variant=answer.variant,
        confidence=weighed.confidence,
        confidence_why=_why(answer, weighed.ground, weighed.rival),
        denied_by=answer.denied_by,
        supports=tuple(item for item in evidence if item.weight > 0),
        contradicts=tuple(item for item in evidence if item.weight <= 0),
        missing=weighed.missing,
        fix=answer.fix,
        fix_at=answer.fix_at,
        commands=(*answer.commands, *commands_for(case)),
        references=cause.references,
    )


def _tested(case: Case) -> list[Evidence]:
    """What the firewall's own tests of the session say, for or against the files."""
    found = []
    for tested in case.tested.values():
        rule = tested.look.rule
        trail = rule_trail(rule) if rule is not None else None
        found.append(Evidence(tested.text, -0.3 if tested.differs else 0.2, Basis.ROW, trail))
    return found


def _traced(case: Case, item: Evidence) -> Evidence:
    """Evidence that names no place of its own rests on the rule that takes the session, or on the session's row."""
    if item.trail is not None:
        return item
    rule = case.evaluated or case.logged
    if item.basis in (Basis.RULE, Basis.DEDUCTION) and rule is not None:
        return replace(item, trail=rule_trail(rule))
    return replace(item, trail=row_trail("traffic", case.session.row))


def _why(answer: Held, ground: Standing, rival: _Candidate | None) -> str:
    """What raised the confidence and what lowered it, in one line."""
    raised = [item.text for item in answer.evidence if item.weight > 0][:2]
    lowered = [item.text for item in answer.evidence if item.weight < 0][:2]
    parts = []
    if raised:
        parts.append("raised by: " + "; ".join(raised))
    if rival is not None:
        lowered.append(f"{rival.entry.id} holds too")
    if lowered:
        parts.append("lowered by: " + "; ".join(lowered))
    if ground.reasons:
        parts.append(f"at most {ground.cap:g}: " + "; ".join(ground.reasons))
    return " | ".join(parts)


def _missing_of_all(rest: list[_Candidate], ground: Standing) -> tuple[str, ...]:
    """What would settle whether one of the causes that can't be told is it after all."""
    missing = [*ground.missing]
    for candidate in rest:
        if isinstance(candidate.answer, CantTell) and candidate.answer.base >= 0.1:
            missing.append(candidate.answer.settle)
    return tuple(dict.fromkeys(missing))


def _how_unexplained(case: Case, rest: list[_Candidate], ground: Standing, missing: bool) -> float:
    """How sure it is that nothing among the causes fits."""
    weightiest = max((candidate.confidence for candidate in rest), default=0.0)
    doubtful = sum(isinstance(candidate.answer, CantTell) and candidate.confidence >= 0.1 for candidate in rest)
    covered = case.related.log(Kind.SYSTEM).covers(case.session.end, case.session.serial)
    sure = (0.85 if covered else 0.58) - 0.8 * weightiest - 0.05 * doubtful
    cap = min(ground.cap, 0.5) if missing or ground.cap < 0.9 else 0.8
    return max(0.1, min(sure, cap))


def _unexplained(case: Case, weighed: _Weighed) -> Verdict:
    """The honest answer: what was ruled out, and what to fetch next."""
    answer, cause, ground = weighed.held, weighed.best.entry.cause, weighed.ground
    evidence = [_traced(case, item) for item in (*answer.evidence, *_tested(case))]
    ruled_out = sum(isinstance(item, RuledOut) for item in weighed.answers.values())
    why = f"{ruled_out} of {len(weighed.answers) - 1} causes are ruled out"
    if weighed.open_causes:
        why += f", {len(weighed.open_causes)} can't be told from these inputs"
    if ground.reasons:
        why += "; " + "; ".join(ground.reasons)
    return Verdict(
        headline=answer.headline,
        cause=weighed.best.entry.id,
        title=cause.title,
        confidence=weighed.confidence,
        confidence_why=why,
        supports=tuple(item for item in evidence if item.weight > 0),
        contradicts=tuple(item for item in evidence if item.weight <= 0),
        missing=weighed.missing or ("show session id of a new attempt while it is discarded",),
        fix=answer.fix,
        commands=commands_for(case),
        references=cause.references,
    )


def _alternatives(rest: list[_Candidate], verdict: Verdict) -> tuple[Alternative, ...]:
    """What else it could be, likeliest first, with the one observation that would turn the verdict."""
    found = []
    lower = catalogue()[verdict.cause].cause.outranks if verdict.cause else ()

    def order(candidate: _Candidate) -> tuple[bool, float]:
        same_event = isinstance(candidate.answer, Held) and candidate.entry.id in lower
        return not same_event, -candidate.confidence

    ordered = sorted(rest, key=order)
    for candidate in ordered:
        if candidate.entry.id == UNEXPLAINED or candidate.confidence < 0.02:
            continue
        answer = candidate.answer
        turn = answer.flips_if if isinstance(answer, Held) else answer.settle
        if not order(candidate)[0]:
            turn += " (the same refusal, named by its criterion)"
        value = _round(min(candidate.confidence, max(verdict.confidence - 0.01, 0.01)))
        found.append(Alternative(candidate.entry.id, value, turn))
    if not found and verdict.cause != UNEXPLAINED:
        turn = "the device's own test security-policy-match ending at another rule than this look-up"
        found.append(Alternative(UNEXPLAINED, _round(max(0.02, min(0.3, 1 - verdict.confidence))), turn))
    return tuple(found[:ALTERNATIVES])
