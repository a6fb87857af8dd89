"""A commit, list refresh, schedule or content install changed policy under a live session.

What it means
-------------
The session was allowed when it began, and rightly. Then the policy changed: a commit with "rematch all sessions" on
measures running sessions against the new rules; a refreshed list or a schedule changes what a rule matches; a content
install changes what an application is. Sessions that the new policy refuses end where they are, however long they ran.

How it is recognised
--------------------
The system log has the event within seconds before the end, the session began before it, and the look-up with the
present configuration refuses what the row says was allowed. Many unrelated sessions end in the same second or two, more
than in the minute around it.
`commit` needs rematch: without the element in the configuration it is off. `list-refresh`, `schedule`, `content` by
the event and by what the rules concerned ask for (an address that loses the tag of a dynamic group counts as a refresh
of that group). Without the system log, a submitted commit that changed a rule
concerned, a list whose members now explain the refusal, or long sessions that the present rules refuse speak for it.

What to look at next
--------------------
The configuration log and Config Audit for what changed; `show jobs all`; for lists `request system external-list show`;
`show clock` for schedules.

What else looks like this
-------------------------
A late application shift in one session alone (app-shift). Whether a refresh, a content install or a schedule boundary
ends live sessions without a commit is not documented.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.policy.questions import Moving, schedule_of
from whydeny.verdict.boundaries import near_boundary
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.commands import quoted
from whydeny.verdict.events import COMMIT, CONTENT, REFRESH, Change, Event
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import document_trail, refusing, row_trail, rule_trail
from whydeny.verdict.references import POLICY_FLOW, SESSION_SETTINGS

CAUSE = Cause(
    title="Policy changed under a live session",
    needs=("system log", "configuration log", "running configuration"),
    references=(SESSION_SETTINGS, POLICY_FLOW),
    outranks=("app-shift", "url-category", "app-default-port", "app-dependency", "user-or-host-criteria"),
)

CLUSTER = 5  # other conversations that end with one before it counts as a cluster
LISTS = ("external-list", "fqdn")
WHAT = {COMMIT: "a commit was finished", CONTENT: "new content was installed", REFRESH: "a list was refreshed"}
_SETTING = document_trail(SESSION_SETTINGS)
LOGS = "the system and configuration logs around the end"


def check(case: Case) -> Answer:
    """Whether something changed under the session just before it ended."""
    session = case.session
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {session.end_reason}, which names decryption")
    if session.end is None:
        return CantTell("the row has no end time to compare events with", "the session's end time", 0.05)
    begin = session.start or session.end
    events = [event for event in case.events if begin < event.moment <= session.end + timedelta(seconds=1)]
    rematch_off = case.policy is not None and not case.policy.rematch
    events = [event for event in events if not (event.kind == COMMIT and rematch_off)]
    events = [event for event in events if event.kind != REFRESH or _concerns(case, event)]
    boundary = _schedule_boundary(case)
    if not events and boundary is None:
        return _cluster_at_commit(case, begin) or _without_event(case, rematch_off)
    if case.still_allowed and case.same_rule and boundary is None and not _moving_lists(case):
        what = events[-1].kind
        return RuledOut(
            f"a {what} was finished just before, but the configuration still allows the session by the same rule"
        )
    return _changed(case, events, boundary)


def _cluster_at_commit(case: Case, begin: datetime) -> CantTell | None:
    """Long sessions that end together just after a commit, though the configuration has no rematch setting: a Panorama
    template may set it, which a firewall's own configuration does not show."""
    end = case.session.end
    commits = [event for event in case.events if event.kind == COMMIT and end and begin < event.moment <= end]
    unset = case.policy is not None and case.policy.rematch is None
    if not commits or not unset or case.cluster < CLUSTER or not case.long:
        return None
    because = (
        f"{case.cluster} other conversations ended in the same two seconds, just after a commit; rematch is not set here, but "
        "a Panorama template may set it"
    )
    return CantTell(
        because, "show session rematch, or the template that Panorama pushed; and the rules of that time", 0.4
    )


