"""A seedable media plan: which clients advertise what, at which CPM, and the numbers of every day.

seed → clients and rates → rows of a client, source and day, each as first delivered and as finally restated.

The rows of a day depend on (seed, client, source, day) alone, never on the window, so a plan that is moved by a day
agrees with the former one on every day they share. Only `Random.random()` and exact arithmetic are used, so the numbers
are the same on every machine and Python version. What files look like belongs in the sources' modules, what the numbers
add up to in `truth.py`.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import NAMESPACE_DNS, uuid5

from sandbox.catalogue import CLIENTS, SOURCES, Leaf, Source, leaves

Day = date  # inside `Row`, `date` is the field
FINAL_AFTER_DAYS = 2  # a platform corrects a day once, on the second day after it


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts and amounts of one delivered row; None where the source (or the file) has no such column."""

    impressions: int
    clicks: int | None
    conversions: int | None
    conversion_revenue: Decimal | None
    reported_spend: Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """One delivered row, finer than the grain by `split` (creative size, zip code or region), names as delivered.

    `provisional` is what the platform reports the day after, `final` what it reports later; None: the row is missing.
    """

    client_id: str
    source: Source
    date: "Day"
    campaign: str
    strategy: str
    placement: str
    creative: str
    split: str
    provisional: Measures | None
    final: Measures | None

    def seen_on(self, day: "Day") -> Measures | None:
        """The measures that a report made on `day` (UTC) holds for this row."""
        if day <= self.date:
            return None
        return self.final if (day - self.date).days >= FINAL_AFTER_DAYS else self.provisional


@dataclass(frozen=True, slots=True)
class Rate:
    """A CPM per 1,000 impressions in the client's currency, four decimals, in force from `effective_date` on."""

    effective_date: date
    cpm: Decimal


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the agency with all that is needed to set it up."""

    client_id: str
    name: str
    currency: str
    rates: tuple[Rate, ...]
    surfside_prefix: str
    surfside_campaign: str
    advertiser_id: str
    api_key: str
    facebook_purchases: bool
    size: float

    def cpm_on(self, day: date) -> Decimal:
        """The rate in force on `day`. Raises LookupError before the first one."""
        in_force = [rate for rate in self.rates if rate.effective_date <= day]
        if not in_force:
            raise LookupError(f"{self.client_id} has no CPM on {day}")
        return max(in_force, key=lambda rate: rate.effective_date).cpm


@dataclass(frozen=True)
class MediaPlan:
    """Clients and their rows from `first_day` to `last_day`, both included."""

    seed: int
    clients: tuple[Client, ...]
    first_day: date
    last_day: date
    _rows: dict[tuple[str, Source, date], tuple[Row, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def generate(
        cls, seed: int = 7, clients: int = 3, days: int = 60, last_day: date | None = None, purchases: bool = True
    ) -> "MediaPlan":
        """A plan of `days` days that ends on `last_day` (yesterday, UTC, when not given).

        The last client's Facebook exports have no purchases, as some real ones; `purchases=False`: none has.
        """
        if clients < 1 or days < 1:
            raise ValueError("a plan needs at least one client and one day")
        last = last_day or datetime.now(UTC).date() - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        made = tuple(_client(seed, number, first, last, purchases) for number in range(clients))
        return cls(seed=seed, clients=made, first_day=first, last_day=last)

    @property
    def today(self) -> date:
        """The day on which the plan's world stands: the last day is provisional, all others are final."""
        return self.last_day + timedelta(days=1)

    def days(self) -> tuple[date, ...]:
        """Every day of the plan."""
        return tuple(self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1))

    def client(self, client_id: str) -> Client:
        """The client of that id. Raises LookupError."""
        for client in self.clients:
            if client.client_id == client_id:
                return client
        raise LookupError(f"no client {client_id!r} in this plan")

    def rows(self, client_id: str, source: Source, day: date) -> tuple[Row, ...]:
        """The rows of one day in both their forms; none outside the plan."""
        if not self.first_day <= day <= self.last_day:
            return ()
        key = (client_id, source, day)
        if key not in self._rows:
            self._rows[key] = tuple(_day_rows(self.seed, self.client(client_id), source, day))
        return self._rows[key]

    def delivered(
        self, client_id: str, source: Source, day: date, seen_on: date | None = None
    ) -> Iterator[tuple[Row, Measures]]:
        """The rows that a report made on `seen_on` (the plan's today when not given) holds for `day`."""
        for row in self.rows(client_id, source, day):
            measures = row.seen_on(seen_on or self.today)
            if measures is not None:
                yield row, measures


