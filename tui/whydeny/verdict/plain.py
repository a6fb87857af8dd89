"""Sessions that need no cause: what happened, in one helpful sentence.

Sources: "Traffic Log Fields" (session end reasons, actions) and the knowledge-base articles on the reasons threat and
decoder.
"""

from whydeny.model.configuration import Rule
from whydeny.verdict.case import Case
from whydeny.verdict.finding import Evidence, Outcome, Reference, Verdict
from whydeny.verdict.grounds import row_trail
from whydeny.verdict.outcome import ENDED_STATES
from whydeny.verdict.references import END_REASONS, THREAT_REASON, TRAFFIC_FIELDS

_DISCARDED = 0.85  # that the session table names the rule that refused is not verified


def plain_verdict(case: Case) -> Verdict:
    """The verdict for an outcome without a cause."""
    headline, references = _SENTENCES[case.outcome](case), _REFERENCES.get(case.outcome, (TRAFFIC_FIELDS,))
    supports: tuple[Evidence, ...] = ()
    if case.outcome is Outcome.PROFILE_BLOCK:
        supports = tuple(_profile_rows(case))
    denied_by = case.session.rule if case.outcome is Outcome.POLICY_DENIED else None
    refuser = refused_by(case)
    if refuser is not None:
        return Verdict(headline=headline, confidence=_DISCARDED, denied_by=refuser.name, references=references)
    return Verdict(headline=headline, confidence=0.95, denied_by=denied_by, supports=supports, references=references)


def refused_by(case: Case) -> Rule | None:
    """The rule that a session is being discarded by, where the session table itself names a rule that refuses, that
    rule takes its final values, and no other is known to have let its first packets through."""
    rule = case.logged
    if not case.discarded or rule is None or rule.action == "allow" or not case.same_rule:
        return None
    return rule


def _profile_rows(case: Case) -> list[Evidence]:
    found = []
    for name, rows in (("url", case.url_rows), ("threat", case.threat_rows)):
        for row in rows[:2]:
            what = row.get("threat_name") or row.get("url") or row.get("category") or "an entry"
            text = f"the {name} log has this session: {what}, action {row.get('action')}"
            found.append(Evidence(text, 1.0, trail=row_trail(name, row["row"])))
    return found


def _denied(case: Case) -> str:
    session = case.session
    by = f"Refused by rule {session.rule}" if session.rule else "Refused by policy"
    if session.action_source == "from-application":
        return (
            f"{by}; {session.action} is the deny action of the application {session.application} itself, which people "
            "read as a reset by the server."
        )
    if session.subtype == "drop":
        return f"{by} with action {session.action}, at the first look-up, before any application was identified."
    return f"{by} with action {session.action}; the row names the rule that refused it, and nothing was allowed before."


def _profile(case: Case) -> str:
    found = _profile_rows(case)
    if found:
        return f"A security profile of rule {case.named_rule} blocked it, not the rule: {found[0].text}."
    return (
        f"A security profile of rule {case.named_rule} blocked it, not the rule; the threat, URL, file or WildFire log has "
        "the row of this session id."
    )


def _no_response(case: Case) -> str:
    return (
        f"Allowed by {case.named_rule}, and nothing came back: the server, a route or another device is silent. The "
        "firewall permitted the attempt; policy is not involved."
    )


def _completed(case: Case) -> str:
    session = case.session
    if session.end_reason == "decoder":
        return "Ended by the decoder, which splits a session when its protocol or category becomes known; not a block."
    if session.end_reason == "aged-out":
        return "Ran and aged out with nothing refused."
    return f"Ended by itself ({session.end_reason or 'no reason logged'}); nothing was refused."


def _in_progress(case: Case) -> str:
    refuser = refused_by(case)
    if refuser is not None:
        still = "" if case.session.state in ENDED_STATES else ", and being discarded"
        return (
            f"Refused by rule {refuser.name} with action {refuser.action}{still}; whether a rule had allowed it before, "
            "its row of the traffic log will say."
        )
    if (case.session.session_type or "").upper().startswith("PRED"):
        return "A predicted session: its parent announced a connection, and this entry waits for it."
    if case.session.live:
        return f"Still in the session table, state {case.session.state}."
    return "A start row: the session goes on, and its rule is provisional until the application is known."


def _unknown(case: Case) -> str:
    session = case.session
    reason = session.end_reason or "none"
    file = case.lacking("end_reason")
    if session.end_reason is None and file is not None:
        return f"{file} lacks the column Session End Reason (since 6.1), so that how the session ended is not known."
    if reason == "resources-unavailable":
        return "The firewall lacked resources for it (such as a full out-of-order queue); policy did not refuse it."
    if reason == "unknown":
        return "Ended for a reason that was not recorded: cleared by hand, an HA change, or a log from before 6.1."
    return f"The end reason is {reason}, which this program does not know; the raw value is kept."


_SENTENCES = {
    Outcome.POLICY_DENIED: _denied,
    Outcome.PROFILE_BLOCK: _profile,
    Outcome.NO_RESPONSE: _no_response,
    Outcome.RESET_BY_CLIENT: lambda case: (
        f"Allowed by {case.named_rule} and reset by the client; policy did not refuse it."
    ),
    Outcome.RESET_BY_SERVER: lambda case: (
        f"Allowed by {case.named_rule} and reset by the server; policy did not refuse it."
    ),
    Outcome.COMPLETED: _completed,
    Outcome.IN_PROGRESS: _in_progress,
    Outcome.UNKNOWN: _unknown,
}
_REFERENCES: dict[Outcome, tuple[Reference, ...]] = {
    Outcome.PROFILE_BLOCK: (THREAT_REASON, TRAFFIC_FIELDS),
    Outcome.POLICY_DENIED: (TRAFFIC_FIELDS, END_REASONS),
}
