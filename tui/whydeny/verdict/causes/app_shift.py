"""App-ID settled on an application that no allow rule takes, and a deny that writes no log took the session.

What it means
-------------
The first packets are let through on zones, addresses, user and port alone, with the application still a wildcard. When
App-ID names the application, the rulebase is asked again. No allow rule takes that application any more, so the
session ends at a rule that refuses without logging (as interzone-default does), and the traffic log keeps the last
rule that was written into the session: an allow rule.

How it is recognised
--------------------
The look-up with the final application ends at a refusing rule that does not log, and the rule in the row fails on its
application criterion alone (or a silent rule above names the application). Start rows of the session show what it was
let through as. `default-rule`: interzone-default or an overridden intrazone-default refused. `silent-rule`: an explicit
rule with log at session end off. `new-content`: the same conversation passed as another application until a content
update was installed, or another client's did as one of the same family.

What to look at next
--------------------
Override interzone-default to log at session end (Policies > Security), then look for the session again; `test
security-policy-match` with the final application and `show-all yes`; the session tracker of a discarded session says
"appid policy lookup deny".

What else looks like this
-------------------------
An enabler application that was let through only to recognise another (app-dependency); a custom name from an override
(app-override); ssh-tunnel; quic; a commit that took the application out of the rule under a long-lived session
(policy-change).
"""

from datetime import timedelta

from whydeny.model.configuration import Rule, Rulebase
from whydeny.policy.lookup import RuleTrace
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.events import CONTENT, Event
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import (
    APPLICATION,
    held_by_row,
    let_log,
    lookup_evidence,
    needs_refusal,
    predicted,
    present_name,
    refusing,
    row_trail,
    rule_trail,
)
from whydeny.verdict.references import DISCARDED_DEFAULT, POLICY_FLOW, THREAD, TRACKER

CAUSE = Cause(
    title="App-ID shift into a deny that writes no log",
    needs=("running configuration",),
    references=(THREAD, POLICY_FLOW, TRACKER, DISCARDED_DEFAULT),
)

MOST_LOOKED_AT = 200  # rows of the same server before a content install


def check(case: Case) -> Answer:
    """Whether the final application moved the session to a refusal."""
    if case.engine is None and case.application.startswith("unknown-") and case.short:
        what = f"App-ID gave up with {case.application}, which rules seldom list"
        turn = "the rule's applications in the running configuration"
        return held_by_row(
            case, what, Evidence("the row's application is unknown to App-ID", 0.0), _unknown_fix(case), turn
        )
    compiled = _as_compiled(case)
    if compiled is not None:
        return compiled
    stopped = needs_refusal(case, APPLICATION)
    if stopped is not None:
        return stopped
    if not case.identified:
        return RuledOut(f"no application was identified ({case.application or 'the row names none'})")
    refuser = case.refuser
    if refuser is None or "application" not in case.shift.fields:
        return _no_shift(case)
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    gathered.add(_application_evidence(case, refuser))
    gathered.add(_start_evidence(case))
    for name in sorted(case.shift.fields - {"application", "service"}):
        gathered.add(Evidence(f"{case.named_rule} also misses by {name}", -0.6, Basis.RULE))
    variant = "default-rule" if refuser.is_default else "silent-rule" if not refuser.log_end else None
    install = _new_content(case)
    if install is not None:
        variant = "new-content"
        text = f"content {install.version or 'update'} was installed at {moment_text(install.moment)}, between the two"
        gathered.add(Evidence(text, 0.6, Basis.ROW, row_trail(install.log, install.row)))
    above = "" if refuser.is_default else f" above {refuser.name}"
    what = f"which {refuser.name} above names" if _names_it(case) else f"which no allow rule{above} takes"
    return Held(
        base=0.85,
        headline=f"Last allowed by {case.named_rule}, then refused: App-ID settled on {case.application}, {what}, and the "
        f"session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        variant=variant,
        denied_by=refuser.name,
        fix=_fix(case, refuser),
        fix_at=(refuser if _names_it(case) else case.logged or refuser).origin.edited_at(),
        flips_if=f"an application of {case.named_rule} in the row instead of {case.application}",
    )


