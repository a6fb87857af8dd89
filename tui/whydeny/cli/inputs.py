"""Arguments that several commands share, and the opening of inputs for them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from whydeny.cli.main import narrate
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress
from whydeny.model.release import Release, parse_release
from whydeny.model.site import Site
from whydeny.sources.application_store import add_stored_content
from whydeny.sources.open import open_inputs

_PATH = click.Path(path_type=Path)

inputs_argument = click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=_PATH)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--config, --pan-os, --serial and --device-group."""
    for option in (
        click.option("--device-group", metavar="GROUP", help="Whose policy, of a Panorama configuration."),
        click.option("--serial", metavar="SERIAL", help="Which firewall a Panorama configuration is judged for."),
        click.option("--pan-os", metavar="VERSION", help="The PAN-OS release, over what the inputs say."),
        click.option(
            "--config", metavar="FILE", multiple=True, type=_PATH, help="A configuration; the same as an INPUT."
        ),
    ):
        command = option(command)
    return command


def release_of(text: str | None) -> Release | None:
    """The release of --pan-os; raises `UsageError` if it is none."""
    if text is None:
        return None
    release = parse_release(text)
    if release is None:
        raise UsageError(f"--pan-os takes a release such as 10.2 or 10.2.4-h2, not '{text}'")
    return release


def open_site(paths: tuple[Path, ...], progress: Progress | None = None) -> Site:
    """Open inputs, and let kept application content stand in; raises `InputError` if none can be used."""
    site = open_inputs(paths, progress)
    add_stored_content(site)
    return site


def narrate_problems(site: Site) -> None:
    """Say on standard error what could not be read."""
    for problem in site.problems:
        narrate(str(problem))
    sys.stderr.flush()
