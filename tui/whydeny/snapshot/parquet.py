"""A parquet part looked through before polars reads it, so that bytes from anywhere can't bring the process down.

A schema nested without end, a list or a dictionary said to have billions of values and a page of negative length end
the process inside polars, where no exception can be caught; a few hundred bytes of equal values can stand for many
gigabytes. So the file's own description and the head of every page are read here first: flat columns of known types,
packed as this program packs them, numbers of values that add up, places inside the file, and an estimate of the
memory that it takes. The types come from the model, not from the file: its own note about them is replaced.

Source: https://github.com/apache/parquet-format (README.md, src/main/thrift/parquet.thrift)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import polars as pl

from whydeny.snapshot.thrift import BadThrift, Struct, Thrift

MOST_COLUMNS = 10_000
LARGEST_FOOTER = 8 << 20
LARGEST_PAGE = 1 << 30
_MAGIC = b"PAR1"
_TAIL = 8  # the length of the footer and the magic word
# What a byte of the file may take of memory, and what any file may take however small it is.
GROWTH = 200
ALWAYS = 256 << 20
_HEAD = 16 << 10  # the longest page head

# The field numbers of parquet.thrift.
_FILE = {"schema": 2, "rows": 3, "groups": 4, "notes": 5, "encryption": 8, "signing key": 9}
_ELEMENT = {"type": 1, "repetition": 3, "name": 4, "children": 5, "converted": 6, "logical": 10}
_GROUP = {"columns": 1, "rows": 3}
_CHUNK = {"file": 1, "data": 3, "encryption": 8, "encrypted data": 9}
_DATA = {"type": 1, "path": 3, "codec": 4, "values": 5, "packed": 7, "offset": 9, "dictionary": 11}
_PAGE = {"kind": 1, "size": 2, "packed": 3}
_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_2 = 0, 2, 3
_PAGE_HEAD = {_DATA_PAGE: 5, _DICTIONARY_PAGE: 7, _DATA_PAGE_2: 8}
_ENCODING = {_DATA_PAGE: 2, _DICTIONARY_PAGE: 2, _DATA_PAGE_2: 4}
_LEVELS = (5, 6)  # of a page of the second form: how long its levels are
_ENCODINGS = frozenset({0, 2, 3, 8})  # plain, dictionary (two numbers), run length
_CODECS = frozenset({0, 6})  # none, zstd
_BYTES, _UTF8 = 6, 0  # the physical type of texts, and what makes a text of bytes
_TYPES: dict[int, pl.DataType] = {
    0: pl.Boolean(), 1: pl.Int32(), 2: pl.Int64(), 4: pl.Float32(), 5: pl.Float64(), _BYTES: pl.String(),
}  # fmt: skip


class BadTable(Exception):
    """A part that is no table, or not the expected one; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A parquet file that polars may read: its bytes with the types of the model, and the bytes of memory it takes."""

    data: bytes
    columns: tuple[str, ...]
    memory: int


def check_parquet(data: bytes, rows: int, wanted: Mapping[str, pl.DataType]) -> Checked:
    """Look through the file in `data`, of which `rows` rows are expected and the columns `wanted`.

    Columns that are not wanted may be of any flat type. Raises `BadTable`.
    """
    try:
        return _check(data, rows, wanted)
    except BadThrift as error:
        raise BadTable(f"it is damaged ({error})") from None


def _check(data: bytes, rows: int, wanted: Mapping[str, pl.DataType]) -> Checked:
    end = len(data) - _TAIL
    footer = end - int.from_bytes(data[-_TAIL:-4], "little")
    if end < len(_MAGIC) or not data.startswith(_MAGIC) or not data.endswith(_MAGIC) or footer < len(_MAGIC):
        raise BadTable("it is damaged (it is no parquet file)")
    if end - footer > LARGEST_FOOTER:
        raise BadTable("it is damaged (its description is too long)")
    thrift = Thrift(data, footer, end)
    about = thrift.struct()
    if _FILE["encryption"] in about or _FILE["signing key"] in about:
        raise BadTable("it is encrypted, as no snapshot is")
    types = _columns(_get(about, _FILE["schema"], list), wanted)
    count = _get(about, _FILE["rows"], int)
    if count != rows:
        raise BadTable(f"it has {count:,} rows, not {rows:,}")
    groups = [_group(group, types) for group in _get(about, _FILE["groups"], list)]
    if sum(height for height, _ in groups) != rows:
        raise BadTable("it is damaged (its row groups have another number of rows)")
    unpacked = sum(_chunk(data, footer, chunk, height) for height, chunks in groups for chunk in chunks)
    memory = unpacked + rows * sum(map(_width, types.values()))
    if memory > ALWAYS + GROWTH * len(data):
        raise BadTable(f"it would take {memory:,} bytes of memory, more than any table of {len(data):,} bytes")
    typed = _reference(tuple(types.items()))
    begin, after = thrift.places.get(_FILE["notes"], (0, 0))
    if not begin:
        raise BadTable("it is damaged (it says nothing of its types)")
    if data[begin:after] == typed.notes:  # as this program writes it: no need of a copy
        return Checked(data, tuple(types), memory)
    described = data[footer:begin] + typed.notes + data[after:end]
    whole = b"".join((memoryview(data)[:footer], described, len(described).to_bytes(4, "little"), _MAGIC))
    return Checked(whole, tuple(types), memory)


def _width(dtype: pl.DataType) -> int:
    """The bytes of a cell in memory at the most."""
    return 16 if isinstance(dtype, pl.String | pl.Binary) else 8


def _get(struct: Struct, number: int, kind: type) -> Any:
    """A field that must be there."""
    found = struct.get(number)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise BadTable("it is damaged (its description lacks a part)")
    return found


def _structs(items: Sequence[Any]) -> Iterator[Struct]:
    for item in items:
        if not isinstance(item, dict):
            raise BadTable("it is damaged (its description is of another shape)")
        yield item


# --- the columns


@dataclass(frozen=True, slots=True)
class _Reference:
    """What polars writes about columns of some types: each as physical and logical type, and its note on all."""

    kinds: tuple[tuple[Any, ...], ...]
    notes: bytes


@lru_cache(maxsize=64)
def _reference(columns: tuple[tuple[str, pl.DataType], ...]) -> _Reference:
    file = BytesIO()
    pl.DataFrame(schema=dict(columns)).write_parquet(file, compression="zstd", statistics=False)
    data = file.getvalue()
    end = len(data) - _TAIL
    thrift = Thrift(data, end - int.from_bytes(data[-_TAIL:-4], "little"), end)
    about = thrift.struct()
    begin, after = thrift.places[_FILE["notes"]]
    return _Reference(tuple(map(_kind, about[_FILE["schema"]][1:])), data[begin:after])


def _kind(element: Struct) -> tuple[Any, ...]:
    return tuple(element.get(_ELEMENT[name]) for name in ("type", "converted", "logical"))


def _is_of(kind: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    """Whether a column is of a kind: the same, but that the newer of the two ways to say so may be missing."""
    return kind[:2] == wanted[:2] and (kind[2] == wanted[2] or None in (kind[2], wanted[2]))


def _columns(schema: Sequence[Any], wanted: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    """The columns of the file, each with the type to read it as: that of the model, where it has one."""
    elements = list(_structs(schema))
    if len(elements) - 1 > MOST_COLUMNS:
        raise BadTable(f"it has more than {MOST_COLUMNS:,} columns")
    if not elements or elements[0].get(_ELEMENT["children"]) != len(elements) - 1:
        raise BadTable("it is damaged (its columns are nested)")
    kinds = dict(zip(wanted, _reference(tuple(wanted.items())).kinds, strict=True))
    found: dict[str, pl.DataType] = {}
    for element in elements[1:]:
        name = _get(element, _ELEMENT["name"], bytes).decode("utf-8", "replace")
        own = _TYPES.get(_get(element, _ELEMENT["type"], int))
        if element.get(_ELEMENT["children"]) or element.get(_ELEMENT["repetition"]) not in (0, 1) or own is None:
            raise BadTable("it is damaged (a column is of a type that no snapshot has)")
        if name in found:
            raise BadTable("it is damaged (a column stands twice)")
        if own == pl.String() and element.get(_ELEMENT["converted"]) != _UTF8:
            own = pl.Binary()
        if name in wanted and not _is_of(_kind(element), kinds[name]):
            raise BadTable(f"its column {name} holds {own}, not {wanted[name]}")
        found[name] = _read_as(wanted.get(name, own))
    return found


def _read_as(dtype: pl.DataType) -> pl.DataType:
    """Words of a fixed list are read as words of any list: what is not in it is found out afterwards."""
    return pl.Categorical() if isinstance(dtype, pl.Enum) else dtype


# --- the pages


def _group(group: Any, types: Mapping[str, pl.DataType]) -> tuple[int, list[Struct]]:
    """The number of rows of a row group, and what it says of each column's data."""
    (struct,) = _structs([group])
    chunks = list(_structs(_get(struct, _GROUP["columns"], list)))
    height = _get(struct, _GROUP["rows"], int)
    if len(chunks) != len(types) or height < 0:
        raise BadTable("it is damaged (a row group has other columns)")
    found = []
    for name, chunk in zip(types, chunks, strict=True):
        if chunk.keys() & {_CHUNK["file"], _CHUNK["encryption"], _CHUNK["encrypted data"]}:
            raise BadTable("it is damaged (a column is not in the file)")
        about: Struct = _get(chunk, _CHUNK["data"], dict)
        if _get(about, _DATA["path"], list) != [name.encode()]:
            raise BadTable("it is damaged (a row group has other columns)")
        found.append(about)
    return height, found


def _chunk(data: bytes, footer: int, about: Struct, height: int) -> int:
    """The bytes that a column of a row group has unpacked, all its pages looked at."""
    if _get(about, _DATA["codec"], int) not in _CODECS or _get(about, _DATA["values"], int) != height:
        raise BadTable("it is damaged (a column is packed otherwise, or of another length)")
    first = about.get(_DATA["dictionary"])
    at = first if isinstance(first, int) else _get(about, _DATA["offset"], int)
    end = at + _get(about, _DATA["packed"], int)
    if not len(_MAGIC) <= at <= end <= footer:
        raise BadTable("it is damaged (a column lies outside the file)")
    unpacked = values = pages = 0
    while at < end:
        thrift = Thrift(data, at, min(end, at + _HEAD))
        page = thrift.struct()
        size, packed = _get(page, _PAGE["size"], int), _get(page, _PAGE["packed"], int)
        at = thrift.at + packed
        if not 0 <= size <= LARGEST_PAGE or packed < 0 or at > end:
            raise BadTable("it is damaged (a page lies outside its column)")
        values += _page(page, size, pages)
        unpacked += size
        pages += 1
    if values != height:
        raise BadTable("it is damaged (the pages of a column have another number of values)")
    return unpacked


def _page(page: Struct, size: int, number: int) -> int:
    """The number of rows of a page that has `size` bytes unpacked; none for a dictionary."""
    kind = _get(page, _PAGE["kind"], int)
    if kind not in _PAGE_HEAD:
        raise BadTable("it is damaged (a page is of no known kind)")
    about: Struct = _get(page, _PAGE_HEAD[kind], dict)
    count = _get(about, 1, int)
    levels = [_get(about, field, int) for field in _LEVELS] if kind == _DATA_PAGE_2 else [0]
    if min(count, *levels) < 0 or sum(levels) > size or _get(about, _ENCODING[kind], int) not in _ENCODINGS:
        raise BadTable("it is damaged (a page is written as no snapshot's is)")
    if kind != _DICTIONARY_PAGE:
        return int(count)
    if number or count * 4 > size:  # no value of a dictionary takes less
        raise BadTable("it is damaged (a dictionary has more values than bytes)")
    return 0
