"""What is found out about one session: the outcome, the verdict with its evidence, and the rules."""

from dataclasses import dataclass
from enum import StrEnum

from whydeny.model.configuration import Rulebase
from whydeny.model.tables import Session
from whydeny.policy.lookup import LookUp


class Outcome(StrEnum):
    """How a session ended; the values are fixed by the command-line contract."""

    ALLOWED_THEN_DENIED = "allowed-then-denied"
    POLICY_DENIED = "policy-denied"
    PROFILE_BLOCK = "profile-block"
    DECRYPTION_BLOCK = "decryption-block"
    NO_RESPONSE = "no-response"
    RESET_BY_CLIENT = "reset-by-client"
    RESET_BY_SERVER = "reset-by-server"
    COMPLETED = "completed"
    IN_PROGRESS = "in-progress"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What a piece of evidence rests on."""

    ROW = "row"  # the session's own row, or a row joined to it
    RULE = "rule"  # a look-up in the configuration
    VENDOR = "vendor"  # a documented fact of the vendor
    OPINION = "opinion"  # expert opinion, below 0.8 or unverified in the facts
    DEDUCTION = "deduction"


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a piece of evidence can be seen: a row of an opened file, a rule, or a document's address."""

    kind: str  # "row", "rule", "document"
    log: str = ""  # Kind value of the table for a row
    row: int | None = None  # index into that table
    rulebase: str = ""
    rule: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence for or against, what it rests on, how much it weighs, and where it can be seen.

    `weight` is in log-odds-like points: positive supports the cause, negative speaks against it.
    """

    text: str
    weight: float = 0.0
    basis: Basis = Basis.ROW
    trail: Trail | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A public document."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """A cause that could still be it, and the one observation that would turn the verdict to it."""

    cause: str
    confidence: float
    flips_if: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A cause that is ruled out, and why."""

    cause: str
    because: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the session ended so. `cause` is None where the outcome needs none."""

    headline: str
    cause: str | None = None
    title: str = ""
    variant: str | None = None
    confidence: float = 0.0
    confidence_why: str = ""
    denied_by: str | None = None
    supports: tuple[Evidence, ...] = ()
    contradicts: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    fix: str = ""
    fix_at: str = ""
    commands: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """All that is said about one session."""

    session: Session
    outcome: Outcome
    verdict: Verdict
    alternatives: tuple[Alternative, ...]
    excluded: tuple[Exclusion, ...]
    lookups: dict[Rulebase, LookUp]
    logged_rule: str | None = None
