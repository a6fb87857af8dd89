"""Columnar tests over the kinds of columns that a table has; each yields true or false, never null."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from whydeny.model.addresses import split_halves


def _words(column: pl.Expr, test: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    """`test` over text in lower case, asked once for each distinct word where the column keeps words as codes."""

    def over(series: pl.Series) -> pl.Series:
        dtype = series.dtype
        if isinstance(dtype, pl.Categorical):
            words = dtype.categories.to_series()  # by code
        elif isinstance(dtype, pl.Enum):
            words = dtype.categories
        else:
            return test(series.cast(pl.String).str.to_lowercase())
        codes = series.to_physical()
        kept = test(words.str.to_lowercase()).arg_true().cast(codes.dtype)
        return codes.is_in(kept.implode())

    return column.map_batches(over, return_dtype=pl.Boolean, is_elementwise=True).fill_null(False)


def lowered(values: Iterable[str]) -> list[str]:
    """`values` in lower case as the columns are lowered."""
    return pl.Series(values, dtype=pl.String).str.to_lowercase().to_list()


def is_word(column: pl.Expr, values: Iterable[str]) -> pl.Expr:
    """Whether a word or text is one of `values`, without case; `""` stands for no value."""
    wanted = lowered(values)
    found = _words(column, lambda text: text.is_in(wanted))
    return found | column.is_null() if "" in wanted else found


def has_word(column: pl.Expr, value: str) -> pl.Expr:
    """Whether a word or text contains `value`, without case."""
    (wanted,) = lowered([value])
    return _words(column, lambda text: text.str.contains(wanted, literal=True))


def has_text(column: pl.Expr, value: str) -> pl.Expr:
    """Whether a column of long, mostly distinct text contains `value`, without case."""
    return column.str.contains("(?i)" + pl.escape_regex(value)).fill_null(False)


def has_digits(column: pl.Expr, digits: str) -> pl.Expr:
    """Whether the decimal text of a number contains `digits`."""

    def over(series: pl.Series) -> pl.Series:
        distinct = series.unique().drop_nulls()
        kept = distinct.filter(distinct.cast(pl.String).str.contains(digits, literal=True))
        return series.is_in(kept.implode())

    return column.map_batches(over, return_dtype=pl.Boolean, is_elementwise=True).fill_null(False)


def is_number(column: pl.Expr, ranges: Sequence[tuple[int, int]]) -> pl.Expr:
    """Whether a number lies in one of `ranges`, ends included."""
    singles = [first for first, last in ranges if first == last]
    tests = [column.is_between(pl.lit(first), pl.lit(last)) for first, last in ranges if first != last]
    if singles:
        tests.append(column.is_in(singles) if len(singles) > 1 else column == singles[0])
    return any_of(tests).fill_null(False)


def is_address(name: str, ranges: Sequence[tuple[int, int]]) -> pl.Expr:
    """Whether the address column `name` lies in one of `ranges` of 128-bit numbers, ends included."""
    high, low = pl.col(f"{name}_hi"), pl.col(f"{name}_lo")
    tests: list[pl.Expr] = []
    singles: dict[int, list[int]] = {}
    for first, last in ranges:
        (first_high, first_low), (last_high, last_low) = split_halves(first), split_halves(last)
        if first == last:
            singles.setdefault(first_high, []).append(first_low)
        elif first_high == last_high:
            tests.append((high == _u64(first_high)) & low.is_between(_u64(first_low), _u64(last_low)))
        else:
            after = (high > _u64(first_high)) | ((high == _u64(first_high)) & (low >= _u64(first_low)))
            before = (high < _u64(last_high)) | ((high == _u64(last_high)) & (low <= _u64(last_low)))
            tests.append(after & before)
    for half, lows in singles.items():
        same = low == _u64(lows[0]) if len(lows) == 1 else low.is_in(pl.Series(lows, dtype=pl.UInt64).implode())
        tests.append((high == _u64(half)) & same)
    return any_of(tests).fill_null(False)


def has_bits(column: pl.Expr, bits: int) -> pl.Expr:
    """Whether all of `bits` are set; false where no flags were logged."""
    mask = pl.lit(bits, dtype=pl.UInt32)
    return ((column & mask) == mask).fill_null(False)


def any_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    """OR of one or more tests."""
    return tests[0] if len(tests) == 1 else pl.any_horizontal(tests)


def _u64(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.UInt64)
