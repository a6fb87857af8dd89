"""Read a configuration in set format, as configure mode shows it after `set cli config-output-format set`.

The lines are turned into the elements of the XML form and read by the same readers. Only what those readers
look at is described here; everything else on a line is passed over.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element, SubElement

from whydeny.model.configuration import UNSETTLED, Configuration, ConfigurationKind
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.model.set_lines import logical_lines, split_words
from whydeny.sources.exports.configuration import read_config
from whydeny.sources.exports.set_tree import SetTree

# A line of configure mode: as `show` prints it, or typed after a prompt that ends in #. After a > stand commands of
# operational mode, which configure nothing (`> set application dump on`).
_PROMPT = r"^\s*(?:[^\s#>]{1,200}#\s+)?"
_STATEMENT = re.compile(_PROMPT + r"set\s+(?=\S)")
_CHANGE = re.compile(_PROMPT + r"(delete|rename|move|copy)\s+(?=\S)")
_TURNS = {"move": ("before", "after"), "rename": ("to",), "copy": ("to",)}  # what a name follows at the end of the line
_ENDS = ("top", "bottom")
_E = TypeVar("_E", Element, Element | None)


@dataclass(frozen=True, slots=True)
class _Node:
    """What may follow a keyword: `text` one value, `members` a list, `flag` nothing; else keywords in `inside`,
    after a name where `named`."""

    kind: str
    inside: "Mapping[str, _Node]" = field(default_factory=dict)
    named: bool = False


_TEXT, _MEMBERS, _FLAG = _Node("text"), _Node("members"), _Node("flag")


def _container(**inside: _Node) -> _Node:
    return _Node("container", {key.replace("_", "-"): node for key, node in inside.items()})


def _entries(**inside: _Node) -> _Node:
    return _Node("container", {key.replace("_", "-"): node for key, node in inside.items()}, named=True)


def _words(words: str, node: _Node) -> dict[str, _Node]:
    return {word.replace("-", "_"): node for word in words.split()}


_MATCH = {
    **_words(
        "from to source destination source-user source-hip destination-hip hip-profiles service category tag", _MEMBERS
    ),
    **_words(
        "negate-source negate-destination disabled log-start log-end log-setting description schedule rule-type "
        "action uuid",
        _TEXT,
    ),
    "target": _container(negate=_TEXT, devices=_entries(vsys=_entries()), tags=_MEMBERS),
    "profile_setting": _container(
        group=_MEMBERS,
        profiles=_container(
            **_words(
                "virus spyware vulnerability url-filtering file-blocking wildfire-analysis data-filtering", _MEMBERS
            )
        ),
    ),
}
_DECRYPTION_TYPES = _container(
    ssl_forward_proxy=_FLAG, ssh_proxy=_FLAG, ssl_inbound_inspection=_container(certificates=_MEMBERS)
)


def _rules(**more: _Node) -> _Node:
    return _container(rules=_Node("container", _entries(**{**_MATCH, **more}).inside, named=True))


_RULEBASE = _container(
    security=_rules(
        application=_MEMBERS,
        **_words(" ".join(UNSETTLED), _MEMBERS),
    ),
    decryption=_rules(type=_DECRYPTION_TYPES, profile=_TEXT, log_success=_TEXT, log_fail=_TEXT),
    authentication=_rules(authentication_enforcement=_TEXT, timeout=_TEXT),
    captive_portal=_rules(),
    application_override=_rules(application=_TEXT, protocol=_TEXT, port=_TEXT),
    default_security_rules=_rules(application=_MEMBERS),
)
_PORTS = _container(port=_TEXT, source_port=_TEXT)
_URL = _container(url=_TEXT, exception_list=_MEMBERS)
_OBJECTS = {
    "address": _entries(ip_netmask=_TEXT, ip_range=_TEXT, ip_wildcard=_TEXT, fqdn=_TEXT, tag=_MEMBERS),
    "address_group": _entries(static=_MEMBERS, dynamic=_container(filter=_TEXT), tag=_MEMBERS),
    "dynamic_user_group": _entries(filter=_TEXT, tag=_MEMBERS),
    "service": _entries(protocol=_container(tcp=_PORTS, udp=_PORTS, sctp=_PORTS), tag=_MEMBERS),
    "service_group": _entries(members=_MEMBERS, tag=_MEMBERS),
    "application_group": _entries(members=_MEMBERS),
    "application": _entries(
        default=_container(
            port=_MEMBERS,
            ident_by_ip_protocol=_TEXT,
            ident_by_icmp_type=_container(type=_TEXT),
            ident_by_icmp6_type=_container(type=_TEXT),
        ),
        **_words("category subcategory technology risk parent-app", _TEXT),
    ),
    "application_filter": _entries(
        tagging=_container(tag=_MEMBERS, no_tag=_TEXT),
        **_words("category subcategory technology risk exclude saas-certifications saas-risk", _MEMBERS),
    ),
    "region": _entries(address=_MEMBERS),
    "schedule": _entries(
        schedule_type=_container(
            recurring=_container(
                daily=_MEMBERS,
                weekly=_container(**_words("monday tuesday wednesday thursday friday saturday sunday", _MEMBERS)),
            ),
            non_recurring=_MEMBERS,
        )
    ),
    "external_list": _entries(
        type=_container(ip=_URL, domain=_URL, url=_URL, imsi=_URL, imei=_URL, predefined_ip=_URL, predefined_url=_URL)
    ),
    "profiles": _container(
        custom_url_category=_entries(list=_MEMBERS, type=_TEXT),
        decryption=_entries(
            ssl_protocol_settings=_container(min_version=_TEXT, max_version=_TEXT),
            **_words("ssl-forward-proxy ssl-inbound-proxy ssl-no-proxy ssh-proxy", _container()),
        ),
    ),
    "authentication_object": _entries(authentication_method=_TEXT, authentication_profile=_TEXT),
    "log_settings": _container(
        profiles=_entries(
            match_list=_entries(
                log_type=_TEXT,
                filter=_TEXT,
                actions=_entries(type=_container(tagging=_container(action=_TEXT, tags=_MEMBERS, target=_TEXT))),
            )
        )
    ),
    "ssl_decrypt": _container(ssl_exclude_cert=_entries()),
}
_SYSTEM = {
    **_OBJECTS,
    "display_name": _TEXT,
    "rulebase": _RULEBASE,
    "zone": _entries(
        network=_container(
            external=_MEMBERS, layer3=_MEMBERS, layer2=_MEMBERS, virtual_wire=_MEMBERS, tap=_MEMBERS, tunnel=_FLAG
        )
    ),
    "captive_portal": _container(
        mode=_container(redirect=_FLAG, transparent=_FLAG),
        **_words("redirect-host gp-udp-port authentication-profile", _TEXT),
    ),
    "setting": _container(ssl_decrypt=_container()),
}
_LEVEL = {**_OBJECTS, "pre_rulebase": _RULEBASE, "post_rulebase": _RULEBASE}
_SERVERS = _words("panorama-server panorama-server-2", _TEXT)
_DEVICE = {
    "vsys": _entries(**_SYSTEM),
    "network": _container(shared_gateway=_entries(**_SYSTEM)),
    "deviceconfig": _container(
        system=_container(
            hostname=_TEXT, timezone=_TEXT, panorama=_container(local_panorama=_container(**_SERVERS)), **_SERVERS
        ),
        setting=_container(config=_container(), ssl_decrypt=_container(), management=_container()),
    ),
}
_GROUP = {**_LEVEL, "devices": _entries(vsys=_entries()), "parent_dg": _TEXT}
# At each root keyword: where its element stands below <config>.
_AT_ROOT = _container(
    shared=_container(**_LEVEL),
    panorama=_container(**_LEVEL, vsys=_entries(**_LEVEL)),
    readonly=_container(devices=_entries(device_group=_entries(parent_dg=_TEXT))),
)
_AT_DEVICE = _container(
    **_DEVICE,
    device_group=_entries(**_GROUP),
    template=_entries(config=_Node("config"), devices=_entries()),
    template_stack=_entries(config=_Node("config"), templates=_MEMBERS, devices=_entries()),
)
_IN_TEMPLATE = _container(**_DEVICE)
_AT_SYSTEM = _container(**_SYSTEM)
MOST = 1_000_000  # what one line may set after a list of names, over all of them
_DEVICE_NAME = "localhost.localdomain"


def read_set_format(text: str, name: str, file: int, running: bool = False) -> Configuration:
    """Read `set` lines; `name` is what the user calls the file, `file` its index among the sources.

    Configure mode shows the candidate, so what a firewall printed in set format may hold uncommitted changes, unless
    it is known to be the answer to `show config running` (`running`). Without `deviceconfig` lines it is a part, and
    rulebases that it doesn't name are not known. Lines that delete, move, rename or copy are followed in their order;
    those that can't be are counted. Raises `InputError` with one sentence if nothing in the text is a configuration.
    """
    builder = _Builder()
    broken: list[int] = []
    changes: list[int] = []
    for line, statement in logical_lines(text, _begins):
        if change := _CHANGE.match(statement):
            if not builder.change(change[1], split_words(statement[change.end() :])):
                changes.append(line)
        elif not builder.add(split_words(_STATEMENT.sub("", statement, count=1))):
            broken.append(line)
    if not len(builder.tree.config):
        first = next((part.strip() for part in text.splitlines() if part.strip()), "")
        raise InputError(
            f'{name}: expected lines such as "set rulebase security rules …", found "{safe_text(first, 80)}"'
        )
    # Every firewall has a management interface, so the whole configuration has lines for it.
    whole = builder.tree.config.find("devices/entry/deviceconfig") is not None
    found = read_config(builder.tree.config, name, file, whole=whole)
    if found.kind is ConfigurationKind.PANORAMA:
        found.candidate = not running
        found.notes += (
            () if running else ("In set format Panorama shows its candidate: it may hold uncommitted changes.",)
        )
    elif running:
        found.notes += ("In set format no release is said.",)
    else:
        found.kind = ConfigurationKind.MERGED
        found.notes += (
            "In set format a firewall shows the candidate: it may hold uncommitted changes, and no release is said.",
        )
    if not whole and found.kind is not ConfigurationKind.PANORAMA:
        found.notes += (
            "It holds no deviceconfig lines and so is only part of a configuration: what is not there is not known.",
        )
    if broken:
        found.notes += (f"Set lines that end before their value were passed over: {_counted(broken)}.",)
    if changes:
        found.notes += (
            f"Lines that delete, move, rename or copy what is not there were passed over: {_counted(changes)}.",
        )
    return found


def _begins(line: str) -> bool:
    return _STATEMENT.match(line) is not None or _CHANGE.match(line) is not None


def _counted(lines: list[int]) -> str:
    return f"{len(lines)} (lines {', '.join(str(line) for line in lines[:10])})"


class _Target(NamedTuple):
    """What a path leads to: the element, the one that it stands in, and the words behind the path."""

    above: Element
    element: Element
    rest: list[str]


class _Builder:
    """Grows the elements of a configuration, one statement at a time."""

    def __init__(self) -> None:
        self.tree = SetTree()
        self._left = MOST

    def add(self, tokens: list[str]) -> bool:
        """Add one statement; false if it ends where a name or value was expected, or would set too much."""
        self._left = MOST
        return self._add_below(self.tree.config, tokens, _AT_DEVICE)

    def _add_below(self, config: Element, tokens: list[str], device: _Node) -> bool:
        """Add a statement below a `<config>`: its first keyword says which level it is for."""
        tokens = _without_device(tokens)
        if not tokens:
            return False
        level = _level(config, tokens[0], device, self.tree.child)
        return level is None or self._walk([([level[0]], level[1])], tokens)

    def change(self, verb: str, tokens: list[str]) -> bool:
        """Follow a line that deletes, moves, renames or copies; false where what it names is not there.

        Only rules are renamed and copied: an object's new name would have to be found wherever the old one stands.
        """
        named = tokens[-2:-1] and tokens[-2] in _TURNS.get(verb, ())
        behind = 2 if named else 1 if verb == "move" and tokens[-1] in _ENDS else 0
        tokens, turn = tokens[: len(tokens) - behind], tokens[len(tokens) - behind :]
        found = self._locate(self.tree.config, tokens, _AT_DEVICE)
        if not isinstance(found, _Target):
            return found
        above, element, rest = found
        if verb == "delete":
            return self._delete(found)
        if above.tag != "rules" or rest or not turn:
            return False
        if verb == "move":
            return self.tree.move(above, element, *turn)
        return (self.tree.rename if verb == "rename" else self.tree.copy)(above, element, turn[1])

    def _delete(self, target: _Target) -> bool:
        """Take off an element, or the members of it that are named."""
        if not target.rest or target.element.find("member") is None:
            self.tree.remove(target.above, target.element)
            return True
        gone = _listed(target.rest, 0)[0]
        members = [member for member in target.element if member.text in gone]
        for member in members:
            target.element.remove(member)
        return bool(members)

    def _locate(self, config: Element, tokens: list[str], device: _Node) -> _Target | bool:
        """What a path leads to; false where it is not there, true where it is nothing that is read."""
        tokens = _without_device(tokens)
        level = _level(config, tokens[0] if tokens else "", device, self.tree.there)
        if level is None:
            return bool(tokens)
        (element, node), above, at = level, None, 0
        while at < len(tokens) and node.kind == "container":
            keyword = tokens[at]
            if keyword not in node.inside:
                return True
            above, element, node = element, self.tree.there(element, keyword), node.inside[keyword]
            at += 1
            if element is not None and node.kind == "config":
                return self._locate(element, tokens[at:], _IN_TEMPLATE)
            if node.named and at < len(tokens):
                above, element = element, self.tree.there(element, "entry", tokens[at])
                at += 1
        return False if above is None or element is None else _Target(above, element, tokens[at:])

    def _walk(self, path: list[tuple[list[Element], _Node]], tokens: list[str]) -> bool:
        """Follow keywords down from the last of `path`; a keyword that is not known there is tried further up, as
        one line may set several values of an entry. After a list of names what follows is for each of them."""
        at = 0
        while at < len(tokens):
            keyword = tokens[at]
            if keyword == "description" and keyword not in path[-1][1].inside:
                at += 2
                continue
            while len(path) > 1 and keyword not in path[-1][1].inside and not _is_switch(tokens, at):
                path.pop()
            above, node = path[-1]
            below = node.inside.get(keyword)
            at += 1
            if below is None:
                if not _is_switch(tokens, at - 1):
                    return True
                self._set_text(above, keyword, tokens[at])
                at += 1
            elif below.kind == "flag":
                self._children(above, keyword)
            elif below.kind == "config":
                return all(self._add_below(one, tokens[at:], _IN_TEMPLATE) for one in self._children(above, keyword))
            elif at >= len(tokens):
                if below.kind == "container" and not below.named:
                    self._children(above, keyword)
                return below.kind == "container"  # an empty part is shown by its keyword alone
            elif below.kind == "text":
                self._set_text(above, keyword, tokens[at])
                at += 1
            elif below.kind == "members":
                values, at = _listed(tokens, at)
                for element in self._children(above, keyword):
                    for value in values:
                        SubElement(element, "member").text = value
            else:
                elements = self._children(above, keyword)
                if below.named:
                    names, at = _listed(tokens, at)
                    elements = [self.tree.child(element, "entry", name) for element in elements for name in names]
                    if len(elements) > 1:
                        self._left -= len(elements) * (len(tokens) - at)
                    if self._left < 0:
                        return False
                path.append((elements, below))
        return True

    def _children(self, above: list[Element], tag: str) -> list[Element]:
        return [self.tree.child(element, tag) for element in above]

    def _set_text(self, above: list[Element], keyword: str, value: str) -> None:
        for element in above:
            if keyword == "uuid":
                element.set("uuid", value)
            else:
                self.tree.child(element, keyword).text = value


def _without_device(tokens: list[str]) -> list[str]:
    """A path without the device that it may begin with, as that of a template may be shown."""
    return tokens[2:] if tokens[:1] == ["devices"] else tokens


def _level(config: Element, keyword: str, device: _Node, step: Callable[[_E, str, str], _E]) -> tuple[_E, _Node] | None:
    """Where a statement that begins with a keyword belongs; None for one that nothing here reads. `step` gives the
    element below another, by tag and name."""
    if keyword in _AT_ROOT.inside:
        return config, _AT_ROOT
    if keyword not in device.inside and keyword not in _AT_SYSTEM.inside:
        return None
    entry = step(step(config, "devices", ""), "entry", _DEVICE_NAME)
    if keyword in device.inside:
        return entry, device
    return step(step(entry, "vsys", ""), "entry", "vsys1"), _AT_SYSTEM


def _listed(tokens: list[str], at: int) -> tuple[list[str], int]:
    """The value at a place, or those between the brackets that open there; and where the next token stands."""
    if tokens[at] != "[":
        return [tokens[at]], at + 1
    try:
        end = tokens.index("]", at)
    except ValueError:
        end = len(tokens)
    return tokens[at + 1 : end], end + 1


def _is_switch(tokens: list[str], at: int) -> bool:
    """Whether a keyword is followed by yes or no: such a setting is kept without being described."""
    return at + 1 < len(tokens) and tokens[at + 1] in ("yes", "no") and tokens[at].replace("-", "").isalnum()
