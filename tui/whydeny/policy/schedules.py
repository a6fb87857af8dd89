"""The schedule of a rule, against the time of a flow (both in the device's own local time).

Source: PAN-OS web interface help, Objects > Schedules. A range holds from its first minute up to its last one,
which is not part of it; 23:59 stands for the end of the day. No document says on which day the hours after midnight fall
of a range that is given for a day of the week and ends before it begins.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from whydeny.model.configuration import Schedule
from whydeny.model.truth import Truth
from whydeny.policy.names import Names
from whydeny.policy.spans import NOTHING, Spans, merge
from whydeny.policy.wording import members as listed

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 24 * 60
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 1)

_RANGE = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_DATES = re.compile(
    r"\s*(\d{4})/(\d{1,2})/(\d{1,2})@(\d{1,2}):(\d{2})\s*-\s*(\d{4})/(\d{1,2})/(\d{1,2})@(\d{1,2}):(\d{2})\s*"
)


def minute_of_week(at: datetime) -> int:
    """Minutes since Monday 00:00."""
    return at.weekday() * DAY + at.hour * 60 + at.minute


def minute_of_time(at: datetime) -> int:
    """Minutes since 1970 of a naive local time."""
    return (at - EPOCH) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleField:
    """The compiled schedule of a rule: minutes of the week, and minutes since 1970, that it covers.

    `perhaps` are the minutes of the week that it may cover; with `settle` it may cover any.
    """

    name: str
    weekly: Spans = NOTHING
    once: Spans = NOTHING
    perhaps: Spans = NOTHING
    text: str = ""
    settle: str = ""

    def decide(self, at: datetime | None) -> Truth:
        """Whether the schedule covers a time."""
        if at is None:
            return Truth.UNKNOWN
        if minute_of_week(at) in self.weekly or minute_of_time(at) in self.once:
            return Truth.MATCH
        return Truth.UNKNOWN if self.settle or minute_of_week(at) in self.perhaps else Truth.NO_MATCH

    def need(self) -> str:
        """What would settle an unknown of a known time."""
        return self.settle or f"on which day PAN-OS counts the hours after midnight of schedule {self.name}"


class ScheduleBook:
    """Compiles the schedules that rules name."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._fields: dict[str, ScheduleField] = {}

    def field(self, name: str) -> ScheduleField:
        """The compiled schedule of that name."""
        found = self._fields.get(name)
        if found is None:
            found = self._fields[name] = _compile(name, self._names.schedule(name))
        return found


def _compile(name: str, schedule: Schedule | None) -> ScheduleField:
    if schedule is None:
        return ScheduleField(name, settle=f"schedule {name} (no schedule of that name in the files)")
    weekly: list[tuple[int, int]] = []
    once: list[tuple[int, int]] = []
    perhaps: list[tuple[int, int]] = []
    words: list[str] = []
    bad: list[str] = []
    for day, ranges in [*((day, schedule.daily) for day in DAYS), *schedule.weekly.items()]:
        for text in ranges:
            minutes = _read_range(text)
            if minutes is None or day.lower() not in DAYS:
                bad.append(text)
                continue
            start = DAYS.index(day.lower()) * DAY
            weekly.append((start + minutes[0][0], start + minutes[0][1]))
            for first, last in minutes[1:]:
                if ranges is schedule.daily:
                    weekly.append((start + first, start + last))
                else:
                    perhaps += [(at + first, at + last) for at in (start, (start + DAY) % WEEK)]
    for text in schedule.dates:
        span = _read_dates(text)
        if span is None:
            bad.append(text)
        else:
            once.append(span)
    words += [f"daily {text}" for text in schedule.daily]
    words += [f"{day} {text}" for day, ranges in schedule.weekly.items() for text in ranges]
    words += schedule.dates
    settle = f"a readable time in schedule {name} ({bad[0]!r})" if bad else ""
    return ScheduleField(name, merge(weekly), merge(once), merge(perhaps), listed(words, 4), settle)


def _read_range(text: str) -> list[tuple[int, int]] | None:
    """`08:00-18:00` as minutes of a day; a range over midnight is its two ends, the evening first."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
    first, last = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if first >= DAY or last > DAY:
        return None
    if last == DAY - 1:
        last = DAY
    if first < last:
        return [(first, last - 1)]
    return [(first, DAY - 1), *([(0, last - 1)] if last else [])]


def _read_dates(text: str) -> tuple[int, int] | None:
    """`2024/05/02@08:00-2024/05/03@18:00` as minutes since 1970."""
    found = _DATES.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, last_year, last_month, last_day, last_hour, last_minute = map(int, found.groups())
    try:
        first = minute_of_time(datetime(year, month, day, hour, minute))
        last = minute_of_time(datetime(last_year, last_month, last_day, last_hour, last_minute))
    except ValueError:
        return None
    if (last_hour, last_minute) == (23, 59):
        last += 1
    return (first, last - 1) if first < last else None
