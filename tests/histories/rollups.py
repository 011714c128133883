"""The facts of one client added up to every mart, as rows of plain values.

Counts are `int`, amounts exact `Decimal`s, ratios exact `Fraction`s (`compare` knows what a mart may show of them).
Ids are opaque: `ids` gives the one of a path (source, campaign, …), because the last tie of a rank goes by id.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tests.histories.closing import EXACT
from tests.histories.events import LEVELS, MEASURES, SOURCES, Number
from tests.histories.oracle import Fact, Oracle, Sums, Taken, added
from tests.histories.restatements import restatements

Path = tuple[str, ...]  # source, then names from the campaign down
Ids = Mapping[Path, str]
MartRow = dict[str, Any]
Marts = dict[str, list[MartRow]]

DIMENSIONS = ("dim_campaigns", "dim_strategies", "dim_placements", "dim_creatives")
TRAILING = (7, 30, 90)
LISTED, RANKED = 5, 10  # entities that a summary lists, that `top_performers` ranks
FEWEST_EXPECTED_CLICKS = 10
COMPARED = (*MEASURES, "spend")
# Of a period that is there for its adjustments alone: nothing was shown or spent, what was not reported is unknown.
NOTHING_DELIVERED: Sums = {**dict.fromkeys(MEASURES), "impressions": 0, "spend": Decimal(0)}


@dataclass(frozen=True)
class Entity:
    """A campaign or creative in a period."""

    path: Path
    sums: Sums

    @property
    def name(self) -> str:
        """Its own name, the last of its path."""
        return self.path[-1]


@dataclass(frozen=True)
class Weak:
    """An entity that costs much and is clicked little, with the click-through rate of its peers together."""

    entity: Entity
    peer_ctr: Fraction


def marts(oracle: Oracle, ids: Ids) -> Marts:
    """Every mart's rows of one client. Ids that `ids` lacks are shown as the path itself."""
    with localcontext(EXACT):
        return _Rollup(oracle, ids).marts()


