"""Read predefined application content: `/config/predefined` answers, whole or for single names, and content files."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from whydeny.model.applications import SECURE_PORTS, Application, ApplicationTable
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_objects import default_ports, number, yes_attributes
from whydeny.sources.exports.xml_tools import child_text, members, stream_xml, text_of

# Content has held far more applications than this since 2012; a shorter list is an answer about some of them.
WHOLE_CONTENT = 1_000
_VERSION_TAGS = frozenset({"application-version", "app-version"})
_ENTRY_PARENTS = frozenset({"application", "application-container", "result", ""})
# What tells an application's entry that stands alone in an answer from any other entry.
_APPLICATION_PARTS = frozenset(
    {"default", "category", "subcategory", "technology", "risk", "use-applications", "application-container"}
)


def read_applications(data: bytes, name: str) -> ApplicationTable:
    """The applications in a content file or an answer; `name` is what the user calls the file.

    The table is complete only if the file holds the whole content; its version is empty where the file names none, or
    two. Raises `InputError` with one sentence if there is no application in it.
    """
    found: dict[str, Application] = {}
    containers: dict[str, str] = {}
    versions: set[str] = set()

    def take(parent: str, element: Element) -> None:
        if element.tag in _VERSION_TAGS:
            if text := text_of(element):
                versions.add(text)
            return
        entry_name = safe_text(element.get("name", ""))
        if not entry_name:
            return
        if parent == "application-container" or element.find("functions") is not None:
            containers.update(dict.fromkeys(members(element.find("functions")), entry_name))
        elif parent == "application" or any(part.tag in _APPLICATION_PARTS for part in element):
            found[entry_name] = read_application(entry_name, element)

    root, attributes = stream_xml(data, name, _is_wanted, take)
    if not found:
        refused = " with an error" if attributes.get("status") == "error" else ""
        raise InputError(
            f"{name}: expected predefined applications (application/entry with ports and dependencies), found "
            f"<{safe_text(root, 80)}>{refused} without any"
        )
    for child, container in containers.items():
        if child in found and found[child].container is None:
            found[child] = replace(found[child], container=container)
    version = next(iter(versions)) if len(versions) == 1 else ""  # of two that contradict each other neither counts
    origin = f"application content {version}" if version else f"{len(found)} predefined applications of {name}"
    return ApplicationTable(found, version, origin, len(found) >= WHOLE_CONTENT)


def _is_wanted(parent: str, tag: str) -> bool:
    return (tag == "entry" and parent in _ENTRY_PARENTS) or tag in _VERSION_TAGS


def read_application(name: str, entry: Element) -> Application:
    """One application of predefined content.

    An element may be there once for older releases (`maxver`) and once for newer ones; the newer counts.
    """
    for part in (entry, entry.find("default")):
        if part is not None:
            _drop_outdated(part)
    ports, ip_protocols, icmp_types, icmp6_types = default_ports(entry)
    return Application(
        name,
        ports,
        members(entry.find("default/secure-port")) or SECURE_PORTS.get(name, ()),
        ip_protocols,
        icmp_types,
        icmp6_types,
        members(entry.find("use-applications")),
        members(entry.find("implicit-use-applications")),
        child_text(entry, "application-container"),
        child_text(entry, "deny-action"),
        child_text(entry, "category") or "",
        child_text(entry, "subcategory") or "",
        child_text(entry, "technology") or "",
        number(child_text(entry, "risk")),
        yes_attributes(entry),
        members(entry.find("tag")),
    )


def _drop_outdated(element: Element) -> None:
    current = {child.tag for child in element if child.get("maxver") is None}
    for child in [c for c in element if c.get("maxver") is not None and c.tag in current]:
        element.remove(child)
