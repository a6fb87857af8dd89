"""Rules compiled to their criteria, sharing what equal criteria have in common."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import Policy, Rule, Rulebase
from whydeny.model.truth import Truth
from whydeny.policy.address_book import AddressBook
from whydeny.policy.addresses import AddressField
from whydeny.policy.applications import ApplicationBook, ApplicationField, Catalog
from whydeny.policy.categories import CategoryBook
from whydeny.policy.cells import CellField, read_cell
from whydeny.policy.criteria import (
    AddressPart,
    ApplicationPart,
    CategoryPart,
    CellPart,
    FixedPart,
    HipPart,
    Part,
    RuleTypePart,
    SchedulePart,
    ServicePart,
    UserPart,
    ZonePart,
)
from whydeny.policy.device_groups import BY_TAG
from whydeny.policy.lookup import Criterion
from whydeny.policy.schedules import ScheduleBook
from whydeny.policy.services import ServiceBook
from whydeny.policy.users import UserBook
from whydeny.policy.wildcards import ALONE, Rivals, Wildcard, rivals_of
from whydeny.policy.wording import members as listed

WITH_APPLICATION = frozenset({Rulebase.SECURITY})
WITH_USER = frozenset({Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION})
WITH_CATEGORY = WITH_USER


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule with its criteria.

    `parts` are all, as a screen shows them; `checks` those that can fail, the quickest first; `zone_checks` those of
    them that look at the zones alone.
    """

    rule: Rule
    index: int
    parts: tuple[Part, ...]
    checks: tuple[Part, ...]
    zone_checks: tuple[Part, ...]

    @property
    def looked_at_first(self) -> bool:
        """Whether it is decided with the first packet: no application, default port or category to wait for."""
        return not any(
            isinstance(part, (ApplicationPart, CategoryPart, CellPart))
            or (isinstance(part, ServicePart) and part.field.by_default)
            for part in self.checks
        )


class Compiler:
    """Compiles rules over the objects of one policy."""

    def __init__(
        self, policy: Policy, catalog: Catalog, answers: DeviceAnswers, users_seen: frozenset[str] = frozenset()
    ) -> None:
        self._serial = policy.serial
        self._vsys = policy.vsys
        self._top_down = policy.wildcard_top_down
        self._rivals = {"source": ALONE, "destination": ALONE}  # of the security rules
        self._addresses = AddressBook(catalog.names, answers)
        self._services = ServiceBook(catalog.names)
        self._applications = ApplicationBook(catalog)
        dynamic = frozenset(name.lower() for scope in policy.scopes for name in scope.dynamic_user_groups)
        self._users = UserBook(answers, dynamic, users_seen)
        self._categories = CategoryBook(catalog.names)
        self._schedules = ScheduleBook(catalog.names)
        self._parts: dict[Hashable, Part] = {}

    @property
    def size(self) -> int:
        """How many different parts there are."""
        return len(self._parts)

    def compile(self, rules: Sequence[Rule]) -> tuple[CompiledRule, ...]:
        """Rules in order."""
        if rules and rules[0].rulebase is Rulebase.SECURITY and not self._top_down:
            self._rivals = self._find_rivals(rules)
        return tuple(self.compile_one(rule, index) for index, rule in enumerate(rules))

    def compile_one(self, rule: Rule, index: int = -1) -> CompiledRule:
        """One rule."""
        parts = tuple(self._parts_of(rule))
        checks = tuple(sorted((part for part in parts if not _always(part)), key=_cost))
        zone_checks = tuple(part for part in checks if isinstance(part, (ZonePart, RuleTypePart)))
        return CompiledRule(rule, index, parts, checks, zone_checks)

    def _find_rivals(self, rules: Sequence[Rule]) -> dict[str, Rivals]:
        """The wildcards on either side of the rules that are in force."""
        found: dict[str, set[Wildcard]] = {"source": set(), "destination": set()}
        for rule in rules:
            if not rule.disabled:
                found["source"].update(self._addresses.field(rule.sources, rule.negate_source).wildcards)
                found["destination"].update(self._addresses.field(rule.destinations, rule.negate_destination).wildcards)
        return {side: rivals_of(wildcards) for side, wildcards in found.items()}

    def _address(self, rule: Rule, side: str) -> AddressField:
        members, negate = (
            (rule.sources, rule.negate_source) if side == "source" else (rule.destinations, rule.negate_destination)
        )
        return self._addresses.field(
            members, negate, self._rivals[side] if rule.rulebase is Rulebase.SECURITY else ALONE
        )

    def _shared(self, key: Hashable, make: Callable[[int], Part]) -> Part:
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = make(len(self._parts))
        return found

    def _fixed(self, criterion: Criterion, kind: type[FixedPart] = FixedPart) -> Part:
        return self._shared(criterion, lambda number: kind(number, criterion))

    def _parts_of(self, rule: Rule) -> Iterable[Part]:
        if rule.disabled:
            yield self._fixed(
                Criterion("disabled", Truth.NO_MATCH, "yes", "", "the rule is disabled, so it is passed over")
            )
        if rule.targets:
            yield self._fixed(self._target(rule))
        yield self._shared(("from", rule.from_zones), lambda number: ZonePart(number, "from", rule.from_zones))
        if rule.rule_type != "intrazone":  # an intrazone rule has no destination zone of its own
            yield self._shared(("to", rule.to_zones), lambda number: ZonePart(number, "to", rule.to_zones))
        if rule.rule_type in ("intrazone", "interzone"):
            yield self._shared(("type", rule.rule_type), lambda number: RuleTypePart(number, rule.rule_type))
        source = self._address(rule, "source")
        yield self._shared(("source", source), lambda number: AddressPart(number, "source", source))
        destination = self._address(rule, "destination")
        yield self._shared(("destination", destination), lambda number: AddressPart(number, "destination", destination))
        if rule.rulebase in WITH_USER:
            users = self._users.field(rule.users)
            yield self._shared(("user", users), lambda number: UserPart(number, users))
        for name, members in (("source-hip", rule.source_hips), ("destination-hip", rule.destination_hips)):
            if members and "any" not in members:
                yield self._fixed(_hip(name, members), HipPart)
        for name, members in unsettled_criteria(rule).items():
            yield self._fixed(_unsettled(name, members))
        for name in rule.unread:
            yield self._fixed(_unread(name))
        applications = self._applications.field(rule.applications)
        if rule.rulebase in WITH_APPLICATION:
            refuses = rule.action != "allow"
            key = ("application", applications, refuses)
            yield self._shared(key, lambda number: ApplicationPart(number, applications, refuses))
        yield self._service(rule, applications)
        if rule.rulebase in WITH_CATEGORY:
            categories = self._categories.field(rule.categories)
            yield self._shared(("category", categories), lambda number: CategoryPart(number, categories))
        if rule.schedule:
            schedule = self._schedules.field(rule.schedule)
            yield self._shared(("schedule", schedule), lambda number: SchedulePart(number, schedule))

    def _service(self, rule: Rule, applications: ApplicationField) -> Part:
        if rule.cells:
            return self._shared(("cells", rule.cells, rule.is_default), lambda number: CellPart(number, _cells(rule)))
        if rule.rulebase is Rulebase.OVERRIDE:
            service = self._services.override_field(rule)
        else:
            service = self._services.field(rule.services)
        with_ports = ("service", service, applications if service.by_default else None)
        return self._shared(with_ports, lambda number: ServicePart(number, service, applications))

    def _target(self, rule: Rule) -> Criterion:
        wanted = listed(rule.targets)
        wanted = f"not ({wanted})" if rule.target_negate else wanted
        if self._serial is None:
            detail = "which firewall this is for is not known, and the rule is for some only"
            return Criterion("target", Truth.UNKNOWN, wanted, "not known", detail, "the firewall's serial number")
        had = {self._serial, f"{self._serial}/{self._vsys}"}
        result = Truth.MATCH if had.intersection(rule.targets) else Truth.NO_MATCH
        if result is Truth.NO_MATCH and any(target.startswith(BY_TAG) for target in rule.targets):
            need = f"the tags that Panorama gives firewall {self._serial}"
            detail = f"whether firewall {self._serial} has one of the tags that the rule is for can't be told"
            return Criterion("target", Truth.UNKNOWN, wanted, self._serial, detail, need)
        result = result.negated() if rule.target_negate else result
        detail = f"the rule is not for firewall {self._serial}" if result is Truth.NO_MATCH else ""
        return Criterion("target", result, wanted, self._serial, detail)


