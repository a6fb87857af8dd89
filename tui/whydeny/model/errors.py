"""The errors that reach a user: one base class, one sentence each."""


class WhydenyError(Exception):
    """Something failed. The message says what, on which file (line) or host, and what to do."""


class InputError(WhydenyError):
    """An input can't be used: which file, which line or element, what was expected, what was found."""


class UsageError(WhydenyError):
    """The call itself can't be used."""


class Cancelled(WhydenyError):
    """The user stopped the work; nothing was lost but the work."""
