"""Ways in which sessions are alike, as far as evidence asks: which columns agree, which outcomes count, by which time."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from whydeny.model.flags import Flag
from whydeny.model.protocols import ICMP, ICMP6, TCP
from whydeny.verdict.finding import Outcome

PORTAL_PORTS = (6080, 6081, 6082)

_SOURCE = ("serial", "source_hi", "source_lo")
_PAIR = ("source_hi", "source_lo", "destination_hi", "destination_lo")
_SERVICE = ("serial", "destination_hi", "destination_lo", "destination_port", "rule")
_COMPLETED = pl.col("outcome") == Outcome.COMPLETED.value


@dataclass(frozen=True, slots=True)
class Way:
    """`columns` agree; only rows of `mask` are found; `by` is the time they are found by."""

    columns: tuple[str, ...]
    mask: pl.Expr
    by: str = "end"


class Like(StrEnum):
    """The relations that evidence rests on."""

    SAME_VALUES_PASSED = "same-values-passed"
    RULE_WITH_USER = "rule-with-user"
    RULE_PASSED = "rule-passed"
    RULE_AND_CATEGORY_PASSED = "rule-and-category-passed"
    SOURCE_DECRYPTED = "source-decrypted"
    SOURCE_PASSED = "source-passed"
    SERVER_REFUSED = "server-refused"
    SERVER_UNDECRYPTED = "server-undecrypted"
    SERVER_PASSED = "server-passed"
    SERVER_TCP = "server-tcp"
    SERVER_ICMP = "server-icmp"
    SOURCE_PORTAL = "source-portal"
    SERVICE_PASSED = "service-passed"
    SERVICE_AND_APPLICATION_PASSED = "service-and-application-passed"
    FLOW = "flow"


# A row's `decrypted` is a column of its own here, see `keys_frame`.
WAYS = {
    Like.SAME_VALUES_PASSED: Way(
        (*_SOURCE, "application", "rule", "destination_port", "protocol", "to_zone", "category", "decrypted", "user"),
        _COMPLETED,
    ),
    Like.RULE_WITH_USER: Way((*_SOURCE, "rule"), pl.col("user").is_not_null()),
    Like.RULE_PASSED: Way((*_SOURCE, "rule"), _COMPLETED),
    Like.RULE_AND_CATEGORY_PASSED: Way((*_SOURCE, "rule", "category"), _COMPLETED),
    Like.SOURCE_DECRYPTED: Way(_SOURCE, _COMPLETED & pl.col("decrypted").fill_null(False)),
    Like.SOURCE_PASSED: Way(_SOURCE, _COMPLETED),
    Like.SERVER_REFUSED: Way(
        (*_SOURCE, *_PAIR[2:], "destination_port"), pl.col("outcome") == Outcome.ALLOWED_THEN_DENIED.value
    ),
    Like.SERVER_UNDECRYPTED: Way(
        (*_PAIR, "destination_port"), _COMPLETED & ~pl.col("decrypted").fill_null(True), "start"
    ),
    Like.SERVER_PASSED: Way((*_PAIR, "destination_port"), _COMPLETED, "start"),
    Like.SERVER_TCP: Way((*_PAIR, "destination_port"), pl.col("protocol") == TCP, "start"),
    Like.SERVER_ICMP: Way(
        _PAIR, pl.col("protocol").is_in([ICMP, ICMP6]) & (pl.col("app").fill_null("") != "ping"), "start"
    ),
    Like.SOURCE_PORTAL: Way(
        ("source_hi", "source_lo"),
        (pl.col("protocol") == TCP) & pl.col("destination_port").is_in(PORTAL_PORTS),
        "start",
    ),
    Like.SERVICE_PASSED: Way(_SERVICE, _COMPLETED),
    Like.SERVICE_AND_APPLICATION_PASSED: Way((*_SERVICE, "application"), _COMPLETED),
    Like.FLOW: Way((*_PAIR, "source_port", "destination_port", "protocol"), pl.lit(True)),
}


def keys_frame(sessions: pl.DataFrame, outcomes: pl.Series) -> pl.DataFrame:
    """The columns that the relations look at."""
    decrypted = pl.when(pl.col("flags").is_not_null()).then((pl.col("flags") & int(Flag.DECRYPTED)) != 0)
    return sessions.select(
        "serial",
        "source_hi",
        "source_lo",
        "destination_hi",
        "destination_lo",
        "source_port",
        "destination_port",
        "protocol",
        "application",
        "rule",
        "to_zone",
        "category",
        "user",
        decrypted.alias("decrypted"),
        pl.col("application").cast(pl.String).alias("app"),
    ).with_columns(outcomes.cast(pl.String).alias("outcome"))
