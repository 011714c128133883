"""Days that nothing changes any more: those of archived months, and the rest of the week that the last of them ends in.

Which they are, `ledger.horizon` says. What they rest on is in `control.final_days`, from the moment they become final.
"""

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.postgres.database import relation_exists

RESTS_ON = "intermediate.int_source_days__published"


def first_open_day(current: Session) -> date:
    """The first day that can change; `date.min` while no month is archived."""
    day: date = current.execute(text("select first_open_day from ledger.horizon")).scalar_one()
    return day


def monday_from(day: date) -> date:
    """The first Monday on or after a day."""
    return day + timedelta(days=-day.weekday() % 7)


def keep_final_days(current: Session) -> None:
    """Keep what the days before the first open one rest on; in the transaction that records an archived month."""
    current.execute(text(_KEEP))


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

_KEEP = f"""
    insert into control.final_days (client_id, source, date, delivery_id)
    select client_id, source, date, delivery_id from {RESTS_ON}
    where date < (select first_open_day from ledger.horizon)
    on conflict do nothing
"""  # noqa: S608 – a name of ours
