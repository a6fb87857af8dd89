"""One HTTP/2 stream was refused while its connection lived on.

What it means
-------------
From 9.0 decrypted HTTP/2 is inspected and policy is enforced stream by stream; each stream is logged as a session with
the number of its connection. One stream can be refused (by its URL category, its application) while its siblings go
on: the user sees half a page.

How it is recognised
--------------------
The row has an HTTP/2 connection number, and other streams of the same connection were not refused. What refused the
stream (its category, its application) is the first alternative.

What to look at next
--------------------
All rows of the connection (column HTTP/2 Connection in the traffic log); the URL log of the stream.

What else looks like this
-------------------------
All streams of the connection refused: then it is the criterion itself. Without HTTP/2 the same site is one session.
"""

from whydeny.model.flags import Flag
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import lookup_evidence, present_name, refusing, row_trail
from whydeny.verdict.references import HTTP2, URL_LOOKUP

CAUSE = Cause(
    title="One HTTP/2 stream refused",
    needs=("traffic log with all streams of the connection", "running configuration"),
    releases="9.0 and later",
    references=(HTTP2, URL_LOOKUP),
    outranks=("url-category", "app-shift", "app-default-port", "app-dependency", "user-or-host-criteria"),
)


def check(case: Case) -> Answer:
    """Whether one stream of a living connection was refused."""
    session = case.session
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {session.end_reason}, which names decryption")
    if case.at_least(9) is False:
        return RuledOut(f"PAN-OS {case.release} does not inspect HTTP/2 by stream (since 9.0)")
    if not session.http2_connection:
        file = case.lacking("http2_connection")
        if file is not None and case.flag(Flag.DECRYPTED):
            because = f"{file} lacks the column HTTP/2 Connection, and the session was decrypted"
            return CantTell(because, "the traffic log with its column HTTP/2 Connection")
        return RuledOut("the row has no HTTP/2 connection number")
    siblings = case.related.same_http2(session)
    passed = [row for row in siblings if case.related.outcome(row) != Outcome.ALLOWED_THEN_DENIED]
    refused = len(siblings) - len(passed)
    if siblings and not passed:
        connection = f"HTTP/2 connection {session.http2_connection}"
        return RuledOut(f"all {refused + 1} streams of {connection} in the inputs were refused, not one of them")
    gathered = Gathering()
    gathered.add(Evidence(f"the row is a stream of HTTP/2 connection {session.http2_connection}", 0.3))
    if passed:
        text = f"{len(passed)} other stream{'s' if len(passed) > 1 else ''} of the connection went on"
        gathered.add(Evidence(text, 0.8, trail=row_trail("traffic", passed[0])))
    else:
        gathered.add(Evidence("the other streams of the connection are not among the inputs", -0.4))
    refuser = case.refuser
    if refuser is not None:
        lookup_evidence(case, gathered, refuser)
        fields = ", ".join(sorted(case.shift.fields))
        if fields:
            gathered.add(Evidence(f"this stream misses {case.named_rule} by {fields}", 0.3, Basis.RULE))
    elif case.still_allowed:
        gathered.add(Evidence("its own look-up still ends at an allow rule", -0.8, Basis.RULE))
    lived = "while the connection lived on" if passed else "and how its other streams ended isn't in the inputs"
    end = f"the stream ended at {refusing(refuser)}" if refuser else "what refused it isn't known"
    return Held(
        base=0.62,
        headline=f"Last allowed by {case.named_rule}, then refused as one stream of HTTP/2 connection "
        f"{session.http2_connection}{_what(case)}; {end}, {lived}.",
        evidence=gathered.all(),
        denied_by=refuser.name if refuser else None,
        fix=f"{_fix(case)} Stripping ALPN in the decryption profile makes one HTTP/1.1 session of it, which changes how it "
        "is logged, not what is allowed.",
        fix_at=case.logged.origin.edited_at() if case.logged else "",
        flips_if="other streams of the same connection that went on",
    )


def _what(case: Case) -> str:
    """What sets the stream apart: the criterion that refused it, else whatever the row has."""
    category, fields = case.session.category or "", case.shift.fields
    if "application" in fields and case.application:
        return f", for its application {case.application}"
    if "category" in fields:
        return f", for its URL category {category}"
    named = case.application if category in ("", "any") else category
    return f" ({named})" if named else ""


def _fix(case: Case) -> str:
    name, fields = present_name(case), case.shift.fields
    if "application" in fields:
        return (
            f"If {case.application} is wanted there, allow it in {name} or in a rule of its own for these zones and addresses; "
            "not application any."
        )
    if "category" in fields:
        return (
            f"If {case.session.category} is wanted there, add it or a custom category of that site to {name}; not any."
        )
    return "Mend what refused the stream: see the first alternative."
