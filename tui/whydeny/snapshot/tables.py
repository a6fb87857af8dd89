"""Tables of a snapshot, read from bytes that may come from anywhere."""

from collections.abc import Mapping
from io import BytesIO

import polars as pl
from polars.exceptions import PanicException

from whydeny.model.safe import LONGEST, safe_text

MOST_ROWS = 50_000_000
_SUSPECT = r"[^\x20-\x7e]"  # what safe_text may change


class BadTable(Exception):
    """A part that is no table, or not the expected one; the message says what is wrong with it."""


def read_table(data: bytes, rows: int) -> pl.DataFrame:
    """The parquet table in `data`, which the manifest says has `rows` rows. Raises `BadTable`."""
    try:
        count = pl.scan_parquet(BytesIO(data)).select(pl.len()).collect().item()
        if count != rows or count > MOST_ROWS:
            raise BadTable(f"it has {count:,} rows, not {rows:,}")
        return pl.read_parquet(data)
    except BadTable:
        raise
    except (Exception, PanicException) as error:  # noqa: BLE001  polars raises many kinds, and panics
        said = safe_text(str(error).partition("\n")[0], 120)
        raise BadTable(f"it is damaged ({said})") from None


def fit_table(frame: pl.DataFrame, wanted: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """`frame` with exactly the columns of `wanted`, nulls where it lacks one, and its further text columns
    (`x:HEADING`) behind them; all text made safe. Raises `BadTable` for a column of another type."""
    columns: list[pl.Series] = []
    for name, dtype in wanted.items():
        if name not in frame.columns:
            columns.append(pl.repeat(None, frame.height, dtype=dtype, eager=True).alias(name))
            continue
        series = frame[name]
        if series.dtype != dtype and not _same_words(series.dtype, dtype):
            raise BadTable(f"its column {name} holds {series.dtype}, not {dtype}")
        columns.append(_harmless(series))
    for name in frame.columns:
        if name.startswith("x:") and frame[name].dtype == pl.String and safe_text(name, 200) == name:
            columns.append(_harmless(frame[name]))
    return pl.DataFrame(columns)


def _same_words(found: pl.DataType, wanted: pl.DataType) -> bool:
    return isinstance(found, pl.Categorical) and isinstance(wanted, pl.Categorical)


def _harmless(series: pl.Series) -> pl.Series:
    """`series` with every text as `safe_text` leaves it; most have nothing to change and are only looked at."""
    if series.dtype == pl.String:
        if _is_harmless(series):
            return series
        distinct = series.unique().drop_nulls()
        return series.replace_strict(distinct, _safe(distinct), return_dtype=pl.String)
    if isinstance(series.dtype, pl.Categorical):
        words = series.unique().drop_nulls().cast(pl.String)
        if _is_harmless(words):
            return series
        return series.cast(pl.String).replace_strict(words, _safe(words), return_dtype=series.dtype)
    return series


def _is_harmless(texts: pl.Series) -> bool:
    longest = texts.str.len_bytes().max()
    if isinstance(longest, int) and longest > LONGEST:
        return False
    return not texts.str.contains(_SUSPECT).any()


def _safe(texts: pl.Series) -> pl.Series:
    return pl.Series([safe_text(text) for text in texts], dtype=pl.String)
