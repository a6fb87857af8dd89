"""A decrypted inner application on its TLS port under application-default, before PAN-OS 9.0.

What it means
-------------
Until 9.0 the only default port of web-browsing was tcp/80. Once a session on 443 is decrypted, App-ID names what is
inside, web-browsing, and a rule with service application-default no longer matches on 443. The session falls
through to a deny that writes no log. 9.0 gave the decrypted kind of such applications their TLS port.

How it is recognised
--------------------
The release is older than 9.0, the session was decrypted, the application is one of the rule's, and the rule fails on
its service alone because application-default does not hold the port.

What to look at next
--------------------
The rule's service; whether the same rule lets undecrypted ssl on 443 through; the flag non-standard-port in the row
(8.0 and later).

What else looks like this
-------------------------
From 9.0 the same values match; then plain HTTP on 443 or a decrypted application on another port is app-default-port.
"""

from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import PORTS, lookup_evidence, needs_refusal, refusing, rule_trail
from whydeny.verdict.ports import default_port_miss, default_port_rules_out, on_tls_port
from whydeny.verdict.references import APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90, THREAD

CAUSE = Cause(
    title="Decrypted application on its TLS port under application-default, before 9.0",
    needs=("running configuration",),
    releases="before 9.0",
    references=(THREAD, APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90),
    outranks=("app-default-port",),
)


def check(case: Case) -> Answer:
    """Whether application-default lost the session because it was decrypted."""
    newer = case.at_least(9)
    if newer:
        return RuledOut(f"PAN-OS {case.release} gives decrypted applications their TLS port (since 9.0)")
    if case.session.decrypted is False:
        return RuledOut("the session was not decrypted")
    if not on_tls_port(case):
        return RuledOut(
            f"{case.session.protocol_word}/{case.session.destination_port} is not a TLS port of an inner application"
        )
    stopped = needs_refusal(case, PORTS) if newer is not None else None
    if stopped is not None:
        return stopped
    refuser = case.refuser
    if newer is None and (refuser is None or "service" not in case.shift.fields):
        stopped = default_port_rules_out(case)
        return stopped or CantTell(
            "the release isn't known: before 9.0 application-default would refuse this, from 9.0 on it would match",
            "the PAN-OS release (show system info, or --pan-os)",
            0.45,
        )
    if refuser is None or not default_port_miss(case):
        return default_port_rules_out(case) or RuledOut(f"{case.named_rule} does not fail on its service")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    rule = case.logged
    if rule is not None:
        detail = case.criterion_detail(case.logged_trace, "service")
        gathered.add(Evidence(f"{rule.name} fails on the service alone: {detail}", 0.5, Basis.RULE, rule_trail(rule)))
    if case.session.decrypted is None:
        gathered.add(Evidence("the row has no flags, so that decryption is not proved", -1.0))
    else:
        gathered.add(Evidence("the row's flags say that the session was decrypted", 0.2))
    if case.release is None:
        gathered.add(Evidence("the release isn't known; from 9.0 on this would match", -1.2))
    return Held(
        base=0.85,
        headline=f"Last allowed by {case.named_rule}, then refused: decryption showed {case.application} on "
        f"{case.session.protocol_word}/{case.session.destination_port}, which application-default does not hold before "
        f"PAN-OS 9.0, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=f"In {case.named_rule} replace application-default by the services it is meant for (service-http and "
        "service-https), or upgrade to 9.0 or later, where decrypted applications have their TLS port. Service any "
        "would open every port to these applications.",
        fix_at=case.logged.origin.edited_at() if case.logged else "",
        flips_if="the release is older than 9.0 and the rule's service is application-default",
    )