def _changed(case: Case, events: list[Event], boundary: Rule | None) -> Held:
    session = case.session
    gathered = Gathering()
    kinds = [event.kind for event in events]
    variant = next((kind for kind in (REFRESH if _moving_lists(case) else COMMIT, COMMIT, CONTENT, REFRESH) if kind in kinds),
                   "schedule")  # fmt: skip
    what = "the policy changed"
    for event in reversed(events):
        if event.kind == variant:
            seconds = (session.end - event.moment).total_seconds() if session.end else 0
            text = f"{event.text} ({seconds:.0f} s before the end)"
            gathered.add(Evidence(text, 0.9, trail=row_trail(event.log, event.row)))
            what = f"{WHAT[event.kind]} {seconds:.0f} s before"
            break
    if variant == "schedule" and boundary is not None:
        text = f"the end falls on a boundary of schedule {boundary.schedule} of rule {boundary.name}"
        gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(boundary)))
        gathered.add(Evidence("whether a schedule's end cuts live sessions is not documented", -0.7, Basis.OPINION))
        what = f"the schedule {boundary.schedule} changed over"
    if variant == COMMIT and case.policy is not None:
        gathered.add(
            Evidence("rematch is on: running sessions are measured against the new rules", 0.4, Basis.VENDOR, _SETTING)
        )
    if variant == REFRESH:
        gathered.add(Evidence(_REFRESHED, -0.7, Basis.OPINION))
    if variant == CONTENT:
        text = "whether a content install re-evaluates live sessions is not documented"
        gathered.add(Evidence(text, -0.7, Basis.OPINION))
    if variant == CONTENT and "application" not in case.shift.fields:
        gathered.add(Evidence("the application is not what the rule misses by", -0.6, Basis.RULE))
    missing = () if case.related.has(Kind.CONFIGURATION) else ("the configuration log, for what was changed",)
    return _held(case, gathered, 0.5, variant, what, missing)


_REFRESHED = "whether a refresh re-evaluates live sessions is not documented"


def _held(
    case: Case, gathered: Gathering, base: float, variant: str | None, what: str, missing: tuple[str, ...]
) -> Held:
    refuser = case.refuser
    _life(case, gathered)
    _rule_change(case, gathered)
    concerned = case.logged or refuser
    tail = f"and the present rules end it at {refusing(refuser)}" if refuser else "and the rules may refuse it since"
    possible = case.may_refuse[0].rule.name if case.may_refuse else None
    return Held(
        base=base,
        headline=f"Last allowed by {case.named_rule}, then cut off after {case.session.elapsed or 0} s: {what}, {tail}.",
        evidence=gathered.all(),
        variant=variant,
        denied_by=refuser.name if refuser else possible,
        fix=_fix(variant),
        fix_at=concerned.origin.edited_at() if concerned else "",
        commands=_commands(case, variant),
        missing=missing,
        flips_if="a commit, refresh or content install in the system log within seconds before the end",
    )


def _commands(case: Case, variant: str | None) -> tuple[str, ...]:
    if variant == REFRESH:
        lists = [item for item in _moving_lists(case) if item.kind == "external-list"]
        found = [f"request system external-list show type ip name {quoted(item.name)}" for item in lists[:2]]
        return (*found, *(["show dns-proxy fqdn all"] if len(lists) < len(_moving_lists(case)) else []))
    if variant == "schedule":
        return ("show clock",)
    return ("show jobs all", "show config audit info")


def _life(case: Case, gathered: Gathering) -> None:
    seconds = case.session.elapsed or 0
    if seconds >= 60:
        gathered.add(Evidence(f"it had run for {seconds} s without trouble", 0.7 if seconds >= 600 else 0.5))
    elif seconds <= 5:
        weight = -1.2 if case.cluster >= CLUSTER else -2.2
        text = f"it was only {seconds} s old, an age at which sessions die of identification"
        gathered.add(Evidence(text, weight))
    if case.cluster >= CLUSTER:
        gathered.add(Evidence(f"{case.cluster} other conversations were refused in the same two seconds", 0.9))
    elif case.cluster == 0:
        gathered.add(Evidence("no more sessions than usual ended with it", -0.3))


def _rule_change(case: Case, gathered: Gathering) -> None:
    if case.refuser is not None:
        text = f"the configuration at hand refuses it at {case.refuser.name}, though the row says {case.named_rule} allowed it"
        gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(case.refuser)))
    change = _change_naming(case)
    if change is not None:
        text = f"the configuration log has: {change.text}"
        gathered.add(Evidence(text, 0.6, trail=row_trail("configuration", change.row)))


def _change_naming(case: Case) -> Change | None:
    """The last change of the day before the end that names a rule concerned or one of its objects."""
    session = case.session
    if session.end is None:
        return None
    rules = [rule for rule in (case.logged, case.refuser) if rule is not None]
    names = {name for rule in rules for name in (rule.name, *rule.sources, *rule.destinations, *rule.services)} - {
        "any"
    }
    before = session.end - timedelta(hours=24)
    return case.related.timeline.last_change_naming(names, before, session.end, session.serial)


def _moving_lists(case: Case) -> list[Moving]:
    """The external lists and FQDN objects of the rules concerned."""
    rules = [case.logged, case.refuser, *(trace.rule for trace in case.may_refuse)]
    return [
        moving
        for rule in rules
        if rule is not None
        for moving in case.moving((*rule.sources, *rule.destinations))
        if moving.kind in LISTS
    ]


