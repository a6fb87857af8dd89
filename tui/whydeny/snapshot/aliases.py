"""Names, users, hosts and URLs replaced by keyed aliases, the same one wherever a name stands.

What compares equal before (with or without case, part by part) compares equal afterwards, so that a policy that
goes by names decides as before. PAN-OS's own words stay what they are.
"""

import ipaddress
import re
from base64 import b32encode
from hashlib import blake2b
from uuid import UUID

from whydeny.model.addresses import V4_BASE, format_address, is_ipv4, parse_address, parse_network
from whydeny.snapshot.scramble import AddressMap

# Words of PAN-OS that stand where a name could: keywords, predefined objects and rules.
RESERVED = frozenset(
    {
        "", "any", "none", "n/a", "shared", "default", "strict", "best-practice", "unknown", "known-user", "pre-logon",
        "application-default", "service-http", "service-https", "intrazone-default", "interzone-default", "multicast",
        "default-web-form", "default-browser-challenge", "default-no-captive-portal",
    }
)  # fmt: skip
_RESERVED_SHAPE = re.compile(r"vsys\d+|panw-(known-ip|highrisk-ip|bulletproof-ip|torexit-ip|auth-portal-exclude)-list")
_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp", "ldap", "ldaps", "ws", "wss"})
# Endings of host names that say nothing about whose they are.
_ENDINGS = frozenset({"com", "net", "org", "edu", "gov", "mil", "int", "info", "io", "arpa"})
_MARKS = ("quarantine",)  # parts of names that a verdict goes by


