"""A site's report as text, Markdown, JSON lines and CSV."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from whydeny.report.data import finding_json, time_text
from whydeny.report.markdown import code, escaped
from whydeny.report.site import REDACTED, GroupFinding, SiteReport
from whydeny.report.text import finding_text, session_line, wrapped
from whydeny.verdict.triage import Group

SCHEMA_VERSION = 1  # of docs/report.schema.json
# Fields of a group that have a column of their own in CSV.
_CSV = (
    "serial", "vsys", "cause", "variant", "rule", "denied_by", "application", "destination_port", "sessions", "bytes", "users",
    "sources", "first", "last", "fix", "fix_at", "note",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def span_text(report: SiteReport) -> str:
    """The time span of the sessions."""
    return f"{report.first or '?'} to {report.last or '?'}, the firewalls' own time"


def group_line(group: Group) -> str:
    """A group in a line."""
    variant = f" ({group.variant})" if group.variant else ""
    port = f" port {group.destination_port}" if group.destination_port is not None else ""
    return (
        f"{group.sessions:,} x {group.cause}{variant}: {group.application or 'no application'}{port}, last allowed by "
        f"{group.rule or '?'}, denied by {group.denied_by or 'not known'}"
    )


def group_counts(group: Group) -> str:
    """How sure a group is, how much it is, and when."""
    confidence = (
        f"{group.lowest:.2f}" if group.lowest == group.highest else f"{group.lowest:.2f} to {group.highest:.2f}"
    )
    return (
        f"confidence {confidence}; {group.sources:,} sources, {group.users:,} users, {group.bytes:,} bytes; "
        f"{group.first or '?'} to {group.last or '?'}"
    )


def specimen_line(item: GroupFinding) -> str:
    """The session that stands for a group."""
    session = item.finding.session
    return f"session {session.id or 'without id'}, {session_line(session)}, {session.end or session.time or '?'}"


def report_text(report: SiteReport) -> str:
    """The report as plain text."""
    lines = [report.title, "=" * len(report.title), "", "Rests on:"]
    lines += [f"  {name}: {what}" + (f", {rows:,} rows" if rows else "") for name, what, rows in report.sources]
    lines += ["", *wrapped(REDACTED)] if report.redacted else []
    lines += ["", f"{report.sessions:,} sessions, {span_text(report)}"]
    lines += [f"  {count:>10,}  {name}" for name, count in report.outcomes]
    for title, items in (("Missing", report.missing), ("Noticed while reading", report.problems)):
        if items:
            lines += ["", f"{title}:"]
            for sentence in items:
                lines += wrapped(sentence, "    ", "  - ")
    lines += ["", f"{len(report.groups)} findings, most sessions first:"]
    for number, item in enumerate(report.groups, 1):
        verdict = item.finding.verdict
        lines += ["", *wrapped(group_line(item.group), "     ", f"{number:>3}. ")]
        lines += wrapped(group_counts(item.group), "     ")
        lines += wrapped(f"Specimen: {specimen_line(item)}", "     ")
        lines += wrapped(verdict.headline, "     ")
        if verdict.fix:
            where = f" ({verdict.fix_at})" if verdict.fix_at else ""
            lines += wrapped(f"What to do{where}: {verdict.fix}", "     ")
        if item.note:
            lines += wrapped(f"Note: {item.note}", "     ")
    if report.left_out:
        lines += ["", f"{report.left_out} smaller findings are left out."]
    if report.notes:
        lines += ["", "Notes on sessions:"]
        for on, note in report.notes.items():
            lines += wrapped(f"{on}: {note}", "    ", "  - ")
    if report.groups:
        lines += [
            "",
            "The first finding in full, by its specimen:",
            "",
            finding_text(report.groups[0].finding).rstrip(),
        ]
    return "\n".join(lines) + "\n"


def report_markdown(report: SiteReport) -> str:
    """The report as Markdown."""
    lines = [f"# {escaped(report.title)}", "", "Rests on:", ""]
    lines += [
        f"* {code(name)}: {escaped(what)}" + (f", {rows:,} rows" if rows else "") for name, what, rows in report.sources
    ]
    lines += ["", REDACTED] if report.redacted else []
    lines += ["", f"{report.sessions:,} sessions, {span_text(report)}.", "", "| outcome | sessions |", "|---|---:|"]
    lines += [f"| {name} | {count:,} |" for name, count in report.outcomes]
    for title, items in (("Missing", report.missing), ("Noticed while reading", report.problems)):
        if items:
            lines += ["", f"**{title}**", "", *(f"* {escaped(item)}" for item in items)]
    lines += ["", "## Findings", "", "| # | sessions | cause | application | allowed by | denied by | confidence |"]
    lines += ["|---:|---:|---|---|---|---|---|"]
    for number, item in enumerate(report.groups, 1):
        group = item.group
        cells = (
            str(number),
            f"{group.sessions:,}",
            group.cause + (f" ({group.variant})" if group.variant else ""),
            f"{group.application or ''} {group.destination_port if group.destination_port is not None else ''}".strip(),
            group.rule or "",
            group.denied_by or "",
            f"{group.highest:.2f}",
        )
        lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    for number, item in enumerate(report.groups, 1):
        verdict = item.finding.verdict
        lines += ["", f"### {number}. {escaped(group_line(item.group))}", "", escaped(verdict.headline), ""]
        lines += [f"{escaped(group_counts(item.group))}; specimen: {escaped(specimen_line(item))}", ""]
        if verdict.fix:
            lines += [f"**What to do** ({escaped(verdict.fix_at)}): {escaped(verdict.fix)}"]
        if item.note:
            lines += ["", f"**Note**: {escaped(item.note)}"]
    if report.left_out:
        lines += ["", f"{report.left_out} smaller findings are left out."]
    if report.notes:
        lines += ["", "## Notes on sessions", ""]
        lines += [f"* {escaped(on)}: {escaped(' '.join(note.split()))}" for on, note in report.notes.items()]
    return "\n".join(lines) + "\n"


def _group_data(item: GroupFinding) -> dict[str, Any]:
    group = item.group
    return {
        "serial": group.serial,
        "vsys": group.vsys,
        "cause": group.cause,
        "variant": group.variant,
        "rule": group.rule,
        "denied_by": group.denied_by,
        "application": group.application,
        "destination_port": group.destination_port,
        "sessions": group.sessions,
        "bytes": group.bytes,
        "users": group.users,
        "sources": group.sources,
        "first": time_text(group.first),
        "last": time_text(group.last),
        "confidence": [group.lowest, group.highest],
        "fix": item.finding.verdict.fix,
        "fix_at": item.finding.verdict.fix_at,
        "note": item.note or None,
    }


def report_json(report: SiteReport) -> Iterator[str]:
    """The report as JSON lines: one about the whole, then one a group with its specimen's finding."""
    yield json.dumps(
        {
            "schema": SCHEMA_VERSION,
            "title": report.title,
            "sources": [{"name": name, "what": what, "rows": rows} for name, what, rows in report.sources],
            "problems": list(report.problems),
            "missing": list(report.missing),
            "redacted": report.redacted,
            "first": time_text(report.first),
            "last": time_text(report.last),
            "sessions": report.sessions,
            "outcomes": dict(report.outcomes),
            "groups": len(report.groups),
            "left_out": report.left_out,
            "notes": [{"session": on, "note": note} for on, note in report.notes.items()],
        },
        ensure_ascii=False,
    )
    for item in report.groups:
        line = {"schema": SCHEMA_VERSION, "group": _group_data(item), "specimen": finding_json(item.finding)}
        yield json.dumps(line, ensure_ascii=False)


def spreadsheet_safe(value: object) -> object:
    """A cell that a spreadsheet shows instead of running: text that begins like a formula gets an apostrophe."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def report_csv(report: SiteReport) -> str:
    """The groups as CSV, safe to open in a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*_CSV, "specimen", "confidence_lowest", "confidence_highest", "headline"])
    for item in report.groups:
        data = _group_data(item)
        row = [data[name] for name in _CSV] + [
            item.finding.session.id,
            *data["confidence"],
            item.finding.verdict.headline,
        ]
        writer.writerow([spreadsheet_safe(cell) for cell in row])
    return stream.getvalue()
