"""`whydeny report`: thousands of refused sessions as a list of findings."""

import sys
from pathlib import Path

import click
import polars as pl

from whydeny.cli.exits import Exit
from whydeny.cli.explain import selected_rows
from whydeny.cli.inputs import inputs_argument, narrate_judging, open_judge, policy_options
from whydeny.cli.main import narrate, reported
from whydeny.cli.recheck import SnapshotJudge
from whydeny.report.html import report_html
from whydeny.report.site import build_report
from whydeny.report.site_text import report_csv, report_json, report_markdown, report_text

FORMS = ("text", "markdown", "json", "csv", "html")


@click.command("report")
@inputs_argument
@policy_options
@click.option("--where", metavar="FILTER", help="Only these sessions; all of them by default.")
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option("--most", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Groups at the most.")
@click.option("--title", default="Sessions that were allowed, then denied", show_default=True)
@reported
def report_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    where: str | None,
    form: str,
    most: int,
    title: str,
) -> None:
    """Group refused sessions into findings: cause, rules, application, port, and the one fix that serves each group.

    The HTML form is one file with nothing fetched from elsewhere: whydeny report INPUT --format html > report.html
    """
    judge = open_judge((*inputs, *config), pan_os, serial, device_group)
    site = judge.site
    rows = None if where is None else pl.Series(selected_rows(judge, where), dtype=pl.UInt32)
    if not len(site.sessions) or (rows is not None and not len(rows)):
        narrate("no session is selected")
        sys.exit(Exit.NOTHING)
    judged = judge.judge_all()
    narrate_judging(judge)
    kept = judge.snapshot if isinstance(judge, SnapshotJudge) else None
    notes, redacted = (kept.notes, kept.manifest.redacted) if kept is not None else (None, False)
    report = build_report(site, judge, judged, title, most, rows, notes, redacted)
    if form == "json":
        for line in report_json(report):
            print(line)
        return
    write = {"text": report_text, "markdown": report_markdown, "csv": report_csv, "html": report_html}[form]
    print(write(report), end="")
