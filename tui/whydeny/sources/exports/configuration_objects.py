"""Read the objects of one level of a configuration: a virtual system, a device group, shared.

Element names and defaults follow the published PAN-OS configuration schemas, 7.0 to 10.0; shapes that older
releases wrote (bare members of a group, a list's type as text, a schedule without `schedule-type`) are read too.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from whydeny.model.applications import flag_name
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    AuthenticationObject,
    CustomApplication,
    DecryptionProfile,
    ExternalList,
    Group,
    LogForwarding,
    Region,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)
from whydeny.model.safe import safe_text
from whydeny.sources.exports.xml_tools import child_text, entries, is_yes, members, text_of

ADDRESS_KINDS = ("ip-netmask", "ip-range", "ip-wildcard", "fqdn")
SERVICE_PROTOCOLS = ("tcp", "udp", "sctp")
LIST_KINDS = ("ip", "domain", "url", "predefined-ip", "predefined-url", "imsi", "imei")
ADDRESS_LISTS = ("ip", "predefined-ip")
DECRYPTION_SECTIONS = ("ssl-forward-proxy", "ssl-inbound-proxy", "ssl-no-proxy", "ssh-proxy")
# Filter attributes that need more than an application's own data: certifications, hosting, cloud tags, novelty.
_UNJUDGED = frozenset({"saas-certifications", "saas-risk", "new-appid", "hostingfeatures"})
# Yes-elements of an application that steer the engine and that no filter asks for.
_INTERNAL = frozenset(
    {"can-disable", "file-forward", "preemptive", "ha-safe", "not-support-ssl", "enable-url-filter", "obsolete",
     "deprecated", "doc-review", "ident-by-dport", "ident-by-sport", "breaks-decryption", "correlate", "netx-vmotion"}
)  # fmt: skip
_TEXT_ONLY = frozenset({"description", "disable-override", "annotation"})


def read_scope(level: Element | None, name: str) -> Scope:
    """The objects directly below `level` (`shared`, a `vsys/entry`, a `device-group/entry`, `panorama`)."""
    scope = Scope(name)
    if level is not None:
        add_objects(scope, level)
    return scope


def add_objects(scope: Scope, level: Element) -> None:
    """The objects directly below `level`, over those of the same names that the scope has."""
    for child in level:
        reader = _READERS.get(child.tag)
        if reader is not None:
            reader(scope, child)


def _addresses(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        for child in entry:
            if child.tag in ADDRESS_KINDS:
                scope.addresses[name] = Address(name, child.tag, text_of(child), _tags(entry))
                break


def _address_groups(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        dynamic = child_text(entry, "dynamic/filter")
        if dynamic is not None or entry.find("dynamic") is not None:
            scope.address_groups[name] = AddressGroup(name, (), dynamic or "", _tags(entry))
        else:
            static = entry.find("static")
            held = members(static) if static is not None else _bare_members(entry)
            scope.address_groups[name] = AddressGroup(name, held, None, _tags(entry))


def _dynamic_user_groups(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        scope.dynamic_user_groups[name] = child_text(entry, "filter") or ""


def _services(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        protocol = entry.find("protocol")
        for child in protocol if protocol is not None else ():
            if child.tag in SERVICE_PROTOCOLS:
                ports, sources = child_text(child, "port") or "", child_text(child, "source-port") or ""
                scope.services[name] = Service(name, child.tag, ports, sources, _tags(entry))
                break


def _service_groups(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        scope.service_groups[name] = Group(name, _group_members(entry))


def _application_groups(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        scope.application_groups[name] = Group(name, _group_members(entry))


def _applications(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        scope.applications[name] = read_custom_application(name, entry)


def read_custom_application(name: str, entry: Element) -> CustomApplication:
    """A user-made application. Without a `default` it has no port of its own, as PAN-OS shows it."""
    ports, ip_protocols, icmp_types, icmp6_types = default_ports(entry)
    return CustomApplication(
        name,
        ports,
        ip_protocols,
        icmp_types,
        child_text(entry, "parent-app"),
        child_text(entry, "category") or "",
        child_text(entry, "subcategory") or "",
        child_text(entry, "technology") or "",
        number(child_text(entry, "risk")),
        yes_attributes(entry),
        icmp6_types,
    )


def default_ports(
    entry: Element,
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The `default` of an application: ports as written, IP protocols, ICMP types, ICMPv6 types."""
    default = entry.find("default")
    if default is None:
        return (), (), (), ()
    return (
        members(default.find("port")),
        _numbers(default.find("ident-by-ip-protocol")),
        _numbers(default.find("ident-by-icmp-type")),
        _numbers(default.find("ident-by-icmp6-type")),
    )


def _numbers(element: Element | None) -> tuple[int, ...]:
    """The numbers of `<x>8</x>`, `<x>253-254</x>`, `<x><type>8</type></x>` or a list of members; all below 256."""
    if element is None:
        return ()
    inner = element.find("type")
    written = [text_of(element if inner is None else inner), *members(element)]
    found: dict[int, None] = {}
    for part in ",".join(written).split(","):
        first, _, last = part.partition("-")
        low, high = number(first), number(last or first)
        if low is not None and high is not None:
            found.update(dict.fromkeys(range(low, min(high, 255) + 1)))
    return tuple(found)


