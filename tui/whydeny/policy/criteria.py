"""The criteria of a rule as parts that decide and explain; equal parts of many rules are one object."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from whydeny.model.truth import Truth
from whydeny.policy.addresses import AddressField, Endpoint
from whydeny.policy.applications import ApplicationField
from whydeny.policy.categories import NOT_YET, CategoryField, without_url
from whydeny.policy.cells import CellField
from whydeny.policy.lookup import Criterion
from whydeny.policy.schedules import ScheduleField
from whydeny.policy.services import ServiceField
from whydeny.policy.subject import Subject
from whydeny.policy.users import UserField
from whydeny.policy.wording import members as listed
from whydeny.policy.wording import several


class Part(Protocol):
    """One criterion of one or more rules.

    `number` is its place in a look-up's memory. `evident` says that a part of this kind, left unknown, is
    settled by the log row naming a rule further down: it was looked at with the first packet.
    """

    number: int
    evident: ClassVar[bool]

    def decide(self, subject: Subject) -> Truth:
        """Match, no match or unknown."""

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""


def _zone_text(zone: str | None) -> str:
    return zone or "not known"


@dataclass(slots=True, eq=False)
class ZonePart:
    """`from` or `to`."""

    number: int
    name: str
    members: tuple[str, ...]
    evident: ClassVar[bool] = False

    @property
    def anything(self) -> bool:
        """Whether every zone fits."""
        return not self.members or "any" in self.members

    def zone(self, subject: Subject) -> str | None:
        """The zone of the flow that this part looks at."""
        return subject.from_zone if self.name == "from" else subject.to_zone

    def decide(self, subject: Subject) -> Truth:
        """Whether the zone is listed."""
        if self.anything:
            return Truth.MATCH
        zone = self.zone(subject)
        if zone is None:
            return Truth.UNKNOWN
        return Truth.MATCH if zone in self.members else Truth.NO_MATCH

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result, zone = self.decide(subject), self.zone(subject)
        wanted = listed(self.members) if self.members else "any"
        side = "source" if self.name == "from" else "destination"
        detail = settle = ""
        if result is Truth.UNKNOWN:
            detail, settle = f"the {side} zone is not known", f"the {side} zone"
        elif result is Truth.NO_MATCH:
            detail = f"{side} zone {zone} is not {several(self.members, 4, 'or')}"
        matched = () if result is not Truth.MATCH else ("any",) if self.anything else (str(zone),)
        return Criterion(self.name, result, wanted, _zone_text(zone), detail, settle, matched)


@dataclass(slots=True, eq=False)
class RuleTypePart:
    """`rule-type` where it is intrazone or interzone."""

    number: int
    kind: str
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:
        """Whether the flow stays in a zone (intrazone) or leaves it (interzone)."""
        if subject.from_zone is None or subject.to_zone is None:
            return Truth.UNKNOWN
        inside = subject.from_zone == subject.to_zone
        return Truth.MATCH if inside == (self.kind == "intrazone") else Truth.NO_MATCH

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result = self.decide(subject)
        had = f"{_zone_text(subject.from_zone)} to {_zone_text(subject.to_zone)}"
        detail = settle = ""
        if result is Truth.UNKNOWN:
            detail = settle = "both zones"
            detail = "whether the flow stays within one zone is not known"
        elif result is Truth.NO_MATCH:
            inside = subject.from_zone == subject.to_zone
            detail = (
                f"an interzone rule never takes a flow within a zone; this one stays in {subject.from_zone}"
                if inside
                else f"an intrazone rule takes flows within a zone only; this one goes from {had}"
            )
        return Criterion("rule-type", result, self.kind, had, detail, settle)


@dataclass(slots=True, eq=False)
class AddressPart:
    """`source` or `destination`."""

    number: int
    name: str
    field: AddressField
    evident: ClassVar[bool] = True

    def end(self, subject: Subject) -> Endpoint:
        """The side of the flow that this part looks at."""
        return subject.source if self.name == "source" else subject.destination

    def decide(self, subject: Subject) -> Truth:
        """Whether the address is in the list."""
        return self.field.decide(self.end(subject))

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        return self.field.explain(self.name, self.end(subject))


@dataclass(slots=True, eq=False)
class UserPart:
    """`source-user`."""

    number: int
    field: UserField
    evident: ClassVar[bool] = True

    def decide(self, subject: Subject) -> Truth:
        """Whether the rule takes the user."""
        return self.field.decide(subject.user)

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result, user, wanted = self.decide(subject), subject.user, self.field.wanted()
        detail = settle = ""
        matched: tuple[str, ...] = ()
        if result is Truth.MATCH:
            matched = self.field.path_to(user)
        elif result is Truth.NO_MATCH:
            detail = (
                f"the firewall knew no user, and the rule asks for {wanted}"
                if not user.text
                else f"{user.text} is not {several(self.field.members, 4, 'or')}"
            )
        else:
            needs = self.field.needs(user)
            settle = several(needs, 4)
            detail = (
                "the source user is not known"
                if user.text is None
                else f"whether {user.text} is one of {wanted} can't be told: the inputs lack {several(needs, 2)}"
            )
        return Criterion("source-user", result, wanted, str(user), detail, settle, matched)


@dataclass(slots=True, eq=False)
class ApplicationPart:
    """`application`. A rule that `refuses` named applications waits until one is identified.

    Sources: the first look-up drops by rules for any application only (web interface help, traffic log, Type); rules
    that block by application let packets pass until App-ID has settled (LIVEcommunity, m-p/165890 and 159306).
    """

    number: int
    field: ApplicationField
    refuses: bool = False
    evident: ClassVar[bool] = False

    def waits(self, subject: Subject) -> bool:
        """Whether the rule refuses applications by name and none is identified."""
        return self.refuses and not subject.application.identified and not self.field.anything

    def decide(self, subject: Subject) -> Truth:
        """Whether the application is under the rule's members."""
        return Truth.NO_MATCH if self.waits(subject) else self.field.decide(subject.application)

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result, seen = self.decide(subject), subject.application
        had = seen.name or "not identified"
        detail = settle = ""
        matched: tuple[str, ...] = ()
        if self.waits(subject):
            detail = f"{had}: a rule that refuses by application waits until one is identified"
        elif result is Truth.MATCH and not seen.identified and not self.field.anything:
            detail = f"{had}: no application is identified yet, and until one is any fits"
        elif result is Truth.MATCH:
            matched = self.field.path_to(seen)
        elif result is Truth.NO_MATCH:
            texts = self.field.member_texts()
            detail = f"{had} is not {texts[0]}" if len(texts) == 1 else f"{had} is none of {several(texts, 4)}"
        else:
            settle = several(self.field.needs(seen), 4)
            detail = f"whether {had} is one of {self.field.wanted()} can't be told: the inputs lack {settle}"
        return Criterion("application", result, self.field.wanted(), had, detail, settle, matched)


