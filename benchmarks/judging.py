"""How fast all sessions are judged, against matching them in bulk alone.

usage: python benchmarks/judging.py [--rules N] [--sessions N] [--logs N] [--patterns N] [--seed N]

Generates a rulebase, sessions that were allowed and then denied (few patterns, as in real logs, with addresses, ports,
times and sizes of their own), a decryption log, a system log and a configuration log. Prints, in the same run, the time
of the bulk match alone, of judging everything, their ratio, the groups that one diagnosis served, the peak memory, and
the time of diagnosing the single session under a cursor.
"""

import argparse
import random
import resource
import time
from datetime import datetime, timedelta

import polars as pl
from matching import make_engine, make_sessions

from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import Rulebase
from whydeny.model.site import Site
from whydeny.model.tables import LogTable, SessionTable
from whydeny.policy.bulk import match_all
from whydeny.policy.engine import Engine
from whydeny.verdict.judge import Judge

START = datetime(2024, 5, 14, 8, 0, 0)
ERRORS = (
    ("Certificate", "Received fatal alert CertificateUnknown from client"),
    ("Certificate", "Expired server certificate"),
    ("Cipher", "Unsupported cipher"),
    ("Protocol", "General TLS protocol error. Received fatal alert DecodeError from server"),
    ("None", ""),
)


def refused_sessions(dice: random.Random, engine: Engine, sessions: int, patterns: int) -> pl.DataFrame:
    """Rows that were allowed and then denied, drawn from a number of patterns."""
    kinds = make_sessions(dice, patterns).head(patterns)
    rules = [rule.name for rule in engine.policy.rules[Rulebase.SECURITY] if rule.action == "allow"]
    kinds = kinds.with_columns(
        pl.Series("rule", [dice.choice(rules) for _ in range(kinds.height)], dtype=pl.Categorical()),
        pl.lit("allow").cast(pl.Categorical()).alias("action"),
        pl.lit("policy-deny").cast(pl.Categorical()).alias("end_reason"),
        pl.lit("deny").cast(pl.Categorical()).alias("subtype"),
        pl.lit("000000000001").cast(pl.Categorical()).alias("serial"),
        pl.lit("vsys1").cast(pl.Categorical()).alias("vsys"),
        pl.lit(0x400000).cast(pl.UInt32).alias("flags"),
    )
    picked = kinds[pl.Series([dice.randrange(kinds.height) for _ in range(sessions)], dtype=pl.UInt32)]
    seconds = pl.Series([dice.randrange(8 * 3600) for _ in range(sessions)])
    elapsed = pl.Series([min(int(dice.expovariate(0.5)), 3600) for _ in range(sessions)], dtype=pl.UInt64)
    start = pl.select((pl.lit(START) + pl.duration(seconds=seconds)).cast(pl.Datetime("us")).alias("t"))["t"]
    end = pl.select((start + pl.duration(seconds=elapsed)).alias("t"))["t"]
    return picked.with_columns(
        pl.Series("session_id", range(1, sessions + 1), dtype=pl.UInt64),
        pl.Series("source_port", [dice.randrange(1024, 65536) for _ in range(sessions)], dtype=pl.UInt16),
        pl.Series("packets", [dice.randrange(3, 30) for _ in range(sessions)], dtype=pl.UInt64),
        pl.Series("bytes", [dice.randrange(300, 9000) for _ in range(sessions)], dtype=pl.UInt64),
        start.alias("start"),
        end.alias("time"),
        end.alias("receive_time"),
        elapsed.alias("elapsed"),
    ).select(list(schema(Kind.TRAFFIC)))


def with_columns_of(kind: Kind, values: dict[str, pl.Series], rows: int) -> pl.DataFrame:
    """A log table with these columns and nulls for the rest."""
    columns = {
        name: values[name].cast(stored) if name in values else pl.Series([None] * rows, dtype=stored)
        for name, stored in schema(kind).items()
    }
    return pl.DataFrame(columns)


