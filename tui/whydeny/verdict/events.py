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
_OTHER_CONTENT = re.compile(r"\b(download\w*|wildfire|anti-?virus)\b")
_REFRESH = re.compile(
    r"\b(edl|external (dynamic )?list|fqdn)\b.*\b(refresh|refreshed|updated|fetch|changed)"
    r"|\b(refresh|updated?)\w*\b.*\b(edl|external (dynamic )?list|fqdn)\b"
)
_FAILED = re.compile(r"\b(fail|failed|failure|error|unable|no changes?|not changed|unchanged|old copy|not a text)\b")
_BEGUN = re.compile(r"\b(started|enqueued|queued|scheduled|checking)\b")
_VERSION = re.compile(r"\b(\d{3,5}-\d{3,6})\b")
_PARTING = re.compile(r"[\s\[\]:,'\"]")  # what parts the words of a change
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
    if _FAILED.search(lower) or _BEGUN.search(lower):
        return None
    if _COMMIT_DONE.search(lower):
        return COMMIT
    if _REFRESH.search(lower):
        return REFRESH
    if _CONTENT_DONE.search(lower) and not _OTHER_CONTENT.search(lower):
        return CONTENT
    return None


def _same(mine: str | None, wanted: str | None) -> bool:
    return not (mine and wanted) or mine == wanted


def _makes(text: str, name: str) -> bool:
    path, _, edit = text.partition(": ")
    set_here = path.startswith("set ") and path.split()[-1] == name.split()[-1] and path.endswith(name)
    return set_here and (not edit or edit.startswith("(nothing)"))


