"""What a rate would do, month by month, before anybody enters it: the numbers that the next build then has.

delivered days × prices before and after → spend of each month that the rate governs
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from warehouse.billing import adjustments, pricing
from warehouse.billing.delivered_days import DeliveredDay, delivered_days, published_sums
from warehouse.billing.pricing import Plan
from warehouse.billing.rates import Curve
from warehouse.billing.spend import spend
from warehouse.control import Client
from warehouse.months import month_after, month_of, utc_today


@dataclass(frozen=True)
class MonthPreview:
    """One calendar month: `before` is its published spend, `after` that of the next build; None: a day has no price,
    or, before, nothing is published. `days` are those that get another price, with their delivered `impressions`.
    """

    month: date
    is_closed: bool
    days: tuple[date, ...]
    impressions: int
    before: Decimal | None
    after: Decimal | None
    adjustment: Decimal

    @property
    def difference(self) -> Decimal | None:
        """After − before; None when one of them is unknown."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Preview:
    """The months with delivered days that the rate governs. `unbuilt` counts the sources' days of them that the next
    build changes anyway, `waiting` the deliveries that no build reads before their verdict, and that are not counted.
    """

    plan: Plan
    months: tuple[MonthPreview, ...]
    unbuilt: int
    waiting: int
    booking_day: date

    @property
    def before(self) -> Decimal | None:
        """All months together."""
        return _sum([each.before for each in self.months])

    @property
    def after(self) -> Decimal | None:
        """All months together."""
        return _sum([each.after for each in self.months])

    @property
    def adjustment(self) -> Decimal:
        """All that would be booked."""
        return sum((each.adjustment for each in self.months), Decimal(0))


def preview(
    current: Session, client: Client, *, cpm: Decimal, effective_date: date, today: date | None = None
) -> Preview:
    """What entering the rate would change; nothing is written. Raises `PaidMediaError` where it cannot be entered."""
    plan = pricing.plan(current, client, cpm=cpm, effective_date=effective_date)
    after = Curve({row.effective_date: row.cpm for row in plan.rows()})
    end = None if plan.ends_before is None else month_after(month_of(plan.ends_before))
    days = delivered_days(current, client.client_id, month_of(effective_date), end)
    governed = {month_of(day.date) for day in days if _governs(plan, day.date) and (day.rows or day.published_rows)}
    governed |= set(plan.amounts)
    by_month = {month: [day for day in days if month_of(day.date) == month] for month in sorted(governed)}
    looked_at = [day for month in by_month.values() for day in month]
    return Preview(
        plan=plan,
        months=tuple(_month(plan, after, month, its) for month, its in by_month.items()),
        unbuilt=sum(day.is_unbuilt(plan.prices_before) for day in looked_at),
        waiting=len({delivery_id for day in looked_at for delivery_id, _ in day.waiting}),
        booking_day=adjustments.booking_day(today or utc_today(), plan.closed),
    )


def _month(plan: Plan, after: Curve, month: date, days: Sequence[DeliveredDay]) -> MonthPreview:
    with_rows = [day for day in days if day.rows]
    changing = [day for day in with_rows if plan.prices_before.at(day.date) != after.at(day.date)]
    _, published = published_sums(days)
    return MonthPreview(
        month=month,
        is_closed=month in plan.closed,
        days=tuple(sorted({day.date for day in changing})),
        impressions=sum(day.impressions for day in changing),
        before=published if any(day.published_rows for day in days) else None,
        after=_sum([_priced(day, after.at) for day in with_rows]),
        adjustment=plan.amounts.get(month, Decimal(0)),
    )


def _governs(plan: Plan, day: date) -> bool:
    return plan.effective_date <= day and (plan.ends_before is None or day < plan.ends_before)


def _priced(day: DeliveredDay, price_at: Callable[[date], Decimal | None]) -> Decimal | None:
    cpm = price_at(day.date)
    return None if cpm is None else spend(day.impressions, cpm)


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
