"""Decryption-log rows and decryption profiles, read for what they say of a failure.

Source: "Decryption Log Errors and Error Indexes" and "Decryption Log Fields" of the PAN-OS documentation. Apart from two,
the exact error strings are not verified: they are matched on lower-cased words.
"""

from datetime import timedelta
from typing import Any

from whydeny.model.configuration import DecryptionProfile, Rule, Rulebase
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.verdict.case import Case
from whydeny.verdict.likeness import Like

_CERTIFICATE = ("untrusted", "expired", "unknown status", "revoked", "ocsp", "crl", "certificate status", "self-signed")
_PARAMETER = ("unsupported", "not supported", "mismatch", "cipher", "version", "bitmask", "key exchange", "client cert")


def failed(row: dict[str, Any]) -> bool:
    """Whether a decryption-log row is about a failure; a successful handshake has the error index None."""
    index = str(row.get("error_index") or "").strip().lower()
    return bool(row.get("error")) or index not in ("", "none", "n/a", "0")


def reason_text(row: dict[str, Any]) -> str:
    """What a row says went wrong."""
    parts = [str(row[name]).strip() for name in ("error_index", "error") if row.get(name)]
    parts = [part.removesuffix("CA Issuer URL:").rstrip(" .") for part in parts]
    return ": ".join(parts) or "an error without words"


def variant_of_row(row: dict[str, Any], rule: Rule | None) -> str | None:
    """Which variant of a decryption failure a row proves; None where it only says that it failed."""
    error = str(row.get("error") or "").lower()
    proxy = str(row.get("proxy_type") or "").lower().replace("-", " ")
    if "fatal alert" in error or "alert" in error:
        if "from client" in error:
            return "client-alert"
        if "from server" in error:
            return "server-alert"
    if "no decrypt" in proxy or (rule is not None and rule.action == "no-decrypt"):
        return "no-decrypt-profile"
    index = str(row.get("error_index") or "").lower()
    words = error if error else index
    status = f"{row.get('root_status') or ''} {row.get('chain_status') or ''}".lower()
    if any(word in words for word in (*_CERTIFICATE, *_PARAMETER)) or index in ("certificate", "cipher", "version"):
        return "profile-block"
    if any(word in status for word in ("untrusted", "expired", "revoked")):
        return "profile-block"
    return None


def profile_blocks(profile: DecryptionProfile, section: str) -> tuple[str, ...]:
    """What a section of a profile refuses, in words (`expired certificate`)."""
    return tuple(
        name.removeprefix("block-").replace("-", " ")
        for name in profile.blocks.get(section, ())
        if name.startswith("block-")
    )


def refuses_certificate(row: dict[str, Any]) -> bool:
    """Whether a row is about the server's certificate, which a profile alone refuses."""
    words = f"{row.get('error') or ''} {row.get('error_index') or ''}".lower()
    return "certificate" in words or any(word in words for word in _CERTIFICATE)


def lacks_resources(row: dict[str, Any]) -> bool:
    """Whether a row is about what the firewall lacked for decrypting, and not about either end."""
    return str(row.get("error_index") or "").strip().lower() in ("resource", "resources", "hsm")


def is_ssh(case: Case) -> bool:
    """Whether App-ID found SSH, which only a rule of type SSH proxy decrypts and which writes no decryption log."""
    return case.application.startswith("ssh")


def suits(case: Case, rule: Rule) -> bool:
    """Whether the type of a decryption rule is for the session's protocol, as far as the application tells."""
    if rule.decryption_type is None:
        return True
    return (rule.decryption_type == "ssh-proxy") == is_ssh(case)


def rule_for(case: Case) -> Rule | None:
    """The first decryption rule that takes the session and whose type (TLS, SSH) is for it."""
    first = case.decryption.rule
    if first is None or case.engine is None or suits(case, first):
        return first
    for rule in case.engine.policy.rules.get(Rulebase.DECRYPTION, ()):
        below = rule.number > first.number and suits(case, rule)
        if below and case.engine.explain_rule(rule, case.flow).result is Truth.MATCH:
            return rule
    return None


def proxy_stage(case: Case) -> bool:
    """Whether the session tracker names a failure of the proxy: a stage seen in the field, not documented."""
    stage = (case.session.tracker_stage or "").lower()
    return "proxy" in stage and any(word in stage for word in ("fail", "error", "decrypt"))


def later_success(case: Case, within: timedelta, decrypted: bool | None = None) -> Session | None:
    """The next session of the same client to the same server and port that was let through to its end."""
    way = Like.SERVER_UNDECRYPTED if decrypted is False else Like.SERVER_PASSED
    return case.passed_later(way, within)


def resources_fix() -> str:
    """What to do where the firewall lacked what decryption takes."""
    return (
        "See how many sessions are decrypted against the platform's limit (show session all filter ssl-decrypt yes count yes), "
        "and leave undecrypted by rule what need not be, category by category; no certificate is at fault."
    )


def tls_fix(variant: str | None, host: str, certificate: bool = True) -> str:
    """What to do about a variant of a decryption failure; `certificate`: it was refused, and not a version or cipher."""
    if variant == "profile-block" and not certificate:
        return (
            f"See which version and ciphers {host} and the client offer (decryption log, or a capture of the hellos) and "
            "which of them the decryption profile takes; the old side is the one to mend. A profile relaxed for one host "
            "belongs on a rule for that host."
        )
    if variant == "client-alert":
        return (
            f"If the client is managed, install the forward-trust CA on it. If the application pins its certificate, "
            f"exclude just {host} from decryption (Device > Certificate Management > SSL Decryption Exclusion, or a "
            "no-decrypt rule for it above). Turning decryption off for more than that host blinds the rules below."
        )
    if variant == "server-alert":
        return (
            f"See what {host} asks of the handshake (version, cipher, client certificate) and allow it in the decryption "
            "profile if it is safe; if the server needs a client certificate or can't be proxied, exclude just that host."
        )
    if variant in ("profile-block", "no-decrypt-profile"):
        return (
            f"See which check refused {host}: an expired or untrusted certificate is for the server's owner to mend, or "
            "import the missing intermediate or private CA. A profile relaxed for one host belongs on a rule for that host."
        )
    return (
        f"Find the alert first (decryption log, or a capture), then mend its cause: trust the forward-trust CA on the "
        f"client, or exclude just {host} if the client pins."
    )
