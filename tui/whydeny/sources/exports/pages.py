"""Pages of command-line text: several commands and their answers in one file, as copied from a terminal."""

import re
from dataclasses import dataclass

# `admin@fw-edge-1> show session all`, `admin@fw-edge-1(active)# show`, and `> show system info` of a tech-support file.
_PROMPT = re.compile(r"^(?:\S{1,64}@([^\s>#()]{1,64})(?:\([\w-]+\))?)?[>#] ?((?:show|test|request|debug|less|set|configure|"
                     r"find|exit|ping|clear|scp|tftp)\b[^\n]{0,400}?)\s*$", re.MULTILINE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One command's answer: the command, the host name of the prompt, the text, and the line it begins at."""

    command: str
    host: str
    text: str
    line: int


def split_pages(text: str) -> list[Page]:
    """The answers in a text, each with its command; the text itself where there is no prompt in it."""
    prompts = list(_PROMPT.finditer(text))
    if not prompts:
        return [Page("", "", text, 1)]
    pages = []
    before = text[: prompts[0].start()]
    if before.strip():
        pages.append(Page("", "", before, 1))
    ends = [match.start() for match in prompts[1:]] + [len(text)]
    line, place = 1, 0
    for match, end in zip(prompts, ends, strict=True):
        line += text.count("\n", place, match.end())
        place = match.end()
        answer = text[match.end() : end]
        if answer.strip():
            pages.append(Page(" ".join(match[2].split()), match[1] or "", answer, line))
    return pages or [Page("", "", text, 1)]
