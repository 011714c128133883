"""Every expectation against plain Python, on generated and planted rows: which rows fail, how many, and the verdict."""

import random
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from delivered_rows import AS_OF, DAY, TABLES, create, deliver, row

from expectations import decision
from expectations.profile import profile
from expectations.runner import judge
from expectations.suites import Suite
from expectations.suites.expectation import CRITICAL, Expectation
from orchestration.lib.judging import suite_of
from tests.rows import add_client
from warehouse.errors import PaidMediaError
from warehouse.postgres import database

Row = dict[str, Any]
DECLARED = (DAY, DAY - timedelta(days=1), date(2014, 12, 31), date(2015, 1, 1), DAY + timedelta(days=3))
NAMES = ("campaign_name", "strategy_name", "placement_name", "creative_name")
LONG = "é" * 1_000  # 2,000 bytes
NAMED = (
    "Always On",
    "A",
    "~",
    " a",
    "\u2003",
    "\u2003b",
    " Spring",
    "\t",
    " ",
    "",
    "x" * 1_001,
    LONG,
    LONG + "é",
    "Ünï — 100%: :ids",
)
VALUES: dict[str, Sequence[Any]] = {
    "source_row": range(2, 30),
    "date": (*DECLARED, DAY - timedelta(days=7), DAY + timedelta(days=2), None),
    **dict.fromkeys(NAMES, (*NAMED, None)),
    "impressions": (0, 1, 999, 1_000, 1_200, 100_000_000, 100_000_001, -1, None),
    "clicks": (0, 1, 10, 1_200, 2_000, 100_000_001, -1, None),
    "conversions": (0, 1, 2, 11, 100_000_001, -1, None),
    "conversion_revenue": ("0", "19.990000001", "-0.000000001", None),
    "reported_spend": ("0", "500", "500.000000001", "5000", "5000.000000001", "600", "600.01", "6000", "-1", None),
    "currency": (None, "USD", "EUR", "XTS", "JPY", "US$", "usd", "USDX", ""),
}
# One row for each expectation that it alone, or it with what follows from it, does not meet.
PLANTED: dict[str, list[Row]] = {
    "source_row_comes_once": [{}, {}, {}],
    "currency_is_a_code": [{"currency": "usd"}],
    "date_is_given": [{"date": None}],
    "date_is_not_ancient": [{"date": date(2014, 12, 31)}],
    "date_is_not_ahead": [{"date": DAY + timedelta(days=3)}],
    "date_is_declared": [{"date": DAY - timedelta(days=7)}],
    **{f"{name}_is_given": [{name: None}] for name in NAMES},
    **{f"{name}_is_short": [{name: LONG + "é"}] for name in NAMES},
    **{f"{name}_is_not_blank": [{name: " "}] for name in NAMES},
    "impressions_is_given": [{"impressions": None}],
    **{f"{name}_is_a_count": [{name: -1}] for name in ("impressions", "clicks", "conversions")},
    **{f"{name}_is_gross": [{name: "-0.000000001"}] for name in ("conversion_revenue", "reported_spend")},
    "reported_cpm_is_possible": [{"impressions": 1_000, "reported_spend": "5000.000000001"}],
    "clicks_have_impressions": [{"impressions": 9}],
    "conversions_have_clicks": [{"clicks": 0}],
    "conversions_have_impressions": [{"impressions": 0, "clicks": 0}],
    "reported_cpm_is_usual": [{"impressions": 1_000, "reported_spend": "500.000000001"}],
    "placement_name_is_creative_name": [{"placement_name": "Feed"}],
}


def _cpm(each: Row) -> Decimal | None:
    """Reported spend per 1,000 impressions, where it says something. The client bills in dollars."""
    if each["reported_spend"] is None or each["impressions"] is None or each["impressions"] < 1_000:
        return None
    if each["currency"] not in {None, "USD", "EUR"}:
        return None
    return Decimal(each["reported_spend"]) * 1_000 / each["impressions"]


def _known(test: Callable[..., bool], *columns: str) -> Callable[[Row], bool]:
    """A test of columns that passes where one of them has no value."""
    return lambda each: any(each[name] is None for name in columns) or test(*(each[name] for name in columns))


