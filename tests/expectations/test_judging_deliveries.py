"""`expectations.runner` on a real Postgres: which deliveries pass, which are held, and what the finding says."""

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from delivered_rows import DAY, TABLES, deliver, row
from sqlalchemy import Engine

from expectations.runner import DeliveryVerdict, ExpectationFailure, judge
from loaders.registry import names
from orchestration.lib.judging import suite_of
from tests.rows import add_client
from warehouse.errors import PaidMediaError

BETWEEN = "expect_column_values_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
REGEX = "expect_column_values_to_match_regex"
LENGTH = "expect_column_value_lengths_to_be_between"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"

# (changes of one row, expectation, column): each is held for every source.
IMPLAUSIBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "no date": ({"date": None}, NOT_NULL, "date"),
    "misread century": ({"date": DAY.replace(year=1925)}, BETWEEN, "year"),
    "two days ahead": ({"date": DAY + timedelta(days=3)}, BETWEEN, "days_after_as_of"),
    "no campaign": ({"campaign_name": None}, NOT_NULL, "campaign_name"),
    "no strategy": ({"strategy_name": None}, NOT_NULL, "strategy_name"),
    "no placement": ({"placement_name": None}, NOT_NULL, "placement_name"),
    "no creative": ({"creative_name": None}, NOT_NULL, "creative_name"),
    "a text as name": ({"strategy_name": "x" * 1001}, LENGTH, "strategy_name"),
    "no impressions": ({"impressions": None}, NOT_NULL, "impressions"),
    "negative impressions": ({"impressions": -1}, BETWEEN, "impressions"),
    "an id as impressions": ({"impressions": 6_035_550_100}, BETWEEN, "impressions"),
    "negative clicks": ({"clicks": -1}, BETWEEN, "clicks"),
    "negative conversions": ({"conversions": -1}, BETWEEN, "conversions"),
    "negative revenue": ({"conversion_revenue": "-0.01"}, BETWEEN, "conversion_revenue"),
    "negative spend": ({"reported_spend": "-0.01"}, BETWEEN, "reported_spend"),
    "spend in micros": ({"currency": "USD", "reported_spend": "6600000"}, BETWEEN, "reported_cpm"),
    "no ISO currency": ({"currency": "US$"}, REGEX, "currency"),
}

# Changes of one row that occur in real files, and the warning that each earns.
ODD_BUT_TRUE: dict[str, tuple[dict[str, Any], str, str]] = {
    "clicks above impressions": ({"impressions": 3, "clicks": 4}, PAIR, "impressions, clicks"),
    "conversions above clicks": ({"conversions": 11}, PAIR, "clicks, conversions"),
    "conversions without impressions": ({"impressions": 0, "clicks": 2}, BETWEEN, "conversions_without_impressions"),
    "spend in cents": ({"reported_spend": "660"}, BETWEEN, "reported_cpm"),
}

PLAUSIBLE: dict[str, dict[str, Any]] = {
    "no clicks reported": {"clicks": None},
    "no conversions reported": {"conversions": None, "conversion_revenue": None},
    "no spend reported": {"reported_spend": None},
    "fractional revenue": {"conversion_revenue": "12.345678901"},
    "nothing served": {
        "impressions": 0, "clicks": 0, "conversions": 0, "conversion_revenue": "0", "reported_spend": "0",
    },
    "one expensive impression": {"impressions": 1, "clicks": 1, "reported_spend": "9"},
    "the account's day has begun": {"date": DAY + timedelta(days=2)},
    "currency stated": {"currency": "EUR"},
    "spend in a small unit": {"currency": "IDR", "reported_spend": "72000"},
    "a name with a tab and an emoji": {"strategy_name": "Spring\tSale 🌷", "campaign_name": "Ünïcode — 'quoted'; --"},
}  # fmt: skip


def found(findings: tuple[ExpectationFailure, ...]) -> list[tuple[str, str]]:
    """Expectation and column of each finding."""
    return [(each.expectation, each.column) for each in findings]


def test_clean_deliveries_of_every_source_pass_without_a_finding(warehouse: Engine) -> None:
    for source in TABLES:
        ids = [deliver(warehouse, source, name, [row(), row(source_row=3)]) for name in ("one", "two")]
        expected = [DeliveryVerdict(each, passed=True, failures=(), warnings=()) for each in ids]
        assert judge(warehouse, suite_of(source), ids) == expected


