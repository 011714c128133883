"""Adjustments of closed months: what was agreed for them beyond the price that they keep, booked as dated rows.

After a booking, those of a month sum up to its days' published impressions / 1000 × (agreed − kept CPM).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from warehouse import audit, builds
from warehouse.billing.delivered_days import CAMPAIGN_DAYS
from warehouse.billing.rates import Curve
from warehouse.billing.spend import spend
from warehouse.control import Client, SpendAdjustment
from warehouse.months import month_after, month_of, named
from warehouse.postgres.database import relation_exists


def booked(current: Session, client_id: str) -> dict[date, Decimal]:
    """Month → the sum of what was booked for it."""
    query = select(SpendAdjustment.for_month, func.sum(SpendAdjustment.amount).label("amount"))
    rows = current.execute(query.where(SpendAdjustment.client_id == client_id).group_by(SpendAdjustment.for_month))
    return {row.for_month: row.amount for row in rows}


def missing(
    current: Session, client_id: str, months: Collection[date], agreed: Curve, kept: Curve
) -> dict[date, Decimal]:
    """Month → what is still to be booked so that its adjustments say what was agreed; months without are left out."""
    already = booked(current, client_id)
    amounts: dict[date, Decimal] = {}
    for month in sorted(months):
        due = sum(
            (
                spend(impressions, wanted - price)
                for day, impressions in _published_impressions(current, client_id, month).items()
                if (wanted := agreed.at(day)) is not None and (price := kept.at(day)) is not None
            ),
            Decimal(0),
        )
        amount = due - already.get(month, Decimal(0))
        if amount:
            amounts[month] = amount
    return amounts


def booking_day(today: date, closed: Iterable[date]) -> date:
    """The day that a booking counts on: today, or the first day after it that lies in no closed month."""
    months, day = set(closed), today
    while month_of(day) in months:
        day = month_after(month_of(day))
    return day


def book(
    current: Session,
    client: Client,
    amounts: dict[date, Decimal],
    *,
    day: date,
    cpm: Decimal | None = None,
    effective_date: date | None = None,
    why: str | None = None,
) -> list[SpendAdjustment]:
    """Book amounts by month, with the rate entry that they come from (None: a month was reopened)."""
    rows = []
    for month, amount in amounts.items():
        row = SpendAdjustment(
            client_id=client.client_id, day=day, for_month=month, amount=amount, currency=client.currency,
            cpm=cpm, effective_date=effective_date, booked_at=datetime.now(UTC), booked_by=audit.actor_name(), why=why,
        )  # fmt: skip
        current.add(row)
        current.flush()
        new = {"amount": str(amount), "date": day.isoformat(), "currency": client.currency, "why": why}
        audit.record(current, "book", "spend adjustment", f"{client.client_id}@{named(month)}", new=new)
        builds.request(current, f"adjustment {client.client_id}@{named(month)}", "booked")
        rows.append(row)
    return rows


def _published_impressions(current: Session, client_id: str, month: date) -> dict[date, int]:
    """Day → impressions of all sources as published."""
    if not relation_exists(current, CAMPAIGN_DAYS):
        return {}
    query = f"""
        select date, cast(sum(impressions) as bigint) as impressions from {CAMPAIGN_DAYS}
        where client_id = :client_id and date >= :first and date < :before
        group by date
    """  # noqa: S608 – a name of ours
    asked = {"client_id": client_id, "first": month, "before": month_after(month)}
    return {row.date: row.impressions for row in current.execute(text(query), asked)}
