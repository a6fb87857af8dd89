"""An application override or a custom application gave the traffic a name that no rule lists.

What it means
-------------
An application-override rule names traffic by zones, addresses and port, and App-ID is not asked. If the security rules
still list what the traffic was called before, nothing takes the new name, and the session falls through to a deny that
writes no log. A custom application does the same.

How it is recognised
--------------------
The row's application is the one that an override rule gives to exactly this flow, or a user-made application; the rule
in the row fails on its application; the look-up ends at a silent deny.

What to look at next
--------------------
Policies > Application Override; when the override was added, and which security rules should list its application.

What else looks like this
-------------------------
A shift to an application of the predefined content (app-shift).
"""

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.truth import Truth
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import APPLICATION, lookup_evidence, needs_refusal, present_name, refusing, rule_trail
from whydeny.verdict.references import INTERFACE_HELP, POLICY_FLOW

CAUSE = Cause(
    title="Override or custom application that no rule lists",
    needs=("running configuration",),
    references=(INTERFACE_HELP, POLICY_FLOW),
    outranks=("app-shift", "app-default-port"),
)


def check(case: Case) -> Answer:
    """Whether the application's name is of the user's own making and no rule takes it."""
    stopped = needs_refusal(case, APPLICATION)
    if stopped is not None:
        return stopped
    taking, custom = _override(case), _is_custom(case)
    override = taking if taking is not None and _gives(taking, case) else None
    if override is None and not custom:
        return RuledOut(
            f"no application override gives {case.application or 'a name'} to this flow, and it isn't user-made"
        )
    refuser = case.refuser
    if refuser is None:
        return RuledOut("no rule refuses it")
    if case.logged is None:
        because = f"the rule {case.named_rule} is not in the configuration"
        return CantTell(because, "the configuration that was in force at the time of the session", 0.2)
    if "application" not in case.shift.fields:
        return RuledOut(f"{case.named_rule} lists {case.application}")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    detail = case.criterion_detail(case.logged_trace, "application")
    gathered.add(
        Evidence(f"{case.named_rule} fails on the application: {detail}", 0.3, Basis.RULE, rule_trail(case.logged))
    )
    if override is not None:
        text = f"application-override rule {override.name} names exactly this flow {case.application}"
        gathered.add(Evidence(text, 0.8, Basis.RULE, rule_trail(override)))
        by = f"application-override rule {override.name} names this traffic {case.application}"
    else:
        text = f"{case.application} is a user-made application"
        gathered.add(Evidence(text, 0.2, Basis.RULE))
        if taking is not None:
            text = f"application-override rule {taking.name} names this flow {taking.override_application} in this configuration"
            gathered.add(Evidence(text, -1.0, Basis.RULE, rule_trail(taking)))
        by = f"the custom application {case.application} was recognised"
    return Held(
        base=0.78,
        headline=f"Last allowed by {case.named_rule}, then refused: {by}, which no allow rule takes, and the session ended "
        f"at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=f"List {case.application} in the rule meant for this traffic ({present_name(case)}), or {_other_way(override)}. "
        "Not application any.",
        fix_at=case.logged.origin.edited_at(),
        flips_if=f"an application-override rule or a custom application named {case.application}",
    )


def _other_way(override: Rule | None) -> str:
    if override is None:
        return "narrow the custom application's signature and ports if it was not meant for this traffic"
    return (
        f"take the override {override.name} away if App-ID knows the application by itself: traffic under an override is not "
        "inspected"
    )


def _override(case: Case) -> Rule | None:
    """The override rule that takes this flow: the first that certainly does, or one that may and gives its application."""
    if case.engine is None:
        return None
    for rule in case.engine.policy.rules.get(Rulebase.OVERRIDE, ()):
        result = case.engine.explain_rule(rule, case.flow).result
        if result is Truth.MATCH or (result is Truth.UNKNOWN and _gives(rule, case)):
            return rule
    return None


def _gives(rule: Rule, case: Case) -> bool:
    return (rule.override_application or "").lower() == case.application


def _is_custom(case: Case) -> bool:
    scopes = case.policy.scopes if case.policy else ()
    return any(name.lower() == case.application for scope in scopes for name in scope.applications)
