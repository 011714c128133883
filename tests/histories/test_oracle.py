"""The oracle's arithmetic against cases worked out by hand, lest it be a second copy of the SQL; and what `same` takes.

Which delivery counts is worked out by hand for the product in tests/loaders/test_restatements.py, how a day changed in
tests/dbt_project/test_metric_restatements.py; the random histories hold the oracle against the product.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.histories.compare import same
from tests.histories.events import (
    MEASURES,
    Close,
    Delivery,
    Event,
    History,
    Names,
    Rate,
    Reopen,
    Row,
    Verdict,
)
from tests.histories.oracle import Oracle
from tests.histories.rollups import MartRow, marts

MON, TUE, WED = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
MARCH, LATER = date(2026, 3, 1), date(2026, 4, 5)
BLUE: Names = ("Always On", "Prospecting", "News", "Blue")
RED: Names = ("Always On", "Prospecting", "News", "Red")
EVERY = frozenset(MEASURES)
AGREED = Rate(date(2026, 1, 1), Decimal("12.5"))


def row(day: date, impressions: int, *more: int | Decimal | None, names: Names = BLUE) -> Row:
    """A row of 0 clicks, conversions, revenue and reported spend, unless `more` says otherwise, in this order."""
    return Row(day, names, (impressions, *more, *[0] * (4 - len(more))))


def report(number: int, *rows: Row, hour: int = 0, **changes: Any) -> Delivery:
    """A Vibe report of Monday to Wednesday as of `hour` hours after Thursday began, unless `changes` say otherwise."""
    given: dict[str, Any] = {
        "source": "vibe",
        "data": repr(rows).encode(),
        "measures": EVERY,
        "as_of": datetime(2026, 3, 5, tzinfo=UTC) + timedelta(hours=hour),
        "requested": (MON, TUE, WED),
    }
    return Delivery(number=number, rows=rows, **given | changes)


def upload(number: int, *rows: Row, **changes: Any) -> Delivery:
    """A Facebook export of which nobody says how it stands to earlier ones."""
    return report(number, *rows, **{"source": "facebook", "requested": None, "is_guarded": True} | changes)


def passed(*deliveries: Delivery) -> list[Event]:
    """Deliveries, each let through by its checks."""
    return [event for each in deliveries for event in (each, Verdict(each.number, "passed"))]


def oracle_of(events: Sequence[Event], first_rate: Rate = AGREED) -> Oracle:
    """A client of USD at a CPM of 12.50 to whom this has happened."""
    oracle = Oracle(History(1, "acme", "Acme", "USD", first_rate, ()))
    for event in events:
        oracle.happen(event)
    return oracle


def mart(name: str, events: Sequence[Event], **where: object) -> list[MartRow]:
    """The rows of a mart that have these values."""
    return [
        each for each in marts(oracle_of(events), {})[name] if all(each[key] == value for key, value in where.items())
    ]


def test_held_deliveries_wait_until_each_of_their_days_is_replaced() -> None:
    held: list[Event] = [report(1, row(MON, 1)), Verdict(1, "held")]
    partly = passed(report(2, row(MON, 2), hour=1, requested=(MON, TUE)))
    wholly = passed(report(3, row(MON, 3), hour=2))
    for events, waiting in ((held, 1), ([*held, *partly], 1), ([*held, *wholly], 0)):
        [freshness] = mart("data_freshness", events)
        assert freshness["held_deliveries"] == waiting


def test_rows_of_one_name_are_added_up_to_the_grain() -> None:
    typed: Names = (" Always\tOn", "Prospecting", "News ", "Blue")
    rows = [row(MON, 100, 1, 0, Decimal("0.10")), row(MON, 20, 2, 1, Decimal("0.203"), names=typed)]
    [found] = mart("daily_metrics", passed(report(1, *rows)))
    assert (found["impressions"], found["clicks"], found["conversions"]) == (120, 3, 1)
    assert found["conversion_revenue"] == Decimal("0.303")
    assert (found["campaign_name"], found["placement_name"]) == ("Always On", "News")
    assert found["spend"] == Decimal("1.5")  # 120 × 12.50 / 1,000
    assert found["ctr"] == Fraction(5, 2)
    assert mart("daily_metrics", passed(report(1, row(MON, 1, names=("e\u0301", " ", "\t", "x")))))[0][
        "campaign_name"
    ] == ("é")


def test_a_rate_with_a_past_date_reprices_the_days_it_governs() -> None:
    delivered = passed(report(1, row(MON, 1000), row(TUE, 1000), row(WED, 1000)))
    events = [*delivered, Rate(TUE, Decimal(7)), Rate(WED, Decimal(8)), Rate(WED, Decimal("9.0001"))]
    assert [each["spend"] for each in mart("daily_metrics", events)] == [12.5, 7, Decimal("9.0001")]


def closed_in_april(*rates: Rate) -> Oracle:
    """March with 3,000 impressions was published at 12.50 and closed on 5 April, then these rates were entered."""
    oracle = oracle_of(passed(report(1, row(MON, 1000), row(TUE, 1000), row(WED, 1000))))
    oracle.publish()
    assert oracle.happen(Close(MARCH, LATER)) == "closed at 3000 impressions, 37.5000000"
    for rate in rates:
        oracle.happen(rate)
    return oracle


def test_a_closed_month_keeps_its_price_and_what_was_agreed_is_booked() -> None:
    oracle = closed_in_april(Rate(TUE, Decimal(14), True, LATER))
    found = marts(oracle, {})
    assert [each["spend"] for each in found["daily_metrics"]] == [12.5, 12.5, 12.5]
    assert [(each["date"], each["for_month"], each["amount"]) for each in found["spend_adjustments"]] == [
        (LATER, MARCH, 3)  # 2,000 × 1.50 / 1,000
    ]
    assert oracle.cpm(date(2026, 4, 1)) == 14
    march, april = found["monthly_summaries"]
    assert (march["spend"], march["spend_adjustments"]) == (37.5, 0)
    assert (april["impressions"], april["clicks"], april["spend"], april["spend_adjustments"]) == (0, None, 0, 3)
    assert (april["is_complete"], april["spend_delta_pct"], april["top_creatives"]) == (False, -100, [])


def test_bookings_in_steps_end_where_one_ends_and_are_taken_back_by_opening() -> None:
    steps = [Rate(MON, Decimal(cpm), True, LATER) for cpm in (14, 15, 15)]
    oracle = closed_in_april(*steps)
    assert [each.amount for each in oracle.prices.adjustments] == [4.5, 3]
    assert oracle.happen(Reopen(MARCH, LATER)) == "opened"
    assert [each.amount for each in oracle.prices.adjustments] == [4.5, 3, -7.5]
    assert [each["spend"] for each in marts(oracle, {})["daily_metrics"]] == [15, 15, 15]


def test_a_closed_month_is_not_repriced_without_a_word() -> None:
    oracle = closed_in_april()
    assert oracle.happen(Rate(TUE, Decimal(14))) == "refused"
    assert [each["spend"] for each in marts(oracle, {})["daily_metrics"]] == [12.5, 12.5, 12.5]
    assert oracle.happen(Rate(LATER, Decimal(14))) == "entered"


@pytest.mark.parametrize(
    ("published", "since", "first_rate", "day", "is_closed"),
    [
        ([row(MON, 1)], [], AGREED, LATER, True),
        ([row(MON, 1)], [], AGREED, date(2026, 3, 31), False),  # not over
        ([], [], AGREED, LATER, False),  # nothing is published
        ([row(MON, 1)], [], Rate(TUE, Decimal(1)), LATER, False),  # a day without a price
        ([row(MON, 1)], passed(report(2, row(MON, 2), hour=1)), AGREED, LATER, False),  # not built
        ([row(MON, 1)], [Rate(MON, Decimal(1))], AGREED, LATER, False),  # a rate that is not built
        ([row(MON, 1)], [report(2, row(MON, 2), hour=1)], AGREED, LATER, False),  # not judged
        ([row(MON, 1)], [report(2, row(MON, 2), hour=-1)], AGREED, LATER, True),  # not judged, and no matter
        ([row(MON, 1)], [report(2, row(MON, 2), hour=1), Verdict(2, "held")], AGREED, LATER, False),
    ],
)
def test_only_a_month_that_is_over_and_settled_is_closed(
    published: list[Row], since: list[Event], first_rate: Rate, day: date, is_closed: bool
) -> None:
    oracle = oracle_of(passed(report(1, *published)), first_rate)
    oracle.publish()
    for event in since:
        oracle.happen(event)
    assert str(oracle.happen(Close(MARCH, day))).startswith("closed") is is_closed


def test_a_day_without_a_rate_has_no_spend_nor_has_any_sum_that_holds_it() -> None:
    oracle = oracle_of(passed(report(1, row(MON, 1000), row(TUE, 1000))), Rate(TUE, Decimal(7)))
    found = marts(oracle, {})
    assert [(each["cpm"], each["spend"]) for each in found["daily_metrics"]] == [(None, None), (7, 7)]
    assert [each["spend"] for each in found["weekly_summaries"]] == [None]


def test_unknown_is_not_zero_and_nothing_is_divided_by_zero() -> None:
    """A report without clicks beside one with: the sum knows what is known."""
    measures = EVERY - {"clicks"}
    unknown = report(1, row(MON, 1000, None, 0), requested=(MON,), measures=measures)
    known = report(2, row(TUE, 0, 0, 2, Decimal(3)), requested=(TUE,))
    first, second = mart("daily_metrics", passed(unknown, known))
    assert (first["clicks"], first["ctr"], first["cpc"], first["cpa"]) == (None, None, None, None)
    assert (second["clicks"], second["ctr"], second["cpa"], second["roas"]) == (0, None, 0, None)
    [week] = mart("weekly_summaries", passed(unknown, known))
    assert (week["clicks"], week["ctr"], week["cpc"], week["cpa"]) == (0, 0, None, Fraction(25, 4))


def test_weeks_begin_on_monday_across_the_year_and_know_whether_they_are_whole() -> None:
    days = [date(2026, 12, 27), date(2026, 12, 28), date(2027, 1, 1), date(2027, 1, 3), date(2027, 1, 4)]
    rows = [row(day, impressions) for day, impressions in zip(days, (10, 20, 5, 0, 4), strict=True)]
    events = passed(report(1, *rows, requested=tuple(days)))
    weeks = mart("weekly_summaries", events)
    assert [(each["week_start"], each["is_complete"]) for each in weeks] == [
        (date(2026, 12, 21), False),  # nothing is known of its first days
        (date(2026, 12, 28), True),
        (date(2027, 1, 4), False),  # its end is to come
    ]
    assert [each["impressions_delta_pct"] for each in weeks] == [None, 150, -84]
    assert [each["clicks_delta_pct"] for each in weeks] == [None, None, None]
    later = [*events, *passed(upload(2, row(date(2026, 12, 30), 1)))]
    assert [each["is_complete"] for each in mart("weekly_summaries", later)] == [False, False, False]


def test_campaigns_rank_by_conversions_and_creatives_by_revenue() -> None:
    other: Names = ("Spring", "Prospecting", "News", "Blue")
    rows = [
        row(MON, 10, 0, 5, Decimal(1)),
        row(MON, 99, 0, 5, Decimal(7), names=other),
        row(MON, 1, 0, 0, Decimal(7), names=RED),
    ]
    best = mart("top_performers", passed(report(1, *rows)), period="last_7_days")
    assert [(each["level"], each["rank"], each["entity_name"]) for each in best] == [
        ("campaign", 1, "Spring"),
        ("campaign", 2, "Always On"),
        ("creative", 1, "Blue"),
        ("creative", 2, "Red"),
        ("creative", 3, "Blue"),
    ]
    assert [each["campaign_name"] for each in best[2:]] == ["Spring", "Always On", "Always On"]


@pytest.mark.parametrize(
    ("weak", "is_named"),
    [
        (row(MON, 3000, 9), True),
        (row(MON, 3000, 10), False),  # half as many clicks as the other, not fewer
        (row(MON, 2999, 9), False),  # spends less than the average
    ],
)
def test_who_costs_much_and_is_clicked_less_than_half_as_often_is_named(weak: Row, is_named: bool) -> None:
    named = mart("underperformers", passed(report(1, weak, row(MON, 3000, 20, names=RED))), period="last_7_days")
    assert bool(named) is is_named
    if is_named:
        assert named[0]["reason"] == "CTR 0.300000 % against 0.666667 % of the other creatives of vibe"


def test_too_little_to_tell_is_not_named() -> None:
    """The other had 2 clicks on 300 impressions: ten on 1,500, not quite ten on 1,499."""
    for shown, is_named in ((1500, True), (1499, False)):
        pair = [row(MON, shown, 1), row(TUE, 300, 2, names=RED)]
        named = mart("underperformers", passed(report(1, *pair)), period="last_7_days")
        assert bool(named) is is_named


@pytest.mark.parametrize(
    ("exact", "found", "is_same"),
    [
        (Fraction(200, 3), Decimal("66.6666666666666667"), True),
        (Fraction(200, 3), Decimal("66.6666666666666666"), False),
        (Fraction(200, 3), Decimal("66.666666666666667"), True),
        (Fraction(200, 3), Decimal("66.66666666666667"), True),
        (Fraction(200, 3), Decimal("66.6666666666667"), False),  # too few digits
        (Fraction(-200, 3), Decimal("-66.6666666666666667"), True),
        (Fraction(1, 2), Decimal("0.5"), True),
        (Fraction(5), 5, True),
        (Fraction(5), None, False),
        (None, Decimal(0), False),
        (Decimal("0.1000000"), Decimal("0.1"), True),
        (Decimal("0.1"), Decimal("0.1000001"), False),
        (True, 1, False),
    ],
)
def test_a_ratio_must_be_right_in_every_digit_and_show_sixteen(exact: Any, found: Any, is_same: bool) -> None:
    assert same(exact, found) is is_same
