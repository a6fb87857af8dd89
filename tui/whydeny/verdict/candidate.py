"""A site as it would be with another configuration: changed by lines, or with a candidate in the place of the present one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whydeny.model.configuration import Configuration, ConfigurationKind
from whydeny.model.errors import UsageError
from whydeny.model.site import Site
from whydeny.policy.edit import edit
from whydeny.verdict.firewalls import Firewalls

_OF_FIREWALLS = (ConfigurationKind.EFFECTIVE, ConfigurationKind.RUNNING, ConfigurationKind.MERGED)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The changed site, and the lines that would change the firewall so (none for a candidate that was read). `notes` say
    in sentences what of the lines may not be meant."""

    site: Site
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def edit_site(
    site: Site,
    firewalls: Firewalls,
    lines: Sequence[str],
    vsys: str | None = None,
    serial: str | None = None,
    device_group: str | None = None,
) -> Candidate:
    """The site with the lines applied to the configurations of a firewall and of its Panorama; the given one stays.

    Without `serial` the lines are for the only firewall there is. Raises `UsageError` for a line that can't be used.
    """
    if not site.configurations:
        raise UsageError("there is no configuration among the inputs that lines could change")
    chosen = _places(site, firewalls, serial)
    edited = edit([site.configurations[index] for index in chosen], lines, vsys or "vsys1", device_group)
    configurations = list(site.configurations)
    for index, configuration in zip(chosen, edited.configurations, strict=True):
        configurations[index] = configuration
    return Candidate(replace(site, configurations=configurations), edited.lines, edited.notes)


def replace_configuration(
    site: Site, firewalls: Firewalls, candidates: Sequence[Configuration], serial: str | None = None
) -> Candidate:
    """The site with each candidate in the place of what it is a candidate for.

    A Panorama's takes the place of Panorama's; a firewall's that of the firewall of its host name, of `serial`, or of
    the only one there is. Raises `UsageError` where nothing tells which, and where it would lose pushed rules.
    """
    configurations = list(site.configurations)
    for candidate in candidates:
        if candidate.kind is ConfigurationKind.PANORAMA:
            gone = [c for c in configurations if c.kind is ConfigurationKind.PANORAMA]
        elif candidate.kind in _OF_FIREWALLS:
            gone = _replaced(configurations, firewalls, candidate, serial)
        else:
            raise UsageError(f"the candidate is a {candidate.kind} answer; expected a firewall's or Panorama's own")
        if not gone:
            raise UsageError("there is no configuration among the inputs that the candidate could be compared with")
        owner = next((found for c in gone if (found := firewalls.serial_of(c))), candidate.serial)
        at = next(index for index, c in enumerate(configurations) if c is gone[0])
        configurations = [c for c in configurations if not any(c is one for one in gone)]
        configurations.insert(at, replace(candidate, serial=owner, file=gone[0].file))
    return Candidate(replace(site, configurations=configurations))


def _places(site: Site, firewalls: Firewalls, serial: str | None) -> list[int]:
    """The configurations that make the policy of a firewall, as indices; without a serial all of them."""
    if serial is None:
        return list(range(len(site.configurations)))
    own = firewalls.configurations(serial)
    # Configurations come back as copies with a serial; their scopes are the same values.
    return [i for i, c in enumerate(site.configurations) if any(one.shared is c.shared for one in own)]


def _replaced(
    configurations: Sequence[Configuration], firewalls: Firewalls, candidate: Configuration, serial: str | None
) -> list[Configuration]:
    """The configurations of the firewall that a candidate is for."""
    found = [c for c in configurations if c.kind in _OF_FIREWALLS]
    if serial is not None:
        mine = [c for c in found if firewalls.serial_of(c) in (serial, None)]
    else:
        mine = [c for c in found if candidate.hostname and c.hostname == candidate.hostname]
        names = dict.fromkeys(c.hostname or firewalls.serial_of(c) or "one without a name" for c in found)
        if not mine and len(names) > 1:
            raise UsageError(
                f"the candidate is of {candidate.hostname or 'a firewall without a name'}, and the inputs hold "
                f"configurations of {', '.join(names)}; choose one with --serial"
            )
        mine = mine or found
    holds_pushed = any(c.kind is ConfigurationKind.EFFECTIVE and c.panorama_managed for c in mine)
    elsewhere = any(c.kind in (ConfigurationKind.PUSHED_POLICY, ConfigurationKind.PANORAMA) for c in configurations)
    if holds_pushed and candidate.kind is not ConfigurationKind.EFFECTIVE and not elsewhere:
        raise UsageError(
            "the candidate holds the firewall's own rules alone, and the rules that Panorama pushed are known only from "
            "the effective-running configuration it would replace; add the pushed policy or Panorama's configuration"
        )
    return mine
