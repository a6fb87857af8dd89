"""Read a Panorama configuration: shared, nested device groups, templates and template stacks."""

from xml.etree.ElementTree import Element

from whydeny.model.configuration import Configuration, ConfigurationKind, DeviceGroup
from whydeny.sources.exports.configuration_firewall import read_firewall, read_pre_post, read_settings
from whydeny.sources.exports.configuration_objects import read_scope
from whydeny.sources.exports.xml_tools import child_text, entries, members

_PANORAMA_PARTS = ("device-group", "template", "template-stack", "log-collector-group")


def is_panorama(config: Element) -> bool:
    """Whether a `<config>` is Panorama's own rather than a firewall's.

    Panorama alone has device groups and templates, and rules in shared. A firewall has virtual systems, and may
    keep pushed rules and objects below `/config/panorama`, where Panorama keeps its own settings.
    """
    devices = [device for _, device in entries(config, "devices")]
    if any(device.find(part) is not None for device in devices for part in _PANORAMA_PARTS):
        return True
    shared = config.find("shared")
    if shared is not None and any(shared.find(part) is not None for part in ("pre-rulebase", "post-rulebase")):
        return True
    own = config.find("panorama")
    pushed = own is not None and any(part.tag.endswith("-rulebase") for part in own)
    return own is not None and not pushed and all(device.find("vsys") is None for device in devices)


def read_panorama(config: Element, file: int) -> Configuration:
    """The configuration below a `<config>` element of Panorama."""
    found = Configuration(ConfigurationKind.PANORAMA, file)
    read_settings(found, config)
    shared = config.find("shared")
    found.shared = read_scope(shared, "shared")
    if shared is not None:
        found.shared_pre, found.shared_post = read_pre_post(shared, "shared")
    for _, device in entries(config, "devices"):
        for name, entry in entries(device, "device-group"):
            found.device_groups[name] = _read_group(name, entry)
        for name, entry in entries(device, "template"):
            _read_template(found, name, entry)
            if devices := _serials(entry):  # before template stacks a template named its firewalls itself
                found.template_stacks[name] = ((name,), devices)
        for name, entry in entries(device, "template-stack"):
            _read_template(found, name, entry)
            found.template_stacks[name] = (members(entry.find("templates")), _serials(entry))
    _read_parents(found, config)
    return found


def _read_group(name: str, entry: Element) -> DeviceGroup:
    pre, post = read_pre_post(entry, name)
    devices = {
        serial: tuple(system for system, _ in entries(device, "vsys")) for serial, device in entries(entry, "devices")
    }
    return DeviceGroup(name, child_text(entry, "parent-dg"), devices, read_scope(entry, name), pre, post)


def _read_template(found: Configuration, name: str, entry: Element) -> None:
    config = entry.find("config")
    if config is not None:
        found.templates[name] = read_firewall(config, ConfigurationKind.PUSHED_TEMPLATE, found.file, whole=False)


def _serials(entry: Element) -> tuple[str, ...]:
    return tuple(serial for serial, _ in entries(entry, "devices"))


def _read_parents(found: Configuration, config: Element) -> None:
    """Parents stand below `/config/readonly`; a parent that isn't there, or a circle, is left out and noted."""
    for _, device in entries(config, "readonly/devices"):
        for name, entry in entries(device, "device-group"):
            parent = child_text(entry, "parent-dg")
            if parent and name in found.device_groups:
                found.device_groups[name].parent = parent
    notes = []
    for group in found.device_groups.values():
        seen = {group.name}
        above = group.parent
        while above is not None and above in found.device_groups and above not in seen:
            seen.add(above)
            above = found.device_groups[above].parent
        if above is not None and above in seen and above == group.name:
            notes.append(f"Device group {group.name} is its own ancestor; it is taken as standing below Shared.")
            group.parent = None
        elif group.parent is not None and group.parent not in found.device_groups:
            notes.append(f"The parent {group.parent} of device group {group.name} is not in the export.")
            group.parent = None
    found.notes += tuple(notes)
