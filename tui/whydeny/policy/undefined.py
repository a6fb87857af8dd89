"""Names in changed rules that nothing defines: zones and applications, of which a look-up makes a plain miss."""

from collections.abc import Iterable, Iterator

from whydeny.model.configuration import ANY
from whydeny.policy.applications import NOT_IDENTIFIED
from whydeny.policy.differences import How, RuleChange
from whydeny.policy.engine import Engine
from whydeny.policy.wording import several

_NO_ZONES = frozenset({*ANY, "multicast"})


def undefined(engine: Engine, changes: Iterable[RuleChange]) -> list[str]:
    """In sentences, what the added and changed rules name newly that is no zone or application of `engine`'s.

    Addresses and services that nothing defines are not among them: what they stand for is unknown, and look-ups say so.
    """
    found = []
    for change in changes:
        if change.how not in (How.ADDED, How.CHANGED):
            continue
        zones = [name for name in _new(change, "from_zones", "to_zones") if not _is_zone(engine, name)]
        if zones and engine.policy.zones:
            found.append(
                f"{change.rule.name} names {_called('zone', zones)}, which {_is_not(zones)} among the zones of the "
                "configuration: nothing comes from or goes to it"
            )
        applications = [name for name in _new(change, "applications") if not _is_application(engine, name)]
        if applications:
            whole = "" if engine.applications.complete else ", whose application content is not whole"
            found.append(
                f"{change.rule.name} names {_called('application', applications)}, which {_is_not(applications)} among "
                f"the inputs{whole}: of these sessions it takes only those whose row has that very name"
            )
    return found


def _new(change: RuleChange, *fields: str) -> Iterator[str]:
    """The members that the rule has and the earlier one had not, each once."""
    before = {member for name in fields if change.before is not None for member in getattr(change.before, name)}
    now = [member for name in fields for member in getattr(change.rule, name)]
    yield from (member for member in dict.fromkeys(now) if member not in before)


def _is_zone(engine: Engine, name: str) -> bool:
    return name in _NO_ZONES or name in engine.policy.zones


def _is_application(engine: Engine, name: str) -> bool:
    key, catalog = name.lower(), engine.catalog
    if key in (*ANY, *NOT_IDENTIFIED) or key in catalog.containers:
        return True
    return catalog.names.application(name) is not None or catalog.table.get(name) is not None


def _called(what: str, names: list[str]) -> str:
    return f"the {what}{'' if len(names) == 1 else 's'} {several(names)}"


def _is_not(names: list[str]) -> str:
    return "is not" if len(names) == 1 else "are not"
