"""Things that happened to the firewall itself: commits, content installs, list refreshes, from its own logs.

The descriptions differ by release; they are matched on lower-cased words. Sources: PAN-OS system-log events seen in
published samples ("Commit job succeeded. Completion time=…", "Content update job succeeded …"); the exact wording
of list refreshes is not documented, so a refresh is named only where the row names the list or says EDL or FQDN.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from whydeny.model.columns import Kind
from whydeny.verdict.related import Related

COMMIT, CONTENT, REFRESH = "commit", "content", "list-refresh"

_COMMIT_DONE = re.compile(r"\bcommit(all|-all)?\b.*\b(succeeded|success|completed|complete|ok|installed)\b")
_CONTENT_DONE = re.compile(
    r"(content|app(lication)?s?\b.*threat|threat (database )?version|panupv2).*(install|upgraded|update)"
)
_REFRESH = re.compile(
    r"\b(edl|external (dynamic )?list|fqdn)\b.*\b(refresh|refreshed|updated|fetch|changed)"
    r"|\b(refresh|updated?)\w*\b.*\b(edl|external (dynamic )?list|fqdn)\b"
)
_FAILED = re.compile(r"\b(fail|failed|failure|error|unable|no change|not changed|unchanged)\b")
_VERSION = re.compile(r"\b(\d{3,5}-\d{3,6})\b")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind, when it was finished, its own words, and the row that says so."""

    kind: str
    moment: datetime
    text: str
    log: Kind
    row: int
    version: str = ""


def _kind_of(text: str) -> str | None:
    lower = text.lower()
    if _FAILED.search(lower):
        return None
    if _COMMIT_DONE.search(lower):
        return COMMIT
    if _REFRESH.search(lower):
        return REFRESH
    if _CONTENT_DONE.search(lower) and "download" not in lower:
        return CONTENT
    return None


def events_between(related: Related, first: datetime, last: datetime, serial: str | None) -> list[Event]:
    """The events of a firewall in a time span, in order of time. A failed job is not an event."""
    found = []
    log = related.log(Kind.SYSTEM)
    for row in log.between(first, last):
        values = log.table.row(row)
        if serial and values.get("serial") and values["serial"] != serial:
            continue
        words = " ".join(str(values[name]) for name in ("object", "description") if values.get(name))
        kind = _kind_of(words)
        moment = log.moment(row)
        if kind is not None and moment is not None:
            version = _VERSION.search(words)
            text = str(values.get("description") or words)
            found.append(Event(kind, moment, text, Kind.SYSTEM, row, version.group(1) if version else ""))
    return found


def commits_asked(related: Related, first: datetime, last: datetime, serial: str | None) -> list[Event]:
    """Commits of the configuration log in a time span: when they were submitted, not when they were finished."""
    found = []
    log = related.log(Kind.CONFIGURATION)
    for row in log.between(first, last):
        values = log.table.row(row)
        if serial and values.get("serial") and values["serial"] != serial:
            continue
        moment = log.moment(row)
        result = str(values.get("result") or "").lower()
        if str(values.get("command") or "").lower().startswith("commit") and moment and "fail" not in result:
            text = f"commit by {values.get('admin') or 'an administrator'}: {values.get('result') or 'submitted'}"
            found.append(Event(COMMIT, moment, text, Kind.CONFIGURATION, row))
    return found


def changes_between(related: Related, first: datetime, last: datetime, serial: str | None) -> list[tuple[int, str]]:
    """Configuration changes in a time span: the row and the changed path in words."""
    found = []
    log = related.log(Kind.CONFIGURATION)
    for row in log.between(first, last):
        values = log.table.row(row)
        if serial and values.get("serial") and values["serial"] != serial:
            continue
        command = str(values.get("command") or "").lower()
        if command and not command.startswith("commit") and "fail" not in str(values.get("result") or "").lower():
            detail = f"{command} {' '.join(str(values.get('path') or '').split())}".strip()
            if values.get("before") or values.get("after"):
                detail += f": {values.get('before') or '(nothing)'} became {values.get('after') or '(nothing)'}"
            found.append((row, detail))
    return found


DAY = timedelta(days=1)
