"""What an answer of the XML API says about itself: success, or which error in which words.

Codes: PAN-OS and Panorama XML API guide, "PAN-OS XML API error codes"
(https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-panorama-api/get-started-with-the-pan-os-xml-api).
"""

import errno
import http.client
import re
import socket
import ssl
import urllib.error
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from whydeny.model.safe import safe_text
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.guard import AnswerTooLarge, DeadlinePassed, WrongFingerprint

SMALL = 1 << 16  # bytes; an error or a key is never larger
_HEAD = 4096
_ROOT = re.compile(rb"<response\b([^>]*)>")
_STATUS = re.compile(rb"\bstatus\s*=\s*[\"']\s*([a-z]+)\s*[\"']")
_CODE = re.compile(rb"\bcode\s*=\s*[\"']\s*(\d+)\s*[\"']")
_NO_RIGHTS = ("not authorized", "unauthorized", "permission denied", "not permitted")
_WRONG_KEY = ("invalid credential", "invalid api key")


class NotXml(Exception):
    """Something else than an answer of the XML API came, most often a web page."""


class Refused(Exception):
    """The answer is an error; the only argument is its `Refusal`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error: its code (0 if it has none) and its words on one line."""

    code: int
    words: str


def refusal_of(body: bytes) -> Refusal | None:
    """The error that an answer carries, None for a success. Raises `NotXml`, or `IncompleteRead` for half an answer.

    Only the first and last bytes are looked at: a page of sessions is parsed once, by its reader.
    """
    head = body[:_HEAD]
    if looks_like_html(head) or b"<!DOCTYPE" in head:
        raise NotXml
    root = _ROOT.search(head)
    if root is None:
        raise NotXml
    status = _STATUS.search(root[1])
    if status is None or status[1] == b"success":
        if not body.rstrip().endswith((b"</response>", b"/>")):
            raise http.client.IncompleteRead(body[:0])
        return None
    code = _CODE.search(root[1])
    return Refusal(int(code[1][:6]) if code else 0, _words(parse_small(body)))


