"""The rules of one rulebase as bits, criterion by criterion: which rules take a value, and which may.

Every family answers a pair of whole numbers, `certain` and `unsettled`, in which a rule is one bit; the first rule has
the highest bit, so that the first rule of a set is read off its bit length. A rule in neither does not match;
`unsettled` may hold rules that are certain too. The families ask the same compiled fields that a single look-up asks.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from whydeny.model.configuration import ApplicationFilter
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationField, SeenApplication, passes_filter
from whydeny.policy.categories import NOT_YET, CategoryField
from whydeny.policy.schedules import ScheduleField
from whydeny.policy.spans import Spans, sweep
from whydeny.policy.users import SeenUser, UserField, UserName

Sets = tuple[int, int]


def both(one: Sets, other: Sets) -> Sets:
    """The rules of two families together."""
    certain = one[0] & other[0]
    if not one[1] and not other[1]:
        return certain, 0
    return certain, ((one[0] | one[1]) & (other[0] | other[1])) ^ certain


def add_mask(masks: dict[str, int], key: str, mask: int) -> None:
    """Add rules to those of a key."""
    masks[key] = masks.get(key, 0) | mask


@dataclass(frozen=True, slots=True)
class Line:
    """Which bits are set along a number line."""

    cuts: Sequence[int]
    sets: Sequence[int]

    def at(self, number: int) -> int:
        """The bits set at a number (0 or more)."""
        return self.sets[bisect_right(self.cuts, number) - 1]


def line(parts: Iterable[tuple[Spans, int]]) -> Line:
    """The line of spans that each set a mask."""
    return Line(*sweep(parts))


class ZoneSets:
    """`from`, `to` and `rule-type`."""

    def __init__(
        self,
        from_zones: Mapping[tuple[str, ...], int],
        to_zones: Mapping[tuple[str, ...], int],
        kinds: Mapping[str, int],
        everything: int,
    ) -> None:
        self._from = _ZoneList(from_zones, everything)
        self._to = _ZoneList(to_zones, everything)
        self._within = everything & ~kinds.get("interzone", 0)
        self._between = everything & ~kinds.get("intrazone", 0)

    def sets(self, from_zone: str | None, to_zone: str | None) -> Sets:
        """The rules that take a pair of zones; None is not known."""
        found = both(self._from.sets(from_zone), self._to.sets(to_zone))
        if from_zone is None or to_zone is None:
            return found[0] & self._within & self._between, found[0] | found[1]
        kind = self._within if from_zone == to_zone else self._between
        return found[0] & kind, found[1] & kind


class _ZoneList:
    def __init__(self, masks: Mapping[tuple[str, ...], int], everything: int) -> None:
        listed = 0
        self._named: dict[str, int] = {}
        for zones, mask in masks.items():
            listed |= mask
            for zone in zones:
                add_mask(self._named, zone, mask)
        self._free = everything & ~listed
        self._everything = everything

    def sets(self, zone: str | None) -> Sets:
        if zone is None:
            return self._free, self._everything
        return self._free | self._named.get(zone, 0), 0


class UserSets:
    """`source-user`."""

    def __init__(self, masks: Mapping[UserField, int], everything: int) -> None:
        self._everything = everything
        self._free = everything
        self._keywords: dict[str, int] = {}
        self._names: dict[str, dict[UserName, int]] = {}
        self._open = 0
        self._groups: dict[str, int] = {}
        for field, mask in masks.items():
            if field.anything:
                continue
            self._free &= ~mask
            for word in field.keywords:
                add_mask(self._keywords, word, mask)
            for short, names in field.names.items():
                for _, name in names:
                    self._name(short, name, mask)
            for _, inside in field.answered:
                for short, spellings in inside.items():
                    for name in spellings:
                        self._name(short, name, mask)
            if field.open:
                self._open |= mask
            for group in field.groups:
                add_mask(self._groups, group, mask)

    def _name(self, short: str, name: UserName, mask: int) -> None:
        found = self._names.setdefault(short, {})
        found[name] = found.get(name, 0) | mask

    def sets(self, user: SeenUser) -> Sets:
        """The rules that take a user."""
        certain = self._free | (self._groups.get(user.dynamic_group, 0) if user.dynamic_group else 0)
        if user.text is None:
            return certain, self._everything
        if not user.text:
            return certain | self._keywords.get("unknown", 0), 0
        certain |= self._keywords.get("known-user", 0)
        if user.name.name == "pre-logon":
            certain |= self._keywords.get("pre-logon", 0)
        unsettled = self._open
        for name, mask in self._names.get(user.name.name, {}).items():
            same = name.same_as(user.name)
            if same is Truth.MATCH:
                certain |= mask
            elif same is Truth.UNKNOWN:
                unsettled |= mask
        return certain, unsettled


class ApplicationSets:
    """`application`."""

    def __init__(self, masks: Mapping[ApplicationField, int], everything: int, refusing: int = 0) -> None:
        self._at_first = everything & ~refusing  # those that wait for an application to refuse are not among them
        self._free = everything
        self._literals: dict[str, int] = {}
        self._containers: dict[str, int] = {}
        self._with_containers = 0
        self._filters: dict[int, tuple[ApplicationFilter, int]] = {}
        self._too_deep = 0
        for field, mask in masks.items():
            if field.anything:
                continue
            self._free &= ~mask
            for name in field.literals or ():
                add_mask(self._literals, name, mask)
            for name in field.containers or ():
                add_mask(self._containers, name, mask)
                self._with_containers |= mask
            for _, wanted in field.filters:
                before = self._filters.get(id(wanted), (wanted, 0))[1]
                self._filters[id(wanted)] = (wanted, before | mask)
            if field.too_deep:
                self._too_deep |= mask

    @property
    def looks_closer(self) -> bool:
        """Whether more than the application's name decides."""
        return bool(self._filters or self._containers)

    def sets(self, application: SeenApplication) -> Sets:
        """The rules that take an application."""
        if not application.identified:
            return self._at_first, 0
        certain = self._free | self._literals.get(application.key, 0)
        unsettled = self._too_deep
        if application.container is None:
            unsettled |= self._with_containers
        elif application.container:
            certain |= self._containers.get(application.container, 0)
        for wanted, mask in self._filters.values():
            truth = passes_filter(wanted, application)
            if truth is Truth.MATCH:
                certain |= mask
            elif truth is Truth.UNKNOWN:
                unsettled |= mask
        return certain, unsettled


class CategorySets:
    """`category`."""

    def __init__(self, masks: Mapping[CategoryField, int], everything: int) -> None:
        self._everything = everything
        self._free = everything
        self._named: dict[str, int] = {}
        self._open = 0
        for field, mask in masks.items():
            if field.anything:
                continue
            self._free &= ~mask
            for name in field.literals:
                add_mask(self._named, name, mask)
            if field.open:
                self._open |= mask

    def sets(self, category: str, without: bool) -> Sets:
        """The rules that take a category; none of those that ask for one, where the traffic is `without` a URL."""
        if category in NOT_YET:
            return self._free, 0 if without else self._everything
        certain = self._free | self._named.get(category, 0)
        return certain, self._open


class ScheduleSets:
    """`schedule`."""

    def __init__(self, masks: Mapping[ScheduleField, int], everything: int) -> None:
        self.masks = dict(masks)
        self._free = everything & ~sum(masks.values())

    def sets(self, at: datetime | None) -> Sets:
        """The rules that a time is in."""
        certain, unsettled = self._free, 0
        for field, mask in self.masks.items():
            truth = field.decide(at)
            if truth is Truth.MATCH:
                certain |= mask
            elif truth is Truth.UNKNOWN:
                unsettled |= mask
        return certain, unsettled
