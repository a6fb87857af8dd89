"""An authentication rule challenged a client that could not answer.

What it means
-------------
An authentication rule asks for a web form or a browser challenge. A browser in clear or decrypted HTTP is redirected to
the portal; anything else can't be. For such a client the firewall forges a UDP datagram from the server to the client's
port 4501, where GlobalProtect would show a prompt, and ends the session. The traffic log shows the security rule, which
still allows, or nothing at all.

How it is recognised
--------------------
The authentication rulebase has a rule for the session whose enforcement resolves to a method that asks; the security
rule still matches in every criterion; no user is known. The client answers the datagram with ICMP unreachables to the
server within seconds. A companion session to ports 6080 to 6082 is the portal itself. `rule=N` in the portal's address
is zero-based: rule=2 is the third rule of the running authentication policy.

What to look at next
--------------------
`test authentication-policy-match`; `show running authentication-policy` (rule=N counts there, so that disabled rules and
rules of other targets may shift the number); the authentication log; a capture for UDP 4501.

What else looks like this
-------------------------
A failed TLS handshake (decryption-failure) dies as early; the decryption log tells. No authentication-log row rules
nothing out: an unanswered challenge writes none. That captive portal before 8.0 ends what it can't redirect is not
documented.
"""

from datetime import timedelta
from typing import Any

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.flags import Flag
from whydeny.policy.lookup import Certainty
from whydeny.verdict.case import HANDSHAKE_APPLICATIONS, Case, moment_text
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import LOOKUP_DENY, document_trail, held_by_row, row_trail, rule_trail
from whydeny.verdict.likeness import Like
from whydeny.verdict.references import INTERFACE_HELP, MFA_NOTIFICATION, PORTAL, PORTAL_SETTINGS, THREAD
from whydeny.verdict.tls import rule_for

CAUSE = Cause(
    title="Authentication challenge that the client can't answer",
    needs=("running configuration (authentication rules and portal settings)", "authentication log"),
    releases="authentication rules since 8.0; captive-portal rules before",
    references=(THREAD, MFA_NOTIFICATION, PORTAL, PORTAL_SETTINGS, INTERFACE_HELP),
)

SOON, LATE = timedelta(seconds=2), timedelta(seconds=30)  # before the start and after the end
PASSED = ("success", "succeeded", "authenticated", "auth-success", "auth success")


def check(case: Case) -> Answer:
    """Whether an authentication rule ended the session."""
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {case.session.end_reason}, which names decryption")
    if case.engine is None:
        return _row_alone(case)
    look = case.authentication
    rule = look.rule
    if look.certainty is Certainty.UNKNOWN and rule is None and not look.possible:
        return CantTell(look.reason or "the authentication rules aren't known", "the authentication rules", 0.12)
    if rule is None and not look.possible:
        return RuledOut(look.reason or "no authentication rule takes the session")
    if rule is None:
        asking = [r for r in look.possible if _asks(case, r)]
        if not asking:
            return RuledOut("no authentication rule that could take the session asks for anything")
        because = f"whether authentication rule {asking[0].name} takes the session can't be told"
        open_rule = CantTell(because, "; ".join(look.settle[:2]) or "the authentication log", 0.2)
        if not (_user_open(case, asking[0]) and _traces(case)):
            return open_rule
        rule = asking[0]
    stopped = _rules_out(case, rule)
    return stopped if stopped is not None else _challenged(case, rule)


def _user_open(case: Case, rule: Rule) -> bool:
    """Whether the user is all that is open about a rule, as in a row of the session table, which shows none."""
    look = case.authentication
    traces = [trace for trace in look.possible_traces if trace.rule is rule]
    return bool(traces) and all(c.field == "source-user" for c in traces[0].unknowns())


def _traces(case: Case) -> tuple[list[int], list[int]] | None:
    """The client's ICMP messages to the server and its sessions to the portal, where there are any."""
    unreachable, portal = (case.like(way, SOON, LATE) for way in (Like.SERVER_ICMP, Like.SOURCE_PORTAL))
    return (unreachable, portal) if unreachable or portal else None


def _row_alone(case: Case) -> Answer:
    """Without a configuration the client's ICMP unreachables right after still speak for a challenge."""
    rows = case.like(Like.SERVER_ICMP, SOON, LATE) if case.short and case.user is None else []
    if rows:
        return held_by_row(
            case,
            f"{_what(case)} was challenged, as the client's ICMP answer to the server right after says",
            Evidence(_icmp_text(len(rows)), 0.2, Basis.ROW, row_trail("traffic", rows[0])),
            _fix(case, "the authentication rule that asks"),
            "an authentication rule that takes the session and asks for something",
        )
    because = "there is no configuration to tell whether an authentication rule takes the session"
    return CantTell(because, "the authentication rules and portal settings", 0.15)