class Aliases:
    """The aliases under one key; `replaced` has, by kind, what was replaced by what."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(b"names", key=key, digest_size=32).digest()
        self.addresses = AddressMap(key)
        self.replaced: dict[str, dict[str, str]] = {}
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}  # a name without case → the kind it was first met as
        self._taken: dict[str, str] = {}  # an alias → whose it is

    def _digest(self, text: str, size: int = 20) -> bytes:
        return blake2b(text.encode("utf-8", "replace"), key=self._key, digest_size=size).digest()

    def _alias(self, kind: str, text: str) -> str:
        """`kind-k3x9q2`: nobody else's, and the same under the same key."""
        digest, length = b32encode(self._digest(f"{kind}\0{text}")).decode().lower(), 6
        while self._taken.setdefault(f"{kind}-{digest[:length]}", text) != text:
            length += 1
        return f"{kind}-{digest[:length]}"

    def _note(self, kind: str, text: str, alias: str) -> str:
        self.replaced.setdefault(kind, {})[text] = alias
        return alias

    def name(self, text: str, kind: str = "name") -> str:
        """The alias of a name: `rule-k3x9q2`. One that reads as an address or network gets that one's alias."""
        if text.lower() in RESERVED or _RESERVED_SHAPE.fullmatch(text):
            return text
        if text not in self._names:
            alias = self.network(text)
            if alias is None:
                folded = text.lower()
                kind = self._kinds.setdefault(folded, next((mark for mark in _MARKS if mark in folded), kind))
                alias = self._spelled(self._alias(kind, folded), text)
                self._note(kind, text, alias)
            self._names[text] = alias
        return self._names[text]

    def _spelled(self, alias: str, text: str) -> str:
        """Another spelling of the alias for another spelling of the name: equal without case, and only so."""
        if text == text.lower():
            return alias
        turn = 0
        while True:
            bits = int.from_bytes(self._digest(f"{turn}\0{text}", 8), "big") | 1
            spelled = "".join(c.upper() if bits >> i & 1 else c for i, c in enumerate(alias))
            if self._taken.setdefault(spelled, text) == text:
                return spelled
            turn += 1

    def known(self) -> dict[str, str]:
        """Every text that has an alias, with it: for free text, in which they may stand."""
        found: dict[str, str] = {}
        for pairs in self.replaced.values():
            found.update(pairs)
        return found | self._names

    def user(self, text: str) -> str:
        """A user or group: the domain and the name by themselves, however they are joined."""
        plain = text.strip().lower()
        if plain in RESERVED:
            return text
        domain, slash, name = plain.rpartition("\\")
        if slash:
            return self._note("user", text, f"{self.host(domain)}\\{self._person(name)}")
        name, at, domain = plain.rpartition("@")
        alias = f"{self._person(name)}@{self.host(domain)}" if at else self._person(plain)
        return self._note("user", text, alias)

    def _person(self, name: str) -> str:
        return name if name in RESERVED else self._alias("user", name)

    def host(self, text: str) -> str:
        """A host or domain name label by label; an address as one."""
        plain = text.strip().lower()
        number = parse_address(plain)
        if number is not None:
            return self.address(number)
        if plain in RESERVED:
            return text
        labels = [self._label(label) for label in plain.split(".")]
        return self._note("host", text, ".".join(labels))

    def _label(self, label: str) -> str:
        if label in _ENDINGS or not label.strip("*^"):
            return label
        return self._alias("host", label)

    def url(self, text: str) -> str:
        """A URL or a pattern of one: host label by label, path part by part, wildcards kept."""
        scheme, mark, rest = text.partition("://")
        scheme = scheme.lower()
        scheme, rest = (scheme if scheme in _SCHEMES else self._alias("scheme", scheme), rest) if mark else ("", text)
        host, slash, path = rest.partition("/")
        name, colon, port = host.partition(":")
        parts = [p if not p.strip("*^") else self._alias("path", p) for p in path.split("/")] if slash else []
        port = port if port.isdigit() else ""
        alias = f"{scheme}{mark}{self.host(name)}{colon and port and ':' + port}{slash}{'/'.join(parts)}"
        return self._note("url", text, alias)

    def serial(self, text: str) -> str:
        """A serial number by another of the same length; one that is no number by a name."""
        if not (text.isascii() and text.isdigit()):
            return self.name(text, "device")
        turn = 0
        while True:
            number = int.from_bytes(self._digest(f"serial\0{turn}\0{text}"), "big") % 10 ** len(text)
            alias = f"{number:0{len(text)}}"
            if self._taken.setdefault(f"serial-{alias}", text) == text:
                return self._note("serial", text, alias)
            turn += 1

    def uuid(self, text: str) -> str:
        """Another UUID."""
        return self._note("uuid", text, str(UUID(bytes=self._digest(f"uuid\0{text.lower()}", 16), version=4)))

    def address(self, number: int) -> str:
        """The text of the address that stands for an address."""
        return format_address(self.addresses.one(number))

    def network(self, text: str) -> str | None:
        """An address or network as written, permuted; None for anything else (a range too)."""
        base, slash, length = text.strip().partition("/")
        number, span = parse_address(base), parse_network(text)
        if number is None or span is None:
            return None
        permuted = self.addresses.one(number)
        if number == span[0]:  # written without host bits
            permuted &= ~(span[1] - span[0])
        return f"{format_address(permuted)}{slash}{length}"

    def networks(self, text: str) -> tuple[str, ...] | None:
        """An address, network or range, permuted: a range as the networks that it consists of."""
        single = self.network(text)
        if single is not None:
            return (single,)
        ends = parse_network(text)
        if ends is None:
            return None
        base, kind = (V4_BASE, ipaddress.IPv4Address) if is_ipv4(ends[0]) else (0, ipaddress.IPv6Address)
        parts = ipaddress.summarize_address_range(kind(ends[0] - base), kind(ends[1] - base))
        return tuple(self.network(str(part)) or "" for part in parts)

    def wildcard(self, text: str) -> str:
        """An ip-wildcard, permuted; its bits must have been kept (`AddressMap.keep_wildcard`)."""
        base, slash, mask = text.strip().partition("/")
        number, ignored = parse_address(base.strip()), parse_address(mask.strip())
        if not slash or number is None or ignored is None or not is_ipv4(number) or not is_ipv4(ignored):
            return self.name(text, "value")
        bits = ignored - V4_BASE
        permuted = self.addresses.one(number & ~bits | V4_BASE) & ~bits | V4_BASE
        return f"{format_address(permuted)}/{mask.strip()}"
