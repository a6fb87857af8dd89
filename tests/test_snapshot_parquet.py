"""Parquet parts from hostile hands, under checksums that are right: a sentence, and the process lives on.

Each file here ends the process inside polars, or fills the memory, where it is read without being looked through first.
"""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.columns import Kind, schema
from whydeny.model.errors import InputError
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.manifest import MANIFEST, SESSIONS
from whydeny.snapshot.parquet import LARGEST_FOOTER, BadTable, check_parquet
from whydeny.snapshot.save import save_snapshot
from whydeny.snapshot.tables import fit_table, read_table
from whydeny.snapshot.thrift import DEEPEST, BadThrift, Thrift

TRAFFIC = schema(Kind.TRAFFIC)
ROWS = 4
MEMORY = 8 << 30
HUGE, NEGATIVE = (1 << 31) - 1, -1
WHOLE, BINARY, LIST, STRUCT = 6, 8, 9, 12
Fields = list[list[Any]]  # of a struct: number, kind, value


class Raw(bytes):
    """A value as it is written, whatever it says."""


def varint(number: int) -> bytes:
    """An unsigned number of up to 64 bits."""
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def written(kind: int, value: Any) -> bytes:
    """A value of the compact protocol."""
    if isinstance(value, Raw) or kind in (1, 2):
        return bytes(value) if isinstance(value, Raw) else b""
    if kind in (4, 5, 6):
        return varint((value << 1) ^ (value >> 63))
    if kind == 3:
        return bytes([value])
    if kind == BINARY:
        return varint(len(value)) + value
    if kind == LIST:
        of, items = value
        return bytes([0xF0 | of]) + varint(len(items)) + b"".join(written(of, item) for item in items)
    assert kind == STRUCT
    found = b""
    for number, inner, content in value:
        truth = inner if inner not in (1, 2) else 1 if content else 2
        found += bytes([truth]) + written(4, number) + written(inner, content)
    return found + b"\0"


class Reader(Thrift):
    """The program's own reader, which here keeps the kinds, so that what was read can be written again."""

    def _struct(self, depth: int) -> Any:
        found: Fields = []
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            found.append([number, 1 if kind == 2 else kind, kind == 1 if kind in (1, 2) else self._value(kind, depth)])
        return found

    def _list(self, depth: int) -> Any:
        head = self._byte()
        length, kind = head >> 4, head & 15
        return [kind, [self._value(kind, depth) for _ in range(self._number() if length == 15 else length)]]


def field(fields: Fields, number: int) -> list[Any]:
    """The field of a struct: number, kind and value, to be changed in place."""
    return next(one for one in fields if one[0] == number)


def taken_apart(data: bytes) -> tuple[bytes, Fields]:
    """What stands before the description of a file, and the description."""
    end = len(data) - 8
    at = end - int.from_bytes(data[-8:-4], "little")
    return data[:at], Reader(data, at, end).struct()  # type: ignore[return-value]


def put_together(before: bytes, about: Fields | bytes) -> bytes:
    """The file again."""
    footer = about if isinstance(about, bytes) else written(STRUCT, about)
    return before + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def parquet(frame: pl.DataFrame, **how: Any) -> bytes:
    """A file as snapshots have them."""
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd", statistics=False, **how)
    return file.getvalue()