def looks_like_html(head: bytes) -> bool:
    """Whether a body begins as a web page does."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))


def parse_small(body: bytes) -> Element | None:
    """A small answer as an element, None for what is no XML, too large or carries a DTD."""
    if len(body) > SMALL:
        return None
    try:
        found: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return found


def _words(root: Element | None) -> str:
    if root is None:
        return ""
    lines = [
        text for element in root.iter() if element.tag in ("line", "msg") and (text := (element.text or "").strip())
    ]
    return safe_text(" ".join(dict.fromkeys(lines)), 300)


def refused(name: str, what: str, refusal: Refusal, key_proved: bool) -> FirewallError:
    """The failure behind an error answer. `key_proved`: whether this key has been accepted before."""
    words, low = refusal.words, refusal.words.lower()
    if "session timed out" in low or refusal.code == 22:
        return FirewallError(Failure.SESSION_ENDED, f"{name}: the API session timed out, twice in a row; connect again")
    if any(phrase in low for phrase in _WRONG_KEY):
        return _wrong_credentials(name, what)
    if any(phrase in low for phrase in _NO_RIGHTS) or refusal.code in (15, 16) or (refusal.code == 403 and key_proved):
        return FirewallError(Failure.NO_RIGHTS, f"{name}: the administrator's role has no right to {what}")
    if refusal.code == 403:
        return _wrong_credentials(name, what)
    if "not connected" in low:
        return FirewallError(Failure.NOT_CONNECTED, f"{name}: Panorama has no connection to this firewall now")
    if refusal.code == 17 and not words:
        words = "it does not know this command"
    return FirewallError(Failure.SAID, f"{name}: answered {what} with an error: {words or f'code {refusal.code}'}")


def _wrong_credentials(name: str, what: str) -> FirewallError:
    if what == "keygen":
        return FirewallError(
            Failure.WRONG_PASSWORD, f"{name}: wrong user name or password, or no right to use the XML API"
        )
    return FirewallError(
        Failure.KEY_REFUSED, f"{name}: the API key is not accepted (expired, revoked or of another device)"
    )


def describe(error: BaseException, name: str, what: str, within: float, key_proved: bool) -> FirewallError:
    """One sentence for anything that can go wrong on the way to a firewall and back."""
    if isinstance(error, Refused):
        return refused(name, what, error.args[0], key_proved)
    if isinstance(error, urllib.error.HTTPError):
        return _http_error(error, name, what, key_proved)
    if isinstance(error, urllib.error.URLError):
        reason = error.reason
        return describe(
            reason if isinstance(reason, BaseException) else OSError(str(reason)), name, what, within, key_proved
        )
    if isinstance(error, WrongFingerprint):
        return FirewallError(
            Failure.CERTIFICATE,
            f"{name}: its certificate is not the pinned one (found SHA-256 {error}); somebody may be in between",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        why = safe_text(error.verify_message or "verification failed", 200)
        return FirewallError(
            Failure.CERTIFICATE,
            f"{name}: its certificate is not trusted ({why}); give the CA that signed it, or pin its fingerprint",
        )
    if isinstance(error, socket.gaierror | UnicodeError | http.client.InvalidURL):
        return FirewallError(Failure.UNKNOWN_HOST, f"{name}: no such host; check the name")
    if isinstance(error, ConnectionRefusedError):
        return FirewallError(
            Failure.REFUSED, f"{name}: refused the connection; is HTTPS management allowed on this address and port?"
        )
    if isinstance(error, TimeoutError):  # an answer that takes too long passes its deadline
        return FirewallError(
            Failure.TIMEOUT,
            f"{name}: takes no connection; is the address right, and HTTPS management allowed from here?",
        )
    if isinstance(error, DeadlinePassed):
        return FirewallError(Failure.TIMEOUT, f"{name}: no whole answer to {what} within {within:.0f} seconds")
    if isinstance(error, AnswerTooLarge):
        return FirewallError(Failure.TOO_LARGE, f"{name}: the answer to {what} is larger than whydeny reads")
    if isinstance(error, NotXml):
        return FirewallError(
            Failure.NOT_XML,
            f"{name}: answered {what} with something else than the XML API does; is this the management interface?",
        )
    if isinstance(error, http.client.HTTPException | ConnectionError | ssl.SSLEOFError | EOFError):
        return FirewallError(Failure.CUT, f"{name}: the connection was cut in the middle of {what}")
    if isinstance(error, ssl.SSLError):
        why = safe_text(error.reason or "handshake failed", 80).lower().replace("_", " ")
        return FirewallError(Failure.TLS, f"{name}: no TLS connection ({why}); TLS 1.2 or newer is needed")
    if isinstance(error, OSError):
        known = error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
        why = "no route to it" if known else safe_text(error.strerror or str(error), 120).lower()
        return FirewallError(Failure.UNREACHABLE, f"{name}: can't be reached ({why})")
    return FirewallError(Failure.SAID, f"{name}: {what} failed ({type(error).__name__})")


def _http_error(error: urllib.error.HTTPError, name: str, what: str, key_proved: bool) -> FirewallError:
    try:
        body = error.read(SMALL)
    except (OSError, http.client.HTTPException, DeadlinePassed, AnswerTooLarge):
        body = b""
    if error.code in (401, 403):
        return refused(name, what, Refusal(403, _words(parse_small(body))), key_proved)
    if error.code in (429, 502, 503, 504):
        return FirewallError(Failure.BUSY, f"{name}: too busy to answer {what} (HTTP {error.code}); try again later")
    if 300 <= error.code < 400:
        return FirewallError(
            Failure.NOT_XML, f"{name}: sends {what} elsewhere (HTTP {error.code}); is this the management interface?"
        )
    words = _words(parse_small(body)) or f"HTTP {error.code}"
    return FirewallError(Failure.SAID, f"{name}: answered {what} with an error: {words}")