# What each expectation says, once more, in Python: true where a row meets it. Copies are counted in `expected`.
MEETS: dict[str, Callable[[Row], bool]] = {
    "currency_is_a_code": _known(lambda code: re.fullmatch("[A-Z]{3}", code) is not None, "currency"),
    "date_is_given": lambda each: each["date"] is not None,
    "date_is_not_ancient": _known(lambda day: day.year >= 2015, "date"),
    "date_is_not_ahead": _known(lambda day: (day - AS_OF.date()).days <= 1, "date"),
    "date_is_declared": lambda each: each["date"] in DECLARED,
    **{f"{name}_is_given": lambda each, name=name: each[name] is not None for name in NAMES},
    **{f"{name}_is_short": _known(lambda text: len(text) <= 1_000, name) for name in NAMES},
    **{f"{name}_is_not_blank": _known(lambda text: bool(text.strip()), name) for name in NAMES},
    "impressions_is_given": lambda each: each["impressions"] is not None,
    **{
        f"{name}_is_a_count": _known(lambda number: 0 <= number <= 100_000_000, name)
        for name in ("impressions", "clicks", "conversions")
    },
    **{
        f"{name}_is_gross": _known(lambda amount: Decimal(amount) >= 0, name)
        for name in ("conversion_revenue", "reported_spend")
    },
    "reported_cpm_is_possible": lambda each: (_cpm(each) or 0) <= 5_000,
    "clicks_have_impressions": _known(lambda seen, clicked: seen >= clicked, "impressions", "clicks"),
    "conversions_have_clicks": _known(lambda clicked, bought: clicked >= bought, "clicks", "conversions"),
    "conversions_have_impressions": _known(lambda seen, n: seen != 0 or n <= 0, "impressions", "conversions"),
    "reported_cpm_is_usual": lambda each: (_cpm(each) or 0) <= 500,
    "placement_name_is_creative_name": _known(lambda left, right: left == right, "placement_name", "creative_name"),
}


def failing(rows: Sequence[Row], expectation: Expectation) -> list[int]:
    """The source rows that fail, in order; of those that come more than once, each but the first."""
    if expectation.name == "source_row_comes_once":
        numbers = sorted(each["source_row"] for each in rows)
        return [number for before, number in pairwise(numbers) if before == number]
    return sorted(each["source_row"] for each in rows if not MEETS[expectation.name](each))


def deliveries(seed: int) -> dict[str, list[Row]]:
    """By id: one valid, one for each expectation that is planted beside valid rows, and generated ones."""
    rng = random.Random(seed)
    made = {"valid": [row(source_row=number) for number in range(2, 8)], "empty": []}
    for name, changes in PLANTED.items():
        made[name] = [row(source_row=2), *(row(source_row=9) | each for each in changes), row(source_row=4)]
    for number in range(30):
        rows = [row(source_row=each) for each in range(2, 2 + rng.randrange(1, 25))]
        for each in rows:
            for column in rng.sample(sorted(VALUES), rng.choice((0, 0, 1, 2, len(VALUES)))):
                each[column] = rng.choice(VALUES[column])
        made[f"generated {number}"] = rows
    return made


@pytest.fixture(scope="module")
def delivered(database_url: str) -> dict[str, list[Row]]:
    """The deliveries, in the tables of every source."""
    engine, made = database.engine(), deliveries(seed=19)
    create(engine)
    with closing(engine.raw_connection()) as connection:
        add_client(connection.driver_connection, "acme", cpm=None, currency="USD")
        connection.commit()
    for source in TABLES:
        for name, rows in made.items():
            deliver(engine, source, name, rows, days=DECLARED)
    return made


def counted(suite: Suite, made: dict[str, list[Row]]) -> dict[str, dict[str, int]]:
    """The profile, as Postgres counts it."""
    with database.engine().connect() as connection:
        return {name: dict(counts) for name, counts in profile(connection, suite, list(made)).items()}


