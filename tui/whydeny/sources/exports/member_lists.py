"""Read members that a firewall knows at run time: external lists, FQDN objects, dynamic groups, registered tags.

Shapes as published: `external-list` elements with a total and valid members, the FQDN table as indented text,
`dyn-addr-grp` entries with a member list, registered addresses with their tags; and the same as a terminal
shows it.
"""

import re
from xml.etree.ElementTree import Element

from whydeny.model.addresses import parse_address, parse_network
from whydeny.model.answers import DeviceAnswers
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_objects import number
from whydeny.sources.exports.xml_tools import child_text, entries, members

_HOST = re.compile(r"^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\.?$", re.IGNORECASE)
_LIST_TITLE = re.compile(r"^(?:vsys\d+|shared)/(?P<name>.+)$")
_LIST_TOTAL = re.compile(r"^\s*Total valid entries\s*:\s*(\d+)", re.IGNORECASE)
_LIST_MEMBERS = re.compile(r"^\s*Valid (?:ips?|urls?|domains?|entries|members)\s*:\s*$", re.IGNORECASE)
_GROUP_MEMBERS = re.compile(r"^\s+members:\s*(?:total\s+(\d+))?", re.IGNORECASE)
_MEMBER_KINDS = ("(R", "(O", "(D", "(S", "(I")  # registered, object, dynamic group, static group
_TAG = re.compile(r'"([^"]*)"')


def read_external_list(result: Element) -> DeviceAnswers | None:
    """`request system external-list show`; a page that is not the whole list is kept as partial."""
    found = DeviceAnswers()
    for element in result.iter("external-list"):
        name = child_text(element, "name")
        valid = element.find("valid-members")
        if name is None or valid is None:
            continue
        _keep_list(found, name, members(valid), number(child_text(element, "total-valid")))
    return found if found.list_members or found.partial_lists else None


def read_external_list_text(text: str) -> DeviceAnswers | None:
    """`request system external-list show` as a terminal shows it."""
    if "Total valid entries" not in text:
        return None
    found = DeviceAnswers()
    name, total, listing = "", None, False
    held: list[str] = []
    for line in [*text.splitlines(), "shared/end:"]:
        title = _LIST_TITLE.match(line)
        if title:
            if name and (held or total == 0):
                _keep_list(found, name, tuple(held), total)
            name, total, listing, held = safe_text(title["name"].strip().removesuffix(":")), None, False, []
        elif count := _LIST_TOTAL.match(line):
            total = int(count[1])
        elif _LIST_MEMBERS.match(line):
            listing = True
        elif listing and line[:1].isspace() and line.strip():
            held.append(safe_text(line.strip()))
        elif line.strip():
            listing = False
    return found if found.list_members or found.partial_lists else None


def _keep_list(found: DeviceAnswers, name: str, held: tuple[str, ...], total: int | None) -> None:
    if total is not None and len(held) < total:
        found.partial_lists[name] = (held, total)
    else:
        found.list_members[name] = held


def read_fqdn_text(text: str) -> DeviceAnswers | None:
    """`show dns-proxy fqdn all` and `request system fqdn show`: a host name, its addresses indented below it.

    A host without an address is left out: whether it had one at another time is not known.
    """
    if "FQDN Table" not in text[:4000]:
        return None
    found: dict[str, list[int]] = {}
    host: str | None = None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            first = words[0].rstrip(":")
            alone = len(words) == 1 or words[1].lower().startswith("(objectname")
            host = first.lower().rstrip(".") if alone and _HOST.match(first) else None
        elif host is not None and "unknown" not in words:
            address = parse_address(words[0])
            if address is not None:
                found.setdefault(host, []).append(address)
    return DeviceAnswers(fqdns={h: tuple(dict.fromkeys(a)) for h, a in found.items()})


def read_dynamic_groups(result: Element) -> DeviceAnswers | None:
    """`show object dynamic-address-group`, of a firewall or of Panorama."""
    found = DeviceAnswers()
    known = False
    for entry in result.iter("entry"):
        name, listed = child_text(entry, "group-name"), entry.find("member-list")
        if name is not None and listed is not None:
            known = True
            held = tuple(member for member, _ in entries(listed)) or members(listed)
            found.group_addresses[name] = held
    return found if known else None


