"""Put configurations together to the policy that one virtual system of one firewall enforces."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from whydeny.model.configuration import (
    Configuration,
    ConfigurationKind,
    DeviceGroup,
    Origin,
    Place,
    Policy,
    Rule,
    Rulebase,
    RuleLists,
    Scope,
    VirtualSystem,
    Zone,
)
from whydeny.model.errors import UsageError
from whydeny.policy.device_groups import (
    chain,
    choose_group,
    is_listed,
    is_target,
    only_firewall,
    systems_of,
    templates_of,
)

# Best first: effective-running is what is enforced, merged may be uncommitted.
_FIREWALL_KINDS = (ConfigurationKind.EFFECTIVE, ConfigurationKind.RUNNING, ConfigurationKind.MERGED)
DEFAULTS = tuple(
    Rule(
        name,
        Rulebase.SECURITY,
        position,
        Origin(Place.DEFAULT),
        rule_type=name.removesuffix("-default"),
        action=action,
        log_end=False,
        is_default=True,
    )
    for position, (name, action) in enumerate((("intrazone-default", "allow"), ("interzone-default", "deny")), 1)
)


@dataclass(slots=True)
class _Layers:
    """What was found for one virtual system: rule lists in evaluation order, and objects by the scope they rank in."""

    before: list[RuleLists] = field(default_factory=list)
    after: list[RuleLists] = field(default_factory=list)
    defaults: list[dict[str, Rule]] = field(default_factory=list)  # most local first
    system_scopes: list[Scope] = field(default_factory=list)
    shared_scopes: list[Scope] = field(default_factory=list)
    templates: list[Configuration] = field(default_factory=list)  # those that win first
    files: set[int] = field(default_factory=set)
    rivals: tuple[int, ...] = ()
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = False  # whether an absent rulebase means that it has no rules
    pushed_missing: bool = False
    candidate: bool = False


def assemble(
    configurations: Sequence[Configuration],
    vsys: str = "vsys1",
    serial: str | None = None,
    device_group: str | None = None,
) -> Policy:
    """The policy of `vsys` on firewall `serial`, from all configurations that belong to it.

    Order: Panorama shared pre, ancestor device groups' pre (top down), device group pre, local, device group
    post, ancestors' post (bottom up), shared post, defaults (the most local override wins). A configuration
    with another serial is left out. What Panorama pushed is taken, in this order, from effective-running, from
    pushed-shared-policy answers, from the firewall's own export where that carries it, from a Panorama
    configuration. Names resolve in two scopes, virtual system before shared; objects of device groups rank as
    the virtual system's.

    Raises `UsageError` when a Panorama configuration is given and neither serial nor group chooses, and when
    nothing tells which of several firewalls' configurations is meant.
    """
    mine = [c for c in configurations if _belongs(c, serial)]
    firewall = _choose_firewall(mine, serial)
    layers = _Layers()
    mine = [c for c in mine if not _is_anothers(c, firewall)]
    system = _system_of(firewall, vsys, layers)
    if firewall is not None:
        layers.files.add(firewall.file)
        layers.rivals = tuple(sorted(c.file for c in mine if _rivals(c, firewall)))
        layers.notes += firewall.notes
        layers.complete = system is not None
        layers.candidate = firewall.kind is ConfigurationKind.MERGED
        serial = serial or firewall.serial
        if not firewall.whole:
            layers.missing.append(
                "Only part of the firewall's configuration is among the inputs: other objects, and rules that Panorama may "
                "have pushed, are not known; show config running holds the whole."
            )
    if firewall is None or firewall.kind is not ConfigurationKind.EFFECTIVE:
        serial, vsys = _add_pushed(layers, mine, firewall, system, vsys, serial, device_group)
    _add_template_answers(layers, mine)
    return _finish(layers, firewall, system, vsys, serial)


def _belongs(configuration: Configuration, serial: str | None) -> bool:
    if configuration.kind is ConfigurationKind.PANORAMA or serial is None or configuration.serial is None:
        return True
    return configuration.serial == serial


def _is_anothers(configuration: Configuration, firewall: Configuration | None) -> bool:
    """Whether something was pushed to another firewall than the one whose own configuration is used."""
    if not configuration.kind.pushed or firewall is None:
        return False
    return None not in (configuration.hostname, firewall.hostname) and configuration.hostname != firewall.hostname


def _choose_firewall(configurations: Sequence[Configuration], serial: str | None) -> Configuration | None:
    """The best configuration of the firewall itself; among equals that of the latest release, then the last one opened."""
    found = [c for c in configurations if c.kind in _FIREWALL_KINDS]
    named = [c for c in found if serial is not None and c.serial == serial]
    found = named or found
    hostnames = dict.fromkeys(c.hostname for c in found if c.hostname)
    serials = dict.fromkeys(c.serial for c in found if c.serial)
    if len(hostnames) > 1 or len(serials) > 1:
        wanted = f"of firewall {serial}" if serial else "that is meant"
        raise UsageError(
            f"configurations of several firewalls are open ({', '.join(hostnames if len(hostnames) > 1 else serials)}) "
            f"and nothing tells the one {wanted}; open show system info beside each, or one firewall at a time"
        )
    best = min(map(_rank, found), default=None)
    equals = [c for c in found if _rank(c) == best]
    latest = max((c.release for c in equals if c.release is not None), default=None)
    return next((c for c in reversed(equals) if c.release == latest), None)


def _rivals(other: Configuration, chosen: Configuration) -> bool:
    """Whether another configuration could as well be the firewall's, and holds something else."""
    if other.kind is not chosen.kind or _rank(other) != _rank(chosen) or other.file == chosen.file:
        return False
    return (other.vsys, other.shared, other.rematch) != (chosen.vsys, chosen.shared, chosen.rematch)


