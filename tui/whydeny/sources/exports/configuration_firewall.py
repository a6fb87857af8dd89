"""Read what a firewall's configuration holds besides its objects and rules: settings, virtual systems, zones.

A template of Panorama has the same shape and is read by the same functions.
"""

from xml.etree.ElementTree import Element

from whydeny.model.configuration import (
    CaptivePortal,
    Configuration,
    ConfigurationKind,
    Origin,
    Place,
    Rulebase,
    RuleLists,
    VirtualSystem,
    Zone,
)
from whydeny.model.release import parse_release
from whydeny.sources.exports.configuration_objects import add_objects, number, read_scope
from whydeny.sources.exports.configuration_rules import read_rule_lists
from whydeny.sources.exports.xml_tools import child_text, entries, is_yes, members

# Where a firewall names its Panorama: before 9.0, from 9.0 on, and for the cloud service.
_PANORAMA_SERVERS = (
    "panorama-server",
    "panorama-server-2",
    "panorama/local-panorama/panorama-server",
    "panorama/local-panorama/panorama-server-2",
    "panorama/cloud-service",
)
DEFAULT_PORTAL_PORT = 4501  # captive-portal/gp-udp-port, since PAN-OS 8.0


def read_firewall(config: Element, kind: ConfigurationKind, file: int, whole: bool = True) -> Configuration:
    """The configuration below a `<config>` element of a firewall or of a template.

    `whole` says that what is not written there is not configured: rulebases without rules are then empty
    rather than unknown.
    """
    found = Configuration(kind, file, whole=whole)
    read_settings(found, config)
    found.shared = read_scope(config.find("shared"), "shared")
    for _, device in entries(config, "devices"):
        for name, entry in entries(device, "vsys"):
            found.vsys[name] = _read_system(name, entry, whole)
        for name, entry in entries(device, "network/shared-gateway"):
            found.vsys[name] = _read_system(name, entry, whole)
        for _, entry in entries(device, "vsys"):
            found.notify_user |= is_yes(entry, "setting/ssl-decrypt/notify-user")
    return found


def read_settings(found: Configuration, config: Element) -> None:
    """The release, and the settings of `deviceconfig` that bear on policy."""
    found.release = parse_release(config.get("detail-version")) or parse_release(config.get("version"))
    for _, device in entries(config, "devices"):
        system, setting = device.find("deviceconfig/system"), device.find("deviceconfig/setting")
        found.hostname = child_text(system, "hostname") or found.hostname
        found.timezone = child_text(system, "timezone") or found.timezone
        if any(child_text(system, path) for path in _PANORAMA_SERVERS):
            found.panorama_managed = True
        found.rematch = _switch(setting, "config/rematch", found.rematch)
        found.url_wait = _switch(setting, "ssl-decrypt/url-wait", found.url_wait)
        found.notify_user = is_yes(setting, "ssl-decrypt/notify-user", found.notify_user)
        found.wildcard_top_down = is_yes(setting, "management/wildcard-topdown-match-mode", found.wildcard_top_down)
        found.ancestors_win = is_yes(setting, "management/ancestor-objects-take-precedence", found.ancestors_win)


def read_pushed(found: Configuration, panorama: Element) -> None:
    """What Panorama pushed, as a firewall keeps it below `/config/panorama`, onto every virtual system.

    `panorama/vsys/entry` holds what is for one virtual system only.
    """
    systems = dict(entries(panorama, "vsys"))
    for name in systems:
        found.vsys.setdefault(name, VirtualSystem(name, scope=read_scope(None, name)))
    if not found.vsys:
        found.vsys["vsys1"] = VirtualSystem("vsys1", scope=read_scope(None, "vsys1"))
    for name, system in found.vsys.items():
        level = systems.get(name, panorama)
        system.pushed_pre, system.pushed_post = read_pre_post(level, "")
        system.pushed = read_scope(panorama, "Panorama")
        if level is not panorama:
            add_objects(system.pushed, level)
    if systems:
        found.shared_pre, found.shared_post = read_pre_post(panorama, "")


def read_pre_post(level: Element, owner: str) -> tuple[RuleLists, RuleLists]:
    """The pre- and the post-rules of one level of Panorama; `owner` is the device group, `shared`, or empty."""
    return (
        read_rule_lists(level.find("pre-rulebase"), Origin(Place.PRE, owner, panorama=True)),
        read_rule_lists(level.find("post-rulebase"), Origin(Place.POST, owner, panorama=True)),
    )


def _read_system(name: str, entry: Element, whole: bool) -> VirtualSystem:
    local = read_rule_lists(entry.find("rulebase"), Origin(Place.LOCAL, name))
    if whole:
        for rulebase in Rulebase:
            local.rules.setdefault(rulebase, ())
    pre, post = read_pre_post(entry, "")
    return VirtualSystem(
        name,
        child_text(entry, "display-name") or "",
        read_scope(entry, name),
        {zone: _read_zone(zone, zone_entry) for zone, zone_entry in entries(entry, "zone")},
        local,
        pre,
        post,
        captive_portal=_read_portal(entry.find("captive-portal")),
    )


def _read_zone(name: str, entry: Element) -> Zone:
    return Zone(name, members(entry.find("network/external")), is_yes(entry, "enable-user-identification"))


def _read_portal(portal: Element | None) -> CaptivePortal | None:
    if portal is None:
        return None
    port = number(child_text(portal, "gp-udp-port"))
    return CaptivePortal(
        is_yes(portal, "enable-captive-portal", default=True),
        "redirect" if portal.find("mode/redirect") is not None else "transparent",
        child_text(portal, "redirect-host"),
        DEFAULT_PORTAL_PORT if port is None else port,
        child_text(portal, "authentication-profile"),
    )


def _switch(setting: Element | None, path: str, before: bool | None) -> bool | None:
    written = child_text(setting, path)
    return before if written is None else written.lower() == "yes"
