"""IPv4 and IPv6 addresses as one 128-bit number line: IPv4 stands at ::ffff:0:0/96.

Tables hold an address as two UInt64 columns (`*_hi`, `*_lo`), so that it sorts and compares as a
number; everything that looks at one session uses the 128-bit integer.
"""

import ipaddress
import re
import socket

V4_BASE = 0xFFFF << 32
V4_LAST = V4_BASE | 0xFFFFFFFF
LAST = (1 << 128) - 1
LOW = (1 << 64) - 1
_MEMBER = re.compile(r"\s*([0-9A-Fa-f.:/]+)(?:\s*-\s*([0-9A-Fa-f.:]+))?(?=[\s;#,]|$)")


def parse_address(text: str) -> int | None:
    """The number of an address as written in a log, None for anything that is not one address."""
    try:
        return V4_BASE | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):
        pass
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except (OSError, ValueError):
        return None


def format_address(number: int) -> str:
    """The usual text of an address number."""
    if V4_BASE <= number <= V4_LAST:
        return socket.inet_ntoa((number & 0xFFFFFFFF).to_bytes(4, "big"))
    return str(ipaddress.IPv6Address(number))


def is_ipv4(number: int) -> bool:
    """Whether the number is an IPv4 address."""
    return V4_BASE <= number <= V4_LAST


def join_halves(high: int, low: int) -> int:
    """The address number of two table cells."""
    return (high << 64) | low


def split_halves(number: int) -> tuple[int, int]:
    """The two table cells of an address number."""
    return number >> 64, number & LOW


def parse_network(text: str) -> tuple[int, int] | None:
    """First and last number of `10.0.0.0/8`, `2001:db8::/32`, a single address or `a-b`; None if malformed.

    Host bits may be set, as PAN-OS allows (`10.0.1.1/24` is the network 10.0.1.0/24).
    """
    text = text.strip()
    if "-" in text:
        first, _, last = text.partition("-")
        low, high = parse_address(first.strip()), parse_address(last.strip())
        if low is None or high is None or low > high or is_ipv4(low) != is_ipv4(high):
            return None
        return low, high
    base, slash, length = text.partition("/")
    number = parse_address(base)
    if number is None:
        return None
    if not slash:
        return number, number
    width = 32 if is_ipv4(number) else 128
    if not length.isascii() or not length.isdigit() or int(length) > width:
        return None
    host = (1 << (width - int(length))) - 1
    return number & ~host, number | host


def parse_member(text: str) -> tuple[int, int] | None:
    """The address, network or range that a member of a list begins with, whatever remark stands behind it."""
    found = _MEMBER.match(text)
    if found is None:
        return None
    base, last = found.groups()
    is_range = last is not None and parse_address(last) is not None
    return parse_network(f"{base}-{last}" if is_range else base)
