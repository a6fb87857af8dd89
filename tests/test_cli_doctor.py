"""What `whydeny doctor` finds in an environment, and what it advises."""

import pytest

from whydeny.ui.doctor import Fact, facts


def found(what: str, **environment: str) -> Fact:
    return next(fact for fact in facts(environment, (80, 24)) if fact.what == what)


@pytest.mark.parametrize(
    ("what", "environment", "words", "advises"),
    [
        pytest.param("terminal", {"TERM": "dumb"}, "dumb", True, id="a dumb terminal"),
        pytest.param("terminal", {"TERM": "xterm-256color"}, "xterm-256color", False, id="a usual terminal"),
        pytest.param("terminal", {"TERM": "xterm", "TMUX": "x,1,0"}, "inside tmux", True, id="the wrong TERM in tmux"),
        pytest.param("colours", {"TERM": "xterm", "NO_COLOR": "1"}, "none", False, id="NO_COLOR"),
        pytest.param("colours", {"TERM": "xterm"}, "16", True, id="sixteen colours"),
        pytest.param("locale", {"LANG": "POSIX"}, "ASCII", True, id="a POSIX locale"),
        pytest.param("locale", {"LC_ALL": "C.UTF-8"}, "UTF-8", False, id="UTF-8"),
        pytest.param("clipboard", {"SSH_TTY": "/dev/pts/1"}, "OSC 52", True, id="over SSH"),
        pytest.param("clipboard", {"STY": "1.pts"}, "screen", False, id="in GNU screen"),
    ],
)
def test_a_fact_and_its_advice(what: str, environment: dict[str, str], words: str, advises: bool) -> None:
    fact = found(what, **environment)
    assert words in fact.found
    assert bool(fact.advice) is advises


def test_a_small_window_is_said() -> None:
    assert next(fact for fact in facts({}, (60, 20)) if fact.what == "size").advice
