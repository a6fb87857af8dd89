"""Work off the screen's thread: what is asked for last is what is shown, and a fault is a sentence."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whydeny.model.errors import Cancelled, InputError, WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.crash import write_report
from whydeny.ui.jobs import Job, Jobs


class Loop:
    """Stands for the application: calls made from threads are run when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.came = threading.Event()

    def call_later(self, callback: Callable[[], None]) -> bool:
        self.calls.append(callback)
        self.came.set()
        return True

    def run(self) -> None:
        assert self.came.wait(5)
        self.came.clear()
        while self.calls:
            self.calls.pop(0)()


def jobs(loop: Any) -> Jobs:
    return Jobs(loop, lambda error: f"fault {type(error).__name__}")


def test_a_result_comes_back_on_the_screens_thread() -> None:
    loop, found = Loop(), []
    work = jobs(loop)
    work.start("a", lambda _: threading.current_thread().name, found.append, found.append)
    assert work.busy
    loop.run()
    assert found == ["whydeny-a"]
    assert not work.busy


def test_a_later_job_of_the_slot_stops_the_one_before() -> None:
    loop, found, go = Loop(), [], threading.Event()
    work = jobs(loop)

    def slow(progress: Progress) -> str:
        go.wait(5)
        progress.step("slow", 0, 0)
        return "first"

    first = work.start("a", slow, found.append, found.append)
    work.start("a", lambda _: "second", found.append, found.append)
    assert first.progress.stop.is_set()
    loop.run()
    go.set()
    loop.run()
    assert found == ["second"]


def test_slots_do_not_disturb_each_other() -> None:
    loop, found = Loop(), []
    work = jobs(loop)
    work.start("a", lambda _: "a", found.append, found.append)
    loop.run()
    work.start("b", lambda _: "b", found.append, found.append)
    loop.run()
    assert found == ["a", "b"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (InputError("traffic.csv: empty"), "traffic.csv: empty"),
        (ZeroDivisionError("secret"), "fault ZeroDivisionError"),
    ],
    ids=["an error on purpose", "a fault"],
)
def test_an_error_is_a_sentence(raised: Exception, expected: str) -> None:
    loop: Loop = Loop()
    found: list[WhydenyError] = []

    def work(_progress: Progress) -> None:
        raise raised

    jobs(loop).start("a", work, lambda _: pytest.fail("done"), found.append)
    loop.run()
    assert [str(error) for error in found] == [expected]


def test_a_cancelled_job_is_forgotten() -> None:
    loop, go = Loop(), threading.Event()
    work = jobs(loop)

    def slow(progress: Progress) -> None:
        go.wait(5)
        progress.step("slow", 0, 0)

    work.start("a", slow, lambda _: pytest.fail("done"), lambda _: pytest.fail("failed"))
    assert work.cancel("a")
    assert not work.cancel("a")
    go.set()
    loop.run()
    assert not work.busy


def test_cancelling_all_leaves_nothing_running() -> None:
    work = jobs(Loop())
    started = [work.start(slot, lambda p: p.stop.wait(5), lambda _: None, lambda _: None) for slot in "abc"]
    work.cancel_all()
    assert all(job.progress.stop.is_set() for job in started)
    assert not work.busy


def test_progress_is_passed_on_but_not_for_every_row() -> None:
    loop = Loop()
    seen: list[tuple[str, int, int]] = []

    def work(progress: Progress) -> None:
        for row in range(10_000):
            progress.step("judging", row, 10_000)

    def reported(job: Job) -> None:
        seen.append((job.what, job.done, job.total))

    jobs(loop).start("a", work, lambda _: None, lambda _: None, reported)
    loop.run()
    assert 1 <= len(seen) < 100
    assert seen[0][0] == "judging"


def test_cancelled_reaches_who_asked(tmp_path: Path) -> None:
    loop: Loop = Loop()
    found: list[WhydenyError] = []

    def work(_progress: Progress) -> None:
        raise Cancelled("stopped while judging")

    jobs(loop).start("a", work, lambda _: None, found.append)
    loop.run()
    assert isinstance(found[0], Cancelled)


def test_a_report_has_the_way_to_the_fault_but_no_values(tmp_path: Path) -> None:
    def fault(password: str) -> None:
        try:
            raise KeyError(password)
        except KeyError:
            raise RuntimeError(f"bad {password}") from None

    password = "-".join(("hunter2", "secret"))  # the source line stands in the report, so the word may not
    try:
        fault(password)
    except RuntimeError as error:
        words = write_report(error, tmp_path / "reports")
    (report,) = (tmp_path / "reports").iterdir()
    text = report.read_text()
    assert str(report) in words
    assert "in fault" in text
    assert "RuntimeError" in text
    assert password not in text
    assert report.stat().st_mode & 0o077 == 0


def test_a_report_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "No report could be written" in write_report(ValueError("x"), tmp_path / "file")
