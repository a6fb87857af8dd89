"""The TLS or SSH proxy, or a decryption profile, ended the session.

What it means
-------------
The handshake between client, firewall and server failed, or a decryption profile refused the certificate, version or
cipher. From 7.1 on such ends have reasons of their own (decrypt-cert-validation, decrypt-unsupport-param,
decrypt-error), but policy-deny outranks them, and 7.1 and 8.0 wrote the generic policy-deny for some failures.

How it is recognised
--------------------
A decryption-log row of the same session with an error (10.0 and later) proves it: `client-alert` and `server-alert` by
who sent the fatal alert, `profile-block` where the certificate, version or cipher was refused, `no-decrypt-profile`
where the rule does not decrypt but its profile checks certificates. `generic-pre-9.0`: 7.1 or 8.0, the security rule
still matches, a decryption rule takes the session, and it died in the handshake. `opt-out`: the page that lets users opt
out of decryption waited for an answer. A tracker stage that names the proxy says the same of a live session; a rule for
TLS does not count for SSH, nor one of type SSH proxy for TLS.

What to look at next
--------------------
Monitor > Logs > Decryption for the session; `show system setting ssl-decrypt exclude-cache` (failed sites are left
undecrypted for twelve hours); `test decryption-policy-match`; a capture of the TLS alert.

What else looks like this
-------------------------
An inner application in the row means that the handshake worked: look at app-default-port, app-shift and url-category.
A client that can't answer an authentication challenge dies as early (authentication-challenge). SSL/TLS handshake
inspection by URL filtering resets the handshake too and shows in the URL log only.
"""

from datetime import timedelta
from typing import Any

from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.model.protocols import UDP
from whydeny.policy.lookup import Certainty
from whydeny.verdict.case import HANDSHAKE_APPLICATIONS, Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import LOOKUP_DENY, document_trail, held_by_row, row_trail, rule_trail
from whydeny.verdict.likeness import Like
from whydeny.verdict.references import DECRYPTION_ERRORS, DECRYPTION_LOGS, END_REASONS, THREAD, WEBERBLOG
from whydeny.verdict.surroundings import HOUR, MINUTE
from whydeny.verdict.tls import (
    failed,
    is_ssh,
    lacks_resources,
    later_success,
    profile_blocks,
    proxy_stage,
    reason_text,
    refuses_certificate,
    resources_fix,
    rule_for,
    tls_fix,
    variant_of_row,
)

CAUSE = Cause(
    title="Decryption failed or a decryption profile refused",
    needs=("decryption log (10.0 and later)", "running configuration"),
    releases="all; the end reasons of their own since 7.1, the decryption log since 10.0",
    references=(END_REASONS, DECRYPTION_ERRORS, DECRYPTION_LOGS, WEBERBLOG, THREAD),
)


_OWN_REASON = "such ends have reasons of their own; that policy-deny still hides them in this release is not documented"


def check(case: Case) -> Answer:
    """Whether decryption ended the session."""
    failures = [row for row in case.decryption_rows if failed(row)]
    if failures:
        return _proved(case, failures)
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return _named_by_end_reason(case)
    rule = rule_for(case)
    asked = _opt_out(case, rule)
    if asked is not None:
        return asked
    stopped = _rules_out(case)
    if stopped is not None:
        return stopped
    if rule is None and case.decryption.rule is not None:
        what = "SSH" if is_ssh(case) else "TLS"
        return RuledOut(
            f"decryption rule {case.decryption.rule.name} is not for {what}, and no other takes the session"
        )
    if rule is None:
        possible = ", ".join(r.name for r in case.decryption.possible[:3])
        because = f"whether decryption rule {possible} takes the session can't be told"
        return CantTell(because, "; ".join(case.decryption.settle[:2]) or "the decryption log", 0.15)
    if rule.action.startswith("decrypt"):
        return _unproved(case, rule)
    return _no_decrypt(case, rule)


