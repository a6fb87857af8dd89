"""How fast sessions are matched against a rulebase: rule by rule, and all at once.

usage: python benchmarks/matching.py [--rules N] [--objects N] [--sessions N] [--seed N] [--growth]

Prints, on the same generated data, in the same run and by processor time, the rate of the naive rule-by-rule walk
(early exit at the first miss), the rate of the bulk path for the security rulebase, their ratio, the memory that bulk
matching adds, and with --growth how the bulk rate changes with rules and with sessions.
"""

import argparse
import random
import resource
import threading
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from whydeny.model.addresses import V4_BASE
from whydeny.model.answers import DeviceAnswers
from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    ExternalList,
    Group,
    Origin,
    Place,
    Policy,
    Rule,
    Rulebase,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)
from whydeny.model.release import Release
from whydeny.model.tables import SessionTable
from whydeny.model.truth import Truth
from whydeny.policy.bulk import match_all
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.packaged_applications import packaged_applications

ZONES = [f"zone-{number}" for number in range(24)]
CATEGORIES = ["business-and-economy", "computer-and-internet-info", "games", "social-networking", "news", "shopping"]
HERE = Origin(Place.LOCAL)
RELEASE = Release(10, 2, 4)
_PERCENT_FQDN = 4


def make_scope(dice: random.Random, objects: int) -> Scope:
    """Address objects (4 % of them FQDN), groups in two levels, services, application groups and filters."""
    scope = Scope("vsys1")
    names = []
    for number in range(objects):
        name = f"obj-{number}"
        kind = dice.randrange(100)
        base = f"10.{dice.randrange(256)}.{dice.randrange(256)}"
        if kind < _PERCENT_FQDN:
            found = Address(name, "fqdn", f"host-{number}.example.net")
        elif kind < 50:
            found = Address(name, "ip-netmask", f"{base}.{dice.randrange(256)}/32")
        elif kind < 85:
            found = Address(name, "ip-netmask", f"{base}.0/{dice.choice((22, 23, 24, 24, 25, 26))}")
        elif kind < 97:
            first = dice.randrange(200)
            found = Address(name, "ip-range", f"{base}.{first}-{base}.{first + dice.randrange(1, 50)}")
        else:
            found = Address(name, "ip-netmask", f"2001:db8:{number:x}::/64")
        scope.addresses[name] = found
        names.append(name)
    groups = [f"grp-{number}" for number in range(objects // 10)]
    for number, name in enumerate(groups):
        inside = dice.sample(names, min(len(names), dice.randrange(2, 12)))
        scope.address_groups[name] = AddressGroup(name, (*inside, *groups[number - 1 : number] * (number % 5 == 0)))
    for number in range(400):
        port = dice.randrange(1, 65000)
        ports = str(port) if number % 3 else f"{port}-{port + dice.randrange(1, 400)}"
        scope.services[f"svc-{number}"] = Service(f"svc-{number}", "udp" if number % 4 == 0 else "tcp", ports)
    for number in range(40):
        members = tuple(dice.sample(sorted(scope.services), 5))
        scope.service_groups[f"sg-{number}"] = Group(f"sg-{number}", members)
    applications = sorted(packaged_applications().applications)
    for number in range(60):
        members = tuple(dice.sample(applications, 6))
        scope.application_groups[f"ag-{number}"] = Group(f"ag-{number}", members)
    scope.application_filters["af-net"] = ApplicationFilter("af-net", categories=("networking",), risks=("1", "2"))
    scope.external_lists["edl-bad"] = ExternalList("edl-bad", "ip")
    scope.url_categories["own"] = UrlCategory("own", "URL List", ("example.net/",))
    scope.schedules["office"] = Schedule("office", weekly={"monday": ("08:00-18:00",), "friday": ("08:00-17:00",)})
    return scope


def make_rules(dice: random.Random, scope: Scope, rules: int) -> tuple[Rule, ...]:
    """Security rules of the usual kinds, the defaults last."""
    addresses = [*scope.addresses, *scope.address_groups, *scope.address_groups]
    services = [*scope.services, *scope.service_groups]
    applications = [*packaged_applications().applications, *scope.application_groups]
    found = []
    for position in range(1, rules + 1):
        service = dice.randrange(10)
        found.append(
            Rule(
                f"rule-{position}",
                Rulebase.SECURITY,
                position,
                HERE,
                from_zones=tuple(dice.sample(ZONES, dice.randrange(1, 3))),
                to_zones=tuple(dice.sample(ZONES, dice.randrange(1, 3))) if dice.random() < 0.9 else ("any",),
                sources=tuple(dice.sample(addresses, dice.randrange(1, 4))) if dice.random() < 0.8 else ("any",),
                destinations=tuple(dice.sample(addresses, dice.randrange(1, 4))) if dice.random() < 0.85 else ("any",),
                negate_destination=dice.random() < 0.02,
                users=(f"example\\user{dice.randrange(500)}",) if dice.random() < 0.05 else ("any",),
                applications=tuple(dice.sample(applications, dice.randrange(1, 5)))
                if dice.random() < 0.5
                else ("any",),
                services=("application-default",)
                if service < 5
                else ("any",)
                if service < 6
                else tuple(dice.sample(services, dice.randrange(1, 4))),
                categories=(dice.choice([*CATEGORIES, "own"]),) if dice.random() < 0.03 else ("any",),
                schedule="office" if dice.random() < 0.01 else None,
                action="allow" if dice.random() < 0.8 else "deny",
                disabled=dice.random() < 0.03,
            )
        )
    for name, action in (("intrazone-default", "allow"), ("interzone-default", "deny")):
        kind = name.removesuffix("-default")
        place = Origin(Place.DEFAULT)
        found.append(Rule(name, Rulebase.SECURITY, 1, place, rule_type=kind, action=action, is_default=True))
    return tuple(found)


def make_sessions(dice: random.Random, sessions: int) -> pl.DataFrame:
    """A session table in which about one row in five is unlike every other, with every column of the schema."""
    distinct = max(1, sessions // 5)
    random_numbers = np.random.default_rng(dice.randrange(1 << 30))
    pick = random_numbers.integers(0, distinct, sessions)
    pick[:distinct] = np.arange(distinct)
    applications = sorted(packaged_applications().applications)
    hosts = random_numbers.integers(0, 1 << 24, 40_000, dtype=np.int64)
    inside = np.uint64(V4_BASE + (10 << 24)) + hosts[random_numbers.integers(0, len(hosts), distinct)].astype(np.uint64)
    outside = np.uint64(V4_BASE + (10 << 24)) + hosts[random_numbers.integers(0, len(hosts), distinct)].astype(
        np.uint64
    )
    ports = random_numbers.choice(np.array([80, 443, 443, 443, 53, 8443, 22, 3389]), distinct)
    ports = np.where(random_numbers.random(distinct) < 0.2, random_numbers.integers(1, 65535, distinct), ports)
    words: dict[str, list[object]] = {
        "from_zone": list(ZONES),
        "to_zone": list(ZONES),
        "application": [*applications, "incomplete", "unknown-tcp"],
        "user": [None, None, *(f"example\\user{number}" for number in range(3000))],
        "category": [None, *CATEGORIES],
    }
    start = datetime(2024, 5, 2)
    made: dict[str, pl.Series] = {
        "source_hi": pl.Series(np.zeros(distinct, dtype=np.uint64)),
        "source_lo": pl.Series(inside),
        "destination_hi": pl.Series(np.zeros(distinct, dtype=np.uint64)),
        "destination_lo": pl.Series(outside),
        "source_port": pl.Series(random_numbers.integers(1024, 65535, distinct), dtype=pl.UInt16),
        "destination_port": pl.Series(ports, dtype=pl.UInt16),
        "protocol": pl.Series(random_numbers.choice(np.array([6, 6, 6, 17]), distinct), dtype=pl.UInt8),
        "flags": pl.Series(random_numbers.choice(np.array([0, 0, 0x01000000]), distinct), dtype=pl.UInt32),
        "start": pl.Series([start], dtype=pl.Datetime("us")).gather(np.zeros(distinct, dtype=np.uint32))
        + pl.Series(random_numbers.integers(0, 86_400_000_000, distinct)).cast(pl.Duration("us")),
        "elapsed": pl.Series(random_numbers.integers(0, 600, distinct), dtype=pl.UInt64),
    }
    for name, values in words.items():
        codes = random_numbers.integers(0, len(values), distinct)
        made[name] = pl.Series(values, dtype=pl.String).gather(codes.astype(np.uint32)).cast(pl.Categorical)
    columns = []
    for name, kind in schema(Kind.TRAFFIC).items():
        if name in made:
            columns.append(made[name].gather(pick.astype(np.uint32)).alias(name))
        else:
            columns.append(pl.Series(name, [None], dtype=kind).new_from_index(0, sessions))
    return pl.DataFrame(columns)


def naive_rate(engine: Engine, table: SessionTable, seconds: float) -> float:
    """Sessions a second of the walk over all rules, early exit at the first miss and at the first match."""
    rules = engine.compiled[Rulebase.SECURITY]
    flows = [flow_of(table.session(row)) for row in range(min(len(table), 4000))]
    done, start = 0, time.process_time()
    for flow in flows:
        subject = engine.prepare(flow)
        for compiled in rules:
            result = Truth.MATCH
            for part in compiled.checks:
                truth = part.decide(subject)
                if truth is Truth.NO_MATCH:
                    result = truth
                    break
                if truth is Truth.UNKNOWN:
                    result = truth
            if result is Truth.MATCH:
                break
        done += 1
        if time.process_time() - start > seconds:
            break
    return done / (time.process_time() - start)


class Memory:
    """The most memory that the process holds while a block runs, over what it held before, in MB (Linux)."""

    def __enter__(self) -> "Memory":
        self.added = 0.0
        self._before = held_megabytes()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._stop.wait(0.005):
            self.added = max(self.added, held_megabytes() - self._before)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()


def held_megabytes() -> float:
    """The memory that this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def bulk_seconds(engine: Engine, frame: pl.DataFrame) -> float:
    """The processor time that the security rules of all sessions take, over all threads."""
    start = time.process_time()
    match_all(engine, frame, (Rulebase.SECURITY,))
    return time.process_time() - start


def make_engine(seed: int, rules: int, objects: int) -> Engine:
    """The engine of a generated policy."""
    dice = random.Random(seed)
    scope = make_scope(dice, objects)
    policy = Policy("vsys1", None, RELEASE, {Rulebase.SECURITY: make_rules(dice, scope, rules)}, (scope,))
    return Engine(policy, packaged_applications(), DeviceAnswers(), RELEASE)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--objects", type=int, default=5_000)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--naive-seconds", type=float, default=10)
    parser.add_argument("--growth", action="store_true", help="vary rules and sessions too")
    asked = parser.parse_args()

    frame = make_sessions(random.Random(asked.seed + 1), asked.sessions)
    start = time.process_time()
    engine = make_engine(asked.seed, asked.rules, asked.objects)
    print(f"{asked.rules:,} rules, {asked.objects:,} objects, {asked.sessions:,} sessions")
    print(f"compiled in {time.process_time() - start:.2f} s")
    naive = naive_rate(engine, SessionTable(frame), asked.naive_seconds)
    print(f"rule by rule   {naive:12,.0f} sessions/s")
    seconds = bulk_seconds(engine, frame)
    with Memory() as memory:  # a second run, because watching takes time too
        bulk_seconds(engine, frame)
    bulk = asked.sessions / seconds
    print(f"all at once    {bulk:12,.0f} sessions/s   ({seconds:.2f} s)")
    print(f"ratio          {bulk / naive:12,.0f}")
    print(f"memory added   {memory.added:12,.0f} MB")
    walk_start = time.process_time()
    table = SessionTable(frame.head(200))
    for row in range(len(table)):
        engine.look_up(Rulebase.SECURITY, flow_of(table.session(row)))
    print(f"one explained  {(time.process_time() - walk_start) / max(1, len(table)) * 1000:12.2f} ms")
    if asked.growth:
        print("\n     rules   sessions   seconds   sessions/s")
        for rules in (1_000, 3_000, 10_000, 30_000):
            grown = make_engine(asked.seed, rules, asked.objects)
            seconds = bulk_seconds(grown, frame)
            print(f"{rules:10,} {asked.sessions:10,} {seconds:9.2f} {asked.sessions / seconds:12,.0f}")
        for sessions in (asked.sessions // 10, asked.sessions // 3):
            part = frame.sample(sessions, seed=asked.seed)
            seconds = bulk_seconds(engine, part)
            print(f"{asked.rules:10,} {sessions:10,} {seconds:9.2f} {sessions / seconds:12,.0f}")


if __name__ == "__main__":
    main()
