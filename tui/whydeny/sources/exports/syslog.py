"""Logs as a syslog server stores them: one line a row, comma-separated by place, any release, any header.

The header (RFC 3164, RFC 5424 or none) holds no comma, so that it becomes part of the first, unused field; where a
collector put something with commas before it, the row is found by its time, serial number and type.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import ByteStream, quotes_in_order, read_blocks, split_cells, valid_utf8
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.layouts import (
    KINDS,
    ORDERS,
    OTHER_TYPES,
    SHORT_CONFIGURATION,
    assign,
    kind_of,
    release_of_count,
)

_BLOCK = 1 << 23
_TYPES = "|".join((*KINDS, *OTHER_TYPES))
# The receive time, the serial number and the type, which follow the first field.
ROW = re.compile(
    rb",\s*(?:\d{4}/\d\d/\d\d \d\d:\d\d(?::\d\d)?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^,]{0,20}),[^,]{0,40},\s*(?:"
    + _TYPES.encode()
    + rb"),"
)
_SEVERITIES = frozenset({b"informational", b"low", b"medium", b"high", b"critical"})
_QUOTED = re.compile(rb'"(?:[^"]|"")*"')
_TYPE_AT = 3
_LEAST = 8  # fields that any row of any log has
_LEAST_OF_TRAFFIC = 38
_URL, _SEVERITY = ORDERS[Kind.THREAT].index("misc"), ORDERS[Kind.THREAT].index("severity")


class SyslogReader:
    """Reads the lines of one file; `rows` takes what is found."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._groups: dict[tuple[Kind, int], tuple[list[bytes], list[int]]] = {}
        self._open: bytes = b""  # a row whose quoted field runs on in the next line
        self._open_line = 0

    def read(self, stream: ByteStream, encoding: str, mark: int, advance: Callable[[int], None]) -> None:
        """Read the whole stream; `advance` is told how many bytes have been read."""
        number = 0
        damaged = False
        for block, read in read_blocks(stream, encoding, mark, _BLOCK):
            text, bad = valid_utf8(block)
            damaged |= bad
            lines = text.split(b"\n")
            if not lines[-1]:
                lines.pop()
            for line in lines:
                number += 1
                self._take_line(line.rstrip(b"\r\0 "), number)
            self._flush()
            advance(read)
        self._close_row()
        self._flush()
        if damaged:
            self._rows.note("some characters are not UTF-8; they are shown as \ufffd")

    def _take_line(self, line: bytes, number: int) -> None:
        start = _row_start(line)
        if start is None:
            self._continue(line, number)
            return
        self._close_row()
        row = line[start:]
        if row.count(b'"') % 2 or _is_short_threat(row):
            self._open, self._open_line = row, number
        else:
            self._take_row(row, number)

    def _continue(self, line: bytes, number: int) -> None:
        """A line that begins no row: the rest of a URL or text broken across lines, or nothing of ours."""
        if self._open:
            self._open += line
            if self._open.count(b'"') % 2 == 0 and not _is_short_threat(self._open):
                self._close_row()
        elif line.strip():
            self._rows.skip(number, f"expected a PAN-OS log line, found {_beginning(line)}")

    def _close_row(self) -> None:
        if self._open:
            row, self._open = self._open, b""
            self._take_row(row, self._open_line)

    def _take_row(self, row: bytes, number: int) -> None:
        fields = row.split(b",", _TYPE_AT + 2)
        if len(fields) < _TYPE_AT + 3:
            self._rows.skip(number, f"expected a PAN-OS log line, found only {len(fields)} fields")
            return
        log_type, subtype = fields[_TYPE_AT].decode("ascii", "replace"), fields[_TYPE_AT + 1].decode("utf-8", "replace")
        kind = kind_of(log_type, subtype)
        if kind is None:
            self._rows.pass_over(log_type)
            return
        plain = _QUOTED.sub(b"", row) if b'"' in row else row
        if kind in (Kind.URL, Kind.THREAT) and not _has_severity(plain.split(b",", _SEVERITY + 1)):
            whole = _with_url_in_quotes(row)
            if whole is None:
                self._rows.skip(number, f"expected a severity in field {_SEVERITY + 1} of a {kind} log, found none")
                return
            row, plain = whole, _QUOTED.sub(b"", whole)
        width = plain.count(b",") + 1
        least = _LEAST_OF_TRAFFIC if kind is Kind.TRAFFIC else _LEAST
        if width < least:
            self._rows.skip(number, f"expected at least {least} fields of a {kind} log, found {width}")
            return
        lines, numbers = self._groups.setdefault((kind, width), ([], []))
        lines.append(row)
        numbers.append(number)

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        for (kind, width), (lines, numbers) in sorted(groups.items(), key=lambda item: item[0]):
            self._add(kind, width, lines, numbers)

    def _add(self, kind: Kind, width: int, lines: list[bytes], numbers: list[int]) -> None:
        """Rows of one kind with as many fields each, read together."""
        if kind is Kind.TRAFFIC and (release := release_of_count(width)):
            self._rows.release = min(self._rows.release or release, release)
        order = self._order(kind, width, lines)
        plan = assign(kind, order)
        normaliser = self._rows.normaliser(kind)
        types = {place: normaliser.raw_type(name) for place, name in plan.items() if place < width}
        text = b"\n".join(lines) + b"\n"
        in_order = quotes_in_order(text)
        cells = _parse(text, width, types) if in_order else _cells_one_by_one(lines, width)
        empty = [
            place
            for place, dtype in types.items()
            if in_order and dtype.is_integer() and cells[f"c{place}"].null_count()
        ]
        if empty:
            texts = _parse(text, width, dict.fromkeys(empty, pl.String()))
            for place in empty:
                unread = cells[f"c{place}"].is_null() & (texts[f"c{place}"].str.strip_chars().str.len_bytes() > 0)
                normaliser.count(plan[place], int(unread.sum()))
        names = {f"c{place}": name for place, name in plan.items() if f"c{place}" in cells.columns}
        raw = cells.select(*names).rename(names).with_columns(pl.Series("line", numbers, dtype=pl.UInt32))
        self._rows.add(kind, raw)

    @staticmethod
    def _order(kind: Kind, width: int, lines: Sequence[bytes]) -> list[str]:
        """The keys of the fields in order. Configuration lines come with and without before and after."""
        order = ORDERS[kind]
        if kind is Kind.CONFIGURATION:
            place = SHORT_CONFIGURATION.index("actionflags")
            fields = split_cells(lines[0])
            if len(fields) > place and re.fullmatch("0x[0-9a-fA-F]+", fields[place].strip()):
                order = SHORT_CONFIGURATION
        extra = [f"field {place + 1}" for place in range(len(order), width)]
        return ["" if key == "-" else key for key in order] + extra