def sessions(rows: int = ROWS) -> pl.DataFrame:
    """A few columns of every type."""
    frame = pl.DataFrame({"file": [0] * rows, "rule": ["OUT", "DNS", None, "OUT"] * (rows // 4), "x:Tag": ["t"] * rows})
    return frame.with_columns(
        pl.col("file").cast(pl.UInt16), pl.col("rule").cast(pl.Categorical), pl.lit(7, pl.UInt64()).alias("bytes"),
        pl.lit(1, pl.UInt32()).alias("line"), pl.datetime(2024, 1, 1).alias("time"),
    )  # fmt: skip


def footer(change: Callable[[Fields], Fields | bytes | None]) -> bytes:
    """A file with its description changed."""
    before, about = taken_apart(parquet(sessions()))
    return put_together(before, change(about) or about)


def chunks(change: Callable[[Fields], None]) -> bytes:
    """A file with what is said of each column's data changed."""

    def every(about: Fields) -> None:
        for chunk in field(field(about, 4)[2][1][0], 1)[2][1]:
            change(field(chunk, 3)[2])

    return footer(every)


def pages(change: Callable[[Fields], None]) -> bytes:
    """A file with the head of every page changed."""
    data = parquet(sessions())
    _, about = taken_apart(data)
    out = bytearray(b"PAR1")
    for chunk in field(field(about, 4)[2][1][0], 1)[2][1]:
        said = field(chunk, 3)[2]
        first = next((one for one in said if one[0] == 11), None) or field(said, 9)
        at, begin = first[2], len(out)
        end = at + field(said, 7)[2]
        first[2] = begin
        while at < end:
            reader = Reader(data, at, end)
            head: Fields = reader.struct()  # type: ignore[assignment]
            at = reader.at + field(head, 3)[2]
            packed = data[reader.at : at]
            if field(head, 1)[2] == 0:
                field(said, 9)[2] = len(out)
            change(head)
            out += written(STRUCT, head) + packed
        field(said, 7)[2] = len(out) - begin
        chunk[:] = [one for one in chunk if one[0] not in (4, 5)]
    return put_together(bytes(out), about)


def _set(number: int, value: Any) -> Callable[[Fields], None]:
    def change(fields: Fields) -> None:
        for one in fields:
            if one[0] == number:
                one[2] = value

    return change


def _in_page(kind: int, number: int, value: int) -> Callable[[Fields], None]:
    """A field of data pages (0) or dictionaries (2) changed."""

    def change(head: Fields) -> None:
        if field(head, 1)[2] == kind:
            _set(number, value)(field(head, {0: 5, 2: 7}[kind])[2])

    return change


def _nested(depth: int) -> Callable[[Fields], None]:
    def change(about: Fields) -> None:
        elements = field(about, 2)[2][1]
        group = [[3, 5, 1], [4, BINARY, b"n"], [5, 5, 1]]
        elements[:] = [[[4, BINARY, b"root"], [5, 5, 1]], *[group] * depth, elements[1]]

    return change


def _without(number: int) -> Callable[[Fields], None]:
    return lambda about: about.remove(field(about, number))


def _many_columns(about: Fields) -> None:
    """Every column of numbers over the same few bytes."""
    elements, columns = field(about, 2)[2][1], field(field(about, 4)[2][1][0], 1)[2][1]
    place = next(n for n, element in enumerate(elements[1:]) if field(element, 4)[2] == b"bytes")
    chunk = columns[place]
    for number in range(20):
        name = f"y{number}".encode()
        elements.append([[n, k, name if n == 4 else v] for n, k, v in elements[place + 1]])
        said = [[n, k, [BINARY, [name]] if n == 3 else v] for n, k, v in field(chunk, 3)[2]]
        columns.append([[n, k, said if n == 3 else v] for n, k, v in chunk])
    _set(5, len(elements) - 1)(elements[0])


def test_a_file_as_it_is_written_comes_back_from_the_tools_of_this_test() -> None:
    for data in (parquet(sessions()), footer(lambda about: None), pages(lambda head: None)):
        frame, memory = read_table(data, ROWS, TRAFFIC, MEMORY)
        assert frame["rule"].cast(pl.String).to_list() == ["OUT", "DNS", None, "OUT"]
        assert frame.schema["time"] == TRAFFIC["time"]
        assert 0 < memory < 10_000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: footer(_nested(200_000)), "more than 10,000 columns", id="nested until the stack ends"),
        pytest.param(lambda: footer(_nested(3)), "its columns are nested", id="nested"),
        pytest.param(lambda: footer(_set(2, Raw(b"\xfc" + varint(HUGE)))), "beyond the end", id="billions of columns"),
        pytest.param(lambda: footer(_set(4, Raw(b"\xfc" + varint(HUGE)))), "beyond the end", id="billions of groups"),
        pytest.param(lambda: footer(_set(5, Raw(b"\xfc" + varint(HUGE)))), "beyond the end", id="billions of notes"),
        pytest.param(lambda: footer(_set(6, Raw(varint(1 << 62)))), "beyond the end", id="an endless name"),
        pytest.param(lambda: footer(_set(3, 1 << 62)), "it has 4,611,686,018,427,387,904 rows", id="endless rows"),
        pytest.param(lambda: footer(lambda about: _set(3, 5)(field(about, 4)[2][1][0])), "another number of rows",
                     id="a group of other rows"),
        pytest.param(lambda: footer(lambda about: _set(3, NEGATIVE)(field(about, 4)[2][1][0])), "other columns",
                     id="a group of negative rows"),
        pytest.param(lambda: footer(lambda about: about.append([8, STRUCT, []])), "encrypted", id="encrypted"),
        pytest.param(lambda: footer(_without(5)), "says nothing of its types", id="no notes"),
        pytest.param(lambda: footer(_without(2)), "lacks a part", id="no columns"),
        pytest.param(lambda: footer(_without(4)), "lacks a part", id="no groups"),
        pytest.param(lambda: footer(lambda about: about.append(about[0])), "a field stands twice", id="a field twice"),
        pytest.param(lambda: footer(lambda about: b"\x19\xfc" + b"\x19" * 40), "nested too deeply", id="lists in lists"),
        pytest.param(lambda: footer(lambda about: b"\x1f"), "of no known kind", id="an unknown kind"),
        pytest.param(lambda: footer(lambda about: b"\x16" + b"\xff" * 11), "more than 64 bits", id="an endless number"),
        pytest.param(lambda: footer(lambda about: b"\0" * (LARGEST_FOOTER + 1)), "too long", id="an endless footer"),
        pytest.param(lambda: footer(lambda about: field(about, 4)[2][1][0][0][2][1][0].append([1, BINARY, b"/etc/x"])),
                     "not in the file", id="a column in another file"),
        pytest.param(lambda: chunks(_set(4, 2)), "packed otherwise", id="gzip"),
        pytest.param(lambda: chunks(_set(5, HUGE)), "of another length", id="values without end"),
        pytest.param(lambda: chunks(_set(7, 1 << 62)), "lies outside the file", id="a column without end"),
        pytest.param(lambda: chunks(_set(7, NEGATIVE)), "lies outside the file", id="a column of negative length"),
        pytest.param(lambda: chunks(_set(11, NEGATIVE)), "lies outside the file", id="a column before the file"),
        pytest.param(lambda: chunks(_set(3, [BINARY, [b"other"]])), "other columns", id="another column's name"),
        pytest.param(lambda: pages(_in_page(0, 1, NEGATIVE)), "as no snapshot's is", id="a page of negative values"),
        pytest.param(lambda: pages(_in_page(0, 1, HUGE)), "number of values", id="a page of values without end"),
        pytest.param(lambda: pages(_in_page(0, 2, 5)), "as no snapshot's is", id="another encoding"),
        pytest.param(lambda: pages(_in_page(2, 1, HUGE)), "more values than bytes", id="a dictionary without end"),
        pytest.param(lambda: pages(_set(2, HUGE)), "lies outside its column", id="a page that unpacks to gigabytes"),
        pytest.param(lambda: pages(_set(2, NEGATIVE)), "lies outside its column", id="a page that unpacks to less"),
        pytest.param(lambda: pages(_set(3, HUGE)), "lies outside its column", id="a page beyond its column"),
        pytest.param(lambda: pages(_set(1, 7)), "of no known kind", id="a page of no known kind"),
        pytest.param(lambda: parquet(pl.DataFrame({"rule": [["a"]] * ROWS})), "its columns are nested", id="lists"),
        pytest.param(lambda: parquet(pl.DataFrame({"bytes": ["1"] * ROWS})), "bytes holds String, not UInt64", id="text"),
        pytest.param(lambda: parquet(pl.DataFrame({"rule": [b"\xff"] * ROWS})), "rule holds Binary, not Cat", id="bytes"),
        pytest.param(lambda: parquet(pl.DataFrame({"bytes": [-1] * ROWS})), "bytes holds Int64, not UInt64", id="signed"),
        pytest.param(lambda: b"PAR1" * 3, "no parquet file", id="a footer of another length"),
        pytest.param(lambda: b"PAR1", "no parquet file", id="nothing in it"),
    ],
)  # fmt: skip
def test_a_hostile_file_gets_a_sentence(make: Callable[[], bytes], says: str) -> None:
    data = make()
    with pytest.raises(BadTable, match=says):
        read_table(data, ROWS, TRAFFIC, MEMORY)


