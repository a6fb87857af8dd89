"""Turns, tries and the journal, without a firewall."""

import threading
from collections.abc import Callable
from threading import Event

import pytest

from whydeny.model.errors import Cancelled
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.journal import Journal
from whydeny.sources.firewall.limits import Limits, try_again
from whydeny.sources.firewall.secret import Secret


def failing(*failures: Failure) -> tuple[list[int], Callable[[], str]]:
    """A call that fails in these ways, one after another, and then answers."""
    left, calls = list(failures), [0]

    def call() -> str:
        calls[0] += 1
        if left:
            raise FirewallError(left.pop(0), "fw1: …")
        return "answer"

    return calls, call


@pytest.mark.parametrize(
    ("failures", "calls", "answers"),
    [
        ((), 1, True),
        ((Failure.CUT,), 2, True),
        ((Failure.REFUSED, Failure.BUSY), 3, True),
        ((Failure.CUT,) * 3, 3, False),
        ((Failure.TIMEOUT,), 1, False),
        ((Failure.WRONG_PASSWORD,), 1, False),
        ((Failure.NO_RIGHTS,), 1, False),
        ((Failure.CERTIFICATE,), 1, False),
        ((Failure.SESSION_ENDED,), 2, True),
        ((Failure.SESSION_ENDED,) * 2, 2, False),
        ((Failure.SESSION_ENDED, Failure.CUT), 3, True),
    ],
)
def test_what_is_tried_again(failures: tuple[Failure, ...], calls: int, answers: bool) -> None:
    counted, call = failing(*failures)
    if answers:
        assert try_again(call, Event(), (0.0, 0.0), once=(Failure.SESSION_ENDED,)) == "answer"
    else:
        with pytest.raises(FirewallError):
            try_again(call, Event(), (0.0, 0.0), once=(Failure.SESSION_ENDED,))
    assert counted == [calls]


def test_a_pause_can_be_stopped() -> None:
    stop = Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        try_again(failing(Failure.CUT)[1], stop, (30.0,))


def test_a_turn_is_waited_for_and_given_back() -> None:
    limits, stop = Limits(together=1), Event()
    with limits.turn(stop):
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(Cancelled), limits.turn(stop):
            pass
    with limits.turn(Event()):
        assert limits.last_minute() == 2


def test_the_journal_keeps_no_secret_and_no_more_than_it_should() -> None:
    journal = Journal(kept=2)
    asked = {
        "type": "op",
        "cmd": "<show><a>\x1b]52;c;x\x07</a></show>",
        "key": Secret("abc"),
        "password": "p",
        "user": "u",
    }
    for _ in range(3):
        journal.note("POST", "https://fw1/api/", asked, 0.5, 100, "ok")
    assert len(journal.entries()) == 2
    assert journal.total() == 3
    text = str(journal.entries()[0])
    assert "abc" not in text
    assert "password" not in text
    assert "\x1b" not in text
    assert "100 bytes in 0.50 s" in text
