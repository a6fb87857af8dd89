"""The journal of requests: what was sent when and how it went, without secrets."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from whydeny.model.safe import safe_text

KEPT = 5000
_SHOWN = ("type", "action", "log-type", "cmd", "xpath", "query", "nlogs", "skip", "dir", "job-id", "vsys", "target")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: local time, what was asked, seconds, bytes of the answer, and `ok` or what failed."""

    at: datetime
    method: str
    url: str
    what: str
    seconds: float
    size: int
    outcome: str

    def __str__(self) -> str:
        return (
            f"{self.at:%H:%M:%S} {self.method} {self.url} {self.what}: "
            f"{self.outcome}, {self.size:,} bytes in {self.seconds:.2f} s"
        )


class Journal:
    """The last requests and how many there were of each kind; safe to use from several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def note(
        self, method: str, url: str, parameters: Mapping[str, object], seconds: float, size: int, outcome: str
    ) -> None:
        """Write one request down. Only parameters that are never secret are kept."""
        what = " ".join(f"{name}={safe_text(str(parameters[name]), 600)}" for name in _SHOWN if name in parameters)
        with self._lock:
            self._entries.append(Entry(datetime.now(), method, url, what, seconds, size, outcome))
            self._counts[str(parameters.get("type", "?"))] += 1

    def entries(self) -> tuple[Entry, ...]:
        """What is kept, oldest first."""
        with self._lock:
            return tuple(self._entries)

    def total(self) -> int:
        """How many requests there were since the beginning."""
        with self._lock:
            return self._counts.total()
