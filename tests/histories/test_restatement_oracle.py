"""The oracle's own account of how a day changed, against cases worked out by hand."""

from decimal import Decimal

from tests.histories.events import MEASURES, Event, Rate, Release, Verdict
from tests.histories.test_oracle import AGREED, EVERY, MON, RED, mart, passed, report, row

CHEAPER = Rate(AGREED.effective, Decimal(10))


def told(events: list[Event]) -> list[tuple[int, str, object, object]]:
    """Step, cause, change of the impressions and spend after the step, of Monday."""
    rows = mart("metric_restatements", events, date=MON)
    for each in rows:
        assert each["impressions"] == sum(one["impressions_change"] for one in rows if one["step"] <= each["step"])
    return [(each["step"], each["cause"], each["impressions_change"], each["spend"]) for each in rows]


def test_a_newer_delivery_is_told_apart_from_the_rows_that_vanish() -> None:
    first, second = report(1, row(MON, 100), row(MON, 40, names=RED)), report(2, row(MON, 140), hour=1)
    assert told(passed(first, second)) == [
        (1, "first delivery", 140, Decimal("1.75")),
        (2, "newer delivery", 40, Decimal("1.75")),
        (2, "vanished rows", -40, Decimal("1.75")),
    ]
    assert told(passed(second, first)) == [(1, "first delivery", 140, Decimal("1.75"))]


def test_a_held_delivery_changes_the_day_when_it_is_released() -> None:
    first, second = report(1, row(MON, 100)), report(2, row(MON, 200), hour=1)
    held: list[Event] = [second, Verdict(2, "held"), *passed(first), CHEAPER, Release(2)]
    assert told(held) == [
        (1, "first delivery", 100, Decimal("1.25")),
        (2, "cpm edit", 0, Decimal(1)),
        (3, "newer delivery", 100, Decimal(2)),
    ]


def test_a_price_counts_from_when_it_is_entered_and_only_if_it_changes_the_day() -> None:
    first = report(1, row(MON, 100))
    assert told([CHEAPER, *passed(first)]) == [(1, "first delivery", 100, Decimal(1))]
    assert told([*passed(first), CHEAPER, Rate(CHEAPER.effective, Decimal(10)), AGREED]) == [
        (1, "first delivery", 100, Decimal("1.25")),
        (2, "cpm edit", 0, Decimal(1)),
        (3, "cpm edit", 0, Decimal("1.25")),
    ]
    assert told([*passed(report(1, row(MON, 0))), CHEAPER]) == [(1, "first delivery", 0, Decimal(0))]


def test_the_same_numbers_again_are_no_change_and_a_measure_that_becomes_known_is_one() -> None:
    without = EVERY - {"clicks"}
    first = report(1, row(MON, 100, None), measures=without)
    again = report(2, row(MON, 60, None), row(MON, 40, None), measures=without, hour=1)
    known = report(3, row(MON, 100, 0), hour=2)
    [one, other] = mart("metric_restatements", passed(first, again, known), date=MON)
    assert (one["clicks"], other["clicks"], other["cause"]) == (None, 0, "newer delivery")
    assert not any(other[f"{name}_change"] for name in (*MEASURES, "spend"))
