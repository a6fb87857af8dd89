"""User, group, HIP or device criteria no longer held at a later look-up.

What it means
-------------
The rule that allowed the session asks for a user, a group, a HIP profile or a device. At a later look-up (an
application shift, a commit) the mapping was gone or was another one, the rule no longer matched, and the session fell
through to a deny that writes no log. A session keeps its user until it is looked up again: that a lost mapping alone
ends a live session is not documented.

How it is recognised
--------------------
The row has no user (or another one), the rule asks for users, everything else matches, and the look-up ends at a silent
deny. Earlier sessions of the same address under the same rule had a user; the User-ID log shows a logout, another user, or
a mapping whose time-out ran out; without any of these the confidence stays low, since users count from the first packet
on. HIP and device criteria can't be judged from files: they are named, guardedly, where
nothing else of the rule can have changed.

What to look at next
--------------------
`show user ip-user-mapping ip ADDRESS`; the User-ID log; mapping time-outs; `show user user-ids match-user USER`; for HIP
`show user hip-report`.

What else looks like this
-------------------------
An authentication rule for unknown users that challenges the client (authentication-challenge). A group whose members
aren't in the files leaves the rule unknown, not unmatched.
"""

from datetime import timedelta

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.commands import quoted
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import lookup_evidence, lookup_rules_out, lost_to_unknown, refusing, row_trail, rule_trail
from whydeny.verdict.likeness import Like
from whydeny.verdict.references import INTERFACE_HELP, POLICY_FLOW
from whydeny.verdict.surroundings import HOUR, USER_COLUMN

HOST_FIELDS = frozenset({"source-hip", "destination-hip"})
FIELDS = HOST_FIELDS | {"source-user"}

CAUSE = Cause(
    title="User or host criteria no longer held",
    needs=("running configuration", "User-ID log"),
    references=(POLICY_FLOW, INTERFACE_HELP),
)


def check(case: Case) -> Answer:
    """Whether a user or host criterion moved the session to a refusal."""
    stopped = lookup_rules_out(case)
    if stopped is not None:
        return stopped
    rule, refuser = case.logged, case.refuser
    if rule is None:
        return CantTell(
            f"the rule {case.named_rule} is not in the configuration, so that its users aren't known",
            "the configuration that was in force at the time of the session",
            0.1,
        )
    if refuser is None or not case.shift.fields & FIELDS:
        return lost_to_unknown(case, FIELDS) or _open(case, rule)
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser, at_first=not _mapped_anew(case))
    own = any(c.field == "source-user" for c in (case.logged_trace.misses() if case.logged_trace else ()))
    asks = rule if own else refuser
    wanted = ", ".join(asks.users[:3])
    had = case.user or "no user"
    unsaid = case.lacking("user") if case.user is None and "source-user" in case.shift.fields else None
    knew = f"the firewall {'may have known' if unsaid else 'knew'} {had}"
    if own:
        text = f"{rule.name} asks for {wanted}; the row has {had}"
        gathered.add(Evidence(text, 0.3, Basis.RULE, rule_trail(rule)))
    else:
        text = f"{refuser.name} above asks for {wanted}, which a change of user begins to match"
        gathered.add(Evidence(text, 0.1, Basis.RULE, rule_trail(refuser)))
    for name in sorted(case.shift.fields - FIELDS - {"service"}):
        gathered.add(Evidence(f"{rule.name} also misses by {name}", -0.8, Basis.RULE))
    changes = len(gathered.items)
    _mapping_evidence(case, gathered, rule)
    if own and len(gathered.items) == changes:
        text = (
            f"{rule.name} asks for its users from the first packet on, and no input shows that the address had one then"
        )
        gathered.add(Evidence(text, -1.0, Basis.DEDUCTION, rule_trail(rule)))
    missing = [] if case.related.has(Kind.USERID) else ["the User-ID log between start and end of the session"]
    if unsaid:
        text = (
            f"{unsaid} lacks the column Source User, so that the firewall may have known the session's user all along"
        )
        gathered.add(Evidence(text, -1.0, Basis.ROW))
        missing.append(USER_COLUMN)
    text = "that a lost mapping alone ends a live session is not documented; it counts at the next look-up"
    gathered.add(Evidence(text, -0.2, Basis.OPINION))
    return Held(
        base=0.7,
        headline=f"Last allowed by {rule.name}, then refused: {'the rule' if own else f'{refuser.name} above'} asks for "
        f"{wanted}, at a later look-up {knew} for {case.session.source_text}, and the session ended at "
        f"{refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(rule),
        fix_at=rule.origin.edited_at(),
        commands=_commands(case),
        missing=tuple(missing),
        flips_if="a logout or an expired mapping of this address in the User-ID log between start and end",
    )


