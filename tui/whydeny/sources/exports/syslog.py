"""Logs as a syslog server stores them: one line a row, comma-separated by place, any release, any header.

A row is found by its time, serial number and type, whatever stands before it: a header (RFC 3164, RFC 5424, both, none),
the length of the message, or the JSON or CSV in which a collector has wrapped the line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.protocols import NUMBERS
from whydeny.model.release import Release, release_of_config_version
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import ByteStream, quotes_in_order, read_blocks, split_cells, valid_utf8
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.layouts import (
    KINDS,
    ORDERS,
    OTHER_TYPES,
    SHORT_CONFIGURATION,
    TRAFFIC_RELEASES,
    assign,
    kind_of,
    release_of_count,
)
from whydeny.sources.exports.normalise import parse_config_version

_BLOCK = 1 << 23
_TYPES = "|".join((*KINDS, *OTHER_TYPES))
# The receive time, the serial number and the type, which follow the first field.
ROW = re.compile(
    rb",\s*\"?(?:\d{4}/\d\d/\d\d \d\d:\d\d(?::\d\d)?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^,]{0,20})\"?,[^,]{0,40},\s*\"?(?:"
    + _TYPES.encode()
    + rb")\"?,"
)
# The header of a message that follows another in the same line, with the message's length or without.
_NEXT = re.compile(rb"(?:\d{1,6} )?<\d{1,3}>[^\",<>]{0,200}(?=" + ROW.pattern + rb")")
_QUOTE = re.compile(rb'(?<!\\)"')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_AFTER_CELL = (b"", b",", b";", b"\t")
_JSON = re.compile(rb"\s*[\[{]")
_CELL = re.compile(rb'(?:^|,)"(?!")')
_SEVERITIES = frozenset({b"informational", b"low", b"medium", b"high", b"critical"})
_QUOTED = re.compile(rb'"(?:[^"]|"")*"')
_TYPE_AT = 3
_LEAST = 8  # fields that any row of any log has
_LEAST_OF_TRAFFIC = 38
# The numbers of fields of traffic lines up to 11.0, by release; those of later ones grow from one to the next.
_WIDTHS = frozenset({_LEAST_OF_TRAFFIC, 46, *(least for least, since in TRAFFIC_RELEASES if since < Release(11, 1))})
_GROWS_FROM = max(_WIDTHS)
_SINCE_7 = next(least for least, since in TRAFFIC_RELEASES if since == Release(7, 0))
_VERSION = ORDERS[Kind.TRAFFIC].index("config_ver")
_OF_SESSIONS = frozenset({Kind.TRAFFIC, Kind.THREAT, Kind.URL, Kind.DECRYPTION})
_FLAGS, _PROTOCOL = ORDERS[Kind.TRAFFIC].index("flags"), ORDERS[Kind.TRAFFIC].index("proto")
_HEX = re.compile("0x[0-9a-fA-F]+")
_URL, _SEVERITY = ORDERS[Kind.THREAT].index("misc"), ORDERS[Kind.THREAT].index("severity")


class SyslogReader:
    """Reads the lines of one file; `rows` takes what is found."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._groups: dict[tuple[Kind, int], tuple[list[bytes], list[int]]] = {}
        self._open: bytes = b""  # a row whose quoted field runs on in the next line
        self._open_line = 0
        self._cut_off = 0

    def read(self, stream: ByteStream, mark: int, advance: Callable[[int], None], number: int = 0) -> None:
        """Read the whole stream; `advance` is told how many bytes have been read.

        `number` are the lines of the file before the stream begins.
        """
        damaged = False
        for block, read in read_blocks(stream, mark, _BLOCK):
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
        if self._cut_off:
            what = "line ends" if self._cut_off == 1 else "lines end"
            self._rows.note(
                f"{self._cut_off:,} traffic {what} early, as where a relay cuts long messages off; what is missing is unknown"
            )
        if damaged:
            self._rows.note("some characters are not UTF-8; they are shown as \ufffd")

    def _take_line(self, line: bytes, number: int) -> None:
        rows = _rows_in(line)
        if not rows:
            self._continue(line, number)
            return
        for row in rows:
            self._close_row()
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
        if '"' in log_type:
            self._take_row(_in_csv(split_cells(row)), number)
            return
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
        least = _LEAST_OF_TRAFFIC if kind is Kind.TRAFFIC else _PROTOCOL + 2 if kind in _OF_SESSIONS else _LEAST
        if width < least:
            self._rows.skip(number, f"expected at least {least} fields of a {kind} log, found {width}")
            return
        if width > len(ORDERS[kind]) and ROW.search(plain, 1):
            self._rows.skip(number, "expected one PAN-OS log line, found several that run into one another")
            return
        if kind is Kind.TRAFFIC and width < _GROWS_FROM and _is_cut_off(row, plain, width):
            self._cut_off += 1
            row = row[: row.rfind(b",") + 1]
        lines, numbers = self._groups.setdefault((kind, width), ([], []))
        lines.append(row)
        numbers.append(number)

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        for (kind, width), (lines, numbers) in sorted(groups.items(), key=lambda item: item[0]):
            self._add(kind, width, lines, numbers)

    def _add(self, kind: Kind, width: int, lines: list[bytes], numbers: list[int]) -> None:
        """Rows of one kind with as many fields each, read together."""
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
        if empty:  # as text where they hold something else, for whoever types them to count
            texts = _parse(text, width, dict.fromkeys(empty, pl.String()))
            written = texts.select(pl.all().str.strip_chars().str.len_bytes().fill_null(0) > 0)
            cells = cells.with_columns(
                texts[name] for name in written.columns if (written[name] & cells[name].is_null()).any()
            )
        cells = cells.with_columns(pl.Series("line", numbers, dtype=pl.UInt32))
        if kind in _OF_SESSIONS:
            cells = self._of_default_order(kind, cells)
        if kind is Kind.TRAFFIC and cells.height and (release := release_of_count(width)):
            self._rows.release = min(self._rows.release or release, release)
        names = {f"c{place}": name for place, name in plan.items() if f"c{place}" in cells.columns}
        self._rows.add(kind, cells.select("line", *names).rename(names))

    def _of_default_order(self, kind: Kind, cells: pl.DataFrame) -> pl.DataFrame:
        """The rows whose flags and protocol stand where PAN-OS puts them; the others are of a custom log format."""
        pair = cells.select(pl.col(f"c{_FLAGS}", f"c{_PROTOCOL}").cast(pl.String).str.strip_chars().fill_null(""))
        if all(_in_place(*both) for both in pair.unique().rows()):
            return cells
        right = pl.Series([_in_place(*both) for both in pair.rows()])
        for both, line in zip(pair.filter(~right).rows(), cells["line"].filter(~right).to_list(), strict=True):
            found = " and ".join(safe_text(field, 40) or "nothing" for field in both)
            self._rows.skip(
                line,
                f"expected flags and a protocol in fields {_FLAGS + 1} and {_PROTOCOL + 1} of a {kind} log, found {found}; "
                "only the default order of fields is known here, no custom log format",
            )
        return cells.filter(right)

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