def _as_compiled(case: Case) -> Held | None:
    """Where only the compiled rules are there: the rule of the row misses by its application, and no allow rule takes it.

    An enabler of what the rule names is left to app-dependency; whether the refusing rule logs is not shown.
    """
    engine, session = case.compiled, case.session
    if engine is None or case.outcome is not Outcome.ALLOWED_THEN_DENIED or not case.identified or predicted(case):
        return None
    rule = engine.rule_named(Rulebase.SECURITY, session.rule or "", session.rule_uuid)
    if rule is None or rule.action != "allow":
        return None
    trace = engine.explain_rule(rule, case.flow)
    missed = {c.field for c in trace.misses()}
    if "application" not in missed or missed - {"application", "service"}:
        return None
    look = case.shown(Rulebase.SECURITY)
    ends = look.rule
    if ends is None or not ends.is_default or ends.action == "allow" or any(r.action == "allow" for r in look.possible):
        return None
    known = [engine.applications.get(name) for name in rule.applications]
    if any(entry is None or case.application in (*entry.uses, *entry.implicitly_uses) for entry in known):
        return None
    detail = case.criterion_detail(trace, "application")
    text = f"{rule.name}, as the firewall has it compiled, fails on the application: {detail}"
    return Held(
        base=0.45,
        headline=f"Last allowed by {case.named_rule}, then refused: App-ID settled on {case.application}, which no allow rule "
        f"takes as the firewall has them compiled, and the look-up ends at {ends.name}; whether that logs is not shown.",
        evidence=(Evidence(text, 0.2, Basis.RULE, rule_trail(rule)),),
        variant="default-rule",
        denied_by=ends.name,
        fix=f"If {case.application} is wanted, add it to an allow rule for these zones and addresses, such as {rule.name}; look "
        "first whether the configuration asks for more than its compiled form shows.",
        fix_at=rule.origin.edited_at(),
        flips_if=f"{case.application} among the applications of {rule.name} when the session was refused",
    )


def _no_shift(case: Case) -> Answer:
    trace = case.logged_trace
    if trace is None:
        because = f"the rule {case.named_rule} is not in the configuration, so that what it asked can't be compared"
        return CantTell(because, "the configuration that was in force at the time of the session", 0.2)
    if "application" in case.logged_unknowns():
        settle = next((c.settle for c in trace.unknowns() if c.field == "application" and c.settle), "")
        settle = settle or "the firewall's application content"
        if case.refuser is not None and not trace.misses() and case.logged_unknowns() <= {"application", "service"}:
            return _application_open(case, trace, case.refuser, settle)
        return CantTell(f"whether {case.application} belongs to {case.named_rule} can't be told", settle, 0.2)
    return RuledOut(f"{case.application} is an application that {case.named_rule} takes")


def _application_open(case: Case, trace: RuleTrace, refuser: Rule, settle: str) -> Held:
    """Whether the rule takes the application is the one thing that can't be told; nothing else can have changed."""
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    detail = case.criterion_detail(trace, "application")
    text = f"{detail}; nothing else of {trace.rule.name} can have stopped matching"
    gathered.add(Evidence(text, 0.1, Basis.RULE, rule_trail(trace.rule)))
    gathered.add(_start_evidence(case))
    return Held(
        base=0.55,
        headline=f"Last allowed by {case.named_rule}, then refused: App-ID settled on {case.application}, which that rule "
        f"perhaps does not take, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        variant="default-rule" if refuser.is_default else "silent-rule" if not refuser.log_end else None,
        denied_by=refuser.name,
        fix=_fix(case, refuser),
        fix_at=trace.rule.origin.edited_at(),
        missing=(settle,),
        flips_if=f"{case.application} is none of the applications of {trace.rule.name} (application content)",
    )