def decryption_log(dice: random.Random, sessions: pl.DataFrame, rows: int) -> LogTable:
    """A row for the first sessions, some of them about a failure."""
    part = sessions.head(rows)
    errors = [dice.choice(ERRORS) for _ in range(part.height)]
    shared = {name: part[name] for name in ("session_id", "source_hi", "source_lo", "destination_hi", "destination_lo",
                                            "source_port", "destination_port", "protocol", "serial", "vsys", "time")}  # fmt: skip
    values = shared | {
        "error_index": pl.Series([index for index, _ in errors]),
        "error": pl.Series([text or None for _, text in errors]),
    }
    return LogTable(Kind.DECRYPTION, with_columns_of(Kind.DECRYPTION, values, part.height))


def event_log(dice: random.Random, kind: Kind, engine: Engine, rows: int) -> LogTable:
    """A system log with a commit now and then, or a configuration log of changes and commits."""
    times = pl.Series(sorted(START + timedelta(seconds=dice.randrange(9 * 3600)) for _ in range(rows)))
    values = {"time": times, "receive_time": times, "serial": pl.Series(["000000000001"] * rows)}
    if kind is Kind.SYSTEM:
        words = ("User admin logged in via Web", "NTP sync to server 192.0.2.1", "Connection to update server closed")
        texts = [dice.choice(words) if dice.random() > 0.001 else "Commit job succeeded. JobId=7" for _ in range(rows)]
        values["description"] = pl.Series(texts)
    else:
        names = [rule.name for rule in engine.policy.rules[Rulebase.SECURITY]]
        values["command"] = pl.Series([("commit" if dice.random() < 0.01 else "set") for _ in range(rows)])
        values["path"] = pl.Series([f"vsys vsys1 rulebase security rules {dice.choice(names)}" for _ in range(rows)])
        values["result"] = pl.Series(["Succeeded"] * rows)
    return LogTable(kind, with_columns_of(kind, values, rows))


def compiled_again(engine: Engine) -> Engine:
    """The same policy, compiled anew: part of the work on both sides."""
    return Engine(engine.policy, engine.applications, engine.answers, engine.release)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rules", 1000), ("sessions", 100_000), ("logs", 100_000), ("patterns", 300), ("seed", 7)):
        arguments.add_argument(f"--{name}", type=int, default=default)
    wanted = arguments.parse_args()
    dice = random.Random(wanted.seed)
    engine = make_engine(wanted.seed, wanted.rules, wanted.rules // 2)
    frame = refused_sessions(dice, engine, wanted.sessions, wanted.patterns)
    site = Site(sessions=SessionTable(frame))
    site.logs[Kind.DECRYPTION] = decryption_log(dice, frame, wanted.logs)
    site.logs[Kind.SYSTEM] = event_log(dice, Kind.SYSTEM, engine, wanted.logs // 2)
    site.logs[Kind.CONFIGURATION] = event_log(dice, Kind.CONFIGURATION, engine, wanted.logs // 2)
    match_all(engine, frame.head(1000))  # imports and caches of the libraries
    begin = time.perf_counter()
    match_all(compiled_again(engine), frame, logged=True)
    alone = time.perf_counter() - begin
    judge = Judge(site)
    begin = time.perf_counter()
    judge.use_engine("000000000001", "vsys1", compiled_again(engine))
    judged = judge.judge_all()
    every = time.perf_counter() - begin
    begin = time.perf_counter()
    for row in range(50):
        judge.finding(row * 7)
    one = (time.perf_counter() - begin) / 50
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{wanted.sessions:,} sessions, {wanted.rules:,} rules, {wanted.logs:,} decryption rows, {wanted.logs:,} events"
    )
    print(f"bulk match alone {alone:.2f} s; judging all {every:.2f} s: {every / alone:.1f} times")
    print(f"groups diagnosed: {judge.groups:,}; one session under the cursor {one * 1000:.1f} ms; peak {peak:,.0f} MB")
    print(judged["cause"].value_counts(sort=True))


if __name__ == "__main__":
    main()
