"""How hard a firewall may be asked: calls at once, commands a minute, deadlines, and what is tried again."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Lock
from typing import TypeVar

from whydeny.model.errors import Cancelled
from whydeny.sources.firewall.failures import PASSING, Failure, FirewallError

TOGETHER = 4  # the vendor advises five concurrent API calls at most; one is left for the administrator
PER_MINUTE = 240
BACK_OFF = (0.5, 1.5, 4.0)  # seconds before the second, third and fourth try
LARGEST = 256 << 20  # bytes of one answer; a whole predefined content is about 15 MB

# Seconds that a whole call may take, by what it asks for.
CONNECT = 15
QUICK = 30.0
PAGE = 90.0
LARGE = 600.0
PATIENCE = 2.0  # after a stop, for an answer that names a job to be ended
_NAP = 0.1

_Answer = TypeVar("_Answer")


class Limits:
    """The turnstile before a firewall: `turn` lets a call through when its turn has come."""

    def __init__(
        self,
        together: int = TOGETHER,
        per_minute: int = PER_MINUTE,
        largest: int = LARGEST,
        back_off: tuple[float, ...] = BACK_OFF,
    ) -> None:
        self.together = together
        self.per_minute = per_minute
        self.largest = largest
        self.back_off = back_off
        self._free = BoundedSemaphore(together)
        self._sent: deque[float] = deque()
        self._lock = Lock()

    @contextmanager
    def turn(self, stop: Event) -> Iterator[None]:
        """Wait for a free place and for the minute to have room. Raises `Cancelled` when `stop` is set."""
        while not self._free.acquire(timeout=_NAP):
            _continue(stop)
        try:
            while (wait := self._wait()) > 0:
                stop.wait(min(wait, _NAP))
                _continue(stop)
            yield
        finally:
            self._free.release()

    def last_minute(self) -> int:
        """How many commands were sent in the last sixty seconds."""
        with self._lock:
            self._forget(time.monotonic())
            return len(self._sent)

    def _wait(self) -> float:
        """Seconds until one more command fits; 0 when it does, and it is counted."""
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            if len(self._sent) < self.per_minute:
                self._sent.append(now)
                return 0.0
            return self._sent[0] + 60 - now

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - 60:
            self._sent.popleft()


def _continue(stop: Event) -> None:
    if stop.is_set():
        raise Cancelled("stopped while waiting for the firewall's turn")


def try_again(
    call: Callable[[], _Answer], stop: Event, back_off: tuple[float, ...], once: tuple[Failure, ...] = ()
) -> _Answer:
    """The answer of `call`, tried again after passing failures with growing pauses; failures in `once` one time more.

    Only for calls that read: trying twice must change nothing.
    """
    pauses = iter(back_off)
    given = set(once)
    while True:
        try:
            return call()
        except FirewallError as error:
            failed = error
        if failed.failure in given:
            given.discard(failed.failure)
            continue
        pause = next(pauses, None) if failed.failure in PASSING else None
        if pause is None:
            raise failed
        if stop.wait(pause):
            raise Cancelled("stopped while trying again")