def _rows_in(line: bytes) -> list[bytes]:
    """The rows in a line, each from the comma behind its first, unused field; several where line breaks were lost."""
    found = ROW.search(line)
    if found is not None and line.find(b'"', 0, found.start()) < 0 and line.find(b"<", found.start()) < 0:
        return [line[found.start() :]]  # as most are
    rows: list[bytes] = []
    place = 0
    while found := ROW.search(line, place):
        text, end = _wrapped(line, place, found.start())
        if not end:
            return rows + _parted(line[found.start() :])
        if inner := ROW.search(text):
            more = _parted(text[inner.start() :])
            rows += more if more != rows[-len(more) :] else []  # some collectors keep the line twice
        place = end
    return rows


def _wrapped(line: bytes, begin: int, row: int) -> tuple[bytes, int]:
    """The text of the JSON string or CSV cell that holds `row`, begun after `begin`, and where it ends; 0 for none."""
    if line.find(b'"', begin, row) < 0:
        return b"", 0
    quotes = [match.start() for match in _QUOTE.finditer(line, begin, row)]
    if len(quotes) % 2 == 0:
        return b"", 0
    before = line[begin : quotes[-1]].rstrip()[-1:]
    in_json = before in (b":", b"[") or (before in (b",", b"") and begin and _JSON.match(line))
    if in_json and (string := _STRING.match(line, quotes[-1])):
        try:
            text = str(json.loads(string[0].decode("utf-8", "replace"), strict=False))
        except ValueError:
            return b"", 0
        return text.replace("\r", "").replace("\n", "").encode("utf-8", "replace"), string.end()
    opened = [match.end() - 1 for match in _CELL.finditer(line, begin, row)]
    if opened and (cell := _QUOTED.match(line, opened[-1])) and line[cell.end() : cell.end() + 1] in _AFTER_CELL:
        return cell[0][1:-1].replace(b'""', b'"'), cell.end()
    return b"", 0


def _parted(row: bytes) -> list[bytes]:
    """A row, parted from those behind it where only their headers tell that they begin."""
    rows, start = [], 0
    for match in _NEXT.finditer(row) if b"<" in row else ():
        if row.count(b'"', start, match.start()) % 2 == 0:
            rows.append(row[start : match.start()])
            start = match.end()
    return [*rows, row[start:]]


def _has_severity(fields: Sequence[bytes]) -> bool:
    return len(fields) > _SEVERITY and fields[_SEVERITY].strip().lower() in _SEVERITIES


def _in_place(flags: str, protocol: str) -> bool:
    """Whether two fields may be flags and a protocol, as they stand behind each other in the default order."""
    number = protocol.isdigit() and (not flags or flags.isdigit())
    return number or _HEX.fullmatch(flags) is not None or protocol.lower() in NUMBERS


def _is_cut_off(row: bytes, plain: bytes, width: int) -> bool:
    """Whether a traffic row ends where no release's rows end, or before the device name, which all have since 7.0.

    A comma at the end is no field; `plain` is the row without what is quoted.
    """
    fields = [field.decode("ascii", "replace").strip() for field in plain.split(b",", _PROTOCOL + 1)]
    if not _in_place(fields[_FLAGS], fields[_PROTOCOL]):
        return False
    if width not in _WIDTHS and row.endswith(b","):
        width -= 1
    own = release_of_config_version(parse_config_version(fields[_VERSION]))
    if own is not None and own >= Release(7, 0) and width < _SINCE_7:
        return True
    return width not in _WIDTHS


def _with_url_in_quotes(row: bytes) -> bytes | None:
    """A threat or URL row whose URL holds commas without quotes, put together again; None where that fails."""
    fields = split_cells(row)
    found = next((i for i in range(_SEVERITY, len(fields)) if fields[i].strip().lower().encode() in _SEVERITIES), None)
    if found is None:
        return None
    after = _URL + found - _SEVERITY + 1
    return _in_csv([*fields[:_URL], ",".join(fields[_URL:after]), *fields[after:]])


def _in_csv(fields: Sequence[str]) -> bytes:
    """A row of these fields, quoted where need be."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(fields)
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
