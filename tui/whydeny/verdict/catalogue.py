"""The causes, found by file: a module in `causes/` is a cause, and its name with hyphens is the id."""

import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from whydeny.verdict import causes
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, Cause

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Entry:
    """A cause as the diagnosis uses it."""

    id: str
    cause: Cause
    module: ModuleType

    def check(self, case: Case) -> Answer:
        """Ask the module."""
        answer: Answer = self.module.check(case)
        return answer

    @property
    def manual(self) -> str:
        """The module's docstring."""
        return inspect.cleandoc(self.module.__doc__ or "")


@cache
def catalogue() -> dict[str, Entry]:
    """Every cause by id, in order of the ids."""
    found = {}
    for info in sorted(pkgutil.iter_modules(causes.__path__), key=lambda info: info.name):
        module = import_module(f"{causes.__name__}.{info.name}")
        name = info.name.replace("_", "-")
        found[name] = Entry(name, module.CAUSE, module)
    return found


def manual(cause_id: str) -> str:
    """The manual page of a cause, as Markdown; raises KeyError for an id that is none."""
    entry = catalogue()[cause_id]
    summary, _, rest = entry.manual.partition("\n\n")
    lines = [f"# {entry.cause.title}", "", f"`{entry.id}`. {' '.join(summary.split())}", ""]
    body = rest.splitlines()
    for line, following in zip(body, [*body[1:], ""], strict=True):
        if set(following) == {"-"} and line:
            lines.append(f"## {line}")
        elif not line or set(line) != {"-"}:
            lines.append(line)
    lines += ["", f"Releases: {entry.cause.releases}."]
    if entry.cause.needs:
        lines.append(f"Needs: {', '.join(entry.cause.needs)}.")
    if entry.cause.outranks:
        lines.append(f"Stands before: {', '.join(entry.cause.outranks)}.")
    if entry.cause.references:
        lines += ["", "## References", ""]
        lines += [f"* {reference.title}: <{reference.address}>" for reference in entry.cause.references]
    return "\n".join(lines) + "\n"
