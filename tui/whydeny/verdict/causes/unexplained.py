"""Everything known is ruled out or unproved.

What it means
-------------
The row says that the session was allowed and then refused, and nothing among the inputs explains it: the look-up still
allows it, no decryption and no authentication rule takes it, and no event fits. The honest answer is to say so, with
what was ruled out and what to fetch next. A product defect is possible, and so is a cause that left no trace in these
inputs.

How it is recognised
--------------------
No other cause holds with any confidence. The more of the inputs are there (configuration of the time, decryption,
authentication, system and configuration logs), the surer it is that nothing among the known causes fits.

What to look at next
--------------------
`show session id` while the session is discarded (90 s for TCP, 60 s for others by default): its tracker stage tells a
rule look-up from a proxy failure; `test security-policy-match` on the device; global counters with a packet filter; a
capture of one attempt; the release's known issues.

What else looks like this
-------------------------
A configuration that is not the one of the event, or Panorama-pushed rules that are missing from it.
"""

from whydeny.model.configuration import Rulebase
from whydeny.model.truth import Truth
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, Cause, Held
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import LOOKUP_DENY, present_name, row_trail
from whydeny.verdict.hindsight import asked_before
from whydeny.verdict.ports import unverified_ports
from whydeny.verdict.references import END_REASONS, THREAD, TRACKER

# Tracker stages that name something other than a rule or the proxy (the knowledge-base page on them is the reference).
STAGES = {
    "mitigation tdb": "a security profile found a threat: see the threat log",
    "resource limit": "the firewall ran out of a resource for it",
    "host service": "it was meant for the firewall itself",
}

CAUSE = Cause(title="Unexplained", references=(TRACKER, END_REASONS, THREAD))


def check(case: Case) -> Answer:
    """Always held, at the confidence below which no other cause is worth naming."""
    return Held(
        base=0.3,
        headline=f"Last allowed by {case.named_rule}, then refused, and {_what_is_known(case)}.",
        evidence=_loose_ends(case),
        fix=_fix(case),
        flips_if="every other cause ruled out",
    )


def _fix(case: Case) -> str:
    if any(str(row.get("action") or "").startswith("block") for row in case.url_rows):
        return (
            f"Look at the URL-filtering profile of {present_name(case)}: the category in the URL log, and whether the site "
            "belongs there (test url). Not the rules."
        )
    return "Nothing to change yet. Fetch what is missing first: see the list and the commands."


def _what_is_known(case: Case) -> str:
    """What stands between these inputs and an explanation."""
    test = case.tested.get(Rulebase.SECURITY)
    if test is not None and test.strange:
        return f"nothing in these inputs explains it: {test.look.reason}"
    if case.shift.fixed:
        by = "the order of its rules" if "order" in case.shift.fixed else " and ".join(sorted(case.shift.fixed))
        never = f"by {by} it would never have allowed the session"
        return f"this configuration can't explain it: {never}, so that another was in force"
    stage = (case.session.tracker_stage or "").lower()
    meaning = next((words for name, words in STAGES.items() if name in stage), None)
    if meaning is not None:
        return f"the rules don't explain it, but the session tracker does: '{stage}', {meaning}"
    if LOOKUP_DENY in stage and case.still_allowed:
        return "the session tracker says that a rule look-up refused it, which this configuration does not explain"
    blocked = next((row for row in case.url_rows if str(row.get("action") or "").startswith("block")), None)
    if blocked is not None:
        url = blocked.get("url") or blocked.get("category") or "it"
        return (
            f"the rules don't explain it, but the URL log has it: {url} was refused ({blocked.get('action')}) by a URL-filtering "
            "profile, which can reset a TLS handshake"
        )
    before = asked_before(case)
    if before is not None and before.took is Truth.MATCH:
        changed = f"{before.field} of {present_name(case)} was changed after the session and took it until then"
        return f"this configuration can't explain it: the {changed}"
    return "nothing in these inputs explains it"


def _loose_ends(case: Case) -> tuple[Evidence, ...]:
    """What the inputs have of this session that no cause takes up."""
    found = []
    for name, rows in (("url", case.url_rows), ("threat", case.threat_rows)):
        for row in rows[:1]:
            what = row.get("threat_name") or row.get("url") or row.get("category") or "an entry"
            text = f"the {name} log has this session: {what}, action {row.get('action')}; a profile's own end reason is threat"
            found.append(Evidence(text, 0.1, trail=row_trail(name, row["row"])))
    doubt = unverified_ports(case)
    rule = case.evaluated
    if doubt is not None and case.still_allowed and rule is not None and "application-default" in rule.services:
        found.append(Evidence(doubt, -0.1, Basis.OPINION))
    if case.session.tracker_stage:
        found.append(Evidence(f"the session tracker says '{case.session.tracker_stage}'", 0.1))
    return tuple(found)
