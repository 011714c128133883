"""The state that a URL brings, and the URL that a state leaves."""

from datetime import date

import pytest

from streamlit_app.filters import by_frequency
from streamlit_app.url import from_url, to_url


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"client": ["acme", "bolt"], "source": ["vibe"], "campaign": ["c1"], "strategy": ["s1", "s2"]},
        {"period": ["last_month"], "compare": ["year"], "metric": ["roas"], "grain": ["month"]},
        {"period": ["custom"], "from": ["2025-11-01"], "to": ["2025-11-09"]},
        {"open": ["strategy:s1"], "level": ["creative"], "currency": ["EUR"], "creative": ["x"]},
    ],
)
def test_a_url_comes_back_as_it_was(parameters: dict[str, list[str]]) -> None:
    assert to_url(from_url(parameters)) == parameters


def test_a_url_that_says_nonsense_is_left_out() -> None:
    asked = {"period": ["for ever"], "compare": ["x"], "metric": ["drop table"], "grain": ["day"], "level": ["ad"]}
    assert from_url(asked) == {}
    assert from_url({"period": ["custom"], "from": ["2025-11-09"], "to": ["2025-11-01"]}) == {}
    assert from_url({"period": ["custom"], "from": ["yesterday"], "to": ["2025-11-01"]}) == {}
    assert from_url({"period": ["custom"]}) == {}


def test_defaults_are_not_written_into_the_url() -> None:
    assert to_url({"period": "last_30_days", "compare": "previous", "metric": "impressions", "client": []}) == {}


def test_half_chosen_dates_are_not_written_into_the_url() -> None:
    assert to_url({"period": "custom", "dates": (date(2025, 11, 1),)}) == {"period": ["custom"]}


def test_the_most_frequent_currency_comes_first() -> None:
    assert by_frequency(["EUR", "USD", "USD"]) == ["USD", "EUR"]
    assert by_frequency(["USD", "EUR"]) == ["EUR", "USD"]
