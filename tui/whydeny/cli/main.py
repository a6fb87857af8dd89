"""The command `whydeny`: arguments in, exit status out; commands load what they need when they run."""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from typing import Any, NoReturn

import click

from whydeny import __version__
from whydeny.cli.exits import Exit
from whydeny.model.errors import Cancelled, WhydenyError
from whydeny.model.safe import safe_text

_QUIET = "whydeny.quiet"  # in the context of the call
_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # what a file or a disk says of an answer

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
    "compare": ("whydeny.cli.compare", "compare_command"),
    "doctor": ("whydeny.cli.doctor", "doctor_command"),
    "completion": ("whydeny.cli.shell", "completion_command"),
    "manual": ("whydeny.cli.shell", "manual_command"),
    "causes": ("whydeny.cli.causes", "causes_command"),
}


def _quieten(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta[_QUIET] = True


def _without_colour(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """What the call starts sees no colours either; when it is over, the environment is as it was."""
    if value and not os.environ.get("NO_COLOR"):
        before = os.environ.get("NO_COLOR")
        os.environ["NO_COLOR"] = "1"
        ctx.call_on_close(lambda: _set_variable("NO_COLOR", before))


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _common() -> tuple[click.Option, ...]:
    """What every command takes, before its name or behind it."""
    return (
        click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, callback=_quieten,
                     help="Nothing on standard error but why the call failed."),
        click.Option(["--no-color"], is_flag=True, expose_value=False, callback=_without_colour,
                     help="No colours on the screen; as NO_COLOR in the environment."),
    )  # fmt: skip


def _with_common(command: click.Command) -> click.Command:
    """`command` and the commands below it with the common options, once."""
    if not any("--quiet" in parameter.opts for parameter in command.params):
        command.params.extend(_common())
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _with_common(below)
    return command


class _Lazy(click.Group):
    """A group that imports a command only when it is needed, and whose help may be left unread."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click's; a reader that left is no failure."""
        try:
            return super().make_context(*args, **kwargs)
        except BrokenPipeError:
            _end_unread()

    def invoke(self, ctx: click.Context) -> Any:
        """As click's; a reader that left is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _end_unread()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return _with_common(command)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="whydeny")
def whydeny() -> None:
    """Why a Palo Alto Networks firewall allowed a session and then refused it.

    Exit status: 0 answered, 1 nothing selected or a difference found, 2 the call or an input can't be used, 3 a defect
    of this program, 130 interrupted.
    """


_with_common(whydeny)


def narrate(message: str) -> None:
    """A line for the user beside the answer: on standard error, safe to print; nothing with --quiet."""
    context = click.get_current_context(silent=True)
    if context is None or not context.find_root().meta.get(_QUIET):
        complain(message)


def complain(message: str) -> None:
    """A line that says why there is no answer: on standard error, safe to print, with --quiet too."""
    print(f"whydeny: {safe_text(message, 2000)}", file=sys.stderr)


def reported(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose errors are one sentence and an exit status."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Cancelled as stopped:
            complain(str(stopped))
            sys.exit(Exit.INTERRUPTED)
        except WhydenyError as error:
            complain(str(error))
            sys.exit(Exit.UNUSABLE)
        except BrokenPipeError:  # before click takes it for a failure
            _end_unread()

    return run


def _end_unread() -> NoReturn:
    """Whoever read the answer has seen enough."""
    _let_go()
    sys.exit(Exit.OK)


def _let_go() -> None:
    """What of the answer is not written yet must not fail at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command line; a defect of the program is one line as well, unless WHYDENY_DEBUG is set."""
    try:
        whydeny(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        _end_unread()
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITTEN:
            _tell_defect(error)
        _let_go()
        complain(f"the answer can't be written: {error.strerror}")
        sys.exit(Exit.UNUSABLE)
    except Exception as defect:  # noqa: BLE001  told, or raised again
        _tell_defect(defect)


def _tell_defect(defect: Exception) -> NoReturn:
    """A defect in one line; the whole of it where WHYDENY_DEBUG is set."""
    if os.environ.get("WHYDENY_DEBUG"):
        raise defect
    complain(f"a defect of this program: {type(defect).__name__}: {defect} (set WHYDENY_DEBUG=1 for where)")
    sys.exit(Exit.DEFECT)
