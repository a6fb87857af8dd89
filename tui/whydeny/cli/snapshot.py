"""`whydeny snapshot`: everything that was opened and found, in one file for the colleague who looks at it tomorrow."""

from pathlib import Path

import click

from whydeny.cli.inputs import inputs_argument, open_judge, policy_options
from whydeny.cli.main import narrate, reported
from whydeny.model.errors import UsageError
from whydeny.snapshot.manifest import JudgedWith
from whydeny.snapshot.save import SUFFIX, save_snapshot


@click.command("snapshot")
@inputs_argument
@policy_options
@click.option(
    "-o", "--output", metavar="NAME", required=True, type=click.Path(path_type=Path), help=f"The file, NAME{SUFFIX}."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@reported
def snapshot_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    output: Path,
    force: bool,
) -> None:
    """Save inputs and verdicts to one file, which opens on another machine without the firewall.

    The file holds sessions, logs, the configurations and the verdicts; open it with any command that takes INPUT.
    """
    path = output if output.suffix else output.with_suffix(SUFFIX)
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")
    judge = open_judge((*inputs, *config), pan_os, serial, device_group)
    judged = judge.judge_all()
    for problem in dict.fromkeys(judge.problems.values()):
        narrate(problem)
    save_snapshot(path, judge.site, judged, judged_with=JudgedWith(pan_os, serial, device_group))
    print(f"{path}: {len(judge.site.sessions):,} sessions, {path.stat().st_size:,} bytes")
