"""Where a line of an edit applies: the rule lists and scopes of a virtual system, a device group or shared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whydeny.model.configuration import (
    Configuration,
    ConfigurationKind,
    Origin,
    Place,
    Rule,
    Rulebase,
    RuleLists,
    Scope,
    VirtualSystem,
)
from whydeny.policy.edit_lines import Line, one_of
from whydeny.policy.edit_rules import renumbered

_OF_FIREWALLS = (ConfigurationKind.EFFECTIVE, ConfigurationKind.RUNNING, ConfigurationKind.MERGED)
_SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Level:
    """What a line is about: a virtual system, a device group or shared."""

    kind: str  # vsys, device-group, shared
    name: str = ""

    def __str__(self) -> str:
        return self.kind if not self.name else f"{self.kind} {self.name}"


@dataclass(slots=True)
class RuleList:
    """The rules of one level among all rules of a list, which may hold those of others around them."""

    lists: RuleLists
    origin: Origin
    placeless: bool = False  # a firewall folded pushed rules in and has none of its own: pre and post can't be told

    def owns(self, rule: Rule) -> bool:
        """Whether a rule stands at this level."""
        if not self.origin.panorama:
            return not rule.origin.panorama
        if self.placeless:
            return rule.origin.panorama and rule.origin.owner == self.origin.owner
        return rule.origin == self.origin

    def names(self, rulebase: Rulebase) -> list[str]:
        """The names of its rules."""
        return [rule.name for rule in self.lists.rules.get(rulebase, ()) if self.owns(rule)]

    def find(self, rulebase: Rulebase, name: str) -> int | None:
        """Where a rule of this level stands in the list."""
        for index, rule in enumerate(self.lists.rules.get(rulebase, ())):
            if rule.name == name and self.owns(rule):
                return index
        return None

    def put(self, rulebase: Rulebase, rules: Sequence[Rule]) -> None:
        """Set the whole list."""
        self.lists.rules[rulebase] = renumbered(rules)

    def edge(self, rulebase: Rulebase, bottom: bool) -> int:
        """Where a rule goes that is put at the top or the bottom of this level."""
        rules = self.lists.rules.get(rulebase, ())
        own = [index for index, rule in enumerate(rules) if self.owns(rule)]
        if own:
            return own[-1] + 1 if bottom else own[0]
        before = {Place.PRE: (Place.PRE,), Place.LOCAL: (Place.PRE,), Place.POST: (Place.PRE, Place.LOCAL)}
        return sum(rule.origin.place in before[self.origin.place] for rule in rules)


class Levels:
    """The levels of configurations; `vsys` and `device_group` are meant where a line names none."""

    def __init__(self, configurations: Sequence[Configuration], vsys: str, device_group: str | None) -> None:
        self.configurations = configurations
        self._vsys = vsys
        self._device_group = device_group

    def level(self, line: Line) -> Level | None:
        if line.peek() == "devices":  # the full path
            line.take("devices")
            line.value("the name of the device")
        word = line.peek()
        if word in ("vsys", "device-group"):
            line.take(word)
            return Level(word, line.value(f"the name of a {'virtual system' if word == 'vsys' else 'device group'}"))
        if word == _SHARED:
            line.take(word)
            return Level(_SHARED)
        return None

    def _systems(self, name: str, line: Line) -> list[VirtualSystem]:
        """The virtual systems of that name, of one firewall."""
        found: list[VirtualSystem] = []
        firewalls: dict[str, None] = {}
        names: dict[str, None] = {}
        for configuration in self.configurations:
            if configuration.kind in _OF_FIREWALLS:
                names |= dict.fromkeys(configuration.vsys)
                mine = [s for s in configuration.vsys.values() if name in (s.name, s.display_name)]
                found += mine
                if mine and (firewall := configuration.serial or configuration.hostname):
                    firewalls[configuration.hostname or firewall] = None
        if not found:
            there = (
                one_of(names) if names else "the inputs hold no configuration of a firewall; say device-group or shared"
            )
            raise line.wrong(f"a virtual system ({there})", repr(name))
        if len(firewalls) > 1:
            raise line.wrong("one firewall's configuration (--serial chooses)", f"those of {one_of(firewalls)}")
        return found

    def lists(self, level: Level | None, place: Place, line: Line) -> list[RuleList]:
        """The lists that a rule line is about."""
        if place is Place.LOCAL:
            if level is not None and level.kind != "vsys":
                line.at -= 1
                raise line.wrong(f"pre-rulebase or post-rulebase after {level}")
            systems = self._systems(level.name if level else self._vsys, line)
            return [RuleList(system.local, Origin(Place.LOCAL, system.name)) for system in systems]
        if level is None and self._device_group is not None:
            level = Level("device-group", self._device_group)
        if level is None or level.kind == "vsys":
            line.at -= 1
            raise line.wrong("device-group NAME or shared before it, or rulebase")
        owner = _SHARED if level.kind == _SHARED else level.name
        found = [*self._panorama_lists(owner, place), *self._pushed_lists(owner, place)]
        if not found:
            found = list(self._pushed_lists("", place))  # what was pushed doesn't always say by which group
        if not found:
            groups = {name: None for c in self.configurations for name in c.device_groups}
            there = one_of(groups) or "the inputs hold no Panorama configuration and no pushed rules"
            raise line.wrong(f"a device group ({there})", repr(owner))
        return found

    def _panorama_lists(self, owner: str, place: Place) -> Iterator[RuleList]:
        origin = Origin(place, owner, panorama=True)
        for configuration in self.configurations:
            if configuration.kind is ConfigurationKind.PANORAMA:
                level: Any = configuration.device_groups.get(owner)
                if owner == _SHARED:
                    yield RuleList(
                        configuration.shared_pre if place is Place.PRE else configuration.shared_post, origin
                    )
                elif level is not None:
                    yield RuleList(level.pre if place is Place.PRE else level.post, origin)

    def _pushed_lists(self, owner: str, place: Place) -> Iterator[RuleList]:
        """Rules that firewalls show as pushed: folded into one list with their own, or in lists of their own."""
        origin = Origin(place, owner, panorama=True)
        for configuration in self.configurations:
            if configuration.kind is ConfigurationKind.PANORAMA:
                continue
            apart = [(configuration.shared_pre, configuration.shared_post)]
            for system in configuration.vsys.values():
                if owner in _owners(system.local):
                    folded = (rule for rules in system.local.rules.values() for rule in rules)
                    yield RuleList(system.local, origin, all(rule.origin.panorama for rule in folded))
                apart.append((system.pushed_pre, system.pushed_post))
            for pre, post in apart:
                if owner in _owners(pre) | _owners(post):
                    yield RuleList(pre if place is Place.PRE else post, origin)

    def scopes(self, level: Level | None, line: Line) -> list[Scope]:
        """The scopes that an object line is about."""
        of_panorama = not any(configuration.kind in _OF_FIREWALLS for configuration in self.configurations)
        if level is None and self._device_group is not None and of_panorama:
            level = Level("device-group", self._device_group)
        if level is None or level.kind == "vsys":
            return [system.scope for system in self._systems(level.name if level else self._vsys, line)]
        if level.kind == _SHARED:
            kinds = (*_OF_FIREWALLS, ConfigurationKind.PANORAMA, ConfigurationKind.PUSHED_POLICY)
            return [configuration.shared for configuration in self.configurations if configuration.kind in kinds]
        found = [c.device_groups[level.name].scope for c in self.configurations if level.name in c.device_groups]
        for configuration in self.configurations:
            for system in configuration.vsys.values():
                if level.name in _owners(system.local):
                    found.append(system.scope)
                elif level.name in _owners(system.pushed_pre) | _owners(system.pushed_post):
                    found.append(system.pushed)
        if not found:
            groups = {name: None for c in self.configurations for name in c.device_groups}
            raise line.wrong(f"a device group ({one_of(groups) or 'none is among the inputs'})", repr(level.name))
        return found


def _owners(lists: RuleLists) -> set[str]:
    """The device groups that rules of a list were pushed by."""
    pushed = {rule.origin.owner for rules in lists.rules.values() for rule in rules if rule.origin.panorama}
    return pushed | {rule.origin.owner for rule in lists.defaults.values() if rule.origin.panorama}
