"""The heading of a CSV export: whether a line is one, and where a row's type stands under it."""

import csv
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line of an export: its separator, its headings, and where type and subtype stand."""

    separator: str
    names: tuple[str, ...]
    type_at: int | None
    subtype_at: int | None
    fixed: tuple[str, str] | None = None  # type and subtype where no column says them


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
