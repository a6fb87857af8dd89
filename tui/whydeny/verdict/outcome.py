"""How a session ended, from its row alone: one columnar expression for a million rows and for one.

Sources: PAN-OS administrator's guide, "Traffic Log Fields", Session End Reason, Action and Threat/Content Type
(https://docs.paloaltonetworks.com/pan-os/9-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/traffic-log-fields);
the states of a session (https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000Clk9CAC): an entry that
was freed shows INIT again, with the end reason of its session until the entry is used anew.
"""

from collections.abc import Sequence

import polars as pl

from whydeny.model.protocols import ICMP, ICMP6
from whydeny.verdict.finding import Outcome

OUTCOMES = pl.Enum([outcome.value for outcome in Outcome])

DECRYPTION_REASONS = ("decrypt-cert-validation", "decrypt-unsupport-param", "decrypt-error")
_COMPLETED = ("tcp-fin", "tcp-reuse", "decoder")
ENDED_STATES = ("INIT", "CLOSED", "FREE")  # of an entry of the session table that has an end reason


def _is_one_of(column: pl.Expr, words: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(column == word for word in words)


def discarded_expression() -> pl.Expr:
    """Whether the session table holds each session in state DISCARD, or shows that it was refused and is over."""
    over = _in_state(ENDED_STATES) & (pl.col("end_reason") == "policy-deny")
    return (_in_state(("DISCARD",)) | over).fill_null(False).alias("discarded")


def _in_state(states: Sequence[str]) -> pl.Expr:
    """Whether an entry is in one of these states, in capitals or not: words are compared, as texts of a million take long."""
    return _is_one_of(pl.col("state"), [spelled for state in states for spelled in (state, state.lower())])


def outcome_expression() -> pl.Expr:
    """The outcome of each row of a session table, as `OUTCOMES`."""
    reason, action, subtype = pl.col("end_reason"), pl.col("action"), pl.col("subtype")  # null is no branch's
    # Old rows have no received counters: then "both ways" can't be told and the row counts as complete.
    nothing_back = (pl.col("bytes_received") == 0) | (
        pl.col("bytes_received").is_null() & (pl.col("packets_received") == 0)
    )
    one_way_protocol = pl.col("protocol").is_in([ICMP, ICMP6])
    # What a refused entry had been allowed by is as open as while it was discarded.
    over = _in_state(ENDED_STATES) & reason.is_not_null() & (reason != "policy-deny")

    def value(outcome: Outcome) -> pl.Expr:
        return pl.lit(outcome.value, dtype=OUTCOMES)

    return (
        pl.when((pl.col("state").is_not_null() & ~over.fill_null(False)) | (subtype == "start"))
        .then(value(Outcome.IN_PROGRESS))
        .when((action != "") & (action != "allow"))
        .then(value(Outcome.POLICY_DENIED))
        .when((action == "allow") & (reason == "policy-deny"))
        .then(value(Outcome.ALLOWED_THEN_DENIED))
        .when(reason == "threat")
        .then(value(Outcome.PROFILE_BLOCK))
        .when(_is_one_of(reason, DECRYPTION_REASONS))
        .then(value(Outcome.DECRYPTION_BLOCK))
        .when(reason == "tcp-rst-from-client")
        .then(value(Outcome.RESET_BY_CLIENT))
        .when(reason == "tcp-rst-from-server")
        .then(value(Outcome.RESET_BY_SERVER))
        .when((reason == "aged-out") & nothing_back & ~one_way_protocol)
        .then(value(Outcome.NO_RESPONSE))
        .when(_is_one_of(reason, [*_COMPLETED, "aged-out"]))
        .then(value(Outcome.COMPLETED))
        .otherwise(value(Outcome.UNKNOWN))
        .alias("outcome")
    )
