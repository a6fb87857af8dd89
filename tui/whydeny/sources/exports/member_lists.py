"""Read members that a firewall knows at run time: external lists, FQDN objects, dynamic groups, registered tags.

Shapes as published: `external-list` elements with a total and valid members, the FQDN table as indented text,
`dyn-addr-grp` entries with a member list, registered addresses with their tags; and the same as a terminal
shows it.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from whydeny.model.addresses import format_address, parse_address, parse_member, parse_network
from whydeny.model.answers import DeviceAnswers, Told
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_objects import number
from whydeny.sources.exports.pages import goes_on
from whydeny.sources.exports.xml_tools import child_text, entries, members

_HOST = re.compile(r"^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\.?$", re.IGNORECASE)
_URL = re.compile(r"^[\w*^-]+(?:[.:][\w*^-]+)+\.?(?::\d+)?(?:/\S*)?$")
_HALF_ADDRESS = re.compile(r"^\d+(?:\.\d+)+(?:[/-][\d.]*)?$")
_LIST_ASKED = re.compile(r'^request system external-list show .*\bname\s+(?:"([^"]+)"|(\S+))')
_LIST_TITLE = re.compile(r"^\s*(?:(?P<vsys>vsys\d+)|shared)/(?P<name>.+)$")
_LIST_TOTAL = re.compile(r"^\s*Total valid entries\s*:\s*(\d+)", re.IGNORECASE)
_LIST_INVALID = re.compile(r"^\s*(?:Total invalid entries\s*:\s*0*[1-9]|Valid\s*:\s*No\b)", re.IGNORECASE)
_LIST_MEMBERS = re.compile(r"^\s*Valid (?:ips?|urls?|domains?|entries|members)\s*:\s*$", re.IGNORECASE)
_GROUP_MEMBERS = re.compile(r"^\s+members:\s*(?:total\s+(\d+))?", re.IGNORECASE)
_VSYS = re.compile(r"^VSYS\s*:\s*(vsys\d+)\b")
_GROUPS_OF = re.compile(r"^Dynamic address groups in vsys (vsys\d+)", re.IGNORECASE)
_REGISTERED = re.compile(r"^Total:?\s+(\d+)", re.MULTILINE | re.IGNORECASE)
_MEMBER_KINDS = ("(R", "(O", "(D", "(S", "(I")  # registered, object, dynamic group, static group
_TAG = re.compile(r'"([^"]*)"')


def read_external_lists(result: Element) -> list[Told]:
    """`request system external-list show`; a page that is not the whole list is kept as partial."""
    found = []
    for element in result.iter("external-list"):
        name = child_text(element, "name")
        if name is None:
            continue
        total = number(child_text(element, "total-valid") or result.get("total-count"))
        failed = bool(number(child_text(element, "total-invalid")))
        held = members(element.find("valid-members"))
        found += _list(name, held, total, failed, child_text(element, "vsys"))
    return found


def read_external_lists_text(text: str, command: str) -> list[Told]:
    """`request system external-list show` as a terminal shows it."""
    if "Total valid entries" not in text:
        return []
    found: list[Told] = []
    asked = _LIST_ASKED.match(command)
    name, vsys = safe_text(asked[1] or asked[2]) if asked else "", None
    total, failed, listing = None, False, False
    held: list[str] = []
    for line in [*text.splitlines(), "shared/end:"]:
        title = _LIST_TITLE.match(line)
        if title and not (listing and line[:1].isspace()):
            found += _list(name, tuple(held), total, failed, vsys)
            name, vsys = safe_text(title["name"].strip().removesuffix(":")), title["vsys"]
            total, failed, listing, held = None, False, False, []
        elif count := _LIST_TOTAL.match(line):
            total = int(count[1])
        elif _LIST_INVALID.match(line):
            failed = True
        elif _LIST_MEMBERS.match(line):
            listing = True
        elif listing and line[:1].isspace() and line.strip():
            held.append(safe_text(line.strip()))
        elif line.strip():
            listing = False
    return found


def _list(name: str, held: tuple[str, ...], total: int | None, failed: bool, vsys: str | None) -> list[Told]:
    """A list, or what is there of it. Where nothing of it is valid because it could not be read, nothing is known:
    the firewall goes on with what it had before."""
    if not name or not (held or total is not None):
        return []
    if total is not None and len(held) < total:
        answers = DeviceAnswers(partial_lists={name: (held, total)})
    elif failed and not held:
        answers = DeviceAnswers(partial_lists={name: ((), 1)})
    else:
        answers = DeviceAnswers(list_members={name: held})
    return [Told(answers, vsys=_own_vsys(vsys))]


def _own_vsys(text: str | None) -> str | None:
    """The virtual system that an answer names; None for what all of them share."""
    return text if text is not None and text.startswith("vsys") else None


def read_fqdn_text(text: str) -> list[Told]:
    """`show dns-proxy fqdn all` and `request system fqdn show`: a host name, its addresses indented below it.

    A host without an address is left out: whether it had one at another time is not known.
    """
    if "FQDN Table" not in text[:4000]:
        return []
    found: dict[str | None, dict[str, list[int]]] = {None: {}}
    host: str | None = None
    hosts = found[None]
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            first = words[0].rstrip(":")
            alone = len(words) == 1 or words[1].lower().startswith("(objectname")
            host = first.lower().rstrip(".") if alone and _HOST.match(first) else None
            if words[0] == "VSYS":
                vsys = _VSYS.match(line)
                hosts = found.setdefault(vsys[1] if vsys else None, {})
        elif host is not None and "unknown" not in words:
            address = parse_address(words[0])
            if address is not None:
                hosts.setdefault(host, []).append(address)
    if host is not None and goes_on(text):
        hosts.pop(host, None)
    return [
        Told(DeviceAnswers(fqdns={h: tuple(dict.fromkeys(a)) for h, a in hosts.items()}), vsys=vsys)
        for vsys, hosts in found.items()
        if hosts or len(found) == 1
    ]


def read_dynamic_groups(result: Element) -> list[Told]:
    """`show object dynamic-address-group`, of a firewall or of Panorama."""
    found: dict[str | None, dict[str, tuple[str, ...]]] = {}
    for entry in result.iter("entry"):
        name, listed = child_text(entry, "group-name"), entry.find("member-list")
        if name is not None and listed is not None:
            held = tuple(member for member, _ in entries(listed)) or members(listed)
            found.setdefault(_own_vsys(child_text(entry, "vsys")), {})[name] = held
    return [Told(DeviceAnswers(group_addresses=groups), vsys=vsys) for vsys, groups in found.items()]


def read_dynamic_groups_text(text: str) -> list[Told]:
    """`show object dynamic-address-group` as a terminal shows it."""
    if "ynamic address group" not in text[:4000]:
        return []
    found: dict[str | None, dict[str, tuple[str, ...]]] = {}
    vsys: str | None = None
    name, total = "", None
    held: list[str] | None = None
    for line in [*text.splitlines(), "end"]:
        if not line.strip() or line.startswith("-"):
            continue
        if not line[0].isspace():
            if name and held is not None and total is not None and len(held) >= total:
                found.setdefault(vsys, {})[name] = tuple(held)
            if heading := _GROUPS_OF.match(line):
                vsys = heading[1]
            name, total, held = safe_text(line.strip().rstrip(":")), None, None
        elif count := _GROUP_MEMBERS.match(line):
            total, held = number(count[1]), []
        elif held is not None:
            held.append(safe_text(_without_note(line, _MEMBER_KINDS)))
    return [Told(DeviceAnswers(group_addresses=groups), vsys=vsys) for vsys, groups in found.items()]


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
    found: dict[str, set[str]] = {}
    for entry in result:
        if entry.tag == "entry" and entry.get("ip"):
            found.setdefault(safe_text(entry.get("ip", "")), set()).update(members(entry.find("tag")))
    answers = _registered(found)
    return answers if answers.registered_tags or answers.registered_networks else None


def _registered(tags: Mapping[str, set[str]]) -> DeviceAnswers:
    """Registered addresses and, from 10.0, networks and ranges, with their tags."""
    found = DeviceAnswers()
    for text, names in tags.items():
        span = parse_network(text)
        if span is None:
            continue
        first, last = span
        if first == last:
            found.registered_tags[first] = found.registered_tags.get(first, frozenset()) | names
        else:
            found.registered_networks[text] = frozenset(names)
    return found


def read_registered_text(text: str, command: str) -> DeviceAnswers | None:
    """`show object registered-ip` as a terminal shows it; complete where `command` asked for all and all are there."""
    if "registered IP" not in text[:4000]:
        return None
    tags: dict[str, set[str]] = {}
    entry: str | None = None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            first = words[0].rstrip("#*")
            entry = first if parse_network(first) is not None else None
        if entry is not None:
            tags.setdefault(entry, set()).update(
                safe_text(_without_note(tag, ("(never", "(expire"))) for tag in _TAG.findall(line)
            )
    count = _REGISTERED.search(text)
    found = _registered(tags)
    found.registered_complete = (
        command == "show object registered-ip all" and count is not None and int(count[1]) == len(tags)
    )
    return found if tags or found.registered_complete else None


def read_list(text: str, name: str) -> DeviceAnswers:
    """A plain list, one member a line, in a file that is called as the object is.

    What the object is stays open here: addresses are kept as members of an external list and of a group of that
    name, and as the answer for a host of that name; other members as an external list, and where they look like
    users (`domain\\user`, `user@domain`, a bare word), as a user group. `#` starts a comment. A list with lines that
    can't be members beside addresses is a partial one.
    """
    found = DeviceAnswers()
    held = tuple(member for _, member in _lines(text))
    title = _object_name(name)
    spans = [span for span in map(parse_member, held) if span is not None]
    if len(spans) == len(held) and held:
        found.list_members[title] = found.group_addresses[title] = tuple(map(_without_remark, held, spans))
        if _HOST.match(title) and all(first == last for first, last in spans):
            found.fqdns[title.lower().rstrip(".")] = tuple(first for first, _ in spans)
        return found
    if wrong_lines(text):
        found.partial_lists[title] = (held, len(held) + 1)
        return found
    found.list_members[title] = held
    if held and not any("/" in member or "*" in member for member in held):
        users = frozenset(member.lower() for member in held)
        if all("\\" in member or "@" in member or "." not in member for member in held):
            found.user_groups[title.lower()] = users
    return found


def _without_remark(member: str, span: tuple[int, int]) -> str:
    first, last = span
    bare = re.split(r"[\s;#,]", member, maxsplit=1)[0]
    return bare if parse_network(bare) == span else f"{format_address(first)}-{format_address(last)}"


def wrong_lines(text: str) -> list[tuple[int, str]]:
    """The lines of a plain list, by number, that stand among addresses and are neither one nor a host name or URL."""
    lines = _lines(text)
    if not any(parse_member(member) is not None for _, member in lines):
        return []
    return [(n, m) for n, m in lines if parse_member(m) is None and (_HALF_ADDRESS.match(m) or not _URL.match(m))]


def _lines(text: str) -> list[tuple[int, str]]:
    """The members of a plain list with the numbers of their lines."""
    lines = enumerate((line.partition(" #")[0].strip() for line in text.removeprefix("\ufeff").splitlines()), 1)
    return [(number, safe_text(line)) for number, line in lines if line and not line.startswith("#")]


def _object_name(file_name: str) -> str:
    """The object that a file is called after: its name without folders and without a text suffix. What no file can be
    called is written as in a URL (`example%5Cstaff`)."""
    name = re.split(r"[/\\]", file_name)[-1]
    for suffix in (".txt", ".list", ".lst", ".csv"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
            break
    return safe_text(unquote(name))
