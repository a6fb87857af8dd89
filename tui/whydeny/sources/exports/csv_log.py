"""Logs as the web interface exports them: CSV with a heading, any release, any order of columns.

A million rows are read by polars block by block, only the columns that are used. A marker put at the end of every
line shows which rows have as many cells as the heading; only the others are looked at one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import (
    BLOCK,
    Behind,
    ByteStream,
    ahead,
    quotes_in_order,
    read_blocks,
    split_cells,
    valid_utf8,
)
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.csv_heading import Heading, headings_within
from whydeny.sources.exports.layouts import KINDS, OTHER_TYPES, assign, fold, kind_of, release_of_headings

_MARK = "~"
_JOINED = 50  # lines that one quoted cell may run over
_Groups = dict[Kind | None, list[tuple[str, str]]]  # the (type, subtype) pairs that make rows of a kind
_SEVERITIES = frozenset({"informational", "low", "medium", "high", "critical"})


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of whole lines under a heading: `text` with plain line breaks, `marked` with the marker before each.

    `above` are the lines of the heading before it, `read` the bytes of the stream up to its end.
    """

    heading: Heading
    text: bytes = b""
    marked: bytes = b""
    lines: int = 0
    in_order: bool = True
    cut_off: bool = False
    damaged: bool = False
    above: int = 0
    read: int = 0