def _icmp_text(count: int) -> str:
    messages = f"{count} ICMP message{'s' if count > 1 else ''}"
    return f"{messages} from the client to the server within seconds: its answer to a datagram that it did not expect"


def _asks(case: Case, rule: Rule) -> bool:
    enforcement = case.enforcement(rule)
    return enforcement is None or enforcement.method != "no-captive-portal"


def _rules_out(case: Case, rule: Rule) -> Answer | None:
    enforcement = case.enforcement(rule)
    if enforcement is None:
        because = (
            f"the enforcement {rule.enforcement or '(none)'} of authentication rule {rule.name} is not in the files"
        )
        return CantTell(because, f"the authentication enforcement object {rule.enforcement}", 0.3)
    if enforcement.method == "no-captive-portal":
        return RuledOut(f"authentication rule {rule.name} takes the session first and asks for nothing")
    portal = case.policy.captive_portal if case.policy else None
    if portal is not None and not portal.enabled:
        return RuledOut("the authentication portal is disabled, and without it authentication policy is not enforced")
    if case.flag(Flag.CAPTIVE_PORTAL):
        return RuledOut("the row's flags say that the user had come through the portal already")
    if case.refuser is not None and not case.security.possible:
        text = f"the security look-up ends at {case.refuser.name}, which refuses: a refused session is not challenged"
        return RuledOut(text)
    stage = (case.session.tracker_stage or "").lower()
    if LOOKUP_DENY in stage:
        return RuledOut(f"the session tracker says '{stage}', which is a security look-up")
    passed = _passed_before(case, rule)
    if passed is not None:
        when = moment_text(passed.get("time"))
        return RuledOut(f"the authentication log has a success for this address at {when}, within the rule's time-out")
    return None


def _challenged(case: Case, rule: Rule) -> Held:
    enforcement = case.enforcement(rule)
    method = enforcement.method if enforcement else "a challenge"
    gathered = Gathering()
    asks = method if _captive(case) else f"{rule.enforcement or method}: {method}"
    text = f"{_kind(case)} rule {rule.name} (number {rule.number}, {_url_index(case, rule)}) asks by {asks}"
    gathered.add(Evidence(text, 0.4, Basis.RULE, rule_trail(rule)))
    if case.authentication.rule is None:
        text = "conditional: the row does not show the user, and the rule asks for one"
        gathered.add(Evidence(text, -0.4, Basis.RULE, rule_trail(rule)))
    elif case.authentication.certainty is Certainty.CONDITIONAL:
        possible = ", ".join(r.name for r in case.authentication.possible[:2])
        gathered.add(Evidence(f"conditional: {possible} above can't be judged from the inputs", -0.6, Basis.RULE))
    if case.still_allowed and case.same_rule:
        gathered.add(Evidence(f"{case.named_rule} still matches in every criterion", 0.5, Basis.RULE))
    elif case.still_allowed:
        text = f"the look-up allows it by {case.evaluated.name if case.evaluated else 'another rule'}, not {case.named_rule}"
        gathered.add(Evidence(text, -0.6, Basis.RULE))
    elif case.security.possible or case.refuser is not None:
        gathered.add(Evidence("the security look-up does not certainly allow it", -0.8, Basis.RULE))
    if case.policy is not None and case.policy.captive_portal is None:
        gathered.add(
            Evidence(
                "no portal settings are in the configuration, without which nobody is asked",
                -2.2,
                Basis.VENDOR,
                document_trail(PORTAL_SETTINGS),
            )
        )
    decrypting = rule_for(case)
    if (
        case.application in HANDSHAKE_APPLICATIONS
        and decrypting is not None
        and decrypting.action.startswith("decrypt")
    ):
        text = f"decryption rule {decrypting.name} decrypts it, after which a browser could be redirected"
        gathered.add(Evidence(text, -0.8, Basis.RULE, rule_trail(decrypting)))
    _client_evidence(case, gathered)
    _trace_evidence(case, gathered)
    missing = [] if case.related.has(Kind.AUTHENTICATION) else ["the authentication log around the session"]
    portal = case.policy.captive_portal if case.policy else None
    if portal is not None and portal.mode == "redirect" and not portal.redirect_host:
        missing.append("the portal's redirect host, which the configuration does not name")
    return Held(
        base=0.55,
        headline=f"Last allowed by {case.named_rule}, then refused: {_kind(case)} rule {rule.name} (number {rule.number}) "
        f"asks for {method.replace('-', ' ')}, and {_unable(case)}.",
        evidence=gathered.all(),
        denied_by=rule.name,
        fix=_fix(case, rule.name),
        fix_at=rule.origin.edited_at(),
        commands=(f"show running {_kind(case)}-policy", *_mapping(case)),
        missing=tuple(missing),
        flips_if="ICMP unreachables from the client to the server right after, or UDP 4501 in a capture",
    )


