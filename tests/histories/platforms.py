"""What a made-up platform knows of one client, day by day, and the deliveries that it makes of it.

The truth changes after it was delivered: numbers are restated, rows vanish, days become empty. Deliveries say what was
true when they were made, of whole spans, of spans with gaps, late, twice, or not to the end.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.histories.events import MEASURES, Delivery, Names, Number, Row
from tests.histories.files import encode

CAMPAIGNS = ("Always On", "Spring", "Été – Soldes", "brand | search", "TV")
STRATEGIES = ("Prospecting", "Retargeting", "")
PLACEMENTS = ("News", "Sport & Söhne", "AMC")
CREATIVES = ("Blue 15s", "Red 30s", "Film „Nord“", "blue 15s", "🚀 Launch")
BLANKS = ("\t", "  ", "\u00a0", "\u2009 ", " \n", "\u3000")
LARGEST = {"tiny": 60, "usual": 6_000, "huge": 3_000_000_000}
OPTIONAL = {
    "surfside": ("reported_spend",),
    "vibe": ("clicks", "conversions", "conversion_revenue", "reported_spend"),
    "facebook": ("conversions", "conversion_revenue", "reported_spend"),
}
RARE = {"vibe": ("clicks",), "facebook": ("conversions", "conversion_revenue")}  # real reports lack them
Truth = dict[date, tuple[Row, ...]]


class Platform:
    """One source of one client."""

    def __init__(self, rng: random.Random, source: str, currency: str, scale: str, campaign: str | None) -> None:
        self.source = source
        self._rng, self._currency, self._scale = rng, currency, scale
        self._rule = campaign if source == "surfside" else None
        self._has_total_row = source == "facebook" and rng.random() < 0.5
        self._measures = self._columns()
        self._paths = [self._path() for _ in range(rng.randrange(1, 6))]
        self._pull = {path: rng.choice([0, 1, 4, 20, 300]) for path in self._paths}  # clicks per 1,000 impressions
        self._truth: Truth = {}
        self._earlier: list[tuple[datetime, Truth]] = []
        self._sent: list[Delivery] = []

    def live(self, start: date, today: date) -> None:
        """Days up to today come into being, and a few earlier ones change."""
        rng = self._rng
        begin = max(self._truth, default=start - timedelta(days=1)) + timedelta(days=1)
        for offset in range((today - begin).days + 1):
            self._truth[begin + timedelta(days=offset)] = self._day(begin + timedelta(days=offset))
        for day in rng.sample(sorted(self._truth), min(len(self._truth), rng.randrange(4))):
            rows = self._truth[day]
            kind = rng.random()
            if kind < 0.45:
                rows = tuple(replace(row, measures=self._numbers(row.names)) for row in rows)
            elif kind < 0.6:
                rows = rows[1:]
            elif kind < 0.7:
                rows = ()
            elif kind < 0.85 and self._earlier:
                rows = rng.choice(self._earlier)[1].get(day, rows)
            else:
                rows = (*rows, *self._day(day))
            self._truth[day] = rows

    def send(self, now: datetime, numbers: Iterator[int], *, is_first: bool, may_tear: bool) -> Iterator[Delivery]:
        """What arrives now: mostly one delivery, sometimes none, of reports and files sometimes two."""
        rng = self._rng
        self._earlier.append((now, dict(self._truth)))
        if not is_first and rng.random() < 0.35:
            return
        first = self._one(next(numbers), now)
        if first is None:
            return
        is_torn = may_tear and rng.random() < 0.3
        yield replace(first, is_torn=is_torn)
        if self.source != "facebook" and not is_torn and rng.random() < 0.01:
            number, later = next(numbers), now + timedelta(minutes=1)
            second = self._one(number, later) if rng.random() < 0.7 else replace(first, number=number, as_of=later)
            if second is not None:
                yield second

    def remember(self, delivery: Delivery) -> None:
        """Keep it, to be sent once more."""
        self._sent.append(delivery)

    def _one(self, number: int, now: datetime) -> Delivery | None:
        rng = self._rng
        kind = rng.random()
        if kind < 0.16 and self._sent:
            return self._again(number, now)
        if kind < 0.30 and len(self._earlier) > 1:
            return self._late(number, now)
        first, last = min(self._truth), max(self._truth)
        length = rng.choice([1, 3, 3, 7, 14, 40])
        end = last - timedelta(days=rng.choice([0, 0, 0, 1, 5]))
        days = [day for day in sorted(self._truth) if max(first, end - timedelta(days=length - 1)) <= day <= end]
        if self.source != "vibe" and kind > 0.85:
            days = [day for day in days if rng.random() < 0.6]
        as_of = self._sent[-1].as_of if self._sent and rng.random() < 0.04 else now
        return self._make(number, as_of, self._truth, days, is_guarded=self._is_guarded(0.85))

    def _again(self, number: int, now: datetime) -> Delivery:
        """The same bytes: of the last delivery or of an earlier one, which the source may have gone back to."""
        rng = self._rng
        known = self._sent[-1] if rng.random() < 0.4 else rng.choice(self._sent)
        as_of = known.as_of if rng.random() < 0.2 else now
        return replace(known, number=number, as_of=as_of, is_torn=False, is_guarded=self._is_guarded(0.6))

    def _late(self, number: int, now: datetime) -> Delivery | None:
        """What was true at an earlier time arrives now: said to be old, said to be newest, or nothing is said."""
        rng = self._rng
        made, truth = rng.choice(self._earlier[:-1])
        days = sorted(truth)[-rng.choice([2, 5, 10, 30]) :]
        is_guarded = self._is_guarded(0.5)
        is_dated = not is_guarded and (self.source != "facebook" or rng.random() < 0.5)
        as_of = made + timedelta(hours=rng.randrange(-48, 48)) if is_dated else now
        return self._make(number, as_of, truth, days, is_guarded=is_guarded)

    def _make(
        self, number: int, as_of: datetime, truth: Truth, days: list[date], *, is_guarded: bool
    ) -> Delivery | None:
        rows = [row for day in days for row in truth[day]]
        is_report = self.source == "vibe"
        if is_report and days and self._rng.random() < 0.04:
            rows += truth.get(days[-1] + timedelta(days=1), ())  # of a day that nobody asked for
        if not days or not (rows or is_report):
            return None
        present = self._measures if self._rng.random() < 0.9 else self._columns()
        rows = [replace(row, measures=_only(row.measures, present)) for row in rows]
        data = encode(
            self.source,
            rows,
            present,
            currency=self._currency,
            has_total_row=self._has_total_row,
            has_campaign=self._rule is None,
        )
        return Delivery(
            number=number,
            source=self.source,
            data=data,
            rows=tuple(rows),
            measures=present,
            as_of=as_of,
            requested=tuple(days) if is_report else None,
            has_total_row=self._has_total_row,
            is_guarded=is_guarded,
        )

    def _is_guarded(self, chance: float) -> bool:
        """Only of uploads must somebody say how they stand to earlier ones; reports and files carry their time."""
        return self.source == "facebook" and self._rng.random() < chance

    def _columns(self) -> frozenset[str]:
        rng, rare = self._rng, RARE.get(self.source, ())
        absent = {name for name in OPTIONAL[self.source] if rng.random() < (0.7 if name in rare else 0.15)}
        return frozenset(MEASURES) - absent

    def _path(self) -> Names:
        rng = self._rng
        campaign = self._rule or rng.choice(CAMPAIGNS)
        creative = rng.choice(CREATIVES)
        placement = creative if self.source == "facebook" else rng.choice(PLACEMENTS)
        return campaign, rng.choice(STRATEGIES), placement, creative

    def _day(self, day: date) -> tuple[Row, ...]:
        """Rows of some paths; some of several, as if split by region; names as people type them."""
        rng = self._rng
        rows: list[Row] = []
        for path in self._paths if rng.random() > 0.06 else ():
            for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3])):
                names = self._spelled(path)
                rows.append(Row(day, names, self._numbers(path), is_readable=rng.random() > 0.02))
        return tuple(rows)

    def _numbers(self, path: Names) -> tuple[Number | None, ...]:
        """Every measure. Odd but true: clicks above impressions, conversions without clicks, fractional revenue."""
        rng = self._rng
        pull = self._pull.get(path, 10)
        if self._scale == "even":
            impressions = rng.choice([0, 300, 300, 300, 3_000])
            clicks = impressions * (2 if pull > 1 else 1) // 300
        else:
            impressions = rng.randrange(LARGEST[self._scale]) if rng.random() > 0.1 else 0
            clicks = impressions * pull * rng.randrange(50, 151) // 100_000 + (rng.random() < 0.02) * 5
        conversions = rng.choice([0, 0, 0, 1, 2, clicks // 10, 40])
        revenue = self._amount(conversions * 1_000 + (rng.random() < 0.05))
        return impressions, clicks, conversions, revenue, self._amount(impressions // 50)

    def _amount(self, size: int) -> Decimal:
        """Zero for zero, else an amount of up to nine decimals."""
        rng = self._rng
        if size == 0:
            return Decimal(0)
        decimals = rng.choice([0, 2, 2, 2, 4, 9])
        return (
            Decimal(rng.randrange(size * 100)) / 100
            if decimals == 2
            else Decimal(rng.randrange(size * 10**decimals)).scaleb(-decimals)
        )

    def _spelled(self, path: Names) -> Names:
        campaign, strategy, placement, creative = (self._typed(name) for name in path)
        campaign = self._rule or campaign
        return campaign, strategy, creative if self.source == "facebook" else placement, creative

    def _typed(self, name: str) -> str:
        """The same name in other characters: blanks around and within it, or composed letters taken apart."""
        rng = self._rng
        if rng.random() < 0.7:
            return name
        if not name:
            return rng.choice(BLANKS)
        typed = name.replace(" ", rng.choice(BLANKS)) if rng.random() < 0.6 else unicodedata.normalize("NFD", name)
        return rng.choice(["", " ", "\t"]) + typed + rng.choice(["", " ", "\u00a0"])


def _only(measures: tuple[Number | None, ...], present: frozenset[str]) -> tuple[Number | None, ...]:
    return tuple(value if name in present else None for name, value in zip(MEASURES, measures, strict=True))