class CsvReader:
    """Reads one export; `rows` takes what is found."""

    block_size = BLOCK

    def __init__(self, heading: Heading, rows: Rows) -> None:
        self._rows = rows
        self._types = pl.Categorical(pl.Categories.random())
        self._typing = Behind()
        rows.release = release_of_headings(heading.names)
        self._begin(heading)

    def _begin(self, heading: Heading) -> None:
        """Take what follows for rows under this heading."""
        self._heading = heading
        self._width = len(heading.names)
        self._plans: dict[Kind, dict[int, str]] = {}
        self._empty: set[int] = set()  # places of number columns that held nothing so far
        if heading.fixed and heading.subtype_at is None and (kind := kind_of(*heading.fixed)):
            self._plan(kind)

    def read(self, stream: ByteStream, mark: int, advance: Callable[[int], None], done: int = 0) -> None:
        """Read the whole stream, heading included; `advance` is told how many bytes have been read.

        `done` are the lines of the file before the stream begins.
        """
        damaged = False
        rest = b""
        with self._typing, closing(ahead(self._blocks(stream, mark))) as blocks:
            for block in blocks:
                if block.heading is not self._heading:
                    _, done = self._read_lines(rest, done, last=True)
                    rest = b""
                    self._change(block.heading)
                if rest:
                    block = self._prepare(rest + block.text, block)
                damaged |= block.damaged
                rest, done = self._read_block(block, done + block.above)
                advance(block.read)
            if rest:
                self._read_lines(rest, done, last=True)
        if damaged:
            self._rows.note("some characters are not UTF-8; they are shown as \ufffd")

    def _blocks(self, stream: ByteStream, mark: int) -> Iterator[_Block]:
        """The blocks of the stream, the heading cut off, with all that is said of them without parsing."""
        heading = self._heading
        left = heading.above + 1  # lines up to the first row
        for text, read in read_blocks(stream, mark, self.block_size):
            valid, damaged = valid_utf8(text)
            start, above = _after_lines(valid, left)
            left -= above
            for begin, end, found in headings_within(valid, start, heading):
                same = (found.names, found.separator) == (heading.names, heading.separator)
                if same and heading.type_at is not None:  # the column Type shows that it is no row
                    continue
                yield self._prepare(valid[start:begin], _Block(heading, above=above, damaged=damaged, read=read))
                heading, start, above = heading if same else found, end, 1
            yield self._prepare(valid[start:], _Block(heading, above=above, damaged=damaged, read=read))

    @staticmethod
    def _prepare(text: bytes, block: _Block) -> _Block:
        separator = block.heading.separator.encode()
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if b"\0" in text:
            text = text.replace(b"\0", b"")
        cut_off = bool(text) and not text.endswith(b"\n")
        if cut_off:
            text += b"\n"
        mark = separator + _MARK.encode()
        marked = text.replace(b"\n", mark + b"\n")
        return replace(
            block,
            text=text,
            marked=marked,
            lines=(len(marked) - len(text)) // len(mark),
            in_order=quotes_in_order(text, separator),
            cut_off=cut_off,
        )

    def _change(self, heading: Heading) -> None:
        """Another heading stands between the rows, as where exports were put one behind another."""
        self._begin(heading)
        known, here = self._rows.release, release_of_headings(heading.names)
        self._rows.release = min(known, here) if known and here else None

    def _read_block(self, block: _Block, done: int) -> tuple[bytes, int]:
        """Read a block after `done` lines; the lines left for the next block, and how many are done then."""
        if not block.lines:
            return b"", done
        if block.in_order:
            cells, groups = self._parse(block)
            if cells.height == block.lines:
                self._take_block(block, cells, groups, done)
                return b"", done + block.lines
        return self._read_lines(block.text, done, last=block.cut_off)

    def _parse(self, block: _Block) -> tuple[pl.DataFrame, _Groups]:
        """The used cells of a block, and the two marker columns; the type first learnt where a new one appears."""
        while True:
            cells = self._cells_of_block(block, self._wanted())
            groups = self._groups(cells)
            if not self._learn(groups):
                return self._with_texts(block, cells), groups

    def _learn(self, groups: _Groups) -> bool:
        """Make a plan for every kind that is new; whether there was one."""
        new = sorted(kind for kind in groups if kind is not None and kind not in self._plans)
        for kind in new:
            self._plan(kind)
        return bool(new)

    def _cells_of_block(self, block: _Block, wanted: dict[int, pl.DataType]) -> pl.DataFrame:
        return pl.read_csv(
            block.marked,
            has_header=False,
            separator=self._heading.separator,
            schema={f"c{place}": wanted.get(place, pl.String()) for place in range(self._width + 2)},
            columns=sorted(wanted),
            extra_columns="ignore",
            missing_columns="insert",
            ignore_errors=True,
        )

    def _with_texts(self, block: _Block, cells: pl.DataFrame) -> pl.DataFrame:
        """The cells with number columns as text where they hold something that polars read as null.

        Whoever types them counts it. A column that is empty throughout is read as text from then on, so that it is
        seen when it no longer is.
        """
        self._empty -= {place for place in self._empty if cells[f"c{place}"].null_count() < cells.height}
        suspects = [
            place
            for place in self._wanted()
            if (column := cells[f"c{place}"]).dtype.is_integer() and column.null_count()
        ]
        if not suspects:
            return cells
        texts = self._cells_of_block(block, dict.fromkeys(suspects, pl.String()))
        written = texts.select(pl.all().str.strip_chars().str.len_bytes().fill_null(0) > 0)
        self._empty |= {place for place in suspects if not written[f"c{place}"].any()}
        return cells.with_columns(
            texts[name] for name in written.columns if (written[name] & cells[name].is_null()).any()
        )

    def _plan(self, kind: Kind) -> None:
        self._plans[kind] = assign(kind, self._heading.names)
        self._rows.normaliser(kind)

    def _wanted(self) -> dict[int, pl.DataType]:
        """Place of every used column → the type to read it in; with several kinds a place may mean several things."""
        wanted: dict[int, pl.DataType] = {self._width: pl.String(), self._width + 1: pl.String()}
        if self._heading.subtype_at is not None:
            wanted[self._heading.subtype_at] = pl.String()
        for kind, plan in self._plans.items():
            normaliser = self._rows.normaliser(kind)
            one = len(self._plans) == 1
            wanted |= {
                place: normaliser.raw_type(name) if one and place not in self._empty else pl.String()
                for place, name in plan.items()
            }
        if self._heading.type_at is not None:
            wanted[self._heading.type_at] = self._types
        return wanted

    def _groups(self, cells: pl.DataFrame) -> _Groups:
        """The kinds among rows, each with the (type, subtype) pairs that make it; None for those not read."""
        found: _Groups = {}
        for log_type, subtype in self._pairs(cells):
            found.setdefault(kind_of(log_type, subtype), []).append((log_type, subtype))
        return found

    def _pairs(self, cells: pl.DataFrame) -> list[tuple[str, str]]:
        if self._heading.fixed and self._heading.subtype_at is None:
            return [self._heading.fixed]
        places = [place for place in (self._heading.type_at, self._heading.subtype_at) if place is not None]
        pairs = cells.select(pl.struct(f"c{place}" for place in places).unique().alias("pair"))
        rows = pairs.unnest("pair").cast(pl.String).rows()
        if self._heading.fixed:
            return sorted({(self._heading.fixed[0], pair[0] or "") for pair in rows})
        return sorted({(pair[0] or "", (pair[1] or "") if len(pair) > 1 else "") for pair in rows})

    def _take_block(self, block: _Block, cells: pl.DataFrame, groups: _Groups, done: int) -> None:
        """Take the rows of a block that have every cell; look at the others one by one."""
        ends, beyond = cells[f"c{self._width}"], cells[f"c{self._width + 1}"]
        whole = (ends == _MARK).fill_null(False) | (ends.is_null() & (beyond == _MARK).fill_null(False))
        numbers = pl.int_range(done + 1, done + 1 + cells.height, dtype=pl.UInt32, eager=True)
        if whole.all():
            self._take(cells.with_columns(numbers.alias("line")), groups)
            return
        self._take(cells.with_columns(numbers.alias("line")).filter(whole), groups)
        lines = block.text.split(b"\n")
        mended: list[tuple[int, list[str]]] = []
        for index in (~whole).arg_true().to_list():
            row = self._row(lines[index], done + 1 + index, block.cut_off and index == cells.height - 1)
            if row is not None:
                mended.append((done + 1 + index, row))
        self._take_rows(mended)

    def _read_lines(self, text: bytes, done: int, last: bool) -> tuple[bytes, int]:
        """Read lines one by one, cells that run over several lines joined; as `_read_block`."""
        lines = text.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        found: list[tuple[int, list[str]]] = []
        index = 0
        while index < len(lines):
            line, used = lines[index], 1
            if line.count(b'"') % 2:
                over = self._lines_of_cell(lines, index)
                if not over and not last and len(lines) - index < _JOINED:
                    self._take_rows(found)
                    return b"\n".join(lines[index:]) + b"\n", done + index
                joined = b"\n".join(lines[index : index + over])
                if len(self._cells(joined)) >= self._width:
                    line, used = joined, over
            row = self._row(line, done + 1 + index, last and index == len(lines) - 1)
            if row is not None:
                found.append((done + 1 + index, row))
            index += used
        self._take_rows(found)
        return b"", done + len(lines)

    def _lines_of_cell(self, lines: list[bytes], start: int) -> int:
        """How many lines from `start` a quoted cell holds together: 1 where another row begins before it is closed.

        0 where the lines end before it is closed.
        """
        quotes = 0
        for index in range(start, min(start + _JOINED, len(lines))):
            if index > start and self._begins_row(lines[index]):
                return 1
            quotes += lines[index].count(b'"')
            if quotes % 2 == 0:
                return index + 1 - start
        return 0

    def _begins_row(self, line: bytes) -> bool:
        """Whether a line is, or begins as, a row of its own; quotes play no part."""
        cells = line.decode("utf-8", "replace").split(self._heading.separator)
        if self._heading.type_at is None:
            return len(cells) >= self._width
        log_type = cells[self._heading.type_at].strip('" ').upper() if len(cells) > self._heading.type_at else ""
        return log_type in KINDS or log_type in OTHER_TYPES

    def _cells(self, line: bytes) -> list[str]:
        return split_cells(line, self._heading.separator)

    def _row(self, line: bytes, number: int, cut_off: bool) -> list[str] | None:
        """The cells of one line, mended where it is clear how; None for a blank line and a malformed one (counted)."""
        if not line.strip():
            return None
        cells = self._cells(line)
        if len(cells) == self._width + 1 and not cells[-1]:
            cells.pop()
        if len(cells) > self._width:
            cells = self._without_stray_commas(cells)
        if len(cells) == self._width:
            return cells
        why = "; the file seems to be cut off here" if cut_off and len(cells) < self._width else ""
        self._rows.skip(number, f"expected {self._width} columns as in the heading, found {len(cells)}{why}")
        return None

    def _without_stray_commas(self, cells: list[str]) -> list[str]:
        """A threat or URL row whose URL holds commas without quotes, put together again."""
        places = {fold(name): place for place, name in enumerate(self._heading.names)}
        url, severity = places.get("url_filename", places.get("misc")), places.get("severity")
        if url is None or severity is None or severity <= url:
            return cells
        extra = len(cells) - self._width
        joined = [*cells[:url], ",".join(cells[url : url + extra + 1]), *cells[url + extra + 1 :]]
        return joined if joined[severity].lower() in _SEVERITIES else cells

    def _take_rows(self, rows: Sequence[tuple[int, list[str]]]) -> None:
        if not rows:
            return
        columns: dict[str, pl.Series] = {
            f"c{place}": pl.Series([cells[place] or None for _, cells in rows], dtype=pl.String)
            for place in range(self._width)
        }
        columns["line"] = pl.Series([number for number, _ in rows], dtype=pl.UInt32)
        cells = pl.DataFrame(columns)
        groups = self._groups(cells)
        self._learn(groups)
        self._take(cells, groups)

    def _take(self, cells: pl.DataFrame, groups: _Groups) -> None:
        """Hand rows with every cell to the tables of their kinds, which give them their types meanwhile."""
        if None in groups or self._heading.type_at is None:  # a spreadsheet leaves rows of empty cells
            filled = pl.exclude("line", f"c{self._width}", f"c{self._width + 1}").is_not_null()
            cells = cells.filter(pl.any_horizontal(filled))
        for kind, pairs in groups.items():
            rows = cells if len(groups) == 1 else cells.filter(self._is_one_of(pairs))
            if kind is None:
                self._leave(rows)
                continue
            names = {f"c{place}": name for place, name in self._plans[kind].items()}
            self._typing.do(partial(self._rows.add, kind, rows.select("line", *names).rename(names)))

    def _is_one_of(self, pairs: list[tuple[str, str]]) -> pl.Expr:
        subtype = pl.col(f"c{self._heading.subtype_at}").cast(pl.String).fill_null("")
        if self._heading.fixed:
            return subtype.is_in([s for _, s in pairs])
        log_type = pl.col(f"c{self._heading.type_at}").cast(pl.String).fill_null("")
        if self._heading.subtype_at is None:
            return log_type.is_in([t for t, _ in pairs])
        return pl.any_horizontal([(log_type == t) & (subtype == s) for t, s in pairs])

    def _leave(self, rows: pl.DataFrame) -> None:
        """Count rows whose type is not read; a repeated heading is none."""
        heading = self._heading.names[self._heading.type_at or 0]
        for log_type, line in rows.select(pl.col(f"c{self._heading.type_at}").cast(pl.String), "line").rows():
            if log_type == heading:
                continue
            if log_type and log_type.strip().upper() in OTHER_TYPES:
                self._rows.pass_over(log_type)
            else:
                found = safe_text(log_type or "nothing", 40)
                self._rows.skip(line, f"expected a log type such as TRAFFIC in column {heading}, found {found}")


def _after_lines(text: bytes, lines: int) -> tuple[int, int]:
    """Where the first lines of a text end, and how many of them there are."""
    end = found = 0
    while found < lines and end < len(text):
        end = text.find(b"\n", end) + 1 or len(text)
        found += 1
    return end, found
