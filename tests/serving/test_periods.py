"""What presets mean and what a period is compared with, across the ends of months, years and February."""

from datetime import date

import pytest

from serving.periods import Period, compared_with, preset, previous, year_earlier

DELIVERED = Period(date(2025, 9, 1), date(2025, 12, 31))  # ends on a Wednesday, the last day of a month and year


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("last_7_days", date(2025, 12, 25), date(2025, 12, 31)),
        ("last_30_days", date(2025, 12, 2), date(2025, 12, 31)),
        ("last_90_days", date(2025, 10, 3), date(2025, 12, 31)),
        ("this_week", date(2025, 12, 29), date(2025, 12, 31)),
        ("last_week", date(2025, 12, 22), date(2025, 12, 28)),
        ("this_month", date(2025, 12, 1), date(2025, 12, 31)),
        ("last_month", date(2025, 11, 1), date(2025, 11, 30)),
        ("this_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("all", date(2025, 9, 1), date(2025, 12, 31)),
    ],
)
def test_presets_count_back_from_the_last_delivered_day(name: str, start: date, end: date) -> None:
    assert preset(name, DELIVERED) == Period(start, end)


def test_last_month_of_a_january_is_december() -> None:
    assert preset("last_month", Period(date(2025, 1, 1), date(2026, 1, 1))) == Period(
        date(2025, 12, 1), date(2025, 12, 31)
    )


def test_this_week_of_a_monday_is_that_monday() -> None:
    assert preset("this_week", Period(date(2025, 9, 1), date(2025, 12, 29))).length == 1


def test_before_a_span_of_days_come_as_many_days() -> None:
    assert previous(Period(date(2025, 3, 1), date(2025, 3, 7))) == Period(date(2025, 2, 22), date(2025, 2, 28))
    assert previous(Period(date(2025, 1, 1), date(2025, 1, 1))) == Period(date(2024, 12, 31), date(2024, 12, 31))


def test_before_a_whole_month_comes_the_whole_month_before() -> None:
    assert previous(Period(date(2025, 3, 1), date(2025, 3, 31))) == Period(date(2025, 2, 1), date(2025, 2, 28))
    assert previous(Period(date(2024, 3, 1), date(2024, 3, 31))) == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert previous(Period(date(2025, 1, 1), date(2025, 1, 31))) == Period(date(2024, 12, 1), date(2024, 12, 31))


def test_before_a_quarter_comes_the_quarter_before() -> None:
    assert previous(Period(date(2025, 1, 1), date(2025, 3, 31))) == Period(date(2024, 10, 1), date(2024, 12, 31))


def test_a_month_to_date_is_compared_with_as_many_days() -> None:
    assert previous(Period(date(2025, 11, 1), date(2025, 11, 20))) == Period(date(2025, 10, 12), date(2025, 10, 31))


def test_a_year_earlier_is_the_same_days_and_whole_months_stay_whole() -> None:
    assert year_earlier(Period(date(2025, 3, 5), date(2025, 3, 9))) == Period(date(2024, 3, 5), date(2024, 3, 9))
    assert year_earlier(Period(date(2024, 2, 29), date(2024, 3, 2))) == Period(date(2023, 2, 28), date(2023, 3, 2))
    assert year_earlier(Period(date(2025, 2, 1), date(2025, 2, 28))) == Period(date(2024, 2, 1), date(2024, 2, 29))


def test_nothing_is_compared_when_nothing_is_asked() -> None:
    period = Period(date(2025, 3, 1), date(2025, 3, 7))
    assert compared_with(period, "none") is None
    assert compared_with(period, "previous") == previous(period)
    assert compared_with(period, "year") == year_earlier(period)


def test_a_period_holds_only_what_lies_whole_in_it() -> None:
    assert DELIVERED.holds(Period(date(2025, 9, 1), date(2025, 9, 30)))
    assert not DELIVERED.holds(Period(date(2025, 8, 31), date(2025, 9, 30)))
    assert not DELIVERED.holds(Period(date(2025, 12, 1), date(2026, 1, 1)))
