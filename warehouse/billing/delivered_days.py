"""The days of a client as they are published, and as the next build would make them: questions only.

ledger.current_days and waiting_days ────────────┐
what the published rows rest on, and their sums ─┴─► one `DeliveredDay` per source and day
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.billing.final_days import RESTS_ON
from warehouse.billing.rates import Curve
from warehouse.postgres.database import relation_exists

CAMPAIGN_DAYS = "marts.daily_campaign_metrics"


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


def delivered_days(
    current: Session, client_id: str, first: date | None = None, before: date | None = None
) -> list[DeliveredDay]:
    """Every source's delivered and published days of a client from `first` on and before `before`, in order."""
    asked = {"client_id": client_id, "first": first or date.min, "before": before or date.max}
    found: dict[tuple[str, date], DeliveredDay] = {}

    def day(row: Any) -> DeliveredDay:
        return found.setdefault((row.source, row.date), DeliveredDay(row.source, row.date))

    for row in current.execute(text(_CURRENT), asked):
        its = day(row)
        its.delivery_id, its.rows, its.impressions = row.delivery_id, row.rows, int(row.impressions or 0)
    for row in current.execute(text(_WAITING), asked):
        day(row).waiting.append((row.delivery_id, row.verdict))
    if relation_exists(current, RESTS_ON):
        for row in current.execute(text(_RESTS_ON), asked):
            its = day(row)
            its.published_id, its.published_cpm = row.delivery_id, row.cpm
    if relation_exists(current, CAMPAIGN_DAYS):
        for row in current.execute(text(_PUBLISHED), asked):
            its = day(row)
            its.published_impressions, its.published_spend = int(row.impressions), row.spend
            its.published_rows = row.campaigns
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]


def published_sums(days: Sequence[DeliveredDay]) -> tuple[int, Decimal | None]:
    """Impressions and spend of days as published; no spend as soon as one of them has rows and no price."""
    with_rows = [day for day in days if day.published_rows]
    spends = [day.published_spend for day in with_rows if day.published_spend is not None]
    whole = sum(spends, Decimal(0)) if len(spends) == len(with_rows) else None
    return sum(day.published_impressions for day in with_rows), whole


_CURRENT = """
    select source, date, delivery_id, accepted_rows as rows, impressions
    from ledger.current_days
    where client_id = :client_id and date >= :first and date < :before
"""

_WAITING = """
    select source, date, delivery_id, verdict
    from ledger.waiting_days
    where
        client_id = :client_id and date >= :first and date < :before
    order by date, precedence desc
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
