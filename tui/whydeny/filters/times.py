"""Times in filters: absolute ones, as exact as they are written, and PAN-OS's relative periods."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

_ABSOLUTE = re.compile(
    r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?)?", re.ASCII
)
_RELATIVE = re.compile(
    r"last-(?:(\d{1,6})-)?(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)", re.IGNORECASE | re.ASCII
)
_CALENDAR = re.compile(r"last-(?:(\d{1,4})-)?calendar-(day|week|month)s?", re.IGNORECASE | re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = 36_525 * 86_400  # a hundred years; more is a slip of the finger

# The periods that a firewall's own log query knows, from the reports' schema, in seconds.
NATIVE_PERIODS = {
    "last-60-seconds": 60,
    "last-15-minutes": 900,
    "last-hour": 3600,
    "last-6-hrs": 21_600,
    "last-12-hrs": 43_200,
    "last-24-hrs": 86_400,
    "last-7-days": 604_800,
    "last-30-days": 2_592_000,
}
CALENDAR_PERIODS = ("last-calendar-day", "last-7-calendar-days", "last-calendar-week", "last-calendar-month")


@dataclass(frozen=True, slots=True)
class Span:
    """The instants that an absolute time stands for, both ends included: a day where only the day is written,
    a second where a log's own form is."""

    first: datetime
    last: datetime


def parse_span(text: str) -> Span | None:
    """The span of `2024/05/14 10:00:00`, `2024-05-14T10:00`, `2024/05/14`; None for anything else."""
    found = _ABSOLUTE.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        first = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    if fraction:
        first = first.replace(microsecond=int(fraction.ljust(6, "0")))
        return Span(first, first)
    unit = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(days=1)
    try:
        return Span(first, first + (unit - timedelta(microseconds=1)))
    except OverflowError:
        return Span(first, datetime.max)


def period_seconds(text: str) -> int | None:
    """The length of `last-15-minutes`, `last-hour`, `last-6-hrs`; None for anything else or over a century."""
    found = _RELATIVE.fullmatch(text.strip())
    if found is None:
        return None
    seconds = int(found[1] or 1) * _SECONDS[found[2][0].lower()]
    return seconds if 0 < seconds <= _LONGEST else None


def is_calendar(text: str) -> bool:
    """Whether it is `last-calendar-day` or one of its kin."""
    found = _CALENDAR.fullmatch(text.strip())
    return found is not None and 0 < int(found[1] or 1) <= 1200


def in_period(column: pl.Expr, text: str, now: datetime | None) -> pl.Expr | None:
    """Whether a time lies in a relative period; None if `text` is no such period.

    `now` None stands for the newest time of the column in the table that the expression is applied to: in a
    saved export that is the moment it was taken at, as far as the rows tell.
    """
    newest = column.max() if now is None else pl.lit(now, dtype=pl.Datetime("us"))
    seconds = period_seconds(text)
    if seconds is not None:
        return column >= newest - pl.duration(seconds=seconds)
    found = _CALENDAR.fullmatch(text.strip())
    if found is None or not is_calendar(text):
        return None
    count, unit = int(found[1] or 1), {"day": "d", "week": "w", "month": "mo"}[found[2].lower()]
    end = newest.dt.truncate(f"1{unit}")  # the last whole days, weeks or months, today's not included
    return (column >= end.dt.offset_by(f"-{count}{unit}")) & (column < end)


def newest(frame: pl.DataFrame) -> datetime | None:
    """The newest time in a table: the `now` of saved files, so that `last-hour` is the last hour they cover."""
    found = [frame[name].max() for name in ("receive_time", "time") if name in frame.columns]
    return max((time for time in found if isinstance(time, datetime)), default=None)


def log_time(time: datetime) -> str:
    """A time as logs write it, to the second."""
    return f"{time:%Y/%m/%d %H:%M:%S}" if time.year >= 1000 else f"{time.year:04}/{time:%m/%d %H:%M:%S}"
