"""Tables of a snapshot, read from bytes that may come from anywhere."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

import numpy as np
import polars as pl
from polars.exceptions import PanicException

from whydeny.model.columns import FIRST_YEAR, LAST_YEAR, LONGEST_SESSION
from whydeny.model.safe import LONGEST, safe_text
from whydeny.snapshot.manifest import MOST_ROWS
from whydeny.snapshot.parquet import BadTable, check_parquet

_WORDS = (pl.Categorical, pl.Enum)  # of other words, where another version or program wrote them
_SLICE = 100_000  # rows looked through at a time


def read_table(data: bytes, rows: int, wanted: Mapping[str, pl.DataType], most: int) -> tuple[pl.DataFrame, int]:
    """The parquet table in `data`, which the manifest says has `rows` rows, and the bytes of memory that it takes, of
    which there are `most`.

    The columns `wanted` are of the types there, words of fixed lists as any words. Raises `BadTable`.
    """
    if rows > MOST_ROWS:
        raise BadTable(f"it has {rows:,} rows by the manifest; {MOST_ROWS:,} is the most that is opened")
    checked = check_parquet(data, rows, wanted)
    if checked.memory > most:
        raise BadTable(f"it would take {checked.memory:,} bytes of memory, which this machine does not have")
    try:
        with _hushed():
            frame = pl.read_parquet(checked.data)
    except PanicException:
        raise BadTable("it is damaged (its pages can't be read)") from None
    except Exception as error:  # noqa: BLE001  polars raises many kinds
        said = safe_text(str(error).partition("\n")[0], 120)
        raise BadTable(f"it is damaged ({said})") from None
    if frame.height != rows:
        raise BadTable(f"it has {frame.height:,} rows, not {rows:,}")
    return frame, checked.memory


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep polars from saying on the error output, past Python, where it panics: what is raised says enough.

    A screen is drawn through the same output, which is then let alone.
    """
    try:
        kept = None if "textual" in sys.modules else os.dup(2)
    except OSError:  # it is closed
        kept = None
    if kept is None:
        yield
        return
    with suppress(ValueError, AttributeError):
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def fit_table(frame: pl.DataFrame, wanted: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """`frame` with exactly the columns of `wanted`, nulls where it lacks one, and its further text columns
    (`x:HEADING`) behind them; all text made safe. Raises `BadTable` for a column of another type, and for times that
    none of a log is."""
    columns: list[pl.Series] = []
    nothing: dict[pl.DataType, pl.Series] = {}  # columns that are lacking share one piece of memory for each type
    for name, dtype in wanted.items():
        if name not in frame.columns:
            if dtype not in nothing:
                nothing[dtype] = pl.repeat(None, frame.height, dtype=dtype, eager=True)
            columns.append(nothing[dtype].alias(name))
        elif frame[name].dtype == dtype:
            columns.append(frame[name])
        elif isinstance(frame[name].dtype, _WORDS) and isinstance(dtype, _WORDS):
            columns.append(_words(frame[name], dtype))
        else:
            raise BadTable(f"its column {name} holds {frame[name].dtype}, not {dtype}")
    for name in frame.columns:
        if name.startswith("x:") and frame[name].dtype == pl.String and safe_text(name, 200) == name:
            columns.append(frame[name])
    fitted = pl.DataFrame(columns)
    _check_times(fitted)
    return fitted.with_columns([_made_safe(fitted[name]) for name in _suspects(fitted)])


def _check_times(frame: pl.DataFrame) -> None:
    """Raise `BadTable` for what the readers of logs leave out: nothing can be reckoned from it."""
    years = pl.Series([datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR + 1, 1, 1)], dtype=pl.Datetime("us"))
    begin, end = years.to_physical()
    for name, dtype in frame.schema.items():
        if dtype.is_temporal():
            moments = frame[name].to_physical()  # numbers: a time may lie beyond every calendar
            if not begin <= _number(moments.min(), begin) <= _number(moments.max(), begin) < end:
                raise BadTable(f"its column {name} holds a time before {FIRST_YEAR} or after {LAST_YEAR}")
        elif name == "elapsed" and _number(frame[name].max(), 0) > LONGEST_SESSION:
            raise BadTable("its column elapsed holds a session of more than a hundred years")


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _words(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Words of one list as words of another; those that it lacks are null."""
    between = series if isinstance(dtype, pl.Enum) else series.cast(pl.String)
    return between.cast(dtype, strict=False)


def _suspects(frame: pl.DataFrame) -> list[str]:
    """The text columns in which `safe_text` may have something to change: usually none."""
    found = []
    pools: dict[str, bool] = {}  # columns of words share one pool of distinct words, looked through once
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Categorical):
            pool = repr(dtype.categories)
            if pool not in pools:
                pools[pool] = _is_suspect(dtype.categories.to_series().drop_nulls())
            if pools[pool] and _is_suspect(frame[name].unique().drop_nulls().cast(pl.String)):
                found.append(name)
        elif dtype == pl.String and _is_suspect(frame[name]):
            found.append(name)
    return found


def _is_suspect(texts: pl.Series) -> bool:
    longest = texts.str.len_bytes().max()
    if not isinstance(longest, int):
        return False
    return longest > LONGEST or any(_is_odd(texts.slice(start, _SLICE)) for start in range(0, len(texts), _SLICE))


def _is_odd(texts: pl.Series) -> bool:
    """Whether any character is not printable ASCII: much faster over one long text than over a million short ones."""
    whole = str(texts.str.join("")[0] or "")
    if not whole.isascii():
        return True
    codes = np.frombuffer(whole.encode("ascii"), dtype=np.uint8)
    return bool((codes < 0x20).any() or (codes == 0x7F).any())


def _made_safe(series: pl.Series) -> pl.Series:
    distinct = series.unique().drop_nulls().cast(pl.String)
    safe = pl.Series([safe_text(text) for text in distinct], dtype=pl.String)
    return series.cast(pl.String).replace_strict(distinct, safe, return_dtype=pl.String).cast(series.dtype)