def _names_it(case: Case) -> bool:
    """Whether the refusing rule stands above and names the application, which the rule in the row takes as well."""
    trace = case.logged_trace
    return trace is not None and all(c.field != "application" for c in (*trace.misses(), *trace.unknowns()))


def _application_evidence(case: Case, refuser: Rule) -> Evidence:
    detail = case.criterion_detail(case.logged_trace, "application")
    trace = case.logged_trace
    if trace is not None and not _names_it(case):
        text = f"{case.named_rule} fails on the application alone: {detail}"
        return Evidence(text, 0.5, Basis.RULE, rule_trail(trace.rule))
    text = f"{refuser.name} names the application, so that it could match only once App-ID had settled on it"
    return Evidence(text, 0.5, Basis.RULE, rule_trail(refuser))


def _new_content(case: Case) -> Event | None:
    """The content install since which traffic of the same kind, let through as another application before, has this name."""
    session = case.session
    if session.end is None:
        return None
    begin = session.start or session.end
    installs = [
        event
        for event in case.related.timeline.events(begin - timedelta(days=2), begin, session.serial)
        if event.kind == CONTENT
    ]
    for install in reversed(installs):
        rows = case.related.to_same_destination(session, install.moment - timedelta(days=3), install.moment)
        for row in reversed(rows[-MOST_LOOKED_AT:]):
            other = case.related.session(row)
            alike = all(
                getattr(other, name) == getattr(session, name) for name in ("destination_port", "rule", "serial")
            )
            kin = other.source == session.source or _kin(case, other.application or "")
            if alike and kin and case.related.outcome(row) == Outcome.COMPLETED:
                return install if other.application != session.application else None
    return None


def _kin(case: Case, name: str) -> bool:
    """Whether an application is of one family with the row's, and the row's is no old acquaintance.

    A family is one container, or one name up to its last part. The packaged table holds long-known applications.
    """
    if packaged_applications().get(case.application) is not None:
        return False
    known, own = case.application_of(name), case.application_of(case.application)
    if known is not None and own is not None and known.container:
        return known.container == own.container
    family = case.application.rpartition("-")[0] or case.application
    return name.lower() == case.application or (name.lower().rpartition("-")[0] or name.lower()) == family


def _start_evidence(case: Case) -> Evidence | None:
    """A start row of the session with another application: it was let through under that name."""
    session = case.session
    for row in case.related.with_id(session.id, session) if session.id else ():
        other = case.related.session(row)
        same = all(
            getattr(other, name) == getattr(session, name)
            for name in ("source", "destination", "source_port", "destination_port")
        )
        if same and other.subtype == "start" and (other.application or "").lower() != case.application:
            text = f"the session's start row has {other.application} under {other.rule}"
            return Evidence(text, 0.3, Basis.ROW, row_trail("traffic", row))
    return None


def _fix(case: Case, refuser: Rule) -> str:
    if _names_it(case):
        return (
            f"{refuser.name} refuses {case.application} on purpose, as it seems. If these clients are to have it, put a rule "
            f"that allows it for just them above {refuser.name}, or take them out of its sources; moving {refuser.name} "
            f"down opens it to everybody.{let_log(refuser, 'so that its refusals show')}"
        )
    application = case.application_of(case.application)
    needed = f" (it depends on {', '.join(application.uses[:4])})" if application and application.uses else ""
    if case.application.startswith("unknown"):
        return f"{_unknown_fix(case)}{let_log(refuser, 'so that the refusal shows until then', case.logged)}"
    return (
        f"If {case.application} is wanted, add it{needed} to an allow rule for these zones and addresses, such as "
        f"{present_name(case)}; not 'any', which allows every application on these ports."
        f"{let_log(refuser, 'so that such refusals show their rule', case.logged)}"
    )


def _unknown_fix(case: Case) -> str:
    return (
        "If the traffic is wanted, name it: a custom application or an application override for this server and port, then "
        f"a rule that allows it; not {case.application} as a whole, which lets any unknown protocol through."
    )
