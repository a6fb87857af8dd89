"""Who the firewall is: `show system info`, its part in a pair, and the firewalls of a Panorama."""

from dataclasses import dataclass

from whydeny.model.progress import Progress
from whydeny.model.safe import safe_text
from whydeny.model.site import SystemInfo
from whydeny.sources.exports.system_info import system_of_xml
from whydeny.sources.exports.xml_tools import parse_xml
from whydeny.sources.firewall.answers import parse_small
from whydeny.sources.firewall.commands import command
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import QUICK


@dataclass(frozen=True, slots=True)
class Managed:
    """A firewall that a Panorama manages."""

    serial: str
    hostname: str
    model: str
    release: str
    connected: bool


def fetch_system(connection: Connection, progress: Progress, file: int = 0) -> SystemInfo:
    """`show system info`. Raises `FirewallError`."""
    root = parse_small(connection.op(command("show/system/info"), progress))
    system = None if root is None else root.find("result/system")
    if system is None:
        name = connection.address.name
        raise FirewallError(Failure.NOT_XML, f"{name}: answered show system info without a system; is it PAN-OS?")
    return system_of_xml(system, file)


def is_panorama(system: SystemInfo) -> bool:
    """Whether the device is a Panorama."""
    model = (system.model or "").lower()
    return model == "panorama" or model.startswith("m-")


def fetch_ha_state(connection: Connection, progress: Progress) -> str | None:
    """`active`, `passive`, …; None where the firewall is no member of a pair. Raises `FirewallError`."""
    root = parse_small(connection.op(command("show/high-availability/state"), progress))
    state = None if root is None else root.findtext("result/group/local-info/state")
    return safe_text(state.strip().lower(), 40) if state and state.strip() else None


def list_firewalls(connection: Connection, progress: Progress) -> tuple[Managed, ...]:
    """The firewalls that a Panorama manages, the connected ones first. Raises `FirewallError`."""
    root = parse_xml(connection.op(command("show/devices/all"), progress, QUICK), connection.address.name)
    found = []
    for entry in root.iterfind("result/devices/entry"):
        values = {child.tag: safe_text((child.text or "").strip(), 200) for child in entry}
        serial = values.get("serial") or safe_text(entry.get("name", ""))
        if serial:
            connected = values.get("connected") == "yes"
            host, model = values.get("hostname", ""), values.get("model", "")
            found.append(Managed(serial, host, model, values.get("sw-version", ""), connected))
    return tuple(sorted(found, key=lambda m: (not m.connected, m.hostname, m.serial)))
