"""`whydeny causes`: the manual of the causes."""

import json
from collections.abc import Iterable

import click

from whydeny.cli.main import reported
from whydeny.model.errors import UsageError
from whydeny.report.manual import manual_book
from whydeny.verdict.catalogue import Entry, catalogue, manual

SCHEMA_VERSION = 1  # of docs/causes.schema.json


@click.command("causes")
@click.argument("cause", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Print the manual of every cause, as one document.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def causes_command(cause: str | None, everything: bool, form: str) -> None:
    """Print the manual of a cause; without ID, list them all."""
    if cause is not None and cause not in catalogue():
        raise UsageError(f"there is no cause '{cause}'; 'whydeny causes' lists them")
    if form == "json":
        chosen = catalogue().values() if cause is None else [catalogue()[cause]]
        for line in _json_lines(chosen, with_manual=everything or cause is not None):
            print(line)
    elif everything:
        print(manual_book(), end="")
    elif cause is None:
        width = max(len(name) for name in catalogue())
        for name, entry in catalogue().items():
            print(f"{name:<{width}}  {entry.cause.title}")
    else:
        print(manual(cause), end="")


def _json_lines(entries: Iterable[Entry], with_manual: bool) -> Iterable[str]:
    for entry in entries:
        cause = entry.cause
        line = {
            "schema": SCHEMA_VERSION,
            "id": entry.id,
            "title": cause.title,
            "releases": cause.releases,
            "needs": list(cause.needs),
            "outranks": list(cause.outranks),
            "references": [{"title": found.title, "address": found.address} for found in cause.references],
        }
        yield json.dumps(line | ({"manual": manual(entry.id)} if with_manual else {}), ensure_ascii=False)
