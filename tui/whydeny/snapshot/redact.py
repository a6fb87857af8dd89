"""A site without what tells whose it is: the same verdicts, other names and addresses.

Every text of the model is of a sort (`sorts`); a test holds that nothing of the model is left out. What no
verdict needs is left out: descriptions, where lists are fetched, problems, further columns of an export, notes
and view state. Passwords, keys, certificates and the secrets of SNMP or VPN are never in a snapshot: it holds the
parts of a configuration that verdicts use, and they are not among them. What stays as it is: times, ports,
counters, applications and countries by their public names, releases, and the size and order of the rulebases.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import PurePath

import polars as pl

from whydeny.model.applications import ApplicationTable
from whydeny.model.columns import COLUMNS, Kind, Type
from whydeny.model.progress import Progress, silent
from whydeny.model.release import parse_release
from whydeny.model.site import TELLING, Site
from whydeny.model.tables import LogTable, SessionTable
from whydeny.snapshot.aliases import Aliases
from whydeny.snapshot.manifest import JudgedWith
from whydeny.snapshot.rewrite import Rewriter
from whydeny.snapshot.sorts import Sort, column_sort
from whydeny.snapshot.texts import Texts
from whydeny.verdict.judge import Judge

_SUFFIX = re.compile(r"\.(csv|xml|txt|log|json|zip|tgz|gz)")

# What the kinds of aliases are called in a report, one and several.
_CALLED = {
    "address": ("address", "addresses"),
    "uuid": ("rule UUID", "rule UUIDs"),
    "url": ("URL", "URLs"),
    "user": ("user or group", "users and groups"),
    "serial": ("serial number", "serial numbers"),
    "device": ("device name", "device names"),
    "word": ("word of free text", "words of free text"),
    "problem": ("problem of reading", "problems of reading"),
    "dropped": ("description or address of a list", "descriptions and addresses of lists"),
    "column": ("unknown column of an export", "unknown columns of an export"),
    "note": ("note", "notes"),
    "view": ("view state", "view states"),
}


def _called(kind: str, count: int) -> str:
    one, several = _CALLED.get(kind, (f"{kind} name", f"{kind} names"))
    return f"{count:,} {one if count == 1 else several}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a redaction replaced (distinct texts by kind) and left out, and how many verdicts differ afterwards:
    None where nothing had been judged."""

    replaced: Mapping[str, int]
    left_out: Mapping[str, int]
    verdicts_changed: int | None = None

    def sentences(self) -> tuple[str, ...]:
        """The report in sentences, for the screen and the command line."""
        found = []
        for what, counts in (("replaced", self.replaced), ("left out", self.left_out)):
            if any(counts.values()):
                found.append(f"{what}: {', '.join(_called(kind, count) for kind, count in counts.items() if count)}")
        if self.verdicts_changed:
            found.append(f"{self.verdicts_changed:,} verdicts are not what they were: trust the original's")
        elif self.verdicts_changed == 0:
            found.append("every verdict is the same as before")
        return tuple(found)


