"""What a plan adds up to, computed from its rows with `Decimal` and nothing of the warehouse.

plan rows → names normalised → priced with the day's CPM → summed by any keys → ratios from the sums.

Sums treat a missing measure as SQL does: it is left out, and a sum of nothing but missing values is None. A ratio whose
denominator is zero or missing is None. Rounding happens only in `rounded`, half up.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from sandbox.plan import SOURCES, Measures, MediaPlan, Row, Source

KPI_NAMES = ("impressions", "clicks", "conversions", "conversion_revenue", "spend", "ctr", "cpc", "cpa", "roas")
DECIMALS = {"conversion_revenue": 2, "reported_spend": 2, "spend": 2, "ctr": 6, "cpc": 4, "cpa": 4, "roas": 4}
_PRECISION = 50  # digits that a ratio keeps before it is rounded for show


def round_half_up(value: Decimal | None, decimals: int) -> Decimal | None:
    """`value` with that many decimals, 5 rounding away from zero; None stays None."""
    if value is None:
        return None
    with localcontext(prec=_PRECISION):
        return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def rounded(name: str, value: Decimal | int | None) -> Decimal | int | None:
    """A measure or ratio as people see it: amounts 2, CPC, CPA and ROAS 4, CTR 6 decimals, counts as they are."""
    if value is None:
        return None
    if name in DECIMALS:
        return round_half_up(Decimal(value), DECIMALS[name])
    return int(value) if value == int(value) else value


def normal_name(name: str) -> str:
    """A name as a key: Unicode NFC, white space collapsed to one blank, trimmed; case is kept."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of delivered rows. Amounts are in `currency`; spend is impressions / 1000 x the CPM of each day, exact."""

    currency: str
    rows: int
    impressions: int
    clicks: int | None
    conversions: int | None
    conversion_revenue: Decimal | None
    reported_spend: Decimal
    spend: Decimal

    @property
    def ctr(self) -> Decimal | None:
        """clicks / impressions x 100."""
        return _ratio(self.clicks, self.impressions, 100)

    @property
    def cpc(self) -> Decimal | None:
        """spend / clicks."""
        return _ratio(self.spend, self.clicks)

    @property
    def cpa(self) -> Decimal | None:
        """spend / conversions."""
        return _ratio(self.spend, self.conversions)

    @property
    def roas(self) -> Decimal | None:
        """conversion revenue / spend x 100."""
        return _ratio(self.conversion_revenue, self.spend, 100)

    def shown(self) -> dict[str, Decimal | int | None]:
        """Every KPI as people see it (see `rounded`)."""
        return {name: rounded(name, getattr(self, name)) for name in KPI_NAMES}


@dataclass(frozen=True, slots=True)
class _Priced:
    row: Row
    measures: Measures
    currency: str
    spend: Decimal


# Keys by which truth can be told apart. Names are normalised; a week is its Monday, a month its first day.
KEYS: dict[str, Callable[[Row], str | date]] = {
    "client_id": lambda row: row.client_id,
    "source": lambda row: row.source,
    "date": lambda row: row.date,
    "week_start": lambda row: row.date - timedelta(days=row.date.weekday()),
    "month_start": lambda row: row.date.replace(day=1),
    "campaign": lambda row: normal_name(row.campaign),
    "strategy": lambda row: normal_name(row.strategy),
    "placement": lambda row: normal_name(row.placement),
    "creative": lambda row: normal_name(row.creative),
}
PATH = ("campaign", "strategy", "placement", "creative")


class Truth:
    """The true totals of a plan as its reports stand on `seen_on` (the plan's today when not given)."""

    def __init__(self, plan: MediaPlan, seen_on: date | None = None) -> None:
        self.plan = plan
        self._facts = list(self._priced(seen_on))

    def by(
        self,
        *keys: str,
        client_id: str | None = None,
        source: Source | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
    ) -> dict[tuple[str | date, ...], Totals]:
        """Totals per combination of `keys` (see KEYS), of the rows that pass the filters; both dates are included.

        Raises ValueError when one total would add different currencies.
        """
        groups: dict[tuple[str | date, ...], list[_Priced]] = {}
        for fact in self._facts:
            row = fact.row
            if (client_id and row.client_id != client_id) or (source and row.source != source):
                continue
            if (date_from and row.date < date_from) or (date_to and row.date > date_to):
                continue
            groups.setdefault(tuple(KEYS[key](row) for key in keys), []).append(fact)
        return {group: _total(facts) for group, facts in groups.items()}

    def total(
        self,
        client_id: str,
        source: Source | None = None,
        *,
        date_from: date | None = None,
        date_to: date | None = None,
    ) -> Totals:
        """The totals of one client, of one source or all. Raises LookupError when no row passes the filters."""
        found = self.by(client_id=client_id, source=source, date_from=date_from, date_to=date_to)
        if not found:
            raise LookupError(f"no rows of {client_id} {source or ''} between {date_from} and {date_to}")
        return found[()]

    def by_client_and_source(self) -> dict[tuple[str | date, ...], Totals]:
        """Totals per (client_id, source)."""
        return self.by("client_id", "source")

    def by_day(self) -> dict[tuple[str | date, ...], Totals]:
        """Totals per (client_id, date)."""
        return self.by("client_id", "date")

    def by_path(self) -> dict[tuple[str | date, ...], Totals]:
        """Totals per (client_id, source, date, campaign, strategy, placement, creative): the grain of daily_metrics."""
        return self.by("client_id", "source", "date", *PATH)

    def _priced(self, seen_on: date | None) -> Iterator[_Priced]:
        for client in self.plan.clients:
            for day in self.plan.days():
                cpm = client.cpm_on(day)
                for source in SOURCES:
                    for row, measures in self.plan.delivered(client.client_id, source, day, seen_on):
                        spend = (Decimal(measures.impressions) * cpm).scaleb(-3)
                        yield _Priced(row, measures, client.currency, spend)


def totals(plan: MediaPlan) -> dict[tuple[str, str], Totals]:
    """The true totals per (client_id, source)."""
    return {
        (str(client_id), str(source)): found
        for (client_id, source), found in Truth(plan).by_client_and_source().items()
    }


def _total(facts: list[_Priced]) -> Totals:
    currencies = {fact.currency for fact in facts}
    if len(currencies) > 1:
        raise ValueError(
            f"amounts of {' and '.join(sorted(currencies))} are never added: keep client_id among the keys"
        )
    clicks = [fact.measures.clicks for fact in facts if fact.measures.clicks is not None]
    conversions = [fact.measures.conversions for fact in facts if fact.measures.conversions is not None]
    revenue = [fact.measures.conversion_revenue for fact in facts if fact.measures.conversion_revenue is not None]
    return Totals(
        currency=currencies.pop(),
        rows=len(facts),
        impressions=sum(fact.measures.impressions for fact in facts),
        clicks=sum(clicks) if clicks else None,
        conversions=sum(conversions) if conversions else None,
        conversion_revenue=sum(revenue, Decimal(0)) if revenue else None,
        reported_spend=sum((fact.measures.reported_spend for fact in facts), Decimal(0)),
        spend=sum((fact.spend for fact in facts), Decimal(0)),
    )


def _ratio(numerator: Decimal | int | None, denominator: Decimal | int | None, times: int = 1) -> Decimal | None:
    if numerator is None or not denominator:
        return None
    with localcontext(prec=_PRECISION):
        return Decimal(numerator) * times / Decimal(denominator)
