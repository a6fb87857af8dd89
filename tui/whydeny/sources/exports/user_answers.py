"""Read what a firewall knows of users: `show user ip-user-mapping` and `show user group name`."""

import re
from xml.etree.ElementTree import Element

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers, UserMapping
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_objects import number
from whydeny.sources.exports.pages import goes_on
from whydeny.sources.exports.xml_tools import child_text

_RULER = re.compile(r"-{2,}")
_SHORT_NAME = re.compile(r"^[ \t]*short name:(.*)$", re.MULTILINE | re.IGNORECASE)
_NUMBERED = re.compile(r"^[ \t]*\[[ \t]*(\d+)[ \t]*\](.*)$", re.MULTILINE)
_ASKED_GROUP = re.compile(r'(?:.*[/\\])?show user group name\s+(?:"([^"]+)"|(\S.*?))(?:\.(?:txt|log|xml))?$')
_ONE_ADDRESS = re.compile(r"^(\S+)(?:\s*\((vsys\d+)\))?$")
_NOBODY = frozenset({"", "unknown"})


def read_mappings(result: Element) -> DeviceAnswers | None:
    """`show user ip-user-mapping` as entries of `ip` and `user`."""
    found = []
    for entry in result:
        address = parse_address(child_text(entry, "ip") or "") if entry.tag == "entry" else None
        if address is None or entry.find("user") is None:
            continue
        user = child_text(entry, "user") or ""
        if user.lower() not in _NOBODY:
            found.append(
                UserMapping(
                    address,
                    user,
                    child_text(entry, "vsys"),
                    child_text(entry, "type") or child_text(entry, "from"),
                    _seconds(child_text(entry, "idle_timeout")),
                    _seconds(child_text(entry, "timeout")),
                )
            )
    return DeviceAnswers(user_mappings=tuple(found)) if found else None


def read_mappings_text(text: str) -> DeviceAnswers | None:
    """`show user ip-user-mapping` as a table, whose ruler says where columns start, or for one address."""
    if "User" not in text:
        return None
    lines = text.splitlines()
    found: list[UserMapping] = []
    for at, line in enumerate(lines[:-1]):
        heading = line.split()
        if heading[:2] == ["IP", "Vsys"] and "User" in heading and _RULER.match(lines[at + 1].strip()):
            found += _read_table(heading, lines[at + 1], lines[at + 2 :])
    found += _read_single(lines)
    return DeviceAnswers(user_mappings=tuple(found)) if found else None


def _read_single(lines: list[str]) -> list[UserMapping]:
    """The answers for one address: a block of `name: value` lines that begins with `IP address:`."""
    blocks: list[dict[str, str]] = []
    for line in lines:
        key, mark, value = (part.strip() for part in line.partition(":"))
        if mark and key == "IP address":
            blocks.append({})
        if mark and blocks:
            blocks[-1].setdefault(key, value)
    found = []
    for fields in blocks:
        one = _ONE_ADDRESS.match(fields["IP address"])
        address = parse_address(one[1]) if one else None
        if one and address is not None and fields.get("User", "").lower() not in _NOBODY:
            found.append(
                UserMapping(
                    address,
                    safe_text(fields["User"]),
                    one[2],
                    safe_text(fields["From"]) if fields.get("From") else None,
                    _seconds(fields.get("Idle Timeout")),
                    _seconds(fields.get("Max. TTL") or fields.get("Timeout")),
                )
            )
    return found


def _read_table(heading: list[str], ruler: str, lines: list[str]) -> list[UserMapping]:
    spans = [match.span() for match in _RULER.finditer(ruler)]
    if len(spans) != len(heading):
        return []
    found = []
    for line in lines:
        cells = {name: line[start:end].strip() for name, (start, end) in zip(heading, spans, strict=True)}
        address = parse_address(cells["IP"])
        if address is None:
            if line.startswith(("Total", "IP ")):
                break
            continue
        start, end = spans[heading.index("User")]
        if cells["User"].lower() in _NOBODY or len(cells["User"]) >= end - start:  # that long it may be cut off
            continue
        found.append(
            UserMapping(
                address,
                safe_text(cells["User"]),
                cells.get("Vsys") or None,
                cells.get("From") or None,
                _seconds(cells.get("IdleTimeout(s)")),
                _seconds(cells.get("MaxTimeout(s)") or cells.get("Timeout(s)")),
            )
        )
    return found


def read_group_text(text: str, command: str) -> DeviceAnswers | None:
    """`show user group name`: the group by its short name and by the name it was asked for; users in lower case.

    `command` is what was asked, or the name of a file that is called after it. The members are numbered from 1: where
    some are missing, who else is in the group is not known.
    """
    numbered = _NUMBERED.findall(text)
    users = frozenset(safe_text(user.strip()).lower() for _, user in numbered if user.strip())
    names = [safe_text(name.strip()) for name in _SHORT_NAME.findall(text) if name.strip()]
    if asked := _ASKED_GROUP.match(command):
        names.append(safe_text(asked[1] or asked[2]))
    whole = [int(place) for place, _ in numbered] == list(range(1, len(numbered) + 1)) and not goes_on(text)
    if not users or not names or not whole:
        return None
    return DeviceAnswers(user_groups={name.lower(): users for name in names})


def _seconds(text: str | None) -> int | None:
    """`1802`, `1802s`; None for `Never` and for nothing."""
    return number((text or "").removesuffix("s").strip())
