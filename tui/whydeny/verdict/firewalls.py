"""Which firewall a row is of, which configurations are that firewall's, and which release it runs."""

import re
from dataclasses import replace
from functools import cached_property

import polars as pl

from whydeny.model.answers import DeviceAnswers, Told, agreed
from whydeny.model.configuration import Configuration, ConfigurationKind, Rulebase
from whydeny.model.errors import UsageError
from whydeny.model.release import Release, release_of_config_version
from whydeny.model.site import Site, SystemInfo
from whydeny.policy.defaults import STRICT_SINCE

_ANYBODYS = (ConfigurationKind.PANORAMA,)
_RUNNING_NAME = "running-config"  # PAN-OS's own name for it, among named snapshots in its folder and in an export


def same_line(one: Release | None, other: Release | None) -> bool:
    """Whether two releases are of one line (10.2 and 10.2.4-h2); also where either isn't known."""
    return one is None or other is None or (one.major, one.minor) == (other.major, other.minor)


class Firewalls:
    """The firewalls of a site, told apart by serial; a host name ties a configuration to a serial."""

    def __init__(self, site: Site, release: Release | None = None) -> None:
        self.site = site
        self.override = release
        self._serial_of_host = self._hosts()
        self._known: dict[str | None, Release | None] = {}

    def _hosts(self) -> dict[str, str]:
        """Serials by host name, from `show system info` and from rows that carry both."""
        found: dict[str, str] = {}
        frame = self.site.sessions.frame
        known = (
            frame.select(pl.col("device_name").cast(pl.String), pl.col("serial").cast(pl.String))
            .drop_nulls()
            .unique(maintain_order=True)
        )
        for host, serial in known.iter_rows():
            found.setdefault(host, serial)
        for system in self.site.systems:
            if system.hostname and system.serial:
                found[system.hostname] = system.serial
        return found

    def host_of(self, serial: str | None) -> str | None:
        """The host name of a firewall, as far as anything tells."""
        system = self.system(serial) if serial else None
        if system is not None and system.hostname:
            return system.hostname
        return next((host for host, known in self._serial_of_host.items() if known == serial), None)

    def serials(self) -> list[str]:
        """Every serial in the session table, most rows first."""
        counted = self.site.sessions.frame["serial"].value_counts(sort=True)
        return [str(serial) for serial in counted["serial"].cast(pl.String).drop_nulls()]

    def serial_of(self, configuration: Configuration) -> str | None:
        """The serial that a configuration belongs to, as far as anything tells."""
        if configuration.serial:
            return configuration.serial
        return self._serial_of_host.get(configuration.hostname or "")

    def configurations(self, serial: str | None) -> list[Configuration]:
        """The configurations that make the policy of a firewall, each with the serial that it belongs to.

        One that names another firewall is left out. One that names none is taken unless another names just this
        firewall. Of several saved running configurations, those are taken that have PAN-OS's name for what is running:
        the others are snapshots of other times, as beside it in a tech-support file.
        """
        own, nobodys, anybodys = [], [], []
        for configuration in self.site.configurations:
            if configuration.kind in _ANYBODYS:
                anybodys.append(configuration)
                continue
            owner = self.serial_of(configuration)
            if owner is None:
                nobodys.append(configuration)
            elif serial is None or owner == serial:
                own.append(replace(configuration, serial=owner))
        lone = [c for c in nobodys if not (c.hostname and own and any(o.hostname for o in own))]
        return [c for part in (own, lone, anybodys) for c in self._without_snapshots(part)]

    def unplaced(self, serial: str | None) -> list[Configuration]:
        """The configurations that are taken for a firewall and for others as well, since nothing tells whose they are."""
        return [
            c
            for c in self.configurations(serial)
            if c.kind not in _ANYBODYS and self.serial_of(c) is None and self._takers(c) > 1
        ]

    def _takers(self, configuration: Configuration) -> int:
        return sum(any(c.file == configuration.file for c in self.configurations(s)) for s in self.serials())

    def _without_snapshots(self, configurations: list[Configuration]) -> list[Configuration]:
        running = {(c.kind, c.hostname) for c in configurations if self._is_named_running(c)}
        return [c for c in configurations if (c.kind, c.hostname) not in running or self._is_named_running(c)]

    def _is_named_running(self, configuration: Configuration) -> bool:
        return _RUNNING_NAME in re.split(r"[/\\:]", self.site.source_name(configuration.file))[-1].lower()

    def answers(self, serial: str | None, vsys: str) -> DeviceAnswers:
        """What is known of the run-time state of one virtual system of a firewall.

        An answer of another firewall or virtual system is left out; one of a host whose serial number nothing tells
        counts unless the name of this firewall is known.
        """
        if not self.site.told:
            return self.site.answers
        fitting = [told.answers for told in self._told_of(serial) if told.vsys in (None, vsys)]
        return agreed([self.site.answers, *fitting])[0]

    def compiled_by(self, serial: str | None, vsys: str) -> DeviceAnswers:
        """`answers`, for rules that are taken as compiled.

        Raises `UsageError` where such rules are among them and nothing tells of which firewall or virtual system.
        """
        every = [Told(self.site.answers), *self._told_of(serial)]
        told = [one for one in every if one.answers.running.get(Rulebase.SECURITY)]
        if not told:
            return self.answers(serial, vsys)
        if any(one.firewall is None for one in told) and len(self.serials()) > 1:
            raise UsageError(
                "nothing tells which of the firewalls the compiled rules among the inputs are of; open one firewall at a time"
            )
        named = {one.vsys for one in told} - {None}
        others = named | self._systems_in_use(serial) | {vsys}
        if any(one.vsys is None for one in told) and len(others) > 1:
            raise UsageError(
                "nothing tells which virtual system the compiled rules among the inputs are of; show them after "
                f"'set system setting target-vsys {vsys}', with the prompt in the file"
            )
        return self.answers(serial, vsys)

    def _systems_in_use(self, serial: str | None) -> set[str]:
        """The virtual systems that the session table shows of a firewall."""
        used = self.site.sessions.frame.select("serial", "vsys").unique().cast(pl.String)
        mine = used.filter(pl.col("serial").eq_missing(pl.lit(serial, pl.String)))
        return set(mine["vsys"].drop_nulls())

    def _told_of(self, serial: str | None) -> list[Told]:
        """The answers that count for a firewall, of whichever virtual system."""
        own = self.configurations(serial)
        serials = {serial, *(self.serial_of(c) for c in own)} - {None}
        hosts = {host for host, known in self._serial_of_host.items() if known in serials}
        hosts |= {c.hostname for c in own if c.hostname and c.kind not in _ANYBODYS}
        called = {host.lower() for host in hosts}
        everyone = set(self._serial_of_host.values()) | {system.serial for system in self.site.systems}

        def counts(told: Told) -> bool:
            owner = self._serial_of_host.get(told.firewall or "", told.firewall)
            if owner is None or owner in serials or (told.firewall or "").lower() in called:
                return True
            return not (serials if owner in everyone else hosts)

        return [told for told in self.site.told if counts(told)]

    def system(self, serial: str | None) -> SystemInfo | None:
        """`show system info` of a firewall; the only one where the serials don't tell."""
        systems = self.site.systems
        for system in systems:
            if serial is not None and system.serial == serial:
                return system
        unnamed = [system for system in systems if system.serial is None or serial is None]
        return unnamed[0] if len(systems) == 1 and unnamed else None

    def release(self, serial: str | None, config_version: int | None = None) -> Release | None:
        """The PAN-OS release: as the user said, else the row's, completed from `show system info` or the configuration.

        A row of another release line than the firewall runs now was written before an upgrade: its own line counts.
        Where only rows tell, that of most rows of the firewall.
        """
        if self.override is not None:
            return self.override
        of_row = release_of_config_version(config_version)
        present = self._present(serial)
        if of_row is None:
            return present or self._release_of_rows.get(serial)
        return present if present is not None and same_line(of_row, present) else of_row

    def _present(self, serial: str | None) -> Release | None:
        """What the firewall runs now, by `show system info`, else what its configuration was saved with."""
        if serial not in self._known:
            system = self.system(serial)
            found = system.release if system is not None else None
            if found is None:
                own = (c for c in self.configurations(serial) if c.kind not in _ANYBODYS)
                found = next((c.release for c in own if c.release is not None), None)
            self._known[serial] = found
        return self._known[serial]

    @cached_property
    def _release_of_rows(self) -> dict[str | None, Release]:
        """The release line of most rows of each firewall, by the log's configuration version."""
        counted = (
            self.site.sessions.frame.group_by("serial", "config_version")
            .len()
            .with_columns(pl.col("serial").cast(pl.String))
            .sort("len", "config_version", descending=True)
        )
        found: dict[str | None, Release] = {}
        for serial, version, _ in counted.iter_rows():
            release = release_of_config_version(version)
            if release is not None:
                found.setdefault(serial, release)
        return found

    def floor(self, file: int) -> Release | None:
        """The first release that writes the columns of a log file: the firewall runs that one or a later one."""
        return self.site.sources[file].release if file < len(self.site.sources) else None

    def strict_floor(self, serial: str | None) -> Release | None:
        """The highest floor among the logs, if it settles what `application-default` means (9.0 and later)."""
        if self.override is not None or self._present(serial) is not None:
            return None
        floors = [source.release for source in self.site.sources if source.release is not None]
        highest = max(floors, default=None)
        return highest if highest is not None and highest >= STRICT_SINCE and len(self.serials()) <= 1 else None
