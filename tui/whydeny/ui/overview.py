"""What was opened and what it holds, counted; most lines lead to a filter of the table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from whydeny.filters.tree import quote
from whydeny.model.columns import Kind
from whydeny.ui.columns import address_texts, short_size
from whydeny.ui.filtering import DENIED, REFUSED_ANYHOW
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.verdict_lines import REFUSED
from whydeny.ui.workbench import Workbench

MOST = 20  # lines of one count; there are fewer causes
MOST_MOMENTS = 6
BAR = 20
WIDTH = 30

# What each kind of input would add, and where it comes from in the web interface.
WANTED: tuple[tuple[Kind, str], ...] = (
    (Kind.DECRYPTION, "decryption log: proves TLS failures (Monitor > Logs > Decryption, from 10.0 on)"),
    (Kind.AUTHENTICATION, "authentication log: shows who was asked and answered (Monitor > Logs > Authentication)"),
    (Kind.URL, "URL log: shows categories and blocks (Monitor > Logs > URL Filtering)"),
    (Kind.THREAT, "threat log: shows what a profile blocked (Monitor > Logs > Threat)"),
    (Kind.SYSTEM, "system log: shows commits, content installs, list refreshes (Monitor > Logs > System)"),
    (Kind.CONFIGURATION, "configuration log: shows whether the rules were the same then (Monitor > Logs > "
                         "Configuration)"),
    (Kind.USERID, "User-ID log: shows when a user's mapping went (Monitor > Logs > User-ID)"),
    (Kind.IPTAG, "IP-tag log: shows when a tag moved a host (Monitor > Logs > IP-Tag)"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilterBy:
    """Where a line leads: the table filtered so."""

    text: str


def overview_lines(bench: Workbench, glyphs: Glyphs, passed_over: Sequence[str] = ()) -> list[Line]:
    """The whole page; `passed_over` are sentences about settings that can't be used."""
    return [
        *_span(bench, glyphs),
        *_counts(bench, glyphs),
        *_missing(bench, glyphs),
        *_policies(bench, glyphs),
        *_firewalls(bench),
        *_sources(bench),
        *_problems(bench, glyphs),
        *_settings(passed_over, glyphs),
    ]


def _title(text: str) -> Line:
    return line(Span(text, "title"))


def _sources(bench: Workbench) -> Iterator[Line]:
    yield _title("Sources")
    for source in bench.site.sources:
        rows = f", {source.rows:,} row{'' if source.rows == 1 else 's'}" if source.rows else ""
        skipped = f", {source.skipped:,} left out" if source.skipped else ""
        yield line("  ", Span(source.name, "strong"), f"  {source.what}{rows}", Span(skipped, "doubt"), hang=4)
    yield BLANK


def _firewalls(bench: Workbench) -> Iterator[Line]:
    site = bench.site
    if not site.systems and not site.configurations:
        return
    yield _title("Firewalls and configurations")
    for system in site.systems:
        parts = (
            system.hostname, system.model, system.serial, f"PAN-OS {system.release}" if system.release else None,
            f"content {system.content_version}" if system.content_version else None,
        )  # fmt: skip
        yield line("  ", ", ".join(part for part in parts if part), hang=4)
    for configuration in site.configurations:
        release = f", release {configuration.release}" if configuration.release else ""
        read = f", read {configuration.saved:%Y-%m-%d %H:%M}" if configuration.saved else ""
        name = site.source_name(configuration.file)
        yield line("  ", Span(name, "strong"), f"  {configuration.kind} configuration{release}{read}", hang=4)
        for note in configuration.notes:
            yield line("    ", Span(note, "quiet"), hang=6)
    applications = site.applications
    if applications.applications:
        version = f", version {applications.version}" if applications.version else ""
        yield line(f"  {len(applications.applications):,} applications from {applications.origin}{version}", hang=4)
    yield BLANK


