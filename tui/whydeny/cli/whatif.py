"""`whydeny whatif`: replay every session against a changed policy."""

import sys
from pathlib import Path

import click
import polars as pl

from whydeny.cli.exits import Exit
from whydeny.cli.explain import selected_rows
from whydeny.cli.inputs import inputs_argument, open_judge, policy_options
from whydeny.cli.main import narrate, reported
from whydeny.model.errors import InputError, UsageError
from whydeny.report.whatif import Asked, whatif_json, whatif_text
from whydeny.sources.open import open_inputs
from whydeny.verdict.candidate import Candidate, edit_site, replace_configuration
from whydeny.verdict.judge import Judge
from whydeny.verdict.whatif import replay

_PATH = click.Path(path_type=Path)
LARGEST_EDIT = 4 * 1024 * 1024  # bytes of lines


@click.command("whatif")
@inputs_argument
@policy_options
@click.option("--candidate", metavar="FILE", type=_PATH, help="A configuration in the place of the present one.")
@click.option(
    "--edit", "edit", metavar="FILE", type=_PATH, help="Set, delete, move and rename lines; - reads them here."
)
@click.option("--line", "lines", metavar="LINE", multiple=True, help="One such line; may be given again.")
@click.option("--vsys", metavar="NAME", help="For lines that name no virtual system.  [default: vsys1]")
@click.option("--where", metavar="FILTER", help="Only these sessions; all of them by default.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def whatif_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    candidate: Path | None,
    edit: Path | None,
    lines: tuple[str, ...],
    vsys: str | None,
    where: str | None,
    form: str,
) -> None:
    """Replay every session against a changed policy: what would pass, what would be lost, what can't be told.

    The change is a candidate configuration, or lines as configuration mode takes them:

    \b
      --line 'set rulebase security rules OUT service [ service-http service-https ]'
      --line 'set device-group DG pre-rulebase security rules "Web out" application dns'
      --line 'move rulebase security rules new before OUT'

    Nothing is changed on a firewall: the lines are printed for pasting.
    """
    if sum((candidate is not None, edit is not None, bool(lines))) != 1:
        raise UsageError("one of --candidate, --edit and --line is needed, and no two of them")
    judge = open_judge((*inputs, *config), pan_os, serial, device_group)
    site = judge.site
    if candidate is not None:
        found = _candidate(judge, candidate)
    elif edit is not None:
        found = _edited(judge, _read(edit), str(edit), vsys)
    else:
        found = _edited(judge, list(lines), "--line", vsys)
    rows = None if where is None else pl.Series(selected_rows(judge, where), dtype=pl.UInt32)
    if not len(site.sessions) or (rows is not None and not len(rows)):
        narrate("no session is selected")
        sys.exit(Exit.NOTHING)
    after = Judge(found.site, judge.firewalls.override, judge.serial, judge.device_group)
    result = replay(site, judge, after, rows=rows, notes=found.notes)
    for problem in dict.fromkeys((*judge.problems.values(), *after.problems.values())):
        narrate(problem)
    asked = Asked(found.lines, candidate="" if candidate is None else str(candidate))
    if form == "text":
        print(whatif_text(result, asked), end="")
        return
    for line in whatif_json(result, asked, site):
        print(line)


def _candidate(judge: Judge, path: Path) -> Candidate:
    configurations = open_inputs([path]).configurations
    if not configurations:
        raise InputError(f"{path}: expected a configuration, found none in it")
    return replace_configuration(judge.site, judge.firewalls, configurations, judge.serial)


def _edited(judge: Judge, lines: list[str], name: str, vsys: str | None) -> Candidate:
    try:
        found = edit_site(judge.site, judge.firewalls, lines, vsys, judge.serial, judge.device_group)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    if not found.lines:
        raise UsageError(f"{name}: expected set, delete, move or rename lines, found none")
    return found


def _read(path: Path) -> list[str]:
    """The lines of a file, or of standard input for `-`."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(LARGEST_EDIT + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LARGEST_EDIT + 1)
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    if len(data) > LARGEST_EDIT:
        raise InputError(f"{path}: at most {LARGEST_EDIT:,} bytes of lines are read")
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} can't be read: it is not UTF-8 text") from None