def _captive(case: Case) -> bool:
    """Whether the release has captive-portal rules, which authentication rules replaced in 8.0."""
    return case.at_least(8) is False


def _kind(case: Case) -> str:
    return "captive-portal" if _captive(case) else "authentication"


def _fix(case: Case, rule: str) -> str:
    exempt = "action no-captive-portal" if _captive(case) else "default-no-captive-portal"
    prompt = "" if _captive(case) else " Clients with GlobalProtect can be prompted on UDP 4501."
    return (
        f"Put a rule with {exempt} for just this traffic above {rule}, or narrow {rule} to service-http and service-https "
        f"where a browser can be redirected (for HTTPS that takes decryption).{prompt} Switching authentication off for "
        "everybody is not the answer."
    )


def _mapping(case: Case) -> tuple[str, ...]:
    source = case.session.source_text
    return (f"show user ip-user-mapping ip {source}",) if source else ()


def _url_index(case: Case, rule: Rule) -> str:
    """What rule= in a portal URL would be; whether disabled rules count there is not verified."""
    rules = case.engine.policy.rules.get(Rulebase.AUTHENTICATION, ()) if case.engine else ()
    passed_over = sum(other.disabled for other in rules if other.number < rule.number)
    every = max(rule.number - 1, 0)
    if not passed_over:
        return f"rule={every}"
    return f"rule={every - passed_over} in a portal URL, or rule={every} if disabled rules count, which is not verified"


def _unable(case: Case) -> str:
    if case.application == "web-browsing":
        return "what speaks web-browsing here may be no browser that answers it"
    return f"{_what(case)} can't be redirected to one"


def _what(case: Case) -> str:
    if case.application == "ssl" and not case.session.decrypted:
        return "ssl that is not decrypted"
    return case.application or "this client"


def _client_evidence(case: Case, gathered: Gathering) -> None:
    session = case.session
    if case.user:
        gathered.add(Evidence(f"the row has the user {case.user}", -0.5))
    elif case.flow.user is not None:  # a row of the session table shows none
        gathered.add(Evidence("the row has no user", 0.3))
    if case.application == "web-browsing":
        text = "web-browsing can be redirected to the portal, so that a browser would have been asked"
        gathered.add(Evidence(text, -2.0, Basis.VENDOR, document_trail(MFA_NOTIFICATION)))
    elif _captive(case) and case.identified:
        text = f"that captive portal before 8.0 ends {_what(case)}, which can't be redirected, is not documented"
        gathered.add(Evidence(text, -1.2, Basis.OPINION))
    elif case.identified:
        text = f"{_what(case)} can't be redirected to a portal"
        gathered.add(Evidence(text, 0.4, Basis.VENDOR, document_trail(THREAD)))
    if case.short and session.elapsed is not None:
        gathered.add(Evidence(f"it ended within {session.elapsed or 0} s, when the challenge comes", 0.3))
    elif case.long:
        gathered.add(Evidence(f"it lived for {session.elapsed} s; a challenge comes with the first data", -2.0))
    if case.long and (session.bytes or 0) > 100_000:
        gathered.add(Evidence("it had moved data, which a challenged session does not", -0.8))


def _trace_evidence(case: Case, gathered: Gathering) -> None:
    unreachable, portal = _traces(case) or ([], [])
    if unreachable:
        trail = row_trail("traffic", unreachable[0])
        gathered.add(Evidence(_icmp_text(len(unreachable)), 1.3, trail=trail))
    if portal:
        port = case.related.session(portal[0]).destination_port
        text = f"a session of the same client to port {port}, where the portal answers"
        gathered.add(Evidence(text, 0.8, trail=row_trail("traffic", portal[0])))
    rows = case.address_rows(Kind.AUTHENTICATION, timedelta(seconds=5), timedelta(seconds=120))
    for asked in rows[:1]:
        what = asked.get("event") or asked.get("description") or "an event"
        text = f"the authentication log has {what} for this address"
        gathered.add(Evidence(text, 0.6, trail=row_trail("authentication", asked["row"])))
    if not rows and case.related.has(Kind.AUTHENTICATION):
        text = "no authentication-log row, which rules nothing out: that an unanswered challenge writes one is not verified"
        gathered.add(Evidence(text, -0.05, Basis.OPINION))


def _passed_before(case: Case, rule: Rule) -> dict[str, Any] | None:
    """A success of this address in the authentication log inside the rule's time-out."""
    for row in case.address_rows(Kind.AUTHENTICATION, timedelta(minutes=rule.timeout), timedelta(0)):
        words = f"{row.get('event') or ''} {row.get('subtype') or ''} {row.get('description') or ''}".lower()
        if any(word in words for word in PASSED) and "fail" not in words:
            return row
    return None
