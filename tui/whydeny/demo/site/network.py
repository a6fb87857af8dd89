"""The made-up company: its firewalls, zones and people, and the hosts that they talk to.

Addresses outside are those set aside for documentation (RFC 5737, RFC 3849), names stand under example.net
(RFC 2606); inside is 10.0.0.0/8. Times are local, Europe/Berlin.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MORNING = datetime(2025, 3, 11, 9)  # a Tuesday; the logs hold what ended in these three hours
NOON = datetime(2025, 3, 11, 12)
EXPORTED = datetime(2025, 3, 11, 12, 4, 31)  # when the files were taken
OFFSET = "+01:00"


def at(clock: str) -> datetime:
    """That morning at `HH:MM:SS`."""
    hours, minutes, seconds = map(int, clock.split(":"))
    return datetime(2025, 3, 11) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Firewall:
    """One firewall: who it is, what it runs, and through which interface it reaches each zone."""

    hostname: str
    serial: str
    model: str
    release: str
    config_version: int
    content: str
    outside: str  # the address that it translates sources to
    interfaces: dict[str, str] = field(default_factory=dict)
    multi_vsys: bool = False


HQ = Firewall(
    "demo-hq-fw1",
    "099900000001",
    "PA-3220",
    "10.2.9-h1",
    2562,
    "8951-9316",
    "192.0.2.1",
    {
        "untrust": "ethernet1/1",
        "users": "ethernet1/2",
        "servers": "ethernet1/3",
        "dmz": "ethernet1/4",
        "guest": "ethernet1/5",
        "kiosk": "ethernet1/6",
        "voice": "ethernet1/7",
        "mgmt": "ethernet1/8",
        "lab": "ethernet1/9",
        "partner": "ethernet1/10",
        "vpn": "tunnel.1",
    },
)
BRANCH = Firewall(
    "demo-branch-fw1",
    "099900000002",
    "PA-220",
    "8.0.13",
    2048,
    "8110-5299",
    "192.0.2.129",
    {"untrust": "ethernet1/1", "trust": "ethernet1/2"},
)
CAMPUS = Firewall(
    "demo-campus-fw1",
    "099900000003",
    "PA-5220",
    "10.1.11",
    2561,
    "8951-9316",
    "192.0.2.65",
    {
        "untrust": "ethernet1/1",
        "staff": "ethernet1/2",
        "to-labs": "",
        "to-campus": "",
        "labs": "ethernet1/5",
    },
    multi_vsys=True,
)
FIREWALLS = (HQ, BRANCH, CAMPUS)

SURNAMES = (
    "adeyemi", "bakker", "castro", "dubois", "eriksen", "farkas", "gallo", "haddad", "ivanova", "jensen", "kaya",
    "lindqvist", "moreau", "novak", "okafor", "pereira", "quinn", "rossi", "schmidt", "tanaka", "ueda", "varga",
    "weber", "xu", "yilmaz", "zhang",
)  # fmt: skip


def user_of(address: str) -> str:
    """Whose machine an inside address is."""
    *_, third, fourth = (int(part, 16) for part in re.findall("[0-9a-f]+", address))
    return f"demo\\{'acekmt'[third % 6]}.{SURNAMES[(third * 7 + fourth) % len(SURNAMES)]}"


@dataclass(frozen=True, slots=True)
class Host:
    """A host outside: its name, its address and the URL category of its site."""

    name: str
    address: str
    category: str


def _outside(category: str, *hosts: str) -> tuple[Host, ...]:
    found = []
    for host in hosts:
        name, _, address = host.partition(" ")
        found.append(Host(f"{name}.example.net", address, category))
    return tuple(found)


# What may be browsed from everywhere, the rest by what it is good for here.
SITES = (
    *_outside("computer-and-internet-info", "cloud 203.0.113.20", "docs 203.0.113.21", "status 203.0.113.22"),
    *_outside("business-and-economy", "trade 203.0.113.30", "invoices 203.0.113.31", "travel 203.0.113.32"),
    *_outside("news", "news 198.51.100.10", "weather 198.51.100.11"),
    *_outside("search-engines", "search 203.0.113.40"),
    *_outside("content-delivery-networks", "cdn-a 198.51.100.20", "cdn-b 198.51.100.21", "cdn-c 198.51.100.22"),
)
SHOPS = _outside("shopping", "shop 198.51.100.30", "books 198.51.100.31")
BANKS = _outside("financial-services", "bank 203.0.113.50", "broker 203.0.113.51")
CASINO = _outside("gambling", "casino 198.51.100.66")[0]
GAMES = _outside("games", "arcade 198.51.100.67")[0]
ADVERTS = _outside("web-advertisements", "ads 198.51.100.70")[0]
UNRESOLVED = _outside("not-resolved", "new-site 198.51.100.71")[0]
SOCIAL = _outside("social-networking", "social 203.0.113.60", "network 203.0.113.61")
VIDEO = _outside("streaming-media", "video 203.0.113.62")[0]
OFFICE = _outside("computer-and-internet-info", "office 203.0.113.70", "mail.office 203.0.113.71")
NOTES = _outside("online-storage-and-backup", "notes 203.0.113.72")[0]
MEETINGS = _outside("internet-communications-and-telephony", "meet 203.0.113.73")[0]
CODE = _outside("computer-and-internet-info", "code 203.0.113.74")[0]
PINNED = _outside("computer-and-internet-info", "api.pinned 203.0.113.80")[0]
OLD_TLS = _outside("business-and-economy", "old-tls 203.0.113.81")[0]
EXPIRED = _outside("business-and-economy", "expired 203.0.113.82")[0]
EXPIRED_BANK = _outside("financial-services", "pension 203.0.113.83")[0]
MALWARE = _outside("command-and-control", "beacon 198.51.100.250")[0]
UPDATES = _outside("computer-and-internet-info", "updates 203.0.113.90")[0]
HOSTS = (
    *SITES, *SHOPS, *BANKS, CASINO, GAMES, ADVERTS, UNRESOLVED, *SOCIAL, VIDEO, *OFFICE, NOTES, MEETINGS, CODE,
    PINNED, OLD_TLS, EXPIRED, EXPIRED_BANK, MALWARE, UPDATES,
)  # fmt: skip
