"""Put together what the files of one run gave: one table a kind, systems, applications, answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from whydeny.model.addresses import join_halves
from whydeny.model.answers import DeviceAnswers, Told, agreed
from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import Configuration, ConfigurationKind
from whydeny.model.site import Problem, Site, Source, SystemInfo
from whydeny.model.tables import LogTable, SessionTable
from whydeny.sources.copies import drop_copies, say_copies
from whydeny.sources.join import fill_details
from whydeny.sources.owners import attribute


@dataclass(slots=True)
class Gathered:
    """What has been read so far; tables by kind, with the number of their source."""

    sources: list[Source] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)  # of the sources
    tables: dict[Kind, list[pl.DataFrame]] = field(default_factory=dict)
    configurations: list[Configuration] = field(default_factory=list)
    systems: list[SystemInfo] = field(default_factory=list)
    applications: list[ApplicationTable] = field(default_factory=list)
    answers: list[tuple[Told, int | None]] = field(default_factory=list)  # with their file; None: given by hand
    problems: list[Problem] = field(default_factory=list)

    def site(self) -> Site:
        """Everything together. Empties the tables as it goes, so that rows are in memory only once."""
        copies: Counter[tuple[int, int]] = Counter()
        for kind, tables in self.tables.items():
            copies.update(drop_copies(kind, tables))
        logs = {kind: join_tables(kind, self.tables.pop(kind)) for kind in Kind if kind in self.tables}
        sessions = logs.pop(Kind.TRAFFIC, None)
        self.configurations, unclaimed = attribute(self.configurations, self.systems, self.sources, self.folders)
        owned = [self._with_owner(told, file) for told, file in self.answers]
        answers, told, differing = self._answers(sessions, owned)
        if sessions is not None:
            sessions = _with_users(fill_details(self._with_names(self._with_serials(sessions))), owned)
        return Site(
            sources=self.sources,
            sessions=SessionTable() if sessions is None else SessionTable(sessions),
            logs={kind: LogTable(kind, frame) for kind, frame in logs.items()},
            configurations=self.configurations,
            systems=self.systems,
            applications=_over_each_other(self.applications),
            answers=answers,
            told=told,
            problems=[*self.problems, *say_copies(copies, self.sources), *unclaimed, *differing],
        )

    def _answers(
        self, sessions: pl.DataFrame | None, owned: list[Told]
    ) -> tuple[DeviceAnswers, tuple[Told, ...], list[Problem]]:
        """All answers as one where the inputs are of one firewall with one virtual system; else those that are known to
        be some firewall's are kept apart. And a sentence about what they contradict each other in."""
        if self._one_firewall(sessions, owned):
            owned = [Told(told.answers) for told in owned]
        free, differing = agreed([told.answers for told in owned if told.firewall is told.vsys is None])
        apart = tuple(told for told in owned if told.firewall is not None or told.vsys is not None)
        names = dict.fromkeys(differing)
        for key in dict.fromkeys((told.firewall, told.vsys) for told in apart):
            fitting = [told.answers for told in apart if key in ((told.firewall, told.vsys), (told.firewall, None))]
            names.update(dict.fromkeys(agreed([free, *fitting])[1]))
        message = "the answers about {} differ; what they differ in is left open"
        problems = [Problem("the inputs", None, message.format(name)) for name in names]
        return free, apart, problems + self._strangers(sessions, apart)

    def _with_owner(self, told: Told, file: int | None) -> Told:
        """An answer with the serial number of its firewall, else its host name: that of the prompt, or of the only
        configuration in the same folder; None where nothing tells."""
        if file is None:
            return told
        there = [c for c in self.configurations if self.folders[c.file] == self.folders[file]]
        hosts = {c.hostname for c in there if c.kind is not ConfigurationKind.PANORAMA}
        host = told.firewall or (hosts.pop() if len(hosts) == 1 else None)
        return Told(told.answers, self._serial_of(file, host) or host, told.vsys)

    def _one_firewall(self, sessions: pl.DataFrame | None, owned: Sequence[Told]) -> bool:
        """Whether nothing among the inputs names a second firewall or a second virtual system."""
        hosts, serials, systems = self._named(sessions)
        for told in owned:
            known = next((s for s in self.systems if told.firewall and told.firewall == s.serial), None)
            hosts.add(_folded(known.hostname if known else told.firewall))
            systems.add(told.vsys)
        return all(len(found - {None}) <= 1 for found in (hosts, serials, systems))

    def _named(self, sessions: pl.DataFrame | None) -> tuple[set[str | None], set[str | None], set[str | None]]:
        """The host names (in lower case), serial numbers and virtual systems in configurations, systems and sessions."""
        own = [c for c in self.configurations if c.kind is not ConfigurationKind.PANORAMA]
        hosts = {_folded(c.hostname) for c in own} | {_folded(s.hostname) for s in self.systems}
        serials = {c.serial for c in own} | {s.serial for s in self.systems}
        systems: set[str | None] = {name for c in own for name in c.vsys}
        if sessions is not None:
            hosts.update(map(_folded, _words(sessions["device_name"])))
            serials.update(_words(sessions["serial"]))
            systems.update(_words(sessions["vsys"]))
        return hosts, serials, systems

    def _strangers(self, sessions: pl.DataFrame | None, apart: Sequence[Told]) -> list[Problem]:
        """A sentence about every firewall of which nothing but answers is there."""
        hosts, serials, _ = self._named(sessions)
        if not hosts - {None}:
            return []
        owners = dict.fromkeys(told.firewall for told in apart if told.firewall)
        message = "answers of {} are there and nothing else of that firewall; they count for no session"
        return [
            Problem("the inputs", None, message.format(owner))
            for owner in owners
            if owner not in serials and owner.lower() not in hosts
        ]

    def _with_serials(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of the session table with the serial number of their firewall, where the inputs tell whose they are.

        The answers hold none: it is that of the `show system info` in the same file, else of the only firewall
        that has one in the same folder, else that of the log rows with the host name of the prompt. A prompt with
        another host name than a firewall's says that the rows are not that firewall's.
        """
        lacking = frame["serial"].is_null() & frame["state"].is_not_null()
        if not lacking.any():
            return frame
        owners = frame.filter(lacking).select("file", "device_name").unique(maintain_order=True)
        logged = _serials_in_logs(frame)
        for file, host in owners.rows():
            if serial := self._serial_of(file, host) or logged.get((host or "").lower()):
                here = lacking & (frame["file"] == file) & frame["device_name"].eq_missing(host)
                frame = frame.with_columns(
                    pl.when(here)
                    .then(pl.lit(serial).cast(pl.Categorical()))
                    .otherwise(pl.col("serial"))
                    .alias("serial")
                )
        return frame

    def _with_names(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of the session table with the host name of their firewall, where exactly one goes with their serial number:
        in `show system info`, else in configurations, else in the log rows of that firewall."""
        lacking = frame["device_name"].is_null() & frame["state"].is_not_null() & frame["serial"].is_not_null()
        if not lacking.any():
            return frame
        own = [c for c in self.configurations if c.kind is not ConfigurationKind.PANORAMA]
        logged = frame.filter(pl.col("state").is_null()).select("serial", "device_name").unique().drop_nulls()
        told = ([(s.serial, s.hostname) for s in self.systems], [(c.serial, c.hostname) for c in own], logged.rows())
        names: dict[str, str] = {}
        for serial in _words(frame.filter(lacking)["serial"]):
            hosts = next(
                filter(None, ({host for number, host in pairs if number == serial and host} for pairs in told)), ()
            )
            if len(set(map(_folded, hosts))) == 1:
                names[serial] = min(hosts)
        if not names:
            return frame
        found = frame["serial"].cast(pl.String).replace_strict(names, default=None, return_dtype=pl.String)
        return frame.with_columns(
            pl.when(lacking).then(found.cast(pl.Categorical())).otherwise(pl.col("device_name")).alias("device_name")
        )

    def _serial_of(self, file: int, host: str | None = None) -> str | None:
        for belongs in (
            lambda other: other == file,
            lambda other: self.folders[other] == self.folders[file],
        ):
            there = [s for s in self.systems if s.serial and belongs(s.file)]
            named = [s for s in there if host and s.hostname and s.hostname.lower() == host.lower()]
            serials = {s.serial for s in named or there if not host or not s.hostname or named}
            if len(serials) == 1:
                return serials.pop()
            if serials:
                return None
        return None


def _serials_in_logs(frame: pl.DataFrame) -> dict[str, str]:
    """By host name the serial number of the only firewall that log rows call so."""
    known = frame.filter(pl.col("serial").is_not_null()).select("device_name", "serial").unique().drop_nulls()
    found: dict[str, set[str]] = {}
    for name, serial in known.rows():
        found.setdefault(name.lower(), set()).add(serial)
    return {name: serials.pop() for name, serials in found.items() if len(serials) == 1}


def join_tables(kind: Kind, tables: list[pl.DataFrame]) -> pl.DataFrame:
    """One table of all batches, each column in one piece. Empties `tables`."""
    if len(tables) == 1:
        return tables.pop().rechunk()
    names = list(dict.fromkeys([*schema(kind), *(name for table in tables for name in table.columns)]))
    heights = [table.height for table in tables]
    parts = [{series.name: series for series in table} for table in tables]
    tables.clear()
    joined = {}
    for name in names:
        pieces = [part.pop(name, None) for part in parts]
        dtype = next(piece.dtype for piece in pieces if piece is not None)
        joined[name] = pl.concat(
            [
                pl.repeat(None, height, dtype=dtype, eager=True) if piece is None else piece
                for piece, height in zip(pieces, heights, strict=True)
            ],
            rechunk=True,
        ).alias(name)
    return pl.DataFrame(joined)


def _over_each_other(tables: Sequence[ApplicationTable]) -> ApplicationTable:
    """The newest whole content first, answers about single applications last."""

    def rank(table: ApplicationTable) -> tuple[bool, list[int]]:
        return table.complete, [int(part) for part in table.version.split("-") if part.isdigit()]

    merged = ApplicationTable()
    for table in sorted(tables, key=rank):
        merged = table.over(merged) if merged.applications else table
    return merged


def _with_users(frame: pl.DataFrame, owned: Sequence[Told]) -> pl.DataFrame:
    """Rows of the session table with the user that the firewall maps their source to: the table names none itself."""
    mapped: dict[int, list[tuple[str | None, str | None, str]]] = {}
    for told in owned:
        for mapping in told.answers.user_mappings:
            mapped.setdefault(mapping.address, []).append((told.firewall, mapping.vsys or told.vsys, mapping.user))
    if not mapped:
        return frame
    lacking = (frame["state"].is_not_null() & frame["user"].is_null()).arg_true()
    keys = ("source_hi", "source_lo", "serial", "device_name", "vsys")
    users: dict[int, str] = {}
    for row, (high, low, serial, host, vsys) in zip(lacking, frame[lacking].select(keys).rows(), strict=True):
        claims = mapped.get(join_halves(high, low), ()) if high is not None and low is not None else ()
        fitting = {user for firewall, own, user in claims if firewall in (None, serial, host) and own in (None, vsys)}
        if len(fitting) == 1:
            users[row] = fitting.pop()
    if not users:
        return frame
    names = pl.Series("user", [users.get(row) for row in range(frame.height)], pl.String).cast(frame.schema["user"])
    return frame.with_columns(pl.col("user").fill_null(names))


def _folded(host: str | None) -> str | None:
    return host.lower() if host else None


def _words(column: pl.Series) -> list[str]:
    """The different words in a column."""
    return [str(word) for word in column.unique().drop_nulls()]