class _Rollup:
    def __init__(self, oracle: Oracle, ids: Ids) -> None:
        self.oracle, self.ids = oracle, ids
        self.facts = oracle.facts()
        self.days: dict[str, list[date]] = {}
        for source, day in sorted(oracle.winners()):
            self.days.setdefault(source, []).append(day)
        self.who = {"client_id": oracle.client_id, "client_name": oracle.name}

    def marts(self) -> Marts:
        trailing = list(self._trailing())
        return {
            "dim_clients": [{**self.who, "currency": self.oracle.currency, "is_active": self.oracle.is_active}],
            **{name: self._dimension(depth) for depth, name in enumerate(DIMENSIONS)},
            "daily_metrics": [self._daily(fact) for fact in self.facts],
            "daily_campaign_metrics": self._daily_campaigns(),
            "weekly_summaries": self._summaries("week", week_of),
            "monthly_summaries": self._summaries("month", month_of),
            "source_breakdown": self._sources(),
            "spend_adjustments": self._adjustments(),
            "metric_restatements": restatements(self.oracle),
            "data_freshness": [self._freshness(source) for source in SOURCES if self._taken(source)],
            "top_performers": [row for row in trailing if "reason" not in row],
            "underperformers": [row for row in trailing if "reason" in row],
        }

    def _id(self, path: Path) -> str:
        return self.ids.get(path, repr(path))

    def _ids_of(self, path: Path) -> MartRow:
        """campaign_id and so on, as deep as the path goes."""
        return {f"{level}_id": self._id(path[: depth + 2]) for depth, level in enumerate(LEVELS[: len(path) - 1])}

    def _dimension(self, depth: int) -> list[MartRow]:
        groups = grouped(self.facts, lambda fact: (fact.source, *fact.path[: depth + 1]))
        return [
            {
                **self._ids_of(path),
                "client_id": self.oracle.client_id,
                "source": path[0],
                f"{LEVELS[depth]}_name": path[-1],
            }
            for path in groups
        ]

    def _daily(self, fact: Fact) -> MartRow:
        names = {f"{level}_name": name for level, name in zip(LEVELS, fact.path, strict=True)}
        who = {**self.who, "date": fact.day, "source": fact.source}
        price = {"cpm": fact.cpm, "currency": self.oracle.currency}
        return who | self._ids_of((fact.source, *fact.path)) | names | price | measured(fact.sums)

    def _daily_campaigns(self) -> list[MartRow]:
        groups = grouped(self.facts, lambda fact: (fact.day, fact.source, fact.path[0]))
        return [
            {
                **self.who,
                "date": day,
                "source": source,
                "campaign_id": self._id((source, campaign)),
                "campaign_name": campaign,
                "cpm": facts[0].cpm,
                "currency": self.oracle.currency,
                **measured(total(facts)),
            }
            for (day, source, campaign), facts in groups.items()
        ]

    def _summaries(self, period: str, span_of: Callable[[date], tuple[date, date]]) -> list[MartRow]:
        groups = grouped(self.facts, lambda fact: span_of(fact.day))
        booked: dict[date, Decimal] = {}
        for each in self.oracle.prices.adjustments:
            start, end = span_of(each.day)
            booked[start] = booked.get(start, Decimal(0)) + each.amount
            groups.setdefault((start, end), [])
        sums = {start: total(facts) if facts else NOTHING_DELIVERED for (start, _), facts in groups.items()}
        rows: list[MartRow] = []
        for (start, end), facts in groups.items():
            previous = sums.get(span_of(start - timedelta(days=1))[0], {})
            changes = {f"{name}_delta_pct": change(sums[start][name], previous.get(name)) for name in COMPARED}
            campaigns, creatives = entities(facts, "campaign"), entities(facts, "creative")
            rows.append(
                {
                    **self.who,
                    f"{period}_start": start,
                    f"{period}_end": end,
                    "is_complete": self._is_complete(start, end),
                    "currency": self.oracle.currency,
                    **measured(sums[start]),
                    "spend_adjustments": booked.get(start, Decimal(0)),
                    **changes,
                    "top_campaigns": [self._item(each) for each in self._best(campaigns, "campaign")[:LISTED]],
                    "top_creatives": [self._item(each) for each in self._best(creatives, "creative")[:LISTED]],
                    "underperformers": [
                        {**self._item(weak.entity), "ctr": ctr(weak.entity.sums), "peer_ctr": weak.peer_ctr}
                        for weak in self._weak(creatives)[:LISTED]
                    ],
                }
            )
        return rows

    def _is_complete(self, start: date, end: date) -> bool:
        """The client's days begin early enough, and each source that delivered any day of it reaches its end; where
        none did, some source."""
        if not self.days:
            return False
        begins = min(days[0] for days in self.days.values()) <= start
        present = [days for days in self.days.values() if any(start <= day <= end for day in days)]
        reached = [days[-1] >= end for days in present or self.days.values()]
        return begins and (all(reached) if present else any(reached))

    def _adjustments(self) -> list[MartRow]:
        return [
            {
                "adjustment_id": each.number,
                **self.who,
                "date": each.day,
                "for_month": each.month,
                "amount": each.amount,
                "currency": self.oracle.currency,
                "cpm": each.cpm,
                "effective_date": each.effective,
                "booked_at": each.booked_at,
            }
            for each in self.oracle.prices.adjustments
        ]

    def _sources(self) -> list[MartRow]:
        months = {month: total(facts) for month, facts in grouped(self.facts, lambda f: month_of(f.day)[0]).items()}
        groups = grouped(self.facts, lambda fact: (month_of(fact.day)[0], fact.source))
        rows: list[MartRow] = []
        for (month, source), facts in groups.items():
            sums = total(facts)
            shares = {
                f"{name}_share_pct": ratio(sums[name], months[month][name], 100) for name in ("impressions", "spend")
            }
            key = {"month_start": month, "source": source, "currency": self.oracle.currency}
            rows.append(self.who | key | measured(sums) | shares)
        return rows

    def _freshness(self, source: str) -> MartRow:
        taken = self._taken(source)
        counting = [each for each in taken if each.counts]
        winners = self.oracle.winners()
        days = self.days.get(source, [])
        waiting = [
            each
            for each in taken
            if each.verdict == "held"
            and any((source, day) not in winners or winners[source, day].order < each.order for day in each.days)
        ]
        totals = sum(each.delivery.has_total_row for each in taken)
        read, usable = sum(len(each.delivery.rows) for each in taken), sum(len(each.rows) for each in taken)
        return {
            **self.who,
            "source": source,
            "first_date": days[0] if days else None,
            "last_date": days[-1] if days else None,
            "last_delivered_at": max((each.arrived_at for each in counting if each.arrived_at), default=None),
            "last_as_of": max((each.delivery.as_of for each in counting), default=None),
            "deliveries": len(taken),
            "held_deliveries": len(waiting),
            "pending_deliveries": sum(each.verdict is None for each in taken),
            "rows_read": read + totals,
            "rows_accepted": usable,
            "rows_rejected": read - usable,
            "rows_dropped": totals,
        }

    def _taken(self, source: str) -> list[Taken]:
        return [each for each in self.oracle.taken.values() if each.delivery.source == source]

    def _trailing(self) -> Iterable[MartRow]:
        """The best and the weak of the last days, those that end on the client's last delivered day."""
        if not self.days:
            return
        end = max(days[-1] for days in self.days.values())
        for length in TRAILING:
            start = end - timedelta(days=length - 1)
            facts = [fact for fact in self.facts if start <= fact.day]
            period = {"period": f"last_{length}_days", "period_start": start, "period_end": end}
            for level in ("campaign", "creative"):
                found = entities(facts, level)
                for rank, entity in enumerate(self._best(found, level)[:RANKED], start=1):
                    yield period | self._ranked(entity, level, rank)
                for rank, weak in enumerate(self._weak(found), start=1):
                    row = self._ranked(weak.entity, level, rank)
                    own, other = shown(row["ctr"]), shown(weak.peer_ctr)
                    reason = f"CTR {own} % against {other} % of the other {level}s of {row['source']}"
                    yield period | row | {"peer_ctr": weak.peer_ctr, "reason": reason}

    def _ranked(self, entity: Entity, level: str, rank: int) -> MartRow:
        source, campaign, *below = entity.path
        return {
            **self.who,
            "level": level,
            "source": source,
            "entity_id": self._id(entity.path),
            "entity_name": entity.name,
            "campaign_id": self._id((source, campaign)),
            "campaign_name": campaign,
            "strategy_name": below[0] if below else None,
            "placement_name": below[1] if below else None,
            "currency": self.oracle.currency,
            **measured(entity.sums),
            "rank": rank,
        }

    def _item(self, entity: Entity) -> MartRow:
        shown_sums = ("impressions", "clicks", "conversions", "conversion_revenue", "spend")
        who = {"id": self._id(entity.path), "name": entity.name, "source": entity.path[0]}
        return who | {name: entity.sums[name] for name in shown_sums}

    def _best(self, found: Sequence[Entity], level: str) -> list[Entity]:
        """Campaigns by conversions, creatives by revenue then conversions; then impressions, name, source, id."""
        first = ("conversions",) if level == "campaign" else ("conversion_revenue", "conversions")

        def place(entity: Entity) -> tuple[Any, ...]:
            by_size = tuple(falling(entity.sums[name]) for name in (*first, "impressions"))
            return *by_size, entity.name, entity.path[0], self._id(entity.path)

        return sorted(found, key=place)

    def _weak(self, found: Sequence[Entity]) -> list[Weak]:
        """Those that spend at least the average of their source, are clicked less than half as often as the others of
        it together, and were shown so often that these would have had ten clicks; the dearest first."""
        weak: list[Weak] = []
        for entity in found:
            peers = [each for each in found if each.path[0] == entity.path[0]]
            spends = [Fraction(each.sums["spend"]) for each in peers if each.sums["spend"] is not None]
            others = total_of(each.sums for each in peers if each is not entity)
            own, theirs, spend = ctr(entity.sums), ctr(others), entity.sums["spend"]
            if own is None or theirs is None or spend is None or Fraction(spend) * len(spends) < sum(spends):
                continue
            expected = Fraction(entity.sums["impressions"] or 0) * theirs / 100
            if expected >= FEWEST_EXPECTED_CLICKS and own * 2 < theirs:
                weak.append(Weak(entity, theirs))

        def place(each: Weak) -> tuple[Any, ...]:
            sums, path = each.entity.sums, each.entity.path
            return falling(sums["spend"]), ctr(sums), each.entity.name, path[0], self._id(path)

        return sorted(weak, key=place)