def read_dynamic_groups_text(text: str) -> DeviceAnswers | None:
    """`show object dynamic-address-group` as a terminal shows it."""
    if "ynamic address group" not in text[:4000]:
        return None
    found: dict[str, tuple[str, ...]] = {}
    name, total = "", None
    held: list[str] | None = None
    for line in [*text.splitlines(), "end"]:
        if not line.strip() or line.startswith("-"):
            continue
        if not line[0].isspace():
            if name and held is not None and total is not None and len(held) >= total:
                found[name] = tuple(held)
            name, total, held = safe_text(line.strip().rstrip(":")), None, None
        elif count := _GROUP_MEMBERS.match(line):
            total, held = number(count[1]), []
        elif held is not None:
            held.append(safe_text(_without_note(line, _MEMBER_KINDS)))
    return DeviceAnswers(group_addresses=found) if found else None


def _without_note(text: str, notes: tuple[str, ...]) -> str:
    """A member without what a terminal adds behind it in brackets."""
    text = text.strip()
    words = text.rsplit(" ", 5)  # the longest note is four words: (expire in 100 seconds)
    for at in range(1, len(words)):
        if words[at].startswith(notes) and text.endswith(")"):
            return " ".join(words[:at]).strip()
    return text


def read_registered(result: Element) -> DeviceAnswers | None:
    """`show object registered-ip`. Whether it was asked for all of them is not in the answer."""
    found: dict[int, frozenset[str]] = {}
    for entry in result:
        address = parse_address(entry.get("ip", "")) if entry.tag == "entry" else None
        if address is not None:
            found[address] = found.get(address, frozenset()) | frozenset(members(entry.find("tag")))
    return DeviceAnswers(registered_tags=found) if found else None


def read_registered_text(text: str, command: str) -> DeviceAnswers | None:
    """`show object registered-ip` as a terminal shows it; complete where `command` asked for all."""
    if "registered IP" not in text[:4000]:
        return None
    found: dict[int, set[str]] = {}
    address: int | None = None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            address = parse_address(words[0].rstrip("#*"))
        if address is not None:
            found.setdefault(address, set()).update(
                safe_text(_without_note(tag, ("(never", "(expire"))) for tag in _TAG.findall(line)
            )
    complete = command == "show object registered-ip all"
    tags = {number: frozenset(names) for number, names in found.items()}
    return DeviceAnswers(registered_tags=tags, registered_complete=complete) if tags or complete else None


def read_list(text: str, name: str) -> DeviceAnswers:
    """A plain list, one member a line, in a file that is called as the object is.

    What the object is stays open here: addresses are kept as members of an external list and of a group of that
    name, and as the answer for a host of that name; other members as an external list, and where they look like
    users (`domain\\user`, `user@domain`, a bare word), as a user group. `#` starts a comment.
    """
    found = DeviceAnswers()
    lines = (line.partition(" #")[0].strip() for line in text.removeprefix("\ufeff").splitlines())
    held = tuple(safe_text(line) for line in lines if line and not line.startswith("#"))
    title = _object_name(name)
    networks = [parse_network(line.split()[0]) for line in held]
    if held and all(network is not None for network in networks):
        addresses = tuple(line.split()[0] for line in held)
        found.list_members[title] = found.group_addresses[title] = addresses
        single = [first for network in networks if network is not None for first, last in [network] if first == last]
        if _HOST.match(title) and len(single) == len(held):
            found.fqdns[title.lower().rstrip(".")] = tuple(single)
        return found
    found.list_members[title] = held
    if held and not any("/" in member or "*" in member for member in held):
        users = frozenset(member.lower() for member in held)
        if all("\\" in member or "@" in member or "." not in member for member in held):
            found.user_groups[title.lower()] = users
    return found


def _object_name(file_name: str) -> str:
    """The object that a file is called after: its name without folders and without a text suffix."""
    name = re.split(r"[/\\]", file_name)[-1]
    for suffix in (".txt", ".list", ".lst", ".csv"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return safe_text(name[: -len(suffix)])
    return safe_text(name)