def _client(seed: int, number: int, first_day: date, last_day: date, purchases: bool) -> Client:
    name, slug, currency, cpm, size, change_day = CLIENTS[number % len(CLIENTS)]
    if number >= len(CLIENTS):
        name, slug = f"{name} {number}", f"{slug}-{number}"
    return Client(
        client_id=slug,
        name=name,
        currency=currency,
        rates=_rates(Decimal(cpm), change_day, first_day, last_day),
        surfside_prefix=slug,
        surfside_campaign=f"{name} Always On",
        advertiser_id=str(uuid5(NAMESPACE_DNS, f"advertiser.{slug}.example")),
        api_key=f"sandbox-{uuid5(NAMESPACE_DNS, f'key.{seed}.{slug}.example').hex}",
        facebook_purchases=purchases and number % 3 != 2,
        size=size,
    )


def _rates(base: Decimal, change_day: int, first_day: date, last_day: date) -> tuple[Rate, ...]:
    """A new rate in the middle of every month; those that govern a day of the plan."""
    month = date(first_day.year, first_day.month, 1) - timedelta(days=1)
    rates: list[Rate] = []
    while (effective := month.replace(day=change_day)) <= last_day:
        step = (Decimal("0"), Decimal("0.7525"), Decimal("-0.5"))[(month.year * 12 + month.month) % 3]
        if effective <= first_day:
            rates.clear()
        rates.append(Rate(effective, base + step))
        month = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return tuple(rates)


@dataclass(frozen=True, slots=True)
class _Profile:
    """What a source is like: impressions of an average day at size 1, rates per impression, order value in cents."""

    impressions: float
    click_rate: float | None
    conversion_rate: float
    order_cents: int
    platform_cpm: float
    spend_decimals: int
    weekdays: tuple[float, ...]  # Monday first


_PROFILES: dict[Source, _Profile] = {
    "surfside": _Profile(62_000, 0.0016, 0.00040, 7_400, 5.5, 2, (1.06, 1.10, 1.08, 1.05, 0.98, 0.86, 0.87)),
    "vibe": _Profile(14_000, None, 0.00062, 8_900, 22.0, 2, (0.88, 0.90, 0.93, 0.96, 1.06, 1.16, 1.11)),
    "facebook": _Profile(19_000, 0.0190, 0.00075, 6_600, 12.6, 8, (0.97, 0.98, 1.00, 1.02, 1.05, 1.01, 0.97)),
}


