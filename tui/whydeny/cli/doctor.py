"""`whydeny doctor`: what the terminal and the machine give, and what to change."""

import json
import shutil

import click

from whydeny.cli.main import reported
from whydeny.model.safe import safe_text

SCHEMA_VERSION = 1  # of docs/doctor.schema.json


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def doctor_command(form: str) -> None:
    """Print terminal, colours, locale, the way to the clipboard, folders, and what to change."""
    from whydeny.ui.doctor import facts  # loads the screen's modules

    size = shutil.get_terminal_size()
    found = facts(size=(size.columns, size.lines))
    width = max(len(fact.what) for fact in found)
    for fact in found:
        said, advice = safe_text(fact.found), safe_text(fact.advice)
        if form == "json":
            line = {"schema": SCHEMA_VERSION, "what": fact.what, "found": said, "advice": advice or None}
            print(json.dumps(line, ensure_ascii=False))
            continue
        print(f"{fact.what:<{width}}  {said}")
        if advice:
            print(f"{'':<{width}}  change: {advice}")
