"""What differs between two policies of one virtual system, as far as it can move a session: rules, order, objects."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from whydeny.model.configuration import Policy, Rule, Rulebase, Scope

# Fields of a rule that no look-up asks for.
_NEUTRAL = frozenset(
    {"name", "position", "number", "uuid", "origin", "log_start", "log_end", "log_setting", "tags", "description",
     "profiles", "log_success", "log_fail", "overridden", "timeout"}
)  # fmt: skip
_ASKED = tuple(name for name in Rule.__dataclass_fields__ if name not in _NEUTRAL)
_SHOWN = (*_ASKED, "name", "log_start", "log_end", "log_setting", "profiles", "log_success", "log_fail", "timeout")
_ADDRESSES = ("external_lists", "address_groups", "addresses", "regions")
_SERVICES = ("service_groups", "services")
_APPLICATIONS = ("application_filters", "application_groups", "applications")
_CATEGORIES = ("external_lists", "url_categories")


class How(StrEnum):
    """What became of a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    OBJECTS = "objects"  # the rule is as it was, something that it names is not


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that differs: the later one, or the earlier one where it was removed. `before` is the earlier one of both.

    `fields` are those of the rule that differ, `names` the objects that do. `matters` is whether a look-up can come out
    otherwise; a name or logging alone can't.
    """

    how: How
    rule: Rule
    before: Rule | None = None
    fields: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    matters: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """Two lists of rules of one rulebase.

    `before` and `after` are the indices of the rules in each that have no equal in the other. `same` maps the index of
    every other rule before to its index after; it keeps their order. `above` says for each name of a rule before how
    many of the first rules after it takes to hold every equal rule that stood above it.
    """

    changes: tuple[RuleChange, ...]
    before: frozenset[int]
    after: frozenset[int]
    same: Mapping[int, int]
    above: Mapping[str, int]

    @property
    def matters(self) -> bool:
        """Whether any look-up can come out otherwise."""
        return bool(self.before or self.after)


def compare(before: Policy, after: Policy) -> dict[Rulebase, Difference]:
    """What differs, rulebase by rulebase. A rulebase that is not known counts as empty."""
    objects = _Objects(before, after)
    return {
        rulebase: _compare_rules(before.rules.get(rulebase, ()), after.rules.get(rulebase, ()), objects)
        for rulebase in Rulebase
        if rulebase in before.rules or rulebase in after.rules
    }


def alike_in_applications(before: Policy, after: Policy) -> bool:
    """Whether a session's application is the same to both: release and user-made applications are."""
    return before.release == after.release and not _differing(before.scopes, after.scopes, ("applications",))


def _compare_rules(before: Sequence[Rule], after: Sequence[Rule], objects: "_Objects") -> Difference:
    pairs = _pairs(before, after)
    changes: dict[int, RuleChange] = {}  # by the index after, or by -1 - the index before
    equal: list[tuple[int, int]] = []
    for old, new in pairs.items():
        rule = after[new]
        fields = tuple(name for name in _SHOWN if getattr(before[old], name) != getattr(rule, name))
        names = objects.of(rule)
        if any(name in _ASKED for name in fields):
            changes[new] = RuleChange(How.CHANGED, rule, before[old], fields, names)
        elif names or objects.everything:
            changes[new] = RuleChange(How.OBJECTS, rule, before[old], fields, names)
        else:
            equal.append((old, new))
            if fields:
                changes[new] = RuleChange(How.CHANGED, rule, before[old], fields, matters=False)
    steady = _longest_rising([new for _, new in equal])
    for old, new in equal:
        if new not in steady:
            changes[new] = RuleChange(How.MOVED, after[new], before[old])
    same = {old: new for old, new in equal if new in steady}
    taken = set(pairs.values())
    for new, rule in enumerate(after):
        if new not in taken:
            changes[new] = RuleChange(How.ADDED, rule)
    for old, rule in enumerate(before):
        if old not in pairs:
            changes[-1 - old] = RuleChange(How.REMOVED, rule)
    kept = set(same.values())
    return Difference(
        tuple(change for _, change in sorted(changes.items()) if not (change.how is How.OBJECTS and not change.names)),
        frozenset(index for index in range(len(before)) if index not in same),
        frozenset(index for index in range(len(after)) if index not in kept),
        same,
        _above(before, same),
    )


def _pairs(before: Sequence[Rule], after: Sequence[Rule]) -> dict[int, int]:
    """The rule after that is each rule before: by uuid, else by where it is edited and its name."""
    by_uuid = {rule.uuid: index for index, rule in enumerate(after) if rule.uuid}
    pairs = {index: by_uuid[rule.uuid] for index, rule in enumerate(before) if rule.uuid and rule.uuid in by_uuid}
    taken = set(pairs.values())
    by_key: dict[Hashable, list[int]] = defaultdict(list)
    for index, rule in enumerate(after):
        if index not in taken:
            by_key[_key(rule)].append(index)
    for index, rule in enumerate(before):
        if index not in pairs and (found := by_key.get(_key(rule))):
            pairs[index] = found.pop(0)
    return pairs


