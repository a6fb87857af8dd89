"""A tag or quarantine moved the host into a group that a rule refuses.

What it means
-------------
A log event tags an address (log forwarding with a tagging action, the API, a quarantine list). A dynamic group on that
tag stands in a deny rule, often one that writes no log. From the moment of the tag the host's sessions are refused at
their next look-up, and their rows keep the rule that had allowed them.

How it is recognised
--------------------
A refusing rule above asks for a dynamic address group, a dynamic user group or a quarantine state whose members can't
be known from a configuration; a threat, decryption or IP-tag event about the address came before the end; the
log-forwarding profile sets just the tag that the group is made of.

What to look at next
--------------------
Monitor > Logs > IP-Tag; `show object registered-ip all`; Device > Device Quarantine; the event that set the tag.

What else looks like this
-------------------------
An external list that was refreshed (policy-change, list-refresh). Without the event the rule stays merely possible.
"""

import re
from datetime import timedelta

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.policy.lookup import RuleTrace
from whydeny.policy.questions import Moving, tags_set_by_logs
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import row_trail, rule_trail
from whydeny.verdict.references import INTERFACE_HELP, POLICY_FLOW

ADDRESS_SOURCE = "IP-tag log, or show object registered-ip all"
USER_GROUP = "dynamic user group"

CAUSE = Cause(
    title="Tag or quarantine moved the host into a refused group",
    needs=("IP-tag log", "threat log", "running configuration"),
    references=(POLICY_FLOW, INTERFACE_HELP),
    outranks=("app-shift", "policy-change", "user-or-host-criteria"),
)


def check(case: Case) -> Answer:
    """Whether a dynamic group or quarantine took the host."""
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {case.session.end_reason}, which names decryption")
    if case.engine is None:
        because = "there is no configuration to tell whether a rule refuses a dynamic group"
        return CantTell(because, "the running configuration", 0.08)
    for trace in case.may_refuse:
        groups = [*_groups(case, trace.rule), *_user_groups(case, trace.rule)]
        if groups or _quarantine(trace.rule):
            return _held(case, trace.rule, groups, trace)
    refuser = case.refuser
    if refuser is not None:
        groups = [*_groups(case, refuser), *_user_groups(case, refuser)]
        by_group = refuser.number < (case.logged.number if case.logged else refuser.number + 1)
        if (groups or _quarantine(refuser)) and by_group:
            return _held(case, refuser, groups, None)
    return RuledOut("no refusing rule that could take it asks for a dynamic group or a quarantine state")


def _groups(case: Case, rule: Rule) -> list[Moving]:
    return [m for m in case.moving((*rule.sources, *rule.destinations)) if m.kind == "dynamic-group"]


def _user_groups(case: Case, rule: Rule) -> list[Moving]:
    """The dynamic user groups that a rule asks for: as the configuration has them, or as the row names its user's."""
    scopes = case.policy.scopes if case.policy else ()
    known = {name: tags for scope in reversed(scopes) for name, tags in scope.dynamic_user_groups.items()}
    if case.session.dynamic_user_group:
        known.setdefault(case.session.dynamic_user_group, "")
    return [Moving(USER_GROUP, name, known[name]) for name in rule.users if name in known]


def _quarantine(rule: Rule) -> bool:
    return any("quarantine" in name.lower() for name in (*rule.source_hips, *rule.destination_hips))


