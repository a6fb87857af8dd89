"""The parts that every demonstration configuration has alike: system, interfaces, zones, objects."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from whydeny.demo.site.markup import document, entry, members, node, yes
from whydeny.demo.site.network import EXPORTED, Firewall

NOTICE = "Demonstration site of whydeny: no such firewall exists."


def configuration(
    firewall: Firewall, virtual_systems: list[ET.Element], shared: list[ET.Element], settings: list[ET.Element]
) -> str:
    """A running configuration as `Device > Setup > Operations > Export` writes it."""
    major = ".".join(firewall.release.split(".")[:2])
    attributes = {"version": f"{major}.0", "urldb": "paloaltonetworks"}
    if major != "8.0":
        attributes["detail-version"] = firewall.release.partition("-")[0]
    system = node(
        "system",
        node("hostname", firewall.hostname),
        node("ip-address", "10.70.0.2"),
        node("netmask", "255.255.255.0"),
        node("timezone", "Europe/Berlin"),
        node("login-banner", NOTICE),
    )
    interfaces = [entry(name, node("layer3")) for name in firewall.interfaces.values() if name.startswith("ethernet")]
    device = entry(
        "localhost.localdomain",
        node("network", node("interface", node("ethernet", interfaces))),
        node("deviceconfig", system, node("setting", settings)),
        node("vsys", virtual_systems),
    )
    users = node("users", entry("admin", node("permissions", node("role-based", yes("superuser")))))
    root = node("config", node("mgt-config", users), node("shared", shared), node("devices", device))
    root.attrib.update(attributes)
    return document(root)


def system_info(firewall: Firewall) -> str:
    """The answer of `show system info`."""
    facts = {
        "hostname": firewall.hostname,
        "ip-address": "10.70.0.2",
        "netmask": "255.255.255.0",
        "default-gateway": "10.70.0.1",
        "time": EXPORTED.strftime("%a %b %d %H:%M:%S %Y\n"),
        "uptime": "83 days, 7:11:02",
        "devicename": firewall.hostname,
        "family": firewall.model.removeprefix("PA-"),
        "model": firewall.model,
        "serial": firewall.serial,
        "sw-version": firewall.release,
        "app-version": firewall.content,
        "threat-version": firewall.content,
        "url-db": "paloaltonetworks",
        "multi-vsys": "on" if firewall.multi_vsys else "off",
        "operational-mode": "normal",
    }
    system = node("system", [node(name, text) for name, text in facts.items()])
    return document(node("response", node("result", system), status="success"))


def zones(firewall: Firewall, names: Iterable[str], behind: Mapping[str, str] | None = None) -> ET.Element:
    """`<zone>`; `behind` maps an external zone to the virtual system that it leads to."""
    behind = behind or {}
    found = []
    for name in names:
        external = name in behind
        kind = members("external" if external else "layer3", [behind[name] if external else firewall.interfaces[name]])
        found.append(
            entry(name, node("network", kind), yes("enable-user-identification") if name != "untrust" else None)
        )
    return node("zone", found)


def addresses(objects: Mapping[str, str]) -> ET.Element:
    """`<address>` of networks, ranges (`a-b`) and host names, told apart by how they look."""
    found = []
    for name, value in objects.items():
        kind = "fqdn" if value[0].isalpha() else "ip-range" if "-" in value else "ip-netmask"
        found.append(entry(name, node(kind, value)))
    return node("address", found)


def address_groups(static: Mapping[str, str], dynamic: Mapping[str, str]) -> ET.Element:
    """`<address-group>` of static groups (members) and dynamic ones (filter)."""
    return node(
        "address-group",
        [entry(name, members("static", names.split())) for name, names in static.items()],
        [entry(name, node("dynamic", node("filter", wanted))) for name, wanted in dynamic.items()],
    )


def services(objects: Mapping[str, str]) -> ET.Element:
    """`<service>` of TCP services, ports as written."""
    return node("service", [entry(name, node("protocol", node("tcp", node("port", p)))) for name, p in objects.items()])


def groups(tag: str, objects: Mapping[str, str]) -> ET.Element:
    """`<application-group>` and the like."""
    return node(tag, [entry(name, members("members", names.split())) for name, names in objects.items()])


def custom_applications(objects: Mapping[str, str]) -> ET.Element:
    """`<application>`: names to default ports."""
    return node(
        "application",
        [
            entry(
                name,
                node("default", members("port", [ports])),
                node("category", "business-systems"),
                node("subcategory", "erp-crm"),
                node("technology", "client-server"),
                node("risk", "2"),
            )
            for name, ports in objects.items()
        ],
    )


def external_lists(names: Iterable[str]) -> ET.Element:
    """`<external-list>` of IP lists, refreshed hourly."""
    found = []
    for name in names:
        source = node("url", f"https://lists.example.net/{name.removeprefix('edl-')}.txt")
        found.append(entry(name, node("type", node("ip", node("recurring", node("hourly")), source))))
    return node("external-list", found)


def daily_schedules(objects: Mapping[str, str]) -> ET.Element:
    """`<schedule>`: names to `HH:MM-HH:MM`, every day."""
    return node(
        "schedule",
        [entry(n, node("schedule-type", node("recurring", members("daily", [t])))) for n, t in objects.items()],
    )


def decryption_profiles(profiles: Mapping[str, Mapping[str, str]]) -> ET.Element:
    """`<decryption>`: profile to section to its `block-…` switches."""
    return node(
        "decryption",
        [
            entry(name, [node(section, [yes(block) for block in blocks.split()]) for section, blocks in parts.items()])
            for name, parts in profiles.items()
        ],
    )


def defaults(actions: Mapping[str, str]) -> ET.Element:
    """`<default-security-rules>`: an overridden default rule to its action, with ` log` behind it where it logs."""
    found = []
    for name, action in actions.items():
        word, _, log = action.partition(" ")
        found.append(entry(name, node("action", word), yes("log-end") if log else None))
    return node("default-security-rules", node("rules", found))


def hide_nat(firewall: Firewall, zones_inside: str) -> ET.Element:
    """`<nat>` with the one rule that hides everything inside behind the outside address."""
    rule = entry(
        "hide-inside",
        members("from", zones_inside.split()),
        members("to", ["untrust"]),
        members("source", ["any"]),
        members("destination", ["any"]),
        node("service", "any"),
        node(
            "source-translation",
            node("dynamic-ip-and-port", members("translated-address", [firewall.outside])),
        ),
    )
    return node("nat", node("rules", rule))
