"""The findings of triage for the screen: columns of their table, the filter behind one, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from whydeny.filters.native import joined, term
from whydeny.model.safe import safe_text
from whydeny.model.tables import Session
from whydeny.report.site_text import group_line
from whydeny.ui.columns import (
    DOUBTFUL,
    ScreenColumn,
    number_texts,
    plain_number_texts,
    short_size,
    size_texts,
    time_texts,
    word_texts,
)
from whydeny.ui.explaining import Explained
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.workbench import Workbench
from whydeny.verdict.proposal import Proposal, propose
from whydeny.verdict.triage import GROUPED_BY, UNITED_BY, Group, members

MOST_ENDS = 64  # pairs of addresses of a group that a proposal looks at


def _word(name: str, title: str, what: str, wide: int, least: int) -> ScreenColumn:
    return ScreenColumn(name, title, what, word_texts(name), (name,), (name,), wide, least)


def _count(name: str, title: str, what: str, wide: int) -> ScreenColumn:
    return ScreenColumn(name, title, what, number_texts(name), (name,), (name,), wide, 4, right=True)


def _sure_texts(page: pl.DataFrame) -> list[str]:
    texts = []
    for lowest, highest in page.select("lowest", "highest").iter_rows():
        low, high = f"{lowest or 0:.2f}", f"{highest or 0:.2f}"
        texts.append(low if low == high else f"{low}-{high}")
    return texts


def _sure_role(text: str) -> str:
    return "doubt" if text and float(text.partition("-")[0]) < DOUBTFUL else ""


COLUMNS = (
    _count("sessions", "sessions", "how many sessions", 8),
    _word("cause", "cause", "why they were refused", 26, 14),
    _word("variant", "variant", "which kind of the cause", 18, 8),
    _word("rule", "allowed by", "the rule that had allowed them", 20, 10),
    ScreenColumn("denied_by", "denied by", "the rule that refused them", word_texts("denied_by"), ("denied_by",),
                 ("denied_by",), 22, 12, role=lambda text: "bad" if text else ""),
    _word("application", "application", "the application", 18, 8),
    ScreenColumn("destination_port", "port", "destination port", plain_number_texts("destination_port"),
                 ("destination_port",), ("destination_port",), 5, 5, right=True),
    ScreenColumn("sure", "sure", "how sure, lowest and highest", _sure_texts, ("lowest", "highest"), ("highest",), 9, 4,
                 right=True, role=_sure_role),
    _count("users", "users", "how many users", 5),
    _count("sources", "sources", "how many source addresses", 7),
    ScreenColumn("bytes", "bytes", "bytes, both ways", size_texts("bytes"), ("bytes",), ("bytes",), 5, 5, right=True),
    ScreenColumn("first", "first", "the first of them", time_texts("first"), ("first",), ("first",), 8, 8),
    ScreenColumn("last", "last", "the last of them", time_texts("last"), ("last",), ("last",), 8, 8),
    _word("serial", "serial", "the firewall's serial number", 15, 8),
    _word("vsys", "vsys", "virtual system", 6, 5),
)  # fmt: skip
_NARROW = ("sessions", "cause", "rule", "denied_by", "application", "destination_port", "sure")
_MIDDLE = (*_NARROW[:5], "destination_port", "sure", "users", "first", "last")


def columns_for(width: int, firewalls: int) -> tuple[ScreenColumn, ...]:
    """The columns for a width; which firewall it is stands there where there are several."""
    if width < 110:
        names: tuple[str, ...] = _NARROW
    elif width < 170:
        names = _MIDDLE
    else:
        names = tuple(c.name for c in COLUMNS if c.name not in ("serial", "vsys"))
    where = ("serial", "vsys") if firewalls > 1 and width >= 150 else ()
    return tuple(column for column in COLUMNS if column.name in (*names, *where))


def group_of(values: Mapping[str, Any]) -> Group:
    """The group of a row of the triage table."""
    return Group(
        **{**values, "lowest": round(values["lowest"] or 0.0, 2), "highest": round(values["highest"] or 0.0, 2)}
    )


def group_filter(group: Group) -> str:
    """The filter that selects a group's sessions. Raises `FilterError` for a value that no filter can hold."""
    return joined(term(name, value) for name, value in zip((*UNITED_BY, *GROUPED_BY), group.key, strict=True))


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with its specimen explained, and what is proposed for it."""

    group: Group
    explained: Explained
    proposal: Proposal


def view_group(bench: Workbench, group: Group) -> GroupView:
    """Look into a group: its specimen, and a proposal for its sessions."""
    explained = bench.explainer.explain(group.specimen)
    return GroupView(group, explained, propose(explained.finding, explained.engine, _sessions(bench, group)))


def _sessions(bench: Workbench, group: Group) -> list[Session]:
    """Sessions of a group with different ends, not too many of them."""
    rows = members(bench.frame, bench.frame, group).cast(pl.UInt32)
    ends = ("source_hi", "source_lo", "destination_hi", "destination_lo")
    frame = bench.site.sessions.frame.select(ends)[rows].with_columns(row=rows)
    few = frame.unique(ends, keep="first", maintain_order=True)["row"].head(MOST_ENDS)
    return [bench.site.sessions.session(row) for row in few.to_list()]


def group_lines(view: GroupView) -> list[Line]:
    """What is said of a group: the counts, why, what to do, and the lines that would do it."""
    group, verdict = view.group, view.explained.finding.verdict
    numbers = f"{group.sources:,} sources, {group.users:,} users, {short_size(group.bytes)} bytes"
    lines = [
        line(Span(safe_text(group_line(group)), "title"), hang=2),
        line(Span(f"{numbers}, {group.first or '?'} to {group.last or '?'}", "quiet"), hang=2),
        line(verdict.headline),
    ]
    if verdict.fix:
        where = f" ({verdict.fix_at})" if verdict.fix_at else ""
        lines.append(line(Span("do  ", "key"), verdict.fix, Span(where, "quiet"), hang=4))
    lines.append(BLANK)
    lines.append(line(Span("what if  ", "key"), view.proposal.why, hang=9))
    lines += [line("  ", Span(text, "strong"), hang=4) for text in view.proposal.lines]
    return lines


def group_text(view: GroupView) -> str:
    """The same as text for the clipboard."""
    return "\n".join(entry.text for entry in group_lines(view)) + "\n"
