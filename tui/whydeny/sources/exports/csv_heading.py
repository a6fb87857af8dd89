"""The heading of a CSV export: whether a line is one, and where a row's type stands under it."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from whydeny.model.columns import Kind
from whydeny.sources.exports.layouts import fold, names_by_heading

# A heading that only one log has, for exports from which somebody removed the column Type.
_TELLTALE = (
    ("session_end_reason", "TRAFFIC", ""), ("error_index", "DECRYPTION", ""), ("err_index", "DECRYPTION", ""),
    ("authentication_policy", "AUTH", ""), ("authpolicy", "AUTH", ""), ("url_category_list", "THREAT", "url"),
    ("threat_content_name", "THREAT", ""), ("elapsed_time_sec", "TRAFFIC", ""), ("configuration_path", "CONFIG", ""),
    ("tag_name", "IPTAG", ""), ("data_source_name", "USERID", ""), ("event_id", "SYSTEM", ""), ("eventid", "SYSTEM", ""),
)  # fmt: skip


_MOST = 1_000  # columns; PAN-OS has about 120
_ABOVE = 20  # lines that may stand before a heading
_BREAK = re.compile(r"\r\n?|\n")
_USUAL = ("Receive Time", "receive_time", "Generate Time", "time_generated")  # every heading of PAN-OS has one of them
# What every row has and no heading.
_DIGITS = re.compile(rb"\d\d\d")


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line of an export: its separator, its headings, and where type and subtype stand.

    `above` are the lines before it: a title, or the command that was answered.
    """

    separator: str
    names: tuple[str, ...]
    type_at: int | None
    subtype_at: int | None
    fixed: tuple[str, str] | None = None  # type and subtype where no column says them
    above: int = 0


def find_heading(text: str) -> Heading | None:
    """The heading of the log that a text begins with; a title or a command may stand before it."""
    blank = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    above = len(_BREAK.findall(text, 0, blank))
    for line in _BREAK.split(text[blank:], maxsplit=_ABOVE)[:_ABOVE]:
        if heading := read_heading(line):
            return replace(heading, above=above)
        above += 1
    return None


def headings_within(text: bytes, start: int, above: Heading) -> Iterator[tuple[int, int, Heading]]:
    """The headings among whole lines from `start` on, as where files stand one behind another: begin, end, what it is.

    Only those of the form of the one `above`: to look for more takes too long.
    """
    usual = next((name.encode() for name in _USUAL if name in above.names), None)
    if usual is None:
        return
    place = text.find(usual, start)
    while place >= 0:
        begin, end = text.rfind(b"\n", 0, place) + 1, text.find(b"\n", place) + 1 or len(text)
        line = text[begin:end]
        if not _DIGITS.search(line) and (heading := read_heading(line.decode("utf-8", "replace"))):
            yield begin, end, heading
        place = text.find(usual, end)


def read_heading(line: str) -> Heading | None:
    """The heading of a log export, None where the line is none: five known columns are the least."""
    line = line.removeprefix("\ufeff").strip("\r\n")
    best: Heading | None = None
    most = 4
    for separator in (",", ";", "\t"):
        try:
            names = tuple(next(csv.reader([line], delimiter=separator), []))
        except csv.Error:
            continue
        if len(names) > _MOST:
            continue
        folded = [fold(n) for n in names]
        hits = max(len(set(folded).intersection(names_by_heading(kind))) for kind in Kind)
        if hits > most:
            best, most = _placed(separator, names, folded), hits
    return best


def _placed(separator: str, names: tuple[str, ...], folded: list[str]) -> Heading | None:
    type_at = next((folded.index(n) for n in ("type", "log_type") if n in folded), None)
    subtype_at = next(
        (
            folded.index(n)
            for n in ("threat_content_type", "content_threat_type", "subtype", "log_subtype")
            if n in folded
        ),
        None,
    )
    fixed = None
    if type_at is None:
        fixed = next(((t, s) for heading, t, s in _TELLTALE if heading in folded), None)
        if fixed is None:
            return None
    return Heading(separator, names, type_at, subtype_at, fixed)
