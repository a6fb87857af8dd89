"""Sets of numbers as sorted, disjoint spans: addresses on the 128-bit line, ports on theirs."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spans:
    """First and last numbers of sorted, disjoint, non-adjacent spans, both ends included."""

    firsts: tuple[int, ...] = ()
    lasts: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.firsts)

    def __contains__(self, number: int) -> bool:
        return self.find(number) is not None

    def find(self, number: int) -> Span | None:
        """The span that holds `number`, None if none does."""
        at = bisect_right(self.firsts, number) - 1
        if at < 0 or number > self.lasts[at]:
            return None
        return self.firsts[at], self.lasts[at]

    def pairs(self) -> Iterable[Span]:
        """First and last of every span, in order."""
        return zip(self.firsts, self.lasts, strict=True)


NOTHING = Spans()


def merge(spans: Iterable[Span]) -> Spans:
    """The union of spans in any order, overlapping or not."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(spans):
        if lasts and first <= lasts[-1] + 1:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return Spans(tuple(firsts), tuple(lasts))


def without(whole: Span, holes: Spans) -> Spans:
    """`whole` less the holes."""
    found: list[Span] = []
    first, end = whole
    for low, high in holes.pairs():
        if high < first or low > end:
            continue
        if low > first:
            found.append((first, low - 1))
        first = high + 1
    if first <= end:
        found.append((first, end))
    return merge(found)


def outside(spans: Spans, holes: Spans) -> Spans:
    """The spans less the holes."""
    return merge(part for span in spans.pairs() for part in without(span, holes).pairs()) if holes else spans


def overlaid(parts: Iterable[tuple[Span, frozenset[str]]]) -> Iterator[tuple[Span, frozenset[str]]]:
    """Disjoint spans with the words of every part that they lie in; in order, and only where there is one."""
    begin: dict[int, Counter[str]] = {}
    end: dict[int, Counter[str]] = {}
    for (first, last), words in parts:
        begin.setdefault(first, Counter()).update(words)
        end.setdefault(last + 1, Counter()).update(words)
        begin[first][""] += 1
        end[last + 1][""] += 1
    held: Counter[str] = Counter()
    cuts = sorted({*begin, *end})
    for cut, following in pairwise(cuts):
        held.update(begin.get(cut, {}))
        held.subtract(end.get(cut, {}))
        if held[""] > 0:
            yield (cut, following - 1), frozenset(word for word, count in held.items() if count > 0 and word)


def sweep(parts: Iterable[tuple[Spans, int]]) -> tuple[list[int], list[int]]:
    """Which bits are set along the number line, given spans that each set a mask.

    The masks of different parts share no bit. Answers the sorted cut points and, for each, the bits that are
    set from it up to the next; the first cut point is always 0.
    """
    changes: dict[int, int] = {0: 0}
    for spans, mask in parts:
        for first, last in spans.pairs():
            changes[first] = changes.get(first, 0) ^ mask
            changes[last + 1] = changes.get(last + 1, 0) ^ mask
    cuts = sorted(changes)
    bits = 0
    sets: list[int] = []
    for cut in cuts:
        bits ^= changes[cut]
        sets.append(bits)
    return cuts, sets
