"""What every cause of the policy look-up has in common: the hard rule-outs and the evidence they share."""

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Certainty
from whydeny.verdict.case import Case
from whydeny.verdict.cause import CantTell, Gathering, Held, RuledOut
from whydeny.verdict.events import COMMIT, Change
from whydeny.verdict.finding import Basis, Evidence, Outcome, Reference, Trail
from whydeny.verdict.hindsight import asked_before
from whydeny.verdict.references import PREDICT

# The criteria that causes of an application or a port turn on.
APPLICATION = frozenset({"application"})
PORTS = frozenset({"application", "service"})

LOOKUP_DENY = "appid policy lookup deny"

# What a control session announces (FTP data, the media of a call): let in by the control session, not by a rule.
ANNOUNCED = frozenset({"ftp-data", "h.245", "rtsp-data", "rsh-data", "tftp-data"})
_MEDIA = frozenset({"rtp", "rtcp", "rtp-base", "sip-rtp"})  # App-ID recognises these without a control session too
_NO_TUNNEL = frozenset({"", "n/a", "0", "none"})


def rule_trail(rule: Rule) -> Trail:
    """Where a rule can be seen."""
    return Trail("rule", rulebase=rule.rulebase, rule=rule.name)


def row_trail(log: str, row: int | None) -> Trail:
    """Where a row can be seen."""
    return Trail("row", log=log, row=row)


def document_trail(reference: Reference) -> Trail:
    """Where a documented fact can be read."""
    return Trail("document", address=reference.address)


def present_name(case: Case) -> str:
    """The rule that the row names as it is called in this configuration, where it is edited."""
    rule = case.logged
    if rule is None or case.session.live or rule.name == case.session.rule:
        return case.named_rule
    return f"{rule.name} ({case.session.rule} in the row)"


def let_log(rule: Rule, why: str, beside: Rule | None = None) -> str:
    """The advice to let a refusing rule log, where it doesn't, with a leading blank; and where, if not where the rest of
    the advice is (`beside`)."""
    if rule.log_end:
        return ""
    there = rule.origin.edited_at()
    elsewhere = beside is not None and not rule.is_default and there != beside.origin.edited_at()
    return f" Let {rule.name}{f' ({there})' if elsewhere else ''} log at session end, {why}."


def refusing(rule: Rule) -> str:
    """A refusing rule in words, with why it left no row of its own."""
    kind = "default rule" if rule.is_default else "rule"
    silent = "which logs its refusals" if rule.log_end else "which writes no log"
    return f"the {kind} {rule.name} ({rule.action}), {silent}"


def lookup_rules_out(case: Case) -> RuledOut | CantTell | None:
    """Whether a refusal by a security look-up is out, or can't be told, before any criterion is looked at."""
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {case.session.end_reason}, which names decryption and not a rule")
    if case.engine is None:
        return CantTell(
            "there is no configuration to look the session up in",
            "the running configuration (Device > Setup > Operations > Export named configuration snapshot)",
        )
    if case.still_allowed and case.evaluated is not None:
        named = "the rule that the row names" if case.same_rule else f"{case.evaluated.name}, another allow rule"
        return RuledOut(f"the look-up with the row's final values still ends at {named}, which allows it")
    return None


def predicted(case: Case) -> bool:
    """Whether a control session announced this one, which then needs no rule of its own."""
    session = case.session
    if (session.tunnel or "").strip().lower() not in _NO_TUNNEL:
        return False  # inside an inspected tunnel, where rules are asked as everywhere
    return case.application in ANNOUNCED or (case.application in _MEDIA and session.parent_session_id != 0)


def held_by_row(case: Case, what: str, evidence: Evidence, fix: str, flips_if: str) -> Held:
    """The cause as far as the row alone shows it, where there is no configuration: which rule refused isn't known."""
    return Held(
        base=0.5,
        headline=f"Last allowed by {case.named_rule}, then refused: {what}. Which rule refused it isn't known without the "
        "configuration.",
        evidence=(evidence,),
        fix=fix,
        flips_if=flips_if,
    )


def lost_to_unknown(case: Case, fields: frozenset[str]) -> CantTell | None:
    """The rule of the row fails on one of `fields`, and which rule takes the session then can't be told."""
    if case.refuser is not None or case.still_allowed or case.logged_trace is None:
        return None
    missed = sorted({c.field for c in case.logged_trace.misses()} & fields)
    if not missed:
        return None
    because = f"{case.named_rule} fails on its {' and '.join(missed)}, and where the look-up ends then can't be told"
    return CantTell(because, _settle(case), 0.3)


def _settle(case: Case) -> str:
    return "; ".join(case.security.settle) or "a configuration that holds the session's zones"


def needs_refusal(case: Case, fields: frozenset[str]) -> RuledOut | CantTell | None:
    """As `lookup_rules_out`, and also out or open where the look-up ends at no certain refusal.

    It stays open only where an earlier refusing rule can't be judged by one of `fields`, the criteria that the
    cause is about.
    """
    if not case.application and case.engine is not None and "application" in fields:
        return CantTell("the row names no application", "the application of the session (traffic log)", 0.2)
    stopped = lookup_rules_out(case)
    if stopped is not None:
        return stopped
    if case.refuser is not None:
        return None
    lost = lost_to_unknown(case, fields - APPLICATION or fields)
    if lost is not None:
        return lost
    for trace in case.may_refuse:
        turning = [c for c in trace.unknowns() if c.field in fields]
        if turning:
            settle = "; ".join(c.settle for c in turning if c.settle) or "the look-up on the device"
            return CantTell(
                f"whether {trace.rule.name} refuses it can't be told by its {turning[0].field}", settle, 0.15
            )
    if case.may_refuse:
        names = ", ".join(trace.rule.name for trace in case.may_refuse[:3])
        return RuledOut(f"the only rules that may refuse it ({names}) don't turn on its {' or '.join(sorted(fields))}")
    return CantTell(case.security.reason or "the look-up ends at no rule", _settle(case), 0.05)


