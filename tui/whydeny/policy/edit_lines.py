"""One line of an edit: its verb and words, read one by one, with an error that names what was expected and found."""

import re
from collections.abc import Iterable, Iterator, Sequence

from whydeny.model.errors import UsageError
from whydeny.model.safe import safe_text
from whydeny.model.set_lines import join_words, logical_lines, split_words

VERBS = ("set", "delete", "move", "rename")
_PROMPT = re.compile(r"^\s*[^\s\"]+[#>](\s+|$)")
# Where one statement ends and the next prompt begins, on a line that lost its breaks on the way.
_NEXT_PROMPT = re.compile(r"\s+[^\s\"@]+@[^\s\"]+[#>]\s+(?=(?:set|delete|move|rename)\s)")
_EDIT = re.compile(r"\s*\[edit\]\s*")  # what the firewall prints between prompts
_MOST_NAMED = 12


class Line:
    """A line with a cursor on its words; `number` counts from 1."""

    def __init__(self, number: int, verb: str, words: Sequence[str]) -> None:
        self.number = number
        self.verb = verb
        self.words = list(words)
        self.at = 0

    @property
    def text(self) -> str:
        """The line as it is pasted."""
        return f"{self.verb} {join_words(self.words)}"

    @property
    def left(self) -> bool:
        """Whether words are left."""
        return self.at < len(self.words)

    def peek(self, ahead: int = 0) -> str | None:
        """The next word, or one further on; None past the end."""
        at = self.at + ahead
        return self.words[at] if at < len(self.words) else None

    def take(self, expected: str) -> str:
        """The next word; raises `UsageError` at the end of the line."""
        if not self.left:
            raise self.wrong(expected)
        self.at += 1
        return self.words[self.at - 1]

    def value(self, expected: str) -> str:
        """The next word, which may not be a bracket."""
        if self.peek() in ("[", "]"):
            raise self.wrong(expected)
        return self.take(expected)

    def choice(self, choices: Sequence[str], what: str) -> str:
        """The next word, one of `choices`."""
        if self.peek() not in choices:
            raise self.wrong(f"{what}: {one_of(choices)}")
        return self.take(what)

    def members(self, expected: str) -> tuple[str, ...]:
        """One value, or the values between brackets, without repeats."""
        if self.peek() != "[":
            if (self.peek() or "").startswith("["):
                raise self.wrong(f"{expected}; brackets stand alone, as in [ a b ]")
            return (self.value(expected),)
        self.take(expected)
        found: list[str] = []
        while self.peek() != "]":
            if not self.left:
                raise self.wrong('a "]" that ends the list')
            found.append(self.value(expected))
            if found[-1].endswith((",", ";")):
                self.at -= 1
                raise self.wrong(f"{expected}; spaces part them, no commas")
        self.take(expected)
        if not found:
            self.at -= 1
            raise self.wrong(expected)
        return tuple(dict.fromkeys(found))

    def finish(self, expected: str = "nothing more") -> None:
        """Raise `UsageError` where words are left."""
        if self.left:
            raise self.wrong(expected)

    def wrong(self, expected: str, found: str | None = None) -> UsageError:
        """The error of this line at this word; `found` says it otherwise."""
        before = f" after {self.words[self.at - 1]!r}" if found is None and 0 < self.at <= len(self.words) else ""
        if found is None:
            word = self.peek()
            found = "the end of the line" if word is None else repr(safe_text(word, 80))
        return UsageError(f"line {self.number}: expected {safe_text(expected, 600)}{before}, found {found}")


def read_lines(lines: Iterable[str]) -> Iterator[Line]:
    """The lines of an edit; blank lines, comments (`# …`) and `[edit]` are no lines. A prompt before the verb is taken
    off, and one within a line begins another.

    Raises `UsageError` for a line that begins with no verb or doesn't close its quotes.
    """
    text = "\n".join(lines)
    for number, statement in logical_lines(text, _begins):
        yield from _statements(number, statement)


def _begins(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#") and not _EDIT.fullmatch(line)


def _statements(number: int, text: str) -> Iterator[Line]:
    parts = _NEXT_PROMPT.split(text)
    for statement in parts if all(_quotes(part) % 2 == 0 for part in parts) else [text]:
        statement = _PROMPT.sub("", statement, count=1)
        words = [safe_text(word) for word in split_words(statement)]
        if not words:
            continue
        line = Line(number, words[0], words[1:])
        if line.verb not in VERBS:
            raise line.wrong(one_of(VERBS), repr(safe_text(line.verb, 80)))
        if _quotes(statement) % 2:
            raise line.wrong("a quote that closes the text", "one quote too few")
        yield line


def _quotes(text: str) -> int:
    return text.count('"') - text.count('\\"')


def one_of(choices: Iterable[str]) -> str:
    """Choices for a sentence, not more than can be read."""
    found = list(choices)
    shown = ", ".join(found[:_MOST_NAMED])
    more = len(found) - _MOST_NAMED
    return shown + (f" and {more} more" if more > 0 else "")
