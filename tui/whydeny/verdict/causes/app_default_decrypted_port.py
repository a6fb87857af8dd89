"""A decrypted inner application on its TLS port under application-default, before PAN-OS 9.0.

What it means
-------------
Until 9.0 the only default port of web-browsing was tcp/80. Once a session on 443 is decrypted, App-ID names what is
inside, web-browsing, and a rule with service application-default no longer matches on 443. The session falls
through to a deny that writes no log. 9.0 gave the decrypted kind of such applications their TLS port.

How it is recognised
--------------------
The release is older than 9.0, the session was decrypted, the application is one of the rule's, and the rule fails on
its service alone because application-default does not hold the port. A row without flags counts as decrypted only where
a decryption rule decrypts it. Where nothing tells the release, the row itself speaks for an older one (from 9.0 on
nothing would have refused it), and the confidence stays low.

What to look at next
--------------------
The rule's service; whether the same rule lets undecrypted ssl on 443 through; the flag non-standard-port in the row
(8.0 and later).

What else looks like this
-------------------------
From 9.0 the same values match; then plain HTTP on 443 or a decrypted application on another port is app-default-port,
and so is plain HTTP on 443 before 9.0.
"""

from dataclasses import replace

from whydeny.model.applications import SECURE_PORTS
from whydeny.model.configuration import Rule
from whydeny.model.flags import Flag
from whydeny.policy.lookup import Certainty
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import (
    PORTS,
    held_by_row,
    lookup_evidence,
    needs_refusal,
    present_name,
    refusing,
    rule_trail,
)
from whydeny.verdict.ports import default_port_miss, default_port_rules_out, on_tls_port
from whydeny.verdict.references import APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90, THREAD

CAUSE = Cause(
    title="Decrypted application on its TLS port under application-default, before 9.0",
    needs=("running configuration",),
    releases="before 9.0",
    references=(THREAD, APP_DEFAULT_STRICT, DEFAULT_BEHAVIOR_90),
    outranks=("app-default-port",),
)

HTTPS = 443
RELEASE = "the PAN-OS release (show system info, or --pan-os): from 9.0 on this can't be it"


def check(case: Case) -> Answer:
    """Whether application-default lost the session because it was decrypted."""
    newer, session = case.at_least(9), case.session
    if newer:
        running = str(case.release) if case.release is not None else "9.0 or later, by the log's columns,"
        return RuledOut(f"PAN-OS {running} gives decrypted applications their TLS port (since 9.0)")
    if session.decrypted is False:
        return RuledOut("the session was not decrypted")
    port = f"{session.protocol_word}/{session.destination_port}"
    if not case.identified or not on_tls_port(case):
        return RuledOut(f"{port} is not a TLS port of an inner application")
    if case.engine is None:
        return _row_alone(case, port)
    if newer is None:
        return _release_open(case)
    stopped = needs_refusal(case, PORTS)
    if stopped is not None:
        return stopped
    refuser = case.refuser
    if refuser is None or not default_port_miss(case):
        return default_port_rules_out(case) or RuledOut(f"{case.named_rule} does not fail on its service")
    undecrypted = _undecrypted(case)
    if undecrypted is not None:
        return RuledOut(undecrypted)
    return _held(case, refuser, 0.85)


def _undecrypted(case: Case) -> str | None:
    """Why a session whose row has no flags was not decrypted: no rule of the configuration decrypts it."""
    look = case.decryption
    if case.session.decrypted is not None or look.possible or case.policy is None or case.policy.pushed_missing:
        return None
    if look.rule is None and look.certainty is not Certainty.UNKNOWN:
        return "the row has no flags, and no decryption rule of this configuration takes the session"
    if look.rule is not None and not look.rule.action.startswith("decrypt"):
        return f"the row has no flags, and decryption rule {look.rule.name} leaves the session undecrypted"
    return None


def _row_alone(case: Case, port: str) -> Answer:
    flagged = case.flag(Flag.NON_STANDARD_PORT)
    old = case.at_least(9) is False
    if (old or flagged) and case.session.decrypted and case.application in SECURE_PORTS:
        what = f"{case.application} was found inside TLS on {port}, which application-default does not hold before 9.0"
        text = "the row's flags say that the session was decrypted" + (" and off its ports" if flagged else "")
        turn = "a rule with service application-default" + ("" if old else ", and a release before 9.0")
        found = held_by_row(case, what, Evidence(text, 0.1 if old else -0.4), _fix(case), turn)
        return found if old else replace(found, missing=(RELEASE,))
    because = "there is no configuration that tells whether the rule's service is application-default"
    return CantTell(because, "the running configuration", 0.2)


def _release_open(case: Case) -> Answer:
    """The same where nothing tells the release: it turns on that alone."""
    trace, refuser = case.logged_trace, case.refuser
    stopped = default_port_rules_out(case)
    if stopped is not None:
        return stopped
    turns = trace is not None and not trace.misses() and case.logged_unknowns() == {"service"}
    if refuser is None or not turns or case.same_rule:
        return RuledOut(f"whatever the release, {case.named_rule} does not fail on the port of a decrypted session")
    return _held(case, refuser, 0.45)


def _held(case: Case, refuser: Rule, base: float) -> Held:
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    rule = case.logged
    open_release = case.release is None
    if rule is not None:
        detail = case.criterion_detail(case.logged_trace, "service")
        alone = f"{rule.name} fails on the service alone"
        how = f"everything of {rule.name} but the service matches" if open_release else alone
        gathered.add(Evidence(f"{how}: {detail}", 0.5, Basis.RULE, rule_trail(rule)))
    if case.session.decrypted is None:
        gathered.add(Evidence("the row has no flags, so that decryption is not proved", -1.3))
    else:
        gathered.add(Evidence("the row's flags say that the session was decrypted", 0.2))
    decryption = case.decryption
    if decryption.rule is None and not decryption.possible and decryption.certainty is not Certainty.UNKNOWN:
        gathered.add(Evidence("no decryption rule of this configuration takes the session", -0.5, Basis.RULE))
    if open_release:
        text = "from 9.0 on the rule would match, and nothing would have refused the session: the row speaks for an older one"
        gathered.add(Evidence(text, 0.1, Basis.DEDUCTION))
    when = "if the firewall runs PAN-OS before 9.0: " if open_release else ""
    if case.session.decrypted is None:
        when = "if it was decrypted, which the row does not show: "
    return Held(
        base=base,
        headline=f"Last allowed by {case.named_rule}, then refused{', ' if when else ': '}{when}decryption showed "
        f"{case.application} on {case.session.protocol_word}/{case.session.destination_port}, which application-default "
        f"does not hold before PAN-OS 9.0, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(case),
        fix_at=rule.origin.edited_at() if rule else "",
        missing=(RELEASE,) if open_release else (),
        flips_if="the release is older than 9.0 and the rule's service is application-default",
    )


def _fix(case: Case) -> str:
    services = "service-http and service-https"
    if case.session.destination_port != HTTPS:
        services = (
            f"a service object for {case.session.protocol_word}/{case.session.destination_port} beside those in use"
        )
    return (
        f"In {present_name(case)} replace application-default by the services it is meant for ({services}), or upgrade to "
        "9.0 or later, where decrypted applications have their TLS port. Service any would open every port to these "
        "applications."
    )
