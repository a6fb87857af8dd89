"""The parsed filter: comparisons joined by and, or and not; and its canonical text."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from whydeny.model.errors import UsageError
from whydeny.model.safe import safe_text


class FilterError(UsageError):
    """A filter that can't be used: one sentence, and the place in the text that it speaks of."""

    def __init__(self, message: str, text: str = "", position: int = 0, fits: tuple[str, ...] = ()) -> None:
        self.text = text
        self.position = min(max(position, 0), len(text))
        super().__init__(f"the filter at character {self.position + 1}: {message}" if text else message)
        self.fits = fits  # what would fit there, as it would be typed

    def caret(self, width: int = 78) -> str:
        """The part of the filter around the place and a second line with `^` under it, `width` columns at most."""
        start = max(0, min(self.position - width // 2, len(self.text) - width))
        shown = "".join(c if safe_text(c) == c else " " for c in self.text[start : start + width])
        return f"{shown}\n{' ' * (self.position - start)}^"


def alternatives(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


class Operator(StrEnum):
    """The operators by PAN-OS's words; `lt` and `gt` are this program's."""

    EQ = "eq"
    NEQ = "neq"
    IN = "in"
    NOTIN = "notin"
    CONTAINS = "contains"
    HAS = "has"
    LEQ = "leq"
    GEQ = "geq"
    LT = "lt"
    GT = "gt"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison. `field` as it was written; several `values` only with in and notin.

    `at` are the places in the text of the field, the operator and the values.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]
    at: tuple[int, ...] = dataclasses.field(default=(), compare=False)

    @property
    def value(self) -> str:
        """The only value, or the first."""
        return self.values[0]

    def place(self, part: int) -> int:
        """Where part 0 (field), 1 (operator) or 2, 3, … (values) stood; 0 for a term that was never text."""
        return self.at[min(part, len(self.at) - 1)] if self.at else 0


@dataclass(frozen=True, slots=True)
class Everything:
    """`all`: every row."""


@dataclass(frozen=True, slots=True)
class Not:
    """What `item` does not select."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """What all of two or more items select; none of them is an `And` itself."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any of two or more items selects; none of them is an `Or` itself."""

    items: tuple["Node", ...]


Node = Term | Everything | Not | And | Or

# Written bare: nothing that the grammar or a reader could take for something else.
_BARE = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./:@#+*-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:#/-]*")
_KEYWORDS = frozenset({"not", "all"})


def join(kind: type[And] | type[Or], items: list[Node]) -> Node:
    """`items` under one And or Or, with items of the same kind taken apart; one alone stays alone."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, kind) else (item,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def quote(value: str) -> str:
    """A value as the language reads it back: bare where that is safe, else in quotes that it doesn't contain.

    PAN-OS has no way to escape a quote; a value with both kinds doubles the inner ones, which only this
    program reads.
    """
    if _BARE.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def field_text(name: str) -> str:
    """A field's name as a comparison begins with it: quoted where it has blanks (`'Source address'`)."""
    if _NAME.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    quoted = quote(name)
    return quoted if quoted[0] in "'\"" else f"'{quoted}'"


def term_text(term: Term) -> str:
    """A comparison as the web interface would write it: `( addr.src in 10.0.0.0/8 )`."""
    values = " ".join(map(quote, term.values))
    if len(term.values) != 1:
        values = f"( {values} )"
    return f"( {field_text(term.field)} {term.operator} {values} )"


def to_text(node: Node) -> str:
    """The canonical text of a tree; parsing it gives the same tree."""
    match node:
        case Term():
            return term_text(node)
        case Everything():
            return "all"
        case Not(item):
            inner = to_text(item)
            return f"!{inner}" if isinstance(item, Term) else f"!( {inner} )"
        case And(items):
            return " and ".join(grouped_text(i) for i in items)
        case Or(items):
            return " or ".join(grouped_text(i) for i in items)


def grouped_text(node: Node) -> str:
    """The canonical text of a tree, in parentheses where it could else be torn apart by its neighbours."""
    return f"( {to_text(node)} )" if isinstance(node, And | Or) else to_text(node)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The parts that are joined by `and` at the top; an empty filter has none."""
    match node:
        case And(items):
            return items
        case Everything():
            return ()
        case _:
            return (node,)


def every_term(node: Node) -> list[Term]:
    """All comparisons of a tree, from left to right."""
    match node:
        case Term():
            return [node]
        case Not(item):
            return every_term(item)
        case And(items) | Or(items):
            return [term for item in items for term in every_term(item)]
        case Everything():
            return []
