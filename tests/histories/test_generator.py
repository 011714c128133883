"""Random histories are only worth as much as what happens in them: each of these things does, in the quick form too."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest

from tests.histories.closing import latest
from tests.histories.events import Close, Delivery, Disable, History, Rate, Release, Rename, Reopen, Verdict
from tests.histories.generator import CHECKPOINTS, history
from tests.histories.oracle import Oracle, Taken, normal_path
from tests.histories.rollups import RANKED, Marts, marts

HISTORIES = 300
EVERYTHING = {
    "a delivery is loaded", "a delivery is duplicate", "a delivery is refused", "a delivery is torn",
    "a torn delivery comes again", "a source goes back to earlier bytes", "an older delivery arrives late",
    "two deliveries have one as-of", "a held delivery", "a released delivery", "a held delivery is replaced",
    "a pending delivery", "an upload supersedes without a word of its age",
    "an empty day", "a gap in a file", "a day without a usable row", "a row of a day not asked for", "a total row",
    "a row vanishes", "numbers of a day change", "a report of no rows", "several rows of one name",
    "a name typed in two ways", "a blank name", "an absent measure", "no impressions", "clicks above impressions",
    "a day without a price", "an overwritten rate", "a past rate", "a future rate",
    "29 February", "a week 53", "two years", "a whole week", "a week without its end", "a whole month",
    "an underperformer", "more creatives than are ranked", "creatives told apart by id only",
    "a closed month", "a month that is not closed", "a month opened again", "a refused rate", "an adjustment",
    "a closed month keeps its price", "a closed month is restated", "a period of an adjustment alone",
    "an adjustment is taken back", "what was booked is adjusted again",
    "a renamed client", "a disabled client", "several currencies",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.torture
def test_everything_that_can_happen_happens_in_the_quick_form() -> None:
    seen: Counter[str] = Counter()
    currencies = set()
    for seed in range(HISTORIES):
        played = history(seed)
        seen.update(set(happenings(played)))
        currencies.add(played.currency)
    seen["several currencies"] = len(currencies) - 1
    missing = {what for what in EVERYTHING if not seen[what]}
    assert not missing


def test_a_seed_gives_the_same_history_each_time() -> None:
    assert list(history(7).words()) == list(history(7).words())
    assert history(7) == history(7)


def happenings(played: History) -> Iterator[str]:
    """What happens in a history, in the words of EVERYTHING."""
    oracle = Oracle(played)
    torn: set[bytes] = set()
    rates = {played.first_rate.effective}
    for number, events in enumerate(played.rounds, start=1):
        before = oracle.winners()
        for event in events:
            known = list(oracle.taken.values())
            outcome = oracle.happen(event)
            match event:
                case Delivery():
                    yield f"a delivery is {outcome}"
                    if outcome == "torn":
                        torn.add(event.data)
                    elif outcome == "loaded":
                        yield from _of_delivery(event, oracle.taken[event.number], known)
                        if event.data in torn:
                            yield "a torn delivery comes again"
                case Rate(effective):
                    if effective in rates:
                        yield "an overwritten rate"
                    rates.add(effective)
                    days = [day for _, day in oracle.winners()]
                    if days:
                        yield "a past rate" if effective < max(days) else "a future rate"
                    if outcome == "refused":
                        yield "a refused rate"
                case Close():
                    yield "a month that is not closed" if outcome == "refused" else "a closed month"
                case Reopen() if outcome == "opened":
                    yield "a month opened again"
                case Verdict(number, "held") if number in oracle.taken:
                    yield "a held delivery"
                case Release(number) if number in oracle.taken:
                    yield "a released delivery"
                case Rename():
                    yield "a renamed client"
                case Disable():
                    yield "a disabled client"
        yield from _of_restatement(before, oracle.winners())
        yield from _of_prices(oracle, before)
        if number in CHECKPOINTS:
            oracle.publish()
    yield from _of_end(oracle, marts(oracle, {}))


def _of_delivery(event: Delivery, taken: Taken, known: list[Taken]) -> Iterator[str]:
    peers = [each for each in known if each.delivery.source == event.source]
    usable = {row.day for row in taken.rows}
    if any(each.delivery.data == event.data and event.rows for each in peers):
        yield "a source goes back to earlier bytes"
    if any(each.delivery.as_of > event.as_of for each in peers):
        yield "an older delivery arrives late"
    if any(each.delivery.as_of == event.as_of for each in peers):
        yield "two deliveries have one as-of"
    if event.source == "facebook" and not event.is_guarded:
        yield "an upload supersedes without a word of its age"
    if event.requested is not None and set(taken.days) - usable:
        yield "an empty day"
    if event.requested is not None and not event.rows:
        yield "a report of no rows"
    if event.requested is None and any((after - day).days > 1 for day, after in pairwise(taken.days)):
        yield "a gap in a file"
    if {row.day for row in event.rows} - usable:
        yield "a day without a usable row"
    if any(event.requested is not None and row.day not in event.requested for row in event.rows):
        yield "a row of a day not asked for"
    if event.has_total_row:
        yield "a total row"
    spellings = {(row.day, row.names) for row in taken.rows}
    if len(spellings) < len(taken.rows):
        yield "several rows of one name"
    if len({(day, normal_path(names)) for day, names in spellings}) < len(spellings):
        yield "a name typed in two ways"
    if any("(not set)" in normal_path(row.names) for row in taken.rows):
        yield "a blank name"
    if any(None in row.measures for row in taken.rows):
        yield "an absent measure"


def _of_restatement(before: dict[tuple[str, date], Taken], after: dict[tuple[str, date], Taken]) -> Iterator[str]:
    for source, day in before.keys() & after.keys():
        one, other = before[source, day], after[source, day]
        if one is not other and one.totals(day) != other.totals(day):
            yield "numbers of a day change"
            gone = _names(one, day) - _names(other, day)
            if gone and _names(other, day):
                yield "a row vanishes"


def _of_prices(oracle: Oracle, before: dict[tuple[str, date], Taken]) -> Iterator[str]:
    prices, after = oracle.prices, oracle.winners()
    for kept in prices.kept.values():
        if any(latest(prices._agreed, day) != price for day, price in kept.items()):
            yield "a closed month keeps its price"
        for key in before.keys() & after.keys():
            if key[1] in kept and before[key] is not after[key]:
                yield "a closed month is restated"
    months = Counter(each.month for each in prices.adjustments if each.cpm is not None)
    if months:
        yield "an adjustment"
    if max(months.values(), default=0) > 1:
        yield "what was booked is adjusted again"
    if any(each.cpm is None for each in prices.adjustments):
        yield "an adjustment is taken back"


def _names(taken: Taken, day: date) -> set[tuple[str, ...]]:
    return {normal_path(row.names) for row in taken.rows if row.day == day}


def _of_end(oracle: Oracle, found: Marts) -> Iterator[str]:
    daily, weeks = found["daily_metrics"], found["weekly_summaries"]
    held = sum(each.verdict == "held" for each in oracle.taken.values())
    if held > sum(each["held_deliveries"] for each in found["data_freshness"]):
        yield "a held delivery is replaced"
    if any(each["pending_deliveries"] for each in found["data_freshness"]):
        yield "a pending delivery"
    if any(each["impressions"] == 0 for each in daily):
        yield "no impressions"
    if any(each["clicks"] and each["clicks"] > each["impressions"] for each in daily):
        yield "clicks above impressions"
    if any(each["spend"] is None for each in daily):
        yield "a day without a price"
    if date(2024, 2, 29) in {each["date"] for each in daily}:
        yield "29 February"
    if any(each["week_start"].isocalendar().week == 53 for each in weeks):
        yield "a week 53"
    if len({each["date"].year for each in daily}) == 2:
        yield "two years"
    yield from ("a whole week" if each["is_complete"] else "a week without its end" for each in weeks)
    if any(each["is_complete"] for each in found["monthly_summaries"]):
        yield "a whole month"
    if any(each["spend_adjustments"] and not each["top_campaigns"] for each in weeks):
        yield "a period of an adjustment alone"
    if found["underperformers"]:
        yield "an underperformer"
    best = [each for each in found["top_performers"] if each["level"] == "creative"]
    if len(found["dim_creatives"]) > RANKED:
        yield "more creatives than are ranked"
    shown = ("impressions", "conversions", "conversion_revenue", "entity_name", "source", "period")
    if any(all(one[name] == other[name] for name in shown) for one, other in pairwise(best)):
        yield "creatives told apart by id only"
