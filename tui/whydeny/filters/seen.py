"""Addresses and times found by a part of their text, by arithmetic: nobody formats a million cells a key press."""

import re
from collections.abc import Callable

import polars as pl

from whydeny.filters.match import any_of, is_address
from whydeny.model.addresses import V4_BASE, V4_LAST, parse_address


def address_seen(name: str, word: str) -> pl.Expr | None:
    """Whether the text of address column `name` contains `word` (IPv4), or begins with it (IPv6).

    None where no address can. IPv6 text is searched from its beginning only, and a word with something after
    its `::` must reach into the last group.
    """
    high, low = pl.col(f"{name}_hi"), pl.col(f"{name}_lo")
    is_v4 = (high == 0) & low.is_between(pl.lit(V4_BASE, pl.UInt64), pl.lit(V4_LAST, pl.UInt64))
    tests: list[pl.Expr] = []
    if re.fullmatch(r"[0-9.]{1,15}", word, re.ASCII):
        tests.extend(is_v4 & dotted for dotted in _dotted(low, word))
    ranges = prefix_ranges(word)
    if ranges:
        tests.append(~is_v4 & is_address(name, ranges))
    return any_of(tests).fill_null(False) if tests else None


def _dotted(low: pl.Expr, word: str) -> list[pl.Expr]:
    """One test for each place in a dotted address where `word` can stand."""
    parts = word.split(".")
    last = len(parts) - 1
    fitting = [_octets(part, index > 0, index < last) for index, part in enumerate(parts)]
    if len(parts) > 4 or not all(fitting):
        return []
    tests = []
    for start in range(4 - last):
        octets = [
            (low // (1 << 8 * (3 - start - index)) % 256).is_in(fits)
            for index, fits in enumerate(fitting)
            if len(fits) < 256
        ]
        tests.append(pl.all_horizontal(octets) if octets else pl.lit(True))
    return tests


def _octets(part: str, begins: bool, ends: bool) -> list[int]:
    """The octets whose text contains `part`, at its beginning and up to its end where that is so."""
    texts = ((number, str(number)) for number in range(256))
    return [
        number
        for number, text in texts
        if part in text and (not begins or text.startswith(part)) and (not ends or text.endswith(part))
        and (not (begins and ends) or text == part)
    ]  # fmt: skip


def prefix_ranges(word: str) -> list[tuple[int, int]]:
    """The ranges of IPv6 addresses whose text begins with `word`: `2001:db8:1` fits `…:1:`, `…:1f:`, `…:1abc:`."""
    text = word.lower()
    if not re.fullmatch(r"[0-9a-f:]{1,39}", text, re.ASCII) or text.startswith("0"):
        return []
    head, gap, tail = text.partition("::")
    if gap and tail:
        return _after_gap(text, tail)
    groups = head.split(":")
    *full, partial = groups if not gap else [*groups, ""]
    if len(full) > 7 or len(partial) > 4 or not all(1 <= len(group) <= 4 for group in full):
        return []
    numbers = [int(group, 16) for group in full]
    if gap:  # a gap is two zero groups at least
        return [_bounds([*numbers, 0, 0][:8], 0)]
    if not partial:
        return [_bounds(numbers, 0)] if numbers else []
    found = []
    for more in range(5 - len(partial)):
        if partial[0] == "0" and (more or len(partial) > 1):
            break  # a group is shown without leading zeros
        found.append(_bounds([*numbers, int(partial, 16) << 4 * more], 4 * more))
    return found


def _after_gap(text: str, tail: str) -> list[tuple[int, int]]:
    whole = parse_address(text)
    if whole is None:
        return []
    partial = tail.rpartition(":")[2]
    value = int(partial, 16)
    rest = whole - value
    return [
        (rest + (value << 4 * more), rest + (value << 4 * more) + (1 << 4 * more) - 1)
        for more in range(5 - len(partial) if value else 1)
    ]


def _bounds(groups: list[int], open_bits: int) -> tuple[int, int]:
    """First and last address that begin with `groups`, the lowest `open_bits` of the last group left open."""
    first = 0
    for group in groups:
        first = first << 16 | group
    rest = 128 - 16 * len(groups)
    last = first | ((1 << open_bits) - 1)
    return first << rest, (last << rest) | ((1 << rest) - 1)


_Part = tuple[Callable[[pl.Expr], pl.Expr], range]
_CLOCK: tuple[_Part, ...] = (
    (lambda time: time.dt.hour(), range(24)),
    (lambda time: time.dt.minute(), range(60)),
    (lambda time: time.dt.second(), range(60)),
)
_DATE: tuple[_Part, ...] = (
    (lambda time: time.dt.year(), range(10_000)),
    (lambda time: time.dt.month(), range(1, 13)),
    (lambda time: time.dt.day(), range(1, 32)),
)
_SHAPES = (
    (re.compile(r"(\d{2}):(\d{0,2})(?::(\d{0,2}))?", re.ASCII), _CLOCK),
    (re.compile(r"(\d{4})[/-](\d{0,2})(?:[/-](\d{0,2}))?", re.ASCII), _DATE),
)


def time_seen(column: pl.Expr, word: str) -> pl.Expr | None:
    """Whether a time is shown with `word` as the beginning of its clock (`10:0`) or date (`2024/05`); None where
    the word is neither."""
    for shape, parts in _SHAPES:
        found = shape.fullmatch(word)
        if found is None:
            continue
        tests = [
            part(column).is_in([number for number in numbers if f"{number:02}".startswith(digits)])
            for digits, (part, numbers) in zip(found.groups(), parts, strict=True)
            if digits
        ]
        return pl.all_horizontal(tests).fill_null(False)
    return None
