"""Addresses with ignored bits, and which of several that overlap PAN-OS looks at.

A wildcard is its address with all ignored bits set, and those bits (`read_wildcard`).

Sources: PAN-OS 9.0 new features, wildcard address; 10.2 new features, "Security policy rule top-down order when
wildcard masks overlap" (docs.paloaltonetworks.com/pan-os/10-2/pan-os-new-features/policy-features); knowledge base
kA14u000000XguPCAS: an address goes to the longest prefix among the masks of the security rules, and no rule whose mask
has a shorter one is looked at. Wildcard Top Down Match Mode takes that away.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from whydeny.model.addresses import is_ipv4, parse_address
from whydeny.model.truth import Truth
from whydeny.policy.spans import Span

Wildcard = tuple[int, int]


def fits_wildcard(address: int, wildcard: Wildcard) -> bool:
    """Whether an IPv4 address agrees with an ip-wildcard; a 1 bit of its mask is ignored."""
    value, ignored = wildcard
    return is_ipv4(address) and (address | ignored) == value


def read_wildcard(text: str) -> Wildcard | None:
    """`10.20.1.0/0.0.248.255` as the address with all ignored bits set, and those bits; None if malformed."""
    base, slash, mask = text.strip().partition("/")
    address, ignored = parse_address(base.strip()), parse_address(mask.strip())
    if not slash or address is None or ignored is None or not (is_ipv4(address) and is_ipv4(ignored)):
        return None
    bits = ignored & 0xFFFFFFFF
    return address | bits, bits


def wildcard_text(wildcard: Wildcard) -> str:
    """`10.20.0.0/0.0.248.255`, with the ignored bits of the address as zeros."""
    value, ignored = wildcard
    parts = (value & ~ignored & 0xFFFFFFFF, ignored)
    return "/".join(".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in parts)


def prefix_network(wildcard: Wildcard) -> Span:
    """The network of the bits that lead up to the first ignored one."""
    value, ignored = wildcard
    tail = (1 << ignored.bit_length()) - 1
    return value & ~tail, value | tail


@dataclass(frozen=True, slots=True)
class Rivals:
    """The wildcards that compete for an address: those on one side of the security rules. None where they don't."""

    wildcards: tuple[Wildcard, ...] = ()

    def decide(self, address: int, wildcard: Wildcard) -> Truth:
        """Whether `wildcard` takes the address, among the others.

        Where one with a longer prefix stands in the way but does not take the address itself, no document says
        whether the shorter one is looked at after all.
        """
        if not fits_wildcard(address, wildcard):
            return Truth.NO_MATCH
        nearer = self.nearer(address, wildcard)
        if not nearer:
            return Truth.MATCH
        return Truth.NO_MATCH if any(fits_wildcard(address, other) for other in nearer) else Truth.UNKNOWN

    def nearer(self, address: int, wildcard: Wildcard) -> tuple[Wildcard, ...]:
        """The wildcards with the longest prefix around the address, where that is longer than this one's."""
        shortest = wildcard[1].bit_length()
        found: list[Wildcard] = []
        for other in self.wildcards:
            first, last = prefix_network(other)
            bits = other[1].bit_length()
            if bits > shortest or bits >= wildcard[1].bit_length() or not first <= address <= last:
                continue
            found = [*found, other] if bits == shortest else [other]
            shortest = bits
        return tuple(found)


ALONE = Rivals()


def rivals_of(wildcards: Iterable[Wildcard]) -> Rivals:
    """The wildcards of all rules on one side; masks of one prefix length can't overrule each other."""
    found = sorted(set(wildcards))
    return Rivals(tuple(found)) if len({ignored.bit_length() for _, ignored in found}) > 1 else ALONE
