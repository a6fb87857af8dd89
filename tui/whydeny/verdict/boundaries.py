"""The moments at which a schedule begins or ends."""

from datetime import datetime, timedelta

from whydeny.model.configuration import Schedule

DAY = 24 * 60  # minutes


def near_boundary(schedule: Schedule, moment: datetime) -> bool:
    """Whether a schedule begins or ends within a minute of a moment of the device's local time."""
    weekday = moment.strftime("%A").lower()
    minutes = moment.hour * 60 + moment.minute + moment.second / 60
    for span in (*schedule.daily, *schedule.weekly.get(weekday, ())):
        for edge in span.split("-"):
            hours, _, rest = edge.strip().partition(":")
            if hours.isdigit() and rest.isdigit():
                distance = abs(minutes - (int(hours) * 60 + int(rest)))
                if min(distance, DAY - distance) <= 1:
                    return True
    for span in schedule.dates:
        for edge in span.split("-"):
            try:
                at = datetime.strptime(edge.strip(), "%Y/%m/%d@%H:%M")
            except ValueError:
                continue
            if abs(at - moment) <= timedelta(minutes=1):
                return True
    return False


def boundary_minutes(schedule: Schedule) -> set[int]:
    """The minutes of the day at which a schedule can begin or end, whatever the day."""
    spans = [*schedule.daily, *(span for spans in schedule.weekly.values() for span in spans), *schedule.dates]
    found = set()
    for span in spans:
        for edge in span.split("-"):
            hours, _, minutes = edge.rpartition("@")[2].strip().partition(":")
            if hours.isdigit() and minutes.isdigit():
                found.add((int(hours) * 60 + int(minutes)) % DAY)
    return found
