"""Rates as steps over days, and the rows of `control.client_cpm_rates` that say them: pure, no database.

What was agreed is one curve; what a day costs is another, the same but on the days of closed months, which keep theirs.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from warehouse.control import CpmRate
from warehouse.errors import PaidMediaError
from warehouse.months import month_after, month_of, named


class Curve:
    """Effective dates → rates; each holds until the next one."""

    def __init__(self, rates: Mapping[date, Decimal]) -> None:
        self.rates = dict(sorted(rates.items()))
        self._starts = list(self.rates)

    def at(self, day: date) -> Decimal | None:
        """The latest rate at or before the day; None before the first."""
        place = bisect_right(self._starts, day)
        return self.rates[self._starts[place - 1]] if place else None

    def next_start(self, day: date) -> date | None:
        """The first effective date after the day; None when there is none."""
        place = bisect_right(self._starts, day)
        return self._starts[place] if place < len(self._starts) else None

    def changed(self, day: date, cpm: Decimal) -> "Curve":
        """The same with another rate from the day on, until the next effective date."""
        return Curve({**self.rates, day: cpm})


@dataclass(frozen=True)
class RateRow:
    """One row of a client's rates, as it should be: see `warehouse.control.CpmRate`."""

    effective_date: date
    cpm: Decimal
    is_agreed: bool
    agreed_cpm: Decimal | None


def agreed(rows: Iterable[CpmRate]) -> Curve:
    """What people have entered, as if no month were closed."""
    return Curve({row.effective_date: row.agreed_cpm or row.cpm for row in rows if row.is_agreed})


def prices(rows: Iterable[CpmRate]) -> Curve:
    """What a day costs."""
    return Curve({row.effective_date: row.cpm for row in rows})


def rows_for(client_id: str, agreed: Curve, kept: Curve, closed: Collection[date]) -> list[RateRow]:
    """The rows, oldest first, that price closed months as `kept` does and every other day as `agreed` does.

    One for each agreed rate, and one where a closed month's price begins or ends otherwise. Raises `PaidMediaError`
    where a day of a closed month had no price and would get one: there is nothing to keep it at.
    """
    steps = {*agreed.rates, *closed, *(month_after(month) for month in closed)}
    steps |= {day for day in kept.rates if month_of(day) in closed}
    rows: list[RateRow] = []
    price: Decimal | None = None
    for day in sorted(steps):
        is_agreed, what = day in agreed.rates, agreed.at(day)
        wanted = kept.at(day) if month_of(day) in closed else what
        if wanted is None and (is_agreed or price is not None):
            month = named(month_of(day))
            raise PaidMediaError(
                f"{month} of {client_id} is closed and has no price on {day} that could be kept",
                fix=f"enter the rate from a later date, or: paidmedia period reopen {client_id} {month} --why TEXT",
            )
        if wanted is not None and (is_agreed or wanted != price):
            rows.append(RateRow(day, wanted, is_agreed, what if is_agreed and what != wanted else None))
            price = wanted
    return rows
