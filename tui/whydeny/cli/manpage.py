"""The help of all commands as one page: Markdown, and a man page. Both come from what `--help` prints."""

import re
from collections.abc import Iterator

import click

from whydeny import __version__
from whydeny.cli.exits import MEANINGS

WIDTH = 100
# Every command that answers in JSON lines, and the schema of these in docs/.
SCHEMAS = {
    "explain": "finding",
    "match": "match",
    "report": "report",
    "whatif": "whatif",
    "compare": "compare",
    "snapshot": "snapshot",
    "applications": "applications",
    "causes": "causes",
    "doctor": "doctor",
}
NAME = "whydeny"
_JSON = (
    "With `--format json` a command prints JSON objects, one a line. Each says in `schema` the version of its shape, "
    "which is\nanother one when a name or a meaning changes."
)
_VARIABLES = (
    ("NO_COLOR", "No colours on the screen, whatever it is set to."),
    ("WHYDENY_API_KEY", "The API key that connect uses."),
    ("WHYDENY_DEBUG", "Show where a defect of the program happened."),
)


def commands(root: click.Command, name: str = NAME, parent: click.Context | None = None) -> Iterator[click.Context]:
    """The root and every command below it, each as the context that its help is made in."""
    settings = {**root.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(root, parent, name, **settings)
    yield context
    if isinstance(root, click.Group):
        for below in root.list_commands(context):
            command = root.get_command(context, below)
            if command is not None and not command.hidden:
                yield from commands(command, below, context)


def commands_markdown(root: click.Command) -> str:
    """Every command's help and the exit statuses, as Markdown."""
    lines = [
        "# Commands",
        "",
        "The help of every command, as `whydeny COMMAND --help` prints it, and the exit statuses.",
    ]
    lines += ["", "## Exit statuses", "", "| status | meaning |", "|---:|---|"]
    lines += [f"| {int(status)} | {meaning} |" for status, meaning in MEANINGS.items()]
    lines += [
        "",
        "Answers go to standard output, everything else to standard error. A reader of the output that leaves",
    ]
    lines += ["early (`| head`) ends the program with status 0."]
    lines += ["", "## JSON", "", _JSON, "", "| command | schema |", "|---|---|"]
    lines += [f"| `{command}` | [{name}.schema.json]({name}.schema.json) |" for command, name in SCHEMAS.items()]
    for context in commands(root):
        lines += ["", f"## `{context.command_path}`", "", "```text", *_help_lines(context), "```"]
    return "\n".join(lines) + "\n"


def _help_lines(context: click.Context) -> list[str]:
    return [line.rstrip() for line in context.get_help().splitlines()]


def man_page(root: click.Command) -> str:
    """The man page, section 1, in the man macros."""
    first = next(commands(root))
    lines = [f'.TH {NAME.upper()} 1 "" "{NAME} {__version__}" "User Commands"']
    lines += [".SH NAME", f"{NAME} \\- {_text(_summary(root))}"]
    lines += [".SH SYNOPSIS", f".B {NAME}", _text(" ".join(root.collect_usage_pieces(first)))]
    lines += [".SH DESCRIPTION", *_paragraphs(root), *_options(first, ".SH OPTIONS")]
    lines.append(".SH COMMANDS")
    for context in commands(root):
        command = context.command
        if command is root:
            continue
        usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
        lines += [f".SS {_text(usage)}", *_paragraphs(command), *_options(context, "")]
    lines.append(".SH EXIT STATUS")
    for status, meaning in MEANINGS.items():
        lines += [".TP", f".B {int(status)}", _text(meaning)]
    lines += [".SH JSON", _text(" ".join(_JSON.replace("`", "").split()))]
    names = ", ".join(f"{name}.schema.json ({command})" for command, name in SCHEMAS.items())
    lines.append(_text(f"The shapes are JSON Schemas in docs of the source: {names}."))
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _VARIABLES:
        lines += [".TP", f".B {name}", _text(meaning)]
    return "\n".join(lines) + "\n"


def _summary(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ").rstrip(".")


def _paragraphs(command: click.Command) -> list[str]:
    lines = []
    for number, block in enumerate(re.split(r"\n\s*\n", (command.help or "").strip())):
        if block.startswith("\b"):  # click's sign for lines that stay as they are
            lines += [".PP", ".nf", *map(_text, block.splitlines()[1:]), ".fi"]
        else:
            lines += [*([".PP"] if number else []), _text(" ".join(block.split()))]
    return lines


def _options(context: click.Context, heading: str) -> list[str]:
    lines = [heading] if heading else []
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        common = context.parent is not None and set(parameter.opts) & {"--quiet", "--no-color", "--help"}
        if record is not None and record[1] and not common:  # those of every command are said once
            lines += [".TP", f".B {_text(record[0])}", _text(record[1])]
    return lines


def _text(text: str) -> str:
    """Text that troff prints as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
