"""How long a replay against a changed policy takes, beside one bulk match of the same sessions in the same run.

usage: python benchmarks/whatif.py [--rules N] [--objects N] [--sessions N] [--seed N] [--times N]

The data is that of benchmarks/matching.py. Prints the seconds of one bulk match, of a replay of lines that change rules,
add two at the top and move one, and their ratio; each the best of --times. The replay is timed without and with the
assembling and compiling of the changed policy.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import polars as pl
from matching import RELEASE, make_rules, make_scope, make_sessions

from whydeny.model.configuration import Configuration, ConfigurationKind, Rulebase, VirtualSystem
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.policy.bulk import match_all
from whydeny.policy.engine import Engine
from whydeny.verdict.candidate import edit_site
from whydeny.verdict.judge import Judge
from whydeny.verdict.replayed import Replay
from whydeny.verdict.whatif import replay

T = TypeVar("T")


def make_site(seed: int, rules: int, objects: int, sessions: int) -> Site:
    """A site of one firewall with a generated policy."""
    dice = random.Random(seed)
    scope = make_scope(dice, objects)
    local = tuple(rule for rule in make_rules(dice, scope, rules) if not rule.is_default)
    system = VirtualSystem("vsys1", scope=scope)
    system.local.rules = {Rulebase.SECURITY: local}
    configuration = Configuration(ConfigurationKind.RUNNING, release=RELEASE, vsys={"vsys1": system})
    site = Site(configurations=[configuration])
    engine = Judge(site).engine_for(None, None)
    assert engine is not None
    frame = make_sessions(random.Random(seed + 1), sessions)
    return replace(site, sessions=SessionTable(logged(engine, frame)))


def logged(engine: Engine, frame: pl.DataFrame) -> pl.DataFrame:
    """The sessions with the rule that takes them and its action, as a log has them."""
    rules = engine.policy.rules[Rulebase.SECURITY]
    taken = match_all(engine, frame, (Rulebase.SECURITY,))["security_rule"].cast(pl.UInt32)
    names = pl.Series([rule.name for rule in rules], dtype=pl.Categorical())
    actions = pl.Series([rule.action for rule in rules], dtype=pl.Categorical())
    ends = pl.Series(["tcp-fin" if rule.action == "allow" else "policy-deny" for rule in rules], dtype=pl.Categorical())
    kinds = pl.Series(["end" if rule.action == "allow" else "drop" for rule in rules], dtype=pl.Categorical())
    found = {"rule": names, "action": actions, "end_reason": ends, "subtype": kinds}
    return frame.with_columns(values.gather(taken).alias(name) for name, values in found.items())


def best(times: int, work: Callable[[], T]) -> tuple[float, T]:
    """The seconds of the quickest of some runs, and what the last gave."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - begin)
    return min(taken), found


def changed_judge(judge: Judge, rules: int) -> Judge:
    """The judge of the site after some lines, its policy compiled."""
    middle = rules // 2
    lines = [
        f"set rulebase security rules rule-{middle} service any",
        "set rulebase security rules quick from any to any source any destination 10.20.0.0/16 application any service any "
        "action deny",
        "move rulebase security rules quick top",
        "set rulebase security rules open from any to any source any destination 10.30.0.0/16 application any service any",
        "move rulebase security rules open top",
        f"move rulebase security rules rule-{rules - 1} top",
        f"set rulebase security rules rule-{middle + 1} action allow disabled yes",
    ]
    after = Judge(edit_site(judge.site, judge.firewalls, lines).site)
    after.engine_for(None, None)
    return after


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--objects", type=int, default=5_000)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--times", type=int, default=2)
    asked = parser.parse_args()
    site = make_site(asked.seed, asked.rules, asked.objects, asked.sessions)
    judge = Judge(site)
    engine = judge.engine_for(None, None)
    assert engine is not None
    judge.outcomes()
    frame = site.sessions.frame
    print(f"{asked.rules:,} rules, {asked.objects:,} objects, {asked.sessions:,} sessions")
    once, _ = best(asked.times, lambda: match_all(engine, frame, (Rulebase.SECURITY,)))
    compiled, after = best(1, lambda: changed_judge(judge, asked.rules))
    taken, found = best(asked.times, lambda: replay(replace(site), judge, after))
    print(f"one bulk match      {once:8.2f} s")
    print(f"replay              {taken:8.2f} s   ratio {taken / once:.2f}")
    print(f"edited, compiled    {compiled:8.2f} s   ratio of both {(taken + compiled) / once:.2f}")
    tell(found)


def tell(found: Replay) -> None:
    """What came out, so that two runs can be compared."""
    for effect, count in found.counts.items():
        print(f"{effect:<20}{count:10,}   conditional {found.conditional[effect]:10,}")


if __name__ == "__main__":
    main()
