"""Several answers in one file: as copied from a terminal, command after command, or XML after XML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whydeny.sources.exports.blocks import decode_text

_END = b"</response>"
_ASKING = r"((?:show|test|request|debug|less|find|ping|clear)\b[^\n]{0,400}?)"
# `admin@fw-edge-1> show session all`, `admin@fw-edge-1(active)# show`, `admin@fw-edge-1-vsys2> show` where a virtual
# system is chosen, and `> show system info` of a tech-support file.
# Whatever else is typed after a whole prompt with >, or nothing, ends the answer before it; after one with # it may be
# the configuration itself.
_PROMPT = re.compile(
    r"^(?:[^\s<]{1,64}@([^\s<>#()]{1,64}(?: vsys\d+)?)(?:\([\w-]+\))?"
    rf"(?:[>#] ?{_ASKING}|>[^\n]{{0,400}}?)|[>#] ?{_ASKING})[ \t\r]*$",
    re.MULTILINE,
)
# What a terminal adds: colours and the like, and the lines of a pager, which are printed over.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-Z\\^-~])")
_PAGER = re.compile(r"^\r*(?:lines \d+-\d+(?:/\d+)?( \(END\))?|--[Mm]ore--)[ \r\x08]*", re.MULTILINE)
_GOES_ON = re.compile(r"(?:lines \d+-\d+(?:/\d+)?|--more--)\s*$", re.IGNORECASE)
_CHOSEN = re.compile(r"(.+)[- ](vsys\d{1,3})")


@dataclass(frozen=True, slots=True)
class Page:
    """One command's answer: the command, the host name of the prompt, the text, and the line it begins at. `vsys` is
    the virtual system that the prompt says was chosen."""

    command: str
    host: str
    text: str
    line: int
    vsys: str | None = None


def split_pages(data: bytes) -> list[Page]:
    """The answers in a file, each with its command; the whole where it holds only one."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _documents(data)
    text = without_terminal(decode_text(data))
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
            host, vsys = _host_of(match[1] or "")
            pages.append(Page(" ".join((match[2] or match[3] or "").split()), host, answer, line, vsys))
    return pages or [Page("", "", text, 1)]


def without_terminal(text: str) -> str:
    """A text as the firewall sent it, where what was saved is what a terminal showed."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    return _PAGER.sub(_kept_of_pager, text)


def goes_on(text: str) -> bool:
    """Whether an answer ends in the line of a pager that was left before the end (`less` writes (END) there)."""
    return _GOES_ON.search(text) is not None


def _kept_of_pager(line: re.Match[str]) -> str:
    """Nothing of a pager's line, unless it was left before the end of the answer: what follows is not there."""
    following = line.string[line.end() : line.end() + 1000]
    left = not line[1] and (not following.strip() or _PROMPT.match(following) is not None)
    return f"{line[0].strip()}\n" if left else ""


def _host_of(prompt: str) -> tuple[str, str | None]:
    """The host name in a prompt, and the virtual system that is chosen, which stands behind it."""
    found = _CHOSEN.fullmatch(prompt)
    return (found[1], found[2]) if found else (prompt, None)


def in_place(pages: Sequence[Page]) -> str:
    """The text of some pages of a file, each on the lines where it stands there, with blank lines between."""
    text = ""
    line = 1
    for page in pages:
        text += "\n" * (page.line - line) + page.text
        line = page.line + page.text.count("\n")
    return text


def _documents(data: bytes) -> list[Page]:
    """The XML answers that stand one after another."""
    *parts, rest = data.split(_END)
    if len(parts) < 2:
        return [Page("", "", "", 1)]
    pages, line = [], 1
    for part in (*(part + _END for part in parts), rest):
        if part.strip():
            pages.append(Page("", "", decode_text(part.lstrip()), line))
        line += part.count(b"\n")
    return pages
