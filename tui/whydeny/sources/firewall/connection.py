"""The connection to a firewall or a Panorama: pan-os-python, held to this program's rules.

pan-os-python 1.13 (with pan-python 0.17, which it pins) doesn't verify TLS, ignores `ssl_context`, waits twenty
minutes for every single receive, reads `.panrc` files unasked and lets raw errors through. So `Wire` takes the place
of its transport: it checks the allow-list, sends the request through a guarded context and keeps the answer's bytes
for the readers of saved forms. Device objects get it from `generate_xapi` and `_retrieve_api_key`, so that not even
`keygen` is sent without it.
"""

import http.client
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Event
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError, tostring

import pan.rc
import pan.xapi
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from panos.base import PanDevice
from panos.firewall import Firewall

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress, silent
from whydeny.model.safe import safe_text
from whydeny.sources.firewall.allowed import require_allowed
from whydeny.sources.firewall.answers import NotXml, Refused, describe, parse_small, refusal_of
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.guard import GuardedContext, Watch, make_context
from whydeny.sources.firewall.journal import Journal
from whydeny.sources.firewall.limits import CONNECT, PATIENCE, QUICK, Limits, try_again
from whydeny.sources.firewall.reach import GuardedHandler
from whydeny.sources.firewall.secret import Secret

# `./.panrc` and `~/.panrc` would be read whenever a device object is made: a planted file could name another host.
pan.rc._search_path[:] = ["__init__()"]
for _name in ("_PanXapi__api_request", "_PanXapi__set_response"):
    if not hasattr(pan.xapi.PanXapi, _name):
        raise ImportError(f"this pan-python has no {_name}: whydeny can't hold it to TLS and its allow-list")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect and whom to trust. `serial` is a firewall to reach by way of the Panorama at `host`."""

    host: str
    port: int = 443
    ca_file: Path | None = None
    fingerprint: str | None = None
    insecure: bool = False
    serial: str | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        host = safe_text(self.host, 120) if self.port == 443 else f"{safe_text(self.host, 120)}:{self.port}"
        return f"{self.serial} by way of {host}" if self.serial else host

    def context(self) -> GuardedContext:
        """A fresh TLS context."""
        return make_context(self.ca_file, self.fingerprint, self.insecure)


class Wire(PanDevice.XapiWrapper):  # type: ignore[misc]  # pan-os-python has no types
    """pan-os-python's API object with this program's transport. `body` is the last answer as it came."""

    def __init__(self, context: GuardedContext, journal: Journal, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.context = context
        self.journal = journal
        self.body = b""
        self._asked: Mapping[str, object] = {}
        self._sent = 0.0
        self._opener = urllib.request.OpenerDirector()  # without a handler for plain HTTP or for redirects
        for handler in (
            urllib.request.ProxyHandler(),
            GuardedHandler(context),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            self._opener.add_handler(handler)

    def _PanXapi__api_request(self, query: Mapping[str, object]) -> Any:  # noqa: N802  # pan-python's name
        """Send one request. Raises `ForbiddenCall` before anything is sent, else whatever fails on the way."""
        require_allowed(query)
        self._asked, self._sent = query, time.monotonic()
        try:
            return self._opener.open(self._request(query), timeout=CONNECT)
        except BaseException as error:
            self._note(type(error).__name__)
            raise

    def _request(self, query: Mapping[str, object]) -> urllib.request.Request:
        plain = {name: v.reveal() if isinstance(v, Secret) else v for name, v in query.items()}
        return urllib.request.Request(self.uri, urlencode(plain).encode())

    def _PanXapi__set_response(self, response: http.client.HTTPResponse) -> bool:  # noqa: N802
        """Keep the answer; only a key is parsed here, everything else by the reader that it is meant for."""
        self.body = b""
        try:
            self.body = response.read()
        except BaseException as error:
            self._note(type(error).__name__)
            raise
        if "html" in (response.getheader("content-type") or "").lower():
            self._note("no XML")
            raise NotXml
        refusal = refusal_of(self.body)
        self._note("ok" if refusal is None else "refused")
        if refusal is not None:
            raise Refused(refusal)
        if self._asked.get("type") == "keygen":
            self.element_root = parse_small(self.body)
            self.element_result = None if self.element_root is None else self.element_root.find("result")
            return self.element_result is not None
        return True

    def _note(self, outcome: str) -> None:
        seconds = time.monotonic() - self._sent
        self.journal.note("POST", self.uri, self._asked, seconds, len(self.body), outcome)


class GuardedFirewall(Firewall):  # type: ignore[misc]
    """pan-os-python's firewall on a `Wire`, reached directly or (with a serial) by way of a Panorama."""

    def __init__(self, address: Address, journal: Journal, **credentials: Any) -> None:
        super().__init__(hostname=address.host, port=address.port, serial=address.serial, **credentials)
        self._api_password: Secret | None = credentials.get("api_password")
        self.context = address.context()
        self.journal = journal

    def generate_xapi(self) -> Wire:
        """The API object, with a key."""
        return self._wire(api_key=self.api_key, serial=self.serial)

    def _retrieve_api_key(self) -> Secret:
        """Ask for a key with user and password, and forget both. The key is the Panorama's where there is one."""
        wire = self._wire(api_username=self._api_username, api_password=self._api_password)
        try:
            pan.xapi.PanXapi.keygen(wire)
            return Secret(wire.api_key or "")
        finally:
            wire.api_key = wire.api_password = wire.element_root = wire.element_result = None
            wire.body = b""
            self._api_password = None

    def _wire(self, **arguments: object) -> Wire:
        return Wire(self.context, self.journal, pan_device=self, hostname=self.hostname, port=self.port, **arguments)


