"""Tables of a snapshot, read from bytes that may come from anywhere."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import polars as pl
from polars.exceptions import PanicException

from whydeny.model.safe import LONGEST, safe_text

MOST_ROWS = 50_000_000
_WORDS = (pl.Categorical, pl.Enum)  # of other words, where another version or program wrote them
_SLICE = 100_000  # rows looked through at a time


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
        elif frame[name].dtype == dtype:
            columns.append(frame[name])
        elif isinstance(frame[name].dtype, _WORDS) and isinstance(dtype, _WORDS):
            columns.append(frame[name].cast(pl.String).cast(dtype, strict=False))
        else:
            raise BadTable(f"its column {name} holds {frame[name].dtype}, not {dtype}")
    for name in frame.columns:
        if name.startswith("x:") and frame[name].dtype == pl.String and safe_text(name, 200) == name:
            columns.append(frame[name])
    fitted = pl.DataFrame(columns)
    return fitted.with_columns([_made_safe(fitted[name]) for name in _suspects(fitted)])


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
