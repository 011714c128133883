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
from expectations.suites import common
from expectations.suites.expectation import Expectation
from loaders.registry import names
from orchestration.lib.judging import expectations_result, judge_pending, suite_of
from tests.rows import add_client
from warehouse.deliveries import verdicts
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

# (changes of one row, expectation): each is held for every source.
IMPLAUSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "no date": ({"date": None}, "date_is_given"),
    "misread century": ({"date": DAY.replace(year=1925)}, "date_is_not_ancient"),
    "two days ahead": ({"date": DAY + timedelta(days=3)}, "date_is_not_ahead"),
    "no campaign": ({"campaign_name": None}, "campaign_name_is_given"),
    "no strategy": ({"strategy_name": None}, "strategy_name_is_given"),
    "no placement": ({"placement_name": None}, "placement_name_is_given"),
    "no creative": ({"creative_name": None}, "creative_name_is_given"),
    "a text as name": ({"strategy_name": "x" * 1001}, "strategy_name_is_short"),
    "no impressions": ({"impressions": None}, "impressions_is_given"),
    "negative impressions": ({"impressions": -1}, "impressions_is_a_count"),
    "an id as impressions": ({"impressions": 6_035_550_100}, "impressions_is_a_count"),
    "negative clicks": ({"clicks": -1}, "clicks_is_a_count"),
    "negative conversions": ({"conversions": -1}, "conversions_is_a_count"),
    "negative revenue": ({"conversion_revenue": "-0.01"}, "conversion_revenue_is_gross"),
    "negative spend": ({"reported_spend": "-0.01"}, "reported_spend_is_gross"),
    "spend in micros": ({"currency": "USD", "reported_spend": "6600000"}, "reported_cpm_is_possible"),
    "no ISO currency": ({"currency": "US$"}, "currency_is_a_code"),
}

