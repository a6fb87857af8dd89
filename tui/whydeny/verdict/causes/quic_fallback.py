"""QUIC was refused by a silent deny, and the client falls back to TCP.

What it means
-------------
Browsers try QUIC on UDP 443 first. Where quic is refused, on purpose or because no rule lists it, and the refusal is
not logged, the row keeps the rule that let the first packet through. The browser goes on over TCP within a moment, and
the user notices nothing.

How it is recognised
--------------------
The session is UDP, the application is quic, and the look-up ends at a deny that writes no log. A TCP session to port
443 from the same source to the same destination begins within seconds.

What to look at next
--------------------
Whether the TCP session that follows completes: then nothing is broken. If users complain, look at that one.

What else looks like this
-------------------------
Any other application on UDP 443 that shifts (app-shift).
"""

from datetime import timedelta

from whydeny.model.protocols import UDP
from whydeny.model.tables import Session
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import (
    APPLICATION,
    held_by_row,
    lookup_evidence,
    needs_refusal,
    refusing,
    row_trail,
    rule_trail,
)
from whydeny.verdict.likeness import Like
from whydeny.verdict.references import POLICY_FLOW

CAUSE = Cause(
    title="QUIC refused silently; the client falls back to TCP",
    needs=("running configuration",),
    references=(POLICY_FLOW,),
    outranks=("app-shift", "app-default-port"),
)


FALLBACK, LATER = timedelta(seconds=10), timedelta(minutes=10)


def check(case: Case) -> Answer:
    """Whether this is QUIC that a silent deny took."""
    if case.session.protocol is not None and case.session.protocol != UDP:
        return RuledOut(f"the session is {case.session.protocol_word}, and QUIC runs over UDP")
    if not case.application.startswith("quic"):
        return RuledOut(f"the application is {case.application or 'not named'}, not quic")
    if case.engine is None:
        what = "UDP was recognised as quic, which is often refused without a log; browsers fall back to TCP"
        evidence = Evidence("the row's application is quic, over UDP", 0.0)
        turn = "a rule that refuses quic without a log, or no rule that lists it"
        return held_by_row(case, what, evidence, _fix("the rule that refuses it"), turn)
    stopped = needs_refusal(case, APPLICATION)
    if stopped is not None:
        return stopped
    refuser = case.refuser
    if refuser is None:
        return RuledOut("no rule refuses it")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    if "quic" in refuser.applications:
        text = f"{refuser.name} names quic and writes no log" if not refuser.log_end else f"{refuser.name} names quic"
        gathered.add(Evidence(text, 0.4, Basis.RULE, rule_trail(refuser)))
    follow = _fallback(case)
    fine = follow is not None and case.related.outcome(follow.row) == Outcome.COMPLETED
    if follow is not None:
        text = f"TCP session {follow.id} to the same server on 443 {'completed' if fine else 'followed'} right after"
        gathered.add(Evidence(text, 0.6, trail=row_trail("traffic", follow.row)))
    after = " The client's TCP session right after it completed: harmless." if fine else ""
    missing: tuple[str, ...] = ()
    if follow is None and _log_goes_on(case):
        after = " No TCP session to the same server follows in these logs."
        text = (
            "no TCP session of the client to the same server begins within ten seconds, though the log has others of it"
        )
        gathered.add(Evidence(text, -1.3))
    elif follow is None:
        missing = ("the traffic log of the seconds after it, for the TCP session that follows",)
    return Held(
        base=0.82,
        headline=f"Last allowed by {case.named_rule}, then refused: UDP {case.session.destination_port} was recognised as "
        f"quic and ended at {refusing(refuser)}; browsers fall back to TCP.{after}",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(refuser.name),
        fix_at=refuser.origin.edited_at(),
        commands=("show session all filter application quic",),
        missing=missing,
        flips_if="the application quic on UDP",
    )


def _fix(refuser: str) -> str:
    return (
        f"Nothing to mend where QUIC is refused on purpose. To see it, let {refuser} log at session end; to make the "
        "fallback quicker, refuse with an ICMP unreachable rather than a drop. Allowing quic takes these sessions out of "
        "decryption."
    )


def _log_goes_on(case: Case) -> bool:
    """Whether the traffic log has sessions of this client that passed in the ten minutes after it, and so is not an
    extract of refusals."""
    end = case.session.end
    passed = [] if end is None else case.related.like(Like.SOURCE_PASSED).rows(case.session.row, end, end + LATER)
    return bool(passed)


def _fallback(case: Case) -> Session | None:
    """The TCP session to the same server on the same port that began within ten seconds."""
    session = case.session
    begin = session.start or session.end
    if begin is None:
        return None
    around = FALLBACK
    rows = case.related.like(Like.SERVER_TCP).rows(session.row, begin - around, begin + around)
    return case.related.session(rows[0]) if rows else None
