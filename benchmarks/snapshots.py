"""How large a snapshot is and how long it takes to save and open, beside polars' own parquet of the same tables.

usage: python benchmarks/snapshots.py [--rows N] [--seed N] [--redact] [--compare]

The demonstration's sessions and verdicts are repeated to --rows (default 1,000,000) with addresses, ports, ids, times
and counters of their own, in the proportions of a day's traffic. Prints the size in bytes, the seconds that polars
needs to write and read the same two tables as plain parquet files (flushed to the disk like the snapshot) and the
ratios; each the best of three. With --redact also what replacing every address and name takes, and with --compare
what comparing the sessions with themselves takes; both once.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from whydeny.demo import demo_folder
from whydeny.model.addresses import V4_BASE
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.snapshot.compare import Moment, compare
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.save import save_snapshot
from whydeny.sources.open import open_inputs
from whydeny.verdict.judge import Judge


def make_site(rows: int, seed: int) -> tuple[Site, pl.DataFrame]:
    """The demonstration's site with its sessions repeated, and their verdicts."""
    with demo_folder() as folder:
        site = open_inputs([folder])
    judged = Judge(site).judge_all()
    dice = np.random.default_rng(seed)
    chosen = dice.integers(0, len(site.sessions), rows)
    frame = site.sessions.frame[chosen]
    clients = V4_BASE + (10 << 24) + dice.zipf(1.2, rows) % 60_000
    servers = V4_BASE + dice.integers(1 << 24, 223 << 24, 80_000)[dice.zipf(1.3, rows) % 80_000]
    seconds = np.sort(dice.integers(0, 86_400, rows))
    started = np.datetime64("2024-05-14T00:00:00", "us") + seconds * np.timedelta64(1_000_000, "us")
    lasted = (dice.pareto(1.1, rows) * 5).astype(np.uint64) % 3600
    sent = (dice.pareto(1.0, rows) * 900).astype(np.uint64) % 10**9
    received = (dice.pareto(1.0, rows) * 2500).astype(np.uint64) % 10**9
    ended = started + lasted.astype("timedelta64[s]").astype("timedelta64[us]")
    own = {
        "line": np.arange(2, rows + 2, dtype=np.uint32),
        "session_id": dice.integers(1, 4_000_000, rows).astype(np.uint64),
        "sequence": np.arange(7_000_000_000, 7_000_000_000 + rows, dtype=np.uint64),
        "source_lo": clients.astype(np.uint64),
        "destination_lo": servers.astype(np.uint64),
        "source_port": dice.integers(1024, 65_536, rows).astype(np.uint16),
        "start": started,
        "elapsed": lasted,
        "time": ended,
        "receive_time": ended + dice.integers(0, 9, rows) * np.timedelta64(1_000_000, "us"),
        "bytes": sent + received,
        "bytes_sent": sent,
        "bytes_received": received,
        "packets": (sent + received) // 700 + 2,
    }
    frame = frame.with_columns([pl.Series(name, values) for name, values in own.items()])
    return replace(site, sessions=SessionTable(frame)), judged[chosen]


def best(work: Callable[[], Any], times: int = 3) -> float:
    """The seconds of the quickest of some runs."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def write_plain(folder: Path, tables: dict[str, pl.DataFrame]) -> None:
    """The tables as parquet files, on the disk."""
    for name, frame in tables.items():
        with (folder / name).open("wb") as file:
            frame.write_parquet(file)
            file.flush()
            os.fsync(file.fileno())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--redact", action="store_true")
    parser.add_argument("--compare", action="store_true")
    asked = parser.parse_args()
    site, judged = make_site(asked.rows, asked.seed)
    tables = {"sessions.parquet": site.sessions.frame, "judged.parquet": judged}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "benchmark.whydeny"
        written = best(lambda: write_plain(folder, tables))
        read = best(lambda: [pl.read_parquet(folder / part) for part in tables])
        saved = best(lambda: save_snapshot(path, site, judged))
        opened = best(lambda: load_snapshot(path))
        plain = sum((folder / part).stat().st_size for part in tables)
        print(f"rows      {asked.rows:>13,}")
        print(f"size      {path.stat().st_size:>13,} bytes   plain parquet {plain:>13,}")
        print(f"save      {saved:>13.3f} s       plain parquet {written:>13.3f} s   ratio {saved / written:.2f}")
        print(f"open      {opened:>13.3f} s       plain parquet {read:>13.3f} s   ratio {opened / read:.2f}")
        again = load_snapshot(path)
        if not again.site.sessions.frame.equals(site.sessions.frame):
            raise SystemExit("the opened sessions differ from the saved ones")
        if asked.redact:
            print(f"redact    {best(lambda: Redaction().apply(site), 1):>13.3f} s")
        if asked.compare:
            sides = Moment(site, judged), Moment(again.site, again.judged)
            print(f"compare   {best(lambda: compare(*sides), 1):>13.3f} s")


if __name__ == "__main__":
    main()