class Redaction:
    """One redaction. Under the same key the same texts get the same aliases, from snapshot to snapshot.

    The key may be of any length; without one, a key is made up and forgotten: nobody can redo or undo it.
    `aliases.replaced` says what became
    what; it is for the one who redacts and goes into no file. `report` says how much was replaced.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.aliases = Aliases(blake2b(key or secrets.token_bytes(32), digest_size=32).digest())
        self.report = Report({}, {})

    def apply(
        self,
        site: Site,
        judged: pl.DataFrame | None = None,
        judged_with: JudgedWith | None = None,
        progress: Progress | None = None,
    ) -> tuple[Site, pl.DataFrame | None, JudgedWith]:
        """The redacted site, its verdicts judged anew where there were any, and what they are judged with.

        The given site is left as it is.
        """
        progress = progress or silent()
        asked = judged_with or JudgedWith()
        texts = Texts(self.aliases, site)
        rewriter = Rewriter(texts)
        redacted = _redacted(site, texts, rewriter, progress)
        instead = JudgedWith(
            asked.release,
            None if asked.serial is None else texts.text(asked.serial, Sort.SERIAL),
            None if asked.device_group is None else texts.text(asked.device_group, Sort.GROUP),
        )
        again = None
        if judged is not None:
            judge = Judge(redacted, parse_release(asked.release), instead.serial, instead.device_group)
            again = judge.judge_all(progress)
        frames = [site.sessions.frame, *(log.frame for log in site.logs.values())]
        self.report = Report(
            {"address": len(self.aliases.addresses)}
            | {kind: len(found) for kind, found in self.aliases.replaced.items()},
            {
                "dropped": rewriter.dropped,
                "column": sum(name.startswith("x:") for frame in frames for name in frame.columns),
                "problem": len(site.problems),
            },
            None if judged is None or again is None else _moved(judged, again),
        )
        return redacted, again, instead

    def leave_out(self, kind: str, count: int) -> None:
        """Have the report say that so many notes or view states were left out."""
        self.report = replace(self.report, left_out={**self.report.left_out, kind: count})


def _redacted(site: Site, texts: Texts, rewriter: Rewriter, progress: Progress) -> Site:
    total = 3 + len(site.logs)
    progress.step("redacting", 0, total)
    configurations = [rewriter.rewrite(configuration) for configuration in site.configurations]
    systems = [rewriter.rewrite(system) for system in site.systems]
    answers = rewriter.rewrite_answers(site.answers)
    told = tuple(rewriter.rewrite_told(told) for told in site.told)
    progress.step("redacting", 1, total)
    sessions = _table(texts, Kind.TRAFFIC, site.sessions.frame, prose=False)
    frames = {}
    for done, (kind, log) in enumerate(site.logs.items(), start=2):
        progress.step("redacting", done, total)
        frames[kind] = _table(texts, kind, log.frame, prose=False)
    texts.names_are_known()
    logs = {kind: LogTable(kind, _table(texts, kind, frame, prose=True)) for kind, frame in frames.items()}
    progress.step("redacting", total, total)
    return Site(
        sources=[
            replace(s, name=_file_name(number, s.name), lacking=tuple(name for name in s.lacking if name in TELLING))
            for number, s in enumerate(site.sources, start=1)
        ],
        sessions=SessionTable(sessions),
        logs=logs,
        configurations=[rewriter.rewrite_notes(configuration) for configuration in configurations],
        systems=systems,
        applications=replace(site.applications, origin=_origin(site.applications)),
        answers=answers,
        told=told,
        fetched=site.fetched,
    )


def _table(texts: Texts, kind: Kind, frame: pl.DataFrame, prose: bool) -> pl.DataFrame:
    """The table with the columns of free text replaced, or all others; columns that nobody knows are left out."""
    frame = frame.drop([name for name in frame.columns if name.startswith("x:")])
    for column in COLUMNS[kind]:
        if column.type is Type.ADDRESS and not prose:
            frame = _permuted(texts, frame, column.name)
        elif column.type in (Type.WORD, Type.TEXT):
            sort = column_sort(kind, column.name)
            if sort is not Sort.KEEP and (sort in (Sort.PROSE, Sort.LINES)) is prose:
                frame = _replaced(texts, frame, column.name, sort)
    return frame


def _replaced(texts: Texts, frame: pl.DataFrame, name: str, sort: Sort) -> pl.DataFrame:
    distinct = frame[name].unique().drop_nulls().cast(pl.String).sort()
    if distinct.is_empty():
        return frame
    aliases = pl.Series([texts.text(text, sort) for text in distinct], dtype=pl.String)
    replaced = frame[name].cast(pl.String).replace_strict(distinct, aliases, return_dtype=pl.String)
    return frame.with_columns(replaced.cast(frame[name].dtype).alias(name))


def _permuted(texts: Texts, frame: pl.DataFrame, name: str) -> pl.DataFrame:
    halves = [f"{name}_hi", f"{name}_lo"]
    distinct = frame.select(halves).unique().drop_nulls()
    if distinct.is_empty():
        return frame
    found = texts.aliases.addresses.halves(distinct.rows())
    permuted = pl.DataFrame(found, schema={"new_hi": pl.UInt64(), "new_lo": pl.UInt64()}, orient="row")
    joined = frame.select(halves).join(distinct.hstack(permuted), on=halves, how="left", maintain_order="left")
    return frame.with_columns(joined["new_hi"].alias(halves[0]), joined["new_lo"].alias(halves[1]))


def _origin(table: ApplicationTable) -> str:
    """Where applications come from, without a file's name."""
    return f"{len(table.applications):,} predefined applications" if table.applications else ""


def _file_name(number: int, name: str) -> str:
    """`file-3.csv`: what kind of file it was is all that is kept of its name."""
    suffix = PurePath(name.lower()).suffix
    return f"file-{number}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """How many rows have another outcome, cause, variant or confidence."""
    names = ("outcome", "cause", "variant", "confidence")
    differ = [before[name].cast(pl.String).ne_missing(after[name].cast(pl.String)).alias(name) for name in names]
    return int(pl.DataFrame(differ).select(pl.any_horizontal(pl.all()).sum()).item())
