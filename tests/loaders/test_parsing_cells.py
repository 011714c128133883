"""Cells → values."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.files.parsing import count, day, money, name


@pytest.mark.parametrize(
    ("cell", "value"),
    [("4", 4), ("4.0", 4), ("1,234", 1234), (" 12 ", 12), ("", 0), ("  ", 0), ("-", 0), ("1e3", 1000), ("-0.0", 0)],
)
def test_a_whole_number_is_a_count(cell: str, value: int) -> None:
    assert count(cell) == (Decimal(value), None)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("4.5", "fractional count"),
        ("-3", "negative"),
        ("(3)", "negative"),
        ("#DIV/0!", "an error of Excel in place of a number"),
        ("abc", "not a number"),
        ("1,23", "not a number"),
        ("$ 4", "not a number"),
        ("12%", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("1e99", "not a usable number"),
        ("٣", "not a number"),
        ("9999999999999", "too large for a count"),
        (date(2025, 1, 1), "a date in place of a number"),
    ],
)
def test_what_is_no_count_has_a_reason(cell: str, reason: str) -> None:
    assert count(cell)[1] == reason


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (" $ 4.76 ", "4.76"),
        (" $ -   ", "0"),
        (" -   ", "0"),
        (" $ 6,250.00 ", "6250"),
        ("0.49190107", "0.49190107"),
        ("4.760000000000001", "4.76"),
        ("1e-05", "0.00001"),
        ("", "0"),
        (".5", "0.5"),
    ],
)
def test_an_amount_is_exact(cell: str, value: str) -> None:
    assert money(cell, "USD") == (Decimal(value), None)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("(1.23)", "negative"),
        ("-$1.23", "negative"),
        ("$ (1.23)", "not a number"),
        ("1.234,56", "not a number"),
        ("€ 4.76", "an amount in EUR, the client bills in USD"),
        ("#N/A", "an error of Excel in place of a number"),
        ("9999999999999999", "too large"),
    ],
)
def test_what_is_no_amount_has_a_reason(cell: str, reason: str) -> None:
    assert money(cell, "USD")[1] == reason


def test_an_amount_in_the_clients_own_currency_may_show_its_sign() -> None:
    assert money("€ 4.76", "EUR") == (Decimal("4.76"), None)


def test_a_refused_number_is_still_read_so_that_it_is_conserved() -> None:
    assert money("(1.23)", "USD")[0] == Decimal("-1.23")
    assert count("4.5")[0] == Decimal("4.5")


@given(st.decimals(min_value=0, max_value=10**14, places=9))
def test_every_amount_of_nine_decimals_survives(value: Decimal) -> None:
    assert money(f"$ {value:,f}", "USD") == (value, None)


@given(st.text(max_size=20))
def test_any_text_has_a_value_or_a_reason(cell: str) -> None:
    for value, reason in (count(cell), money(cell, "USD"), day(cell, ("%m/%d/%Y",))):
        assert value is not None or reason is not None


@pytest.mark.parametrize(
    "cell",
    [
        "11/4/2025",
        "2025-11-04",
        "2025-11-04T00:00:00.000",
        date(2025, 11, 4),
        datetime.fromisoformat("2025-11-04T09:00"),
    ],
)
def test_a_day_is_read_in_the_sources_format_in_iso_and_as_a_true_date(cell: str) -> None:
    assert day(cell, ("%m/%d/%Y",)) == (date(2025, 11, 4), None)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "the date is missing"),
        ("25/12/2025", "not a date"),
        ("2025-02-30", "no such date"),
        ("45965", "not a date"),
        ("2025-11-04T00:00:00+02:00", "not a date"),
    ],
)
def test_what_is_no_day_has_a_reason(cell: str, reason: str) -> None:
    found, why = day(cell, ("%m/%d/%Y",))
    assert found is None
    assert why is not None
    assert why.startswith(reason)


def test_a_name_is_kept_as_delivered() -> None:
    assert name(" Retargeting\t| Cart ") == (" Retargeting\t| Cart ", None)
    assert name("#REF!")[1] is not None