class Connection:
    """A firewall or Panorama with a key: `op`, `config` and `log` answer with the bytes that came.

    Safe to use from several threads: each call borrows a device object of its own, at most four at once. Every
    failure is a `FirewallError` of one sentence; `Cancelled` when the progress was stopped.
    """

    def __init__(self, address: Address, key: Secret, limits: Limits, journal: Journal) -> None:
        self.address = address
        self.limits = limits
        self.journal = journal
        self._key = key
        self._proved = False
        self._idle: LifoQueue[GuardedFirewall] = LifoQueue()

    def op(
        self,
        command: Element | str,
        progress: Progress | None = None,
        within: float = QUICK,
        vsys: str | None = None,
    ) -> bytes:
        """The answer to an operational command, given as an element or XML text; `within` seconds."""
        xml = command if isinstance(command, str) else tostring(command, "unicode")
        return self._ask(lambda wire: pan.xapi.PanXapi.op(wire, cmd=xml, vsys=vsys), in_words(xml), progress, within)

    def config(self, action: str, xpath: str, progress: Progress | None = None, within: float = QUICK) -> bytes:
        """The answer to a configuration read; `action` is `show` (running) or `get` (candidate, predefined)."""
        read = pan.xapi.PanXapi.show if action == "show" else pan.xapi.PanXapi.get
        return self._ask(lambda wire: read(wire, xpath=xpath), f"read {safe_text(xpath, 120)}", progress, within)

    def log(self, parameters: Mapping[str, str], progress: Progress | None = None, within: float = QUICK) -> bytes:
        """The answer to one step of a log query: enqueue, `action=get`, `action=finish`.

        An enqueued job has to be ended, so that its number is waited for a little even after a stop.
        """
        query = {"type": "log", **parameters}
        enqueued = "log-type" in parameters
        what = f"read the {parameters['log-type']} log" if enqueued else "read the log"
        patience = PATIENCE if enqueued else 0.0
        return self._ask(lambda wire: pan.xapi.PanXapi.op(wire, extra_qs=query), what, progress, within, patience)

    def for_firewall(self, serial: str | None) -> "Connection":
        """The same connection, by way of this Panorama to one of its firewalls (None: the Panorama itself)."""
        address = Address(
            self.address.host, self.address.port, self.address.ca_file, self.address.fingerprint, self.address.insecure,
            serial,
        )  # fmt: skip
        return Connection(address, self._key, self.limits, self.journal)

    def log_in(self, user: str, password: Secret, progress: Progress | None = None) -> None:
        """Go on with a fresh key, after the old one ran out or was revoked. Raises `FirewallError`."""
        self._key = _fetch_key(self.address, user, password, self.journal, self.limits, progress)
        while True:  # devices with the old key
            try:
                self._idle.get_nowait()
            except Empty:
                return

    def _ask(
        self,
        send: Callable[[Wire], object],
        what: str,
        progress: Progress | None,
        within: float,
        patience: float = 0.0,
    ) -> bytes:
        stop = (progress or silent()).stop
        once = (Failure.SESSION_ENDED,)
        return try_again(lambda: self._once(send, what, stop, within, patience), stop, self.limits.back_off, once)

    def _once(self, send: Callable[[Wire], object], what: str, stop: Event, within: float, patience: float) -> bytes:
        with self.limits.turn(stop):
            device, key = self._borrow(), self._key
            wire = device.xapi
            try:
                watch = Watch(time.monotonic() + within, stop, self.limits.largest, patience=patience)
                body = _carry_out(wire, send, watch, self.address.name, what, within, self._proved)
            finally:
                wire.body = b""
                if key is self._key:  # nobody logged in anew meanwhile
                    self._idle.put(device)
        self._proved = True
        return body

    def _borrow(self) -> GuardedFirewall:
        try:
            return self._idle.get_nowait()
        except Empty:
            return GuardedFirewall(self.address, self.journal, api_key=self._key)