def _open(case: Case, rule: Rule) -> Answer:
    unknown = case.logged_unknowns()
    trace = case.logged_trace
    if unknown & FIELDS and trace is not None:
        name = sorted(unknown & FIELDS)[0]
        settle = next((c.settle for c in trace.unknowns() if c.field == name and c.settle), "")
        settle = settle or "the group members or HIP reports of that time"
        alone = unknown <= FIELDS and not trace.misses() and case.refuser is not None
        if alone and unknown & HOST_FIELDS:
            return _host_alone(case, rule, case.refuser, settle)
        if alone and case.refuser is not None:
            changed = _user_alone(case, rule, case.refuser, settle)
            if changed is not None:
                return changed
        because = f"{rule.name} asks by {name} for something that the inputs don't hold"
        return CantTell(because, settle, 0.3 if alone else 0.12)
    for above in case.may_refuse:
        by = {c.field for c in above.unknowns()}
        settle = next((c.settle for c in above.unknowns() if c.field in FIELDS and c.settle), "")
        settle = settle or "the group members or HIP reports of that time"
        quarantine = any("quarantine" in name for name in (*above.rule.source_hips, *above.rule.destination_hips))
        if by <= HOST_FIELDS and not above.rule.log_end and not quarantine:
            return _host_alone(case, rule, above.rule, settle)
        if by & FIELDS:
            because = f"{above.rule.name} above refuses by users or hosts that the inputs don't hold"
            return CantTell(because, settle, 0.2)
    if rule.users == ("any",) and rule.source_hips == ("any",):
        return RuledOut(f"{rule.name} asks for no user, group or host state, nor does a refusing rule above it")
    return RuledOut(f"the user and host criteria of {rule.name} match the row")


def _user_alone(case: Case, rule: Rule, refuser: Rule, settle: str) -> Held | None:
    """Whether the user belongs to the rule's groups can't be told, but the mapping changed while the session lived."""
    gathered = Gathering()
    _mapping_evidence(case, gathered, rule)
    if sum(item.weight for item in gathered.items) < 0.5:
        return None
    wanted, had = ", ".join(rule.users[:3]), case.user or "no user"
    lookup_evidence(case, gathered, refuser, at_first=not _mapped_anew(case))
    return Held(
        base=0.5,
        headline=f"Last allowed by {rule.name}, then refused: the rule asks for {wanted}, the address was mapped anew to {had} "
        f"while the session lived, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(rule),
        fix_at=rule.origin.edited_at(),
        commands=_commands(case),
        missing=(settle,),
        flips_if=f"{had} is no member of {wanted} and was mapped while the session lived",
    )


def _host_alone(case: Case, rule: Rule, refuser: Rule | None, settle: str) -> Held:
    """HIP or device criteria are the only ones that can have changed; the inputs don't hold the host's state."""
    asks = rule if refuser is None or refuser.number > rule.number else refuser
    names = ", ".join(n for n in (*asks.source_hips, *asks.destination_hips) if n != "any")
    gathered = Gathering()
    text = f"{names} of {asks.name} is the only criterion that can have changed: everything else matches"
    gathered.add(Evidence(text, 0.2, Basis.DEDUCTION, rule_trail(asks)))
    if refuser is not None and not refuser.log_end:
        text = f"{refuser.name} does not log, which is why the row still names {case.named_rule}"
        gathered.add(Evidence(text, 0.2, Basis.DEDUCTION, rule_trail(refuser)))
    gathered.add(Evidence("the host's state is not in the inputs: the look-up is conditional", -0.5, Basis.RULE))
    if case.cluster >= 5:
        gathered.add(Evidence(f"{case.cluster} other conversations were refused in the same two seconds", -1.2))
    text = (
        "that a change of the host's state alone ends a live session is not documented; it counts at the next look-up"
    )
    gathered.add(Evidence(text, -0.2, Basis.OPINION))
    end = f", and the session ended at {refusing(refuser)}" if refuser is not None else ""
    return Held(
        base=0.47,
        headline=f"Last allowed by {case.named_rule}, then refused, most likely because the host's state changed: "
        f"{asks.name} asks for {names}{end}.",
        evidence=gathered.all(),
        denied_by=refuser.name if refuser is not None else None,
        fix=f"See what the host reported at that time and mend it there (the profile's check, the agent's report). A rule for "
        f"hosts that fail {names}, which logs, shows how often it happens; taking the check out of {asks.name} gives up "
        "what it is for.",
        fix_at=asks.origin.edited_at(),
        commands=_commands(case),
        missing=(settle,),
        flips_if=f"a HIP or device match of this host for {names} that changed between start and end",
    )


