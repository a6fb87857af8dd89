"""Which firewall a row is of, which configurations are that firewall's, and which release it runs."""

from dataclasses import replace

import polars as pl

from whydeny.model.configuration import Configuration, ConfigurationKind
from whydeny.model.release import Release, release_of_config_version
from whydeny.model.site import Site, SystemInfo

_ANYBODYS = (ConfigurationKind.PANORAMA,)


class Firewalls:
    """The firewalls of a site, told apart by serial; a host name ties a configuration to a serial."""

    def __init__(self, site: Site, release: Release | None = None) -> None:
        self.site = site
        self.override = release
        self._serial_of_host = self._hosts()

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

    def serials(self) -> list[str]:
        """Every serial in the session table, most rows first."""
        counted = self.site.sessions.frame["serial"].cast(pl.String).drop_nulls().value_counts(sort=True)
        return [str(serial) for serial in counted["serial"]]

    def serial_of(self, configuration: Configuration) -> str | None:
        """The serial that a configuration belongs to, as far as anything tells."""
        if configuration.serial:
            return configuration.serial
        return self._serial_of_host.get(configuration.hostname or "")

    def configurations(self, serial: str | None) -> list[Configuration]:
        """The configurations that make the policy of a firewall, each with the serial that it belongs to.

        One that names another firewall is left out. One that names none is taken unless another names just this
        firewall.
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
        return [*own, *lone, *anybodys]

    def system(self, serial: str | None) -> SystemInfo | None:
        """`show system info` of a firewall; the only one where the serials don't tell."""
        systems = self.site.systems
        for system in systems:
            if serial is not None and system.serial == serial:
                return system
        unnamed = [system for system in systems if system.serial is None or serial is None]
        return unnamed[0] if len(systems) == 1 and unnamed else None

    def release(self, serial: str | None, config_version: int | None = None) -> Release | None:
        """The PAN-OS release: as the user said, else `show system info`, the row, the configuration."""
        if self.override is not None:
            return self.override
        system = self.system(serial)
        if system is not None and system.release is not None:
            return system.release
        of_row = release_of_config_version(config_version)
        if of_row is not None:
            return of_row
        for configuration in self.configurations(serial):
            if configuration.kind not in _ANYBODYS and configuration.release is not None:
                return configuration.release
        return None
