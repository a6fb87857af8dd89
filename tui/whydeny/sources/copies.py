"""Log rows that stand in several files, as where exports overlap, count once.

A firewall numbers the rows of each log type one after another, so that what has its serial number, a sequence number, a
time and a session in common is one row, wherever it stands. Source: PAN-OS syslog field descriptions, Sequence Number.
"""

from collections.abc import Sequence

import polars as pl

from whydeny.model.columns import Kind, schema
from whydeny.model.site import Problem, Source

_LISTED = 20  # pairs of files that are listed one by one
_EXACT = 1 << 53  # spreadsheets hold no larger number, and write 15 digits of it
Pairs = dict[tuple[int, int], int]


def drop_copies(kind: Kind, tables: list[pl.DataFrame]) -> Pairs:
    """Leave of every log row that stands in several files the copy with the most cells, of equal ones the first.

    Every table is of one file. Rows without serial or sequence number stay as they are, and so do those whose numbers
    stand twice in one file or with two times or sessions. Returns for pairs of files, the first in front, how many rows
    of the two count once now.
    """
    if len({file for table in tables for file in table["file"].head(1)}) < 2:
        return {}
    found = _alike(tables, ("subtype", "time", *(("session_id",) if "source_lo" in schema(kind) else ())))
    if not found.height:
        return {}
    found = found.with_columns(pl.concat([_cells(table) for table in tables]).gather(found["row"]).alias("cells"))
    return _drop(tables, _paired(found))


def _alike(tables: Sequence[pl.DataFrame], also: Sequence[str]) -> pl.DataFrame:
    """The rows (`row`, `file`) that stand in several files; those of one number (`same`) are alike."""
    keys = pl.concat([table.select("file", "serial", "sequence", *also) for table in tables], rechunk=False)
    keys = _numbered(keys.with_row_index("row"), also)
    keys = keys.with_columns(pl.col("serial").to_physical()).sort("serial", "sequence", maintain_order=True)

    def as_before(*names: str) -> pl.Expr:
        return pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in names)

    again = as_before("serial", "sequence")
    keys = keys.select(
        "row",
        "file",
        again.alias("again"),
        (again & (as_before("file") | ~as_before(*also))).alias("wrong"),
        (~again).cum_sum().alias("same"),
    )
    keys = keys.filter(pl.col("again") | pl.col("again").shift(-1))
    wrong = keys.filter("wrong")["same"].unique()
    return keys.filter(~pl.col("same").is_in(wrong.implode())) if len(wrong) else keys


def _numbered(keys: pl.DataFrame, also: Sequence[str]) -> pl.DataFrame:
    """The rows that say which they are; not those of a file whose sequence numbers a spreadsheet has rounded."""
    rest = (pl.col("sequence").filter(pl.col("sequence") > _EXACT) % 1000).max()
    rounded = keys.lazy().group_by("file").agg(rest.alias("rest")).filter(pl.col("rest") == 0).collect()["file"]
    needed = [pl.col(name).is_not_null() for name in ("serial", "sequence", *also) if name != "subtype"]
    return keys.filter(*needed, pl.col("sequence") > 0, ~pl.col("file").is_in(rounded.to_list()))


def _cells(table: pl.DataFrame) -> pl.Series:
    """How many cells of each row have something in them."""
    return table.select(pl.sum_horizontal(pl.exclude("file", "line").is_not_null()).alias("cells"))["cells"]


def _paired(found: pl.DataFrame) -> pl.DataFrame:
    """The copies to drop (`row`, `file`), each with the file of the one that stays (`kept`)."""
    ordered = found.sort("same", "cells", "row", descending=[False, True, False])
    first = pl.col("same").ne_missing(pl.col("same").shift())
    kept = pl.when(first).then(pl.col("file")).forward_fill()
    return ordered.select("row", "file", kept.alias("kept"), first.alias("first")).filter(~pl.col("first"))


def _drop(tables: list[pl.DataFrame], copies: pl.DataFrame) -> Pairs:
    """Take the copies out of the tables, one table after the other."""
    height = sum(table.height for table in tables)
    stays = pl.repeat(True, height, eager=True).scatter(copies["row"].sort(), False)
    begin = 0
    for place, table in enumerate(tables):
        here = stays.slice(begin, table.height)
        begin += table.height
        if not here.all():
            tables[place] = table.filter(here)
    both = copies.select(pl.min_horizontal("file", "kept"), pl.max_horizontal("file", "kept").alias("other"))
    return {(first, last): rows for first, last, rows in both.group_by("file", "other").len().rows()}


def say_copies(pairs: Pairs, sources: Sequence[Source]) -> list[Problem]:
    """One sentence for each pair of files that have rows in common."""
    said = []
    for (first, last), rows in sorted(pairs.items())[:_LISTED]:
        stand, count = ("row of it is", "counts") if rows == 1 else ("rows of it are", "count")
        message = f"{rows:,} {stand} also in {sources[first].name} and {count} once"
        said.append(Problem(sources[last].name, None, message))
    if len(pairs) > _LISTED:
        rest = sorted(pairs.items())[_LISTED:]
        rows = sum(count for _, count in rest)
        said.append(Problem("the inputs", None, f"{rows:,} rows of {len(rest):,} more pairs of files count once"))
    return said