@dataclass(slots=True, eq=False)
class ServicePart:
    """`service`; application-default looks at the application too."""

    number: int
    field: ServiceField
    applications: ApplicationField
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:
        """Whether protocol and ports fit."""
        found = self.field.decide(subject.ports)
        if found is Truth.MATCH or not self.field.by_default:
            return found
        default = self.decide_default(subject)
        return found if default is Truth.NO_MATCH else default

    def decide_default(self, subject: Subject) -> Truth:
        """Whether application-default holds for the flow."""
        if subject.application.identified:
            return subject.defaults.decide(subject.application, subject.ports, subject.decrypted, subject.icmp_type)
        return subject.defaults.union(self.applications).decide(subject.ports, subject.icmp_type)

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        field, ports = self.field, subject.ports
        result, wanted, had = self.decide(subject), field.wanted(), str(ports)
        if field.anything:
            return Criterion("service", result, wanted, had, matched=("any",))
        item = field.deciding_item(ports)
        if item is not None:
            path = (*item.path, item.text)
            return Criterion("service", result, wanted, had, f"{had} is in {item.path[-1]} ({item.text})", "", path)
        details, needs = list[str](), field.needs(ports)
        matched: tuple[str, ...] = ()
        if field.items:
            details.append(
                f"whether {had} fits can't be told: the inputs lack {several(needs, 2)}"
                if needs
                else field.miss_text(ports)
            )
        elif not field.by_default:
            details.append(f"{wanted} holds no service")
        if field.by_default:
            detail, settle = self._explain_default(subject)
            if result is Truth.MATCH:
                details, needs, matched = [detail], [], ("application-default",)
            else:
                details.append(detail)
                needs += [settle] if settle else []
        settle = several(needs, 4) if result is Truth.UNKNOWN else ""
        return Criterion("service", result, wanted, had, "; ".join(details), settle, matched)

    def _explain_default(self, subject: Subject) -> tuple[str, str]:
        if subject.application.identified:
            judged = subject.defaults.judge(subject.application, subject.ports, subject.decrypted, subject.icmp_type)
            return judged.detail, judged.settle
        result, ports = self.decide_default(subject), subject.ports
        names = "every application" if self.applications.anything else self.applications.wanted()
        if result is Truth.MATCH:
            return f"no application is identified yet, and {ports} is a default port among those of {names}", ""
        if result is Truth.NO_MATCH:
            return f"no application is identified yet, and {ports} is no default port of {names}", ""
        return (
            f"no application is identified yet, and not all default ports of {names} are known",
            f"the default ports of {names} (application content)",
        )


