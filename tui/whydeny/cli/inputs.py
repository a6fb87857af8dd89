"""Arguments that several commands share, and the opening of inputs for them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from whydeny.cli.main import narrate
from whydeny.cli.recheck import SnapshotJudge
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress
from whydeny.model.release import Release, parse_release
from whydeny.model.site import Site
from whydeny.snapshot.load import is_snapshot, load_snapshot
from whydeny.snapshot.manifest import Snapshot
from whydeny.sources.application_store import add_stored_content
from whydeny.sources.open import OnRows, open_inputs
from whydeny.verdict.judge import Judge


class _InputPath(click.Path):
    """A path; an empty one, as a script's unset variable gives, would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("an empty name is no file or folder", param, ctx)
        return super().convert(value, param, ctx)


_PATH = _InputPath(path_type=Path)

inputs_argument = click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=_PATH)


def whose_policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--pan-os, --serial and --device-group."""
    for option in (
        click.option(
            "--device-group", metavar="GROUP", help="Whose policy, for firewalls that Panorama lists in no group."
        ),
        click.option("--serial", metavar="SERIAL", help="Which firewall a Panorama configuration is judged for."),
        click.option("--pan-os", metavar="VERSION", help="The PAN-OS release, over what the inputs say."),
    ):
        command = option(command)
    return command


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--config, --pan-os, --serial and --device-group."""
    configuration = click.option(
        "--config", metavar="FILE", multiple=True, type=_PATH, help="A configuration; the same as an INPUT."
    )
    return configuration(whose_policy_options(command))


def release_of(text: str | None) -> Release | None:
    """The release of --pan-os; raises `UsageError` if it is none."""
    if text is None:
        return None
    release = parse_release(text)
    if release is None:
        raise UsageError(f"--pan-os takes a release such as 10.2 or 10.2.4-h2, not '{text}'")
    return release


def snapshot_among(paths: tuple[Path, ...], progress: Progress | None = None) -> Snapshot | None:
    """The snapshot, where the inputs are one; raises `UsageError` for one beside other inputs."""
    found = [path for path in paths if is_snapshot(path)]
    if not found:
        return None
    if len(paths) > 1:
        raise UsageError(
            f"{found[0]} is a snapshot, which is opened alone: it holds all the inputs that it was made from"
        )
    return load_snapshot(found[0], progress)


def open_site(paths: tuple[Path, ...], progress: Progress | None = None, on_rows: OnRows | None = None) -> Site:
    """Open inputs, and let kept application content stand in; raises `InputError` if none can be used.

    `on_rows` is told of the session rows as they are read (see `open_inputs`); a snapshot comes whole.
    """
    snapshot = snapshot_among(paths, progress)
    if snapshot is not None:
        return snapshot.site
    site = open_inputs(paths, progress, on_rows)
    add_stored_content(site)
    return site


def open_judge(
    paths: tuple[Path, ...], pan_os: str | None = None, serial: str | None = None, device_group: str | None = None
) -> Judge:
    """Open inputs for judging, and say on standard error what could not be read.

    What a snapshot was judged with counts where the call says nothing else.
    """
    snapshot = snapshot_among(paths)
    if snapshot is not None:
        saved = snapshot.manifest.judged_with
        pan_os, serial = pan_os or saved.release, serial or saved.serial
        device_group = device_group or saved.device_group
    release = release_of(pan_os)
    if snapshot is not None:
        narrate_problems(snapshot.site)
        return SnapshotJudge(snapshot, release, serial, device_group)
    site = open_site(paths)
    narrate_problems(site)
    return Judge(site, release, serial, device_group)


def narrate_judging(judge: Judge) -> None:
    """Say on standard error whose policy could not be chosen, what is to be known of those that were, and where a
    snapshot is judged otherwise than it was."""
    for sentence in dict.fromkeys((*judge.problems.values(), *judge.notes())):
        narrate(sentence)
    if isinstance(judge, SnapshotJudge):
        for sentence in judge.changes():
            narrate(sentence)


def narrate_problems(site: Site) -> None:
    """Say on standard error what could not be read."""
    for problem in site.problems:
        narrate(str(problem))
    sys.stderr.flush()
