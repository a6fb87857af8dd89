"""Configuration-mode lines of PAN-OS as words: quoting, brackets, lines that run on; and words back as a line.

A value with spaces stands in double quotes and a list between brackets, as the firewall shows them after
`set cli config-output-format set`
(https://docs.paloaltonetworks.com/pan-os/10-2/pan-os-cli-quick-start/use-the-cli/find-a-command).
"""

import re
from collections.abc import Callable, Iterator, Sequence

LONGEST_STATEMENT = 500  # lines; a description may hold line breaks
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_PLAIN = re.compile(r"[\w.,:/@+\-=*]+", re.ASCII)


def logical_lines(text: str, begins: Callable[[str], bool] = bool) -> Iterator[tuple[int, str]]:
    """The lines of `text` that begin a statement, with their numbers from 1.

    A quoted text may run over several lines; they come as one. A stray quote takes its own line alone.
    """
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        start, at = at, at + 1
        if not begins(lines[start]):
            continue
        is_open = _odd_quotes(lines[start])
        end = at
        while is_open and end < len(lines) and end - start < LONGEST_STATEMENT:
            is_open ^= _odd_quotes(lines[end])
            end += 1
        if not is_open:
            at = end
        yield start + 1, "\n".join(lines[start:at])


def split_words(statement: str) -> list[str]:
    """The words of a statement, quotes taken off; brackets are words of their own where they stand alone."""
    return [_unquote(token) for token in _TOKEN.finditer(statement)]


def join_words(words: Sequence[str]) -> str:
    """Words as a line that `split_words` reads back: what has spaces or quotes is quoted, brackets are not."""
    return " ".join(word if word in ("[", "]") else quoted(word) for word in words)


def bracketed(members: Sequence[str]) -> list[str]:
    """The words of a list: a single member alone, several between brackets."""
    return list(members) if len(members) == 1 else ["[", *members, "]"]


def quoted(word: str) -> str:
    """A word as the command line takes it."""
    if _PLAIN.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _odd_quotes(line: str) -> bool:
    return (line.count('"') - line.count('\\"')) % 2 == 1


def _unquote(token: re.Match[str]) -> str:
    inside = token[1]
    return token[2] if inside is None else re.sub(r"\\(.)", r"\1", inside)