def _policies(bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    """By whose rules each firewall's sessions are judged, from which files, and what is to be known of that."""
    policies = list(bench.judge.policies())
    if not bench.site.configurations and all(engine is None for _, _, engine, _ in policies):
        return
    yield _title("Judged by")
    for serial, vsys, engine, problem in policies:
        whose = f"{bench.name_of(serial) or 'a firewall that is not named'} {vsys}"
        if engine is None:
            why = problem or "no configuration of it among the inputs"
            yield line("  ", Span(whose, "strong"), Span(f"  no rules: {why}", "doubt"), hang=4)
            continue
        policy = engine.policy
        rules = f"{sum(map(len, policy.rules.values())):,} rules"
        owners = {rule.origin.owner for listed in policy.rules.values() for rule in listed if rule.origin.panorama}
        groups = [f"device group {owner}" for owner in sorted(owners - {"shared", ""})]
        files = [bench.site.source_name(file) for file in policy.files]
        yield line("  ", Span(whose, "strong"), f"  {f' {glyphs.dot} '.join([rules, *groups, *files])}", hang=4)
        rivals = [f"{bench.site.source_name(file)} holds other ones and may be right instead" for file in policy.rivals]
        unplaced = [
            f"nothing tells which of the firewalls {bench.site.source_name(file)} is of" for file in policy.unplaced
        ]
        for sentence in (*unplaced, *rivals, *policy.missing):
            yield line("    ", Span(sentence, "doubt"), hang=6)
        for note in policy.notes:
            yield line("    ", Span(note, "quiet"), hang=6)
    yield BLANK


def _span(bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    first, last = bench.span
    if isinstance(first, datetime) and isinstance(last, datetime):
        yield _title("Time and what happened")
        whose = "each firewall's" if bench.several_firewalls else "the firewall's"
        yield line(f"  {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}, {whose} own time")
        problems = len(bench.site.problems)
        if problems:
            yield line(Span(f"  {problems} problem{'s' if problems > 1 else ''} while reading: see the end", "doubt"))
        for moment in bench.moments[:MOST_MOMENTS]:
            yield line(Span(f"  {glyphs.event} ", "doubt"), f"{moment.at:%Y-%m-%d %H:%M:%S}  {moment.what}", hang=4)
        yield BLANK


def _counts(bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    frame = bench.frame
    denied = frame.filter(pl.col("outcome").cast(pl.String) == "allowed-then-denied")
    refused = frame.filter(pl.col("outcome").cast(pl.String).is_in([str(o) for o in REFUSED]))
    yield from _count("Sessions by outcome", frame, "outcome", "outcome", "", glyphs)
    if bench.several_firewalls:
        yield from _count("Sessions by firewall", frame, "serial", "serial", "", glyphs, named=bench.name_of)
    if denied.height:
        title = "Allowed, then denied: by "
        if bench.several_firewalls:
            yield from _count(f"{title}firewall", denied, "serial", "serial", DENIED, glyphs, named=bench.name_of)
        yield from _count(f"{title}cause", denied, "cause", "cause", DENIED, glyphs, judged=bench.judged)
        yield from _count(f"{title}rule that refused", denied, "denied_by", "denied_by", DENIED, glyphs, bench.judged)
        yield from _count(f"{title}rule in the row", denied, "rule", "rule", DENIED, glyphs)
        yield from _count(f"{title}application", denied, "application", "app", DENIED, glyphs)
    if refused.height:
        yield from _talkers("Refused in any way: by source", refused, "source", "addr.src", glyphs)
        yield from _talkers("Refused in any way: by destination", refused, "destination", "addr.dst", glyphs)
    if frame.height:
        yield from _bytes("Bytes by application", frame, glyphs)


def _count(
    title: str,
    frame: pl.DataFrame,
    column: str,
    field: str,
    within: str,
    glyphs: Glyphs,
    judged: bool = True,
    named: Callable[[str], str] = str,
) -> Iterator[Line]:
    yield _title(title)
    if not judged:
        yield line(Span("  the sessions are still being judged", "quiet"))
        yield BLANK
        return
    counted = frame.select(pl.col(column).cast(pl.String).alias("value")).group_by("value").len()
    counted = counted.sort(["len", "value"], descending=[True, False])
    most = int(counted["len"][0]) if counted.height else 1
    for value, count in counted.head(MOST).iter_rows():
        wanted = f"( {field} eq {quote(value)} )" if value is not None else ""
        text = " and ".join(part for part in (within, wanted) if part)
        name = named(value) if value else glyphs.dash
        yield _bar(name, f"{count:,}", count / most, glyphs, FilterBy(text) if value else None)
    if counted.height > MOST:
        yield line(Span(f"  and {counted.height - MOST:,} more", "quiet"))
    yield BLANK


def _talkers(title: str, frame: pl.DataFrame, end: str, field: str, glyphs: Glyphs) -> Iterator[Line]:
    yield _title(title)
    counted = (
        frame.group_by(f"{end}_hi", f"{end}_lo").len().sort(["len", f"{end}_lo"], descending=[True, False]).head(6)
    )
    most = int(counted["len"][0]) if counted.height else 1
    for address, count in zip(address_texts(end)(counted), counted["len"], strict=True):
        target = FilterBy(f"{REFUSED_ANYHOW} and ( {field} in {address} )") if address else None
        yield _bar(address or glyphs.dash, f"{count:,}", count / most, glyphs, target)
    yield BLANK


def _bytes(title: str, frame: pl.DataFrame, glyphs: Glyphs) -> Iterator[Line]:
    yield _title(title)
    counted = (
        frame.select(pl.col("application").cast(pl.String).alias("value"), "bytes")
        .group_by("value")
        .agg(pl.col("bytes").sum())
        .sort(["bytes", "value"], descending=[True, False])
        .head(6)
    )
    most = int(counted["bytes"][0] or 1) if counted.height else 1
    for value, size in counted.iter_rows():
        target = FilterBy(f"( app eq {quote(value)} )") if value else None
        yield _bar(value or glyphs.dash, short_size(size or 0), (size or 0) / most, glyphs, target)
    yield BLANK


def _bar(name: str, amount: str, share: float, glyphs: Glyphs, target: object) -> Line:
    bar = glyphs.full * max(1, round(share * BAR))
    return line(f"  {name:<{WIDTH}} ", Span(f"{amount:>9} ", "strong"), Span(bar, "quiet"), target=target, cut=True)


def _missing(bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    site = bench.site
    lacking = [words for kind, words in WANTED if kind not in site.logs]
    if not site.configurations:
        lacking.insert(
            0,
            "configuration: the rules, but for what answers of the firewall show of them (Device > Setup > Operations > Export)",
        )
    if not site.systems:
        lacking.append("show system info: tells release and serial number")
    if not lacking:
        return
    yield _title("Not among the inputs")
    for words in lacking:
        yield line(f"  {glyphs.bullet} {words}", hang=4)
    yield BLANK


def _problems(bench: Workbench, glyphs: Glyphs) -> Iterator[Line]:
    problems = bench.site.problems
    yield _title("Problems while reading")
    if not problems:
        yield line(Span("  none", "quiet"))
    for problem in problems:
        yield line(Span(f"  {glyphs.unknown} ", "doubt"), str(problem), hang=4)


def _settings(passed_over: Sequence[str], glyphs: Glyphs) -> Iterator[Line]:
    if passed_over:
        yield BLANK
        yield _title("Settings that were passed over")
    for sentence in passed_over:
        yield line(Span(f"  {glyphs.unknown} ", "doubt"), sentence, hang=4)
