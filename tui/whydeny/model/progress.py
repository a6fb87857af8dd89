"""How long work says how far it is, and learns that it should stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from whydeny.model.errors import Cancelled


@dataclass(slots=True)
class Progress:
    """Handed down into long work. `report` is called from the working thread."""

    report: Callable[[str, int, int], None] | None = None
    stop: Event = field(default_factory=Event)

    def step(self, what: str, done: int, total: int) -> None:
        """Say that `done` of `total` (bytes, rows; 0 = not known) of `what` is finished.

        Raises `Cancelled` when the user asked for it.
        """
        if self.stop.is_set():
            raise Cancelled(f"stopped while {what}")
        if self.report is not None:
            self.report(what, done, total)


def silent() -> Progress:
    """Progress that nobody watches."""
    return Progress()