def expected(suite: Suite, made: dict[str, list[Row]]) -> dict[str, dict[str, int]]:
    """The profile, as Python counts it."""
    return {name: {each.name: len(failing(rows, each)) for each in suite.expectations()} for name, rows in made.items()}


@pytest.mark.parametrize("source", TABLES)
def test_verdicts_counts_and_sample_rows_are_those_of_plain_python(
    delivered: dict[str, list[Row]], source: str
) -> None:
    suite = suite_of(source)
    verdicts = {each.delivery_id: each for each in judge(database.engine(), suite, list(delivered))}
    assert list(verdicts) == list(delivered)
    for name, rows in delivered.items():
        told = {each.expectation: each for each in (*verdicts[name].failures, *verdicts[name].warnings)}
        wanted = {each.name: (each, failing(rows, each)) for each in suite.expectations() if failing(rows, each)}
        assert set(told) == set(wanted), name
        for each, numbers in wanted.values():
            finding = told[each.name]
            assert (finding.count, finding.sample_rows) == (len(numbers), tuple(numbers[:10])), (name, each.name)
            assert (finding.column, finding.severity, finding.reason) == (each.column, each.severity, each.meaning)
        assert verdicts[name].passed == all(each.severity != CRITICAL for each, _ in wanted.values()), name
    assert (verdicts["valid"].failures, verdicts["valid"].warnings) == ((), ())


@pytest.mark.parametrize("source", TABLES)
def test_each_expectation_finds_the_row_that_was_planted_for_it(delivered: dict[str, list[Row]], source: str) -> None:
    suite = suite_of(source)
    wanted, counts = expected(suite, delivered), counted(suite, delivered)
    for name in delivered:
        assert counts[name] == wanted[name], (name, delivered[name])
    for each in suite.expectations():
        assert counts[each.name][each.name] == max(1, len(PLANTED[each.name]) - 1), each.name


def test_a_condition_that_is_broken_is_noticed(
    delivered: dict[str, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_of("facebook")
    intact, right = suite.expectations(), expected(suite, delivered)
    for number, each in enumerate(intact):
        for condition in ("true", f"({each.condition}) is not true"):
            broken = replace(each, condition=condition, counted_as=each.counted_as and "count(*) - count(*)")
            suites = (*intact[:number], broken, *intact[number + 1 :])
            monkeypatch.setattr(Suite, "expectations", lambda _, suites=suites: suites)
            assert counted(suite, delivered) != right, (each.name, condition)


def test_names_of_a_suite_are_unique_and_every_expectation_is_told_with_its_reason() -> None:
    for source in TABLES:
        expectations = suite_of(source).expectations()
        assert len({each.name for each in expectations}) == len(expectations)
        assert {each.name for each in expectations} - {"source_row_comes_once"} <= set(MEETS)
        assert all(each.meaning and each.severity in {"critical", "warning"} for each in expectations)


def test_great_expectations_documents_what_was_found() -> None:
    suite = suite_of("vibe")
    counts = {name: {each.name: 0 for each in suite.expectations()} for name in ("one", "two")}
    counts["two"]["impressions_is_given"] = 7
    result = decision.validate(suite, counts)
    (failed,) = [each for each in result.results if not each.success]
    told = failed.expectation_config
    assert (result.success, result.suite_name, failed.result["observed_value"]) == (False, suite.table, 7)
    assert told.description == "spend is priced from impressions; without them there is none"
    assert told.meta == {"column": "impressions", "condition": "impressions is not null"}
    assert [(each.expectation.name, each.failing) for each in decision.decide(suite, counts)] == [
        ("impressions_is_given", {"two": 7})
    ]


@pytest.mark.parametrize("count", [None, "absent"])
def test_a_count_that_is_missing_gives_no_verdict(count: str | None) -> None:
    suite = suite_of("vibe")
    counts: dict[str, dict[str, Any]] = {
        name: {each.name: 0 for each in suite.expectations()} for name in ("one", "two")
    }
    if count is None:
        counts["two"]["date_is_given"] = None
    else:
        for each in counts.values():
            del each["date_is_given"]
    with pytest.raises(PaidMediaError, match="date_is_given on date could not be computed"):
        decision.decide(suite, counts)
