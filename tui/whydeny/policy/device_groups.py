"""Find a firewall in a Panorama configuration: its device group, the groups above it, its templates."""

from collections.abc import Iterable

from whydeny.model.configuration import Configuration, DeviceGroup, Rule
from whydeny.model.errors import UsageError

SHARED = "shared"
BY_TAG = "tag:"  # before a target that is a tag of firewalls and no serial number


def choose_group(
    panorama: Configuration, vsys: str, serial: str | None, device_group: str | None
) -> DeviceGroup | None:
    """The device group whose policy is asked for; None where only Panorama's shared level applies.

    A firewall that Panorama lists has the policy of its own group, whatever group the call names: that one is for
    firewalls that it doesn't list. One possible choice is taken. Raises `UsageError`, naming the choices, where the
    call must choose, or where what it names is not there.
    """
    groups = panorama.device_groups
    named = _group_named(groups, device_group) if device_group is not None else None
    if serial is not None and is_listed(panorama, serial):
        return _group_of(groups.values(), serial, vsys)
    if device_group is not None or not groups:
        return named
    listed = [group for group in groups.values() if group.devices]
    if serial is not None and listed:
        raise UsageError(
            f"the Panorama configuration has no firewall {serial}; choose one with --serial, or a device group with "
            f"--device-group: {_choices(listed)}"
        )
    parents = {group.parent for group in groups.values()}
    choices = listed or [group for group in groups.values() if group.name not in parents]
    if len(choices) == 1:
        return choices[0]
    raise UsageError(
        "the Panorama configuration holds more than one firewall's policy; choose a firewall with --serial or a device "
        f"group with --device-group: {_choices(choices)}"
    )


def is_listed(panorama: Configuration, serial: str | None) -> bool:
    """Whether a firewall is in a device group."""
    return any(serial in group.devices for group in panorama.device_groups.values())


def _group_named(groups: dict[str, DeviceGroup], name: str) -> DeviceGroup | None:
    if name in groups:
        return groups[name]
    if name.lower() == SHARED:
        return None
    raise UsageError(f"the Panorama configuration has no device group {name}; it has {', '.join(groups) or 'none'}")


def _group_of(groups: Iterable[DeviceGroup], serial: str, vsys: str) -> DeviceGroup | None:
    """A firewall may be in several groups, one for each of its virtual systems, and a virtual system in none."""
    whole = None
    for group in groups:
        if serial in group.devices:
            if vsys in group.devices[serial]:
                return group
            if not group.devices[serial]:
                whole = group
    return whole


def only_firewall(group: DeviceGroup | None) -> str | None:
    """The serial number of the only firewall of a group."""
    return next(iter(group.devices)) if group is not None and len(group.devices) == 1 else None


def systems_of(group: DeviceGroup | None, serial: str | None) -> tuple[str, ...]:
    """The virtual systems that a group holds of a firewall; none where it holds all of them, or not that firewall."""
    return group.devices.get(serial or "", ()) if group is not None else ()


def _choices(groups: list[DeviceGroup]) -> str:
    return ", ".join(f"{g.name} ({', '.join(g.devices)})" if g.devices else g.name for g in groups)


def chain(panorama: Configuration, group: DeviceGroup | None) -> tuple[DeviceGroup, ...]:
    """The group and those above it, the most local first."""
    found: list[DeviceGroup] = []
    while group is not None and all(group is not other for other in found):
        found.append(group)
        group = panorama.device_groups.get(group.parent) if group.parent else None
    return tuple(found)


def templates_of(panorama: Configuration, serials: Iterable[str]) -> tuple[Configuration, ...]:
    """The templates of these firewalls, those that win first: a stack's own values, then its templates in order.

    Without a firewall that a stack lists, the only stack there is, or the only template, is taken.
    """
    wanted = set(serials)
    stacks = panorama.template_stacks
    names = [name for name, (_, devices) in stacks.items() if wanted & set(devices)]
    if not names:
        names = list(stacks) if len(stacks) == 1 else list(panorama.templates) if len(panorama.templates) == 1 else []
    order = dict.fromkeys(part for name in names for part in (name, *stacks.get(name, ((), ()))[0]))
    return tuple(panorama.templates[name] for name in order if name in panorama.templates)


def is_target(rule: Rule, serial: str | None, vsys: str) -> bool:
    """Whether a rule is meant for this virtual system of this firewall.

    A rule whose target can't be told (no serial known, or devices chosen by tag) is kept.
    """
    if not rule.targets or serial is None:
        return True
    named = serial in rule.targets or f"{serial}/{vsys}" in rule.targets
    if not named and any(target.startswith(BY_TAG) for target in rule.targets):
        return True
    return named is not rule.target_negate
