"""Spans of days: the presets of the date filter and what a span is compared with. Pure; both ends are included."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    def holds(self, other: "Period") -> bool:
        """Whether every day of the other lies in this one."""
        return self.start <= other.start and other.end <= self.end


# Every preset ends on or before the last delivered day, so that "last 7 days" never counts days that are still to come.
PRESETS = {
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "last_90_days": "Last 90 days",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
    "all": "All days",
    "custom": "Custom",
}
COMPARISONS = {"previous": "Previous period", "year": "A year earlier", "none": "Nothing"}


def preset(name: str, delivered: Period) -> Period:
    """The days that a preset means, seen from the last delivered day. Raises KeyError for an unknown name."""
    last = delivered.end
    week = last - timedelta(days=last.weekday())
    month = last.replace(day=1)
    spans: dict[str, Callable[[], Period]] = {
        "last_7_days": lambda: Period(last - timedelta(days=6), last),
        "last_30_days": lambda: Period(last - timedelta(days=29), last),
        "last_90_days": lambda: Period(last - timedelta(days=89), last),
        "this_week": lambda: Period(week, last),
        "last_week": lambda: Period(week - timedelta(days=7), week - ONE_DAY),
        "this_month": lambda: Period(month, last),
        "last_month": lambda: Period(_months_before(month, 1), month - ONE_DAY),
        "this_year": lambda: Period(last.replace(month=1, day=1), last),
        "all": lambda: delivered,
    }
    return spans[name]()


def compared_with(period: Period, comparison: str) -> Period | None:
    """The period that deltas are taken against; None for no comparison."""
    if comparison == "none":
        return None
    return year_earlier(period) if comparison == "year" else previous(period)


def previous(period: Period) -> Period:
    """The period before: as many whole months when it is made of whole months, else as many days."""
    if _is_whole_months(period):
        months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month + 1
        return Period(_months_before(period.start, months), period.start - ONE_DAY)
    return Period(period.start - timedelta(days=period.length), period.start - ONE_DAY)


def year_earlier(period: Period) -> Period:
    """The same days of the year before; whole months stay whole, and 29 February becomes the 28th."""
    start, end = _year_before(period.start), _year_before(period.end)
    if _is_whole_months(period):
        end = end.replace(day=monthrange(end.year, end.month)[1])
    return Period(start, end)


def _is_whole_months(period: Period) -> bool:
    return period.start.day == 1 and (period.end + ONE_DAY).day == 1


def _months_before(first_of_month: date, months: int) -> date:
    index = first_of_month.year * 12 + first_of_month.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _year_before(day: date) -> date:
    last = monthrange(day.year - 1, day.month)[1]
    return day.replace(year=day.year - 1, day=min(day.day, last))
