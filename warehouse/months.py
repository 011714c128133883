"""Calendar months, each named by its first day: pure."""

from datetime import date, timedelta


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def days_of(month: date) -> list[date]:
    """Every day of a month."""
    return [month + timedelta(days=number) for number in range((month_after(month) - month).days)]


def named(month: date) -> str:
    """`2026-10`, as commands take it."""
    return f"{month:%Y-%m}"
