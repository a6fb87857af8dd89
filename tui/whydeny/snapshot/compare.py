"""Two moments of one place side by side: sessions that are new, gone or changed, and what policy had to do with it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from whydeny.model.configuration import Rulebase
from whydeny.model.site import Site
from whydeny.snapshot.rule_changes import RuleChange, changed_rules

# What makes two rows one session. Ids are used again, so the ends, the ports and the start belong to it.
_IDENTITY = (
    "serial", "vsys", "session_id", "source_hi", "source_lo", "destination_hi", "destination_lo", "source_port",
    "destination_port", "protocol", "start",
)  # fmt: skip
_KEYS = ("key", "check", "occurrence")
# What can be said of a session that may be another the second time: of its row, and of its verdict.
_OF_ROW = ("action", "end_reason", "rule", "application", "state")
_OF_VERDICT = ("outcome", "cause", "variant", "denied_by")
_OF_RULES = tuple(f"{rulebase}_rule" for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION))


@dataclass(frozen=True, slots=True)
class Moment:
    """One side: a site, and its judged frame where it has been judged."""

    site: Site
    judged: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two moments. Rows are numbers of the session tables, in order.

    `new` are rows of the second table, `gone` of the first. `changed` has a row for each session that is in
    both and differs: `before`, `after` and for each of the compared names `NAME_before` and `NAME_after`.
    `moved` has a row for each rulebase in which the configuration gives a session another rule: `before`,
    `after`, `rulebase`, `rule_before`, `rule_after`, and `because`, the changed rule that explains it (null
    where no rule itself changed, but an object, a list or a group did).
    """

    new: pl.Series
    gone: pl.Series
    changed: pl.DataFrame
    moved: pl.DataFrame
    rules: tuple[RuleChange, ...]


def compare(before: Moment, after: Moment) -> Comparison:
    """The differences from one moment to another."""
    first, second = _facts(before), _facts(after)
    pairs = first.join(second, on=_KEYS, how="inner", suffix="_after", maintain_order="left")
    names = [name for name in (*_OF_ROW, *_OF_VERDICT) if name in first.columns and name in second.columns]
    differ = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in names])
    rules = changed_rules(before.site.configurations, after.site.configurations)
    return Comparison(
        new=_without(second["row"], pairs["row_after"]),
        gone=_without(first["row"], pairs["row"]),
        changed=pairs.filter(differ).select(
            pl.col("row").alias("before"),
            pl.col("row_after").alias("after"),
            *(column for name in names for column in (pl.col(name).alias(f"{name}_before"), pl.col(f"{name}_after"))),
        ),
        moved=_moved(pairs, rules),
        rules=rules,
    )


def _facts(moment: Moment) -> pl.DataFrame:
    """The row, its key, and the compared columns as text.

    A key of eleven columns is compared as two 64-bit hashes of all of them: a million sessions have less than one
    chance in 10^26 that two keys agree by accident. Rows with the same key are numbered in their order.
    """
    frame = moment.site.sessions.frame
    facts = frame.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.struct(_IDENTITY).hash(seed=1).alias("key"),
        pl.struct(_IDENTITY).hash(seed=2).alias("check"),
        *(pl.col(name).cast(pl.String) for name in _OF_ROW),
    )
    if moment.judged is not None:
        facts = facts.hstack(moment.judged.select(pl.col(*_OF_VERDICT, *_OF_RULES).cast(pl.String)))
    return facts.with_columns(_occurrences(facts["key"]))


def _occurrences(keys: pl.Series) -> pl.Series:
    """For each row, how many rows before it have the same key."""
    values = keys.to_numpy()
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)])
    counts = np.arange(len(ordered)) - np.repeat(begins, np.diff(np.append(begins, len(ordered))))
    found = np.empty(len(values), dtype=np.uint32)
    found[order] = counts
    return pl.Series("occurrence", found, dtype=pl.UInt32)


def _without(rows: pl.Series, paired: pl.Series) -> pl.Series:
    """The rows that have no partner."""
    alone = np.ones(len(rows), dtype=bool)
    alone[paired.to_numpy()] = False
    return rows.filter(pl.Series(alone))


def _moved(pairs: pl.DataFrame, rules: tuple[RuleChange, ...]) -> pl.DataFrame:
    found = [
        pairs.filter(pl.col(name).ne_missing(pl.col(f"{name}_after"))).select(
            pl.col("row").alias("before"),
            pl.col("row_after").alias("after"),
            pl.lit(name.removesuffix("_rule")).alias("rulebase"),
            pl.col(name).alias("rule_before"),
            pl.col(f"{name}_after").alias("rule_after"),
        )
        for name in _OF_RULES
        if name in pairs.columns and f"{name}_after" in pairs.columns
    ]
    schema = {"before": pl.UInt32, "after": pl.UInt32, "rulebase": pl.String, "rule_before": pl.String,
              "rule_after": pl.String}  # fmt: skip
    moved = pl.concat(found) if found else pl.DataFrame(schema=schema)
    known = pl.DataFrame(
        [(str(change.rulebase), name) for change in rules for name in {change.name, change.name_before} if name],
        schema={"rulebase": pl.String, "rule": pl.String},
        orient="row",
    ).unique()
    for side in ("before", "after"):
        named = known.with_columns(pl.col("rule").alias(f"because_{side}"))
        moved = moved.join(
            named,
            left_on=["rulebase", f"rule_{side}"],
            right_on=["rulebase", "rule"],
            how="left",
            maintain_order="left",
        )
    because = pl.coalesce("because_after", "because_before").alias("because")
    return moved.with_columns(because).drop("because_before", "because_after")


def changed_verdicts(saved: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Where this program judges the same sessions otherwise than the one that saved them: `row` and, for
    outcome, cause, variant and denied_by, `NAME_before` and `NAME_after`. The frames have a row a session."""
    both = pl.DataFrame(
        [
            pl.int_range(saved.height, dtype=pl.UInt32, eager=True).alias("row"),
            *(saved[name].cast(pl.String).alias(f"{name}_before") for name in _OF_VERDICT),
            *(now[name].cast(pl.String).alias(f"{name}_after") for name in _OF_VERDICT),
        ]
    )
    return both.filter(
        pl.any_horizontal([pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after")) for name in _OF_VERDICT])
    )