def lookup_evidence(case: Case, gathered: Gathering, refuser: Rule, at_first: bool = True) -> None:
    """Evidence that holds for any refusal by a security look-up, for and against.

    `at_first`: what changed came with the first packets, as an application or a category does, and not later.
    """
    _rule_evidence(case, gathered, refuser)
    if at_first:
        _life_evidence(case, gathered)
    _crowd_evidence(case, gathered)
    if predicted(case):
        text = (
            f"{case.application} is announced by a control session and let in by that one's rule, so that what a look-up of "
            "its own ends at says little"
        )
        gathered.add(Evidence(text, -3.2, Basis.VENDOR, document_trail(PREDICT)))
    stage = (case.session.tracker_stage or "").lower()
    if LOOKUP_DENY in stage:
        gathered.add(Evidence(f"the session tracker says '{stage}': a rule look-up refused it", 1.2, Basis.ROW))


def _rule_evidence(case: Case, gathered: Gathering, refuser: Rule) -> None:
    add = gathered.add
    if case.session.live and refuser.name == case.session.rule:
        text = f"the session table names {refuser.name}; that a discarded session shows what refused it is not verified"
        add(Evidence(text, 0.4, Basis.OPINION))
    elif case.session.live:
        pass  # not ended yet, so that no row was due
    elif refuser.log_end:
        text = (
            f"{refuser.name} logs at session end, so that its refusal should have written its own row; "
            "an allow row contradicts this configuration"
        )
        add(Evidence(text, -0.9, Basis.DEDUCTION, rule_trail(refuser)))
    else:
        text = f"{refuser.name} does not log, which is why the row still names {case.named_rule}"
        add(Evidence(text, 0.3, Basis.DEDUCTION, rule_trail(refuser)))
    younger = created_later(case, refuser)
    if younger is not None:
        text = f"the configuration log has, after the session: {younger.text}; {refuser.name} was not there yet"
        add(Evidence(text, -4.0, Basis.ROW, row_trail("configuration", younger.row)))
    before = asked_before(case)
    if before is not None and before.took is Truth.MATCH:
        text = (
            f"the configuration log has, after the session: {before.change.text}; until then {case.named_rule} took it by its "
            f"{before.field}"
        )
        add(Evidence(text, -4.0, Basis.ROW, row_trail("configuration", before.change.row)))
    if case.security.certainty is Certainty.CONDITIONAL:
        names = ", ".join(rule.name for rule in case.security.possible[:3]) or "what Panorama pushed"
        weight = -0.2 if case.security.action_certain else -0.8
        add(Evidence(f"conditional: {names} can't be judged from the inputs", weight, Basis.RULE))
    fixed = case.shift.fixed
    if "order" in fixed:
        text = f"{refuser.name} stands above {case.named_rule} and would have refused the first packet already"
        add(Evidence(f"{text}: the configuration is not the one of the event", -1.5, Basis.DEDUCTION))
    elif fixed:
        names = ", ".join(sorted(fixed))
        text = f"{case.named_rule} can never have matched this session by {names}"
        add(Evidence(f"{text}: the configuration is not the one of the event", -1.5, Basis.DEDUCTION))


def created_later(case: Case, rule: Rule) -> Change | None:
    """The entry of the configuration log that made a rule after the session had ended."""
    span, end = case.related.log(Kind.CONFIGURATION).span(case.session.serial), case.session.end
    if span is None or end is None or rule.is_default or span[1] <= end:
        return None
    return case.related.timeline.made_after(rule.name, end, case.session.serial)


def _life_evidence(case: Case, gathered: Gathering) -> None:
    add, seconds = gathered.add, case.session.elapsed
    if seconds is None:
        pass  # a session of the session table: how long it lived isn't known
    elif case.short:
        add(Evidence(f"it ended within {seconds} s, about when applications are identified", 0.25))
    elif seconds >= 600:
        text = f"it had lived for {seconds} s; a look-up after the first packets refuses within seconds"
        add(Evidence(text, -2.8 if (case.session.bytes or 0) >= 1_000_000 else -1.8, Basis.DEDUCTION))
    elif seconds >= 60:
        add(Evidence(f"it had lived for {seconds} s; a look-up after identification comes sooner", -0.7))


def _crowd_evidence(case: Case, gathered: Gathering) -> None:
    add, seconds = gathered.add, case.session.elapsed
    if case.cluster >= 5:
        add(Evidence(f"{case.cluster} other conversations were refused in the same two seconds", -1.2))
    rematch = case.policy is None or bool(case.policy.rematch)
    if rematch and seconds and any(event.kind == COMMIT for event in case.events):
        add(Evidence("a commit was finished within seconds before the end", -0.8))
    if case.same_before is not None:
        text = f"session {case.same_before.id} had the same values a moment before and was let through"
        add(Evidence(text, -1.2, Basis.ROW, row_trail("traffic", case.same_before.row)))
