"""The moments at which a schedule begins or ends."""

from datetime import datetime

import pytest

from whydeny.model.configuration import Schedule
from whydeny.verdict.boundaries import near_boundary

DAILY = Schedule("d", daily=("08:00-18:00",))
WEEKLY = Schedule("w", weekly={"thursday": ("09:00-12:00",)})
ONCE = Schedule("o", dates=("2024/05/02@10:00-2024/05/03@18:00",))
MIDNIGHT = Schedule("m", daily=("22:00-00:00",))


@pytest.mark.parametrize(
    ("schedule", "moment", "near"),
    [
        (DAILY, "2024-05-02 18:00:01", True),
        (DAILY, "2024-05-02 07:59:30", True),
        (DAILY, "2024-05-02 18:02:00", False),
        (DAILY, "2024-05-02 12:00:00", False),
        (WEEKLY, "2024-05-02 12:00:30", True),
        (WEEKLY, "2024-05-03 12:00:30", False),
        (ONCE, "2024-05-03 18:00:59", True),
        (ONCE, "2024-05-02 18:00:00", False),
        (MIDNIGHT, "2024-05-02 23:59:40", True),
        (Schedule("bad", daily=("eight to six",), dates=("tomorrow",)), "2024-05-02 08:00:00", False),
    ],
    ids=["a second after the end", "before the beginning", "two minutes after", "in the middle", "the weekday's end",
         "another weekday", "the last day", "the first day's evening", "across midnight", "unreadable"],
)  # fmt: skip
def test_a_moment_is_at_a_boundary(schedule: Schedule, moment: str, near: bool) -> None:
    assert near_boundary(schedule, datetime.fromisoformat(moment)) is near
