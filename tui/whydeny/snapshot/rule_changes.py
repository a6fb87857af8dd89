"""The rules that differ between two sets of configurations."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from whydeny.model.configuration import Configuration, Place, Rule, Rulebase, RuleLists

_NOT_COMPARED = frozenset({"name", "rulebase", "position", "number", "origin", "uuid"})


class How(StrEnum):
    """What happened to a rule."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One criterion or setting of a rule, as text: several members with commas."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that differs. `where` says which list it stands in (`fw-1, vsys1, local`); positions count from 1.

    A rule that was renamed or changed and moved besides is one change, by the first of these.
    """

    where: str
    rulebase: Rulebase
    name: str
    how: How
    name_before: str | None = None
    position_before: int | None = None
    position_after: int | None = None
    details: tuple[FieldChange, ...] = ()


def changed_rules(before: Sequence[Configuration], after: Sequence[Configuration]) -> tuple[RuleChange, ...]:
    """The rules that were added, removed, renamed, changed or moved, list by list in their order.

    Lists belong together by the host name (else serial, else place in the order) of their configuration and by
    where in it they stand; rules by their uuid, else their name.
    """
    first, second = _lists(before), _lists(after)
    found: list[RuleChange] = []
    for key in dict.fromkeys((*second, *first)):
        where, rulebase = key
        found.extend(_compare_lists(where, rulebase, first.get(key, ()), second.get(key, ())))
    return tuple(found)


def _lists(configurations: Sequence[Configuration]) -> dict[tuple[str, Rulebase], tuple[Rule, ...]]:
    """Every rule list by the words for where it stands."""
    found: dict[tuple[str, Rulebase], tuple[Rule, ...]] = {}
    for number, configuration in enumerate(configurations, start=1):
        name = configuration.hostname or configuration.serial or f"{configuration.kind} {number}"
        for where, lists in _places(configuration):
            for rulebase, rules in lists.rules.items():
                found.setdefault((f"{name}, {where}", rulebase), rules)
            if lists.defaults:
                defaults = tuple(lists.defaults.values())
                found.setdefault((f"{name}, {where}, {Place.DEFAULT}", Rulebase.SECURITY), defaults)
    return found


def _places(configuration: Configuration) -> Iterator[tuple[str, RuleLists]]:
    yield "shared, pre", configuration.shared_pre
    yield "shared, post", configuration.shared_post
    for name, group in configuration.device_groups.items():
        yield f"device group {name}, pre", group.pre
        yield f"device group {name}, post", group.post
    for name, system in configuration.vsys.items():
        yield f"{name}, pushed pre", system.pushed_pre
        yield f"{name}, local", system.local
        yield f"{name}, pushed post", system.pushed_post


def _compare_lists(
    where: str, rulebase: Rulebase, before: tuple[Rule, ...], after: tuple[Rule, ...]
) -> Iterator[RuleChange]:
    partner = _partners(before, after)
    stayed = _in_order([partner[index] for index in range(len(after)) if partner[index] is not None])
    for index, rule in enumerate(after):
        old = partner[index]
        if old is None:
            yield RuleChange(where, rulebase, rule.name, How.ADDED, position_after=rule.position)
            continue
        was = before[old]
        details = tuple(_differences(was, rule))
        how = How.RENAMED if was.name != rule.name else How.CHANGED if details else How.MOVED
        if how is not How.MOVED or old not in stayed:
            yield RuleChange(where, rulebase, rule.name, how, was.name, was.position, rule.position, details)
    left = set(range(len(before))) - {old for old in partner if old is not None}
    for index in sorted(left):
        rule = before[index]
        yield RuleChange(where, rulebase, rule.name, How.REMOVED, rule.name, rule.position)


def _partners(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> list[int | None]:
    """For each rule of `after` the index of what it was, None for a new one."""
    by_uuid = {rule.uuid: index for index, rule in enumerate(before) if rule.uuid}
    by_name = {rule.name: index for index, rule in enumerate(before)}
    found: list[int | None] = []
    taken: set[int] = set()
    for rule in after:
        old = by_uuid.get(rule.uuid) if rule.uuid else None
        if old is None:
            old = by_name.get(rule.name)
            if old is not None and rule.uuid and before[old].uuid:
                old = None  # another rule under a name that was free again
        if old in taken:
            old = None
        if old is not None:
            taken.add(old)
        found.append(old)
    return found


def _in_order(indices: Sequence[int | None]) -> set[int]:
    """The longest rising run of `indices`: the rules that can be said to have stayed where they were."""
    order = [index for index in indices if index is not None]
    ends: list[int] = []
    ends_at: list[int] = []
    previous: list[int] = []
    for at, index in enumerate(order):
        place = bisect_left(ends, index)
        previous.append(ends_at[place - 1] if place else -1)
        ends[place : place + 1] = [index]
        ends_at[place : place + 1] = [at]
    found: set[int] = set()
    at = ends_at[-1] if ends_at else -1
    while at >= 0:
        found.add(order[at])
        at = previous[at]
    return found


def _differences(before: Rule, after: Rule) -> Iterator[FieldChange]:
    for field in fields(Rule):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if field.name not in _NOT_COMPARED and one != other:
            yield FieldChange(field.name.replace("_", " "), _text(one), _text(other))


def _text(value: object) -> str:
    match value:
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