def _proved(case: Case, failures: list[dict[str, Any]]) -> Held:
    row = failures[-1]
    text = f"the decryption log has this session: {reason_text(row)}"
    gathered = Gathering()
    gathered.add(Evidence(text, 0.9, trail=row_trail("decryption", row["row"])))
    stage = (case.session.tracker_stage or "").lower()
    if LOOKUP_DENY in stage:
        gathered.add(Evidence(f"the session tracker says '{stage}', which is a rule look-up", -1.5))
    if case.still_allowed and case.same_rule:
        gathered.add(Evidence(f"{case.named_rule} still matches in every criterion", 0.4, Basis.RULE))
    elif case.refuser is not None and case.identified and case.application != "ssl":
        text = f"the look-up with the final values ends at {case.refuser.name}, which would do it as well"
        gathered.add(Evidence(text, -1.2, Basis.RULE, rule_trail(case.refuser)))
    if case.inner_application:
        text = f"the row has the inner application {case.application}, so that one handshake worked"
        gathered.add(Evidence(text, -1.0, Basis.DEDUCTION))
    name = row.get("decryption_rule") or (case.decryption.rule.name if case.decryption.rule else None)
    rule = case.decryption.rule
    variant = variant_of_row(row, rule)
    if variant == "profile-block" and rule is not None and refuses_certificate(row):
        profile = case.profile(rule)
        if not rule.profile or (profile is not None and not any(profile.blocks.values())):
            variant = None
            text = f"decryption rule {rule.name} has no profile that blocks, so that it was not a profile that refused"
            gathered.add(Evidence(text, -0.4, Basis.RULE, rule_trail(rule)))
    if variant == "server-alert":
        who = "the server refused the firewall's handshake"
    elif variant == "client-alert":
        who = "the client refused the certificate or handshake that the firewall offered"
    elif variant == "no-decrypt-profile":
        who = "the profile of a no-decrypt rule refused the server's certificate"
    elif variant == "profile-block":
        who = "the decryption profile refused the server's certificate, version or cipher"
    else:
        who = "the TLS handshake through the firewall failed"
    return Held(
        base=0.88,
        headline=f"Last allowed by {case.named_rule}, then ended by decryption: {who} ({reason_text(row)}).",
        evidence=gathered.all(),
        variant=variant,
        denied_by=str(name) if name else None,
        fix=resources_fix() if lacks_resources(row) else tls_fix(variant, _host(row), refuses_certificate(row)),
        fix_at=rule.origin.edited_at() if rule else "",
        commands=_commands(case),
        flips_if="a decryption-log row of this session with an error",
    )


def _host(row: dict[str, Any]) -> str:
    return str(row.get("server_name") or row.get("subject_cn") or "the host")


def _named_by_end_reason(case: Case) -> Held:
    reason = case.session.end_reason or ""
    meaning = {
        "decrypt-cert-validation": "the certificate was refused by the profile or by a certificate alert, or the "
        "server asked for a client certificate",
        "decrypt-unsupport-param": "version, cipher or algorithm was refused by the profile or by a handshake alert",
        "decrypt-error": "another fatal TLS alert (such as a client that doesn't trust the firewall's CA), an SSH error, "
        "or no resources or HSM",
    }.get(reason, "decryption ended it")
    rule = rule_for(case)
    gathered = Gathering()
    gathered.add(Evidence(f"the end reason is {reason}", 0.5, Basis.VENDOR, document_trail(END_REASONS)))
    variant = None
    if rule is not None:
        gathered.add(
            Evidence(f"decryption rule {rule.name} ({rule.action}) takes it", 0.4, Basis.RULE, rule_trail(rule))
        )
        if not rule.action.startswith("decrypt"):
            variant = "no-decrypt-profile"
    elif case.engine is not None and not case.decryption.possible:
        gathered.add(Evidence("no decryption rule of this configuration takes the session", -1.0, Basis.RULE))
    missing = () if case.decryption_rows else ("the decryption-log row of this session (10.0 and later)",)
    return Held(
        base=0.82,
        headline=f"Last allowed by {case.named_rule}, then ended by decryption: {reason} stands for: {meaning}.",
        evidence=gathered.all(),
        variant=variant,
        denied_by=rule.name if rule else None,
        fix=tls_fix(
            "client-alert" if reason == "decrypt-error" else "profile-block",
            "the host",
            reason != "decrypt-unsupport-param",
        ),
        fix_at=rule.origin.edited_at() if rule else "",
        missing=missing,
        commands=_commands(case),
        flips_if="an end reason that names decryption",
    )


