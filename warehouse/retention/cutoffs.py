"""From which day on things stay, as pure functions of today. Everything is UTC."""

from datetime import date, timedelta

from warehouse.months import months_before
from warehouse.settings import Settings


def first_hot_month(today: date, settings: Settings) -> date:
    """First day of the first month that stays: this one and `RETENTION_HOT_MONTHS` before it."""
    return months_before(today, settings.retention_hot_months)


def raw_stays_from(today: date, settings: Settings) -> date:
    """Rows of a delivery stay whose last day found another winner on this day or later."""
    return today - timedelta(days=settings.retention_raw_days - 1)


def logs_stay_from(today: date, settings: Settings) -> date:
    """Runs that ended, and log files that were written, on this day or later stay."""
    return today - timedelta(days=settings.retention_log_days)


def audit_stays_from(today: date, settings: Settings) -> date:
    """First day of the first month whose audit log stays: whole months leave, once all of them is old enough."""
    return months_before(today, 12 * settings.retention_audit_years)