def _mapping_evidence(case: Case, gathered: Gathering, rule: Rule) -> None:
    _expiry(case, gathered)
    for row in case.address_rows(Kind.USERID, timedelta(minutes=5), timedelta(seconds=5))[-3:]:
        word = str(row.get("subtype") or row.get("event") or "")
        if word in ("logout", "unregister", "expire", "timeout") or "logout" in word:
            text = f"the User-ID log has {word} of {row.get('user')} at {moment_text(row.get('time'))}"
            gathered.add(Evidence(text, 1.0, trail=row_trail("userid", row["row"])))
        elif word == "login" and row.get("user") and str(row["user"]).lower() != (case.user or "").lower():
            text = f"the User-ID log maps the address to {row['user']} at {moment_text(row.get('time'))}"
            gathered.add(Evidence(text, 0.5, trail=row_trail("userid", row["row"])))
    _new_mapping(case, gathered)
    rows = [] if case.user else case.like(Like.RULE_WITH_USER, HOUR, timedelta(0))
    if rows:
        other = case.related.session(rows[-1])
        text = f"session {other.id} of the same address used {rule.name} as {other.user} until {moment_text(other.end)}"
        gathered.add(Evidence(text, 0.7, trail=row_trail("traffic", other.row)))


def _fix(rule: Rule) -> str:
    return (
        "Mend the mapping rather than the rule: the source that maps this address, its time-out, and what else uses the "
        f"address. A rule below {rule.name} that logs whom it does not take shows how often it happens; opening {rule.name} "
        "to any user gives up what it is for."
    )


def _new_mapping(case: Case, gathered: Gathering) -> None:
    """A login of the row's own user while the session lived, where the address had been another user's before."""
    session = case.session
    if case.user is None or session.start is None or session.end is None:
        return
    logins = [
        row
        for row in case.address_rows(Kind.USERID, timedelta(hours=12), timedelta(0))
        if row.get("time") and str(row.get("subtype") or "") == "login"
    ]
    if not logins or not session.start < logins[-1]["time"] <= session.end:
        return
    before = str(logins[-2].get("user") or "") if len(logins) > 1 else ""
    if before.lower() != case.user.lower():
        was = f" (it was {before} before)" if before else ""
        text = (
            f"the address was mapped to {logins[-1].get('user')} at {moment_text(logins[-1]['time'])}{was}, mid-session"
        )
        gathered.add(Evidence(text, 0.8 if before else 0.5, Basis.ROW, row_trail("userid", logins[-1]["row"])))


def _mapped_anew(case: Case) -> bool:
    """Whether the User-ID log has the address mapped or unmapped while the session lived."""
    session = case.session
    rows = case.address_rows(Kind.USERID, timedelta(0), timedelta(0)) if session.start and session.end else []
    return any(row.get("time") and session.start < row["time"] <= session.end for row in rows)


def _commands(case: Case) -> tuple[str, ...]:
    session = case.session
    if session.source_text is None:
        return ()
    found = [f"show user ip-user-mapping ip {session.source_text}"]
    if case.user:
        found.append(f"show user user-ids match-user {quoted(case.user)}")
    return tuple(found)


def _expiry(case: Case, gathered: Gathering) -> None:
    """A mapping whose time-out passed while the session lived, with no later one."""
    session = case.session
    if session.end is None or case.user:
        return
    rows = [r for r in case.address_rows(Kind.USERID, timedelta(hours=12), timedelta(0)) if r.get("time")]
    last = rows[-1] if rows else None
    if last is None or str(last.get("subtype") or last.get("event") or "") != "login" or not last.get("timeout"):
        return
    ends = last["time"] + timedelta(seconds=int(last["timeout"]))
    if (session.start or session.end) - timedelta(seconds=60) <= ends <= session.end + timedelta(seconds=5):
        text = f"the mapping to {last.get('user')} of {moment_text(last['time'])} ran out at {moment_text(ends)}"
        gathered.add(Evidence(text, 1.0, Basis.ROW, row_trail("userid", last["row"])))
