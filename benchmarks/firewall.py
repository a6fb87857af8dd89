"""What a live firewall costs: time and memory for a large session table, long logs and a large configuration.

usage: python benchmarks/firewall.py [--sessions N] [--rows N] [--rules N]

Runs the stand-in firewall in a process of its own and talks to it as the screen does, over TLS. Prints, for each part,
seconds, rows a second, megabytes on the wire, how much the process grew, its peak, and the longest pause that another
thread noticed meanwhile (what the screen would feel).
"""

import argparse
import multiprocessing
import resource
import threading
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import polars as pl

from whydeny.demo.standin import KEY, run_stand_in
from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_rows import session_row
from whydeny.model.columns import Kind
from whydeny.model.progress import silent
from whydeny.model.tables import empty_frame
from whydeny.sources.firewall.connection import Address, open_connection
from whydeny.sources.firewall.limits import Limits
from whydeny.sources.firewall.secret import Secret
from whydeny.sources.firewall.sessions import SessionFilter
from whydeny.sources.firewall.source import FirewallSource

CLOCK = datetime(2025, 3, 11, 12)
SYSTEM = {"hostname": "bench", "serial": "007000000000001", "model": "PA-5220", "sw-version": "11.1.4"}
APPLICATIONS = ("ssl", "web-browsing", "dns", "quic", "ms-rdp", "smtp", "office365-consumer-access")


def traffic(count: int) -> pl.DataFrame:
    """`count` traffic rows, one a tenth of a second."""
    schema = empty_frame(Kind.TRAFFIC).schema
    number = pl.int_range(count, eager=True)
    times = pl.select(pl.lit(CLOCK) - pl.duration(milliseconds=pl.int_range(count) * 100)).to_series()
    columns = {
        "receive_time": times, "time": times, "start": times, "serial": [SYSTEM["serial"]] * count,
        "subtype": ["end"] * count, "vsys": ["vsys1"] * count, "sequence": number, "session_id": number + 1,
        "source_hi": [0] * count, "source_lo": 0xFFFF0A000000 + number % 65_000, "destination_hi": [0] * count,
        "destination_lo": 0xFFFFC6336400 + number % 250, "source_port": 1024 + number % 60_000,
        "destination_port": [443] * count, "protocol": [6] * count, "from_zone": ["trust"] * count,
        "to_zone": ["untrust"] * count, "application": [APPLICATIONS[n % len(APPLICATIONS)] for n in range(count)],
        "rule": [f"rule-{n % 500}" for n in range(count)], "action": ["allow"] * count, "flags": [0] * count,
        "category": ["business-and-economy"] * count, "bytes": number * 7, "bytes_sent": number * 3,
        "bytes_received": number * 4, "packets": number % 900, "elapsed": number % 300,
        "end_reason": ["tcp-fin"] * count, "inbound_interface": ["ethernet1/1"] * count,
        "outbound_interface": ["ethernet1/2"] * count, "action_source": ["from-policy"] * count,
    }  # fmt: skip
    frame = pl.DataFrame({name: columns.get(name) for name in schema if name in columns})
    missing = [pl.lit(None, schema[name]).alias(name) for name in schema if name not in columns]
    return frame.with_columns(missing).select([pl.col(name).cast(kind) for name, kind in schema.items()])


def configuration(rules: int) -> str:
    """A configuration with `rules` security rules and twice as many addresses."""
    addresses = "".join(
        f'<entry name="h-{n}"><ip-netmask>10.{n // 65_536 % 256}.{n // 256 % 256}.{n % 256}</ip-netmask></entry>'
        for n in range(2 * rules)
    )
    entries = "".join(
        f'<entry name="rule-{n}"><from><member>trust</member></from><to><member>untrust</member></to>'
        f"<source><member>h-{n}</member><member>h-{n + rules}</member></source><destination><member>any</member></destination>"
        f"<application><member>ssl</member><member>web-browsing</member></application>"
        f"<service><member>application-default</member></service><action>allow</action></entry>"
        for n in range(rules)
    )
    return (
        '<config version="11.1.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1">'
        f"<address>{addresses}</address><rulebase><security><rules>{entries}</rules></security></rulebase>"
        "</entry></vsys></entry></devices></config>"
    )


def serve(pipe: Pipe, sessions: int, rows: int, rules: int) -> None:
    """The stand-in, in its own process, until the other side says so."""
    estate = Estate(CLOCK, SYSTEM, {"effective-running": configuration(rules)}, {Kind.TRAFFIC: traffic(rows)})
    live = {"state": "ACTIVE", "session_type": "FLOW"}
    estate.sessions = [session_row(values | live) for values in traffic(sessions).iter_rows(named=True)]
    with run_stand_in(estate) as running:
        pipe.send((running.port, running.fingerprint))
        pipe.recv()


class Pauses(threading.Thread):
    """Notices how long other threads keep the interpreter."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0

    def run(self) -> None:
        """Wake up every five milliseconds."""
        last = time.perf_counter()
        while True:
            time.sleep(0.005)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last - 0.005)
            last = now


def megabytes() -> float:
    """Resident memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def measure(what: str, source: FirewallSource, pauses: Pauses, call: Callable[[], int]) -> None:
    """Run `call`, which answers with a number of rows, and print what it cost."""
    before, sent = megabytes(), len(source.connection.journal.entries())
    pauses.longest = 0.0
    began = time.perf_counter()
    rows = call()
    seconds = time.perf_counter() - began
    requests = source.connection.journal.entries()[sent:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    wire = sum(entry.size for entry in requests) / 1e6
    print(
        f"{what:<44} {rows:>9,} {seconds:>7.1f} s {rows / seconds:>10,.0f}/s {len(requests):>5} calls {wire:>7.1f} MB wire"
        f" {megabytes() - before:>+7.0f} MB, peak {peak:.0f} MB, longest pause {pauses.longest * 1e3:.0f} ms"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=5_000)
    arguments = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, arguments.sessions, arguments.rows, arguments.rules), daemon=True
    )
    server.start()
    port, fingerprint = here.recv()
    address = Address("127.0.0.1", port, fingerprint=fingerprint)
    connection = open_connection(address, Secret(KEY), limits=Limits(per_minute=1_000_000))
    source = FirewallSource(connection)
    pauses = Pauses()
    pauses.start()
    measure("open (first view, configuration)", source, pauses, lambda: len(source.open(silent()).sessions))
    everything = SessionFilter()
    measure("count the session table", source, pauses, lambda: source.count(everything, silent()) or 0)
    measure("the whole session table", source, pauses, lambda: len(source.load_sessions(everything, silent()).new))
    measure("… again, to see what changed", source, pauses, lambda: len(source.refresh(silent()).site.sessions))
    search = lambda: len(source.search(Kind.TRAFFIC, "( app neq none )", silent(), arguments.rows).new)  # noqa: E731
    measure("the traffic log", source, pauses, search)
    here.send("end")
    server.join(10)


if __name__ == "__main__":
    main()
