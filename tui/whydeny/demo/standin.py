"""A stand-in firewall on 127.0.0.1, over TLS: for the demonstration of live work, and for tests.

It answers keygen, operational commands, configuration reads and log jobs from an `Estate`, and can be told to fail
in the ways that real firewalls do. It writes every request down, as it came.
"""

import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from whydeny.demo.certificate import make_certificate
from whydeny.demo.standin_answers import Desk
from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_faults import Fault, Plan, error, fail, said

USER, PASSWORD, KEY = "demo", "demo", "LUFRPT1kZW1vbnN0cmF0aW9uLW9ubHk="
_LARGEST = 1 << 20  # bytes of one request
_PATIENCE = 15  # seconds for a handshake and a request


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    parameters: Mapping[str, str]
    words: str


@dataclass(slots=True)
class StandIn:
    """A running stand-in. `fail` makes it fail; `seen` are the requests so far."""

    port: int
    fingerprint: str
    desk: Desk
    user: str = USER
    password: str = PASSWORD
    key: str = KEY
    seen: list[Seen] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    delay: float = 0.0  # seconds before each answer
    stop: Event = field(default_factory=Event)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def estate(self) -> Estate:
        """What it has."""
        return self.desk.estate

    def fail(self, fault: Fault, words: str = "", times: int = -1) -> None:
        """Fail in this way when a call's words begin so (`show session all`, `log traffic`, `keygen`)."""
        self.plans.append(Plan(fault, words, times))

    def recover(self) -> None:
        """Fail no more."""
        self.plans.clear()

    def enter(self, seen: Seen) -> Plan | None:
        """Note a request; the plan to fail, if there is one."""
        with self._lock:
            self.seen.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return next((plan for plan in self.plans if plan.applies(seen.words)), None)

    def leave(self) -> None:
        """A request is over."""
        with self._lock:
            self._at_once -= 1

    def answer(self, seen: Seen, command: Element | None) -> tuple[int, bytes]:
        """HTTP status and body of the right answer."""
        asked = seen.parameters
        kind = asked.get("type")
        if kind == "keygen":
            if (asked.get("user"), asked.get("password")) != (self.user, self.password):
                return 403, error(403, "Invalid Credential")
            return 200, f'<response status="success"><result><key>{self.key}</key></result></response>'.encode()
        if asked.get("key") != self.key:
            return 403, error(403, "Invalid Credential")
        if kind == "op" and command is not None:
            return 200, self.desk.operate(seen.words, command, asked.get("vsys", "vsys1"))
        if kind == "config" and asked.get("action") in ("get", "show"):
            return 200, self.desk.configuration(asked.get("xpath", ""))
        if kind == "log":
            return 200, self.desk.log(asked)
        return 200, said(17, "unknown request")


def words_of(parameters: Mapping[str, str], command: Element | None) -> str:
    """A request in words: `show session all`, `log traffic`, `log get`, `config get /config/…`, `keygen`."""
    kind = parameters.get("type", "")
    if kind == "op" and command is not None:
        words, place = [command.tag], command
        while len(place) and len(words) < 4:
            place = place[0]
            words.append(place.tag)
        return " ".join(words)
    if kind == "log":
        return f"log {parameters.get('log-type') or parameters.get('action', '')}"
    if kind == "config":
        return f"config {parameters.get('action', '')} {parameters.get('xpath', '')}"
    return kind


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tls = tls
        self.stand_in: StandIn

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a slow client keeps nobody waiting."""
        request.settimeout(_PATIENCE)
        try:
            secured = self.tls.wrap_socket(request, server_side=True)
        except (OSError, ValueError):
            return
        with secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing on the terminal."""

    def do_GET(self) -> None:
        """Requests with the parameters in the URL are written down, and refused."""
        self._serve("GET", {})

    def do_POST(self) -> None:
        """The XML API."""
        length = min(int(self.headers.get("content-length") or 0), _LARGEST)
        self._serve("POST", dict(parse_qsl(self.rfile.read(length).decode("utf-8", "replace"), keep_blank_values=True)))

    def _serve(self, method: str, parameters: dict[str, str]) -> None:
        stand_in = self.server.stand_in
        command: Element | None = None
        with suppress(ParseError, DefusedXmlException):
            command = fromstring(parameters["cmd"], forbid_dtd=True) if "cmd" in parameters else None
        seen = Seen(method, self.path, parameters, words_of(parameters, command))
        plan = stand_in.enter(seen)
        try:
            stand_in.stop.wait(stand_in.delay)
            if plan is not None:
                fail(plan.fault, self, lambda: stand_in.answer(seen, command)[1], stand_in.stop)
            else:
                status, body = stand_in.answer(seen, command) if method == "POST" else (405, b"")
                self.answer(status, body)
        except OSError:
            self.close_connection = True
        finally:
            stand_in.leave()

    def answer(self, status: int, body: bytes, kind: str = "application/xml", length: int | None = None) -> None:
        """Write a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=UTF-8")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if 300 <= status < 400:
            self.send_header("Location", "https://127.0.0.1:9/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def begin(self, kind: str = "application/xml") -> None:
        """Write the head of an answer that ends when the connection does."""
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=UTF-8")
        self.end_headers()

    def write(self, data: bytes) -> None:
        """Write on."""
        self.wfile.write(data)
        self.wfile.flush()

    def hang_up(self) -> None:
        """Close without TLS's farewell, as a cut cable does."""
        self.close_connection = True
        connection: socket = self.connection
        with suppress(OSError):
            connection.close()


@contextmanager
def run_stand_in(estate: Estate, tls: ssl.SSLContext | None = None, fingerprint: str = "") -> Iterator[StandIn]:
    """A stand-in that runs until the block is left. Without a TLS context it makes its own certificate."""
    if tls is None:
        made = make_certificate()
        fingerprint = made.fingerprint
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory(prefix="whydeny-") as folder:
            pem = Path(folder) / "stand-in.pem"
            pem.touch(mode=0o600)
            pem.write_text(made.pem, "ascii")
            tls.load_cert_chain(pem)
    server = _Server(tls)
    server.stand_in = StandIn(server.server_address[1], fingerprint, Desk(estate))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="stand-in", daemon=True)
    thread.start()
    try:
        yield server.stand_in
    finally:
        server.stand_in.stop.set()
        server.shutdown()
        thread.join(5)
        server.server_close()