def number(text: str | None) -> int | None:
    """A small whole number, None for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def yes_attributes(entry: Element) -> tuple[str, ...]:
    """The yes-attributes of an application, by the names that a filter uses."""
    return tuple(
        flag_name(child.tag)
        for child in entry
        if child.text is not None
        and child.text.strip().lower() == "yes"
        and child.tag not in _INTERNAL
        and not child.tag.endswith("-ident")
    )


def _application_filters(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        flags: list[str] = []
        other: list[str] = []
        found: dict[str, tuple[str, ...]] = {}
        tags: tuple[str, ...] = ()
        for child in entry:
            if child.tag in ("category", "subcategory", "technology", "risk", "exclude"):
                found[child.tag] = members(child)
            elif child.tag == "tagging":
                tags = members(child.find("tag"))
                if is_yes(child, "no-tag"):
                    other.append("tagging")
            elif child.tag in _UNJUDGED:
                if len(child) or text_of(child).lower() == "yes":
                    other.append(child.tag)
            elif text_of(child).lower() == "yes" and child.tag not in _TEXT_ONLY:
                flags.append(flag_name(child.tag))
            elif len(child):
                other.append(safe_text(child.tag))
        scope.application_filters[name] = ApplicationFilter(
            name,
            found.get("category", ()),
            found.get("subcategory", ()),
            found.get("technology", ()),
            found.get("risk", ()),
            tuple(flags),
            tags,
            found.get("exclude", ()),
            tuple(other),
        )


def _regions(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        scope.regions[name] = Region(name, members(entry.find("address")))


def _schedules(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        kind = entry.find("schedule-type")
        kind = entry if kind is None else kind
        weekly = kind.find("recurring/weekly")
        scope.schedules[name] = Schedule(
            name,
            members(kind.find("recurring/daily")),
            {day.tag: members(day) for day in weekly} if weekly is not None else {},
            members(kind.find("non-recurring")),
        )


def _external_lists(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        kind, url = "", child_text(entry, "url") or ""
        exceptions: tuple[str, ...] = ()
        declared = entry.find("type")
        if declared is not None:
            kind = text_of(declared)  # up to 7.1: <type>ip</type><url>…</url>
            for child in declared:
                kind, url = child.tag, child_text(child, "url") or url
                if kind in ADDRESS_LISTS:
                    exceptions = members(child.find("exception-list"))
        scope.external_lists[name] = ExternalList(name, kind if kind in LIST_KINDS else "ip", url, exceptions)


def _profiles(scope: Scope, part: Element) -> None:
    for name, entry in entries(part, "custom-url-category"):
        kind = child_text(entry, "type") or "URL List"
        scope.url_categories[name] = UrlCategory(name, kind, members(entry.find("list")))
    for name, entry in entries(part, "decryption"):
        blocks = {
            section: on
            for section in DECRYPTION_SECTIONS
            if (settings := entry.find(section)) is not None
            and (on := tuple(s.tag for s in settings if s.tag.startswith("block-") and text_of(s).lower() == "yes"))
        }
        scope.decryption_profiles[name] = DecryptionProfile(
            name,
            blocks,
            child_text(entry, "ssl-protocol-settings/min-version"),
            child_text(entry, "ssl-protocol-settings/max-version"),
        )


def _enforcements(scope: Scope, part: Element) -> None:
    for name, entry in entries(part):
        method = child_text(entry, "authentication-method") or "no-captive-portal"
        profile = child_text(entry, "authentication-profile")
        scope.enforcements[name] = AuthenticationObject(name, method, profile)


def _log_settings(scope: Scope, part: Element) -> None:
    for name, entry in entries(part, "profiles"):
        tagging = []
        for _, match in entries(entry, "match-list"):
            log, condition = child_text(match, "log-type") or "", child_text(match, "filter") or ""
            for _, action in entries(match, "actions"):
                settings = action.find("type/tagging")
                if settings is not None:
                    does = (child_text(settings, "action") or "add-tag").removesuffix("-tag")
                    tagging += [(log, condition, tag, does) for tag in members(settings.find("tags"))]
        scope.log_forwarding[name] = LogForwarding(name, tuple(tagging))


def _ssl_exclusions(scope: Scope, part: Element) -> None:
    excluded = (n for n, e in entries(part, "ssl-exclude-cert") if is_yes(e, "exclude", default=True))
    scope.ssl_exclusions = tuple(excluded)


def _tags(entry: Element) -> tuple[str, ...]:
    return members(entry.find("tag"))


def _bare_members(entry: Element) -> tuple[str, ...]:
    return tuple(text for m in entry if m.tag == "member" and (text := text_of(m)))


def _group_members(entry: Element) -> tuple[str, ...]:
    """Both `<members><member>` and the older `<member>` directly below the entry."""
    held = entry.find("members")
    return members(held) if held is not None else _bare_members(entry)


_READERS: dict[str, Callable[[Scope, Element], None]] = {
    "address": _addresses,
    "address-group": _address_groups,
    "dynamic-user-group": _dynamic_user_groups,
    "service": _services,
    "service-group": _service_groups,
    "application": _applications,
    "application-group": _application_groups,
    "application-filter": _application_filters,
    "region": _regions,
    "schedule": _schedules,
    "external-list": _external_lists,
    "profiles": _profiles,
    "authentication-object": _enforcements,
    "log-settings": _log_settings,
    "ssl-decrypt": _ssl_exclusions,
}
