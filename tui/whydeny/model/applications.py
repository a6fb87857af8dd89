"""What is known of applications: default ports, dependencies, containers, attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# A yes-attribute has one name in an application and another in an application filter; the filter's is kept.
FLAG_NAMES = {
    "evasive-behavior": "evasive",
    "consume-big-bandwidth": "excessive-bandwidth-use",
    "able-to-transfer-file": "transfers-files",
    "has-known-vulnerability": "has-known-vulnerabilities",
    "tunnel-other-application": "tunnels-other-apps",
    "pervasive-use": "pervasive",
}

# The applications whose default ports PAN-OS 9.0 splits into clear and TLS; content before it doesn't list them.
# The list is the vendor's, the port numbers are the registered ones:
# https://docs.paloaltonetworks.com/pan-os/9-0/pan-os-new-features/app-id-features/app-default-strict.html
SECURE_PORTS = {
    "web-browsing": ("tcp/443",),
    "smtp": ("tcp/465,587",),
    "ftp": ("tcp/990",),
    "ldap": ("tcp/636",),
    "pop3": ("tcp/995",),
    "imap": ("tcp/993",),
}


def flag_name(written: str) -> str:
    """The filter's name of a yes-attribute of an application (`evasive-behavior` is `evasive`)."""
    return FLAG_NAMES.get(written, written)


@dataclass(frozen=True, slots=True)
class Application:
    """One application of the predefined content.

    `ports` as written there (`tcp/80,443`, `tcp/dynamic`, `udp/53`); `secure_ports` are the ports under TLS
    (told apart from PAN-OS 9.0 on). `uses` must be allowed too, `implicitly_uses` are let through alone.
    `flags` are yes-attributes by the name an application filter gives them (`flag_name`).
    """

    name: str
    ports: tuple[str, ...] = ()
    secure_ports: tuple[str, ...] = ()
    ip_protocols: tuple[int, ...] = ()
    icmp_types: tuple[int, ...] = ()
    icmp6_types: tuple[int, ...] = ()
    uses: tuple[str, ...] = ()
    implicitly_uses: tuple[str, ...] = ()
    container: str | None = None
    deny_action: str | None = None
    category: str = ""
    subcategory: str = ""
    technology: str = ""
    risk: int | None = None
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationTable:
    """Applications by name. `version` is the content version, empty if not known.

    `complete` is whether an absent name can be taken for "no such application": false for the packaged
    table and for answers about single applications.
    """

    applications: Mapping[str, Application] = field(default_factory=dict)
    version: str = ""
    origin: str = ""
    complete: bool = False

    def get(self, name: str) -> Application | None:
        """The application, None if the table lacks it. Names compare without case."""
        return self.applications.get(name) or self.applications.get(name.lower())

    def containers(self) -> set[str]:
        """The names of container applications."""
        return {a.container for a in self.applications.values() if a.container}

    def over(self, below: "ApplicationTable") -> "ApplicationTable":
        """This table, with `below` answering for the names it lacks."""
        return ApplicationTable(
            {**below.applications, **self.applications},
            self.version or below.version,
            self.origin if not below.origin else f"{self.origin}, then {below.origin}",
            self.complete,
        )
