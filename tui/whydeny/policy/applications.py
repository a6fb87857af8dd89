"""The application of a rule: names, containers, groups and filters, against what App-ID said.

Sources: PAN-OS administrator's guide, App-ID; a container's name covers its children, a `-base` member does not
cover its siblings; names compare without case. Until an application is identified, any application fits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whydeny.model.applications import Application, ApplicationTable, flag_name
from whydeny.model.configuration import ApplicationFilter, CustomApplication, Group
from whydeny.model.truth import Truth, all_of
from whydeny.policy.names import DEEPEST, Names, Path, open_groups
from whydeny.policy.wording import members as listed

# What a log or a test writes where App-ID has not named an application.
NOT_IDENTIFIED = frozenset({"", "incomplete", "insufficient-data", "not-applicable", "undecided", "any"})


def characteristic(name: str) -> str:
    """One spelling for a yes-attribute of an application, as a filter, a table or a log row writes it."""
    return flag_name(name.strip().lower())


_MOST_SEEN = 100_000  # applications, with what rows say of them, that are kept


@dataclass(frozen=True, slots=True)
class Hints:
    """What a log row says of its application; None or "" is nothing."""

    category: str | None = None
    subcategory: str | None = None
    technology: str | None = None
    risk: int | None = None
    characteristics: str | None = None
    container: str | None = None


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True, eq=False)
class SeenApplication:
    """The application of a flow with all that is known of it.

    `key` is the name in lower case, "" where it is not identified. `container` is "" for none, None for not
    known; the attributes are "" or None where they are not known.
    """

    name: str
    key: str
    container: str | None = None
    category: str = ""
    subcategory: str = ""
    technology: str = ""
    risk: int | None = None
    flags: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    custom: bool = False
    entry: Application | CustomApplication | None = None

    @property
    def identified(self) -> bool:
        """Whether App-ID named it."""
        return bool(self.key)


class Catalog:
    """Every application that is known: the administrator's own and those of the application table."""

    def __init__(self, names: Names, table: ApplicationTable) -> None:
        self.names = names
        self.table = table
        self.containers = frozenset(name.lower() for name in table.containers())
        self._seen: dict[tuple[str | None, Hints], SeenApplication] = {}

    def entry(self, name: str) -> Application | CustomApplication | None:
        """What is known of an application; the administrator's own first."""
        found = self.names.application(name)
        return found if isinstance(found, CustomApplication) else self.table.get(name)

    def entries(self) -> Iterable[Application | CustomApplication]:
        """Every known application."""
        for scope in self.names.scopes:
            yield from scope.applications.values()
        yield from self.table.applications.values()

    def seen(self, name: str | None, hints: Hints = NO_HINTS) -> SeenApplication:
        """The application of a flow."""
        found = self._seen.get((name, hints))
        if found is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            found = self._seen[name, hints] = self._look_at(name, hints)
        return found

    def _look_at(self, name: str | None, hints: Hints) -> SeenApplication:
        text = (name or "").strip()
        key = text.lower()
        if key in NOT_IDENTIFIED:
            return SeenApplication(text, "")
        entry = self.entry(key)
        container = (hints.container or "").strip().lower()
        if container in ("", "none"):
            container = ""
        if entry is None and not container and not self.table.complete:
            known: str | None = None
        elif isinstance(entry, Application) and not container:
            known = (entry.container or "").lower()
        else:
            known = container
        flags: frozenset[str] | None = None
        tags: frozenset[str] | None = None
        if isinstance(entry, CustomApplication):
            flags = frozenset(map(characteristic, entry.flags))
        elif entry is not None:
            if entry.flags or self.table.complete:
                flags = frozenset(map(characteristic, entry.flags))
            tags = frozenset(tag.lower() for tag in entry.tags) or None
        if hints.characteristics:
            flags = frozenset(map(characteristic, hints.characteristics.replace(";", ",").split(",")))
        return SeenApplication(
            text,
            key,
            known,
            ((entry.category if entry else "") or hints.category or "").lower(),
            ((entry.subcategory if entry else "") or hints.subcategory or "").lower(),
            ((entry.technology if entry else "") or hints.technology or "").lower(),
            (entry.risk if entry else None) or hints.risk,
            flags,
            tags,
            isinstance(entry, CustomApplication),
            entry,
        )


def passes_filter(wanted: ApplicationFilter, application: SeenApplication) -> Truth:
    """Whether a filter takes an application: AND over its attributes, OR inside each."""
    if application.key in {name.lower() for name in wanted.exclude}:
        return Truth.NO_MATCH
    return all_of(truth for _, truth in _attributes(wanted, application))


def _attributes(wanted: ApplicationFilter, application: SeenApplication) -> list[tuple[str, Truth]]:
    found = []
    if wanted.categories:
        found.append(("category", _word(wanted.categories, application.category)))
    if wanted.subcategories:
        found.append(("subcategory", _word(wanted.subcategories, application.subcategory)))
    if wanted.technologies:
        found.append(("technology", _word(wanted.technologies, application.technology)))
    if wanted.risks:
        found.append(("risk", _word(wanted.risks, "" if application.risk is None else str(application.risk))))
    if wanted.flags:
        found.append(("characteristics", _characteristics(wanted.flags, application.flags)))
    if wanted.tags:
        found.append(("tags", _one_of((tag.lower() for tag in wanted.tags), application.tags)))
    found.extend((name, Truth.UNKNOWN) for name in wanted.other)
    return found


