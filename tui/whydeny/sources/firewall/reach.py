"""The way to a firewall: a name looked up and a connection made, both given up as soon as nobody waits for them.

The resolver and `connect` know no stop and would keep whoever leaves waiting: a firewall behind a cut cable answers
nothing at all, and a name server that is gone takes its time.
"""

import errno
import http.client
import os
import selectors
import socket
import time
import urllib.request
from collections.abc import Sequence
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, cast

from whydeny.sources.firewall.guard import SLICE, GuardedContext, Watch

if not hasattr(http.client.HTTPConnection("localhost"), "_create_connection"):  # without the price of a TLS context
    raise ImportError("this Python's http.client has no _create_connection: whydeny can't stop a connection being made")

Place = tuple[Any, ...]


class GuardedHandler(urllib.request.AbstractHTTPHandler):
    """Opens `https:` and nothing else, through a guarded context."""

    def __init__(self, context: GuardedContext) -> None:
        super().__init__()
        self._guarded = context

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Send a request. Raises `OSError`, `DeadlinePassed` or `Cancelled`."""
        return self.do_open(cast(Any, _Connection), request, context=self._guarded)

    https_request = urllib.request.AbstractHTTPHandler.do_request_


class _Connection(http.client.HTTPSConnection):
    def __init__(self, host: str, *, context: GuardedContext, **arguments: Any) -> None:
        super().__init__(host, context=context, **arguments)
        self._create_connection = partial(reach, watch=context.watch)


def reach(address: tuple[str, int], timeout: float, _source: object = None, *, watch: Watch) -> socket.socket:
    """A connection to the first place of a host that takes one; at most `timeout` seconds for each.

    Raises `OSError` as `socket.create_connection` does, `DeadlinePassed` or `Cancelled`.
    """
    failed = OSError("the name leads nowhere")
    for family, kind, protocol, _, place in _look_up(*address, watch):
        plain = socket.socket(family, kind, protocol)
        try:
            _connect(plain, place, time.monotonic() + timeout, watch)
        except OSError as error:
            plain.close()
            failed = error
        except BaseException:
            plain.close()
            raise
        else:
            plain.settimeout(timeout)
            return plain
    raise failed


def _look_up(host: str, port: int, watch: Watch) -> Sequence[tuple[int, int, int, str, Place]]:
    found: SimpleQueue[Any] = SimpleQueue()

    def ask() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error)

    Thread(target=ask, name="whydeny-look-up", daemon=True).start()
    while True:
        try:
            answer = found.get(timeout=min(SLICE, watch.remaining()))
        except Empty:
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def _connect(plain: socket.socket, place: Place, deadline: float, watch: Watch) -> None:
    plain.setblocking(False)
    code = plain.connect_ex(place)
    if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
        raise OSError(code, os.strerror(code))
    with selectors.DefaultSelector() as ready:
        ready.register(plain, selectors.EVENT_WRITE)
        while not ready.select(min(SLICE, watch.remaining())):
            if time.monotonic() >= deadline:
                raise TimeoutError("no connection")
    code = plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
