"""What the screen remembers between runs: columns and widths by kind of source, kept filters, the last ones typed."""

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from whydeny.model.safe import safe_text

Value = TypeVar("Value")

FILE = "screen.json"
LARGEST = 256 * 1024  # bytes
MOST = 200  # entries of each kind
LONGEST = 2000  # characters of a filter


@dataclass(slots=True)
class Memory:
    """`columns` and `widths` go by the kind of source (`log`, `sessions`), `filters` by the name they were kept as,
    `history` is what was typed, the newest last."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    widths: dict[str, dict[str, int]] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    def typed(self, text: str) -> None:
        """Remember a filter that was typed; a second time it only becomes the newest."""
        if text.strip():
            self.history[:] = [*(known for known in self.history if known != text), text][-MOST:]


def read_memory(path: Path | None) -> Memory:
    """What was remembered; nothing where the file is not there or is not this program's. None: there is no file."""
    if path is None:
        return Memory()
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        table = json.loads(text) if len(text) <= LARGEST else {}
    except (OSError, ValueError, RecursionError):
        return Memory()
    if not isinstance(table, dict):
        return Memory()
    return Memory(
        {kind: [n for n in names if isinstance(n, str)] for kind, names in _pairs(table, "columns", list)},
        {
            kind: {name: width for name, width in widths.items() if type(width) is int and 0 < width < 1000}
            for kind, widths in _pairs(table, "widths", dict)
        },
        {safe_text(name, 80): safe_text(text, LONGEST) for name, text in _pairs(table, "filters", str)},
        [safe_text(text, LONGEST) for text in _list(table, "history") if isinstance(text, str)],
    )


def _pairs(table: dict[str, object], name: str, kind: type[Value]) -> list[tuple[str, Value]]:
    found = table.get(name)
    if not isinstance(found, dict):
        return []
    return [(key, value) for key, value in list(found.items())[:MOST] if isinstance(value, kind)]


def _list(table: dict[str, object], name: str) -> list[object]:
    found = table.get(name)
    return found[-MOST:] if isinstance(found, list) else []


def write_memory(memory: Memory, path: Path | None) -> None:
    """Keep it for the next run: whole or not at all. A folder that can't be written is no reason to fail."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(memory), file, ensure_ascii=False, indent=1)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
