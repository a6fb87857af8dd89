"""A live firewall into a snapshot, without the screen: the sessions refused in the last hour, all logs of that hour."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whydeny.cli.inputs import narrate_problems
from whydeny.cli.main import narrate
from whydeny.model.columns import Kind
from whydeny.model.errors import UsageError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.snapshot.manifest import judged_with
from whydeny.snapshot.save import SUFFIX, save_snapshot
from whydeny.verdict.judge import Judge

if TYPE_CHECKING:
    from whydeny.ui.link import Link


def save_live(link: "Link", output: Path, force: bool, where: str | None, release: Release | None) -> None:
    """Fetch, judge and save; prints what was saved. The password is asked for without showing it.

    Raises `UsageError`, `FirewallError` or `WhydenyError`, in one sentence each.
    """
    from whydeny.ui.asking import log_query
    from whydeny.ui.link import ChooseFirewall

    path = output if output.suffix else output.with_suffix(SUFFIX)
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")
    query = log_query(where) if where else None
    if where and query is None:
        raise UsageError(
            "nothing of --where can be asked of the firewall's log; it takes ( addr.src in 10.1.1.1 ) and such"
        )
    _ask_password(link)
    progress = Progress(_Narrator())
    try:
        try:
            link.open(progress, lambda _: None)
        except ChooseFirewall as choice:
            names = ", ".join(f"{one.serial} ({one.hostname})" for one in choice.managed)
            raise UsageError(f"{choice} with --serial: {names}") from None
        source = link.source
        if query:
            source.search(Kind.TRAFFIC, query, progress)
        source.fetch_logs(progress)
        engine = Judge(source.site, release).engine_for(source.system.serial, link.target.vsys)
        if engine is not None:
            source.resolve(engine.policy, None, progress)
    finally:
        link.close()
    judge = Judge(source.site, release)
    narrate_problems(judge.site)
    judged = judge.judge_all(progress)
    save_snapshot(path, judge.site, judged, judged_with=judged_with(judge))
    print(f"{path}: {len(judge.site.sessions):,} sessions, {path.stat().st_size:,} bytes")


def _ask_password(link: "Link") -> None:
    from whydeny.sources.firewall.secret import Secret

    if link.ready:
        return
    if not sys.stdin.isatty():
        raise UsageError("without a terminal to ask for a password on, give --key-file, --key-variable or --panrc")
    name = link.target.name
    user = link.target.user or click.prompt(f"User at {name}", err=True)
    link.log_in_as(user, Secret(click.prompt(f"Password of {user} at {name}", hide_input=True, err=True)))


class _Narrator:
    """Says what is being done, once each."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, what: str, _done: int, _total: int) -> None:
        """A report of the progress."""
        if what != self._said:
            self._said = what
            narrate(what)
