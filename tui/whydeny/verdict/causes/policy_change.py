"""A commit, list refresh, schedule or content install changed policy under a live session.

What it means
-------------
The session was allowed when it began, and rightly. Then the policy changed: a commit with "rematch all sessions" on
measures running sessions against the new rules; a refreshed list or a schedule changes what a rule matches; a content
install changes what an application is. Sessions that the new policy refuses end where they are, however long they ran.

How it is recognised
--------------------
The system log has the event within seconds before the end, the session began before it, and the look-up with the
present configuration refuses what the row says was allowed. Many unrelated sessions end in the same second or two.
`commit` needs rematch: without the element in the configuration it is off. `list-refresh`, `schedule`, `content` by
the event and by what the rules concerned ask for.

What to look at next
--------------------
The configuration log and Config Audit for what changed; `show jobs all`; for lists `request system external-list show`;
`show clock` for schedules.

What else looks like this
-------------------------
A late application shift in one session alone (app-shift). Whether a refresh or a schedule boundary ends live sessions
without a commit is not documented.
"""

from datetime import datetime, timedelta

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule, Schedule
from whydeny.policy.questions import schedule_of
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.events import COMMIT, CONTENT, REFRESH, Event
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import refusing, row_trail, rule_trail
from whydeny.verdict.references import POLICY_FLOW, SESSION_SETTINGS

CAUSE = Cause(
    title="Policy changed under a live session",
    needs=("system log", "configuration log", "running configuration"),
    references=(SESSION_SETTINGS, POLICY_FLOW),
    outranks=("app-shift", "url-category", "app-default-port", "app-dependency", "user-or-host-criteria"),
)

CLUSTER = 5


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
    if rematch_off:
        events = [event for event in events if event.kind != COMMIT]
    boundary = _schedule_boundary(case)
    if not events and boundary is None:
        return _nothing_happened(case, rematch_off)
    if case.still_allowed and case.same_rule and boundary is None and not _touches_lists(case):
        what = events[-1].kind
        return RuledOut(
            f"a {what} was finished just before, but the configuration still allows the session by the same rule"
        )
    return _changed(case, events, boundary)


def _changed(case: Case, events: list[Event], boundary: Rule | None) -> Held:
    session, refuser = case.session, case.refuser
    gathered = Gathering()
    kinds = [event.kind for event in events]
    variant: str | None = None
    by_list = _touches_lists(case)
    if REFRESH in kinds and by_list:
        variant = "list-refresh"
    elif COMMIT in kinds:
        variant = "commit"
    elif CONTENT in kinds:
        variant = "content"
    elif REFRESH in kinds:
        variant = "list-refresh"
    elif boundary is not None:
        variant = "schedule"
    what = "the policy changed"
    for event in reversed(events):
        if event.kind == variant:
            seconds = (session.end - event.moment).total_seconds() if session.end else 0
            text = f"{event.text} ({seconds:.0f} s before the end)"
            gathered.add(Evidence(text, 0.9, trail=row_trail(event.log, event.row)))
            what = {
                COMMIT: "a commit was finished",
                CONTENT: "new content was installed",
                REFRESH: "a list was refreshed",
            }[event.kind] + f" {seconds:.0f} s before"
            break
    if variant == "schedule" and boundary is not None:
        text = f"the end falls on a boundary of schedule {boundary.schedule} of rule {boundary.name}"
        gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(boundary)))
        gathered.add(Evidence("whether a schedule's end cuts live sessions is not documented", -0.4, Basis.OPINION))
        what = f"the schedule {boundary.schedule} changed over"
    if variant == "commit":
        gathered.add(Evidence("rematch is on: running sessions are measured against the new rules", 0.4, Basis.VENDOR))
    if variant == "list-refresh":
        gathered.add(Evidence("whether a refresh re-evaluates live sessions is not documented", -0.4, Basis.OPINION))
        if not by_list:
            gathered.add(Evidence("no rule concerned uses such a list", -1.0, Basis.RULE))
    if variant == "content" and "application" not in case.shift.fields:
        gathered.add(Evidence("the application is not what the rule misses by", -0.6, Basis.RULE))
    _life(case, gathered)
    _rule_change(case, gathered)
    denied_by = refuser.name if refuser else None
    concerned = case.logged or refuser
    tail = f"and the present rules end it at {refusing(refuser)}" if refuser else "and the rules may refuse it since"
    return Held(
        base=0.5,
        headline=f"Last allowed by {case.named_rule}, then cut off after {session.elapsed or 0} s: {what}, {tail}.",
        evidence=gathered.all(),
        variant=variant,
        denied_by=denied_by or _possible_name(case),
        fix=_fix(variant),
        fix_at=concerned.origin.edited_at() if concerned else "",
        missing=() if case.related.has(Kind.CONFIGURATION) else ("the configuration log, for what was changed",),
        flips_if="a commit, refresh or content install in the system log within seconds before the end",
    )


def _possible_name(case: Case) -> str | None:
    return case.may_refuse[0].rule.name if case.may_refuse else None


