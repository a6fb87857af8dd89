"""Work off the screen's thread: the only place that starts threads.

A job belongs to a slot; starting another one in the same slot stops the one before and forgets what it brings, so
what is shown is always what was asked for last.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from textual.app import App

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress

Result = TypeVar("Result")

REPORT_EVERY = 0.1  # seconds between two progress reports that reach the screen


@dataclass(slots=True)
class Job:
    """One piece of work. `what`, `done` and `total` are its last report."""

    slot: str
    progress: Progress = field(default_factory=Progress)
    what: str = ""
    done: int = 0
    total: int = 0
    reported_at: float = 0.0

    def cancel(self) -> None:
        """Ask the work to stop; it does so at its next step."""
        self.progress.stop.set()


class Jobs:
    """The jobs of one application. `describe` writes a fault of this program down and gives the sentence for it."""

    def __init__(self, app: App[Any], describe: Callable[[Exception], str]) -> None:
        self._app = app
        self._describe = describe
        self._running: dict[str, Job] = {}

    def start(
        self,
        slot: str,
        work: Callable[[Progress], Result],
        done: Callable[[Result], None],
        failed: Callable[[WhydenyError], None],
        reported: Callable[[Job], None] | None = None,
    ) -> Job:
        """Run `work` in a thread, then `done` with its result on the screen's thread.

        `failed` gets what the work raised, a fault of this program as the sentence that says where its report is: a
        row that can't be judged must not take the screen down. `reported` follows the progress.
        """
        self.cancel(slot)
        job = Job(slot)
        self._running[slot] = job

        def on_screen(callback: Callable[[], None]) -> None:
            def run() -> None:
                if self._running.get(slot) is job:
                    callback()

            self._app.call_later(run)

        def finish(callback: Callable[[], None]) -> None:
            def run() -> None:
                del self._running[slot]
                callback()

            on_screen(run)

        def report(what: str, at: int, total: int) -> None:
            job.what, job.done, job.total = what, at, total
            now = monotonic()
            if reported is not None and now - job.reported_at >= REPORT_EVERY:
                job.reported_at = now
                on_screen(lambda: reported(job))

        def thread() -> None:
            try:
                result = work(job.progress)
            except WhydenyError as error:
                trouble = error
            except Exception as error:  # noqa: BLE001 - the border of the thread
                trouble = WhydenyError(self._describe(error))
            else:
                finish(lambda: done(result))
                return
            finish(lambda: failed(trouble))

        job.progress.report = report
        threading.Thread(target=thread, name=f"whydeny-{slot}", daemon=True).start()
        return job

    @property
    def busy(self) -> bool:
        """Whether any job is under way."""
        return bool(self._running)

    def running(self, slot: str) -> Job | None:
        """The job of a slot, if one is under way."""
        return self._running.get(slot)

    def cancel(self, slot: str) -> bool:
        """Stop the job of a slot, and forget it. Whether there was one."""
        job = self._running.pop(slot, None)
        if job is not None:
            job.cancel()
        return job is not None

    def cancel_all(self, but: Collection[str] = ()) -> None:
        """Stop everything, on the way out; the slots `but` go on."""
        for slot in [slot for slot in self._running if slot not in but]:
            self.cancel(slot)
