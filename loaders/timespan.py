"""Spans of days, both ends included."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta


def days_between(first: date, last: date) -> tuple[date, ...]:
    """Every day from `first` to `last`, both included; none if `first` is later."""
    return tuple(first + timedelta(days=offset) for offset in range((last - first).days + 1))


def cut(first: date, last: date, length: int) -> Iterator[tuple[date, date]]:
    """Consecutive spans of at most `length` days that cover `first` to `last`: ceil(days / length) of them."""
    start = first
    while start <= last:
        end = min(start + timedelta(days=length - 1), last)
        yield start, end
        start = end + timedelta(days=1)


def runs_of_days(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as spans without a gap, ascending."""
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs
