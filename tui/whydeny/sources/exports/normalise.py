"""Turn raw text columns of any export into the typed columns of a table; every distinct value is parsed once."""

import re
from collections.abc import Callable, Sequence

import polars as pl

from whydeny.model.addresses import LOW, V4_BASE, parse_address
from whydeny.model.columns import COLUMNS, LONGEST_SESSION, STORED, Column, Kind, Type, schema
from whydeny.model.protocols import protocol_number
from whydeny.model.safe import LONGEST, safe_text
from whydeny.sources.exports.layouts import EXTRA
from whydeny.sources.exports.times import DateOrder, read_times

NUMBERS = (Type.NUMBER, Type.PORT)
# Words that PAN-OS writes with spaces, underscores or hyphens from release to release; compared in one spelling.
_HYPHENATED = frozenset({"action", "end_reason", "subtype", "action_source"})
_YES_NO = frozenset({"proxied", "portal_session"})
# Only characters that `safe_text` may change: everything but printable ASCII.
_SUSPECT = r"[^\x20-\x7e]"
_NOTHING_V4 = V4_BASE  # 0.0.0.0
Parser = Callable[[pl.Series], list[pl.Series]]


class Distinct:
    """The distinct texts of a column (or several alike) and what each of them means.

    Texts are coded by a polars categorical of their own; `stored` are the types of the columns behind a text (two for
    an address), `parse` gives their values for new texts.
    """

    def __init__(self, parse: Parser, *stored: pl.DataType) -> None:
        self._parse = parse
        self._stored = stored
        self.dtype = pl.Categorical(pl.Categories.random())
        self._anchor = pl.Series([], dtype=self.dtype)  # polars forgets the codes with the last column that has them
        self._seen = pl.Series([], dtype=pl.Boolean)  # by code
        self._complete = True  # whether every code was seen
        self._raw: list[pl.Series] = []
        self._typed = pl.DataFrame()  # a frame is gathered at once, and without the price of a query for each column

    def typed(self, texts: pl.Series) -> list[pl.Series]:
        """The typed columns behind a text column."""
        if texts.dtype != self.dtype:
            texts = texts.cast(pl.String).cast(self.dtype)
        codes = texts.to_physical()
        top = codes.max()
        if not isinstance(top, int):
            return [pl.repeat(None, len(texts), dtype=dtype, eager=True) for dtype in self._stored]
        if top >= len(self._seen):
            self._seen = self._seen.extend(pl.repeat(False, top + 1 - len(self._seen), eager=True))
            self._complete = False
        if not self._complete:
            known = self._seen.gather(codes)
            if not known.all():
                self._learn(texts.filter(~known).unique())
        return self._typed[codes].get_columns()

    def _learn(self, texts: pl.Series) -> None:
        codes = texts.to_physical()
        parsed = self._parse(texts.cast(pl.String))
        if not self._raw:
            self._raw = [values.clear() for values in parsed]
        missing = len(self._seen) - len(self._raw[0])
        self._raw = [
            values.extend(values.clear(missing)).scatter(codes, p) for values, p in zip(self._raw, parsed, strict=True)
        ]
        self._typed = pl.DataFrame(
            [
                values.cast(dtype).alias(str(place))
                for place, (values, dtype) in enumerate(zip(self._raw, self._stored, strict=True))
            ]
        )
        self._seen = self._seen.scatter(codes, True)
        self._complete = bool(self._seen.all())


