"""The tag expression of a dynamic address group: `'web' and ('prod' or 'test')`.

PAN-OS knows `and`, `or` and parentheses, tags bare or quoted, and no `not`; `and` binds tighter.
"""

import re
from collections.abc import Set
from dataclasses import dataclass

_TOKEN = re.compile(r"""\s*(?:([()])|'([^']*)'|"([^"]*)"|([^\s()'"]+))""")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag."""

    name: str


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of the parts."""

    parts: tuple["Expression", ...]


Expression = Tag | Both | Either


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        text = text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(text)
            at = found.end()
            mark, single, double, bare = found.groups()
            if mark:
                self.tokens.append((mark, mark))
            elif bare and bare.lower() in ("and", "or"):
                self.tokens.append((bare.lower(), bare))
            else:
                self.tokens.append(("tag", next(t for t in (single, double, bare) if t is not None)))
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def either(self, depth: int) -> Expression:
        parts = [self.both(depth)]
        while self.peek() == "or":
            self.at += 1
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, depth: int) -> Expression:
        parts = [self.one(depth)]
        while self.peek() == "and":
            self.at += 1
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self, depth: int) -> Expression:
        kind = self.peek()
        if kind == "tag":
            self.at += 1
            return Tag(self.tokens[self.at - 1][1])
        if kind != "(" or depth >= _DEEPEST:
            raise ValueError(kind)
        self.at += 1
        inside = self.either(depth + 1)
        if self.peek() != ")":
            raise ValueError(self.peek())
        self.at += 1
        return inside


def read_expression(text: str) -> Expression | None:
    """The expression in `text`, None if it can't be read."""
    try:
        reader = _Reader(text)
        found = reader.either(0)
    except ValueError:
        return None
    return found if reader.at == len(reader.tokens) else None


def holds(expression: Expression, tags: Set[str]) -> bool:
    """Whether something with these tags is in the group."""
    if isinstance(expression, Tag):
        return expression.name in tags
    if isinstance(expression, Both):
        return all(holds(part, tags) for part in expression.parts)
    return any(holds(part, tags) for part in expression.parts)
