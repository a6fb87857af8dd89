"""How the stand-in can be told to fail: the ways in which real firewalls, and what stands before them, do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import Protocol


class Fault(StrEnum):
    """One way to fail."""

    WRONG_PASSWORD = "wrong-password"  # HTTP 403, as keygen answers
    KEY_REFUSED = "key-refused"
    NO_RIGHTS = "no-rights"  # HTTP 200 with an error, as a role without the right gets
    SESSION_ENDED = "session-ended"
    NOT_CONNECTED = "not-connected"
    ERROR = "error"
    BUSY = "busy"
    REDIRECT = "redirect"
    HTML = "html"
    EMPTY = "empty"
    NOT_XML = "not-xml"
    BAD_XML = "bad-xml"
    HALF = "half"  # the announced length never comes
    CUT = "cut"  # the answer ends in the middle of an element, without a length
    CLOSE = "close"  # closed without a byte
    SILENCE = "silence"
    DRIP = "drip"  # a byte now and then
    ENDLESS = "endless"
    DTD_BOMB = "dtd-bomb"
    EXTERNAL_ENTITY = "external-entity"


class Out(Protocol):
    """What a fault writes to: one HTTP answer."""

    def answer(self, status: int, body: bytes, kind: str = "application/xml", length: int | None = None) -> None:
        """Write a whole answer that announces `length` bytes (None: as many as there are)."""

    def begin(self, kind: str = "application/xml") -> None:
        """Write the head of an answer without a length."""

    def write(self, data: bytes) -> None:
        """Write on."""

    def hang_up(self) -> None:
        """Close without another byte."""


@dataclass(slots=True)
class Plan:
    """Fail this way for calls whose words begin so, as many times (-1: always)."""

    fault: Fault
    words: str = ""
    times: int = -1

    def applies(self, words: str) -> bool:
        """Whether to fail now; counts down."""
        if self.times == 0 or not words.startswith(self.words):
            return False
        self.times -= 1 if self.times > 0 else 0
        return True


def error(code: int, text: str) -> bytes:
    """An error as PAN-OS answers it."""
    return f'<response status="error" code="{code}"><result><msg>{text}</msg></result></response>'.encode()


def said(code: int, *lines: str) -> bytes:
    """An error in lines, as operational commands answer it."""
    text = "".join(f"<line>{line}</line>" for line in lines)
    return f'<response status="error" code="{code}"><msg>{text}</msg></response>'.encode()


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE response [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><response status="success"><result>&c;</result></response>'
)
ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE response [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    b'<response status="success"><result>&f;</result></response>'
)
PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in</body></html>"


def fail(fault: Fault, out: Out, whole: Callable[[], bytes], stop: Event) -> None:
    """Answer in the way of `fault`; `whole` makes the answer that would have been right."""
    simple = _SIMPLE.get(fault)
    if simple is not None:
        out.answer(*simple)
    elif fault is Fault.HALF:
        body = whole()
        out.answer(200, body[: len(body) // 2], length=len(body))
        out.hang_up()
    elif fault is Fault.CUT:
        body = whole()
        out.begin()
        out.write(body[: len(body) // 2])
        out.hang_up()
    elif fault is Fault.CLOSE:
        out.hang_up()
    elif fault is Fault.SILENCE:
        stop.wait(60)
        out.hang_up()
    elif fault is Fault.DRIP:
        _drip(out, whole(), stop)
    else:
        out.begin()
        out.write(b'<response status="success"><result>')
        while not stop.is_set():
            out.write(b"<member>again</member>" * 4096)


def _drip(out: Out, body: bytes, stop: Event) -> None:
    out.begin()
    for place in range(len(body)):
        if stop.wait(0.2):
            return
        out.write(body[place : place + 1])


_SIMPLE: dict[Fault, tuple[int, bytes] | tuple[int, bytes, str]] = {
    Fault.WRONG_PASSWORD: (403, error(403, "Invalid Credential")),
    Fault.KEY_REFUSED: (403, error(403, "Invalid Credential")),
    Fault.NO_RIGHTS: (200, error(403, "Type [op] not authorized for user role.")),
    Fault.SESSION_ENDED: (200, said(22, "Session timed out")),
    Fault.NOT_CONNECTED: (200, said(13, "0123 not connected")),
    Fault.ERROR: (200, said(17, "show -> session -> all has unexpected here")),
    Fault.BUSY: (503, b""),
    Fault.REDIRECT: (302, b""),
    Fault.HTML: (200, PAGE, "text/html"),
    Fault.EMPTY: (200, b""),
    Fault.NOT_XML: (200, b"Bad Request"),
    Fault.BAD_XML: (200, b'<response status="success"><result><entry><idx>1</entry></result></response>'),
    Fault.DTD_BOMB: (200, BOMB),
    Fault.EXTERNAL_ENTITY: (200, ENTITY),
}
