"""An enabler application was only let through to recognise another one, and it stayed.

What it means
-------------
Many applications are carried by another one: facebook-base implicitly uses ssl and web-browsing. A rule that allows
only the carried application lets its enablers through for as long as the real application can still be recognised. If
the session stays the enabler, no rule allows it and it falls through to a deny that writes no log.

How it is recognised
--------------------
The row's application is an enabler (implicitly used, or depended on) of an application of the rule, and the rule
itself does not list it. The flag temporary-match says that the match was for implicit dependency handling.

What to look at next
--------------------
What the destination really is (SNI, certificate); the application's "Implicitly Uses" and "Depends On" in Objects >
Applications; dependency warnings of the last commit.

What else looks like this
-------------------------
A plain shift to an unrelated application (app-shift). A rule that names only carried applications draws in every
first packet like a sponge, so that unrelated ssl dies there too.
"""

from whydeny.model.flags import Flag
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import (
    APPLICATION,
    held_by_row,
    lookup_evidence,
    needs_refusal,
    present_name,
    refusing,
    rule_trail,
)
from whydeny.verdict.references import DEPENDENCIES, POLICY_FLOW, TRAFFIC_FIELDS

CAUSE = Cause(
    title="Enabler application let through only to recognise another",
    needs=("running configuration", "application content of the firewall"),
    references=(DEPENDENCIES, TRAFFIC_FIELDS, POLICY_FLOW),
    outranks=("app-shift", "app-default-port"),
)

_TEMPORARY = "the row's flags say temporary match: let through for an implicit dependency"


def check(case: Case) -> Answer:
    """Whether the application is an enabler that no rule takes by itself."""
    temporary = case.flag(Flag.TEMPORARY_MATCH)
    if case.engine is None and temporary:
        what = f"{case.application or 'the session'} was let through only to recognise an application that it carries"
        turn = "the rule's applications in the running configuration"
        return held_by_row(case, what, Evidence(_TEMPORARY, 0.1), _fix(case, case.named_rule), turn)
    stopped = needs_refusal(case, APPLICATION)
    if stopped is not None:
        return stopped
    refuser, rule = case.refuser, case.logged
    if refuser is None or rule is None:
        return CantTell(
            f"the rule {case.named_rule} is not in the configuration",
            "the configuration that was in force at the time of the session",
            0.15,
        )
    if "application" not in case.shift.fields:
        return RuledOut(f"{rule.name} takes {case.application or 'the application'} by itself")
    carried = _carried(case)
    if not carried and not temporary:
        return RuledOut(f"{case.application} is not known to enable any application of {rule.name}")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    if temporary:
        gathered.add(Evidence(_TEMPORARY, 0.9))
    elif temporary is False:
        gathered.add(Evidence("the flag temporary-match is not set", -0.4))
    names = ", ".join(carried[:4])
    if carried:
        text = (
            f"{case.application} is an enabler of {names}, which {rule.name} allows; the rule does not list it itself"
        )
        gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(rule)))
    else:
        text = f"{case.application} is not listed as an enabler of the applications of {rule.name}"
        gathered.add(Evidence(text, -0.6, Basis.RULE, rule_trail(rule)))
    return Held(
        base=0.78,
        headline=f"Last allowed by {rule.name}, then refused: {case.application} was let through only to recognise "
        f"{names or 'an application that uses it'}, it stayed {case.application}, which no rule allows, and the "
        f"session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(case, present_name(case)),
        fix_at=rule.origin.edited_at(),
        flips_if="the flag temporary-match, or the application content that names the enablers",
    )


def _fix(case: Case, rule: str) -> str:
    return (
        f"If plain {case.application} to this destination is wanted, allow it in a rule of its own below {rule} "
        "(narrowed by destination or URL category) and log it; adding it to every rule would let unrelated traffic "
        "through them. If it is not wanted, nothing is broken: the application it was opened for never appeared."
    )


def _carried(case: Case) -> list[str]:
    """The applications of the rule that the row's application enables."""
    if case.policy is None or case.engine is None or case.logged is None:
        return []
    found = []
    for name in sorted(case.named_applications(case.logged)):
        known = case.application_of(name)
        if known is not None and case.application in (*known.implicitly_uses, *known.uses):
            found.append(name)
    return found
