"""IP protocol numbers and the names that PAN-OS writes for them."""

NAMES = {
    0: "hopopt", 1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp",
    41: "ipv6", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 94: "ipip",
    97: "etherip", 103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 136: "udplite",
    137: "mpls",
}  # fmt: skip
NUMBERS = {name: number for number, name in reversed(NAMES.items())} | {
    "icmp6": 58,
    "icmpv6": 58,
    "ipv6icmp": 58,
}

ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132


def protocol_number(text: str) -> int | None:
    """The number of `tcp`, `6`, `ICMP`, …; None where it is none of them."""
    text = text.strip().lower()
    if text.isascii() and text.isdigit():
        return int(text) if int(text) < 256 else None
    return NUMBERS.get(text)


def protocol_name(number: int | None) -> str | None:
    """`tcp` for 6; the number as text where it has no name here."""
    if number is None:
        return None
    return NAMES.get(number, str(number))
