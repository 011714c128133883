"""From which day on things stay."""

from datetime import date

import pytest

from warehouse.retention import cutoffs
from warehouse.settings import Settings

KEPT = Settings(retention_hot_months=13, retention_raw_days=35, retention_log_days=90, retention_audit_years=2)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 1), date(2025, 10, 1)),
        (date(2026, 11, 30), date(2025, 10, 1)),
        (date(2027, 1, 15), date(2025, 12, 1)),
        (date(2028, 2, 29), date(2027, 1, 1)),
    ],
)
def test_this_month_and_the_thirteen_before_it_are_hot(today: date, first: date) -> None:
    assert cutoffs.first_hot_month(today, KEPT) == first
    assert first <= date(today.year - 1, today.month, 1)  # so that last year's same month is there, whole


def test_a_raw_row_stays_until_its_delivery_has_lost_for_35_days() -> None:
    lost_on = date(2026, 10, 1)
    assert lost_on >= cutoffs.raw_stays_from(date(2026, 11, 4), KEPT)
    assert lost_on < cutoffs.raw_stays_from(date(2026, 11, 5), KEPT)


def test_the_audit_log_leaves_by_whole_months() -> None:
    assert cutoffs.audit_stays_from(date(2026, 11, 30), KEPT) == date(2024, 11, 1)
