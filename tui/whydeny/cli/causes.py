"""`whydeny causes`: the manual of the causes."""

import click

from whydeny.cli.main import reported
from whydeny.model.errors import UsageError
from whydeny.report.manual import manual_book
from whydeny.verdict.catalogue import catalogue, manual


@click.command("causes")
@click.argument("cause", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Print the manual of every cause, as one document.")
@reported
def causes_command(cause: str | None, everything: bool) -> None:
    """Print the manual of a cause; without ID, list them all."""
    if everything:
        print(manual_book(), end="")
        return
    if cause is None:
        width = max(len(name) for name in catalogue())
        for name, entry in catalogue().items():
            print(f"{name:<{width}}  {entry.cause.title}")
        return
    if cause not in catalogue():
        raise UsageError(f"there is no cause '{cause}'; 'whydeny causes' lists them")
    print(manual(cause), end="")
