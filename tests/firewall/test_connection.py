"""pan-os-python on this program's transport, against the stand-in: trust, secrets, failures, bounds."""

import contextlib
import errno
import logging
import os
import pickle
import socket
import ssl
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pan.xapi
import pytest
import trustme

from whydeny.demo.certificate import make_certificate
from whydeny.demo.standin import KEY, PASSWORD, USER, StandIn, run_stand_in
from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_faults import Fault
from whydeny.model.errors import Cancelled
from whydeny.model.progress import Progress
from whydeny.sources.firewall import connection as connection_module
from whydeny.sources.firewall import guard
from whydeny.sources.firewall.connection import Address, Connection, GuardedFirewall, in_words, open_connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.guard import fetch_fingerprint, normal_fingerprint
from whydeny.sources.firewall.journal import Journal
from whydeny.sources.firewall.limits import Limits
from whydeny.sources.firewall.secret import Secret

SYSTEM = "<show><system><info/></system></show>"
OTHER_PASSWORD = "s3cret-word"


def failure_of(call: Callable[[], object]) -> FirewallError:
    with pytest.raises(FirewallError) as caught:
        call()
    message = str(caught.value)
    assert KEY not in message
    assert OTHER_PASSWORD not in message
    assert "\n" not in message
    return caught.value


def test_a_key_is_fetched_and_used(stand_in: StandIn, address: Address) -> None:
    connection = open_connection(address, user=USER, password=Secret(PASSWORD))
    assert b"<hostname>fw1</hostname>" in connection.op(SYSTEM)
    assert [seen.words for seen in stand_in.seen] == ["keygen", "show system info"]
    assert all(seen.method == "POST" and seen.path == "/api/" for seen in stand_in.seen)