@dataclass(slots=True, eq=False)
class CellPart:
    """The ports of a compiled rule, which it has for each application."""

    number: int
    field: CellField
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:
        """Whether protocol and ports fit."""
        return self.field.decide(
            subject.application, subject.ports, subject.decrypted, subject.icmp_type, subject.defaults
        )

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result = self.decide(subject)
        detail, settle, matched = self.field.explain(result, subject.application, subject.ports)
        return Criterion("service", result, self.field.wanted(), str(subject.ports), detail, settle, matched)


@dataclass(slots=True, eq=False)
class CategoryPart:
    """`category`."""

    number: int
    field: CategoryField
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:
        """Whether the rule takes the category."""
        return self.field.decide(subject.category, self.without_url(subject))

    def without_url(self, subject: Subject) -> bool:
        """Whether the traffic is of a kind that has no URL, and so never a category."""
        return without_url(subject.ports.protocol, subject.ports.destination, subject.application.key)

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result, category = self.decide(subject), subject.category
        had = "not known" if category in NOT_YET else category
        detail = settle = ""
        matched: tuple[str, ...] = ()
        if result is Truth.MATCH:
            matched = ("any",) if self.field.anything else (category,)
        elif result is Truth.NO_MATCH and category in NOT_YET:
            had, kind = "none", subject.application.name or str(subject.ports)
            detail = f"{kind} has no URL, and a rule with URL categories takes web traffic only"
        elif result is Truth.NO_MATCH:
            detail = f"{category} is not {several(self.field.members, 4, 'or')}"
        else:
            settle = several(self.field.needs(category), 4)
            detail = (
                "the URL category was not known when the row was written"
                if category in NOT_YET
                else f"the row shows one category, {category}; whether the URL is also in "
                f"{several(self.field.open, 3, 'or')} can't be told"
            )
        return Criterion("category", result, self.field.wanted(), had, detail, settle, matched)


@dataclass(slots=True, eq=False)
class SchedulePart:
    """`schedule`."""

    number: int
    field: ScheduleField
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:
        """Whether the schedule covers the time of the flow."""
        return self.field.decide(subject.at)

    def explain(self, subject: Subject) -> Criterion:
        """The same, with the sentence."""
        result, at = self.decide(subject), subject.at
        had = "not known" if at is None else at.strftime("%a %Y/%m/%d %H:%M:%S")
        text = f"{self.field.name} ({self.field.text})" if self.field.text else self.field.name
        detail = settle = ""
        if at is None:
            detail, settle = "the time of the session is not known", "the time of the session"
        elif result is Truth.UNKNOWN:
            detail, settle = f"whether {text} covers {had} can't be told", self.field.need()
        else:
            detail = f"{text} {'covers' if result is Truth.MATCH else 'does not cover'} {had}"
        matched = (self.field.name,) if result is Truth.MATCH else ()
        return Criterion("schedule", result, text, had, detail, settle, matched)


@dataclass(slots=True, eq=False)
class FixedPart:
    """A criterion that no flow changes: HIP profiles, targets, what no log shows, and whether the rule is disabled."""

    number: int
    criterion: Criterion
    evident: ClassVar[bool] = False

    def decide(self, subject: Subject) -> Truth:  # noqa: ARG002 - the same for every subject
        """The value it always has."""
        return self.criterion.result

    def explain(self, subject: Subject) -> Criterion:  # noqa: ARG002 - the same for every subject
        """The criterion it always is."""
        return self.criterion


@dataclass(slots=True, eq=False)
class HipPart(FixedPart):
    """`source-hip` or `destination-hip`."""

    evident: ClassVar[bool] = True
