"""Closing months of a client: a closed month keeps its price. The only writer of `control.closed_periods`.

Deliveries that restate a closed month still change its impressions, and so its spend, at the price that it keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.billing import adjustments, pricing
from warehouse.billing.delivered_days import DeliveredDay, delivered_days, published_sums
from warehouse.billing.final_days import final_months
from warehouse.billing.rates import agreed, prices, rows_for
from warehouse.control import ClosedPeriod, SpendAdjustment, lookup
from warehouse.errors import PaidMediaError
from warehouse.months import month_after, month_of, named, utc_today

BUILD = "paidmedia build"


@dataclass(frozen=True)
class Closed:
    """A closed month, with what is published of it now (`spend_now` None: a day has no price) and booked for it."""

    period: ClosedPeriod
    impressions_now: int
    spend_now: Decimal | None
    adjustments: Decimal


def close(current: Session, client_id: str, month: date, *, today: date | None = None) -> ClosedPeriod:
    """Close a month, named by its first day. Raises `PaidMediaError` with what stands in the way.

    `today` (UTC) is the day that it is; a month is over on the first day after it.
    """
    client = lookup.get_client(current, client_id)
    pricing.lock(current, client_id)
    name = f"{named(month)} of {client_id}"
    if month_after(month) > (today or utc_today()):
        raise PaidMediaError(f"{name} is not over yet", fix=f"close it from {month_after(month)} (UTC) on")
    if month in pricing.closed_months(current, client_id):
        raise PaidMediaError(f"{name} is closed already", fix=f"paidmedia period list {client_id}")
    days = delivered_days(current, client_id, month, month_after(month))
    _refuse_unsettled(current, client_id, name, days)
    impressions, spend = published_sums(days)
    assert spend is not None, "unpriced days are refused"
    period = ClosedPeriod(
        client_id=client_id, month=month, impressions=impressions, spend=spend, currency=client.currency,
        closed_at=datetime.now(UTC), closed_by=audit.actor_name(),
    )  # fmt: skip
    current.add(period)
    new = {"impressions": impressions, "spend": str(spend), "currency": client.currency}
    audit.record(current, "close", "period", f"{client_id}@{named(month)}", new=new)
    current.flush()
    return period


def reopen(
    current: Session, client_id: str, month: date, *, why: str, today: date | None = None
) -> list[SpendAdjustment]:
    """Open a closed month: its days cost what is agreed again, and what was booked for it is taken back by a dated row.

    Returns that row, if anything was booked. Raises `PaidMediaError` for a month that is not closed, or without reason.
    """
    client = lookup.get_client(current, client_id)
    if not why.strip():
        raise PaidMediaError("reopening a month needs a reason", fix='--why "the client agreed to a new invoice"')
    pricing.lock(current, client_id)
    period = current.get(ClosedPeriod, (client_id, month))
    if period is None:
        raise PaidMediaError(f"{named(month)} of {client_id} is not closed", fix=f"paidmedia period list {client_id}")
    if month in final_months(current, client_id):
        raise PaidMediaError(
            f"{named(month)} of {client_id} is archived: no build changes it any more",
            fix="enter the rate with --adjust, which books the difference",
        )
    rows = pricing.rate_rows(current, client_id)
    old = {"impressions": period.impressions, "spend": str(period.spend), "currency": period.currency}
    current.delete(period)
    current.flush()
    closed = pricing.closed_months(current, client_id)
    pricing.write_rows(current, client, rows_for(client_id, agreed(rows), prices(rows), closed))
    audit.record(current, "reopen", "period", f"{client_id}@{named(month)}", old=old, new={"why": why.strip()})
    booked = adjustments.booked(current, client_id).get(month, Decimal(0))
    day = adjustments.booking_day(today or utc_today(), closed)
    taken_back = {month: -booked} if booked else {}
    return adjustments.book(current, client, taken_back, day=day, why=why.strip())


def closed_periods(current: Session, client_id: str) -> list[Closed]:
    """A client's closed months, oldest first."""
    lookup.get_client(current, client_id)
    booked = adjustments.booked(current, client_id)
    query = select(ClosedPeriod).where(ClosedPeriod.client_id == client_id).order_by(ClosedPeriod.month)
    found = []
    for period in current.scalars(query):
        days = delivered_days(current, client_id, period.month, month_after(period.month))
        found.append(Closed(period, *published_sums(days), booked.get(period.month, Decimal(0))))
    return found


def parse_month(text: str) -> date:
    """`2026-10` → its first day. Raises `PaidMediaError`."""
    try:
        day = date.fromisoformat(f"{text.strip()}-01")
    except ValueError as error:
        raise PaidMediaError(f"{text!r} is no month", fix="write it like 2026-10") from error
    return month_of(day)


def _refuse_unsettled(current: Session, client_id: str, name: str, days: Sequence[DeliveredDay]) -> None:
    """A month is closed on numbers that are settled: judged, built, published and priced."""
    waiting = {delivery_id: verdict for day in days for delivery_id, verdict in day.waiting}
    held = sorted(delivery_id for delivery_id, verdict in waiting.items() if verdict == "held")
    if held:
        raise PaidMediaError(
            f"{name} has held deliveries: {', '.join(held)}",
            fix=f"paidmedia release {held[0]} --why TEXT, or load its days again; then {BUILD}",
        )
    if waiting:
        raise PaidMediaError(f"{name} has deliveries that nobody has judged: {', '.join(sorted(waiting))}", fix=BUILD)
    rates = prices(pricing.rate_rows(current, client_id))
    unbuilt = [day for day in days if day.is_unbuilt(rates)]
    if unbuilt:
        raise PaidMediaError(f"{name} has deliveries or rates that are not built: {_listed(unbuilt)}", fix=BUILD)
    if not any(day.published_rows for day in days):
        raise PaidMediaError(f"nothing is published for {name}", fix="load its days, then " + BUILD)
    unpriced = [day for day in days if day.is_unpriced]
    if unpriced:
        raise PaidMediaError(
            f"{name} has days without a rate: {_listed(unpriced)}",
            fix=f"paidmedia cpm set {client_id} RATE --from {min(day.date for day in unpriced)}, then {BUILD}",
        )


def _listed(days: Sequence[DeliveredDay]) -> str:
    """`SOURCE 2026-10-01, OTHER 2026-10-01 and 12 more`."""
    named_days = [f"{day.source} {day.date}" for day in days[:3]]
    return ", ".join(named_days) + (f" and {len(days) - 3} more" if len(days) > 3 else "")