def test_a_few_bytes_that_stand_for_gigabytes_are_refused_unread() -> None:
    rows = 10_000_000
    data = parquet(pl.select(pl.repeat(7, rows, dtype=pl.UInt64).alias("bytes")), row_group_size=rows)
    assert read_table(data, rows, TRAFFIC, MEMORY)[0].height == rows
    before, about = taken_apart(data)
    _many_columns(about)
    data = put_together(before, about)
    assert len(data) < 10_000
    with pytest.raises(BadTable, match=r"1,68\d,\d{3},\d{3} bytes of memory, more than any table of"):
        read_table(data, rows, TRAFFIC, MEMORY)


def test_a_long_word_counts_as_what_it_unpacks_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whydeny.snapshot.parquet.ALWAYS", 1 << 20)
    data = parquet(pl.DataFrame({"x:T": ["a" * (16 << 20)]}))
    with pytest.raises(BadTable, match="bytes of memory, more than any table"):
        read_table(data, 1, TRAFFIC, MEMORY)


def test_what_the_machine_has_no_memory_for_is_not_read() -> None:
    with pytest.raises(BadTable, match="which this machine does not have"):
        read_table(parquet(sessions()), ROWS, TRAFFIC, 100)


def test_the_types_come_from_the_model_and_not_from_the_file() -> None:
    """A note in the file that says something else of its columns is not looked at."""
    plain = parquet(sessions().with_columns(pl.col("rule").cast(pl.String)))
    lying = footer(lambda about: _set(5, [STRUCT, [[[1, BINARY, b"ARROW:schema"], [2, BINARY, b"@@@"]]]])(about))
    for data in (plain, lying):
        assert read_table(data, ROWS, TRAFFIC, MEMORY)[0].schema["rule"] == TRAFFIC["rule"]