def _rank(configuration: Configuration) -> tuple[int, bool, bool, bool]:
    """The lower, the nearer to what is enforced. Of two running ones the better also holds what Panorama pushed, as that
    of a tech-support file does."""
    pushed = any(_carries_pushed(system) for system in configuration.vsys.values())
    kind = _FIREWALL_KINDS.index(configuration.kind)
    return kind, not configuration.whole, not pushed, not configuration.templated


def _system_of(firewall: Configuration | None, vsys: str, layers: _Layers) -> VirtualSystem | None:
    if firewall is None:
        return None
    system = firewall.vsys.get(vsys)
    if system is None:
        system = next((s for s in firewall.vsys.values() if s.display_name == vsys), None)
    if system is None:
        layers.missing.append(
            f"The configuration has no virtual system {vsys}; it has {', '.join(firewall.vsys) or 'none'}."
        )
    return system


def _add_pushed(
    layers: _Layers,
    configurations: Sequence[Configuration],
    firewall: Configuration | None,
    system: VirtualSystem | None,
    vsys: str,
    serial: str | None,
    device_group: str | None,
) -> tuple[str | None, str]:
    """Add what Panorama pushed, from the best source; returns serial and virtual system, which a group may tell."""
    answers = [c for c in configurations if c.kind is ConfigurationKind.PUSHED_POLICY]
    panorama = _choose_panorama(configurations, firewall, serial, device_group)
    if answers:
        _add_answers(layers, answers, firewall, vsys)
    elif firewall is not None and system is not None and _carries_pushed(system):
        before, after = [firewall.shared_pre, system.pushed_pre], [system.pushed_post, firewall.shared_post]
        _add_lists(layers, before, after)
        layers.system_scopes.append(system.pushed)
    elif panorama is not None:
        return _add_panorama(layers, panorama, firewall, vsys, serial, device_group)
    elif system is not None and firewall is not None and firewall.panorama_managed:
        layers.pushed_missing = True
        layers.missing.append(
            "The firewall is managed by Panorama and the policy that Panorama pushed is not among the inputs; "
            "show config effective-running, or show config pushed-shared-policy, holds it."
        )
    if firewall is None and not answers and configurations:
        layers.missing.append("The firewall's own rules are not among the inputs; show config running holds them.")
    return serial, vsys


def _choose_panorama(
    configurations: Sequence[Configuration], firewall: Configuration | None, serial: str | None, group: str | None
) -> Configuration | None:
    """The Panorama configuration that manages the firewall, None where the ones that are open do not."""
    found = [c for c in configurations if c.kind is ConfigurationKind.PANORAMA]
    knowing = [c for c in found if is_listed(c, serial)]
    if knowing or firewall is None or group is not None:
        return next(reversed(knowing or found), None)
    # The firewall's own configuration is there, so a Panorama that doesn't know it is somebody else's.
    return next(reversed(found), None) if firewall.panorama_managed and serial is None else None


def _carries_pushed(system: VirtualSystem) -> bool:
    lists = (system.pushed_pre, system.pushed_post)
    return any(part.rules or part.defaults for part in lists) or _holds_objects(system.pushed)