def _day_rows(seed: int, client: Client, source: Source, day: date) -> Iterator[Row]:
    rng = Random(f"{seed}|{client.client_id}|{source}|{day.isoformat()}")
    profile = _PROFILES[source]
    volume = profile.impressions * client.size * _season(profile, day) * (0.94 + 0.12 * rng.random())
    for number, leaf in enumerate(leaves(seed, client.client_id, source, client.surfside_campaign)):
        if (day.toordinal() // 7 + number) % 11 == 0:
            continue  # this ad pauses for a week
        rest = 1.0
        for position, split in enumerate(leaf.splits):
            part = rest if position == len(leaf.splits) - 1 else rest * (0.5 + 0.35 * rng.random())
            rest -= part
            final = _measures(rng, source, profile, client, volume * leaf.share * part)
            provisional, final_or_gone = _two_forms(rng, final, profile.spend_decimals)
            yield _row(client, source, day, leaf, position, split, provisional, final_or_gone)


def _row(
    client: Client,
    source: Source,
    day: date,
    leaf: Leaf,
    position: int,
    split: str,
    provisional: Measures | None,
    final: Measures | None,
) -> Row:
    # Facebook cells arrive in both Unicode forms: an accent composed in one row, combining in the next.
    combining = source == "facebook" and position % 2 == 1

    def as_delivered(name: str) -> str:
        return unicodedata.normalize("NFD" if combining else "NFC", name)

    return Row(
        client_id=client.client_id,
        source=source,
        date=day,
        campaign=as_delivered(leaf.campaign),
        strategy=as_delivered(leaf.strategy),
        placement=as_delivered(leaf.placement),
        creative=as_delivered(leaf.creative),
        split=split,
        provisional=provisional,
        final=final,
    )


def _season(profile: _Profile, day: date) -> float:
    """Weekday, a slow wave of 120 days and a slight growth, from the absolute date."""
    wave = abs(day.toordinal() % 120 - 60) / 60
    growth = (day - date(2025, 1, 1)).days / 365
    return profile.weekdays[day.weekday()] * (0.9 + 0.2 * wave) * (1 + 0.08 * max(-1.0, min(growth, 5.0)))


def _measures(rng: Random, source: Source, profile: _Profile, client: Client, mean: float) -> Measures:
    odd = rng.random()
    impressions = _count(rng, mean)
    clicks = None if profile.click_rate is None else _count(rng, impressions * profile.click_rate)
    conversions = _count(rng, impressions * profile.conversion_rate)
    if odd < 0.004:  # a late conversion of an ad that no longer runs
        impressions, clicks, conversions = 0, None if clicks is None else 0, 1
    elif odd < 0.007 and clicks is not None:
        impressions, clicks = 1, 2
    spend_units = int(
        impressions * profile.platform_cpm * (0.9 + 0.2 * rng.random()) / 1000 * 10**profile.spend_decimals
    )
    revenue_cents = int(conversions * profile.order_cents * (0.4 + 1.2 * rng.random()))
    purchases = source != "facebook" or client.facebook_purchases
    return Measures(
        impressions=impressions,
        clicks=clicks,
        conversions=conversions if purchases else None,
        conversion_revenue=Decimal(revenue_cents).scaleb(-2) if purchases else None,
        reported_spend=Decimal(spend_units).scaleb(-profile.spend_decimals),
    )


def _count(rng: Random, mean: float) -> int:
    """A whole number with about that mean; small means give mostly zeros."""
    return int(mean * (0.6 + 0.8 * rng.random()) + rng.random())


def _two_forms(rng: Random, final: Measures, spend_decimals: int) -> tuple[Measures | None, Measures | None]:
    """(as first delivered, as restated): rows arrive late, vanish, and grow by some percent."""
    fate, late, counted = rng.random(), 0.86 + 0.14 * rng.random(), rng.random()
    if fate < 0.03:
        return None, final
    if fate > 0.985:
        return final, None
    conversions, revenue = final.conversions, final.conversion_revenue
    if conversions and revenue is not None:
        conversions = int(conversions * (0.7 + 0.3 * counted) + counted * 0.7)
        revenue = (revenue * conversions / (final.conversions or 1)).quantize(Decimal("0.01"))
    spend = (final.reported_spend * int(late * 1000)).scaleb(-3)
    early = Measures(
        impressions=int(final.impressions * late),
        clicks=None if final.clicks is None else int(final.clicks * late),
        conversions=conversions,
        conversion_revenue=revenue,
        reported_spend=spend.quantize(Decimal(1).scaleb(-spend_decimals)),
    )
    return early, final


__all__ = ["FINAL_AFTER_DAYS", "SOURCES", "Client", "Measures", "MediaPlan", "Rate", "Row", "Source"]