def test_secrets_show_nowhere(stand_in: StandIn, address: Address, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    for name in ("pan", "panos"):
        logging.getLogger(name).setLevel(1)
    stand_in.password = OTHER_PASSWORD
    connection = open_connection(address, user=USER, password=Secret(OTHER_PASSWORD))
    connection.op(SYSTEM)
    device = connection._borrow()
    shown = [
        caplog.text,
        *(repr(vars(thing)) for thing in (connection, device, device.xapi)),
        str(device.xapi),
        *map(str, connection.journal.entries()),
        *map(repr, connection.journal.entries()),
    ]
    assert connection.journal.total() == 2
    for text in shown:
        assert KEY not in text
        assert OTHER_PASSWORD not in text


def test_the_password_is_dropped_after_keygen(address: Address) -> None:
    device = GuardedFirewall(address, Journal(), api_username=USER, api_password=Secret(PASSWORD))
    assert device.api_key.reveal() == KEY
    assert device._api_password is None
    assert device.xapi.api_password is None


def test_a_secret_is_only_revealed_by_name() -> None:
    secret = Secret("abc")
    assert "abc" not in f"{secret} {secret!r} {secret:>10}"
    assert secret.reveal() == "abc"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_failure_carries_no_frame_that_holds_the_key(stand_in: StandIn, connection: Connection) -> None:
    stand_in.fail(Fault.CLOSE)
    error = failure_of(lambda: connection.op(SYSTEM, within=5))
    assert error.__context__ is None
    assert error.__cause__ is None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert frames
    for frame in frames:
        assert KEY not in repr({k: v for k, v in frame.f_locals.items() if not k.startswith("@")})


@pytest.mark.parametrize(
    ("fault", "failure", "says"),
    [
        (Fault.KEY_REFUSED, Failure.KEY_REFUSED, "API key is not accepted"),
        (Fault.NO_RIGHTS, Failure.NO_RIGHTS, "has no right to show system info"),
        (Fault.SESSION_ENDED, Failure.SESSION_ENDED, "timed out, twice in a row"),
        (Fault.NOT_CONNECTED, Failure.NOT_CONNECTED, "Panorama has no connection"),
        (Fault.ERROR, Failure.SAID, "has unexpected here"),
        (Fault.BUSY, Failure.BUSY, "too busy"),
        (Fault.REDIRECT, Failure.NOT_XML, "elsewhere"),
        (Fault.HTML, Failure.NOT_XML, "something else than the XML API"),
        (Fault.EMPTY, Failure.NOT_XML, "something else than the XML API"),
        (Fault.NOT_XML, Failure.NOT_XML, "something else than the XML API"),
        (Fault.HALF, Failure.CUT, "cut in the middle"),
        (Fault.CUT, Failure.CUT, "cut in the middle"),
        (Fault.CLOSE, Failure.CUT, "cut in the middle"),
        (Fault.SILENCE, Failure.TIMEOUT, "no whole answer"),
        (Fault.DRIP, Failure.TIMEOUT, "no whole answer"),
        (Fault.DTD_BOMB, Failure.NOT_XML, "something else than the XML API"),
        (Fault.EXTERNAL_ENTITY, Failure.NOT_XML, "something else than the XML API"),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else "",
)
def test_every_failure_is_one_sentence(
    stand_in: StandIn, connection: Connection, fault: Fault, failure: Failure, says: str
) -> None:
    stand_in.fail(fault)
    began = time.monotonic()
    error = failure_of(lambda: connection.op(SYSTEM, within=1.5))
    assert time.monotonic() - began < 10
    assert error.failure is failure
    assert says in str(error)
    assert str(error).startswith("127.0.0.1:")


def test_a_wrong_password_is_told_from_a_wrong_key(stand_in: StandIn, address: Address, limits: Limits) -> None:
    error = failure_of(lambda: open_connection(address, user=USER, password=Secret(OTHER_PASSWORD), limits=limits))
    assert error.failure is Failure.WRONG_PASSWORD
    assert len(stand_in.seen) == 1  # not tried again: that would lock the account
    error = failure_of(lambda: open_connection(address, key=Secret("b2xk"), limits=limits).op(SYSTEM))
    assert error.failure is Failure.KEY_REFUSED


def test_keygen_that_answers_without_a_key(stand_in: StandIn, address: Address, limits: Limits) -> None:
    stand_in.fail(Fault.ERROR, "keygen")
    error = failure_of(lambda: open_connection(address, user=USER, password=Secret(PASSWORD), limits=limits))
    assert "has unexpected here" in str(error)


def test_an_answer_without_end_is_cut_off(stand_in: StandIn, address: Address) -> None:
    connection = open_connection(address, key=Secret(KEY), limits=Limits(largest=1 << 22))
    stand_in.fail(Fault.ENDLESS)
    assert failure_of(lambda: connection.op(SYSTEM, within=60)).failure is Failure.TOO_LARGE


@pytest.mark.parametrize("fault", [Fault.HALF, Fault.CUT, Fault.CLOSE, Fault.BUSY, Fault.SESSION_ENDED], ids=str)
def test_a_passing_failure_is_tried_again(stand_in: StandIn, connection: Connection, fault: Fault) -> None:
    stand_in.fail(fault, times=1)
    assert b"fw1" in connection.op(SYSTEM)
    assert len(stand_in.seen) == 2


def test_a_session_that_timed_out_is_tried_exactly_once_more(stand_in: StandIn, connection: Connection) -> None:
    stand_in.fail(Fault.SESSION_ENDED)
    failure_of(lambda: connection.op(SYSTEM))
    assert len(stand_in.seen) == 2


@pytest.mark.parametrize(
    ("host", "failure", "says"),
    [
        ("no-such-host.invalid", Failure.UNKNOWN_HOST, "no such host"),
        ("a" * 70 + ".example.net", Failure.UNKNOWN_HOST, "no such host"),
        ("fw1 .example.net", Failure.UNKNOWN_HOST, "no such host"),
    ],
    ids=["unknown", "label too long", "blank in the name"],
)
def test_a_host_that_is_none(host: str, failure: Failure, says: str, limits: Limits) -> None:
    error = failure_of(lambda: open_connection(Address(host), key=Secret(KEY), limits=limits).op(SYSTEM))
    assert error.failure is failure
    assert says in str(error)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection(closed_port: int, limits: Limits) -> None:
    connection = open_connection(Address("127.0.0.1", closed_port), key=Secret(KEY), limits=limits)
    error = failure_of(lambda: connection.op(SYSTEM))
    assert error.failure is Failure.REFUSED
    assert "HTTPS management" in str(error)


@pytest.fixture
def plain_server() -> Iterator[int]:
    """A server that speaks no TLS at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(100)
                    peer.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_port_without_tls(plain_server: int, limits: Limits) -> None:
    connection = open_connection(Address("127.0.0.1", plain_server, insecure=True), key=Secret(KEY), limits=limits)
    assert failure_of(lambda: connection.op(SYSTEM)).failure is Failure.TLS


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full, so that further ones are not answered."""
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting.enter_context(contextlib.closing(queued := socket.socket()))
            queued.setblocking(False)
            queued.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.fixture
def mute_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class TestNobodyWaits:
    """For what leads nowhere: neither the user who leaves, nor anybody longer than a call may take."""

    @pytest.fixture(params=["black_hole", "mute_server", "resolver"])
    def address(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
        gone = threading.Event()
        if request.param == "resolver":
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gone.wait(5))
            yield Address("fw1.example.net", insecure=True)
        else:
            yield Address("127.0.0.1", request.getfixturevalue(request.param), insecure=True)
        gone.set()

    def test_a_stop_is_obeyed_at_once(self, address: Address) -> None:
        connection = open_connection(address, key=Secret(KEY))
        progress = Progress()
        threading.Timer(0.3, progress.stop.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            connection.op(SYSTEM, progress, within=30)
        assert time.monotonic() - began < 1.5

    def test_a_call_takes_no_longer_than_it_may(self, address: Address) -> None:
        connection = open_connection(address, key=Secret(KEY))
        began = time.monotonic()
        error = failure_of(lambda: connection.op(SYSTEM, within=1))
        assert error.failure is Failure.TIMEOUT
        assert time.monotonic() - began < 3

    def test_a_handshake_has_a_limit_of_its_own(self, mute_server: int, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (guard, connection_module):
            monkeypatch.setattr(module, "CONNECT", 0.5)
        connection = open_connection(Address("127.0.0.1", mute_server, insecure=True), key=Secret(KEY))
        began = time.monotonic()
        error = failure_of(lambda: connection.op(SYSTEM, within=30))
        assert error.failure is Failure.TIMEOUT
        assert "takes no connection" in str(error)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (errno.ENETUNREACH, Failure.UNREACHABLE),
        (errno.EHOSTUNREACH, Failure.UNREACHABLE),
        (errno.EACCES, Failure.UNREACHABLE),
        (errno.ECONNREFUSED, Failure.REFUSED),
    ],
    ids=["network", "host", "a local filter", "refused at once"],
)
def test_no_way_there(code: int, failure: Failure, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: code)
    connection = open_connection(Address("127.0.0.1", 9), key=Secret(KEY), limits=limits)
    assert failure_of(lambda: connection.op(SYSTEM)).failure is failure


def test_the_next_place_of_a_name_is_tried(
    stand_in: StandIn, ca_file: Path, limits: Limits, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a name of two addresses on the first of which nobody listens."""
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (closed_port, stand_in.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    connection = open_connection(Address("localhost", ca_file=ca_file), key=Secret(KEY), limits=limits)
    assert b"fw1" in connection.op(SYSTEM)


class TestTrust:
    def test_an_untrusted_certificate_stops_keygen_before_it_is_sent(self, stand_in: StandIn) -> None:
        address = Address("127.0.0.1", stand_in.port)
        error = failure_of(lambda: open_connection(address, user=USER, password=Secret(PASSWORD)))
        assert error.failure is Failure.CERTIFICATE
        assert "not trusted" in str(error)
        assert stand_in.seen == []

    def test_a_certificate_for_another_name(self, estate: Estate, authority: trustme.CA, ca_file: Path) -> None:
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("fw2.example.net").configure_cert(other)
        with run_stand_in(estate, other) as running:
            address = Address("127.0.0.1", running.port, ca_file=ca_file)
            error = failure_of(lambda: open_connection(address, key=Secret(KEY)).op(SYSTEM))
            assert error.failure is Failure.CERTIFICATE
            assert running.seen == []

    def test_insecure_takes_any(self, stand_in: StandIn) -> None:
        connection = open_connection(Address("127.0.0.1", stand_in.port, insecure=True), key=Secret(KEY))
        assert b"fw1" in connection.op(SYSTEM)

    def test_a_pinned_fingerprint(self, stand_in: StandIn) -> None:
        found = fetch_fingerprint("127.0.0.1", stand_in.port)
        written = found.replace(":", "").lower()
        connection = open_connection(Address("127.0.0.1", stand_in.port, fingerprint=written), key=Secret(KEY))
        assert b"fw1" in connection.op(SYSTEM)

    def test_another_certificate_than_the_pinned_one(self, stand_in: StandIn) -> None:
        address = Address("127.0.0.1", stand_in.port, fingerprint="00" * 32)
        error = failure_of(lambda: open_connection(address, user=USER, password=Secret(PASSWORD)))
        assert error.failure is Failure.CERTIFICATE
        assert fetch_fingerprint("127.0.0.1", stand_in.port) in str(error)
        assert stand_in.seen == []

    def test_a_self_made_certificate(self, estate: Estate) -> None:
        with run_stand_in(estate) as running:
            address = Address("127.0.0.1", running.port, fingerprint=running.fingerprint)
            assert b"fw1" in open_connection(address, key=Secret(KEY)).op(SYSTEM)

    def test_tls_older_than_1_2(
        self, estate: Estate, ca_file: Path, server_tls: ssl.SSLContext, limits: Limits
    ) -> None:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made = make_certificate()
        pem = ca_file.with_name("old.pem")
        pem.write_text(made.pem)
        old.load_cert_chain(pem)
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with run_stand_in(estate, old) as running:
            address = Address("127.0.0.1", running.port, insecure=True)
            error = failure_of(lambda: open_connection(address, key=Secret(KEY), limits=limits).op(SYSTEM))
        assert error.failure is Failure.TLS
        assert "TLS 1.2" in str(error)

    @pytest.mark.parametrize("text", ["", "AB:CD", "zz" * 32, "00" * 33], ids=["empty", "short", "no hex", "long"])
    def test_a_fingerprint_that_is_none(self, text: str) -> None:
        assert failure_of(lambda: normal_fingerprint(text)).failure is Failure.CERTIFICATE

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "not PEM"])
    def test_a_ca_file_that_is_none(self, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        error = failure_of(lambda: Address("127.0.0.1", ca_file=path).context())
        assert str(path) in str(error)


class TestPanrc:
    """pan-python reads `.panrc` in the working and the home folder: here it must not."""

    @pytest.fixture(autouse=True)
    def planted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        text = "hostname=evil.example.net\napi_key=ZXZpbA==\nport=1\nserial=666\n"
        (tmp_path / ".panrc").write_text(text)
        Path(os.environ["HOME"], ".panrc").write_text(text)
        monkeypatch.chdir(tmp_path)

    def test_it_is_not_read(self, stand_in: StandIn, address: Address) -> None:
        open_connection(address, user=USER, password=Secret(PASSWORD)).op(SYSTEM)
        assert [seen.words for seen in stand_in.seen] == ["keygen", "show system info"]
        assert all("target" not in seen.parameters for seen in stand_in.seen)
        assert stand_in.seen[1].parameters["key"] == KEY


class TestBounds:
    def test_at_most_four_calls_at_once(self, stand_in: StandIn, connection: Connection) -> None:
        stand_in.delay = 0.2
        many = [threading.Thread(target=connection.op, args=(SYSTEM,)) for _ in range(9)]
        for thread in many:
            thread.start()
        for thread in many:
            thread.join(20)
        assert stand_in.most_at_once == 4
        assert len(stand_in.seen) == 9

    def test_stopping_gives_the_terminal_back(self, stand_in: StandIn, connection: Connection) -> None:
        stand_in.fail(Fault.SILENCE)
        progress = Progress()
        threading.Timer(0.3, progress.stop.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            connection.op(SYSTEM, progress, within=30)
        assert time.monotonic() - began < 2

    def test_commands_a_minute_are_bounded_and_counted(self, address: Address) -> None:
        limits = Limits(per_minute=3)
        connection = open_connection(address, key=Secret(KEY), limits=limits)
        for _ in range(3):
            connection.op(SYSTEM)
        assert limits.last_minute() == 3
        progress = Progress()
        threading.Timer(0.3, progress.stop.set).start()
        with pytest.raises(Cancelled):
            connection.op(SYSTEM, progress)
        assert limits.last_minute() == 3


def test_a_firewall_behind_a_panorama_is_the_target(stand_in: StandIn, connection: Connection) -> None:
    behind = connection.for_firewall("007000000000002")
    behind.op(SYSTEM)
    assert stand_in.seen[-1].parameters["target"] == "007000000000002"
    assert "007000000000002 by way of" in behind.address.name
    assert behind.journal is connection.journal


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (SYSTEM, "show system info"),
        ("<show><session><id>5</id></session></show>", "show session id"),
        ("<show", "an unreadable command"),
    ],
)
def test_commands_in_words(command: str, words: str) -> None:
    assert in_words(command) == words


def test_the_transport_is_the_one_that_pan_python_calls() -> None:
    for name in ("_PanXapi__api_request", "_PanXapi__set_response"):
        assert callable(getattr(pan.xapi.PanXapi, name))
