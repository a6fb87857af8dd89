"""`whydeny explain`: what happened to the sessions of saved files, as text or JSON lines."""

import json
import sys
from pathlib import Path

import click
import polars as pl

from whydeny.cli.exits import Exit
from whydeny.cli.inputs import inputs_argument, narrate_judging, open_judge, policy_options
from whydeny.cli.main import narrate, reported
from whydeny.filters.compile import compile_filter, needs_judgement
from whydeny.filters.parse import parse_filter
from whydeny.policy.wording import several
from whydeny.report.data import finding_json
from whydeny.report.text import finding_text
from whydeny.verdict.finding import Outcome
from whydeny.verdict.judge import Judge
from whydeny.verdict.outcome import discarded_expression


def selected_rows(judge: Judge, where: str | None) -> list[int]:
    """The rows that a filter selects; without one, those allowed and then denied, and those that the session table
    shows as discarded. `all` selects every row.

    Raises `UsageError` for a filter that can't be read.
    """
    frame = judge.site.sessions.frame
    if where is None:
        chosen = judge.outcomes() == Outcome.ALLOWED_THEN_DENIED.value
        discarded = frame.select(discarded_expression())["discarded"]
        return (chosen | discarded).arg_true().to_list()
    tree = parse_filter(where)
    judged = judge.judge_all() if needs_judgement(tree) else judge.outcomes().to_frame()
    whole = pl.concat([frame, judged], how="horizontal")
    expression = compile_filter(where, columns=whole.columns)
    return whole.select(expression.fill_null(False).alias("chosen"))["chosen"].arg_true().to_list()


@click.command("explain")
@inputs_argument
@policy_options
@click.option(
    "--where", metavar="FILTER", help="Sessions to explain, in PAN-OS's log filter language; 'all' for every one."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def explain_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    where: str | None,
    form: str,
) -> None:
    """Explain why sessions ended as they did.

    INPUT is any number of files or folders: log exports (CSV, XML, syslog), session tables, configurations, answers of
    show and test commands, application content. What each file is, is recognised from its content. Without --where
    every session is explained that was allowed and ended in policy-deny, or that the session table shows as discarded.
    """
    judge = open_judge((*inputs, *config), pan_os, serial, device_group)
    rows = selected_rows(judge, where)
    for number, row in enumerate(rows):
        finding = judge.finding(row)
        if form == "json":
            print(json.dumps(finding_json(finding), ensure_ascii=False))
        else:
            print(("\n" + "-" * 72 + "\n\n" if number else "") + finding_text(finding), end="")
    narrate_judging(judge)
    if not rows:
        narrate(_nothing(judge) if where is None else "no session is selected")
        sys.exit(Exit.NOTHING)


def _nothing(judge: Judge) -> str:
    """That no refused session was found, and what may be why."""
    lacking = [source.name for source in judge.site.sources if "end_reason" in source.lacking]
    if not lacking:
        return "no session is selected"
    lack = "lacks" if len(lacking) == 1 else "lack"
    return (
        f"no session is selected: {several(lacking)} {lack} the column Session End Reason, which tells refused sessions"
    )
