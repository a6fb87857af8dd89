"""The application is off the ports that application-default gives it.

What it means
-------------
A rule with service application-default takes each application on its own default ports only. When App-ID settles on an
application whose default ports don't hold the session's port, the rule stops matching and the session falls through
to a deny that writes no log. From 9.0 on this is strict in both directions: web-browsing in clear only on 80,
decrypted only on 443, and likewise for smtp, ftp, ldap, pop3 and imap.

How it is recognised
--------------------
The application is one of the rule's, the rule fails on its service alone, and that service is application-default. The
flag non-standard-port (8.0 and later) says the same, and stands in for the ports of an application that no table has.

What to look at next
--------------------
The application's default ports (Objects > Applications); whether the session was decrypted (flag); what really runs on
that port.

What else looks like this
-------------------------
Decrypted web-browsing on 443 before 9.0 (app-default-decrypted-port). A rule with an explicit service can't lose a
session by its port: then the configuration has changed.
"""

from whydeny.model.flags import Flag
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import PORTS, held_by_row, lookup_evidence, needs_refusal, refusing, rule_trail
from whydeny.verdict.ports import (
    default_port_miss,
    default_port_open,
    default_port_rules_out,
    on_tls_port,
    ports_text,
    unverified_ports,
)
from whydeny.verdict.references import APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90, TRAFFIC_FIELDS

CAUSE = Cause(
    title="Application off its default ports under application-default",
    needs=("running configuration", "application content of the firewall"),
    references=(APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90, TRAFFIC_FIELDS),
)

CONTENT = "application content of the firewall"
RELEASE = "the PAN-OS release (show system info, or --pan-os): before 9.0 this can't be it"
_FLAGGED = "the row's flags say that the application is on a non-standard port"


def check(case: Case) -> Answer:
    """Whether application-default lost the session by its port."""
    session, flagged = case.session, case.flag(Flag.NON_STANDARD_PORT)
    if session.decrypted and case.at_least(9) is False and on_tls_port(case):
        return RuledOut("before 9.0 a decrypted application on its TLS port is a cause of its own")
    port = f"{session.protocol_word}/{session.destination_port}"
    if case.engine is None and session.decrypted and on_tls_port(case) and case.at_least(9) is None:
        because = f"whether {case.application} inside TLS on {port} is off its ports turns on the release"
        return CantTell(because, "the PAN-OS release and the running configuration", 0.2)
    if case.engine is None and flagged and case.identified:
        return held_by_row(
            case,
            f"{case.application} on {port} is off its default ports, as the row's flags say",
            Evidence(_FLAGGED, 0.1),
            _fix(case, port),
            "a rule with service application-default that lists the application",
        )
    stopped = needs_refusal(case, PORTS)
    if stopped is not None:
        return stopped
    refuser, rule = case.refuser, case.logged
    unlisted = bool(flagged) and default_port_open(case)
    newer = case.release is None and _turns_on_release(case)
    if refuser is None or rule is None or not (default_port_miss(case) or unlisted or newer):
        return (
            default_port_rules_out(case) or _open(case) or RuledOut(f"{case.named_rule} does not fail on its service")
        )
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    detail = case.criterion_detail(case.logged_trace, "service")
    if newer:
        text = f"everything else of {rule.name} matches; before 9.0 all of it would, and nothing would have refused it: {detail}"
        gathered.add(Evidence(text, 0.2, Basis.RULE, rule_trail(rule)))
    elif not unlisted:
        gathered.add(Evidence(f"{rule.name} fails on the service alone: {detail}", 0.5, Basis.RULE, rule_trail(rule)))
    else:
        gathered.add(Evidence(f"everything else of {rule.name} matches; {detail}", 0.2, Basis.RULE, rule_trail(rule)))
    if flagged:
        gathered.add(Evidence(_FLAGGED, 0.5))
    elif flagged is False and case.at_least(8):
        gathered.add(Evidence("the flag non-standard-port is not set, though 8.0 and later set it", -0.5))
    doubt = unverified_ports(case)
    if doubt is not None:
        gathered.add(Evidence(doubt, -0.4, Basis.OPINION))
    kind = " in clear" if session.decrypted is False and on_tls_port(case) else ""
    missing = (RELEASE,) if newer else (f"the default ports of {case.application} ({CONTENT})",) if unlisted else ()
    when = " (if the firewall runs 9.0 or later)" if newer else ""
    return Held(
        base=0.5 if newer else 0.65 if unlisted else 0.85,
        headline=f"Last allowed by {case.named_rule}, then refused{when}: {case.application}{kind} on {port} is off the ports "
        f"that application-default gives it ({ports_text(case)}), and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(case, port),
        fix_at=rule.origin.edited_at(),
        missing=missing,
        flips_if=f"the rule's service is application-default and {case.application} is not on its ports",
    )


def _turns_on_release(case: Case) -> bool:
    """Whether the rule takes the session before 9.0, and since then does not: decrypted, on a port for the clear."""
    trace = case.logged_trace
    if trace is None or trace.misses() or case.logged_unknowns() != {"service"} or case.same_rule:
        return False
    known = case.application_of(case.application) is not None
    return known and bool(case.session.decrypted) and not on_tls_port(case)


def _open(case: Case) -> CantTell | None:
    """The port fits or not by what the row does not say: whether it was decrypted, and in which release."""
    trace = case.logged_trace
    if trace is None or trace.misses() or "service" not in case.logged_unknowns():
        return None
    settle = next((c.settle for c in trace.unknowns() if c.field == "service" and c.settle), "")
    return CantTell(case.criterion_detail(trace, "service"), settle or "the release and the row's flags", 0.25)


def _fix(case: Case, port: str) -> str:
    if case.session.decrypted is False and case.session.destination_port == 443:
        return (
            "Find out what speaks plain HTTP on 443 and put it on TLS or on port 80. If it has to stay, a rule of its own "
            f"for that destination with a service object for {port} and the application {case.application}; not service "
            "any, and not for everybody."
        )
    return (
        f"If {case.application} on {port} is wanted, a rule for that destination with a service object for {port} and the "
        "application named; not service any, which lets it run on every port."
    )