def week_of(day: date) -> tuple[date, date]:
    """Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def month_of(day: date) -> tuple[date, date]:
    """The calendar month."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def grouped(facts: Iterable[Fact], key: Callable[[Fact], Any]) -> dict[Any, list[Fact]]:
    """Facts by a key."""
    groups: dict[Any, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(key(fact), []).append(fact)
    return groups


def entities(facts: Iterable[Fact], level: str) -> list[Entity]:
    """Campaigns or creatives, each with the sums of its facts."""
    depth = LEVELS.index(level) + 1
    groups = grouped(facts, lambda fact: (fact.source, *fact.path[:depth]))
    return [Entity(path, total(members)) for path, members in groups.items()]


def total(facts: Iterable[Fact]) -> Sums:
    """The sums of facts."""
    return total_of(fact.sums for fact in facts)


def total_of(all_sums: Iterable[Sums]) -> Sums:
    """Sums of sums. An unknown measure is left out; an unknown price makes the spend unknown."""
    parts = list(all_sums)
    sums: Sums = {name: added(part[name] for part in parts) for name in MEASURES}
    unpriced = any(part["spend"] is None for part in parts)
    return sums | {"spend": None if unpriced else added(part["spend"] for part in parts)}


def measured(sums: Sums) -> MartRow:
    """Measures and the ratios of their sums, as every mart shows them."""
    return {
        **sums,
        "ctr": ctr(sums),
        "cpc": ratio(sums["spend"], sums["clicks"]),
        "cpa": ratio(sums["spend"], sums["conversions"]),
        "roas": ratio(sums["conversion_revenue"], sums["spend"], 100),
    }


def ctr(sums: Sums) -> Fraction | None:
    """Clicks per hundred impressions."""
    return ratio(sums["clicks"], sums["impressions"], 100)


def ratio(part: Number | None, whole: Number | None, times: int = 1) -> Fraction | None:
    """None where the whole is zero or either is unknown."""
    return None if part is None or not whole else Fraction(part) * times / Fraction(whole)


def change(now: Number | None, before: Number | None) -> Fraction | None:
    """Percent of what was before; None where there was nothing."""
    return None if now is None or not before else (Fraction(now) - Fraction(before)) * 100 / Fraction(before)


def falling(value: Number | None) -> tuple[bool, Number]:
    """Sorts the greatest first and the unknown last."""
    return value is None, -(value or 0)


def shown(rate: Fraction) -> str:
    """Six decimals, half away from zero."""
    return str(Decimal((2 * rate * 10**6 + 1) // 2).scaleb(-6))
