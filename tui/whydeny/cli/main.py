"""The command `whydeny`: arguments in, exit status out; commands load what they need when they run."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click

from whydeny import __version__
from whydeny.cli.exits import Exit
from whydeny.model.errors import Cancelled, WhydenyError
from whydeny.model.safe import safe_text

# Command name to (module, attribute): a command's module is imported when it is called or when its help is asked.
_COMMANDS = {
    "open": ("whydeny.cli.screen", "open_command"),
    "connect": ("whydeny.cli.connect", "connect_command"),
    "demo": ("whydeny.cli.screen", "demo_command"),
    "explain": ("whydeny.cli.explain", "explain_command"),
    "match": ("whydeny.cli.match", "match_command"),
    "report": ("whydeny.cli.report", "report_command"),
    "whatif": ("whydeny.cli.whatif", "whatif_command"),
    "applications": ("whydeny.cli.applications", "applications_command"),
    "snapshot": ("whydeny.cli.snapshot", "snapshot_command"),
    "doctor": ("whydeny.cli.doctor", "doctor_command"),
    "causes": ("whydeny.cli.causes", "causes_command"),
}


class _Lazy(click.Group):
    """A group that imports a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="whydeny")
def whydeny() -> None:
    """Why a Palo Alto Networks firewall allowed a session and then refused it.

    Exit status: 0 answered, 1 nothing selected, 2 the call or an input can't be used.
    """


def narrate(message: str) -> None:
    """A line for the user beside the answer: on standard error, safe to print."""
    print(f"whydeny: {safe_text(message, 2000)}", file=sys.stderr)


def reported(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose errors are one sentence and an exit status."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Cancelled as stopped:
            narrate(str(stopped))
            sys.exit(Exit.INTERRUPTED)
        except WhydenyError as error:
            narrate(str(error))
            sys.exit(Exit.UNUSABLE)

    return run


def main() -> None:
    """Run the command line; a defect of the program is one line as well, unless WHYDENY_DEBUG is set."""
    try:
        whydeny(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the answer has seen enough; what is left must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except Exception as defect:
        if os.environ.get("WHYDENY_DEBUG"):
            raise
        narrate(f"a defect of this program: {type(defect).__name__}: {defect} (set WHYDENY_DEBUG=1 for where)")
        sys.exit(Exit.DEFECT)
