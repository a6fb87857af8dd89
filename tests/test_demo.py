"""The demonstration site: packed as its generator makes it, whole, made up and saying so, and judged as planted."""

import ipaddress
import re
import zipfile
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from whydeny.demo import ARCHIVE, NOTICE, TRUTH, SessionTruth, demo_folder, demo_truth
from whydeny.demo.site.dice import Dice
from whydeny.demo.site.generate import ROWS, make_files
from whydeny.model.columns import Kind
from whydeny.model.site import Site
from whydeny.verdict.catalogue import catalogue
from whydeny.verdict.finding import Outcome
from whydeny.verdict.judge import Judge

VARIANTS = {
    "app-shift": {"default-rule", "silent-rule", "new-content"},
    "url-category": {None, "unresolved"},
    "decryption-failure": {
        "generic-pre-9.0",
        "profile-block",
        "no-decrypt-profile",
        "client-alert",
        "server-alert",
        "opt-out",
    },
    "policy-change": {"commit", "list-refresh", "schedule", "content"},
}
DOCUMENTATION = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32")
]


@pytest.fixture(scope="module")
def truth() -> dict[tuple[str, int], SessionTruth]:
    """The truth by serial and sequence number."""
    return {(entry.serial, entry.sequence): entry for entry in demo_truth()}


@pytest.fixture(scope="module")
def judged(demonstration_site: Site) -> pl.DataFrame:
    """The verdict columns of every row, with what names the row."""
    names = demonstration_site.sessions.frame.select(pl.col("serial").cast(pl.String), "sequence", "session_id", "rule")
    return pl.concat([names, Judge(demonstration_site).judge_all()], how="horizontal")


# --- the files


def test_the_packed_files_are_those_that_the_generator_makes() -> None:
    with zipfile.ZipFile(str(files("whydeny.demo") / ARCHIVE)) as packed:
        found = {name: packed.read(name).decode() for name in packed.namelist()}
    found[TRUTH] = (files("whydeny.demo") / TRUTH).read_text("utf-8")
    made = make_files()
    assert set(found) == set(made)
    # Named one by one: a difference of megabytes is no message.
    assert [name for name in made if found[name] != made[name]] == []


def test_the_folder_holds_the_files_without_the_truth_and_goes_away() -> None:
    with demo_folder() as folder:
        assert {path.name for path in folder.iterdir()} == set(make_files()) - {TRUTH}
    assert not folder.exists()


def test_it_says_that_it_is_made_up(demonstration: Path) -> None:
    assert "made up" in NOTICE
    assert "made up" in (demonstration / "README.txt").read_text("utf-8")
    for config in demonstration.glob("*running-config.xml"):
        assert "no such firewall exists" in config.read_text("utf-8")


@pytest.mark.parametrize("name", sorted(make_files()))
def test_only_documentation_addresses_and_names_are_used(name: str) -> None:
    text = make_files()[name]
    found = set(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", text))
    addresses = [ipaddress.ip_address(a) for a in found - {"255.255.255.0", "10.255.255.255"}]
    assert [a for a in addresses if not any(a in network for network in DOCUMENTATION)] == []
    hosts = set(re.findall(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:net|com|org|io|de)\b", text))
    assert [h for h in hosts if not h.endswith("example.net")] == []


def test_every_file_is_read_without_a_complaint(demonstration_site: Site) -> None:
    assert demonstration_site.problems == []
    assert [source.name for source in demonstration_site.sources if source.skipped] == []
    assert len(demonstration_site.sources) == len(make_files()) - 2  # neither the truth nor the README
    assert len(demonstration_site.sessions) == ROWS
    assert set(demonstration_site.logs) == set(Kind) - {Kind.TRAFFIC}
    assert {str(system.release) for system in demonstration_site.systems} == {"8.0.13", "10.1.11", "10.2.9-h1"}


# --- what was planted


def test_every_cause_and_every_outcome_is_planted(truth: dict[tuple[str, int], SessionTruth]) -> None:
    planted = [entry for entry in truth.values() if entry.causes]
    assert {entry.causes[0] for entry in planted} == set(catalogue())
    assert {entry.outcome for entry in truth.values()} == {str(outcome) for outcome in Outcome}
    for cause in catalogue():
        variants = {entry.variant for entry in planted if entry.causes[0] == cause}
        assert variants == VARIANTS.get(cause, {None}), cause


def test_the_truth_names_every_row_once(truth: dict[tuple[str, int], SessionTruth], demonstration_site: Site) -> None:
    frame = demonstration_site.sessions.frame
    rows = frame.select(pl.col("serial").cast(pl.String), "sequence", "session_id").rows()
    assert len(set(rows)) == len(rows) == len(truth)
    assert {(entry.serial, entry.sequence, entry.session_id) for entry in truth.values()} == set(rows)


def test_ordinary_trouble_is_in_realistic_proportion(truth: dict[tuple[str, int], SessionTruth]) -> None:
    shares = {
        str(outcome): sum(entry.outcome == outcome for entry in truth.values()) / len(truth) for outcome in Outcome
    }
    assert 0.65 < shares["completed"] < 0.85
    assert 0.05 < shares["allowed-then-denied"] < 0.10
    assert shares["reset-by-client"] + shares["reset-by-server"] < 0.15


# --- what the program says of it


def test_every_outcome_is_told(judged: pl.DataFrame, truth: dict[tuple[str, int], SessionTruth]) -> None:
    told = judged.select("serial", "sequence", pl.col("outcome").cast(pl.String)).rows()
    assert [row for row in told if truth[row[0], row[1]].outcome != row[2]] == []


def test_the_logged_rule_is_the_one_that_takes_an_ordinary_session(
    judged: pl.DataFrame, truth: dict[tuple[str, int], SessionTruth]
) -> None:
    wrong = []
    for serial, sequence, found in judged.select("serial", "sequence", "security_rule").rows():
        wanted = truth[serial, sequence].evaluated
        if wanted is not None and found != wanted:
            wrong.append((serial, sequence, wanted, found))
    assert wrong == []


@pytest.mark.parametrize("cause", sorted(catalogue()))
def test_every_planted_cause_is_found(
    cause: str, judged: pl.DataFrame, truth: dict[tuple[str, int], SessionTruth]
) -> None:
    planted = {key: entry for key, entry in truth.items() if entry.causes[:1] == (cause,)}
    columns = judged.select("serial", "sequence", "cause", "variant", "denied_by").rows()
    found = {(serial, sequence): tuple(rest) for serial, sequence, *rest in columns}
    wrong = [
        (key, entry.variant, entry.denied_by, found[key])
        for key, entry in planted.items()
        if found[key][:2] != (cause, entry.variant) or found[key][2] not in entry.denied_by
    ]
    assert wrong == []


def test_no_cause_is_given_where_none_is_needed(
    judged: pl.DataFrame, truth: dict[tuple[str, int], SessionTruth]
) -> None:
    told = judged.filter(pl.col("cause").is_not_null()).select("serial", "sequence").rows()
    assert [key for key in told if not truth[key].causes] == []


# --- chance


def test_chance_falls_the_same_way_everywhere() -> None:
    dice = Dice(1)
    assert [dice.between(1, 6) for _ in range(8)] == [1, 6, 5, 2, 3, 3, 4, 5]
    assert dice.roll("10.10.0-15.10-250") == "10.10.1.16"
    assert [dice.pick("abcdef") for _ in range(4)] == ["f", "c", "e", "a"]
    assert 600 <= dice.size(600, 5000) <= 5000
