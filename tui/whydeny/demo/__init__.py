"""The demonstration site: made-up firewalls and a morning of traffic in which every cause was planted.

The files are packed in `site.zip` beside this module, the truth is `truth.json`; both are what
`whydeny.demo.site.generate` makes.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

NOTICE = "Demonstration site: the firewalls, people and traffic are made up."

ARCHIVE = "site.zip"
TRUTH = "truth.json"


@dataclass(frozen=True, slots=True)
class SessionTruth:
    """What really happened to one row of the demonstration's traffic logs.

    `serial` and `sequence` (the log's sequence number) name the row; `session_id` is 0 for a session that never was,
    and shared by a session's rows. The first of `causes` is the cause, the others can be argued for. `denied_by`
    holds the right names, with None where it may be left open. `evaluated` is the security rule that takes the
    row's final values, None where the configuration can't say.
    """

    serial: str
    sequence: int
    session_id: int
    outcome: str
    evaluated: str | None = None
    causes: tuple[str, ...] = ()
    variant: str | None = None
    denied_by: tuple[str | None, ...] = ()
    why: str = ""


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder with the demonstration's files, for as long as the context lasts."""
    with (
        TemporaryDirectory(prefix="whydeny-demo-") as folder,
        as_file(files(__package__) / ARCHIVE) as archive,
        zipfile.ZipFile(archive) as packed,
    ):
        packed.extractall(folder)
        yield Path(folder)


def demo_truth() -> tuple[SessionTruth, ...]:
    """The truth of every row, by serial and sequence number."""
    entries = json.loads((files(__package__) / TRUTH).read_text("utf-8"))
    for entry in entries:
        for name in ("causes", "denied_by"):
            entry[name] = tuple(entry.get(name, ()))
    return tuple(SessionTruth(**entry) for entry in entries)
