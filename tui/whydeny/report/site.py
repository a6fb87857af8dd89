"""What was found out about a whole site: what it rests on, the counts, and the groups of refused sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from whydeny.model.site import Site
from whydeny.report.notes import group_note, noted_rows
from whydeny.report.text import session_line
from whydeny.verdict.finding import Finding, Outcome
from whydeny.verdict.judge import Judge
from whydeny.verdict.triage import Group, triage

SPANS = 60  # columns of the timeline
REDACTED = (
    "The snapshot was redacted: names, users, addresses and serial numbers stand for others, the same ones throughout."
)


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """A group with the finding of its specimen, and the note somebody left on it."""

    group: Group
    finding: Finding
    note: str = ""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """All that a report says, for every form of it. `timeline` counts all and refused sessions per span; `notes` are
    those on single sessions, by the words for the session."""

    title: str
    sources: tuple[tuple[str, str, int], ...]
    problems: tuple[str, ...]
    missing: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    sessions: int
    outcomes: tuple[tuple[str, int], ...]
    groups: tuple[GroupFinding, ...]
    left_out: int = 0
    timeline: tuple[tuple[datetime, int, int], ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    redacted: bool = False


def build_report(
    site: Site,
    judge: Judge,
    judged: pl.DataFrame,
    title: str,
    most: int = 200,
    rows: pl.Series | None = None,
    notes: Mapping[str, str] | None = None,
    redacted: bool = False,
) -> SiteReport:
    """The report over the judged sessions (`rows` picks some), at most `most` groups; `notes` as a snapshot keeps
    them, and whether it was `redacted`."""
    notes = notes or {}
    frame = site.sessions.frame
    chosen = frame if rows is None else frame[rows.cast(pl.UInt32)]
    outcomes = judge.outcomes() if rows is None else judge.outcomes().gather(rows.cast(pl.UInt32))
    groups = triage(frame, judged, rows)
    shown = tuple(
        GroupFinding(group, judge.finding(group.specimen), notes.get(group_note(group), "")) for group in groups[:most]
    )
    missing = dict.fromkeys(text for item in shown for text in item.finding.verdict.missing)
    counted = outcomes.value_counts(sort=True)
    return SiteReport(
        title=title,
        sources=tuple((source.name, source.what, source.rows) for source in site.sources),
        problems=tuple(str(problem) for problem in site.problems),
        missing=tuple(missing),
        first=_moment(chosen["time"].min()),
        last=_moment(chosen["time"].max()),
        sessions=chosen.height,
        outcomes=tuple((str(name), int(count)) for name, count in counted.iter_rows()),
        groups=shown,
        left_out=max(0, len(groups) - most),
        timeline=_timeline(chosen["time"], outcomes),
        notes=_session_notes(site, notes, rows),
        redacted=redacted,
    )


def _session_notes(site: Site, notes: Mapping[str, str], rows: pl.Series | None) -> dict[str, str]:
    chosen = None if rows is None else set(rows.to_list())
    found: dict[str, str] = {}
    for row, note in noted_rows(notes).items():
        if row < len(site.sessions) and (chosen is None or row in chosen):
            session = site.sessions.session(row)
            words = (
                f"session {session.id or 'without id'}, {session_line(session)}, {session.end or session.time or '?'}"
            )
            found[words] = note if words not in found else f"{found[words]}; {note}"
    return found


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _timeline(times: pl.Series, outcomes: pl.Series) -> tuple[tuple[datetime, int, int], ...]:
    first, last = _moment(times.min()), _moment(times.max())
    if first is None or last is None or first == last:
        return ()
    width = (last - first) / SPANS
    refused = outcomes.cast(pl.String).is_in([Outcome.ALLOWED_THEN_DENIED.value])
    counted = (
        pl.DataFrame({"time": times, "refused": refused})
        .drop_nulls("time")
        .with_columns(((pl.col("time") - first) / width).floor().clip(0, SPANS - 1).cast(pl.Int64).alias("span"))
        .group_by("span")
        .agg(pl.len().alias("all"), pl.col("refused").sum())
    )
    by_span = {int(span): (int(total), int(part)) for span, total, part in counted.iter_rows()}
    return tuple((first + width * span, *by_span.get(span, (0, 0))) for span in range(SPANS))
