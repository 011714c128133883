"""How numbers read: the stated roundings, units, dashes for what there is not, and names that are not markup."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from serving import format as shown_as
from serving.metrics import METRICS


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("impressions", 541210, "541,210"),
        ("clicks", 0, "0"),
        ("spend", Decimal("9200.5700000"), "9,200.57 USD"),
        ("spend", Decimal("0.0050000"), "0.01 USD"),
        ("conversion_revenue", Decimal("24963.38"), "24,963.38 USD"),
        ("ctr", Decimal("0.10439570592"), "0.104396 %"),
        ("cpc", Decimal("16.284194690265"), "16.2842 USD"),
        ("cpa", Decimal("46.23400005"), "46.2340 USD"),
        ("roas", Decimal("271.32427534"), "271.3243 %"),
        ("cpc", None, "–"),
        ("impressions", None, "–"),
    ],
)
def test_a_metric_is_shown_at_its_rounding_with_its_unit(metric: str, value: Decimal | int | None, words: str) -> None:
    assert shown_as.shown(METRICS[metric], value, "USD") == words


def test_rounding_is_half_away_from_zero_as_in_postgres() -> None:
    assert shown_as.quantized(Decimal("2.345"), 2) == Decimal("2.35")
    assert shown_as.quantized(Decimal("-2.345"), 2) == Decimal("-2.35")


def test_every_money_heading_states_the_currency() -> None:
    for metric in METRICS.values():
        assert ("(EUR)" in shown_as.headed(metric, "EUR")) == metric.is_money


def test_a_change_needs_a_previous_value_that_is_not_zero() -> None:
    assert shown_as.change(Decimal(110), Decimal(100)) == Decimal(10)
    assert shown_as.change(90, 120) == Decimal(-25)
    assert shown_as.change(1, 0) is None
    assert shown_as.change(1, None) is None
    assert shown_as.change(None, 1) is None


def test_a_change_has_a_sign_that_a_card_understands() -> None:
    assert shown_as.shown_change(Decimal("12.34")) == "+12.3 %"
    assert shown_as.shown_change(Decimal("-1204.05")) == "-1,204.1 %"
    assert shown_as.shown_change(Decimal("-0.04")) == "0"
    assert shown_as.shown_change(None) is None


def test_days_say_nothing_twice() -> None:
    assert shown_as.days(date(2025, 11, 3), date(2025, 11, 3)) == "3 Nov 2025"
    assert shown_as.days(date(2025, 11, 1), date(2025, 11, 30)) == "1 – 30 Nov 2025"
    assert shown_as.days(date(2025, 10, 28), date(2025, 11, 3)) == "28 Oct – 3 Nov 2025"
    assert shown_as.days(date(2024, 12, 30), date(2025, 1, 5)) == "30 Dec 2024 – 5 Jan 2025"
    assert shown_as.moment(datetime(2025, 11, 3, 5, 2, tzinfo=UTC)) == "3 Nov 2025, 05:02 UTC"
    assert shown_as.moment(None) == shown_as.day(None) == "–"


def test_a_delivered_name_is_not_read_as_markup() -> None:
    assert shown_as.escaped("a*b*[c](d)") == r"a\*b\*\[c\]\(d\)"
    assert shown_as.counted(1, "strategy", "strategies") == "1 strategy"
    assert shown_as.counted(1204, "row") == "1,204 rows"
