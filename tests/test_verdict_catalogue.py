"""The causes as a set: every id of the contract, its manual, its references; the manual in docs is current."""

import inspect
import re
from itertools import pairwise
from pathlib import Path

import pytest

from whydeny.report.manual import anchor, manual_book
from whydeny.verdict.catalogue import UNEXPLAINED, catalogue, manual

# The ids that the command line promises, with their variants.
CONTRACT = {
    "app-shift": {"default-rule", "silent-rule", "new-content"},
    "app-default-decrypted-port": set(),
    "app-default-port": set(),
    "app-dependency": set(),
    "url-category": {"unresolved"},
    "decryption-failure": {
        "generic-pre-9.0", "profile-block", "no-decrypt-profile", "client-alert", "server-alert", "opt-out",
    },
    "user-or-host-criteria": set(),
    "authentication-challenge": set(),
    "policy-change": {"commit", "list-refresh", "schedule", "content"},
    "parent-session": set(),
    "http2-stream": set(),
    "quic-fallback": set(),
    "ssh-tunnel": set(),
    "app-override": set(),
    "other-vsys": set(),
    "quarantine-or-tag": set(),
    "unexplained": set(),
}  # fmt: skip
HEADINGS = ["What it means", "How it is recognised", "What to look at next", "What else looks like this"]
BOOK = Path(__file__).parents[1] / "docs" / "causes.md"


def test_the_causes_are_those_of_the_contract() -> None:
    assert set(catalogue()) == set(CONTRACT)


@pytest.mark.parametrize("cause", CONTRACT)
def test_a_cause_has_its_four_headings_in_order(cause: str) -> None:
    lines = catalogue()[cause].manual.splitlines()
    found = [line for line, below in pairwise(lines) if below and set(below) == {"-"}]
    assert found == HEADINGS


@pytest.mark.parametrize("cause", CONTRACT)
def test_every_section_of_a_cause_says_something(cause: str) -> None:
    sections = re.split(r"^## .*$", manual(cause), flags=re.MULTILINE)[1:]
    assert len(sections) >= len(HEADINGS)
    assert all(len(section.split()) >= 8 for section in sections)


@pytest.mark.parametrize("cause", CONTRACT)
def test_a_cause_rests_on_public_documents(cause: str) -> None:
    references = catalogue()[cause].cause.references
    assert references
    assert all(reference.title and reference.address.startswith("https://") for reference in references)
    assert len({reference.address for reference in references}) == len(references)


@pytest.mark.parametrize("cause", [name for name in CONTRACT if name != UNEXPLAINED])
def test_a_cause_says_what_it_needs(cause: str) -> None:
    entry = catalogue()[cause].cause
    assert entry.title
    assert entry.releases
    assert entry.needs


def test_what_a_cause_stands_before_exists_and_never_stands_before_it() -> None:
    entries = catalogue()
    for name, entry in entries.items():
        for lower in entry.cause.outranks:
            assert lower in entries
            assert name not in entries[lower].cause.outranks


def test_standing_before_has_no_circle() -> None:
    entries = catalogue()

    def climb(name: str, seen: tuple[str, ...]) -> None:
        assert name not in seen
        for lower in entries[name].cause.outranks:
            climb(lower, (*seen, name))

    for name in entries:
        climb(name, ())


@pytest.mark.parametrize("cause", [name for name, variants in CONTRACT.items() if variants])
def test_the_variants_of_a_cause_are_explained_in_its_manual(cause: str) -> None:
    said = manual(cause)
    assert [variant for variant in CONTRACT[cause] if f"`{variant}`" not in said] == []


def test_a_variant_that_a_module_writes_is_of_the_contract() -> None:
    for name, entry in catalogue().items():
        source = inspect.getsource(entry.module)
        written = set(re.findall(r'variant = "([a-z0-9.-]+)"|variant="([a-z0-9.-]+)"', source))
        assert {text for pair in written for text in pair if text} <= CONTRACT[name], name


def test_a_cause_that_is_none_has_no_manual() -> None:
    with pytest.raises(KeyError):
        manual("no-such-cause")


def test_the_manual_in_docs_is_what_the_causes_say() -> None:
    assert BOOK.read_text("utf-8") == manual_book(), "run: whydeny causes --all > docs/causes.md"


def test_the_table_of_contents_leads_to_every_cause() -> None:
    book = manual_book()
    for name, entry in catalogue().items():
        assert f"[{name}](#{anchor(entry.cause.title)})" in book
        assert f"## {entry.cause.title}\n" in book
