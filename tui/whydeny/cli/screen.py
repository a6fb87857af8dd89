"""`whydeny open` and `whydeny demo`: the full-screen explorer."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from whydeny.cli.inputs import inputs_argument, open_site, policy_options, release_of, snapshot_among
from whydeny.cli.main import reported
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress
from whydeny.model.site import Site
from whydeny.snapshot.manifest import Snapshot
from whydeny.sources.open import OnRows


def explore(
    read: Callable[[Progress, OnRows], Site | Snapshot], title: str, where: str | None = None, **choice: Any
) -> None:
    """Open the screen; raises `UsageError` where there is no terminal for it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screen needs a terminal; 'whydeny explain' prints to a pipe or a file")
    from whydeny.ui.app import run_explorer  # the screen is loaded only when it is opened

    sys.exit(run_explorer(read, title, where, **choice))


def explore_live_demo() -> NoReturn:
    """Open the screen on the demonstration's stand-in firewall; raises `UsageError` where there is no terminal for it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a live firewall is looked at on the screen, which needs a terminal")
    from whydeny.demo.live import run_live_demo
    from whydeny.demo.standin import KEY
    from whydeny.sources.firewall.secret import Secret
    from whydeny.ui.link import Link, Target
    from whydeny.ui.live import run_live

    with run_live_demo() as stand_in:
        target = Target("127.0.0.1", stand_in.port, fingerprint=stand_in.fingerprint)
        status = run_live(Link(target, Secret(KEY)))
    sys.exit(status)


@click.command("open")
@inputs_argument
@policy_options
@click.option("--where", metavar="FILTER", help="Begin with this filter.")
@reported
def open_command(
    inputs: tuple[Path, ...],
    config: tuple[Path, ...],
    pan_os: str | None,
    serial: str | None,
    device_group: str | None,
    where: str | None,
) -> None:
    """Open saved exports and configurations, or a snapshot with its marks and notes, on the screen.

    INPUT is any number of files or folders, packed (gzip, bzip2, xz, zip, tar) or not: log exports (CSV, XML,
    syslog), session tables, configurations, answers of show and test commands, application content. What each file is,
    is recognised from its content.

    What no export holds can be given by hand, in a folder called lists (or list, edl, external-lists, members): for
    each object a text file called as the object is (.txt, .list, .lst and .csv are taken off), with one member a line
    and remarks after a #. What no file can be called is written as in a URL: domain%5Cgroup.txt. Addresses, networks
    and ranges are the members of an external list or a dynamic address group; single addresses in a file called as a
    host name is are those of that host as well. Users (domain\\user, user@domain) are the members of a user group,
    URLs those of an external list. A file with nothing but a remark says that there are no members.
    """
    paths = (*inputs, *config)
    title = " + ".join(path.name or str(path) for path in paths[:3]) + (" + …" if len(paths) > 3 else "")

    def read(progress: Progress, on_rows: OnRows | None = None) -> Site | Snapshot:
        return snapshot_among(paths, progress) or open_site(paths, progress, on_rows)

    explore(
        read,
        title,
        where,
        release=release_of(pan_os),
        serial=serial,
        device_group=device_group,
    )


@click.command("demo")
@click.option("--live", is_flag=True, help="Watch one of its firewalls live: a stand-in on this machine, over TLS.")
@reported
def demo_command(live: bool) -> None:
    """Open the packaged demonstration site: synthetic firewalls, sessions and logs."""
    from whydeny.demo import demo_folder

    if live:
        explore_live_demo()
    with demo_folder() as folder:

        def read(progress: Progress, on_rows: OnRows | None = None) -> Site:
            site = open_site((folder,), progress, on_rows)
            site.sources = [replace(source, name=Path(source.name).name) for source in site.sources]
            return site

        explore(read, "demonstration (synthetic)")