def _add_lists(layers: _Layers, before: list[RuleLists], after: list[RuleLists]) -> None:
    layers.before += before
    layers.after += after
    # Default rules stand among the post-rules; the nearest to the firewall wins.
    layers.defaults += [lists.defaults for lists in (*after, *reversed(before)) if lists.defaults]


def _add_answers(layers: _Layers, answers: Sequence[Configuration], firewall: Configuration | None, vsys: str) -> None:
    """Add `show config pushed-shared-policy` answers: that of the virtual system, and the device-wide shared one.

    An answer that doesn't say whose it is counts where there is one virtual system, and for vsys1: asked without one,
    a firewall with several answers for vsys1 (measured on 11.1 and 11.2). A single-vsys firewall answers the same both
    ways, so rules that were seen already are not added again.
    """
    several = firewall is not None and len(firewall.vsys) > 1
    mine = (vsys, "") if vsys == "vsys1" or not several else (vsys,)
    own = [system for c in answers for name, system in c.vsys.items() if name in mine]
    layers.files |= {c.file for c in answers}
    layers.notes += [note for c in answers if not c.vsys or any(name in mine for name in c.vsys) for note in c.notes]
    _add_lists(
        layers,
        [*(c.shared_pre for c in answers), *(s.pushed_pre for s in own)],
        [*(s.pushed_post for s in own), *(c.shared_post for c in answers)],
    )
    layers.system_scopes += [system.pushed for system in own]
    layers.shared_scopes += [c.shared for c in answers]
    if not own:
        layers.pushed_missing = True
        layers.missing.append(
            f"The policy that Panorama pushed to {vsys} is not among the inputs; show config pushed-shared-policy vsys "
            f"{vsys} holds it."
        )
    elif several and not any(_holds_objects(c.shared) for c in answers):
        layers.missing.append(
            "Panorama's shared objects are not among the inputs; show config pushed-shared-policy, without a virtual "
            "system, holds them."
        )
    if firewall is None:
        layers.missing.append("The firewall's own rules are not among the inputs; show config running holds them.")


def _add_panorama(
    layers: _Layers,
    panorama: Configuration,
    firewall: Configuration | None,
    vsys: str,
    serial: str | None,
    device_group: str | None,
) -> tuple[str | None, str]:
    """Add the levels of a Panorama configuration that apply to the firewall; returns what the group tells of it."""
    group = choose_group(panorama, vsys, serial, device_group)
    groups = chain(panorama, group)
    layers.files.add(panorama.file)
    layers.notes += panorama.notes
    layers.candidate |= panorama.candidate
    layers.complete = True
    if firewall is None:
        layers.missing.append(
            "The firewall's own rules and its PAN-OS release are not in a Panorama configuration; show config running "
            "on the firewall holds them."
        )
    if device_group is not None and is_listed(panorama, serial) and device_group not in (g.name for g in groups):
        own = group.name if group is not None else "no device group"
        layers.notes.append(
            f"Panorama has firewall {serial} in {own}: its policy is taken, not that of {device_group}."
        )
    if group is None and panorama.device_groups and (device_group is None or is_listed(panorama, serial)):
        layers.notes.append(f"{vsys} of firewall {serial} belongs to no device group: Panorama pushes it no rules.")
        layers.shared_scopes.append(panorama.shared)
        return serial, vsys
    serial = serial or only_firewall(group)
    systems = systems_of(group, serial)
    if firewall is None and group is not None and systems and vsys not in systems:
        sentence = f"Device group {group.name} holds {', '.join(systems)} of firewall {serial}, not {vsys}"
        if len(systems) > 1:
            raise UsageError(f"{sentence}; choose the virtual system")
        layers.notes.append(f"{sentence}, and is judged for that.")
        vsys = systems[0]
    _add_lists(
        layers,
        [panorama.shared_pre, *(g.pre for g in reversed(groups))],
        [*(g.post for g in groups), panorama.shared_post],
    )
    _add_group_scopes(layers, panorama, groups)
    layers.templates += templates_of(panorama, [serial] if serial else group.devices if group else ())
    return serial, vsys


def _add_group_scopes(layers: _Layers, panorama: Configuration, groups: tuple[DeviceGroup, ...]) -> None:
    """Objects of the leaf group first, unless Panorama is set to let ancestors take precedence."""
    scopes = [group.scope for group in groups]
    if panorama.ancestors_win:
        layers.system_scopes += [panorama.shared, *reversed(scopes)]
    else:
        layers.system_scopes += scopes
        layers.shared_scopes.append(panorama.shared)


