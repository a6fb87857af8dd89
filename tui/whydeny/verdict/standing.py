"""Whether the configuration at hand is the one that was in force at the event, and how far a verdict may go.

The caps: 0.95 at most; 0.75 where the configuration is not that of the event but the inputs prove what it was (a rule's
uuid, the configuration log); 0.6 where they don't, where pushed policy is missing, where the rules turn on
a user that the log has no column for, or where a refusal that logs contradicts an allow row or a decryption that no rule
makes contradicts the rules; 0.5 where only the log row is there,
or the rules as the firewall has them compiled.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rulebase
from whydeny.model.release import release_of_config_version
from whydeny.model.truth import Truth
from whydeny.policy.wording import several
from whydeny.verdict.case import Case
from whydeny.verdict.contradiction import decrypted_by_no_rule
from whydeny.verdict.finding import Outcome
from whydeny.verdict.firewalls import same_line
from whydeny.verdict.grounds import LOOKUP_DENY
from whydeny.verdict.hindsight import asked_before
from whydeny.verdict.surroundings import USER_COLUMN
from whydeny.verdict.tls import failed

HIGHEST, PROVED, UNPROVED, ROW_ONLY = 0.95, 0.75, 0.6, 0.5
OF_THE_TIME = "the configuration that was in force at the time of the session"
COMPILED = (
    "the rules are known only as the firewall has them compiled, which shows no logging, schedules, HIP profiles and "
    "application-default: no configuration of this firewall among the inputs"
)


@dataclass(slots=True)
class Standing:
    """The cap, the sentences that say why it is lower than the highest, and what is missing."""

    cap: float = HIGHEST
    reasons: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lower(self, cap: float, reason: str) -> None:
        """Lower the cap, or keep a lower one, and say why."""
        self.cap = min(self.cap, cap)
        self.reasons.append(reason)


def standing(case: Case) -> Standing:
    """How far the inputs carry a verdict about this session."""
    found = Standing()
    policy = case.policy
    if policy is None:
        if any(failed(row) for row in case.decryption_rows):
            found.lower(
                PROVED, "no configuration of this firewall among the inputs, beside the rows of two logs that agree"
            )
        elif case.compiled is not None:
            found.lower(ROW_ONLY, COMPILED)
        else:
            found.lower(ROW_ONLY, "only the log row is there: no configuration of this firewall among the inputs")
        found.missing.append("the running configuration of the firewall")
        return found
    if policy.pushed_missing:
        found.lower(UNPROVED, "the rules that Panorama pushed are not among the inputs")
    if policy.candidate:
        found.lower(UNPROVED, "the configuration follows the candidate, which may hold uncommitted changes")
    named = case.related.site.source_name
    if policy.unplaced:
        names = " and ".join(map(named, policy.unplaced))
        found.lower(UNPROVED, f"nothing tells which of the firewalls {names} is of")
        found.missing.append("show system info beside each firewall's configuration")
    if policy.rivals:
        names = " and ".join(map(named, policy.rivals))
        text = (
            "holds another configuration of this firewall"
            if len(policy.rivals) == 1
            else "hold others of this firewall"
        )
        found.lower(UNPROVED, f"{names} {text}, and nothing tells which was in force")
        found.missing.append(OF_THE_TIME)
    found.missing.extend(policy.missing)
    _release(case, found)
    _logged_rule(case, found)
    _look_up(case, found)
    if decrypted_by_no_rule(case):
        found.lower(
            UNPROVED, "the row is flagged decrypted, and no decryption rule of this configuration can have done it"
        )
        found.missing.append(OF_THE_TIME)
    _user_not_said(case, found)
    for rulebase, tested in case.tested.items():
        if tested.differs:
            cap = UNPROVED if tested.strange else PROVED
            found.lower(cap, f"{tested.text}, so that these files are not what was in force")
        if tested.strange:
            found.missing.append(f"the {rulebase} rules as the firewall has them, pushed ones included")
    _commits_since_reading(case, found)
    _later_commits(case, found)
    return found


def _release(case: Case, found: Standing) -> None:
    """A row of another release line than the configuration was written before an upgrade, or after one."""
    of_row = release_of_config_version(case.session.config_version)
    saved = case.policy.release if case.policy else None
    if of_row is not None and not same_line(of_row, saved):
        line = f"{of_row.major}.{of_row.minor}"
        found.lower(
            PROVED, f"the row is of PAN-OS {line} and the configuration of {saved}: it is not that of the event"
        )


def _logged_rule(case: Case, found: Standing) -> None:
    session, rule = case.session, case.logged
    if not session.rule:
        if rule is not None:
            found.lower(
                UNPROVED, f"the session table names no rule; that {rule.name} let it in is what these rules say"
            )
            found.missing.append(f"show session id {session.id}, which names the rule")
        return
    if rule is None:
        found.lower(UNPROVED, f"the rule {session.rule} of the row is not in this configuration")
        found.missing.append(OF_THE_TIME)
        return
    if rule.name != session.rule:
        if rule.uuid and rule.uuid == session.rule_uuid:
            found.lower(PROVED, f"the rule {session.rule} of the row is now called {rule.name} (same uuid)")
    elif rule.uuid and session.rule_uuid and rule.uuid != session.rule_uuid:
        found.lower(UNPROVED, f"another rule has the name {rule.name} now (its uuid differs from the row's)")
    if rule.disabled:
        found.lower(UNPROVED, f"the rule {rule.name} of the row is disabled in this configuration")
    if rule.action != "allow" and session.action == "allow":
        found.lower(
            UNPROVED, f"the rule {rule.name}, which allowed the row, has action {rule.action} in this configuration"
        )


def _look_up(case: Case, found: Standing) -> None:
    refuser = case.refuser
    if refuser is not None and refuser.log_end and not case.session.live:
        found.lower(UNPROVED, f"{refuser.name} logs its refusals, so that an allow row contradicts this configuration")
    other = case.still_allowed and not case.same_rule and case.logged is not None
    if case.shift.fixed:
        names = "the order of the rules" if "order" in case.shift.fixed else ", ".join(sorted(case.shift.fixed))
        found.lower(UNPROVED, f"by {names} this configuration can never have allowed the session")
        found.missing.append(OF_THE_TIME)
    elif other and case.evaluated is not None and not case.session.parent_session_id:
        # What a predicted session is let through by is its parent's rule.
        found.lower(UNPROVED, f"this configuration would have allowed it by {case.evaluated.name} instead")
        found.missing.append(OF_THE_TIME)
    if LOOKUP_DENY in (case.session.tracker_stage or "").lower() and case.still_allowed:
        found.lower(
            UNPROVED, "the session tracker says that a rule look-up refused it, and this configuration allows it"
        )
        found.missing.append("the security rules as the firewall has them, pushed ones included")
    if case.outcome is Outcome.ALLOWED_THEN_DENIED:
        found.missing.extend(c.settle for trace in case.may_refuse for c in trace.unknowns() if c.settle)


def _user_not_said(case: Case, found: Standing) -> None:
    """Rules that may take the session or not by its user, where the log lacks the column."""
    file = case.lacking("user") if case.user is None else None
    if file is None or case.engine is None or Rulebase.SECURITY in case.tested:
        return
    known = {rule.number for rule in case.look_up(Rulebase.SECURITY).possible}
    look = case.engine.look_up(Rulebase.SECURITY, replace(case.flow, user=None), near=0)
    asking = [rule.name for rule in look.possible if rule.number not in known]
    if asking:
        what = "asks" if len(asking) == 1 else "ask"
        found.lower(UNPROVED, f"{file} lacks the column Source User, and {several(asking)} {what} for users")
        found.missing.append(USER_COLUMN)


def _commits_since_reading(case: Case, found: Standing) -> None:
    """Commits between the reading of the configuration and the event: it does not hold what they changed."""
    session = case.session
    span = case.related.log(Kind.CONFIGURATION).span(session.serial)
    read = case.policy.saved if case.policy else None
    if read is None or span is None:
        return
    last = session.end or span[1]
    if case.related.timeline.committed(read, last, session.serial):
        found.lower(
            UNPROVED, f"there was a commit after the configuration was read, at {read}, and before the session ended"
        )
        found.missing.append(OF_THE_TIME)


def _later_commits(case: Case, found: Standing) -> None:
    """Commits after the event: the configuration at hand may hold what they changed."""
    session = case.session
    span = case.related.log(Kind.CONFIGURATION).span(session.serial)
    if session.end is None or span is None:
        return
    first, last = session.end + timedelta(seconds=1), span[1] + timedelta(seconds=1)
    timeline = case.related.timeline
    if not timeline.committed(first, last, session.serial):
        return
    rules = [rule.name for rule in (case.logged, case.evaluated) if rule is not None]
    named = timeline.last_change_naming(rules, first, last, session.serial)
    before = asked_before(case)
    if before is not None and before.took is Truth.NO_MATCH:
        text = f"{before.change.text}, committed after the session; it did not take the {before.field} before either"
        found.lower(PROVED, text)
    elif named is not None:
        found.lower(UNPROVED, f"a rule of this look-up was changed and committed after the session: {named.text}")
        found.missing.append(OF_THE_TIME)
    elif timeline.changed(first, last, session.serial):
        found.lower(
            PROVED, "there were commits after the session; the configuration log shows none of these rules changed"
        )
    else:
        found.lower(UNPROVED, "there were commits after the session, and what they changed is not in the inputs")
