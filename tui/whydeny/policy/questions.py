"""Questions about a policy that are not look-ups: what a name stands for, and what can move under a live session."""

from dataclasses import dataclass

from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import (
    PREDEFINED_ENFORCEMENTS,
    AuthenticationObject,
    DecryptionProfile,
    LogForwarding,
    Policy,
    Rule,
    Schedule,
)
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationBook, Catalog
from whydeny.policy.names import Names


def enforcement_of(policy: Policy, rule: Rule) -> AuthenticationObject | None:
    """The enforcement object an authentication rule names, resolved to its method; None if it isn't in the files.

    A rule of 7.1 or older has the method itself as its action.
    """
    name = rule.enforcement
    if not name:
        return None
    for scope in policy.scopes:
        if name in scope.enforcements:
            return scope.enforcements[name]
    if name in ("web-form", "browser-challenge", "no-captive-portal"):
        return AuthenticationObject(name, name)
    return PREDEFINED_ENFORCEMENTS.get(name)


def decryption_profile_of(policy: Policy, rule: Rule) -> DecryptionProfile | None:
    """The decryption profile of a rule; None without one or if it isn't in the files (`default` is predefined)."""
    if not rule.profile:
        return None
    for scope in policy.scopes:
        if rule.profile in scope.decryption_profiles:
            return scope.decryption_profiles[rule.profile]
    return None


def schedule_of(policy: Policy, rule: Rule) -> Schedule | None:
    """The schedule of a rule; None without one or if it isn't in the files."""
    for scope in policy.scopes:
        if rule.schedule and rule.schedule in scope.schedules:
            return scope.schedules[rule.schedule]
    return None


def log_forwarding_of(policy: Policy, name: str | None) -> LogForwarding | None:
    """The log-forwarding profile of that name."""
    for scope in policy.scopes:
        if name and name in scope.log_forwarding:
            return scope.log_forwarding[name]
    return None


def tags_set_by_logs(policy: Policy) -> dict[str, str]:
    """Every tag that some log-forwarding profile adds to an address, with the profile and log type that do."""
    found: dict[str, str] = {}
    for scope in policy.scopes:
        for profile in scope.log_forwarding.values():
            for log_type, _, tag, action in profile.tagging:
                if action.startswith("add"):
                    found.setdefault(tag, f"log-forwarding profile {profile.name}, {log_type} log")
    return found


def named_applications(
    policy: Policy, rule: Rule, table: ApplicationTable, catalog: Catalog | None = None
) -> frozenset[str]:
    """Every application that a rule's application criterion names, groups and containers expanded.

    Filters are expanded over the table as far as it goes, by what they certainly take; `any` is left out.
    `catalog` is the one of both, where there is one already.
    """
    members = tuple(name for name in rule.applications if name != "any")
    if not members:
        return frozenset()
    catalog = catalog or Catalog(Names(policy.scopes), table)
    field = ApplicationBook(catalog).field(members)
    found = {path[-1] for path in (field.literals or {}).values()}
    found.update(e.name for e in catalog.entries() if field.decide_others(catalog.seen(e.name)) is Truth.MATCH)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Moving:
    """A member of an address criterion whose addresses change without a commit."""

    kind: str  # external-list, fqdn, dynamic-group, region
    name: str
    filter: str = ""  # of a dynamic group


def moving_members(policy: Policy, names: tuple[str, ...]) -> tuple[Moving, ...]:
    """The external lists, FQDN objects, dynamic groups and regions behind an address criterion, nested ones too."""
    found: list[Moving] = []
    waiting, seen = list(reversed(names)), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name == "any":
            continue
        seen.add(name)
        for scope in policy.scopes:
            if name in scope.address_groups:
                group = scope.address_groups[name]
                if group.filter is not None:
                    found.append(Moving("dynamic-group", name, group.filter))
                waiting.extend(reversed(group.members))
                break
            if name in scope.addresses:
                if scope.addresses[name].kind == "fqdn":
                    found.append(Moving("fqdn", name))
                break
            if name in scope.external_lists:
                found.append(Moving("external-list", name))
                break
            if name in scope.regions:
                found.append(Moving("region", name))
                break
    return tuple(found)


def list_categories(policy: Policy, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which members of a category criterion are custom categories or external URL lists.

    A log row shows one category, so that a miss on these is never certain.
    """
    return tuple(
        name
        for name in names
        if any(name in scope.url_categories or name in scope.external_lists for scope in policy.scopes)
    )