def _held(case: Case, rule: Rule, groups: list[Moving], trace: RuleTrace | None) -> Answer:
    session = case.session
    gathered = Gathering()
    group = groups[0] if groups else None
    kind = USER_GROUP if group is not None and group.kind == USER_GROUP else "dynamic group"
    who = case.user or "its user" if kind == USER_GROUP else session.source_text
    tags = f" ({group.filter})" if group is not None and group.filter else ""
    bearer = "user" if kind == USER_GROUP else "address"
    what = f"{kind} {group.name}{tags}" if group is not None else "a quarantine state"
    silent = "writes no log" if not rule.log_end else "logs its refusals"
    text = f"{rule.name} above refuses {what} and {silent}"
    gathered.add(Evidence(text, 0.3 if not rule.log_end else -0.9, Basis.RULE, rule_trail(rule)))
    if trace is not None:
        gathered.add(
            Evidence("the group's members are not in the inputs: the look-up is conditional", -0.3, Basis.RULE)
        )
    elif kind == USER_GROUP:
        gathered.add(Evidence("the row names the group as its user's", 1.0))
    else:
        gathered.add(Evidence("the address is in the group", 1.0, Basis.RULE))
    events = _tag_evidence(case, gathered, group)
    if not case.short and not session.live:
        gathered.add(Evidence(f"it had run for {session.elapsed} s and was then refused", 0.2))
        text = "that a tag alone ends a live session is not documented; it counts at the next look-up"
        gathered.add(Evidence(text, -0.2, Basis.OPINION))
    if not events and trace is not None:
        source = "User-ID log, or show object registered-user all" if kind == USER_GROUP else ADDRESS_SOURCE
        settle = f"the members of the group at that time ({source})"
        because = f"{rule.name} above refuses {what}, and no event about the address is in the inputs"
        return CantTell(because, settle, 0.3)
    return Held(
        base=0.5,
        headline=f"Last allowed by {case.named_rule}, then refused: {who} was moved into {what}, which "
        f"{rule.name} refuses ({silent}).",
        evidence=gathered.all(),
        denied_by=rule.name,
        fix="Treat it as meant until the event is understood: look at what set the tag. If it was a false alarm, take the "
        f"tag off the {bearer} and mend the match that sets it; let {rule.name} log, so that such refusals show. Moving "
        f"the rule or opening {case.named_rule} wider defeats the quarantine.",
        fix_at=rule.origin.edited_at(),
        commands=_commands(kind),
        missing=_missing(case, kind),
        flips_if="the address among the group's members at the end of the session (IP-tag log)",
    )


def _commands(kind: str) -> tuple[str, ...]:
    if kind == USER_GROUP:
        return ("show object registered-user all",)
    return ("show object registered-ip all", "show object dynamic-address-group all")


def _missing(case: Case, kind: str) -> tuple[str, ...]:
    if kind == USER_GROUP:
        return ("when the user got the tag (User-ID log, or show object registered-user all)",)
    return () if case.related.has(Kind.IPTAG) else ("the IP-tag log, or show object registered-ip all",)


def _tag_evidence(case: Case, gathered: Gathering, group: Moving | None) -> int:
    session, found = case.session, 0
    wanted = {tag.lower() for tag in re.findall(r"[\w.:-]+", group.filter)} - {"and", "or"} if group else set()
    setters = tags_set_by_logs(case.policy) if case.policy else {}
    tagged = [
        row
        for row in case.address_rows(Kind.IPTAG, timedelta(hours=24), timedelta(seconds=2))
        if not wanted or str(row.get("tag") or "").lower() in wanted
    ]
    for row in tagged[-1:]:
        event = str(row.get("event") or row.get("subtype") or "").lower()
        gone = "unregister" in event
        at = moment_text(row.get("time"))
        text = f"the IP-tag log has {event or 'the tag'} {row.get('tag')} for the address at {at}"
        gathered.add(Evidence(text, -1.0 if gone else 1.6, trail=row_trail("iptag", row["row"])))
        if gone:
            return 0
        found += 1
    set_by = {tag: setter for tag, setter in setters.items() if tag.lower() in wanted}
    for tag, setter in set_by.items():
        gathered.add(Evidence(f"the tag {tag} is set by {setter}", 0.4, Basis.RULE))
    if session.source is None or session.end is None:
        return found
    begin = session.start or session.end
    for kind, name in ((Kind.THREAT, "threat"), (Kind.URL, "URL"), (Kind.DECRYPTION, "decryption")):
        log = case.related.log(kind)
        rows = log.from_source(session.source, begin - timedelta(minutes=5), session.end)
        if kind is Kind.DECRYPTION:
            rows = [row for row in rows if log.table.row(row).get("error")]
        if kind is Kind.URL:
            rows = [row for row in rows if str(log.table.row(row).get("action") or "").startswith("block")]
        if rows:
            values = log.table.row(rows[-1])
            what = values.get("threat_name") or values.get("error") or values.get("url") or "an event"
            when = moment_text(log.moment(rows[-1]))
            text = f"the {name} log has {what} for the address at {when}, before the end"
            makes_tag = any(str(kind) in setter for setter in set_by.values())
            weight = (1.1 if kind is Kind.THREAT else 0.5) if makes_tag else 0.3
            gathered.add(Evidence(text, weight, trail=row_trail(kind, rows[-1])))
            if group and not makes_tag:
                text = "no log-forwarding profile in the files makes a tag of it; the API or another product may"
                gathered.add(Evidence(text, -0.4, Basis.DEDUCTION))
            found += kind is Kind.THREAT or makes_tag
    return found