def _parse(text: bytes, width: int, types: Mapping[int, pl.DataType]) -> pl.DataFrame:
    """The fields of rows with `width` fields each, at the places and in the types wanted."""
    return pl.read_csv(
        text,
        has_header=False,
        schema={f"c{place}": types.get(place, pl.String()) for place in range(width)},
        columns=sorted(types),
        extra_columns="ignore",
        missing_columns="insert",
        ignore_errors=True,
    )


def _row_start(line: bytes) -> int | None:
    """Where the row begins in a line (0 unless the header has commas); None where the line holds no row."""
    found = ROW.search(line)
    return None if found is None else line.rfind(b",", 0, found.start()) + 1


def _has_severity(fields: Sequence[bytes]) -> bool:
    return len(fields) > _SEVERITY and fields[_SEVERITY].strip().lower() in _SEVERITIES


def _with_url_in_quotes(row: bytes) -> bytes | None:
    """A threat or URL row whose URL holds commas without quotes, put together again; None where that fails."""
    fields = split_cells(row)
    found = next((i for i in range(_SEVERITY, len(fields)) if fields[i].strip().lower().encode() in _SEVERITIES), None)
    if found is None:
        return None
    after = _URL + found - _SEVERITY + 1
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([*fields[:_URL], ",".join(fields[_URL:after]), *fields[after:]])
    return out.getvalue().encode()


def _is_short_threat(row: bytes) -> bool:
    """Whether a threat row ends before its severity: its URL goes on in the next line."""
    fields = row.split(b",", _SEVERITY + 1)
    return len(fields) > _TYPE_AT and fields[_TYPE_AT].strip() == b"THREAT" and _URL < len(fields) <= _SEVERITY


def _beginning(line: bytes) -> str:
    return safe_text(line[:60].decode("utf-8", "replace").strip()) + ("…" if len(line) > 60 else "")


def _cells_one_by_one(lines: Sequence[bytes], width: int) -> pl.DataFrame:
    """Rows with a stray quote: read each alone, without quoting where that gives the wrong number of fields."""
    rows: list[list[str]] = []
    for line in lines:
        fields = split_cells(line)
        if len(fields) != width:
            fields = line.decode("utf-8", "replace").split(",")
        rows.append((fields + [""] * width)[:width])
    return pl.DataFrame({f"c{place}": [row[place] for row in rows] for place in range(width)}, strict=False)
