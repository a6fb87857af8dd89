"""What may stand after the name of a rule or an object, and where it goes: a small grammar and its walk.

An entry under edit is a dictionary of its fields (`Values`); the grammar says which keyword sets which of them.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from whydeny.policy.edit_lines import Line, one_of


@dataclass(slots=True)
class Values:
    """An entry under edit: its fields, and those of them that the configuration does not spell out (`absent`).

    `blank` is what an absent field means. `before` gathers the lines that PAN-OS needs before this one.
    """

    fields: dict[str, Any]
    blank: Mapping[str, Any]
    absent: set[str]
    path: tuple[str, ...] = ()  # the words up to the entry's name
    before: list[tuple[str, ...]] = dataclasses.field(default_factory=list)

    def put(self, name: str, value: Any) -> None:
        """Set a field."""
        self.fields[name] = value
        self.absent.discard(name)

    def reset(self, name: str) -> None:
        """Make a field absent."""
        self.fields[name] = self.blank[name]
        self.absent.add(name)


class Kind(StrEnum):
    """What a keyword takes."""

    TEXT = "a value"
    LIST = "a value or [ values ]"
    SWITCH = "yes or no"
    NUMBER = "a number"
    NUMBERS = "numbers"
    NOTHING = "a value that no look-up asks for"
    REST = "settings that no look-up asks for"


@dataclass(frozen=True, slots=True)
class Slot:
    """A keyword that sets `field`. `also` are fields that go with it (an address's kind), `alone` the members of a
    list that stand alone, `choices` the only texts, `key` the key where the field is a mapping, `clears` the fields
    that are gone once one of `also` changes."""

    kind: Kind
    field: str = ""
    also: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    alone: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    key: str = ""
    clears: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """A keyword with a shape of its own. The functions get the entry, the line behind the keyword."""

    set: Callable[[Values, Line], None]
    delete: Callable[[Values, Line], None]


@dataclass(frozen=True, slots=True)
class Switches:
    """Any keyword with yes or no; those that are on and begin with `only` are kept in `field` (under `key`)."""

    field: str
    spell: Callable[[str], str] = str
    only: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A keyword with others inside."""

    inside: Mapping[str, "Part | Slot | Own"]
    switches: Switches | None = None


def part(**inside: "Part | Slot | Own") -> Part:
    """A part from its keywords, `_` for `-`."""
    return Part({keyword.replace("_", "-"): node for keyword, node in inside.items()})


def text(field_name: str, *choices: str, **also: Any) -> Slot:
    """A keyword with one value."""
    return Slot(Kind.TEXT, field_name, also, choices=choices)


def members(field_name: str, *alone: str, **also: Any) -> Slot:
    """A keyword with a list."""
    return Slot(Kind.LIST, field_name, also, alone)


def switch(field_name: str) -> Slot:
    """A keyword with yes or no."""
    return Slot(Kind.SWITCH, field_name)


NOTHING, NOTHINGS, REST = Slot(Kind.NOTHING), Slot(Kind.LIST), Slot(Kind.REST)


def set_fields(values: Values, line: Line, grammar: Part) -> None:
    """Set what stands on the line behind the entry's name; several settings may follow each other.

    Raises `UsageError` for a keyword that is not in the grammar and for a value of the wrong kind.
    """
    path = [grammar]
    complete = False
    while line.left or not complete:
        keyword = line.peek() or ""
        levels = (
            range(len(path), 0, -1) if complete else (len(path),)
        )  # after a whole setting one further up may follow
        known = next((n for n in levels if keyword in path[n - 1].inside or _takes_switch(path[n - 1], line)), None)
        if known is None:
            raise line.wrong(_expected(path[-1]))
        del path[known:]
        node = path[-1].inside.get(keyword)
        switches = path[-1].switches
        if node is None and switches is not None:
            line.take("a keyword")
            _flip(values, switches, keyword, line.choice(("yes", "no"), keyword) == "yes")
            complete = True
        else:
            line.take("a keyword")
            complete = not isinstance(node, Part)
            if isinstance(node, Part):
                path.append(node)
            elif isinstance(node, Own):
                node.set(values, line)
            elif node is not None:
                _set_slot(values, node, keyword, line)


def delete_fields(values: Values, line: Line, grammar: Part) -> None:
    """Delete the one setting, or members of it, that the line names behind the entry's name."""
    node: Part | Slot | Own = grammar
    keyword = ""
    while isinstance(node, Part):
        keyword = line.peek() or ""
        found = node.inside.get(keyword)
        if found is None:
            if node.switches is None or not line.left:
                raise line.wrong(_expected(node))
            line.take("a keyword")
            line.finish()
            _flip(values, node.switches, keyword, False)
            return
        line.take("a keyword")
        node = found
    if isinstance(node, Own):
        node.delete(values, line)
    elif node.kind is Kind.LIST and line.left and node.field:
        _remove(values, node, keyword, line)
    else:
        if node.kind in (Kind.NOTHING, Kind.REST) or not node.field:
            line.at = len(line.words)
        line.finish("the end of the line")
        if node.key:
            _put_key(values, node.field, node.key, ())
        elif node.field:
            for name in (node.field, *node.also):
                values.reset(name)


def add_members(
    values: Values, name: str, keyword: str, found: tuple[str, ...], alone: tuple[str, ...], line: Line
) -> None:
    """Add members to a list, as set does.

    A member such as `any` stands alone: PAN-OS refuses it beside others from 10.1 on, and before that keeps both,
    which nobody means (https://github.com/PaloAltoNetworks/pan-os-php/issues/619). It gives way here, and the line
    that takes it off is noted.
    """
    if len(found) > 1 and (lone := next((member for member in found if member in alone), None)):
        raise line.wrong(f"{lone} alone, or {keyword} members without it", f"{lone} beside other members")
    there = () if name in values.absent else tuple(values.fields[name])
    giving_way = there if found[0] in alone else tuple(member for member in there if member in alone)
    for member in giving_way:
        if member not in found:
            values.before.append((*values.path, keyword, member))
    kept = tuple(member for member in there if member not in giving_way)
    values.put(name, tuple(dict.fromkeys((*kept, *found))))


def _expected(node: Part) -> str:
    choices = sorted(node.inside)
    more = [] if node.switches is None else ["a setting with yes or no"]
    return "one of " + one_of([*choices, *more]) if len(choices) + len(more) > 1 else one_of([*choices, *more])


def _takes_switch(node: Part, line: Line) -> bool:
    return node.switches is not None and line.peek(1) in ("yes", "no")


def _set_slot(values: Values, slot: Slot, keyword: str, line: Line) -> None:
    if slot.kind is Kind.REST:
        line.at = len(line.words)
        return
    if slot.kind is Kind.LIST:
        found = line.members(f"{slot.kind} for {keyword}")
        if slot.key:
            there = values.fields[slot.field].get(slot.key, ())
            _put_key(values, slot.field, slot.key, tuple(dict.fromkeys((*there, *found))))
        elif slot.field:
            _put_also(values, slot)
            add_members(values, slot.field, keyword, found, slot.alone, line)
        return
    value: Any
    if slot.choices:
        value = line.choice(slot.choices, keyword)
    elif slot.kind is Kind.SWITCH:
        value = line.choice(("yes", "no"), keyword) == "yes"
    else:
        value = line.value(f"{slot.kind} for {keyword}")
    if slot.kind is Kind.NUMBER:
        value = _number(value, line, keyword)
    elif slot.kind is Kind.NUMBERS:
        value = _numbers(value, line, keyword)
    if slot.field:
        _put_also(values, slot)
        values.put(slot.field, value)


def _put_also(values: Values, slot: Slot) -> None:
    for name, value in slot.also.items():
        if values.fields[name] != value:
            for gone in slot.clears:
                values.reset(gone)
        values.put(name, value)


def _remove(values: Values, slot: Slot, keyword: str, line: Line) -> None:
    gone = line.members(f"a member of {keyword}")
    line.finish("the end of the line")
    there = values.fields[slot.field]
    if slot.key:
        there = there.get(slot.key, ())
    for member in gone:
        if member not in there:
            raise line.wrong(f"a member of {keyword} ({one_of(there) or 'it has none'})", repr(member))
    kept = tuple(member for member in there if member not in gone)
    if slot.key:
        _put_key(values, slot.field, slot.key, kept)
    elif kept:
        values.put(slot.field, kept)
    else:
        values.reset(slot.field)


def _put_key(values: Values, name: str, key: str, found: tuple[str, ...]) -> None:
    mapping = {k: v for k, v in values.fields[name].items() if k != key}
    values.put(name, mapping | ({key: found} if found else {}))


def _flip(values: Values, switches: Switches, keyword: str, on: bool) -> None:
    if not keyword.startswith(switches.only):
        return
    word = switches.spell(keyword)
    there = values.fields[switches.field]
    there = there.get(switches.key, ()) if switches.key else there
    kept = tuple(one for one in there if one != word) + ((word,) if on else ())
    if switches.key:
        _put_key(values, switches.field, switches.key, kept)
    else:
        values.put(switches.field, kept)


def _number(value: str, line: Line, keyword: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        line.at -= 1
        raise line.wrong(f"a number for {keyword}")
    return int(value)


def _numbers(value: str, line: Line, keyword: str) -> tuple[int, ...]:
    """`8` or `253-254`, all below 256."""
    first, _, last = value.partition("-")
    low, high = _number(first, line, keyword), _number(last or first, line, keyword)
    return tuple(range(low, min(high, 255) + 1))
