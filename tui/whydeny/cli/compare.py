"""`whydeny compare`: two snapshots, or two folders of exports, side by side."""

import sys
from pathlib import Path

import click

from whydeny.cli.exits import Exit
from whydeny.cli.inputs import narrate_judging, open_judge, whose_policy_options
from whydeny.cli.main import reported
from whydeny.report.compare import MOST, compare_json, compare_text, is_same
from whydeny.snapshot.compare import Moment, compare

_PATH = click.Path(path_type=Path)


@click.command("compare")
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@whose_policy_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--most", type=click.IntRange(1, 100_000), default=MOST, show_default=True, help="Lines of each sort.")
@reported
def compare_command(
    before: Path,
    after: Path,
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    form: str,
    most: int,
) -> None:
    """Compare two moments: sessions that are new, gone or ended otherwise, rules that changed, and what they moved.

    BEFORE and AFTER are snapshots, or files or folders as any command takes them. Both are judged by this version.

    Exit status: 0 nothing differs, 1 something does, 2 the call or an input can't be used.
    """
    first, second = (_moment(path, pan_os, serial, device_group) for path in (before, after))
    found = compare(first, second)
    names = (before.name or str(before), after.name or str(after))
    if form == "text":
        print(compare_text(found, first, second, names, most), end="")
    else:
        for line in compare_json(found, first, second, names):
            print(line)
    sys.exit(Exit.OK if is_same(found) else Exit.DIFFERENT)


def _moment(path: Path, pan_os: str | None, serial: str | None, device_group: str | None) -> Moment:
    judge = open_judge((path,), pan_os, serial, device_group)
    moment = Moment(judge.site, judge.judge_all())
    narrate_judging(judge)
    return moment
