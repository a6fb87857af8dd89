"""The parent of a predicted or inner session was refused, and its child with it.

What it means
-------------
FTP data, SIP media and other predicted sessions belong to the control session that announced them; a session inside an
inspected tunnel belongs to the tunnel. When the parent is refused, the children end with it, and their own rows keep
the rule that had allowed them.

How it is recognised
--------------------
The row names a parent session, and the parent's own row says that it was refused at the same moment, by policy or (with
less confidence) by a profile or by decryption. Session ids are used again: the parent lived beside its child.

What to look at next
--------------------
The parent's row (Parent Session ID in the detailed log view); `show session id` of the parent while it lives.

What else looks like this
-------------------------
A session inside an inspected tunnel that ends because its own application or port is refused: then the look-up says so.
What a control session announced needs no rule of its own, so that there the look-up says little.
"""

from datetime import timedelta

from whydeny.model.configuration import Rulebase
from whydeny.model.tables import Session
from whydeny.policy.flows import flow_of
from whydeny.verdict.case import Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import predicted, row_trail
from whydeny.verdict.references import PREDICT, TRAFFIC_FIELDS

CAUSE = Cause(
    title="Parent session refused",
    needs=("traffic log of the parent session",),
    releases="the parent's id is logged since 8.0",
    references=(PREDICT, TRAFFIC_FIELDS),
    outranks=("app-shift", "app-default-port", "policy-change", "url-category", "user-or-host-criteria"),
)

REFUSED = (Outcome.POLICY_DENIED, Outcome.ALLOWED_THEN_DENIED)
BLOCKED = (Outcome.PROFILE_BLOCK, Outcome.DECRYPTION_BLOCK)
BESIDE = timedelta(seconds=5)


def check(case: Case) -> Answer:
    """Whether the session fell with its parent."""
    session = case.session
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {session.end_reason}, which names decryption")
    if not session.parent_session_id:
        column = "has no parent column" if session.parent_session_id is None else "names no parent"
        if predicted(case):
            because = f"{case.application} is opened by a control session, and the row {column}"
            return CantTell(because, "the control session's own row", 0.25)
        return RuledOut("the row names no parent session")
    rows = _parents(case, session.parent_session_id)
    if not rows:
        because = f"the row of the parent, session {session.parent_session_id}, is not among the inputs"
        return CantTell(because, f"the traffic-log row of session {session.parent_session_id}", 0.4)
    refused = [row for row in rows if case.related.outcome(row) in (*REFUSED, *BLOCKED)]
    if not refused:
        outcome = case.related.outcome(rows[-1])
        return RuledOut(f"the parent, session {session.parent_session_id}, was not refused ({outcome})")
    row = refused[-1]
    parent = case.related.session(row)
    gathered = Gathering()
    outcome = case.related.outcome(row)
    by = (
        f" by {parent.rule}"
        if outcome == Outcome.POLICY_DENIED
        else f" ({parent.end_reason})"
        if outcome in BLOCKED
        else ""
    )
    text = f"the parent, session {parent.id} ({parent.application}), was refused{by} at {moment_text(parent.end)}"
    gathered.add(Evidence(text, 0.6, trail=row_trail("traffic", row)))
    if parent.end and session.end:
        apart = abs(parent.end - session.end)
        if apart <= timedelta(seconds=5):
            gathered.add(Evidence("both ended in the same moment", 0.7))
        else:
            gathered.add(Evidence(f"they ended {apart.total_seconds():.0f} s apart", -1.0))
    if case.still_allowed:
        gathered.add(Evidence("its own look-up still ends at an allow rule", 0.4, Basis.RULE))
    elif case.refuser is not None:
        gathered.add(Evidence(f"its own look-up ends at {case.refuser.name} as well", -0.4, Basis.RULE))
    denied = (
        parent.rule if outcome == Outcome.POLICY_DENIED else _refused_by(case, parent) if outcome in REFUSED else None
    )
    return Held(
        base=0.65 if outcome in REFUSED else 0.5,
        headline=f"Last allowed by {case.named_rule}, then ended with its parent: session {parent.id} "
        f"({parent.application}) was refused{by}, and this {case.application} session belongs to it.",
        evidence=gathered.all(),
        denied_by=denied,
        fix=f"Look at the parent, session {parent.id}: what refused it is what to mend. A rule for {case.application} alone "
        "changes nothing, since its sessions are opened by the parent.",
        commands=(f"show session id {parent.id}",),
        flips_if="the parent's row with a refusal in the same moment",
    )


def _refused_by(case: Case, parent: Session) -> str | None:
    """The rule that refuses a parent whose own row kept the rule that had allowed it."""
    if case.engine is None or parent.vsys != case.session.vsys:
        return None
    look = case.engine.look_up(Rulebase.SECURITY, flow_of(parent), near=0)
    return look.rule.name if look.rule is not None and look.rule.action != "allow" and not look.possible else None


def _parents(case: Case, parent_id: int) -> list[int]:
    """The rows of the parent: ids are used again, so that those which lived beside the session and share a host go first."""
    session = case.session
    rows = case.related.with_id(parent_id, session)
    begin = session.start or session.end
    hosts = {session.source, session.destination}

    def beside(row: int) -> bool:
        other = case.related.session(row)
        if begin is None or other.end is None or session.end is None:
            return True
        return other.end >= begin - BESIDE and (other.start or other.end) <= session.end + BESIDE

    alive = [row for row in rows if beside(row)]
    related = [row for row in alive if hosts & {(o := case.related.session(row)).source, o.destination}]
    return related or alive or rows