class Timeline:
    """The events and changes of all firewalls, read from the logs once and found by time."""

    def __init__(self, system: LogRows, configuration: LogRows) -> None:
        self._system = system
        self._configuration = configuration
        self._naming: dict[str, list[int]] = {}
        self._making: dict[str, list[int]] = {}
        self._editing: dict[str, list[int]] = {}

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
    def _configuration_rows(self) -> pl.DataFrame:
        """Every row of the configuration log that did not fail: `row`, `moment`, `serial`, `commit`, `text`."""
        words = {
            name: pl.col(name).cast(pl.String).fill_null("")
            for name in ("command", "result", "admin", "path", "before", "after")
        }
        commit = words["command"].str.to_lowercase().str.starts_with("commit")
        path = words["path"].str.replace_all(r"\s+", " ").str.strip_chars()
        changed = (words["before"] != "") | (words["after"] != "")
        became = [
            pl.when(words[name] == "").then(pl.lit("(nothing)")).otherwise(words[name]) for name in ("before", "after")
        ]
        change = pl.concat_str(words["command"].str.to_lowercase(), pl.lit(" "), path).str.strip_chars()
        edit = pl.concat_str(change, pl.lit(": "), became[0], pl.lit(" became "), became[1])
        change = pl.when(changed).then(edit).otherwise(change)
        who = pl.when(words["admin"] == "").then(pl.lit("an administrator")).otherwise(words["admin"])
        what = pl.when(words["result"] == "").then(pl.lit("submitted")).otherwise(words["result"])
        asked = pl.concat_str(pl.lit("commit by "), who, pl.lit(": "), what)
        return (
            self._configuration.table.frame.with_row_index("row")
            .select(
                "row",
                pl.coalesce("time", "receive_time").alias("moment"),
                pl.col("serial").cast(pl.String),
                commit.alias("commit"),
                pl.when(commit).then(asked).otherwise(change).alias("text"),
                (words["command"] != "").alias("known"),
                words["result"].str.to_lowercase().str.contains("fail", literal=True).alias("failed"),
            )
            .filter(pl.col("known") & ~pl.col("failed") & pl.col("moment").is_not_null())
            .sort("moment", "row")
        )

    @cached_property
    def _commits(self) -> list[Event]:
        rows = self._configuration_rows.filter("commit").select("moment", "text", "row", "serial").iter_rows()
        return [
            Event(COMMIT, moment, text, Kind.CONFIGURATION, row, serial=serial) for moment, text, row, serial in rows
        ]

    @cached_property
    def _changes(self) -> pl.DataFrame:
        return self._configuration_rows.filter(~pl.col("commit")).select("moment", "text", "row", "serial")

    @cached_property
    def _commit_moments(self) -> list[datetime]:
        return [event.moment for event in self._commits]

    @cached_property
    def _change_moments(self) -> list[datetime]:
        return self._changes["moment"].to_list()

    @cached_property
    def _change_serials(self) -> list[str | None]:
        return self._changes["serial"].to_list()

    def commits(self, first: datetime, last: datetime, serial: str | None) -> list[Event]:
        """Commits of the configuration log: when they were submitted, not when they were finished."""
        moments = self._commit_moments
        span = self._commits[bisect_left(moments, first) : bisect_right(moments, last)]
        return [event for event in span if _same(event.serial, serial)]

    def committed(self, first: datetime, last: datetime, serial: str | None) -> bool:
        """Whether there is a commit in a time span."""
        moments = self._commit_moments
        span = range(bisect_left(moments, first), bisect_right(moments, last))
        return any(_same(self._commits[at].serial, serial) for at in span)

    def changed(self, first: datetime, last: datetime, serial: str | None) -> bool:
        """Whether anything was changed in a time span."""
        moments = self._change_moments
        span = range(bisect_left(moments, first), bisect_right(moments, last))
        return any(_same(self._change_serials[at], serial) for at in span)

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
                if _same(self._change_serials[at], serial):
                    best = max(best, at)
                    break
        if best < 0:
            return None
        moment, text, row, owner = self._changes.row(best)
        return Change(moment, row, text, owner)

    def edits_of(self, name: str, first: datetime, last: datetime, serial: str | None) -> list[Change]:
        """The changes in a time span that name a rule or object and have what was there before and after, in order."""
        rows = self._rows_editing(name)
        if not rows:
            return []
        moments = self._change_moments
        begin, end = bisect_left(moments, first), bisect_right(moments, last)
        found = [self._changes.row(at) for at in rows[bisect_left(rows, begin) : bisect_left(rows, end)]]
        return [Change(moment, row, text, owner) for moment, text, row, owner in found if _same(owner, serial)]

    def _rows_editing(self, name: str) -> list[int]:
        """Which changes name a rule or object and have what was there before and after."""
        if name not in self._editing:
            texts = self._changes["text"]
            self._editing[name] = [at for at in self._rows_naming(name) if " became " in texts[at]]
        return self._editing[name]

    def changes_naming(self, name: str, first: datetime, last: datetime, serial: str | None) -> list[Change]:
        """The changes in a time span that name a rule or object, in order of time."""
        moments = self._change_moments
        begin, end = bisect_left(moments, first), bisect_right(moments, last)
        rows = self._rows_naming(name)
        found = [self._changes.row(at) for at in rows[bisect_left(rows, begin) : bisect_left(rows, end)]]
        return [Change(moment, row, text, owner) for moment, text, row, owner in found if _same(owner, serial)]

    def made_after(self, name: str, moment: datetime, serial: str | None) -> Change | None:
        """The first entry after a moment that made a rule or object of that name."""
        for at in self._rows_making(name):
            if self._change_moments[at] >= moment and _same(self._change_serials[at], serial):
                found, text, row, owner = self._changes.row(at)
                return Change(found, row, text, owner)
        return None

    def _rows_making(self, name: str) -> list[int]:
        """Which changes set a path that ends in the name, with nothing there before."""
        if name not in self._making:
            texts = self._changes["text"]
            self._making[name] = [at for at in self._rows_naming(name) if _makes(texts[at], name)]
        return self._making[name]

    def _rows_naming(self, name: str) -> list[int]:
        """Which changes have a name as a word of their own."""
        if _PARTING.search(name) is None:
            return self._by_word.get(name, [])
        if name not in self._naming:
            pattern = rf"(?:^|{_PARTING.pattern}){re.escape(name)}(?:$|{_PARTING.pattern})"
            self._naming[name] = self._changes["text"].str.contains(pattern).arg_true().to_list()
        return self._naming[name]

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        """Which changes have a word."""
        words = self._changes.select(pl.col("text").str.extract_all(r"[^\s\[\]:,'\"]+").alias("word")).with_row_index(
            "at"
        )
        grouped = words.explode("word").drop_nulls().unique(["at", "word"]).sort("at").group_by("word").agg("at")
        return dict(zip(grouped["word"], grouped["at"].to_list(), strict=True))

    # The same for many sessions at once: moments in microseconds, ascending.

    @property
    def any_changes(self) -> bool:
        """Whether the configuration log has a change at all."""
        return bool(self._changes.height)

    def moments_of(self, kind: str, serial: str | None) -> Rows:
        """When events of a kind were finished on a firewall."""
        return _numbers(event.moment for event in self._events if event.kind == kind and _same(event.serial, serial))

    def moments_of_commits(self, serial: str | None) -> Rows:
        """When commits were submitted on a firewall."""
        return _numbers(event.moment for event in self._commits if _same(event.serial, serial))

    def moments_of_changes(self, serial: str | None) -> Rows:
        """When anything was changed on a firewall."""
        mine = np.array([_same(owner, serial) for owner in self._change_serials], dtype=np.bool_)
        return self._change_numbers[mine]

    @cached_property
    def _change_numbers(self) -> Rows:
        return _numbers(self._change_moments)

    def moments_making(self, name: str, serial: str | None) -> Rows:
        """When a change made a rule or object of that name."""
        return self._change_numbers[[at for at in self._rows_making(name) if _same(self._change_serials[at], serial)]]

    def moments_editing(self, name: str, serial: str | None) -> Rows:
        """When a change named a rule or object and the log has what was there before and after."""
        return self._change_numbers[[at for at in self._rows_editing(name) if _same(self._change_serials[at], serial)]]

    def moments_naming(self, names: Iterable[str], serial: str | None) -> Rows:
        """When a change named one of these rules or objects."""
        rows = sorted({row for name in names for row in self._rows_naming(name)})
        return self._change_numbers[[row for row in rows if _same(self._change_serials[row], serial)]]


def _numbers(moments: Iterable[datetime]) -> Rows:
    return np.array(list(moments), dtype="datetime64[us]").astype(np.int64)
