"""Times as logs, exports and spreadsheets write them, to the device's own local time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from whydeny.model.columns import FIRST_YEAR, LAST_YEAR

_SPREADSHEET = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AP]M)?", re.IGNORECASE
)
_FORMS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%a %b %d %H:%M:%S %Y",
    "%b %d %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y/%m/%d",
)  # fmt: skip
_EPOCH = re.compile(r"1[0-9]{9}")


@dataclass(slots=True)
class DateOrder:
    """Whether the dates of one file that a spreadsheet has rewritten put the day first, as far as they tell.

    Spreadsheets write `05/10/2020 10:01` with either first, by the reader's country; a number above 12 tells. All of
    a file are read in the order that the first tell, else with the month first; `other_way` are the times of dates
    that either order makes sense of → what the other makes of them.
    """

    day_first: bool = False
    month_first: bool = False
    read_day_first: bool | None = None
    other_way: dict[datetime, datetime] = field(default_factory=dict)

    def learn(self, texts: Iterable[str]) -> None:
        """See what some texts tell of the order."""
        for text in texts:
            if match := _SPREADSHEET.fullmatch(text.strip()):
                first, second = int(match[1]), int(match[2])
                self.day_first |= first > 12 >= second
                self.month_first |= second > 12 >= first

    def read(self, text: str) -> datetime | None:
        """One time in any shape."""
        if not _SPREADSHEET.fullmatch(text.strip()):
            return parse_time(text)
        if self.read_day_first is None:
            self.read_day_first = self.day_first
        time = parse_time(text, self.read_day_first)
        if time is not None and time.day <= 12 and time.day != time.month:
            self.other_way[time] = time.replace(month=time.day, day=time.month)
        return time

    @property
    def mistaken(self) -> dict[datetime, datetime]:
        """The times that were read in another order than the dates after them told → what they are."""
        told = self.day_first != self.month_first
        return self.other_way if told and self.read_day_first != self.day_first else {}

    @property
    def remark(self) -> str:
        """The sentence about dates whose order is a guess; empty where there is nothing to say."""
        if not self.other_way or self.day_first != self.month_first:
            return ""
        example = min(self.other_way)
        day, month = f"{example.day}/{example.month}", f"{example.month}/{example.day}"
        written = day if self.read_day_first else month
        why = (
            "some have the day first and some the month"
            if self.day_first
            else "none tells whether day or month is first"
        )
        return (
            f"a spreadsheet has rewritten its dates and {why}; {written}/{example.year} was read as "
            f"{example:%Y-%m-%d}; export the log anew if that is wrong"
        )


def read_times(texts: pl.Series, order: DateOrder) -> tuple[pl.Series, int]:
    """Naive local times of distinct texts (pl.Datetime("us")), null where unset; and how many can't be read or can't be."""
    texts = texts.cast(pl.String)
    times = texts.str.to_datetime("%Y/%m/%d %H:%M:%S", time_unit="us", strict=False)
    if times.null_count() > texts.null_count():  # ISO forms: the wall clock without its offset
        clock = texts.str.replace(r"(?:Z|[+-]\d\d:?\d\d)$", "")
        times = times.fill_null(clock.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False))
    odd = times.is_null() & texts.is_not_null()
    unreadable = 0
    if odd.any():
        rest = texts.filter(odd).to_list()
        order.learn(rest)
        found = [order.read(text) for text in rest]
        unreadable = sum(f is None and bool(t.strip()) for f, t in zip(found, rest, strict=True))
        times = times.scatter(odd.arg_true(), pl.Series(found, dtype=pl.Datetime("us")))
    years = times.dt.year()
    late = (years > LAST_YEAR).fill_null(False)
    nothing = late | (years < FIRST_YEAR).fill_null(False)
    return (times.set(nothing, None) if nothing.any() else times), unreadable + int(late.sum())


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
        tells = int(first) > 12 or int(second) > 12
        month, day = (second, first) if (int(first) > 12 if tells else day_first) else (first, second)
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
