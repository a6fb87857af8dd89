"""Read a configuration in set format, as configure mode shows it after `set cli config-output-format set`.

The lines are turned into the elements of the XML form and read by the same readers. Only what those readers
look at is described in `set_grammar`; everything else on a line is passed over.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element, SubElement

from whydeny.model.configuration import Configuration, ConfigurationKind
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.model.set_lines import logical_lines, split_words
from whydeny.sources.exports.configuration import read_config
from whydeny.sources.exports.set_grammar import AT_DEVICE, AT_ROOT, AT_SYSTEM, IN_TEMPLATE, Node
from whydeny.sources.exports.set_tree import SetTree

# A line of configure mode: as `show` prints it, or typed after a prompt that ends in #. After a > stand commands of
# operational mode, which configure nothing (`> set application dump on`).
_PROMPT = r"^\s*(?:[^\s#>]{1,200}#\s+)?"
_STATEMENT = re.compile(_PROMPT + r"set\s+(?=\S)")
_CHANGE = re.compile(_PROMPT + r"(delete|rename|move|copy)\s+(?=\S)")
_TURNS = {"move": ("before", "after"), "rename": ("to",), "copy": ("to",)}  # what a name follows at the end of the line
_ENDS = ("top", "bottom")
_DEVICE_NAME = "localhost.localdomain"
MOST = 1_000_000  # what one line may set after a list of names, over all of them
_E = TypeVar("_E", Element, Element | None)


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
    _mark_candidate(found, whole, running)
    if broken:
        found.notes += (f"Set lines that end before their value were passed over: {_counted(broken)}.",)
    if changes:
        found.notes += (
            f"Lines that delete, move, rename or copy what is not there were passed over: {_counted(changes)}.",
        )
    return found


def _mark_candidate(found: Configuration, whole: bool, running: bool) -> None:
    """Say whether a configuration follows the candidate, and what set format leaves open."""
    if found.kind is ConfigurationKind.PANORAMA:
        found.candidate = not running
        if not running:
            found.notes += ("In set format Panorama shows its candidate: it may hold uncommitted changes.",)
        return
    if running:
        found.notes += ("In set format no release is said.",)
    else:
        found.kind = ConfigurationKind.MERGED
        found.notes += (
            "In set format a firewall shows the candidate: it may hold uncommitted changes, and no release is said.",
        )
    if not whole:
        found.notes += (
            "It holds no deviceconfig lines and so is only part of a configuration: what is not there is not known.",
        )


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
        return self._add_below(self.tree.config, tokens, AT_DEVICE)

    def _add_below(self, config: Element, tokens: list[str], device: Node) -> bool:
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
        found = self._locate(self.tree.config, tokens, AT_DEVICE)
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

    def _locate(self, config: Element, tokens: list[str], device: Node) -> _Target | bool:
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
                return self._locate(element, tokens[at:], IN_TEMPLATE)
            if node.named and at < len(tokens):
                above, element = element, self.tree.there(element, "entry", tokens[at])
                at += 1
        return False if above is None or element is None else _Target(above, element, tokens[at:])

    def _walk(self, path: list[tuple[list[Element], Node]], tokens: list[str]) -> bool:
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
                return all(self._add_below(one, tokens[at:], IN_TEMPLATE) for one in self._children(above, keyword))
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


def _level(config: Element, keyword: str, device: Node, step: Callable[[_E, str, str], _E]) -> tuple[_E, Node] | None:
    """Where a statement that begins with a keyword belongs; None for one that nothing here reads. `step` gives the
    element below another, by tag and name."""
    if keyword in AT_ROOT.inside:
        return config, AT_ROOT
    if keyword not in device.inside and keyword not in AT_SYSTEM.inside:
        return None
    entry = step(step(config, "devices", ""), "entry", _DEVICE_NAME)
    if keyword in device.inside:
        return entry, device
    return step(step(entry, "vsys", ""), "entry", "vsys1"), AT_SYSTEM


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