class Normaliser:
    """The text columns of one file to the table of one kind; keeps what it has parsed for the next batch.

    `dates` is what the file's dates tell of their order; `unreadable` counts, by column, the cells that hold something
    their type can't read (they become null).
    """

    def __init__(self, kind: Kind, dates: DateOrder | None = None) -> None:
        self.kind = kind
        self.dates = dates or DateOrder()
        self.unreadable: dict[str, int] = {}
        self._addresses = Distinct(self._parse_addresses, pl.UInt64(), pl.UInt64())
        self._times = Distinct(self._parse_times, STORED[Type.TIME])
        self._distinct: dict[str, Distinct] = {}
        for column in COLUMNS[kind]:
            if column.type is Type.ADDRESS:
                self._distinct[column.name] = self._addresses
            elif column.type is Type.TIME:
                self._distinct[column.name] = self._times
            elif parse := self._parser_of(column):
                self._distinct[column.name] = Distinct(parse, STORED[column.type])

    def raw_type(self, name: str) -> pl.DataType:
        """The polars type in which a reader had best read the column `name`, or `x:…`."""
        if found := self._distinct.get(name):
            return found.dtype
        column = next((c for c in COLUMNS[self.kind] if c.name == name), None)
        return STORED[column.type] if column and column.type in NUMBERS else pl.String()

    def table(self, raw: pl.DataFrame, file: int) -> pl.DataFrame:
        """`raw` (columns by name, as text or in `raw_type`, and `line`) as a table of `schema(kind)`, extras behind."""
        rows = raw.height
        nothing: dict[
            pl.DataType, pl.Series
        ] = {}  # columns that the file lacks share one piece of memory for each type
        found: dict[str, pl.Series] = {
            "file": pl.repeat(file, rows, dtype=pl.UInt16, eager=True),
            "line": raw["line"].cast(pl.UInt32),
        }
        for column in COLUMNS[self.kind]:
            stored = column.stored()
            if column.name in raw.columns:
                series = self._typed(column, raw[column.name])
            else:
                for dtype in stored.values():
                    if dtype not in nothing:
                        nothing[dtype] = pl.repeat(None, rows, dtype=dtype, eager=True)
                series = [nothing[dtype] for dtype in stored.values()]
            found |= dict(zip(stored, series, strict=True))
        if "receive_time" in found:
            found["time"] = found["time"].fill_null(found["receive_time"])
        ordered = {name: found[name] for name in schema(self.kind)}
        for name in raw.columns:
            if name.startswith(EXTRA) and raw[name].null_count() < rows:
                ordered[name] = _safe_column(raw[name].cast(pl.String))
        return pl.DataFrame({name: series.alias(name) for name, series in ordered.items()})

    def _typed(self, column: Column, texts: pl.Series) -> list[pl.Series]:
        distinct = self._distinct.get(column.name)
        if distinct is not None:
            series = distinct.typed(texts)
            if column.type is Type.ADDRESS and column.name.startswith("nat_"):
                none = (series[0] == 0) & (series[1].is_in([_NOTHING_V4, 0]))
                series = [s.set(none, None) for s in series]
            return series
        if column.type is Type.TEXT:
            return [_safe_column(texts.cast(pl.String))]
        wanted = STORED[column.type]
        typed = texts
        if texts.dtype != wanted and texts.null_count() == len(texts):
            typed = pl.repeat(None, len(texts), dtype=wanted, eager=True)
        elif texts.dtype != wanted:
            numbers = texts.cast(pl.String).str.strip_chars().replace("", None)
            typed = numbers.cast(wanted, strict=False)
            self.count(column.name, typed.null_count() - numbers.null_count())
        return [self._lasting(typed) if column.name == "elapsed" else typed]

    def _lasting(self, seconds: pl.Series) -> pl.Series:
        """How long sessions lasted, less what is too long for any."""
        absurd = (seconds > LONGEST_SESSION).fill_null(False)
        self.count("elapsed", int(absurd.sum()))
        return seconds.set(absurd, None) if absurd.any() else seconds

    def _parser_of(self, column: Column) -> Parser | None:
        if column.name == "serial":
            return lambda texts: [self._parse_each(column.name, texts, full_serial, pl.String())]
        if column.type is Type.WORD:
            clean = _cleaner(column.name)
            return lambda texts: [pl.Series([clean(t) for t in texts.to_list()], dtype=pl.String)]
        if column.name == "config_version":
            return lambda texts: [self._parse_each(column.name, texts, parse_config_version, STORED[Type.NUMBER])]
        if column.type is Type.FLAGS:
            return lambda texts: [self._parse_each(column.name, texts, parse_flags, STORED[Type.FLAGS])]
        if column.type is Type.PROTOCOL:
            return lambda texts: [self._parse_each(column.name, texts, protocol_number, STORED[Type.PROTOCOL])]
        return None

    def _parse_each(
        self, name: str, texts: pl.Series, parse: Callable[[str], int | str | None], dtype: pl.DataType
    ) -> pl.Series:
        values = [parse(text.strip()) for text in texts.to_list()]
        self.count(name, sum(v is None and bool(t.strip()) for v, t in zip(values, texts.to_list(), strict=True)))
        return pl.Series(values, dtype=dtype)

    def _parse_addresses(self, texts: pl.Series) -> list[pl.Series]:
        numbers = [parse_address(text.strip()) for text in texts.to_list()]
        self.count("address", sum(n is None and bool(t.strip()) for n, t in zip(numbers, texts.to_list(), strict=True)))
        return [
            pl.Series([None if n is None else n >> 64 for n in numbers], dtype=pl.UInt64),
            pl.Series([None if n is None else n & LOW for n in numbers], dtype=pl.UInt64),
        ]

    def _parse_times(self, texts: pl.Series) -> list[pl.Series]:
        times, unreadable = read_times(texts, self.dates)
        self.count("time", unreadable)
        return [times]

    def with_right_dates(self, table: pl.DataFrame) -> pl.DataFrame:
        """A table that was made before the file's dates told their order, as it is now that they have."""
        mistaken = self.dates.mistaken
        names = [column.name for column in COLUMNS[self.kind] if column.type is Type.TIME]
        return table.with_columns(pl.col(names).replace(list(mistaken), list(mistaken.values())))

    def count(self, name: str, cells: int) -> None:
        """Count cells of a column that hold something its type can't read."""
        if cells > 0:
            self.unreadable[name] = self.unreadable.get(name, 0) + cells


