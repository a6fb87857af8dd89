"""Find what a name stands for in the scopes of a policy, the most local first, and open groups to their members.

Sources: PAN-OS resolves a name in the virtual system before shared; an object beats a literal that looks like
an address; a region beats an address of the same name; a user-made `service-http` beats the predefined one.
"""

from collections.abc import Callable, Sequence

from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    CustomApplication,
    ExternalList,
    Group,
    Region,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)

DEEPEST = 64  # levels of groups that are followed; PAN-OS itself allows far fewer

Path = tuple[str, ...]

PREDEFINED_SERVICES = {
    "service-http": Service("service-http", "tcp", "80,8080"),
    "service-https": Service("service-https", "tcp", "443"),
}


class Names:
    """The objects that a policy's rules may name."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self.scopes = tuple(scopes)
        # Applications compare without case, everything else with it.
        self._applications: dict[str, CustomApplication | Group | ApplicationFilter] = {}
        for scope in reversed(self.scopes):
            for kind in (scope.application_filters, scope.application_groups, scope.applications):
                self._applications.update({name.lower(): found for name, found in kind.items()})

    def region(self, name: str) -> Region | None:
        """The custom region of that name."""
        return next((s.regions[name] for s in self.scopes if name in s.regions), None)

    def address(self, name: str) -> Address | AddressGroup | ExternalList | None:
        """The address object, address group or external list of that name."""
        for scope in self.scopes:
            found = scope.addresses.get(name) or scope.address_groups.get(name) or scope.external_lists.get(name)
            if found is not None:
                return found
        return None

    def service(self, name: str) -> Service | Group | None:
        """The service object or group of that name, the predefined ones last."""
        for scope in self.scopes:
            found = scope.services.get(name) or scope.service_groups.get(name)
            if found is not None:
                return found
        return PREDEFINED_SERVICES.get(name)

    def application(self, name: str) -> CustomApplication | Group | ApplicationFilter | None:
        """The user-made application, group or filter of that name (compared without case)."""
        return self._applications.get(name.lower())

    def schedule(self, name: str) -> Schedule | None:
        """The schedule of that name."""
        return next((s.schedules[name] for s in self.scopes if name in s.schedules), None)

    def url_category(self, name: str) -> UrlCategory | ExternalList | None:
        """The custom URL category or external list of that name."""
        for scope in self.scopes:
            found = scope.url_categories.get(name) or scope.external_lists.get(name)
            if found is not None:
                return found
        return None


def open_groups(name: str, members_of: Callable[[str], Sequence[str]]) -> tuple[list[Path], bool]:
    """Every name reached from `name` through groups, each once, as the path that leads to it.

    `members_of` gives the members of a group and nothing for anything else. The first path is `(name,)`. The
    flag is false where groups are nested deeper than is followed; a group that holds itself is simply not
    entered again.
    """
    found: list[Path] = []
    seen = {name}
    complete = True
    waiting: list[Path] = [(name,)]
    while waiting:
        path = waiting.pop()
        found.append(path)
        members = members_of(path[-1])
        if members and len(path) >= DEEPEST:
            complete = False
            continue
        for member in reversed(members):
            if member not in seen:
                seen.add(member)
                waiting.append((*path, member))
    return found, complete
