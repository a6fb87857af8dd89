"""The first rows of what is being read: filled by a thread that reads, looked at by the screen's."""

import polars as pl

from whydeny.model.tables import SessionTable
from whydeny.ui.columns import BY_NAME, ScreenColumn, dated

KEPT = 20_000  # rows; what comes after them is counted, and not looked at
PLACE = ("file", "line")  # where a row stands, the same before and after everything is put together

# What a row says itself, by the least width it needs, widest first: there are no verdicts before everything is read.
SETS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (180, ("time", "source", "user", "destination", "destination_port", "protocol", "application", "rule", "action",
           "end_reason", "from_zone", "to_zone", "bytes", "elapsed", "flags")),
    (130, ("time", "source", "destination", "destination_port", "application", "rule", "action", "end_reason",
           "from_zone", "to_zone")),
    (100, ("time", "source", "destination_end", "application", "rule", "action", "end_reason")),
    (0, ("time", "source", "destination_end", "application", "action", "end_reason")),
)  # fmt: skip
_STORED = sorted({name for _, names in SETS for column in names for name in BY_NAME[column].stored}.union(PLACE))


class FirstRows:
    """Takes batches of session rows as they are read, and keeps the first `KEPT` rows in the order of the files.

    A batch is kept by reference, with the columns that are shown; it is the reader's own memory.
    """

    def __init__(self) -> None:
        self.count = 0  # rows that were read so far
        self._kept = 0
        self._batches: tuple[pl.DataFrame, ...] = ()

    def take(self, table: SessionTable) -> None:
        """One batch more. Called by one thread at a time, a reading one; costs it nothing once enough is kept."""
        room = KEPT - self._kept
        if room > 0:
            batch = table.frame.select(_STORED).head(room)
            self._kept += batch.height
            self._batches = (*self._batches, batch)
        self.count += len(table)

    def frame(self) -> pl.DataFrame:
        """The rows that are kept, one a row, with the columns that `SETS` needs."""
        return pl.concat((SessionTable().frame.select(_STORED), *self._batches), rechunk=False)


def first_columns(width: int, frame: pl.DataFrame) -> tuple[ScreenColumn, ...]:
    """The columns for a terminal of this width, with dates where the rows are of several days."""
    columns = [BY_NAME[name] for name in next(names for least, names in SETS if width >= least)]
    first, last = frame.select(pl.col("time").min().alias("first"), pl.col("time").max().alias("last")).row(0)
    return dated(columns, first, last)


def same_row(frame: pl.DataFrame, place: tuple[int, int]) -> int | None:
    """The row of `frame` that stands at a file and line (see `PLACE`); None where that is not exactly one."""
    file, line = place
    rows = frame.select(((pl.col("file") == file) & (pl.col("line") == line)).arg_true())["file"]
    return int(rows[0]) if len(rows) == 1 else None