def _concerns(case: Case, event: Event) -> bool:
    """Whether a refresh may be of a list or FQDN that a rule concerned asks for; one that names no list may be."""
    moving = _moving_lists(case)
    if "fqdn" in event.text.lower():
        return any(item.kind == "fqdn" for item in moving)
    lists = {name for scope in (case.policy.scopes if case.policy else ()) for name in scope.external_lists}
    named = {name for name in lists if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", event.text)}
    mine = {item.name for item in moving if item.kind == "external-list"}
    return bool(named & mine) if named else bool(mine)


def _without_event(case: Case, rematch_off: bool) -> Answer:
    """No log has an event just before the end; other traces of a change may still be there."""
    session, end = case.session, case.session.end
    seconds = session.elapsed or 0
    covered = case.related.log(Kind.SYSTEM).covers(end, session.serial)
    lost = _tag_lost(case)
    if lost is not None:
        return _by_tag(case, *lost)
    near = []
    if end is not None and not rematch_off:
        near = case.related.timeline.commits(end - timedelta(seconds=180), end, session.serial)
    if covered and near and case.refuser is not None and case.long:
        return _commit_asked(case, near[-1], covered)
    if covered:
        if rematch_off and not case.shift.fixed:
            return RuledOut(
                "no refresh, schedule or content event before the end, and rematch is off, so that commits cut nothing"
            )
        return RuledOut(
            "the system log covers the time and has no commit, refresh or content install just before the end"
        )
    if _list_moved(case):
        return _by_list(case)
    if case.shift.fields == {"schedule"} and case.refuser is not None:
        return _after_schedule(case)
    if near:
        return _commit_asked(case, near[-1], covered)
    if rematch_off and not case.long and case.cluster < CLUSTER:
        return RuledOut("rematch is off, so that commits cut no live session, and the session was not long-lived")
    clustered = case.cluster >= CLUSTER and seconds >= 60
    if case.refuser is not None and (clustered or seconds >= 600):
        return _unlogged(case, rematch_off)
    if clustered:
        because = f"{case.cluster} other conversations ended in the same two seconds, as after a commit or refresh"
        return CantTell(because, f"{LOGS}: commits, refreshes, content installs", 0.45)
    if case.short and case.cluster < CLUSTER:
        return RuledOut(f"the session was {seconds} s old and ended alone, with no event before it in the inputs")
    return CantTell("the inputs hold no system log of that time", LOGS, 0.12)


def _list_moved(case: Case) -> bool:
    """Whether only a list or FQDN object, as its members are known now, explains the refusal."""
    fields = case.shift.fields
    if case.refuser is None or not fields or not fields <= {"source", "destination"}:
        return False
    rule = case.logged if case.logged_trace is not None and case.logged_trace.misses() else case.refuser
    members = [] if rule is None else case.moving((*rule.sources, *rule.destinations))
    return bool(members) and all(item.kind in LISTS for item in members)


def _by_list(case: Case) -> Held:
    gathered = Gathering()
    name = _moving_lists(case)[0].name
    text = f"{name}, as its members are known now, explains the refusal; the first packet was still allowed, so that it changed"
    gathered.add(Evidence(text, 0.5, Basis.DEDUCTION))
    gathered.add(Evidence(_REFRESHED, -0.7, Basis.OPINION))
    return _held(
        case, gathered, 0.4, REFRESH, f"the members of {name} changed", (f"{LOGS}: when {name} was refreshed",)
    )


def _tag_lost(case: Case) -> tuple[Moving, dict[str, Any]] | None:
    """The dynamic group of the rule in the row, and the row of the IP-tag log by which the address left it mid-session."""
    rule, trace, session = case.logged, case.logged_trace, case.session
    if rule is None or trace is None or case.refuser is None or session.start is None:
        return None
    if "source" not in {c.field for c in (*trace.misses(), *trace.unknowns())}:
        return None
    for group in (moving for moving in case.moving(rule.sources) if moving.kind == "dynamic-group"):
        tags = {tag.lower() for tag in re.findall(r"[\w.:-]+", group.filter)}
        for row in reversed(case.address_rows(Kind.IPTAG, timedelta(0), timedelta(seconds=2))):
            event = str(row.get("event") or row.get("subtype") or "").lower()
            if "unregister" in event and str(row.get("tag") or "").lower() in tags:
                return group, row
    return None


def _by_tag(case: Case, group: Moving, row: dict[str, Any]) -> Held:
    gathered, tag = Gathering(), row.get("tag")
    text = (
        f"the IP-tag log has the address lose the tag {tag} at {moment_text(row.get('time'))}, while the session lived"
    )
    gathered.add(Evidence(text, 1.2, trail=row_trail("iptag", row["row"])))
    gathered.add(Evidence(_REFRESHED, -0.7, Basis.OPINION))
    what = f"the address lost the tag {tag}, by which it was in dynamic group {group.name}"
    held = _held(case, gathered, 0.5, REFRESH, what, ())
    fix = "See what took the tag off the address, and whether it should have; mend it there and not in the rule."
    return replace(held, fix=fix, commands=("show object registered-ip all", "show object dynamic-address-group all"))


def _after_schedule(case: Case) -> Held:
    """The rule's schedule had ended (or a refusing one's had begun) some time before, and nothing else has changed."""
    gathered = Gathering()
    asks = case.logged if case.logged is not None and case.logged.schedule else case.refuser
    name = asks.schedule if asks is not None else ""
    trail = rule_trail(asks) if asks is not None else None
    detail = case.criterion_detail(case.logged_trace, "schedule") or f"{name} covers the end"
    gathered.add(Evidence(f"the schedule alone tells the rules apart: {detail}", 0.4, Basis.RULE, trail))
    text = "that a session is looked up again some time after a schedule changed over is not documented"
    gathered.add(Evidence(text, -0.5, Basis.OPINION))
    return _held(case, gathered, 0.4, "schedule", f"the schedule {name} had changed over", (LOGS,))


def _commit_asked(case: Case, asked: Event, covered: bool) -> Answer:
    """The configuration log has a commit's submission; the system log, which would say when it was done, is missing or
    (`covered`) has no word of it."""
    when = f"{asked.text} at {moment_text(asked.moment)}"
    change = _change_naming(case)
    if case.refuser is None or case.session.end is None or ((case.session.elapsed or 0) < 60 and change is None):
        because = f"{when}; when it was finished isn't in the inputs"
        return CantTell(because, "the system log: when the commit job was finished", 0.3)
    gathered = Gathering()
    seconds = (case.session.end - asked.moment).total_seconds()
    text = f"the configuration log has {when}, {seconds:.0f} s before the end"
    gathered.add(Evidence(text, 0.5, trail=row_trail(asked.log, asked.row)))
    if covered:
        gathered.add(Evidence("the system log covers the time and has no end of the commit", -0.9, Basis.ROW))
    else:
        gathered.add(Evidence("when the commit was finished is not in the inputs", -0.3, Basis.ROW))
    what = f"a commit was submitted {seconds:.0f} s before"
    return _held(case, gathered, 0.45, COMMIT, what, ("the system log: when the commit job was finished",))


def _unlogged(case: Case, rematch_off: bool) -> Held:
    """Long-lived, refused by the present rules, and no log that says what changed."""
    gathered = Gathering()
    text = "no log of commits, refreshes or content installs covers the end: which of them it was isn't known"
    gathered.add(Evidence(text, -0.6, Basis.ROW))
    if rematch_off:
        gathered.add(
            Evidence("rematch is off, so that a commit alone cuts no live session", -0.6, Basis.VENDOR, _SETTING)
        )
    missing = f"{LOGS}: commits, refreshes, content installs"
    return _held(case, gathered, 0.35, None, "the policy seems to have changed", (missing,))


def _schedule_boundary(case: Case) -> Rule | None:
    """The rule whose schedule begins or ends within a minute of the session's end."""
    if case.policy is None or case.session.end is None:
        return None
    rules = [case.logged, case.refuser, *(trace.rule for trace in case.may_refuse)]
    for rule in rules:
        if rule is None or not rule.schedule:
            continue
        schedule = schedule_of(case.policy, rule)
        if schedule is not None and near_boundary(schedule, case.session.end):
            return rule
    return None


def _fix(variant: str | None) -> str:
    if variant == "commit":
        return (
            "Expected with rematch on. If the traffic is still wanted, put it back into a rule; stage commits that narrow "
            "rules outside working hours. Rematch off keeps refused sessions alive until they end by themselves, which is "
            "a choice to make knowingly, not a mend."
        )
    if variant == "list-refresh":
        return "See what the list gained or lost at that refresh and whether the host belongs there; mend it at its source."
    if variant == "schedule":
        return (
            "If the session should outlive it, widen the schedule of the rule; the device's own clock and zone count."
        )
    if variant is None:
        return (
            "Find the change first (Monitor > Logs > System and Configuration, Config Audit around the end). If the traffic "
            "is still wanted, put it back into a rule, as narrowly as it was before."
        )
    return (
        "Review what the content update changed (new App-IDs) and add the new applications to the rules meant for them."
    )
