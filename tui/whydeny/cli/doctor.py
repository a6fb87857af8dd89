"""`whydeny doctor`: what the terminal and the machine give, and what to change."""

import shutil

import click

from whydeny.cli.main import reported
from whydeny.model.safe import safe_text


@click.command("doctor")
@reported
def doctor_command() -> None:
    """Print terminal, colours, locale, the way to the clipboard, folders, and what to change."""
    from whydeny.ui.doctor import facts  # loads the screen's modules

    size = shutil.get_terminal_size()
    found = facts(size=(size.columns, size.lines))
    width = max(len(fact.what) for fact in found)
    for fact in found:
        print(f"{fact.what:<{width}}  {safe_text(fact.found)}")
        if fact.advice:
            print(f"{'':<{width}}  change: {safe_text(fact.advice)}")