def places_by_name(rules: Sequence[CompiledRule]) -> dict[str, int]:
    """Where the rule stands that a row may name: the first of each name that is not disabled."""
    return {compiled.rule.name: compiled.index for compiled in reversed(rules) if not compiled.rule.disabled}


def _hip(name: str, members: tuple[str, ...]) -> Criterion:
    side = name.partition("-")[0]
    need = f"the HIP and device data of the {side} at the time (HIP Match log)"
    detail = f"whether the {side} host fits {listed(members)} is run-time data"
    return Criterion(name, Truth.UNKNOWN, listed(members), "not known", detail, need)


def unsettled_criteria(rule: Rule) -> dict[str, tuple[str, ...]]:
    """The members of the criteria that nothing settles, by the criterion's name."""
    found: dict[str, tuple[str, ...]] = {}
    for text in rule.unsettled:
        name, _, member = text.partition(":")
        found[name] = (*found.get(name, ()), member)
    return found


def _cells(rule: Rule) -> CellField:
    return CellField(tuple(map(read_cell, rule.cells)), rule.is_default)


def _unread(name: str) -> Criterion:
    detail = f"the compiled rule does not show its {name} in a form that can be read"
    return Criterion(name, Truth.UNKNOWN, "not known", "", detail, f"the {name} of the rule (show config running)")


def _unsettled(name: str, members: tuple[str, ...]) -> Criterion:
    detail = f"whether the session fits {listed(members)} is in no log"
    return Criterion(name, Truth.UNKNOWN, listed(members), "not known", detail, f"the {name} of the session")


def _cost(part: Part) -> int:
    """Addresses last: they take the longest, and few rules have them in common."""
    return 1 if isinstance(part, AddressPart) else 0


def _always(part: Part) -> bool:
    """Whether a part holds for every flow, so that a look-up can pass over it."""
    if isinstance(part, ZonePart):
        return part.anything
    if isinstance(part, AddressPart):
        return part.field.anything and not part.field.negate
    if isinstance(part, (UserPart, ApplicationPart, ServicePart, CellPart, CategoryPart)):
        return part.field.anything
    return isinstance(part, FixedPart) and part.criterion.result is Truth.MATCH
