"""What a snapshot keeps of the screen, and the screen that a snapshot brings back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from whydeny.model.release import Release, parse_release
from whydeny.model.safe import safe_text
from whydeny.model.site import Site
from whydeny.snapshot.manifest import JudgedWith, Snapshot
from whydeny.snapshot.save import SUFFIX
from whydeny.ui.columns import ScreenColumn
from whydeny.ui.view import SortKey
from whydeny.ui.workbench import Workbench

LONGEST_FILTER = 2000


@dataclass(frozen=True, slots=True)
class KeptView:
    """The part of the screen that a snapshot keeps: filter, order, row under the cursor, whether only marked rows."""

    filter: str | None = None
    sort: tuple[SortKey, ...] = ()
    row: int | None = None
    only_marked: bool = False

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "filter": self.filter,
            "sort": [[key.column, key.descending] for key in self.sort],
            "row": self.row,
            "only_marked": self.only_marked,
        }


def read_view(data: Mapping[str, Any], columns: Sequence[ScreenColumn], rows: int) -> KeptView:
    """The view in a snapshot, which may come from anywhere: what can't be used is left out."""
    named = {column.name: column for column in columns}
    text, row, sort = data.get("filter"), data.get("row"), data.get("sort")
    keys = []
    for entry in sort[: len(named)] if isinstance(sort, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and entry[0] in named:
            keys.append(SortKey(entry[0], named[entry[0]].order, entry[1] is True))
    return KeptView(
        text if isinstance(text, str) and len(text) <= LONGEST_FILTER else None,
        tuple(keys),
        row if isinstance(row, int) and not isinstance(row, bool) and 0 <= row < rows else None,
        data.get("only_marked") is True,
    )


def prepare(
    opened: Site | Snapshot,
    release: Release | None = None,
    serial: str | None = None,
    device_group: str | None = None,
) -> Workbench:
    """Prepare what was opened for the screen. What a snapshot was judged with counts where nothing else is said."""
    if isinstance(opened, Site):
        return Workbench.prepare(opened, release, serial, device_group)
    saved: JudgedWith = opened.manifest.judged_with
    bench = Workbench.prepare(
        opened.site,
        release or parse_release(saved.release),
        serial or saved.serial,
        device_group or saved.device_group,
    )
    bench.snapshot = opened
    return bench


def proposed_name(bench: Workbench, title: str, now: datetime) -> str:
    """A file name for a snapshot of what is open: the firewall's, else what the inputs are called, and the time."""
    host = (bench.system.hostname if bench.system is not None else None) or title
    word = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in host).strip("-")[:40]
    return f"{word or 'snapshot'}-{now:%Y%m%d-%H%M}{SUFFIX}"


def path_of(name: str, folder: Path) -> Path:
    """The file that a typed name means: in `folder`, unless it says where."""
    path = Path(safe_text(name.strip(), 1000))
    path = path.expanduser() if str(path).startswith("~") else path
    path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    return path if path.is_absolute() or len(path.parts) > 1 else folder / path