# Changes of one row that occur in real files, and the warning that each earns.
ODD_BUT_TRUE: dict[str, tuple[dict[str, Any], str]] = {
    "clicks above impressions": ({"impressions": 3, "clicks": 4}, "clicks_have_impressions"),
    "conversions above clicks": ({"conversions": 11}, "conversions_have_clicks"),
    "conversions without impressions": ({"impressions": 0, "clicks": 2}, "conversions_have_impressions"),
    "spend in cents": ({"reported_spend": "660"}, "reported_cpm_is_usual"),
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


def found(findings: tuple[ExpectationFailure, ...]) -> list[str]:
    """The expectation of each finding."""
    return [each.expectation for each in findings]


def test_clean_deliveries_of_every_source_pass_without_a_finding(warehouse: Engine) -> None:
    for source in TABLES:
        ids = [deliver(warehouse, source, name, [row(), row(source_row=3)]) for name in ("one", "two")]
        expected = [DeliveryVerdict(each, passed=True, failures=(), warnings=()) for each in ids]
        assert judge(warehouse, suite_of(source), ids) == expected


@pytest.mark.parametrize("source", TABLES)
def test_each_implausible_row_holds_its_own_delivery_and_no_other(warehouse: Engine, source: str) -> None:
    deliver(warehouse, source, "clean", [row()])
    for name, (changes, _) in IMPLAUSIBLE.items():
        deliver(warehouse, source, name, [row(), row(source_row=3) | changes])
    clean, *guilty = judge(warehouse, suite_of(source), ["clean", *IMPLAUSIBLE])
    assert clean.passed
    for verdict in guilty:
        _, expectation = IMPLAUSIBLE[verdict.delivery_id]
        assert not verdict.passed, verdict
        assert expectation in found(verdict.failures), verdict
        assert [each.sample_rows for each in verdict.failures] == [(3,)] * len(verdict.failures), verdict


@pytest.mark.parametrize("source", TABLES)
def test_odd_but_true_rows_pass_with_a_warning(warehouse: Engine, source: str) -> None:
    for name, (changes, _) in ODD_BUT_TRUE.items():
        deliver(warehouse, source, name, [row(currency="USD") | changes])
    for verdict in judge(warehouse, suite_of(source), list(ODD_BUT_TRUE)):
        _, expectation = ODD_BUT_TRUE[verdict.delivery_id]
        assert verdict.passed, verdict
        assert verdict.failures == ()
        assert expectation in found(verdict.warnings), verdict
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
    assert (failure.expectation, failure.column, failure.severity) == (
        "impressions_is_a_count",
        "impressions",
        "critical",
    )
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
    assert found(verdict.failures) == ["source_row_comes_once"]
    assert (verdict.failures[0].count, verdict.failures[0].sample_rows) == (1, (2,))


def test_a_row_of_an_undeclared_day_holds_the_delivery(warehouse: Engine) -> None:
    deliver(warehouse, "vibe", "gap", [row(), row(source_row=3, date=DAY - timedelta(days=1))], days=[DAY])
    (verdict,) = judge(warehouse, suite_of("vibe"), ["gap"])
    assert found(verdict.failures) == ["date_is_declared"]
    assert verdict.failures[0].sample_rows == (3,)


def test_a_facebook_row_with_a_blank_name_is_a_total_and_held(warehouse: Engine) -> None:
    deliver(warehouse, "facebook", "total", [row(), row(source_row=3, creative_name=" ", placement_name=" ")])
    (verdict,) = judge(warehouse, suite_of("facebook"), ["total"])
    assert found(verdict.failures) == ["placement_name_is_not_blank", "creative_name_is_not_blank"]


@pytest.mark.parametrize("source", ["surfside", "vibe"])
def test_a_blank_name_of_the_other_sources_is_a_warning(warehouse: Engine, source: str) -> None:
    deliver(warehouse, source, "blank", [row(creative_name="\t ")])
    (verdict,) = judge(warehouse, suite_of(source), ["blank"])
    assert verdict.passed
    assert found(verdict.warnings) == ["creative_name_is_not_blank"]


def test_facebook_placement_and_creative_are_the_same_ad(warehouse: Engine) -> None:
    changed = [row(placement_name="Feed")]
    deliver(warehouse, "facebook", "differs", changed)
    deliver(warehouse, "surfside", "differs", changed)
    (facebook,), (surfside,) = (
        judge(warehouse, suite_of("facebook"), ["differs"]),
        judge(warehouse, suite_of("surfside"), ["differs"]),
    )
    assert found(facebook.failures) == ["placement_name_is_creative_name"]
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
    assert found(euro.failures) == ["reported_cpm_is_possible"]


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


def test_an_id_with_every_awkward_sign_is_judged(warehouse: Engine) -> None:
    awkward = 'it\'s 100%: {done} $1 "x"'
    deliver(warehouse, "surfside", awkward, [row(impressions=None)])
    (verdict,) = judge(warehouse, suite_of("surfside"), [awkward])
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


def test_an_expectation_that_counts_otherwise_than_it_selects_gives_no_verdict(
    warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(warehouse, "vibe", "one", [row(), row(source_row=3)])
    wrong = Expectation("wrong", "clicks", "clicks > 100", "of a test", counted_as="count(*) + 1")
    monkeypatch.setattr(common, "EXPECTATIONS", (wrong,))
    with pytest.raises(PaidMediaError, match="wrong on clicks failed for 3 rows, 2 found"):
        judge(warehouse, suite_of("vibe"), ["one"])


def test_suites_are_named_as_the_tables_they_judge() -> None:
    assert {source: suite_of(source).table for source in names()} == TABLES


def test_importing_the_room_does_not_import_great_expectations() -> None:
    program = "import sys, expectations.runner; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_held_is_named_with_its_rows_in_the_verdict_and_the_check(
    warehouse: Engine, settings: Settings
) -> None:
    with closing(warehouse.raw_connection()) as connection:
        add_client(connection.driver_connection, "boats", cpm=None)
        connection.commit()
    rows = {  # of equal age: the last name is the newest
        "good": [row()],
        "odd": [row(impressions=9)],
        "rotten": [row(source_row=number, date=None) for number in range(2, 14)],
    }
    for name, delivered in rows.items():
        deliver(warehouse, "vibe", name, delivered, days=[DAY], client_id="boats")
    judged = judge_pending(settings, "vibe")
    summary = (
        "date_is_given on date: 12 rows, such as 2, 3, 4, 5, 6, 7, 8, 9, 10, 11. a row without a day belongs to no day"
    )
    with database.session(settings) as current:
        (held,) = verdicts.held(current)
        assert held.delivery_id == "rotten"
        assert held.failures[0]["summary"] == summary
        assert [each["expectation"] for each in held.failures] == ["date_is_given", "date_is_declared"]
    check = expectations_result(judged)
    assert not check.passed
    assert f"rotten is held: {summary}" in (check.description or "")
    assert list(check.metadata["warnings"].value) == ["odd"]
    assert judge_pending(settings, "vibe") == []