def _add_template_answers(layers: _Layers, configurations: Sequence[Configuration]) -> None:
    found = [c for c in configurations if c.kind is ConfigurationKind.PUSHED_TEMPLATE]
    layers.templates = [*found, *layers.templates]
    layers.files |= {c.file for c in found}


def _finish(
    layers: _Layers, firewall: Configuration | None, system: VirtualSystem | None, vsys: str, serial: str | None
) -> Policy:
    name = system.name if system is not None else vsys
    own = [c for c in (firewall, *layers.templates) if c is not None]
    template_systems = [c.vsys[name] for c in layers.templates if name in c.vsys]
    systems = [system, *template_systems] if system is not None else template_systems
    zones: dict[str, Zone] = {}
    for one in reversed(systems):
        zones.update(one.zones)
    scopes = [
        *([system.scope] if system is not None else []),
        *layers.system_scopes,
        *(s.scope for s in template_systems),
        *([firewall.shared] if firewall is not None else []),
        *layers.shared_scopes,
        *(c.shared for c in layers.templates),
    ]
    if not layers.files:
        layers.missing.append("No configuration is among the inputs.")
    rules = _order_rules(layers, system, serial, name)
    return Policy(
        vsys=name,
        serial=serial or (firewall.serial if firewall is not None else None),
        release=next((c.release for c in own if c.release is not None), None),
        rules=rules,
        scopes=tuple(scope for scope in scopes if _holds_objects(scope)),
        zones=zones,
        captive_portal=next((s.captive_portal for s in systems if s.captive_portal is not None), None),
        rematch=next((c.rematch for c in own if c.rematch is not None), None),
        notify_user=any(c.notify_user for c in own),
        wildcard_top_down=any(c.wildcard_top_down for c in own),
        hostname=next((c.hostname for c in own if c.hostname), None),
        timezone=next((c.timezone for c in own if c.timezone), None),
        files=tuple(sorted(layers.files)),
        rivals=layers.rivals,
        candidate=layers.candidate,
        pushed_missing=layers.pushed_missing,
        missing=tuple(layers.missing),
        notes=tuple(dict.fromkeys(layers.notes)),
        saved=firewall.saved if firewall is not None else None,
    )


def _order_rules(
    layers: _Layers, system: VirtualSystem | None, serial: str | None, vsys: str
) -> dict[Rulebase, tuple[Rule, ...]]:
    """Every rulebase in evaluation order and numbered through; one that is not known has no key.

    Disabled rules stay in the order. A rule of Panorama that targets other firewalls is left out and counted.
    """
    lists = [*layers.before, *([system.local] if system is not None else []), *layers.after]
    found: dict[Rulebase, tuple[Rule, ...]] = {}
    others = 0
    for rulebase in Rulebase:
        known = [part.rules[rulebase] for part in lists if rulebase in part.rules]
        # Part of a configuration leaves what it doesn't hold unknown; a whole one says that there is nothing.
        if not known and (not layers.complete or (system is not None and rulebase not in system.local.rules)):
            continue
        rules = list(_without_repeats(rule for part in known for rule in part))
        kept = [rule for rule in rules if is_target(rule, serial, vsys)]
        others += len(rules) - len(kept)
        if rulebase is Rulebase.SECURITY:
            kept += _default_rules(layers, system)
        found[rulebase] = tuple(replace(rule, number=number) for number, rule in enumerate(kept, 1))
    if others:
        layers.notes.append(
            f"{others} rule{'s' if others > 1 else ''} of Panorama that target{'' if others > 1 else 's'} other "
            "firewalls left out."
        )
    return found


def _without_repeats(rules: Iterable[Rule]) -> Iterable[Rule]:
    """Drop a pushed rule that was seen before: two answers about one firewall may both hold it."""
    seen = set()
    for rule in rules:
        if rule.origin.panorama:
            key = (rule.uuid or rule.name, rule.origin)
            if key in seen:
                continue
            seen.add(key)
        yield rule


def _default_rules(layers: _Layers, system: VirtualSystem | None) -> list[Rule]:
    overrides = [system.local.defaults, *layers.defaults] if system is not None else layers.defaults
    return [next((o[rule.name] for o in overrides if rule.name in o), rule) for rule in DEFAULTS]


def _holds_objects(scope: Scope) -> bool:
    return any(getattr(scope, name) for name in Scope.__dataclass_fields__ if name != "name")
