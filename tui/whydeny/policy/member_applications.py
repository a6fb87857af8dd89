"""What stands under an application or a service of a rule: groups, filters, containers, ports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from whydeny.model.configuration import ApplicationFilter, CustomApplication, Group, Rule, Service
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationBook, Catalog, passes_filter
from whydeny.policy.cells import read_cell
from whydeny.policy.criteria import ServicePart
from whydeny.policy.defaults import Defaults
from whydeny.policy.member import Member, counted, nested
from whydeny.policy.services import DEFAULT, ServiceBook
from whydeny.policy.subject import Subject
from whydeny.policy.wording import members as listed

INCOMPLETE = "of the applications that are known here; `whydeny applications import` makes all known"


class ApplicationMembers:
    """Opens application groups, filters and containers."""

    def __init__(self, catalog: Catalog, defaults: Defaults) -> None:
        self._catalog = catalog
        self._defaults = defaults
        self._book = ApplicationBook(catalog)

    def all(self, members: Iterable[str], subject: Subject, above: tuple[str, ...] = ()) -> list[Member]:
        """A member for each name; `above` are the groups they stand in."""
        return [self._one(name, subject, above) for name in dict.fromkeys(members)]

    def names_of(self, members: tuple[str, ...]) -> list[str]:
        """The applications that are named, through groups; not those that a filter or a container stands for."""
        return [path[-1] for path in (self._book.field(members).literals or {}).values()]

    def _one(self, name: str, subject: Subject, above: tuple[str, ...]) -> Member:
        if name == "any":
            return Member(name, "every application", result=Truth.MATCH)
        seen, field = subject.application, self._book.field((name,))
        result = field.decide(seen) if seen.identified else None
        settle = "; ".join(field.needs(seen)) if result is Truth.UNKNOWN else ""
        bare = Member(name, result=result, settle=settle)
        found = self._catalog.names.application(name)
        if isinstance(found, Group):
            again = nested(name, above)
            if again:
                return replace(bare, what="application group", note=again)
            path = (*above, name)
            return replace(
                bare, what=f"application group, {counted(len(found.members), 'member')}", settle="",
                inside=lambda: self.all(found.members, subject, path),
            )  # fmt: skip
        if isinstance(found, ApplicationFilter):
            note = "" if self._catalog.table.complete else INCOMPLETE
            return replace(
                bare, what=f"application filter: {_filter_text(found)}", note=note,
                inside=lambda: list(self._passing(found, subject)),
            )  # fmt: skip
        children = self._children(name)
        if children:
            note = "" if self._catalog.table.complete else INCOMPLETE
            own = self._ports(name)
            return replace(
                bare, what=f"container, {counted(len(children), 'application')} in it", value=own, note=note,
                inside=lambda: [self._leaf(child, subject) for child in children],
            )  # fmt: skip
        return replace(self._leaf(name, subject), result=result, settle=settle)

    def default_ports(self, name: str) -> Member:
        """An application with its default ports, held against no session."""
        what = "" if self._catalog.entry(name) is not None else "not in the application table"
        return Member(name, what, self._ports(name), None)

    def _leaf(self, name: str, subject: Subject) -> Member:
        entry = self._catalog.entry(name)
        same = subject.application.identified and subject.application.key == name.lower()
        result = Truth.MATCH if same else Truth.NO_MATCH if subject.application.identified else None
        if entry is None:
            return Member(name, "not in the application table", result=result)
        kind = "application of your own" if isinstance(entry, CustomApplication) else ""
        return Member(name, kind, self._ports(name), result)

    def _ports(self, name: str) -> str:
        found = self._defaults.of(name)
        if found is None:
            return ""
        if found.free:
            return "no default ports"
        return f"{found.text}, inside TLS {found.secure_text}" if found.secure_text else found.text

    def _children(self, name: str) -> list[str]:
        key = name.lower()
        if key not in self._catalog.containers:
            return []
        return sorted(
            entry.name
            for entry in self._catalog.table.applications.values()
            if (entry.container or "").lower() == key and entry.name.lower() != key
        )

    def _passing(self, wanted: ApplicationFilter, subject: Subject) -> Iterator[Member]:
        """Those that a filter takes, then those that it may take."""
        open_ = []
        for name in sorted({entry.name for entry in self._catalog.entries()}):
            truth = passes_filter(wanted, self._catalog.seen(name))
            leaf = self._leaf(name, subject)
            if truth is Truth.MATCH:
                yield leaf
            elif truth is Truth.UNKNOWN:
                unknown = Truth.UNKNOWN if leaf.result is Truth.MATCH else leaf.result
                open_.append(replace(leaf, result=unknown, note="whether the filter takes it can't be told"))
        yield from open_


def _filter_text(wanted: ApplicationFilter) -> str:
    parts = [
        ("category", wanted.categories), ("subcategory", wanted.subcategories), ("technology", wanted.technologies),
        ("risk", wanted.risks), ("characteristic", wanted.flags), ("tag", wanted.tags), ("not", wanted.exclude),
        ("and", wanted.other),
    ]  # fmt: skip
    return "; ".join(f"{word} {listed(values)}" for word, values in parts if values) or "everything"


class ServiceMembers:
    """Opens service groups, and application-default to the ports of the rule's applications."""

    def __init__(self, applications: ApplicationMembers, catalog: Catalog) -> None:
        self._applications = applications
        self._names = catalog.names
        self._book = ServiceBook(catalog.names)
        self._application_book = ApplicationBook(catalog)

    def of(self, rule: Rule, subject: Subject) -> list[Member]:
        """A member for each service of a rule."""
        if rule.override_ports:
            field = self._book.override_field(rule)
            value = f"{rule.override_protocol}/{rule.override_ports}"
            return [Member(value, "as written", result=field.decide(subject.ports))]
        if rule.cells:
            cells = [read_cell(text) for text in rule.cells]
            return [Member(cell.text, "as compiled", result=cell.decide(subject.ports)) for cell in cells]
        return [self._one(name, rule, subject, ()) for name in dict.fromkeys(rule.services or ("any",))]

    def _one(self, name: str, rule: Rule, subject: Subject, above: tuple[str, ...]) -> Member:
        if name == "any":
            return Member(name, "every protocol and port", result=Truth.MATCH)
        if name == DEFAULT:
            return self._default(rule, subject)
        field = self._book.field((name,))
        result = field.decide(subject.ports)
        settle = "; ".join(field.needs(subject.ports)) if result is Truth.UNKNOWN else ""
        bare = Member(name, result=result, settle=settle)
        found = self._names.service(name)
        if isinstance(found, Group):
            again = nested(name, above)
            if again:
                return replace(bare, what="service group", note=again)
            path = (*above, name)
            return replace(
                bare, what=f"service group, {counted(len(found.members), 'member')}", settle="",
                inside=lambda: [self._one(member, rule, subject, path) for member in dict.fromkeys(found.members)],
            )  # fmt: skip
        if isinstance(found, Service):
            sources = f" from port {found.source_ports}" if found.source_ports else ""
            return replace(bare, value=f"{found.protocol}/{found.ports}{sources}")
        return replace(bare, what="no object of that name in the files")

    def _default(self, rule: Rule, subject: Subject) -> Member:
        """application-default: the session's own application first, then the others that the rule names."""
        asked = ServicePart(0, self._book.field((DEFAULT,)), self._application_book.field(rule.applications)).explain(
            subject
        )
        seen = subject.application
        own = [Member(seen.name, asked.detail, result=asked.result, settle=asked.settle)] if seen.identified else []
        note = "" if seen.identified else asked.detail
        return Member(
            DEFAULT, "the default ports of each application", "", asked.result, asked.settle, note,
            lambda: [*own, *self._others(rule, seen.key)],
        )  # fmt: skip

    def _others(self, rule: Rule, own: str) -> Sequence[Member]:
        names = [name for name in self._applications.names_of(rule.applications) if name.lower() != own]
        return [self._applications.default_ports(name) for name in names]
