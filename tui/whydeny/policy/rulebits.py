"""One compiled rulebase as sets of rules."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.truth import Truth
from whydeny.policy.address_sets import AddressSets
from whydeny.policy.addresses import AddressField
from whydeny.policy.applications import ApplicationField
from whydeny.policy.categories import CategoryField
from whydeny.policy.cells import CellField
from whydeny.policy.compiled import CompiledRule, places_by_name
from whydeny.policy.criteria import (
    AddressPart,
    ApplicationPart,
    CategoryPart,
    CellPart,
    FixedPart,
    RuleTypePart,
    SchedulePart,
    ServicePart,
    UserPart,
    ZonePart,
)
from whydeny.policy.defaults import Defaults
from whydeny.policy.rulesets import (
    ApplicationSets,
    CategorySets,
    ScheduleSets,
    Sets,
    UserSets,
    ZoneSets,
)
from whydeny.policy.schedules import ScheduleField
from whydeny.policy.service_sets import ServiceSets
from whydeny.policy.users import UserField

K = TypeVar("K", bound=Hashable)


class RuleBits:
    """The families of one rulebase. Rule `index` is the bit `size - 1 - index`."""

    def __init__(self, rules: Sequence[CompiledRule], defaults: Defaults) -> None:
        self.size = len(rules)
        self._rules = rules
        self._places = places_by_name(rules)
        self._unlike: dict[Hashable, int] = {}
        self.everything = everything = (1 << self.size) - 1
        zones: dict[str, dict[tuple[str, ...], int]] = {"from": {}, "to": {}}
        kinds: dict[str, int] = {}
        sides: dict[str, dict[AddressField, int]] = {"source": {}, "destination": {}}
        users: dict[UserField, int] = {}
        applications: dict[ApplicationField, int] = {}
        services: dict[ServicePart, int] = {}
        cells: dict[CellField, int] = {}
        categories: dict[CategoryField, int] = {}
        schedules: dict[ScheduleField, int] = {}
        firm = early = everything
        unsettled = never = refusing = 0
        for compiled in rules:
            bit = 1 << (self.size - 1 - compiled.index)
            if not compiled.looked_at_first:
                early &= ~bit
            for part in compiled.checks:
                if isinstance(part, ZonePart):
                    _note(zones[part.name], part.members, bit)
                elif isinstance(part, RuleTypePart):
                    _note(kinds, part.kind, bit)
                elif isinstance(part, AddressPart):
                    _note(sides[part.name], part.field, bit)
                elif isinstance(part, UserPart):
                    _note(users, part.field, bit)
                elif isinstance(part, ApplicationPart):
                    _note(applications, part.field, bit)
                    refusing |= bit if part.refuses and not part.field.anything else 0
                elif isinstance(part, ServicePart):
                    _note(services, part, bit)
                elif isinstance(part, CellPart):
                    _note(cells, part.field, bit)
                elif isinstance(part, CategoryPart):
                    _note(categories, part.field, bit)
                elif isinstance(part, SchedulePart):
                    _note(schedules, part.field, bit)
                elif isinstance(part, FixedPart):
                    result = part.criterion.result
                    if result is Truth.NO_MATCH:
                        never |= bit
                    else:
                        unsettled |= bit
                        firm &= ~bit if not part.evident else everything
                else:
                    raise TypeError(f"no family for {part!r}")
        self.fixed: Sets = (everything & ~never & ~unsettled, unsettled & ~never)
        self.evident = firm & early  # rules that only address, user or HIP criteria can leave open at the first packet
        self.zones = ZoneSets(zones["from"], zones["to"], kinds, everything)
        self.source = AddressSets(sides["source"], everything)
        self.destination = AddressSets(sides["destination"], everything)
        self.users = UserSets(users, everything)
        self.applications = ApplicationSets(applications, everything, refusing)
        self.services = ServiceSets(services, everything, defaults, cells)
        self.categories = CategorySets(categories, everything)
        self.schedules = ScheduleSets(schedules, everything)

    def above(self, name: str | None) -> int:
        """The rules before the one that a row names; none where it is not there."""
        return self.first(self._places.get(name or "", 0))

    def first(self, count: int) -> int:
        """The first rules of the list."""
        return self.everything & ~((1 << (self.size - count)) - 1)

    def mask(self, indices: Iterable[int]) -> int:
        """Some rules."""
        return sum(1 << (self.size - 1 - index) for index in set(indices))

    def unlike(self, index: int) -> int:
        """The rules that do otherwise than this one."""
        if not self._unlike:
            masks: dict[Hashable, int] = {}
            for compiled in self._rules:
                _note(masks, _deed(compiled.rule), 1 << (self.size - 1 - compiled.index))
            self._unlike = {deed: self.everything & ~mask for deed, mask in masks.items()}
        return self._unlike[_deed(self._rules[index].rule)]


def _deed(rule: Rule) -> Hashable:
    """What a rule does to a session that it takes, as far as its own fields say."""
    if rule.rulebase is Rulebase.SECURITY:
        return rule.action == "allow"
    return rule.action, rule.decryption_type, rule.profile, rule.enforcement, rule.override_application


def _note(masks: dict[K, int], key: K, bit: int) -> None:
    masks[key] = masks.get(key, 0) | bit
