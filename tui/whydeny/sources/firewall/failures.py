"""What can go wrong with a firewall, each in one sentence that says what to do."""

from enum import StrEnum

from whydeny.model.errors import WhydenyError


class Failure(StrEnum):
    """The kinds of failure, as far as a caller has to tell them apart."""

    WRONG_PASSWORD = "wrong-password"
    KEY_REFUSED = "key-refused"
    NO_RIGHTS = "no-rights"
    UNKNOWN_HOST = "unknown-host"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TLS = "tls"
    TIMEOUT = "timeout"
    CUT = "cut"
    NOT_XML = "not-xml"
    TOO_LARGE = "too-large"
    SESSION_ENDED = "session-ended"
    BUSY = "busy"
    NOT_CONNECTED = "not-connected"  # Panorama has no connection to the firewall asked for
    PANORAMA = "panorama"  # it is one, and the firewall behind it has to be chosen
    SAID = "said"  # the device answered with an error of its own
    FORBIDDEN = "forbidden"  # this program does not send such a call
    CREDENTIALS = "credentials"  # none at hand, or unreadable


# Failures of the way there: the call itself was harmless, so it may be tried again.
PASSING = frozenset({Failure.REFUSED, Failure.UNREACHABLE, Failure.CUT, Failure.BUSY})
# Failures that the next call would meet as well.
FATAL = frozenset(
    {
        Failure.WRONG_PASSWORD, Failure.KEY_REFUSED, Failure.UNKNOWN_HOST, Failure.REFUSED, Failure.UNREACHABLE,
        Failure.CERTIFICATE, Failure.TLS, Failure.NOT_CONNECTED, Failure.SESSION_ENDED, Failure.CREDENTIALS,
    }
)  # fmt: skip


class FirewallError(WhydenyError):
    """A call to a firewall failed. The message is one sentence and holds no secret."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class ForbiddenCall(FirewallError):
    """A call that this program never sends: it was stopped before it left."""

    def __init__(self, what: str) -> None:
        super().__init__(Failure.FORBIDDEN, f"whydeny only reads: it does not send {what}")