def _rules_out(case: Case) -> Answer | None:
    if case.session.protocol == UDP:
        return RuledOut("the session is UDP, which is not decrypted by a TLS or SSH proxy")
    if case.session.protocol is not None and not case.is_tcp:
        return RuledOut(f"the session is {case.session.protocol_word}, which is not decrypted")
    stage = (case.session.tracker_stage or "").lower()
    if LOOKUP_DENY in stage:
        return RuledOut(f"the session tracker says '{stage}', which is a rule look-up and not the proxy")
    if case.decryption_rows:
        version = str(case.decryption_rows[-1].get("tls_version") or "")
        hidden = ", and TLS 1.3 hides the certificate from a no-decrypt rule" if "1.3" in version else ""
        return RuledOut(f"the decryption log has this session without an error{hidden}")
    if case.engine is None and proxy_stage(case):
        text = f"the session tracker says '{stage}', a stage that is not documented"
        turn = "a decryption-log row of this session with an error"
        what = "its TLS or SSH proxy failed, as the session tracker says"
        return held_by_row(case, what, Evidence(text, 0.3, Basis.OPINION), tls_fix(None, "the host"), turn)
    if case.engine is None:
        because = "there is no configuration to tell whether a decryption rule takes the session"
        return CantTell(because, "the decryption log of the session, or the decryption rules", 0.25)
    look = case.decryption
    if look.certainty is not Certainty.UNKNOWN and look.rule is None and not look.possible:
        return RuledOut(look.reason or "no decryption rule takes the session")
    if case.inner_application:
        return RuledOut(f"the inner application {case.application} is in the row, so that the handshake had worked")
    if case.identified and case.application != "ssl" and not case.application.startswith("ssh"):
        return RuledOut(f"App-ID settled on {case.application}, which is past any handshake of TLS or SSH")
    if look.certainty is Certainty.UNKNOWN:
        return CantTell(look.reason or "the decryption rules aren't known", "the decryption rules", 0.15)
    return None