@pytest.mark.parametrize("source", TABLES)
def test_each_implausible_row_holds_its_own_delivery_and_no_other(warehouse: Engine, source: str) -> None:
    deliver(warehouse, source, "clean", [row()])
    for name, (changes, _, _) in IMPLAUSIBLE.items():
        deliver(warehouse, source, name, [row(), row(source_row=3) | changes])
    clean, *guilty = judge(warehouse, suite_of(source), ["clean", *IMPLAUSIBLE])
    assert clean.passed
    for verdict in guilty:
        _, expectation, column = IMPLAUSIBLE[verdict.delivery_id]
        assert not verdict.passed, verdict
        assert (expectation, column) in found(verdict.failures), verdict
        assert [each.sample_rows for each in verdict.failures] == [(3,)] * len(verdict.failures), verdict


@pytest.mark.parametrize("source", TABLES)
def test_odd_but_true_rows_pass_with_a_warning(warehouse: Engine, source: str) -> None:
    for name, (changes, _, _) in ODD_BUT_TRUE.items():
        deliver(warehouse, source, name, [row(currency="USD") | changes])
    for verdict in judge(warehouse, suite_of(source), list(ODD_BUT_TRUE)):
        _, expectation, column = ODD_BUT_TRUE[verdict.delivery_id]
        assert verdict.passed, verdict
        assert verdict.failures == ()
        assert (expectation, column) in found(verdict.warnings), verdict
        assert {each.severity for each in verdict.warnings} == {"warning"}


def test_plausible_rows_earn_no_finding(warehouse: Engine) -> None:
    for name, changes in PLAUSIBLE.items():
        deliver(warehouse, "surfside", name, [row() | changes])
    assert [
        each for each in judge(warehouse, suite_of("surfside"), list(PLAUSIBLE)) if each.failures or each.warnings
    ] == []


def test_a_finding_names_expectation_column_count_first_rows_and_reason(warehouse: Engine) -> None:
    deliver(
        warehouse, "vibe", "bad", [row(source_row=number, impressions=-5, clicks=None) for number in range(40, 1, -1)]
    )
    (verdict,) = judge(warehouse, suite_of("vibe"), ["bad"])
    (failure,) = verdict.failures
    assert (failure.expectation, failure.column, failure.severity) == (BETWEEN, "impressions", "critical")
    assert failure.count == 39
    assert failure.sample_rows == tuple(range(2, 12))
    assert "100,000,000" in failure.reason


def test_every_guilty_delivery_is_found_however_many_rows_fail(warehouse: Engine) -> None:
    many = [row(source_row=number, impressions=None) for number in range(2, 1002)]
    deliver(warehouse, "surfside", "noisy", many)
    quiet = [deliver(warehouse, "surfside", f"quiet {each}", [row(impressions=None)]) for each in range(5)]
    deliver(warehouse, "surfside", "clean", [row()])
    verdicts = judge(warehouse, suite_of("surfside"), ["noisy", *quiet, "clean"])
    counts = {each.delivery_id: [failure.count for failure in each.failures] for each in verdicts}
    assert counts == {"noisy": [1000]} | {each: [1] for each in quiet} | {"clean": []}


def test_a_row_that_came_twice_holds_the_delivery(warehouse: Engine) -> None:
    deliver(warehouse, "surfside", "twice", [row(), row(), row(source_row=3)])
    (verdict,) = judge(warehouse, suite_of("surfside"), ["twice"])
    assert found(verdict.failures) == [(BETWEEN, "copies_of_source_row")]
    assert (verdict.failures[0].count, verdict.failures[0].sample_rows) == (2, (2, 2))


def test_a_row_of_an_undeclared_day_holds_the_delivery(warehouse: Engine) -> None:
    deliver(warehouse, "vibe", "gap", [row(), row(source_row=3, date=DAY - timedelta(days=1))], days=[DAY])
    (verdict,) = judge(warehouse, suite_of("vibe"), ["gap"])
    assert found(verdict.failures) == [("expect_column_values_to_be_in_set", "is_declared_day")]
    assert verdict.failures[0].sample_rows == (3,)


