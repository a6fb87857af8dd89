"""Times as logs, exports and spreadsheets write them, to the device's own local time."""

import re
from datetime import UTC, datetime

import polars as pl

# Before this a clock was not set: PAN-OS writes the epoch, shifted by the time zone, for "no time".
_FIRST_YEAR = 1971
_LAST_YEAR = 2199  # what is later is no time of a log, and nothing can be reckoned from the end of the calendar
_SPREADSHEET = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AP]M)?", re.IGNORECASE
)
_FORMS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%a %b %d %H:%M:%S %Y",
    "%b %d %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y/%m/%d",
)  # fmt: skip
_EPOCH = re.compile(r"1[0-9]{9}")


def read_times(texts: pl.Series) -> tuple[pl.Series, int]:
    """Naive local times of distinct texts (pl.Datetime("us")), null where unset; and how many can't be read or can't be.

    `05/10/2020 10:01` is month first unless another of the texts shows that it can't be (spreadsheets write
    either, by the reader's country).
    """
    texts = texts.cast(pl.String)
    times = texts.str.to_datetime("%Y/%m/%d %H:%M:%S", time_unit="us", strict=False)
    if times.null_count() > texts.null_count():  # ISO forms: the wall clock without its offset
        clock = texts.str.replace(r"(?:Z|[+-]\d\d:?\d\d)$", "")
        times = times.fill_null(clock.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False))
    odd = times.is_null() & texts.is_not_null()
    unreadable = 0
    if odd.any():
        rest = texts.filter(odd).to_list()
        day_first = writes_day_first(rest)
        found = [parse_time(text, day_first) for text in rest]
        unreadable = sum(f is None and bool(t.strip()) for f, t in zip(found, rest, strict=True))
        times = times.scatter(odd.arg_true(), pl.Series(found, dtype=pl.Datetime("us")))
    years = times.dt.year()
    late = (years > _LAST_YEAR).fill_null(False)
    nothing = late | (years < _FIRST_YEAR).fill_null(False)
    return (times.set(nothing, None) if nothing.any() else times), unreadable + int(late.sum())


def writes_day_first(texts: list[str]) -> bool:
    """Whether spreadsheet dates among `texts` can only be day/month/year."""
    return any((m := _SPREADSHEET.fullmatch(t.strip())) and int(m[1]) > 12 >= int(m[2]) for t in texts)


def parse_time(text: str, day_first: bool = False) -> datetime | None:
    """One time in any of the shapes of logs and exports, without its offset; None for anything else."""
    text = " ".join(text.split())
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    if match := _SPREADSHEET.fullmatch(text):
        first, second, year, hour, minute, seconds, half = match.groups()
        month, day = (second, first) if day_first or int(first) > 12 else (first, second)
        clock = int(hour) % 12 + (12 if half.upper() == "PM" else 0) if half else int(hour)
        try:
            return datetime(int(year), int(month), int(day), clock, int(minute), int(seconds or 0))
        except ValueError:
            return None
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text), tz=UTC).replace(tzinfo=None)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
