"""The day that it is, and calendar months, each named by its first day. Everything is UTC."""

from datetime import UTC, date, datetime, timedelta


def utc_today() -> date:
    """The day that it is now."""
    return datetime.now(UTC).date()


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before a day's."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def days_of(month: date) -> list[date]:
    """Every day of a month."""
    return [month + timedelta(days=number) for number in range((month_after(month) - month).days)]


def named(month: date) -> str:
    """`2026-10`, as commands take it."""
    return f"{month:%Y-%m}"
