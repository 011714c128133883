"""The prices of one client: what is agreed, what closed months keep, and what is booked for them, day by day.

Plain Python like the oracle, of which it is a part. A closed month keeps a price for each of its days; a booking brings
what is booked for a month to the sum of published impressions × (agreed − kept) of its days.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, localcontext

from tests.histories.events import Rate

EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Clamped])
THOUSANDTH = Decimal("0.001")

RestsOn = Mapping[tuple[str, date], tuple[int, Decimal | None]]


@dataclass
class Adjustment:
    """One booked row. Its number and the time of its booking are observed, nothing depends on them."""

    day: date
    month: date
    amount: Decimal
    cpm: Decimal | None
    effective: date | None
    number: int | None = None
    booked_at: datetime | None = None


class Prices:
    """What a thousand impressions cost on which day, and the adjustments in the order of their booking."""

    def __init__(self) -> None:
        self.adjustments: list[Adjustment] = []
        self.kept: dict[date, dict[date, Decimal | None]] = {}  # closed month → day → price
        self._agreed: dict[date, Decimal] = {}
        self._published: RestsOn = {}
        self._impressions: Mapping[date, int] = {}

    def of(self, day: date) -> Decimal | None:
        """What the day costs."""
        month = day.replace(day=1)
        return self.kept[month][day] if month in self.kept else latest(self._agreed, day)

    def frozen(self) -> Callable[[date], Decimal | None]:
        """What each day costs, as it is now."""
        copy = Prices()
        copy.kept = {month: dict(days) for month, days in self.kept.items()}
        copy._agreed = dict(self._agreed)
        return copy.of

    def publish(self, rests_on: RestsOn, impressions: Mapping[date, int]) -> None:
        """Note what a build has published: what its days rest on, and the impressions of each day with rows."""
        self._published, self._impressions = rests_on, impressions

    def enter(self, rate: Rate) -> str:
        """A rate is entered, or refused."""
        wanted = {**self._agreed, rate.effective: rate.cpm}
        later = [day for day in self._agreed if day > rate.effective]
        touched = [
            month
            for month, days in self.kept.items()
            if any(day >= rate.effective and (not later or day < min(later)) for day in days)
        ]
        for month in touched:
            for day, price in self.kept[month].items():
                if latest(self._agreed, day) != latest(wanted, day) and (price is None or not rate.adjust):
                    return "refused"
        self._agreed = wanted
        if rate.adjust:
            for month in sorted(touched):
                self._book(month, rate.today, self._due(month), rate.cpm, rate.effective)
        return "entered"

    def close(self, month: date, today: date, rests_on: RestsOn, is_undecided: bool) -> str:
        """A month is closed, with its sums, or refused."""
        days = days_of(month)
        built = {key: what for key, what in self._published.items() if key[1] in days}
        now = {key: what for key, what in rests_on.items() if key[1] in days}
        shown = {day: self._impressions[day] for day in days if day in self._impressions}
        if days[-1] >= today or month in self.kept or is_undecided or built != now or not shown:
            return "refused"
        if any(self.of(day) is None for day in shown):
            return "refused"
        with localcontext(EXACT):
            spend = sum((count * (self.of(day) or Decimal(0)) * THOUSANDTH for day, count in shown.items()), Decimal(0))
        self.kept[month] = {day: self.of(day) for day in days}
        return closed(sum(shown.values()), spend)

    def reopen(self, month: date, today: date) -> str:
        """A month is opened, and what was booked for it taken back; or it is not closed."""
        if month not in self.kept:
            return "refused"
        del self.kept[month]
        self._book(month, today, Decimal(0), None, None)
        return "opened"

    def _due(self, month: date) -> Decimal:
        """What was agreed for a closed month beyond its price."""
        due = Decimal(0)
        with localcontext(EXACT):
            for day, price in self.kept[month].items():
                wanted = latest(self._agreed, day)
                if price is not None and wanted is not None:
                    due += self._impressions.get(day, 0) * (wanted - price) * THOUSANDTH
        return due

    def _book(self, month: date, today: date, due: Decimal, cpm: Decimal | None, effective: date | None) -> None:
        """Bring what is booked for a month to what is due, on the first day from today on in no closed month."""
        day = today
        while day.replace(day=1) in self.kept:
            day += timedelta(days=1)
        with localcontext(EXACT):
            amount = due - sum((each.amount for each in self.adjustments if each.month == month), Decimal(0))
        if amount:
            self.adjustments.append(Adjustment(day, month, amount, cpm, effective))


def closed(impressions: int, spend: Decimal) -> str:
    """A closing in words that can be compared."""
    return f"closed at {impressions} impressions, {spend:.7f}"


def latest(rates: Mapping[date, Decimal], day: date) -> Decimal | None:
    """The latest rate at or before the day."""
    before = [effective for effective in rates if effective <= day]
    return rates[max(before)] if before else None


def days_of(month: date) -> list[date]:
    """Every day of a month."""
    return [month.replace(day=number) for number in range(1, monthrange(month.year, month.month)[1] + 1)]