def _unproved(case: Case, rule: Rule) -> Answer:
    """A decryption rule takes the session, and no decryption-log row says how it went."""
    release = case.release
    generic = case.at_least(7, 1) and not case.at_least(8, 1)
    gathered = Gathering()
    gathered.add(Evidence(f"decryption rule {rule.name} decrypts this session", 0.3, Basis.RULE, rule_trail(rule)))
    if proxy_stage(case):
        text = f"the session tracker says '{case.session.tracker_stage}', a stage that is not documented"
        gathered.add(Evidence(text, 1.6, Basis.OPINION))
    if case.still_allowed and case.same_rule:
        text = f"{case.named_rule} still matches in every criterion, so that no rule look-up refused it"
        gathered.add(Evidence(text, 0.7, Basis.RULE))
    elif case.refuser is not None:
        text = f"the look-up with the final values ends at {case.refuser.name}"
        gathered.add(Evidence(text, -2.0, Basis.RULE, rule_trail(case.refuser)))
    if case.application in HANDSHAKE_APPLICATIONS and case.short:
        within = "" if case.session.elapsed is None else f" within {case.session.elapsed} s"
        gathered.add(Evidence(f"it died as {case.application}{within}, in the handshake", 0.5))
    elif not case.short:
        gathered.add(Evidence(f"it lived for {case.session.elapsed} s, longer than a handshake", -1.2))
    if case.cluster >= 5:
        gathered.add(Evidence(f"{case.cluster} other conversations were refused in the same two seconds", -1.2))
    _later_success(case, gathered)
    _other_failures(case, gathered)
    log = case.related.log(Kind.DECRYPTION)
    if case.at_least(10) and not is_ssh(case) and log.covers(case.session.end, case.session.serial):
        word = "though the rule logs failed handshakes" if rule.log_fail else "but the rule does not log failures"
        gathered.add(Evidence(f"the decryption log covers the time and has no row of this session, {word}",
                              -1.8 if rule.log_fail else -0.2, Basis.VENDOR, document_trail(DECRYPTION_LOGS)))  # fmt: skip
    if generic:
        base, variant = 0.62, "generic-pre-9.0"
        text = f"PAN-OS {release} is known to write the generic policy-deny for TLS failures"
        gathered.add(Evidence(text, 0.3, Basis.VENDOR, document_trail(THREAD)))
    elif release is None:
        base, variant = 0.3, None
    elif case.at_least(9):
        base, variant = 0.2, None
        gathered.add(Evidence(_OWN_REASON, -0.3, Basis.OPINION))
    else:
        base, variant = 0.4, "generic-pre-9.0"
        gathered.add(Evidence("in which release the generic policy-deny ended is not documented", -0.9, Basis.OPINION))
    return Held(
        base=base,
        headline=f"Last allowed by {case.named_rule}, then ended in decryption: rule {rule.name} decrypts it, the "
        f"security rule still matches, and the session died in the handshake.",
        evidence=gathered.all(),
        variant=variant,
        denied_by=rule.name,
        fix=tls_fix(None, "the host") + (" Newer releases give such ends a reason of their own." if variant else ""),
        fix_at=rule.origin.edited_at(),
        missing=(_wanted(case),),
        commands=_commands(case),
        flips_if="a decryption-log row of this session with an error"
        if case.at_least(10)
        else "a fatal TLS alert from client or server in a packet capture",
    )


def _wanted(case: Case) -> str:
    if is_ssh(case):
        return "a capture of the SSH handshake (the SSH proxy writes no decryption log)"
    return "the decryption-log row of this session" if case.at_least(10) else "a capture of the TLS alert"


def _opt_out(case: Case, rule: Rule | None) -> Held | None:
    """The opt-out page: the handshake worked, the rules still allow it, and the user had not answered yet."""
    session = case.session
    asked = bool(case.policy and case.policy.notify_user) and rule is not None and rule.action.startswith("decrypt")
    if rule is None or not asked or not session.decrypted or not case.same_rule or not case.still_allowed:
        return None
    if is_ssh(case) or not case.short:
        return None
    if not case.inner_application and case.like(Like.SERVER_REFUSED, HOUR, MINUTE):
        return None  # the page meets the first session alone; what fails again and again, fails in the handshake
    gathered = Gathering()
    text = "the page that lets users opt out of decryption is on; that it ends the first session is not documented"
    gathered.add(Evidence(text, 0.3, Basis.OPINION))
    gathered.add(Evidence(f"decryption rule {rule.name} decrypts this session", 0.2, Basis.RULE, rule_trail(rule)))
    gathered.add(Evidence(f"{case.named_rule} still matches in every criterion", 0.4, Basis.RULE))
    before = case.last_before(Like.SOURCE_DECRYPTED)
    if before is not None:
        text = (
            f"session {before.id} of the same client was decrypted and let through before: the page had been answered"
        )
        gathered.add(Evidence(text, -1.2, Basis.ROW, row_trail("traffic", before.row)))
    later = later_success(case, timedelta(minutes=10))
    if later is not None:
        text = (
            f"session {later.id} of the same client to the same server passed soon after, as once the page is answered"
        )
        gathered.add(Evidence(text, 0.5, Basis.ROW, row_trail("traffic", later.row)))
    return Held(
        base=0.35,
        headline=f"Last allowed by {case.named_rule}, then ended by decryption: rule {rule.name} decrypts it, and the page "
        "that lets users opt out waited for an answer.",
        evidence=gathered.all(),
        variant="opt-out",
        denied_by=rule.name,
        fix="Nothing is broken if the user sees the page and goes on. Where programs meet it that can't answer, move them "
        "to a decryption rule of their own, or tell users beforehand and do without the page "
        "(Device > Response Pages > SSL Decryption Opt-out Page).",
        fix_at=rule.origin.edited_at(),
        missing=("whether the user was shown the page",),
        commands=_commands(case),
        flips_if="the opt-out page was shown to the user in that moment",
    )


