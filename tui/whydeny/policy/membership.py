"""What each criterion of a rule lists, opened to the address, the port, the application, the user.

For reading, not for deciding: whether the session is in a member is asked of the compiled fields that decide the rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from whydeny.model.configuration import ANY, ExternalList, Rule, UrlCategory
from whydeny.model.truth import Truth
from whydeny.policy.categories import PREDEFINED, RISKS, CategoryBook
from whydeny.policy.compiled import WITH_APPLICATION, WITH_CATEGORY, WITH_USER, unsettled_criteria
from whydeny.policy.criteria import CategoryPart, UserPart
from whydeny.policy.engine import Engine
from whydeny.policy.lookup import Flow
from whydeny.policy.member import Listed, Member, answered_by, counted
from whydeny.policy.member_addresses import AddressMembers
from whydeny.policy.member_applications import ApplicationMembers, ServiceMembers
from whydeny.policy.schedules import ScheduleBook
from whydeny.policy.subject import Subject
from whydeny.policy.users import KEYWORDS, UserBook, user_name

_WORDS = {
    "known-user": "every user that the firewall knows", "unknown": "no user known",
    "pre-logon": "GlobalProtect before the user logs on",
}  # fmt: skip


class Membership:
    """Opens the criteria of any rule of one policy."""

    def __init__(self, engine: Engine) -> None:
        catalog, answers = engine.catalog, engine.facts
        self._engine = engine
        self._names = catalog.names
        self._groups = {name.lower(): users for name, users in answers.user_groups.items()}
        self._lists = answers.list_members
        self._addresses = AddressMembers(catalog.names, answers)
        self._applications = ApplicationMembers(catalog, engine.defaults)
        self._services = ServiceMembers(self._applications, catalog)
        self._users = UserBook(answers)
        self._categories = CategoryBook(catalog.names)
        self._schedules = ScheduleBook(catalog.names)

    def of(self, rule: Rule, flow: Flow) -> tuple[Listed, ...]:
        """What each criterion of a rule lists, in the order that a screen shows them."""
        return tuple(self._listed(rule, self._engine.prepare(flow)))

    def _listed(self, rule: Rule, subject: Subject) -> Iterator[Listed]:
        yield Listed("from", tuple(_zone(name, subject.from_zone) for name in rule.from_zones or ANY))
        if rule.rule_type != "intrazone":
            yield Listed("to", tuple(_zone(name, subject.to_zone) for name in rule.to_zones or ANY))
        source = self._addresses.all(rule.sources or ANY, subject.source)
        yield Listed("source", tuple(source), rule.negate_source)
        destination = self._addresses.all(rule.destinations or ANY, subject.destination)
        yield Listed("destination", tuple(destination), rule.negate_destination)
        if rule.rulebase in WITH_USER:
            yield Listed("source-user", tuple(self._user(name, subject) for name in rule.users or ANY))
        for field, hips in (("source-hip", rule.source_hips), ("destination-hip", rule.destination_hips)):
            if hips and "any" not in hips:
                yield Listed(field, tuple(_hip(name) for name in hips))
        for field, names in unsettled_criteria(rule).items():
            yield Listed(field, tuple(_not_shown(name) for name in names))
        if rule.rulebase in WITH_APPLICATION:
            note = (
                "" if subject.application.identified else "no application is identified yet, and until one is any fits"
            )
            yield Listed("application", tuple(self._applications.all(rule.applications or ANY, subject)), note=note)
        yield Listed("service", tuple(self._services.of(rule, subject)))
        if rule.rulebase in WITH_CATEGORY:
            yield Listed("category", tuple(self._category(name, subject) for name in rule.categories or ANY))
        if rule.schedule:
            yield Listed("schedule", (self._schedule(rule.schedule, subject),))

    def _user(self, name: str, subject: Subject) -> Member:
        asked = UserPart(0, self._users.field((name,))).explain(subject)
        result, settle = asked.result, asked.settle
        if name in KEYWORDS:
            return Member(name, _WORDS.get(name, "every user, known or not"), "", result, settle)
        users = self._groups.get(name.lower())
        if users is None:
            group = name.lower().startswith("cn=")
            what = "user group" if group else "user" if result is Truth.MATCH else "user, or a group of users"
            return Member(
                name, what, "", result, settle, answered_by(f'show user group name "{name}"') if settle else ""
            )

        def inside() -> list[Member]:
            seen = subject.user
            return [
                Member(user, result=user_name(user).same_as(seen.name) if seen.text else Truth.NO_MATCH)
                for user in sorted(users)
            ]

        return Member(name, f"user group, {counted(len(users), 'user')}", "", result, settle, inside=inside)

    def _category(self, name: str, subject: Subject) -> Member:
        if name == "any":
            return Member(name, "every category", result=Truth.MATCH)
        asked = CategoryPart(0, self._categories.field((name,))).explain(subject)
        result, settle = asked.result, asked.settle
        found = self._names.url_category(name)
        if isinstance(found, ExternalList):
            entries = self._lists.get(name)
            note = answered_by(f"request system external-list show type url name {name}") if entries is None else ""
            return _with_texts(Member(name, f"external list ({found.kind})", "", result, settle, note), entries)
        if isinstance(found, UrlCategory):
            kind = f"custom category, {found.kind}, {counted(len(found.members), 'entry', 'entries')}"
            note = "a URL must be in all of them" if found.kind == "Category Match" else ""
            return _with_texts(Member(name, kind, "", result, settle, note), found.members)
        key = name.lower()
        what = (
            "risk category"
            if key in RISKS
            else "category"
            if key in PREDEFINED
            else "no category of that name in the files"
        )
        return Member(name, what, "", result, settle)

    def _schedule(self, name: str, subject: Subject) -> Member:
        field = self._schedules.field(name)
        found = self._names.schedule(name)
        result = field.decide(subject.at)
        if found is None:
            return Member(name, "no schedule of that name in the files", "", result, field.settle)
        texts = [*(f"daily {text}" for text in found.daily), *found.dates]
        texts += [f"{day} {text}" for day, ranges in found.weekly.items() for text in ranges]
        return _with_texts(Member(name, "schedule", "", result, field.settle), texts)


def _zone(name: str, zone: str | None) -> Member:
    if name == "any":
        return Member(name, "every zone", result=Truth.MATCH)
    result = Truth.UNKNOWN if zone is None else Truth.MATCH if zone == name else Truth.NO_MATCH
    return Member(name, "zone", result=result)


def _not_shown(name: str) -> Member:
    return Member(name, "a criterion that no log shows", "", Truth.UNKNOWN, "what the firewall knew of the session")


def _hip(name: str) -> Member:
    need = "what the host reported at that time"
    return Member(name, "HIP profile", "", Truth.UNKNOWN, need, "Monitor > Logs > HIP Match shows it")


def _with_texts(member: Member, texts: Sequence[str] | None) -> Member:
    """With texts under it that nothing of the session is held against."""
    return member if texts is None else replace(member, inside=lambda: [Member(text, result=None) for text in texts])
