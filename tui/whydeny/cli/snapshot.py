"""`whydeny snapshot`: everything that was opened and found, in one file for the colleague who looks at it tomorrow."""

import json
from pathlib import Path
from typing import Any

import click

from whydeny.cli.inputs import inputs_argument, narrate_judging, open_judge, policy_options
from whydeny.cli.main import narrate, reported
from whydeny.cli.recheck import SnapshotJudge
from whydeny.model.errors import UsageError
from whydeny.snapshot.manifest import judged_with
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.save import SUFFIX, save_snapshot

SCHEMA_VERSION = 1  # of docs/snapshot.schema.json


@click.command("snapshot")
@inputs_argument
@policy_options
@click.option(
    "-o", "--output", metavar="NAME", required=True, type=click.Path(path_type=Path), help=f"The file, NAME{SUFFIX}."
)
@click.option("--redact", is_flag=True, help="Put other addresses, names and users in the place of the real ones.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def snapshot_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    output: Path,
    redact: bool,
    force: bool,
    form: str,
) -> None:
    """Save inputs and verdicts to one file, which opens on another machine without the firewall.

    The file holds sessions, logs, the configurations and the verdicts; open it with any command that takes INPUT.

    With --redact it is safe to share: addresses that share a prefix still do, names are the same wherever they stand,
    descriptions and notes are left out, and the verdicts are those of the original. What was replaced is said.
    """
    path = output if output.suffix else output.with_suffix(SUFFIX)
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")
    judge = open_judge((*inputs, *config), pan_os, serial, device_group)
    judged = judge.judge_all()
    narrate_judging(judge)
    redaction = Redaction() if redact else None
    kept = judge.snapshot if isinstance(judge, SnapshotJudge) else None
    marks, notes, view = (kept.marks, kept.notes, kept.view) if kept is not None else ((), None, None)
    save_snapshot(path, judge.site, judged, marks, notes, view, redact=redaction, judged_with=judged_with(judge))
    for sentence in redaction.report.sentences() if redaction is not None else ():
        narrate(sentence)
    sessions, size = len(judge.site.sessions), path.stat().st_size
    if form == "json":
        print(json.dumps(_data(path, sessions, size, redaction), ensure_ascii=False))
    else:
        print(f"{path}: {sessions:,} sessions, {size:,} bytes")


def _data(path: Path, sessions: int, size: int, redaction: Redaction | None) -> dict[str, Any]:
    found: dict[str, Any] = {"schema": SCHEMA_VERSION, "path": str(path), "sessions": sessions, "bytes": size}
    found["redacted"] = redaction is not None
    if redaction is not None:
        report = redaction.report
        found |= {
            "replaced": {kind: count for kind, count in report.replaced.items() if count},
            "left_out": {kind: count for kind, count in report.left_out.items() if count},
            "verdicts_changed": report.verdicts_changed,
        }
    return found