def _key(rule: Rule) -> Hashable:
    return rule.name if rule.is_default else (rule.origin.panorama, rule.origin.owner, rule.name)


def _above(before: Sequence[Rule], same: Mapping[int, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    count = 0
    for index, rule in enumerate(before):
        if not rule.disabled:
            found.setdefault(rule.name, count)
        if index in same:
            count = same[index] + 1
    return found


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The most of some different numbers that stand in rising order: what is left was moved."""
    ends: list[int] = []  # the smallest end of a rising run of each length
    lengths = []
    for number in numbers:
        at = bisect_left(ends, number)
        ends[at : at + 1] = [number]
        lengths.append(at)
    found: set[int] = set()
    wanted = len(ends) - 1
    last = max(numbers, default=0) + 1
    for number, length in zip(reversed(numbers), reversed(lengths), strict=True):
        if length == wanted and number < last:
            found.add(number)
            wanted, last = wanted - 1, number
    return found


class _Objects:
    """The names that stand for something else in the one policy than in the other."""

    def __init__(self, before: Policy, after: Policy) -> None:
        old, new = before.scopes, after.scopes
        self._addresses = _differing(old, new, _ADDRESSES)
        self._addresses |= _competing(before, after, self._addresses)
        self._services = _differing(old, new, _SERVICES)
        self._applications = {name.lower() for name in _differing(old, new, _APPLICATIONS)}
        self._categories = _differing(old, new, _CATEGORIES)
        self._others = {
            "schedule": _differing(old, new, ("schedules",)),
            "enforcement": _differing(old, new, ("enforcements",)),
            "profile": _differing(old, new, ("decryption_profiles",)),
        }
        # A user-made application is in filters and containers, and has default ports of its own.
        self.everything = (
            bool(_differing(old, new, ("applications",)))
            or before.release != after.release
            or before.wildcard_top_down != after.wildcard_top_down
        )
        self._any = bool(self._addresses or self._services or self._applications or self._categories) or any(
            self._others.values()
        )

    def of(self, rule: Rule) -> tuple[str, ...]:
        """Those that a rule names."""
        if not self._any:
            return ()
        found = [name for name in (*rule.sources, *rule.destinations) if name in self._addresses]
        found += [name for name in rule.services if name in self._services]
        found += [name for name in rule.applications if name.lower() in self._applications]
        found += [name for name in rule.categories if name in self._categories]
        found += [name for field, names in self._others.items() if (name := getattr(rule, field)) in names]
        return tuple(dict.fromkeys(found))


def _differing(before: Iterable[Scope], after: Iterable[Scope], kinds: Sequence[str]) -> set[str]:
    """The names of these kinds that resolve otherwise, and the groups that hold them."""
    old, new = _resolved(before, kinds), _resolved(after, kinds)
    found = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not found:
        return found
    holders: dict[str, set[str]] = defaultdict(set)
    dynamic = set()
    for objects in (old, new):
        for name, held in objects.items():
            if getattr(held, "filter", None) is not None:
                dynamic.add(name)
            for member in getattr(held, "members", ()):
                holders[member].add(name)
    if any(_tags(old.get(name)) != _tags(new.get(name)) for name in found):
        found |= dynamic
    waiting = list(found)
    while waiting:
        more = holders[waiting.pop()] - found
        found |= more
        waiting += more
    return found


def _competing(before: Policy, after: Policy, differing: set[str]) -> set[str]:
    """Every name that leads to a wildcard mask, where those that compete for an address are not the same."""
    wild: set[str] = set()
    for policy in (before, after):
        resolved = _resolved(policy.scopes, _ADDRESSES)
        holders = _holders(resolved)
        waiting = [name for name, held in resolved.items() if getattr(held, "kind", "") == "ip-wildcard"]
        wild.update(waiting)
        while waiting:
            more = holders[waiting.pop()] - wild
            wild |= more
            waiting += more
    if not wild or (not wild & differing and _wild_sides(before, wild) == _wild_sides(after, wild)):
        return set()
    return wild


def _wild_sides(policy: Policy, wild: set[str]) -> set[tuple[bool, str]]:
    """The names of wildcard masks on either side of the security rules that are in force."""
    rules = [rule for rule in policy.rules.get(Rulebase.SECURITY, ()) if not rule.disabled]
    sources = {(True, name) for rule in rules for name in rule.sources}
    return {
        side for side in sources | {(False, name) for rule in rules for name in rule.destinations} if side[1] in wild
    }


def _holders(resolved: Mapping[str, Any]) -> dict[str, set[str]]:
    """The groups that hold each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, held in resolved.items():
        for member in getattr(held, "members", ()):
            found[member].add(name)
    return found


def _resolved(scopes: Iterable[Scope], kinds: Sequence[str]) -> dict[str, Any]:
    """What each name stands for: in the most local scope, in the last of the kinds."""
    found: dict[str, Any] = {}
    for scope in reversed(tuple(scopes)):
        for kind in kinds:
            found.update(getattr(scope, kind))
    return found


def _tags(held: Any) -> tuple[str, ...]:
    return getattr(held, "tags", ())