def parse_flags(text: str) -> int | None:
    """The number of a flags cell: `0x1400000` or decimal; None for anything else or more than 32 bits."""
    try:
        number = int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 32 else None


def parse_config_version(text: str) -> int | None:
    """The number of a Config Version cell: `2561`, or `10.1` as the cloud's log service writes it."""
    if match := re.fullmatch(r"(\d{1,3})\.(\d{1,3})", text):
        return int(match[1]) << 8 | int(match[2])
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def full_serial(text: str) -> str | None:
    """A serial number with the leading zeros that spreadsheets drop (they have 12 digits, virtual ones 15).

    None for an empty one, and for one that a spreadsheet has rounded (`7.051E+12`).
    """
    text = safe_text(text)
    if re.fullmatch(r"\d(?:[.,]\d+)?E\+\d+", text, re.IGNORECASE):
        return None
    if text.isascii() and text.isdigit() and 9 <= len(text) < 15 and len(text) != 12:
        return text.zfill(12 if len(text) < 12 else 15)
    return text or None


def hyphenated(text: str) -> str:
    """One spelling for actions, end reasons and subtypes: lower case with hyphens (`drop ICMP` → `drop-icmp`)."""
    return re.sub(r"[\s_]+", "-", text.lower())


def _cleaner(name: str) -> Callable[[str], str | None]:
    """What makes a word of column `name` safe and uniform; None for an empty one."""

    def clean(text: str) -> str | None:
        return safe_text(text.strip()) or None

    def clean_hyphenated(text: str) -> str | None:
        return hyphenated(safe_text(text.strip())) or None

    def clean_yes_no(text: str) -> str | None:
        word = safe_text(text.strip().lower())
        return {"true": "yes", "false": "no"}.get(word, word) or None

    if name in _HYPHENATED:
        return clean_hyphenated
    return clean_yes_no if name in _YES_NO else clean


def _safe_column(texts: pl.Series) -> pl.Series:
    """Free text made safe; only cells that hold more than printable ASCII are looked at one by one."""
    texts = texts.replace("", None)
    suspect = (texts.str.contains(_SUSPECT) | (texts.str.len_bytes() > LONGEST)).fill_null(False)
    if not suspect.any():
        return texts
    safe = texts.filter(suspect).map_elements(safe_text, return_dtype=pl.String)
    return texts.scatter(suspect.arg_true(), safe)


def rows_to_raw(rows: Sequence[dict[str, str]], lines: Sequence[int], wanted: dict[str, str]) -> pl.DataFrame:
    """Rows as dictionaries of text to a raw frame; `wanted` maps their keys to column names."""
    columns: dict[str, pl.Series] = {"line": pl.Series(lines, dtype=pl.UInt32)}
    for key, name in wanted.items():
        columns[name] = pl.Series(name, [row.get(key) for row in rows], dtype=pl.String)
    return pl.DataFrame(columns)
