"""Days that nothing changes any more: those of archived months, and the rest of the week that the last of them ends in.

The dbt macros `first_hot_day` and `first_open_day` say the same.
"""

from datetime import date, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from warehouse.control import ArchivedMonth
from warehouse.months import month_after
from warehouse.postgres.database import relation_exists

RESTS_ON = "intermediate.int_source_days__published"


def first_open_day(current: Session) -> date:
    """The first day that can change; `date.min` while no month is archived."""
    last = current.scalar(select(func.max(ArchivedMonth.month)))
    return date.min if last is None else monday_from(month_after(last))


def monday_from(day: date) -> date:
    """The first Monday on or after a day."""
    return day + timedelta(days=-day.weekday() % 7)


def final_months(current: Session, client_id: str) -> frozenset[date]:
    """The months, by their first days, in which a client has published days that are final."""
    before = first_open_day(current)
    if before == date.min or not relation_exists(current, RESTS_ON):
        return frozenset()
    return frozenset(current.scalars(text(_FINAL_MONTHS), {"client_id": client_id, "before": before}))


_FINAL_MONTHS = f"""
    select distinct cast(date_trunc('month', date) as date) from {RESTS_ON}
    where client_id = :client_id and date < :before
"""  # noqa: S608 – a name of ours
