"""A history on the days where clocks and calendars are odd, and the zones in which it is played."""

from datetime import UTC, date, datetime, timedelta

ZONES = (
    "Pacific/Kiritimati",  # 14 hours before UTC: another day for most of the day
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kathmandu",  # three quarters of an hour
    "Australia/Lord_Howe",  # summer time is half an hour
    "America/St_Johns",
    "Pacific/Pago_Pago",  # 11 hours after UTC
    "UTC",
)
CLIENT = "acme"


def days_around(day: date, before: int = 1, after: int = 1) -> list[date]:
    """A day with its neighbours."""
    return [day + timedelta(days=number) for number in range(-before, after + 1)]


DAYS = [
    *days_around(date(2021, 1, 1), before=5, after=3),  # ISO week 53 of 2020 ends on 3 January
    *days_around(date(2024, 2, 29)),  # a leap day, and a new price on it
    *days_around(date(2024, 11, 3)),  # summer time ends in America
    *days_around(date(2025, 3, 9)),  # and begins there,
    *days_around(date(2025, 3, 30)),  # in Europe,
    *days_around(date(2025, 10, 26)),  # and ends in Europe at 01:00 UTC
]
FILE_DAY = date(2025, 10, 26)
MODIFIED = datetime(2025, 10, 26, 0, 59, tzinfo=UTC)
# As-of by name. A clock on a wall in Berlin shows 02:59 for the first and 02:01 for the second, which is the newer one.
EXPORTS = {"first.csv": ("2025-10-26T00:59", 100), "second.csv": ("2025-10-26T01:01", 200)}


def impressions(day: date) -> int:
    """Of Surfside on a day: no two days are alike."""
    return 1_000 + day.toordinal() % 997
