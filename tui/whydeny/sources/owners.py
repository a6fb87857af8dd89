"""Say whose a configuration is that does not say it itself: what Panorama pushed names no firewall."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from whydeny.model.configuration import Configuration, ConfigurationKind
from whydeny.model.site import Problem, Source, SystemInfo

_OF_PANORAMA = ("panorama", "m-")  # what the models of Panorama begin with


def attribute(
    configurations: Sequence[Configuration],
    systems: Sequence[SystemInfo],
    sources: Sequence[Source],
    folders: Sequence[str],
) -> tuple[list[Configuration], list[Problem]]:
    """Every configuration with the host name or serial number of its firewall, as far as the files tell.

    It is that of the firewall in the same file, else of the only one in the same folder, else of the one that the file
    is called after. Where none of it tells and there are several firewalls, what was pushed is left out, with a problem:
    it would stand in the policy of each of them. `sources` and `folders` are by the number of the file.
    """
    known = _Known(_firewalls(configurations, systems), sources, folders)
    kept, problems = [], []
    for configuration in configurations:
        if configuration.hostname or configuration.serial or configuration.kind is ConfigurationKind.PANORAMA:
            kept.append(configuration)
            continue
        owner = known.owner(configuration.file)
        if owner is not None:
            kept.append(replace(configuration, hostname=owner.hostname, serial=owner.serial))
        elif configuration.kind.pushed and known.several:
            problems.append(known.unclaimed(configuration.file))
        else:
            kept.append(configuration)
    return kept, problems


@dataclass(frozen=True, slots=True)
class _Firewall:
    """A firewall that a file names: by its host name, else by its serial number."""

    file: int
    hostname: str | None
    serial: str | None = None

    @property
    def name(self) -> str:
        return self.hostname or self.serial or ""


def _firewalls(configurations: Iterable[Configuration], systems: Iterable[SystemInfo]) -> list[_Firewall]:
    found = [
        _Firewall(c.file, c.hostname, None if c.hostname else c.serial)
        for c in configurations
        if c.kind is not ConfigurationKind.PANORAMA
    ]
    found += [
        _Firewall(s.file, s.hostname, None if s.hostname else s.serial)
        for s in systems
        if not (s.model or "").lower().startswith(_OF_PANORAMA)
    ]
    return [firewall for firewall in found if firewall.name]


class _Known:
    """The firewalls that the files name, and where they name them."""

    def __init__(self, firewalls: Sequence[_Firewall], sources: Sequence[Source], folders: Sequence[str]) -> None:
        self._firewalls = firewalls
        self._sources = sources
        self._folders = folders
        self._all = _by_name(firewalls)

    @property
    def several(self) -> bool:
        return len(self._all) > 1

    def owner(self, file: int) -> _Firewall | None:
        """The firewall that a file is of; None where nothing tells."""
        folder = self._folders[file]
        near = _by_name(f for f in self._firewalls if f.file == file)
        near = near or _by_name(f for f in self._firewalls if self._folders[f.file] == folder)
        if len(near) != 1:
            near = self._called_after(file, near or self._all)
        return next(iter(near.values())) if len(near) == 1 else None

    def unclaimed(self, file: int) -> Problem:
        """The sentence about something pushed that may be any firewall's."""
        return Problem(
            self._sources[file].name,
            None,
            f"nothing tells to which of the firewalls {', '.join(self._all)} this was pushed, so that it is not used; put "
            "the files of each firewall into a folder of its own",
        )

    def _called_after(self, file: int, firewalls: dict[str, _Firewall]) -> dict[str, _Firewall]:
        """Those whose name stands in the file's, as a whole word."""
        base = re.split(r"[:/\\]", self._sources[file].name)[-1]
        return {
            name: firewall
            for name, firewall in firewalls.items()
            if re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", base, re.IGNORECASE)
        }


def _by_name(firewalls: Iterable[_Firewall]) -> dict[str, _Firewall]:
    return {firewall.name: firewall for firewall in firewalls}
