"""Addresses replaced by a keyed, prefix-preserving permutation.

Two addresses that share their first n bits still do afterwards, so networks stay networks and everything that
a policy decides by them stays decided. Each bit is flipped or kept by a keyed hash of the bits before it (the
scheme of Xu, Fan, Ammar and Moon, "Prefix-preserving IP address anonymization", 2002), here a whole byte's tree
of flips from one hash. Some flips are pinned to "kept":

* on the way to a special network (private, loopback, multicast, documentation, …), so that nothing leaves or
  enters one;
* on the looked-at bits of an ip-wildcard behind its first ignored one, so that it is still one wildcard.

A range that is no network does not stay a range: it is written as the networks that it consists of.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from whydeny.model.addresses import V4_BASE, is_ipv4, join_halves, parse_network, split_halves

# Networks whose addresses mean something: IANA special-purpose registries, multicast and reserved space.
SPECIAL = (
    "0.0.0.0/32", "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
    "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
    "3fff::/20", "fc00::/7", "fe80::/10", "ff00::/8",
)  # fmt: skip
Bytes = npt.NDArray[np.uint8]


class _Family:
    """The permutation of one address family of `width` bits."""

    def __init__(self, key: bytes, width: int) -> None:
        self.key = key
        self.width = width
        self.pins: dict[bytes, set[int]] = {}  # bytes before → nodes of the next byte's tree that keep their bit
        self.wildcards: list[tuple[int, int]] = []

    def pin(self, path: int, length: int) -> None:
        """Keep the way to the network of `length` bits that begins with `path`."""
        whole = path.to_bytes(self.width // 8, "big")
        for depth in range(length):
            at, bit = divmod(depth, 8)
            node = (1 << bit) | (whole[at] >> (8 - bit))
            self.pins.setdefault(whole[:at], set()).add(node)

    def flips(self, before: bytes) -> Bytes:
        """The 256 bits of one byte's tree, packed: bit n says whether node n (heap order, root 1) flips."""
        bits = np.unpackbits(np.frombuffer(blake2b(before, key=self.key, digest_size=32).digest(), dtype=np.uint8))
        bits[list(self.pins.get(before, ()))] = 0
        for value, ignored in self.wildcards:
            self._pin_wildcard(bits, before, value, ignored)
        return np.packbits(bits)

    def _pin_wildcard(self, bits: Bytes, before: bytes, value: int, ignored: int) -> None:
        at = len(before)
        looked = (~ignored).to_bytes(5, "big", signed=True)[1:]
        wanted = value.to_bytes(4, "big")
        if any((before[i] ^ wanted[i]) & looked[i] for i in range(at)):
            return
        first = self.width - ignored.bit_length()
        for node in range(1, 256):
            bit = node.bit_length() - 1
            so_far, mask = node ^ (1 << bit), looked[at] >> (8 - bit)
            behind = 8 * at + bit > first and looked[at] >> (7 - bit) & 1
            if behind and not (so_far ^ (wanted[at] >> (8 - bit))) & mask:
                bits[node] = 0

    def apply(self, addresses: Bytes) -> Bytes:
        """Rows of `width / 8` bytes, permuted."""
        out = np.empty_like(addresses)
        for at in range(self.width // 8):
            known, which = np.unique(addresses[:, :at], axis=0, return_inverse=True) if at else (
                np.empty((1, 0), np.uint8), np.zeros(len(addresses), np.int64))  # fmt: skip
            tables = np.stack([self.flips(before.tobytes()) for before in known])
            out[:, at] = _walk(tables, which.reshape(-1), addresses[:, at])
        return out


def _walk(tables: Bytes, which: npt.NDArray[np.int64], values: Bytes) -> Bytes:
    """One byte of every address down its tree."""
    node = np.ones(len(values), dtype=np.int64)
    out = np.zeros(len(values), dtype=np.uint8)
    for bit in range(7, -1, -1):
        flip = tables[which, node >> 3] >> (7 - (node & 7)).astype(np.uint8) & 1
        had = values >> np.uint8(bit) & 1
        out = (out << np.uint8(1)) | (had ^ flip)
        node = node * 2 + had
    return out


class AddressMap:
    """The permutation under one key. Everything that must be pinned is said before the first address is asked."""

    def __init__(self, key: bytes) -> None:
        self._v4 = _Family(blake2b(b"v4", key=key, digest_size=32).digest(), 32)
        self._v6 = _Family(blake2b(b"v6", key=key, digest_size=32).digest(), 128)
        self._known: dict[int, int] = {}
        self._v6.pin(V4_BASE, 96)  # where IPv4 stands on the number line
        for text in SPECIAL:
            first, last = parse_network(text) or (0, 0)
            length = 128 - (last - first).bit_length()
            if is_ipv4(first):
                self._v4.pin(first - V4_BASE, length - 96)
            else:
                self._v6.pin(first, length)

    def __len__(self) -> int:
        return len(self._known)

    def keep_wildcard(self, value: int, ignored: int) -> None:
        """Let an IPv4 wildcard (value, bits to ignore; both 32 bits) stay one wildcard."""
        if ignored:
            self._v4.wildcards.append((value & ~ignored, ignored))

    def learn(self, numbers: Iterable[int]) -> None:
        """Permute many addresses at once, for `one` to answer."""
        new = sorted(set(numbers) - self._known.keys())
        for family, base, chosen in (
            (self._v4, V4_BASE, [number for number in new if is_ipv4(number)]),
            (self._v6, 0, [number for number in new if not is_ipv4(number)]),
        ):
            if chosen:
                size = family.width // 8
                joined = b"".join((number - base).to_bytes(size, "big") for number in chosen)
                rows = family.apply(np.frombuffer(joined, dtype=np.uint8).reshape(-1, size))
                permuted = (int.from_bytes(row.tobytes(), "big") + base for row in rows)
                self._known.update(zip(chosen, permuted, strict=True))

    def one(self, number: int) -> int:
        """The address that stands for an address."""
        if number not in self._known:
            self.learn([number])
        return self._known[number]

    def halves(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The two table cells that stand for those of each address."""
        numbers = [join_halves(high, low) for high, low in pairs]
        self.learn(numbers)
        return [split_halves(self._known[number]) for number in numbers]
