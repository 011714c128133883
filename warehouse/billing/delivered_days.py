"""The days of a client as they are published, and as the next build would make them: questions only.

raw ledgers and verdicts → the newest delivery of each day ┐
what the published rows rest on, and their sums ───────────┴─► one `DeliveredDay` per source and day
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.billing.final_days import RESTS_ON, first_open_day
from warehouse.billing.rates import Curve
from warehouse.control import sources
from warehouse.postgres.database import relation_exists

CAMPAIGN_DAYS = "marts.daily_campaign_metrics"
THOUSANDTH = Decimal("0.001")


@dataclass
class DeliveredDay:
    """One source's day.

    `delivery_id` is what the next build reads, None: nothing; `rows` and `impressions` are those of it. The published
    values are None for a day that is not published; a published day without rows has no impressions and no spend.
    `waiting` are the deliveries, newer than that, that a verdict keeps from it: (delivery_id, 'held' or 'pending').
    """

    source: str
    date: date
    delivery_id: str | None = None
    rows: int = 0
    impressions: int = 0
    published_id: str | None = None
    published_cpm: Decimal | None = None
    published_impressions: int = 0
    published_spend: Decimal | None = None
    published_rows: int = 0
    waiting: list[tuple[str, str]] = field(default_factory=list)

    def is_unbuilt(self, prices: Curve) -> bool:
        """Whether a build would change the day, at these prices."""
        if self.delivery_id != self.published_id:
            return True
        return self.delivery_id is not None and prices.at(self.date) != self.published_cpm

    @property
    def is_unpriced(self) -> bool:
        """Whether it has published rows and no spend."""
        return self.published_rows > 0 and self.published_spend is None


def spend(impressions: int, cpm: Decimal) -> Decimal:
    """impressions / 1000 × CPM, exact, as the marts have it."""
    return impressions * cpm * THOUSANDTH


def delivered_days(
    current: Session, client_id: str, first: date | None = None, before: date | None = None
) -> list[DeliveredDay]:
    """Every source's delivered and published days of a client from `first` on and before `before`, in order."""
    asked = {"client_id": client_id, "first": first or date.min, "before": before or date.max}
    found: dict[tuple[str, date], DeliveredDay] = {}

    def day(row: Any) -> DeliveredDay:
        return found.setdefault((row.source, row.date), DeliveredDay(row.source, row.date))

    for source in sources.names(current):
        if relation_exists(current, f"raw_{source}.delivery_days"):
            for row in current.execute(text(_NEWEST_FIRST.format(source=source)), asked):
                _read(day(row), row)
    if relation_exists(current, RESTS_ON):
        for row in current.execute(text(_RESTS_ON), asked):
            its = day(row)
            its.published_id, its.published_cpm = row.delivery_id, row.cpm
    if relation_exists(current, CAMPAIGN_DAYS):
        for row in current.execute(text(_PUBLISHED), asked):
            its = day(row)
            its.published_impressions, its.published_spend = int(row.impressions), row.spend
            its.published_rows = row.campaigns
    final_before = first_open_day(current)
    for its in found.values():
        if its.date < final_before:
            _keep(its)
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0])) if _is_something(found[key])]


def published_sums(days: Sequence[DeliveredDay]) -> tuple[int, Decimal | None]:
    """Impressions and spend of days as published; no spend as soon as one of them has rows and no price."""
    with_rows = [day for day in days if day.published_rows]
    spends = [day.published_spend for day in with_rows if day.published_spend is not None]
    whole = sum(spends, Decimal(0)) if len(spends) == len(with_rows) else None
    return sum(day.published_impressions for day in with_rows), whole


def _read(day: DeliveredDay, row: Any) -> None:
    """Take the next delivery of a day, newest first: those before the first allowed one wait."""
    if day.delivery_id is not None:
        return
    if row.verdict in ("passed", "released"):
        day.delivery_id, day.rows, day.impressions = row.delivery_id, row.rows, int(row.impressions or 0)
    else:
        day.waiting.append((row.delivery_id, row.verdict or "pending"))


def _keep(day: DeliveredDay) -> None:
    """A final day rests on what is published, whatever was delivered since."""
    day.delivery_id, day.waiting = day.published_id, []
    day.rows, day.impressions = day.published_rows, day.published_impressions


def _is_something(day: DeliveredDay) -> bool:
    return day.delivery_id is not None or day.published_id is not None or bool(day.waiting)


# In the order in which deliveries win a day (see the dbt model `int_delivery_days__won`).
_NEWEST_FIRST = """
    select
        '{source}' as source, days.date, days.delivery_id, days.rows, days.impressions, verdicts.verdict
    from raw_{source}.delivery_days as days
    inner join raw_{source}.deliveries as deliveries
        on days.delivery_id = deliveries.delivery_id and days._dlt_load_id = deliveries._dlt_load_id
    inner join raw_{source}._dlt_loads as whole on deliveries._dlt_load_id = whole.load_id and whole.status = 0
    left join control.delivery_verdicts as verdicts on deliveries.delivery_id = verdicts.delivery_id
    where days.client_id = :client_id and days.date >= :first and days.date < :before
    order by
        days.date, deliveries.as_of desc, deliveries.delivered_at desc, deliveries.delivery_id desc
"""

_RESTS_ON = f"""
    select source, date, delivery_id, cpm from {RESTS_ON}
    where client_id = :client_id and date >= :first and date < :before
"""  # noqa: S608 – names of ours

_PUBLISHED = f"""
    select
        source, date, sum(impressions) as impressions, count(*) as campaigns,
        case when count(spend) = count(*) then sum(spend) end as spend
    from {CAMPAIGN_DAYS}
    where client_id = :client_id and date >= :first and date < :before
    group by source, date
"""  # noqa: S608 – names of ours
