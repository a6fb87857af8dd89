"""SSH proxy turned ssh into ssh-tunnel, which no rule takes.

What it means
-------------
With SSH proxy the firewall looks inside SSH. As soon as the client forwards a port, App-ID moves from ssh to
ssh-tunnel; the rule that allows ssh does not take it, and the session falls through to a deny that writes no log.

How it is recognised
--------------------
The application is ssh-tunnel, a decryption rule of type SSH proxy takes the session, and the security look-up ends at a
silent deny. SSH writes no decryption log.

What to look at next
--------------------
The decryption rule; whether the forward was meant (ask the user: ssh -L, -R, -D, an X11 forward, a jump host).

What else looks like this
-------------------------
Any other application shift (app-shift).
"""

from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, Cause, Gathering, Held, RuledOut
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
from whydeny.verdict.references import DECRYPTION_ERRORS, INTERFACE_HELP
from whydeny.verdict.tls import rule_for

CAUSE = Cause(
    title="SSH proxy found a port forward (ssh-tunnel)",
    needs=("running configuration",),
    references=(INTERFACE_HELP, DECRYPTION_ERRORS),
    outranks=("app-shift", "app-default-port"),
)


def check(case: Case) -> Answer:
    """Whether ssh became ssh-tunnel under SSH proxy and no rule takes that."""
    if case.application != "ssh-tunnel":
        return RuledOut(f"the application is {case.application or 'not named'}, not ssh-tunnel")
    if case.engine is None:
        what = "App-ID moved to ssh-tunnel, as it does where SSH proxy finds a port forward"
        turn = "the rule's applications in the running configuration"
        evidence = Evidence("the row's application is ssh-tunnel", 0.0)
        return held_by_row(case, what, evidence, _fix(case), turn)
    stopped = needs_refusal(case, APPLICATION)
    if stopped is not None:
        return stopped
    refuser = case.refuser
    if refuser is None or "application" not in case.shift.fields | ({"application"} if case.logged is None else set()):
        return RuledOut(f"{case.named_rule} takes ssh-tunnel")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    proxy = rule_for(case)
    if proxy is not None and proxy.decryption_type == "ssh-proxy" and proxy.action.startswith("decrypt"):
        text = f"decryption rule {proxy.name} takes the session with SSH proxy"
        gathered.add(Evidence(text, 0.8, Basis.RULE, rule_trail(proxy)))
    elif proxy is None and not case.decryption.possible:
        gathered.add(
            Evidence("no decryption rule takes the session, so that SSH proxy can't be proved", -0.8, Basis.RULE)
        )
    if case.session.decrypted:
        gathered.add(Evidence("the row's flags say that the session was decrypted", 0.4))
    return Held(
        base=0.78,
        headline=f"Last allowed by {case.named_rule}, then refused: SSH proxy found a port forward, App-ID moved from ssh to "
        f"ssh-tunnel, which no rule takes, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        denied_by=refuser.name,
        fix=_fix(case),
        fix_at=(case.logged or refuser).origin.edited_at(),
        commands=("show session all filter application ssh-tunnel",),
        flips_if="the application ssh-tunnel in the row",
    )


def _fix(case: Case) -> str:
    return (
        "If the forward is wanted, allow ssh-tunnel for just these sources and destinations in a rule of its own that "
        f"logs. Adding it to {present_name(case)} lets everybody tunnel who may use ssh."
    )