def _life(case: Case, gathered: Gathering) -> None:
    seconds = case.session.elapsed or 0
    if seconds >= 60:
        gathered.add(Evidence(f"it had run for {seconds} s without trouble", 0.7 if seconds >= 600 else 0.5))
    elif seconds <= 5:
        gathered.add(Evidence(f"it was only {seconds} s old, an age at which sessions die of identification", -1.2))
    if case.cluster >= CLUSTER:
        gathered.add(Evidence(f"{case.cluster} other conversations were refused in the same two seconds", 0.9))
    elif case.cluster == 0:
        gathered.add(Evidence("no other session ended with it", -0.3))


def _rule_change(case: Case, gathered: Gathering) -> None:
    session = case.session
    if case.refuser is not None:
        text = f"the configuration at hand refuses it at {case.refuser.name}, though the row says {case.named_rule} allowed it"
        gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(case.refuser)))
    if session.end is None:
        return
    before = session.end - timedelta(hours=24)
    change = case.related.timeline.last_change_naming(_names_concerned(case), before, session.end, session.serial)
    if change is not None:
        text = f"the configuration log has: {change.text}"
        gathered.add(Evidence(text, 0.6, trail=row_trail("configuration", change.row)))


def _names_concerned(case: Case) -> set[str]:
    rules = [rule for rule in (case.logged, case.refuser) if rule is not None]
    return {name for rule in rules for name in (rule.name, *rule.sources, *rule.destinations, *rule.services)} - {"any"}


def _touches_lists(case: Case) -> bool:
    rules = [case.logged, case.refuser, *(trace.rule for trace in case.may_refuse)]
    return any(
        moving.kind in ("external-list", "fqdn")
        for rule in rules
        if rule is not None
        for moving in case.moving((*rule.sources, *rule.destinations))
    )


def _nothing_happened(case: Case, rematch_off: bool) -> Answer:
    session = case.session
    system = case.related.log(Kind.SYSTEM)
    near = []
    if session.end is not None:
        near = case.related.timeline.commits(session.end - timedelta(seconds=180), session.end, session.serial)
    changed = bool(case.shift.fixed)
    if near and not rematch_off and not system.covers(session.end):
        event = near[-1]
        because = f"{event.text} at {moment_text(event.moment)}; when it was finished isn't in the inputs"
        return CantTell(because, "the system log: when the commit job was finished", 0.4)
    if len(system) and system.covers(session.end):
        if rematch_off and not changed:
            return RuledOut(
                "no refresh, schedule or content event before the end, and rematch is off, so that commits cut nothing"
            )
        return RuledOut(
            "the system log covers the time and has no commit, refresh or content install just before the end"
        )
    if rematch_off and not case.long and case.cluster < CLUSTER:
        return RuledOut("rematch is off, so that commits cut no live session, and the session was not long-lived")
    if case.cluster >= CLUSTER and (session.elapsed or 0) >= 60:
        because = f"{case.cluster} other conversations ended in the same two seconds, as after a commit or refresh"
        return CantTell(because, "the system log around the end: commits, refreshes, content installs", 0.45)
    if (session.elapsed or 0) >= 600 and not case.still_allowed:
        because = "it had run for long and would be refused by the configuration at hand"
        return CantTell(because, "the system and configuration logs around the end", 0.35)
    if case.short and case.cluster < CLUSTER:
        return RuledOut(
            f"the session was {session.elapsed or 0} s old and ended alone, with no event before it in the inputs"
        )
    because = "the inputs hold no system log of that time"
    return CantTell(because, "the system and configuration logs around the end", 0.12)


def _schedule_boundary(case: Case) -> Rule | None:
    """The rule whose schedule begins or ends within a minute of the session's end."""
    if case.policy is None or case.session.end is None:
        return None
    rules = [case.logged, case.refuser, *(trace.rule for trace in case.may_refuse)]
    for rule in rules:
        if rule is None or not rule.schedule:
            continue
        schedule = schedule_of(case.policy, rule)
        if schedule is not None and _near_boundary(schedule, case.session.end):
            return rule
    return None


def _near_boundary(schedule: Schedule, moment: datetime) -> bool:
    weekday = moment.strftime("%A").lower()
    spans = [*schedule.daily, *schedule.weekly.get(weekday, ())]
    minutes = moment.hour * 60 + moment.minute + moment.second / 60
    for span in spans:
        for edge in span.split("-"):
            hours, _, rest = edge.strip().partition(":")
            if hours.isdigit() and rest.isdigit():
                distance = abs(minutes - (int(hours) * 60 + int(rest)))
                if min(distance, 1440 - distance) <= 1:
                    return True
    for span in schedule.dates:
        for edge in span.split("-"):
            try:
                at = datetime.strptime(edge.strip(), "%Y/%m/%d@%H:%M")
            except ValueError:
                continue
            if abs(at - moment) <= timedelta(minutes=1):
                return True
    return False


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
    return (
        "Review what the content update changed (new App-IDs) and add the new applications to the rules meant for them."
    )