def test_columns_that_nobody_asks_for_may_be_of_any_flat_type() -> None:
    frame = sessions().with_columns(
        pl.lit(1.5).alias("a"), pl.lit(True).alias("b"), pl.lit(b"\xff").alias("c"), pl.lit(-3, pl.Int8()).alias("d")
    )
    checked = check_parquet(parquet(frame), ROWS, TRAFFIC)
    assert checked.columns == tuple(frame.columns)
    assert fit_table(read_table(parquet(frame), ROWS, TRAFFIC, MEMORY)[0], TRAFFIC).columns == [*TRAFFIC, "x:Tag"]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 3))
def test_any_bytes_are_a_struct_or_not(data: bytes, at: int) -> None:
    thrift = Thrift(data, at, len(data))
    try:
        thrift.struct()
    except BadThrift:
        return
    assert at < thrift.at <= len(data)


def test_structs_are_read_to_a_depth() -> None:
    inner = written(STRUCT, [])
    for _ in range(DEEPEST):
        inner = b"\x1c" + inner + b"\0"
    assert Thrift(inner, 0, len(inner)).struct()
    deeper = b"\x1c" + inner + b"\0"
    with pytest.raises(BadThrift, match="nested too deeply"):
        Thrift(deeper, 0, len(deeper)).struct()


# What only polars can see, when it unpacks a page.

PAGES = """
import sys
from whydeny.cli.main import main
sys.argv = ["whydeny", "explain", sys.argv[1]]
main()
"""


def _snapshot(path: Path, part: bytes) -> None:
    """A snapshot with another table of sessions, under the right checksums."""
    save_snapshot(path, Site(sessions=SessionTable(fit_table(sessions(), TRAFFIC))))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {SESSIONS: part}).items():
            archive.writestr(name, data)
    assert json.loads(parts[MANIFEST])["rows"][SESSIONS] == ROWS


def _short_levels() -> bytes:
    """Pages that say of fewer cells than they have whether they are empty: polars panics on that."""
    file = io.BytesIO()
    sessions().select("file", "rule").write_parquet(file, compression="uncompressed", statistics=False)
    before, about = taken_apart(file.getvalue())
    said = field(field(field(about, 4)[2][1][0], 1)[2][1][1], 3)[2]
    reader = Reader(before, field(said, 9)[2], len(before))
    reader.struct()
    assert before[reader.at : reader.at + 4] == (2).to_bytes(4, "little")  # the length of the levels
    return put_together(before[: reader.at + 4] + b"\x02\x01" + before[reader.at + 6 :], about)


def test_what_only_polars_sees_is_a_sentence_too(tmp_path: Path) -> None:
    path = tmp_path / "hostile.whydeny"
    _snapshot(path, _short_levels())
    with pytest.raises(InputError, match=r"damaged: sessions\.parquet: it is damaged \(its pages can't be read\)"):
        load_snapshot(path)
    done = subprocess.run([sys.executable, "-c", PAGES, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"whydeny: {path}: the snapshot is damaged: sessions.parquet: it is damaged (its pages can't be read)"
    ]


def test_a_hostile_snapshot_gets_its_sentence_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "hostile.whydeny"
    _snapshot(path, footer(_nested(200_000)))
    done = subprocess.run([sys.executable, "-c", PAGES, str(path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "the snapshot is damaged: sessions.parquet: it has more than 10,000 columns" in done.stderr
