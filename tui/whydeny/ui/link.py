"""The link to a firewall: where it is, whom to trust, who asks; connected, chosen behind a Panorama, opened, left.

It is used from worker threads, one step at a time. Secrets live here and in the connection, nowhere else: no screen
keeps one, and a password is gone once it got a key or was found wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.site import Site
from whydeny.sources.firewall.connection import Address, Connection, open_connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import Limits
from whydeny.sources.firewall.secret import Secret
from whydeny.sources.firewall.source import FirewallSource
from whydeny.sources.firewall.system import Managed, list_firewalls

# Failures that other credentials may mend.
LOG_IN = frozenset({Failure.WRONG_PASSWORD, Failure.KEY_REFUSED, Failure.SESSION_ENDED, Failure.CREDENTIALS})
ALARM = "TLS NOT VERIFIED"


@dataclass(frozen=True, slots=True)
class Target:
    """What to connect to, without any secret.

    `host` is the firewall, or with `panorama` the Panorama before it; `serial` or `firewall` (its host name) then say
    which one. `vsys` limits log queries; `user` fills the form; `profile` is what the settings call it, if they do.
    """

    host: str
    port: int = 443
    ca_file: Path | None = None
    fingerprint: str | None = None
    insecure: bool = False
    panorama: bool = False
    serial: str | None = None
    firewall: str | None = None
    vsys: str | None = None
    user: str | None = None
    profile: str | None = None

    @property
    def address(self) -> Address:
        """The host alone."""
        return Address(self.host, self.port, self.ca_file, self.fingerprint, self.insecure)

    @property
    def name(self) -> str:
        """How the screen calls it."""
        which = self.serial or self.firewall
        return f"{which} by way of {self.address.name}" if self.panorama and which else self.address.name


class ChooseFirewall(WhydenyError):
    """The host is a Panorama, and which of its firewalls is meant isn't known; `managed` are those there are."""

    def __init__(self, message: str, managed: tuple[Managed, ...]) -> None:
        super().__init__(message)
        self.managed = managed


class Link:
    """One firewall that is being connected to, or is. `limits` bound how hard it is asked."""

    def __init__(
        self, target: Target, key: Secret | None = None, password: Secret | None = None, limits: Limits | None = None
    ) -> None:
        self.target = target
        self.limits = limits or Limits()
        self.connection: Connection | None = None
        self._source: FirewallSource | None = None
        self._key = key
        self._password = password
        self._chosen = False  # from the list of a Panorama's firewalls

    @property
    def ready(self) -> bool:
        """Whether there is something to log in with."""
        return bool(self.connection or self._key or (self.target.user and self._password))

    @property
    def alarm(self) -> str:
        """What must be said in red; empty for nothing."""
        return ALARM if self.target.insecure else ""

    @property
    def source(self) -> FirewallSource:
        """The firewall as a source, once it is being opened."""
        if self._source is None:
            raise FirewallError(Failure.SAID, f"{self.target.name}: not connected yet")
        return self._source

    @property
    def per_minute(self) -> int:
        """How many commands were sent in the last sixty seconds."""
        return self.limits.last_minute()

    def log_in_as(self, user: str, password: Secret) -> None:
        """Use these from now on."""
        self.target = replace(self.target, user=user)
        self._key, self._password = None, password

    def trust(self, ca_file: Path | None = None, fingerprint: str | None = None) -> None:
        """Trust a CA, or one certificate, instead of what was trusted so far."""
        self.target = replace(self.target, ca_file=ca_file, fingerprint=fingerprint, insecure=False)
        self.connection = None

    def choose(self, serial: str) -> None:
        """Mean this firewall of the Panorama's."""
        self.target = replace(self.target, panorama=True, serial=serial)
        self._chosen = True

    def choose_another(self) -> bool:
        """Leave open again which firewall is meant, where it was chosen from the list. Whether it was."""
        if self._chosen:
            self.target = replace(self.target, serial=None, firewall=None)
        return self._chosen

    def open(self, progress: Progress, on_site: Callable[[Site], None]) -> Site:
        """Log in where needed, find the firewall, and open it; `on_site` gets the first view.

        Raises `ChooseFirewall` where a Panorama leaves open which one is meant, else `FirewallError`.
        """
        connection = self._connect(progress)
        serial = self._serial(connection, progress) if self.target.panorama else None
        own = connection.for_firewall(serial) if serial else connection
        self._source = FirewallSource(own, self.target.vsys)
        try:
            return self._source.open(progress, on_site)
        except FirewallError as error:
            if error.failure is not Failure.PANORAMA:
                raise
        raise self._choice(connection, progress)

    def log_in_again(self, progress: Progress) -> None:
        """A fresh key for the connection that there is. Raises `FirewallError`."""
        password, self._password = self._password, None
        if password is None or not self.target.user:
            raise FirewallError(Failure.CREDENTIALS, f"{self.target.name}: give a user and a password")
        self.source.connection.log_in(self.target.user, password, progress)

    def hurry(self) -> None:
        """Try nothing twice from now on: the user is leaving."""
        self.limits.back_off = ()

    def close(self) -> None:
        """Leave: stop what runs, and wait a little until open jobs are ended."""
        self.hurry()
        if self._source is not None:
            self._source.close()

    def _connect(self, progress: Progress) -> Connection:
        if self.connection is None:
            progress.step("logging in", 0, 0)
            self.connection = open_connection(
                self.target.address, self._key, self.target.user, self._password, progress, self.limits
            )
            self._password = None
        return self.connection

    def forget_login(self) -> None:
        """Nothing of what was tried is of use: the next try needs other credentials."""
        self._key = self._password = self.connection = None

    def _serial(self, connection: Connection, progress: Progress) -> str:
        if self.target.serial:
            return self.target.serial
        choice = self._choice(connection, progress)
        wanted = (self.target.firewall or "").lower()
        found = [one for one in choice.managed if wanted and wanted in (one.hostname.lower(), one.serial.lower())]
        if len(found) != 1:
            raise choice
        self.choose(found[0].serial)
        return found[0].serial

    def _choice(self, connection: Connection, progress: Progress) -> ChooseFirewall:
        progress.step("asking Panorama for its firewalls", 0, 0)
        managed = list_firewalls(connection, progress)
        name = self.target.address.name
        if not managed:
            raise FirewallError(
                Failure.SAID, f"{name}: is a Panorama that manages no firewall, as far as its answer says"
            )
        return ChooseFirewall(f"{name}: is a Panorama; choose one of the {len(managed)} firewalls it manages", managed)