def open_connection(
    address: Address,
    key: Secret | None = None,
    user: str | None = None,
    password: Secret | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Connection:
    """A connection with a key: the given one, or one fetched with user and password, which are then forgotten.

    With a given key nothing is sent yet. Raises `FirewallError`.
    """
    journal = Journal()
    limits = limits or Limits()
    if key is None:
        if not user or not password:
            raise FirewallError(Failure.CREDENTIALS, f"{address.name}: give an API key, or a user and a password")
        key = _fetch_key(address, user, password, journal, limits, progress)
    return Connection(address, key, limits, journal)


def _fetch_key(
    address: Address, user: str, password: Secret, journal: Journal, limits: Limits, progress: Progress | None
) -> Secret:
    device = GuardedFirewall(address, journal, api_username=user, api_password=password)
    stop = (progress or silent()).stop
    return try_again(lambda: _log_in(device, address, limits, stop, password), stop, limits.back_off[:1])


def _log_in(device: GuardedFirewall, address: Address, limits: Limits, stop: Event, password: Secret) -> Secret:
    device._api_password = password
    keys: list[Secret] = []
    with limits.turn(stop):
        watch = Watch(time.monotonic() + QUICK, stop, limits.largest)
        _carry_out(device, lambda d: keys.append(d._retrieve_api_key()), watch, address.name, "keygen", QUICK, False)
    if not keys or not keys[0]:
        raise FirewallError(Failure.WRONG_PASSWORD, f"{address.name}: gave no key for this user and password")
    return keys[0]


def _carry_out(
    holder: Any, send: Callable[[Any], object], watch: Watch, name: str, what: str, within: float, proved: bool
) -> bytes:
    """Carry one call out; `holder` has the guarded context. Returns the answer's bytes where `holder` keeps them.

    Errors are raised anew outside the handler, without context: the frames of the HTTP library hold the request's
    body, and so the key.
    """
    holder.context.watch = watch
    failed: WhydenyError | None = None
    body = b""
    try:
        send(holder)
        body = getattr(holder, "body", b"")
    except WhydenyError as error:
        failed = error.with_traceback(None)
        failed.__context__ = None
    except Exception as error:  # noqa: BLE001  # whatever pan-os-python lets through becomes one sentence
        failed = describe(error, name, what, within, proved)
    if failed is not None:
        raise failed
    return body


def in_words(command: str) -> str:
    """A command as an administrator would type it: `show session all`."""
    try:
        element: Element | None = fromstring(command, forbid_dtd=True)
    except (ParseError, DefusedXmlException):
        return "an unreadable command"
    words: list[str] = []
    while element is not None and len(words) < 5:
        words.append(element.tag)
        element = element[0] if len(element) else None
    return safe_text(" ".join(words), 120)
