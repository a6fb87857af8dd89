"""Prints how often the verdict is right, by confidence band and by cause.

    python benchmarks/calibration.py [--wrong]

Over the causes' own situations (tests/causes), the demonstration's refused sessions and, where they lie beside the
checkout, the example cases. `--wrong` lists every verdict that differs. A confidence orders causes and is no
probability: the bands should rise, and no wrong verdict should stand in a high one.
"""

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from site_builder import build, release_of  # noqa: E402 - the tests' builder, found by the line above
from whydeny.demo import demo_folder, demo_truth  # noqa: E402
from whydeny.sources.open import open_inputs  # noqa: E402
from whydeny.verdict.catalogue import UNEXPLAINED, catalogue  # noqa: E402
from whydeny.verdict.finding import Finding  # noqa: E402
from whydeny.verdict.judge import Judge  # noqa: E402

BANDS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Tried:
    """One session with a known answer: where it stands, the accepted causes, and what was found."""

    where: str
    accepted: tuple[str, ...]
    finding: Finding

    @property
    def cause(self) -> str:
        """The verdict's cause."""
        return self.finding.verdict.cause or "none"

    @property
    def right(self) -> bool:
        """Whether the verdict is one of the accepted causes."""
        return self.cause in self.accepted


def own_situations() -> Iterator[Tried]:
    """The situations of tests/causes."""
    for path in sorted((ROOT / "tests" / "causes").glob("*.toml")):
        document = tomllib.loads(path.read_text("utf-8"))
        for case in document["case"]:
            case = document.get("common", {}) | case
            wanted = case.get("verdict") or path.stem.replace("_", "-")
            if "verdict" not in case and case["check"] != "held":
                continue
            with tempfile.TemporaryDirectory() as folder:
                site = build(case, Path(folder))
            finding = Judge(site, release_of(case)).finding(case.get("row", 0))
            yield Tried(f"{path.stem}: {case['title']}", (wanted,), finding)


def demonstration() -> Iterator[Tried]:
    """The refused sessions of the demonstration."""
    with demo_folder() as folder:
        site = open_inputs([folder])
    judge = Judge(site)
    keys = site.sessions.frame.select("serial", "sequence").cast({"serial": str})
    rows = {key: row for row, key in enumerate(keys.iter_rows())}
    for truth in demo_truth():
        if truth.causes:
            finding = judge.finding(rows[truth.serial, truth.sequence])
            yield Tried(f"demonstration {truth.sequence}", truth.causes, finding)


def example_cases() -> Iterator[Tried]:
    """The example cases beside the checkout, where there are any."""
    folder = ROOT.parent / "shared" / "cases"
    for path in sorted(folder.glob("*/expected.json")):
        judge = Judge(open_inputs([path.parent]))
        sessions = [judge.site.sessions.session(row) for row in range(len(judge.site.sessions))]
        for wanted in json.loads(path.read_text("utf-8"))["sessions"]:
            causes = tuple(cause for cause in wanted.get("cause", ()) if cause)
            keys = wanted["match"]
            for session in sessions if causes else ():
                if session.id == keys.get("id") and keys.get("vsys") in (None, session.vsys):
                    yield Tried(path.parent.name, causes, judge.finding(session.row))


def print_bands(title: str, tried: list[Tried]) -> None:
    """Right and wrong by band of the confidence."""
    print(f"\n{title}: {len(tried)} sessions, {sum(t.right for t in tried)} right")
    print("  confidence      right  wrong")
    for low, high in pairwise(BANDS):
        inside = [t for t in tried if low <= t.finding.verdict.confidence < high]
        right = sum(t.right for t in inside)
        print(f"  {low:4.2f} to {high:4.2f}  {right:6}  {len(inside) - right:5}")


def print_causes(tried: list[Tried]) -> None:
    """By cause: tried, right, wrong, unexplained."""
    print(f"\n  {'cause':<28}{'tried':>6}{'right':>7}{'wrong':>7}{'unexplained':>13}")
    for name in catalogue():
        mine = [t for t in tried if t.accepted[0] == name]
        right = sum(t.right for t in mine)
        given_up = sum(not t.right and t.cause == UNEXPLAINED for t in mine)
        print(f"  {name:<28}{len(mine):>6}{right:>7}{len(mine) - right - given_up:>7}{given_up:>13}")


def main() -> None:
    """Judge everything and print the tables; exit with 1 where a wrong verdict stands at 0.6 or above."""
    parser = argparse.ArgumentParser(description="Right and wrong verdicts by confidence.")
    parser.add_argument("--wrong", action="store_true", help="list every verdict that differs")
    arguments = parser.parse_args()
    everything: list[Tried] = []
    for title, found in (
        ("own situations", own_situations()),
        ("demonstration", demonstration()),
        ("example cases", example_cases()),
    ):
        tried = list(found)
        everything += tried
        if tried:
            print_bands(title, tried)
    print_bands("all", everything)
    print_causes(everything)
    if arguments.wrong:
        for t in everything:
            if not t.right:
                verdict = t.finding.verdict
                print(
                    f"\n{t.where}: {t.cause} {verdict.confidence:.2f}, expected {' or '.join(t.accepted)}\n  {verdict.headline}"
                )
    if any(not t.right and t.finding.verdict.confidence >= 0.6 and t.cause != UNEXPLAINED for t in everything):
        sys.exit(1)


if __name__ == "__main__":
    main()
