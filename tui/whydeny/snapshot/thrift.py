"""Thrift's compact protocol, read from bytes that may come from anywhere: bounded in depth, lengths and number of values.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

DEEPEST = 12
MOST_VALUES = 3_000_000
_TRUE, _FALSE, _BYTE, _WHOLE, _DOUBLE, _BINARY, _LISTS, _STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 12
_LONGEST_NUMBER = 10  # bytes of a varint of 64 bits

Struct = dict[int, Any]


class BadThrift(Exception):
    """Bytes that no writer of the protocol makes, or more of them than are read."""


class Thrift:
    """Reads structs from `data`, from the place `at` and never beyond `end`.

    A struct is a mapping of field numbers to whole numbers, truth values, bytes, lists and structs; floats are passed
    over as None. `places` has, after `struct`, where each field of the outermost struct begins and ends (the value,
    without its head).
    """

    def __init__(self, data: bytes | memoryview, at: int, end: int) -> None:
        self._data = data
        self.at = at
        self._end = end
        self._values = 0
        self.places: dict[int, tuple[int, int]] = {}

    def struct(self) -> Struct:
        """The struct at `at`, which then stands behind it. Raises `BadThrift`."""
        self.places = {}
        return self._struct(0)

    def _byte(self) -> int:
        at = self.at
        if at >= self._end:
            raise BadThrift("it ends within a value")
        self.at = at + 1
        return self._data[at]

    def _number(self) -> int:
        found = 0
        for place in range(_LONGEST_NUMBER):
            byte = self._byte()
            found |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return found
        raise BadThrift("a number has more than 64 bits")

    def _signed(self) -> int:
        number = self._number()
        return (number >> 1) ^ -(number & 1)

    def _bytes(self, length: int) -> bytes:
        if length > self._end - self.at:
            raise BadThrift("a text goes beyond the end")
        self.at += length
        return bytes(self._data[self.at - length : self.at])

    def _struct(self, depth: int) -> Struct:
        found: Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            if number in found:
                raise BadThrift("a field stands twice")
            begin, kind = self.at, head & 15
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
            if not depth:
                self.places[number] = (begin, self.at)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise BadThrift("it has too many values")
        if kind in _WHOLE:
            return self._signed()
        if kind == _BINARY:
            return self._bytes(self._number())
        if depth >= DEEPEST:
            raise BadThrift("it is nested too deeply")
        if kind == _STRUCT:
            return self._struct(depth + 1)
        if kind in _LISTS:
            return self._list(depth + 1)
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            self._bytes(8)
            return None
        raise BadThrift("a value is of no known kind")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        length, kind = head >> 4, head & 15
        if length == 15:
            length = self._number()
        if length > self._end - self.at:  # whatever its items are, each takes a byte at least
            raise BadThrift("a list goes beyond the end")
        if kind in (_TRUE, _FALSE):
            return [self._byte() == _TRUE for _ in range(length)]
        return [self._value(kind, depth) for _ in range(length)]
