"""Text to tree, and a sentence about text that is none."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from whydeny.filters.tree import And, Everything, FilterError, Node, Not, Operator, Or, Term, alternatives, join
from whydeny.model.safe import safe_text

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

LONGEST = 32_768  # characters
DEEPEST = 100  # levels of parentheses and negations
MOST_TERMS = 2_000

_SPELLINGS = {"=": "eq", "==": "eq", "!=": "neq", "<=": "leq", ">=": "geq", "<": "lt", ">": "gt"}

# What the terminals of the grammar are called where one is missing, and what could be typed there.
_NAMES = {
    "NAME": "a field",
    "OPERATOR": "an operator",
    "BARE": "a value",
    "_AND": "and",
    "_OR": "or",
    "RPAR": ")",
    "$END": "the end",
}
_TYPED = {"_AND": ("and",), "_OR": ("or",), "RPAR": (")",), "OPERATOR": tuple(Operator)}


@cache
def _parser() -> "Lark":
    from lark import Lark  # 100 ms with the grammar, which only a filter should cost

    grammar = (files("whydeny.filters") / "grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False)


def parse_filter(text: str) -> Node:
    """The tree of a filter; nothing but blanks selects everything, as in the web interface.

    Raises `FilterError`, which points at the place, for text that is not of the language, is longer than
    `LONGEST`, nested deeper than `DEEPEST` or has more than `MOST_TERMS` comparisons.
    """
    if len(text) > LONGEST:
        raise FilterError(f"it has {len(text):,} characters; {LONGEST:,} is the most.", text, LONGEST)
    from lark.exceptions import UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(text, error) from None
    return _Builder(text).build(tree, 0)


class _Builder:
    """Turns the parser's tree of one text into nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms = 0

    def build(self, tree: "Tree[Token]", depth: int) -> Node:
        kids = [k for k in tree.children if not isinstance(k, str)]
        if depth > DEEPEST:
            raise FilterError(f"nested deeper than {DEEPEST} levels.", self.text, self._start(tree))
        match tree.data:
            case "comparison":
                return self.comparison(tree)
            case "everything":
                return Everything()
            case "negation":
                return Not(self.build(kids[0], depth + 1))
            case "conjunction":
                return join(And, [self.build(k, depth + 1) for k in kids])
            case "disjunction":
                return join(Or, [self.build(k, depth) for k in kids])
            case _:
                return self.build(kids[0], depth) if kids else Everything()

    def comparison(self, tree: "Tree[Token]") -> Term:
        field, *values = [cast("Token", k.children[0]) for k in tree.children if not isinstance(k, str)]
        (sign,) = [k for k in tree.children if isinstance(k, str) and k.type == "OPERATOR"]
        word = _SPELLINGS.get(sign, sign.lower())
        operator = Operator.NOTIN if word.startswith("not") else Operator(word)
        several = operator in (Operator.IN, Operator.NOTIN)
        found = [piece for token in values for piece in _pieces(token, several)]
        if not found:
            raise FilterError("a list without values.", self.text, values[0].start_pos or 0)
        if len(found) > 1 and not several:
            message = f"{operator} takes one value; a list goes with in or notin."
            raise FilterError(message, self.text, found[1][1], ("in", "notin"))
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise FilterError(f"more than {MOST_TERMS:,} comparisons.", self.text, field.start_pos or 0)
        at = (field.start_pos or 0, sign.start_pos or 0, *(place for _, place in found))
        return Term(_unquoted(field), operator, tuple(value for value, _ in found), at)

    def _start(self, tree: "Tree[Token]") -> int:
        first = next(tree.scan_values(lambda _: True), None)
        return first.start_pos or 0 if first is not None else 0


def _unquoted(token: "Token") -> str:
    text = str(token)
    if token.type == "QUOTED":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text[1:-1] if token.type == "TYPOGRAPHIC" else text


def _pieces(token: "Token", several: bool) -> list[tuple[str, int]]:
    """The values that a token stands for, with their places: `80,443` after in is two."""
    start = token.start_pos or 0
    if not several or token.type != "BARE":
        return [(_unquoted(token), start)]
    found = []
    for piece in str(token).split(","):
        if piece:
            found.append((piece, start))
        start += len(piece) + 1
    return found


def _explained(text: str, error: "UnexpectedInput") -> FilterError:
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    expected: Iterable[str] = ()
    position = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken):
        expected = error.accepts or error.expected
        if error.token.type == "$END":
            position = len(text.rstrip())
        found = str(error.token)
    else:
        if isinstance(error, UnexpectedCharacters):
            expected = error.allowed or ()
        found = text[position : position + 1]
    wanted = alternatives([name for terminal, name in _NAMES.items() if terminal in expected])
    if wanted == "an operator":
        wanted += f" ({', '.join(Operator)})"
    if not found:
        message = f"{wanted} is expected where it ends."
    elif found == ")" and wanted == "the end":
        message = "this ) has no ( before it."
    elif found in "'\"‘’“”":
        message = f"the quote {found} is not closed."
    else:
        message = f"{wanted} is expected, not “{safe_text(found, 40)}”."
    fits = tuple(str(word) for terminal, words in _TYPED.items() if terminal in expected for word in words)
    return FilterError(message, text, position, fits)