def _word(wanted: tuple[str, ...], had: str) -> Truth:
    if not had:
        return Truth.UNKNOWN
    return Truth.MATCH if had in {word.lower() for word in wanted} else Truth.NO_MATCH


def _one_of(wanted: Iterable[str], had: frozenset[str] | None) -> Truth:
    if had is None:
        return Truth.UNKNOWN
    return Truth.NO_MATCH if had.isdisjoint(wanted) else Truth.MATCH


def _characteristics(wanted: Iterable[str], had: frozenset[str] | None) -> Truth:
    """Whether an application has them all, or none. No document says whether a filter asks for all or for one of them."""
    asked = set(map(characteristic, wanted))
    if had is None or (asked & had and asked - had):
        return Truth.UNKNOWN
    return Truth.MATCH if asked <= had else Truth.NO_MATCH


@dataclass(frozen=True, slots=True, eq=False)
class ApplicationField:
    """The compiled `application` of a rule: every name under it, and what may stand for more than itself.

    `containers` are the names that are a container, or may be one because no table has them.
    """

    members: tuple[str, ...]
    anything: bool = False
    literals: Mapping[str, Path] | None = None
    containers: Mapping[str, Path] | None = None
    filters: tuple[tuple[Path, ApplicationFilter], ...] = ()
    too_deep: bool = False

    def decide(self, application: SeenApplication) -> Truth:
        """Whether the application is under the rule's members."""
        if self.anything or not application.key or (self.literals and application.key in self.literals):
            return Truth.MATCH
        found = self.decide_others(application)
        return Truth.UNKNOWN if self.too_deep and found is Truth.NO_MATCH else found

    def decide_others(self, application: SeenApplication) -> Truth:
        """The part of the decision that is not about a name alone."""
        found = Truth.NO_MATCH
        if self.containers:
            if application.container is None:
                found = Truth.UNKNOWN
            elif application.container in self.containers:
                return Truth.MATCH
        for _, wanted in self.filters:
            one = passes_filter(wanted, application)
            if one is Truth.MATCH:
                return one
            if one is Truth.UNKNOWN:
                found = one
        return found

    def path_to(self, application: SeenApplication) -> Path:
        """The path to the member that holds the application."""
        if self.anything:
            return ("any",)
        if self.literals and application.key in self.literals:
            return self.literals[application.key]
        if self.containers and application.container and application.container in self.containers:
            return (*self.containers[application.container], application.name)
        for path, wanted in self.filters:
            if passes_filter(wanted, application) is Truth.MATCH:
                return (*path, application.name)
        return ()

    def needs(self, application: SeenApplication) -> list[str]:
        """What would settle an unknown, without repeats."""
        found = []
        if self.containers and application.container is None:
            found.append(f"the container of application {application.name} (application content)")
        for path, wanted in self.filters:
            if passes_filter(wanted, application) is Truth.UNKNOWN:
                unknown = [name for name, truth in _attributes(wanted, application) if truth is Truth.UNKNOWN]
                if application.flags is not None and "characteristics" in unknown:
                    unknown.remove("characteristics")
                    found.append(f"whether filter {path[-1]} asks for all of its characteristics or for one of them")
                if unknown:
                    found.append(f"the {listed(unknown)} of application {application.name} (filter {path[-1]})")
        if self.too_deep:
            found.append(f"a group nested less than {DEEPEST} deep")
        return list(dict.fromkeys(found))

    def wanted(self) -> str:
        """What the rule asks, compact."""
        return listed(self.members) if self.members else "any"

    def member_texts(self) -> list[str]:
        """Each member with what is under it: `g-web (ssl, web-browsing)`."""
        under: dict[str, list[str]] = {member: [] for member in self.members}
        for path in [*(self.literals or {}).values(), *(path for path, _ in self.filters)]:
            if len(path) > 1:
                under[path[0]].append(path[-1])
        return [f"{name} ({listed(inside, 3)})" if inside else name for name, inside in under.items()]


class ApplicationBook:
    """Compiles the application fields of rules."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._fields: dict[tuple[str, ...], ApplicationField] = {}

    def field(self, members: tuple[str, ...]) -> ApplicationField:
        """The compiled field of a rule; equal fields are one object."""
        found = self._fields.get(members)
        if found is None:
            found = self._fields[members] = self._compile(members)
        return found

    def _compile(self, members: tuple[str, ...]) -> ApplicationField:
        if not members or "any" in members:
            return ApplicationField(members, anything=True)
        literals: dict[str, Path] = {}
        containers: dict[str, Path] = {}
        filters: list[tuple[Path, ApplicationFilter]] = []
        too_deep = False
        for member in dict.fromkeys(members):
            paths, complete = open_groups(member, self._members_of)
            too_deep = too_deep or not complete
            for path in paths:
                found = self._catalog.names.application(path[-1])
                if isinstance(found, ApplicationFilter):
                    filters.append((path, found))
                elif not isinstance(found, Group):
                    key = path[-1].lower()
                    literals.setdefault(key, path)
                    if found is None and self._may_be_container(key):
                        containers.setdefault(key, path)
        return ApplicationField(members, False, literals, containers, tuple(filters), too_deep)

    def _members_of(self, name: str) -> tuple[str, ...]:
        found = self._catalog.names.application(name)
        return found.members if isinstance(found, Group) else ()

    def _may_be_container(self, key: str) -> bool:
        if key in self._catalog.containers:
            return True
        return not self._catalog.table.complete and self._catalog.table.get(key) is None
