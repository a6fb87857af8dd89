"""The TLS side of a connection: verified or pinned from the first byte, and bounded in time and size.

`ssl.SSLContext.sslsocket_class` is the documented place to come in: every byte of an answer passes `GuardedSocket`,
so a peer that drips one byte at a time, never ends or answers without end is cut off, and a user who stops waiting
gets the terminal back within a quarter of a second. (A socket's own timeout only bounds each single receive.)
"""

import hashlib
import math
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, cast

from whydeny.model.errors import Cancelled
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import CONNECT, LARGEST

SLICE = 0.25  # seconds until a waiting receive looks up


class DeadlinePassed(Exception):
    """The whole call took longer than it may."""


class AnswerTooLarge(Exception):
    """The answer is larger than one may be."""


class WrongFingerprint(ValueError):  # ssl closes a socket whose handshake raises this
    """The peer's certificate is not the pinned one; the text is the fingerprint found."""


@dataclass(slots=True)
class Watch:
    """The bounds of one call: until when (`time.monotonic`), how many bytes, and whether it is still wanted.

    An answer that names something to be put away afterwards is waited for `patience` seconds after the stop.
    """

    deadline: float
    stop: Event = field(default_factory=Event)
    largest: int = LARGEST
    received: int = 0
    patience: float = 0.0
    _stopped: float | None = None

    def remaining(self) -> float:
        """Seconds left. Raises `DeadlinePassed` or `Cancelled`."""
        now = time.monotonic()
        if self.stop.is_set():
            self._stopped = now if self._stopped is None else self._stopped
            if now >= self._stopped + self.patience:
                raise Cancelled("stopped while waiting for the firewall")
        left = self.deadline - now
        if left <= 0:
            raise DeadlinePassed
        return left

    def count(self, size: int) -> None:
        """Add received bytes. Raises `AnswerTooLarge`."""
        self.received += size
        if self.received > self.largest:
            raise AnswerTooLarge


class GuardedSocket(ssl.SSLSocket):
    """A TLS socket that keeps the bounds of the call it is used for."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, then compare the certificate with the pinned one, before anything is sent."""
        watch, deadline = cast(GuardedContext, self.context).watch, time.monotonic() + CONNECT
        while True:
            try:
                self.settimeout(min(SLICE, watch.remaining()))
                super().do_handshake(block)
                break
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise
            except (DeadlinePassed, Cancelled):
                self.close()  # ssl closes it for other failures
                raise
        pinned = cast(GuardedContext, self.context).fingerprint
        if pinned:
            found = fingerprint_of(self.getpeercert(binary_form=True) or b"")
            if found != pinned:
                raise WrongFingerprint(found)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive, looking up often enough to see a deadline or a stop."""
        watch = cast(GuardedContext, self.context).watch
        while True:
            self.settimeout(min(SLICE, watch.remaining()))
            try:
                size = super().recv_into(buffer, nbytes, flags)
            except TimeoutError:
                continue
            watch.count(size)
            return size


class GuardedContext(ssl.SSLContext):
    """A client context for one connection at a time; `watch` is set before each call."""

    sslsocket_class = GuardedSocket
    fingerprint: str | None = None
    watch: Watch


def make_context(ca_file: Path | None = None, fingerprint: str | None = None, insecure: bool = False) -> GuardedContext:
    """A context of TLS 1.2 or newer that trusts the system's authorities, a CA file, one certificate, or all.

    `fingerprint` is the certificate's SHA-256 in hexadecimal, colons allowed; it is trusted instead of any authority
    and whatever name it carries. Raises `FirewallError` for a CA file or fingerprint that can't be used.
    """
    context = GuardedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.watch = Watch(math.inf)  # `Connection` sets one for each call
    if fingerprint is not None:
        context.fingerprint = normal_fingerprint(fingerprint)
    if insecure or fingerprint is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_file is None:
        context.load_default_certs()
    else:
        _trust(context, ca_file)
    return context


def _trust(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        problem = "it holds no certificate in PEM form"
    except OSError as error:
        problem = (error.strerror or "it can't be read").lower()
    else:
        return
    raise FirewallError(Failure.CERTIFICATE, f"{ca_file}: can't be used as CA file ({problem})")


def normal_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as `AB:CD:…`. Raises `FirewallError` for anything that is none."""
    plain = re.sub(r"^sha-?256[:=]", "", text.strip(), flags=re.IGNORECASE).replace(":", "").replace(" ", "").upper()
    if not re.fullmatch(r"[0-9A-F]{64}", plain):
        raise FirewallError(
            Failure.CERTIFICATE,
            "the fingerprint to pin must be a SHA-256 in hexadecimal (64 digits, colons allowed)",
        )
    return ":".join(plain[i : i + 2] for i in range(0, 64, 2))


def fingerprint_of(certificate: bytes) -> str:
    """The SHA-256 fingerprint of a certificate in DER form, as `AB:CD:…`."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def fetch_fingerprint(host: str, port: int = 443) -> str:
    """The fingerprint of the certificate that `host` shows, for a user who wants to pin it; nothing is sent.

    Raises `OSError` when there is no TLS to be had.
    """
    context = make_context(insecure=True)
    with socket.create_connection((host, port), CONNECT) as plain, context.wrap_socket(plain) as tls:
        return fingerprint_of(tls.getpeercert(binary_form=True) or b"")