def test_a_facebook_row_with_a_blank_name_is_a_total_and_held(warehouse: Engine) -> None:
    deliver(warehouse, "facebook", "total", [row(), row(source_row=3, creative_name=" ", placement_name=" ")])
    (verdict,) = judge(warehouse, suite_of("facebook"), ["total"])
    assert found(verdict.failures) == [(REGEX, "placement_name"), (REGEX, "creative_name")]


@pytest.mark.parametrize("source", ["surfside", "vibe"])
def test_a_blank_name_of_the_other_sources_is_a_warning(warehouse: Engine, source: str) -> None:
    deliver(warehouse, source, "blank", [row(creative_name="\t ")])
    (verdict,) = judge(warehouse, suite_of(source), ["blank"])
    assert verdict.passed
    assert found(verdict.warnings) == [(REGEX, "creative_name")]


def test_facebook_placement_and_creative_are_the_same_ad(warehouse: Engine) -> None:
    changed = [row(placement_name="Feed")]
    deliver(warehouse, "facebook", "differs", changed)
    deliver(warehouse, "surfside", "differs", changed)
    (facebook,), (surfside,) = (
        judge(warehouse, suite_of("facebook"), ["differs"]),
        judge(warehouse, suite_of("surfside"), ["differs"]),
    )
    assert found(facebook.failures) == [("expect_column_pair_values_to_be_equal", "placement_name, creative_name")]
    assert surfside.passed


def test_the_clients_currency_decides_where_the_file_states_none(warehouse: Engine) -> None:
    with closing(warehouse.raw_connection()) as connection:
        for client_id, currency in {"tokyo": "JPY", "rome": "EUR"}.items():
            add_client(connection.driver_connection, client_id, cpm=None, currency=currency)
        connection.commit()
    expensive = [row(reported_spend="24000")]
    deliver(warehouse, "surfside", "yen", expensive, client_id="tokyo")
    deliver(warehouse, "surfside", "euro", expensive, client_id="rome")
    yen, euro = judge(warehouse, suite_of("surfside"), ["yen", "euro"])
    assert yen.passed
    assert found(euro.failures) == [(BETWEEN, "reported_cpm")]


def test_rows_of_a_package_that_never_became_whole_are_not_judged(warehouse: Engine) -> None:
    deliver(warehouse, "surfside", "torn", [row(impressions=-1)], load_id="crashed")
    deliver(warehouse, "surfside", "torn", [row()])
    (verdict,) = judge(warehouse, suite_of("surfside"), ["torn"])
    assert verdict.passed


def test_a_delivery_without_rows_passes(warehouse: Engine) -> None:
    deliver(warehouse, "vibe", "empty day", [], days=[DAY])
    assert [each.passed for each in judge(warehouse, suite_of("vibe"), ["empty day", "unknown"])] == [True, True]


def test_no_deliveries_give_no_verdicts(warehouse: Engine) -> None:
    assert judge(warehouse, suite_of("vibe"), []) == []


def test_an_id_with_every_awkward_sign_is_judged(warehouse: Engine, database_url: str) -> None:
    awkward = 'it\'s 100%: {done} $1 "x"'
    deliver(warehouse, "surfside", awkward, [row(impressions=None)])
    (verdict,) = judge(database_url, suite_of("surfside"), [awkward])
    assert (verdict.delivery_id, verdict.passed) == (awkward, False)


def test_an_unknown_source_is_refused_in_words(warehouse: Engine) -> None:
    with pytest.raises(PaidMediaError, match="surfside, vibe, facebook"):
        judge(warehouse, suite_of("tiktok"), ["one"])


def test_an_expectation_that_cannot_be_computed_gives_no_verdict(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.exec_driver_sql(
            "alter table raw_surfside.media_report alter column creative_name type integer using null"
        )
    with pytest.raises(PaidMediaError, match="creative_name could not be computed"):
        judge(warehouse, suite_of("surfside"), ["one"])


def test_suites_are_named_as_the_tables_they_judge() -> None:
    assert {source: suite_of(source).table for source in names()} == TABLES


def test_importing_the_room_does_not_import_great_expectations() -> None:
    program = "import sys, expectations.runner; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