def _no_decrypt(case: Case, rule: Rule) -> Answer:
    """The matching rule does not decrypt; its profile may still refuse certificates."""
    if not rule.profile:
        return RuledOut(f"decryption rule {rule.name} does not decrypt and has no profile")
    profile = case.profile(rule)
    if profile is None:
        because = f"the profile {rule.profile} of no-decrypt rule {rule.name} is not in the files"
        return CantTell(because, f"the decryption profile {rule.profile}", 0.2)
    blocks = profile_blocks(profile, "ssl-no-proxy")
    if not blocks:
        return RuledOut(f"decryption rule {rule.name} does not decrypt, and its profile blocks nothing there")
    if case.application not in HANDSHAKE_APPLICATIONS:
        return RuledOut(f"App-ID settled on {case.application}, past the certificate check of rule {rule.name}")
    gathered = Gathering()
    text = f"no-decrypt rule {rule.name} has profile {rule.profile}, which refuses {', '.join(blocks)}"
    gathered.add(Evidence(text, 0.6, Basis.RULE, rule_trail(rule)))
    if case.still_allowed and case.same_rule:
        gathered.add(Evidence(f"{case.named_rule} still matches in every criterion", 0.7, Basis.RULE))
    elif case.refuser is not None:
        gathered.add(Evidence(f"the look-up with the final values ends at {case.refuser.name}", -2.0, Basis.RULE))
    if case.at_least(9):
        gathered.add(Evidence(_OWN_REASON, -0.3, Basis.OPINION))
    if not case.short:
        gathered.add(Evidence(f"it lived for {case.session.elapsed} s, longer than a handshake", -1.5))
    log = case.related.log(Kind.DECRYPTION)
    if case.at_least(10) and log.covers(case.session.end, case.session.serial) and rule.log_fail:
        text = "the decryption log covers the time and has no row of this session"
        gathered.add(Evidence(text, -1.2, Basis.VENDOR, document_trail(DECRYPTION_LOGS)))
    return Held(
        base=0.3 if case.at_least(9) else 0.4,
        headline=f"Last allowed by {case.named_rule}, then ended by decryption policy although nothing was decrypted: the "
        f"profile {rule.profile} of no-decrypt rule {rule.name} refuses {', '.join(blocks)}.",
        evidence=gathered.all(),
        variant="no-decrypt-profile",
        denied_by=rule.name,
        fix=tls_fix("no-decrypt-profile", "the host"),
        fix_at=rule.origin.edited_at(),
        missing=("the server's certificate and the TLS version",),
        commands=_commands(case),
        flips_if="an expired or untrusted certificate of the server in TLS 1.2 or older",
    )


def _later_success(case: Case, gathered: Gathering) -> None:
    """A later undecrypted success to the same server: a failed site is left undecrypted for twelve hours."""
    other = later_success(case, timedelta(hours=12), decrypted=False)
    if other is not None:
        text = f"session {other.id} to the same server passed undecrypted later, as the twelve-hour exclusion lets it"
        gathered.add(Evidence(text, 0.6, trail=row_trail("traffic", other.row)))


def _other_failures(case: Case, gathered: Gathering) -> None:
    """Whether this client fails at this server each time."""
    again = case.like(Like.SERVER_REFUSED, HOUR, MINUTE)
    if again:
        gathered.add(Evidence(f"{len(again)} more sessions of this client to this server ended the same way", 0.3))


def _commands(case: Case) -> tuple[str, ...]:
    if is_ssh(case):
        return ("show session all filter application ssh",)
    found = ["show system setting ssl-decrypt exclude-cache", "show session all filter ssl-decrypt yes"]
    return (f"( sessionid eq {case.session.id} )", *found) if case.session.id and case.at_least(10) else tuple(found)
