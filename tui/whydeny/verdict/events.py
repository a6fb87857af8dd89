"""Things that happened to the firewall itself: commits, content installs, list refreshes, from its own logs.

The descriptions differ by release; they are matched on lower-cased words. Sources: PAN-OS system-log events seen in
published samples ("Commit job succeeded. Completion time=…", "Content update job succeeded …"); the exact wording
of list refreshes is not documented, so a refresh is named only where the row names the list or says EDL or FQDN.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from whydeny.model.columns import Kind
from whydeny.verdict.rows import LogRows, Rows

COMMIT, CONTENT, REFRESH = "commit", "content", "list-refresh"

_COMMIT_DONE = re.compile(r"\bcommit(all|-all)?\b.*\b(succeeded|success|completed|complete|ok|installed)\b")
_CONTENT = r"(contents?\b|app(lication)?s?\b.*threat|threat (database )?version|panupv2)"
_CONTENT_DONE = re.compile(rf"{_CONTENT}.*(install|upgraded|update)|\binstalled\b.*{_CONTENT}")
_NOT_DONE = re.compile(r"\b(download\w*|started|enqueued|queued|scheduled|checking|wildfire|anti-?virus)\b")
_REFRESH = re.compile(
    r"\b(edl|external (dynamic )?list|fqdn)\b.*\b(refresh|refreshed|updated|fetch|changed)"
    r"|\b(refresh|updated?)\w*\b.*\b(edl|external (dynamic )?list|fqdn)\b"
)
_FAILED = re.compile(r"\b(fail|failed|failure|error|unable|no changes?|not changed|unchanged)\b")
_VERSION = re.compile(r"\b(\d{3,5}-\d{3,6})\b")
_WORTH_A_LOOK = "(?i)commit|content|threat|panup|edl|list|fqdn"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind, when it was finished, its own words, and the row that says so."""

    kind: str
    moment: datetime
    text: str
    log: Kind
    row: int
    version: str = ""
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the configuration log, not yet a commit: when, which row, and what in words."""

    moment: datetime
    row: int
    text: str
    serial: str | None = None


def kind_of_event(text: str) -> str | None:
    """What a system-log description says was finished; None for a failure and for anything else."""
    lower = text.lower()
    if _FAILED.search(lower):
        return None
    if _COMMIT_DONE.search(lower):
        return COMMIT
    if _REFRESH.search(lower):
        return REFRESH
    if _CONTENT_DONE.search(lower) and not _NOT_DONE.search(lower):
        return CONTENT
    return None


def _same(mine: str | None, wanted: str | None) -> bool:
    return not (mine and wanted) or mine == wanted


class Timeline:
    """The events and changes of all firewalls, read from the logs once and found by time."""

    def __init__(self, system: LogRows, configuration: LogRows) -> None:
        self._system = system
        self._configuration = configuration
        self._naming: dict[str, list[int]] = {}

    @cached_property
    def _events(self) -> list[Event]:
        frame = self._system.table.frame
        words = frame.select(
            pl.concat_str(
                pl.col("object").cast(pl.String), pl.col("description"), separator=" ", ignore_nulls=True
            ).alias("words")
        )["words"]
        found = []
        for row in words.str.contains(_WORTH_A_LOOK).fill_null(False).arg_true().to_list():
            text = words[row]
            kind, moment = kind_of_event(text), self._system.moment(row)
            if kind is not None and moment is not None:
                versions = _VERSION.findall(text)
                shown = frame["description"][row] or text
                serial = frame["serial"][row]
                found.append(Event(kind, moment, shown, Kind.SYSTEM, row, versions[-1] if versions else "", serial))
        return sorted(found, key=lambda event: event.moment)

    @cached_property
    def _event_moments(self) -> list[datetime]:
        return [event.moment for event in self._events]

    def events(self, first: datetime, last: datetime, serial: str | None) -> list[Event]:
        """The events of a firewall in a time span, both ends included, in order of time."""
        moments = self._event_moments
        span = self._events[bisect_left(moments, first) : bisect_right(moments, last)]
        return [event for event in span if _same(event.serial, serial)]

    @cached_property
    def _log(self) -> tuple[list[Event], list[Change]]:
        commits, changes = [], []
        frame = self._configuration.table.frame
        columns = ("command", "result", "admin", "path", "before", "after", "serial")
        for row, values in enumerate(frame.select(columns).iter_rows()):
            command, result, admin, path, before, after, serial = values
            moment = self._configuration.moment(row)
            if moment is None or not command or "fail" in (result or "").lower():
                continue
            if command.lower().startswith("commit"):
                text = f"commit by {admin or 'an administrator'}: {result or 'submitted'}"
                commits.append(Event(COMMIT, moment, text, Kind.CONFIGURATION, row, serial=serial))
                continue
            text = f"{command.lower()} {' '.join((path or '').split())}".strip()
            if before or after:
                text += f": {before or '(nothing)'} became {after or '(nothing)'}"
            changes.append(Change(moment, row, text, serial))
        return sorted(commits, key=lambda item: item.moment), sorted(changes, key=lambda item: item.moment)

    @cached_property
    def _commit_moments(self) -> list[datetime]:
        return [event.moment for event in self._log[0]]

    @cached_property
    def _change_moments(self) -> list[datetime]:
        return [change.moment for change in self._log[1]]

    @cached_property
    def _change_texts(self) -> pl.Series:
        return pl.Series([change.text for change in self._log[1]], dtype=pl.String)

    def commits(self, first: datetime, last: datetime, serial: str | None) -> list[Event]:
        """Commits of the configuration log: when they were submitted, not when they were finished."""
        moments = self._commit_moments
        span = self._log[0][bisect_left(moments, first) : bisect_right(moments, last)]
        return [event for event in span if _same(event.serial, serial)]

    def changed(self, first: datetime, last: datetime, serial: str | None) -> bool:
        """Whether anything was changed in a time span."""
        moments = self._change_moments
        span = range(bisect_left(moments, first), bisect_right(moments, last))
        return any(_same(self._log[1][at].serial, serial) for at in span)

    def last_change_naming(
        self, names: Iterable[str], first: datetime, last: datetime, serial: str | None
    ) -> Change | None:
        """The last change in a time span that names one of these rules or objects."""
        moments = self._change_moments
        begin, end = bisect_left(moments, first), bisect_right(moments, last)
        best = -1
        for name in names:
            rows = self._rows_naming(name)
            for at in reversed(rows[bisect_left(rows, begin) : bisect_left(rows, end)]):
                if _same(self._log[1][at].serial, serial):
                    best = max(best, at)
                    break
        return self._log[1][best] if best >= 0 else None

    def changes_naming(self, name: str, first: datetime, last: datetime, serial: str | None) -> list[Change]:
        """The changes in a time span that name a rule or object, in order of time."""
        moments = self._change_moments
        begin, end = bisect_left(moments, first), bisect_right(moments, last)
        rows = self._rows_naming(name)
        found = [self._log[1][at] for at in rows[bisect_left(rows, begin) : bisect_left(rows, end)]]
        return [change for change in found if _same(change.serial, serial)]

    def _rows_naming(self, name: str) -> list[int]:
        """Which changes have a name as a word of their own."""
        if name not in self._naming:
            pattern = rf"(?:^|[\s\[\]:,'\"]){re.escape(name)}(?:$|[\s\[\]:,'\"])"
            self._naming[name] = self._change_texts.str.contains(pattern).arg_true().to_list()
        return self._naming[name]

    # The same for many sessions at once: moments in microseconds, ascending.

    def has(self, kind: str) -> bool:
        """Whether there is any event of a kind."""
        return any(event.kind == kind for event in self._events)

    @property
    def any_changes(self) -> bool:
        """Whether the configuration log has a change at all."""
        return bool(self._log[1])

    def moments_of(self, kind: str, serial: str | None) -> Rows:
        """When events of a kind were finished on a firewall."""
        return _numbers(event.moment for event in self._events if event.kind == kind and _same(event.serial, serial))

    def moments_of_commits(self, serial: str | None) -> Rows:
        """When commits were submitted on a firewall."""
        return _numbers(event.moment for event in self._log[0] if _same(event.serial, serial))

    def moments_of_changes(self, serial: str | None) -> Rows:
        """When anything was changed on a firewall."""
        mine = np.array([_same(change.serial, serial) for change in self._log[1]], dtype=np.bool_)
        return self._change_numbers[mine]

    @cached_property
    def _change_numbers(self) -> Rows:
        return _numbers(self._change_moments)

    def moments_naming(self, names: Iterable[str], serial: str | None) -> Rows:
        """When a change named one of these rules or objects."""
        rows = sorted({row for name in names for row in self._rows_naming(name)})
        return self._change_numbers[[row for row in rows if _same(self._log[1][row].serial, serial)]]


def _numbers(moments: Iterable[datetime]) -> Rows:
    return np.array(list(moments), dtype="datetime64[us]").astype(np.int64)
