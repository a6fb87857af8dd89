"""The manual of all causes as one document: docs/causes.md is what it makes."""

import re

from whydeny.verdict.catalogue import UNEXPLAINED, catalogue, manual

INTRODUCTION = """\
# Why an allowed session was refused

A traffic-log row with action allow and session end reason policy-deny says that the last rule written into the session
allowed it, and that something refused it later without writing its own rule into the row. These are the causes that
whydeny tells apart. This page is printed by `whydeny causes --all`; `whydeny causes ID` prints one of them.

| id | cause | releases |
|---|---|---|
"""


def manual_book() -> str:
    """Every cause's manual behind a table of contents, as Markdown; the one for no cause at all stands last."""
    entries = sorted(catalogue().values(), key=lambda entry: (entry.id == UNEXPLAINED, entry.id))
    rows = [f"| [{e.id}](#{anchor(e.cause.title)}) | {e.cause.title} | {e.cause.releases} |" for e in entries]
    parts = [re.sub(r"^(#+) ", r"#\1 ", manual(entry.id), flags=re.MULTILINE) for entry in entries]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + "\n".join(parts)


def anchor(title: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
