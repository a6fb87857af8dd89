"""Decryption-log rows and decryption profiles, read for what they say of a failure.

Source: "Decryption Log Errors and Error Indexes" and "Decryption Log Fields" of the PAN-OS documentation. Apart from two,
the exact error strings are not verified: they are matched on lower-cased words.
"""

from typing import Any

from whydeny.model.configuration import DecryptionProfile, Rule

_CERTIFICATE = ("untrusted", "expired", "unknown status", "revoked", "ocsp", "crl", "certificate status", "self-signed")
_PARAMETER = ("unsupported", "not supported", "mismatch", "cipher", "version", "bitmask", "key exchange", "client cert")


def failed(row: dict[str, Any]) -> bool:
    """Whether a decryption-log row is about a failure; a successful handshake has the error index None."""
    index = str(row.get("error_index") or "").strip().lower()
    return bool(row.get("error")) or index not in ("", "none", "n/a", "0")


def reason_text(row: dict[str, Any]) -> str:
    """What a row says went wrong."""
    parts = [str(row[name]) for name in ("error_index", "error") if row.get(name)]
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
