"""What a log reader hands over: typed rows by kind, and what it had to leave out."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.release import Release
from whydeny.model.safe import safe_text
from whydeny.model.site import TELLING, Problem
from whydeny.sources.exports.layouts import KINDS
from whydeny.sources.exports.normalise import Normaliser
from whydeny.sources.exports.times import DateOrder

LISTED = 10  # malformed rows that are listed one by one
# What entries of the XML API may all go without: they leave out what is empty.
_WITH_VALUE = frozenset({"user", "parent_session_id", "http2_connection"})


@dataclass(slots=True)
class Rows:
    """The rows of one file, collected batch by batch.

    `file` is the number of its source, `name` what the user calls it; `on_table` is told of every finished batch.
    `sparse` says that the form leaves out what is empty, so that only a name that no row has may be unknown to it.
    """

    file: int
    name: str
    on_table: Callable[[Kind, pl.DataFrame], None] | None = None
    tables: dict[Kind, list[pl.DataFrame]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    release: Release | None = None
    sparse: bool = False
    _lacking: frozenset[str] | None = None
    _dates: DateOrder = field(default_factory=DateOrder)
    _normalisers: dict[Kind, Normaliser] = field(default_factory=dict)
    _other: dict[str, int] = field(default_factory=dict)

    def normaliser(self, kind: Kind) -> Normaliser:
        """The normaliser of a kind; one for the whole file, so that a value is parsed once."""
        if kind not in self._normalisers:
            self._normalisers[kind] = Normaliser(kind, self._dates)
        return self._normalisers[kind]

    def add(self, kind: Kind, raw: pl.DataFrame) -> None:
        """Take raw rows of one kind (see `Normaliser.table`)."""
        if not raw.height:
            return
        if kind is Kind.TRAFFIC:
            self._note_lacking(TELLING.difference(raw.columns))
        table = self.normaliser(kind).table(raw, self.file)
        self.tables.setdefault(kind, []).append(table)
        if self.on_table is not None:
            self.on_table(kind, table)

    def _note_lacking(self, here: frozenset[str]) -> None:
        before = here if self._lacking is None else self._lacking
        self._lacking = before & here if self.sparse else before | here

    @property
    def lacking(self) -> frozenset[str]:
        """The telling columns that traffic rows of the file can't have, or some of them (see `Source`)."""
        found = self._lacking or frozenset()
        return found - _WITH_VALUE if self.sparse else found

    def skip(self, line: int, message: str) -> None:
        """Count a malformed row; the first ten of the file are listed with their line, whatever their order here."""
        listed = min(self.skipped, LISTED)
        self.skipped += 1
        place = bisect_right(self.problems, line, 0, listed, key=lambda problem: problem.line or 0)
        if place < LISTED:
            self.problems.insert(place, Problem(self.name, line, message))
            del self.problems[LISTED : listed + 1]

    def note(self, message: str) -> None:
        """Say something about the whole file."""
        self.problems.append(Problem(self.name, None, message))

    def pass_over(self, log_type: str, rows: int = 1) -> None:
        """Count rows of a log type that is not read."""
        known = safe_text(log_type.strip(), 40) or "no type"
        self._other[known] = self._other.get(known, 0) + rows

    @property
    def count(self) -> int:
        """How many rows were taken."""
        return sum(t.height for tables in self.tables.values() for t in tables)

    @property
    def seen(self) -> int:
        """How many rows there were, taken or not."""
        return self.count + self.skipped + sum(self._other.values())

    def finish(self) -> None:
        """Put the rows of each kind in the order of the file and say what was left out."""
        for kind, tables in self.tables.items():
            if self._dates.mistaken:
                tables[:] = [self.normaliser(kind).with_right_dates(table) for table in tables]
            if len(tables) > 1 and not pl.concat([t["line"] for t in tables]).is_sorted():
                self.tables[kind] = [pl.concat(tables, how="diagonal").sort("line", maintain_order=True)]
        if remark := self._dates.remark:
            self.note(remark)
        if self.skipped > LISTED:
            more = self.skipped - LISTED
            self.problems.append(Problem(self.name, None, f"{more:,} more malformed rows were left out"))
        for log_type, rows in sorted(self._other.items()):
            wanted = ", ".join(sorted(KINDS))
            self.problems.append(
                Problem(self.name, None, f"{rows:,} rows of log type {log_type} were passed over (read are {wanted})")
            )
        for kind, normaliser in sorted(self._normalisers.items()):
            for column, cells in sorted(normaliser.unreadable.items()):
                what = "value" if cells == 1 else "values"
                self.problems.append(
                    Problem(
                        self.name,
                        None,
                        f"{cells:,} {what} of {column} in the {kind} log can't be read and were left empty",
                    )
                )

    def words(self, form: str) -> str:
        """What the file is, in words: `traffic log, CSV export`."""
        kinds: Sequence[str] = [LOG_NAMES[kind] for kind in sorted(self.tables)] or ["empty log"]
        return f"{', '.join(kinds)}, {form}"


LOG_NAMES = {
    Kind.TRAFFIC: "traffic log",
    Kind.DECRYPTION: "decryption log",
    Kind.AUTHENTICATION: "authentication log",
    Kind.URL: "URL log",
    Kind.THREAT: "threat log",
    Kind.SYSTEM: "system log",
    Kind.CONFIGURATION: "configuration log",
    Kind.USERID: "User-ID log",
    Kind.IPTAG: "IP-tag log",
}
