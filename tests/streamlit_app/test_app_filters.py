"""The state that a URL brings, and the URL that a state leaves; and whether a source is on time."""

from datetime import date
from typing import Any

import pytest

from streamlit_app.filters import Catalog, by_frequency
from streamlit_app.identity import Viewer
from streamlit_app.periods import Period
from streamlit_app.scope import Reading
from streamlit_app.timeliness import DISABLED, HELD, NO_DATA, ON_TIME, PENDING, STALE, judge
from streamlit_app.url import from_url, to_url

TODAY = date(2025, 11, 21)


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


def test_days_are_counted_from_what_the_chosen_clients_and_sources_delivered() -> None:
    catalog = Catalog(
        Reading(Viewer(1, "anyone", "analyst", None), "1", TODAY),
        [],
        [
            _delivered("acme", "vibe", date(2025, 10, 1), date(2025, 11, 10)),
            _delivered("acme", "facebook", date(2025, 9, 1), date(2025, 11, 1)),
            _delivered("bolt", "vibe", date(2025, 8, 1), date(2025, 11, 20)),
            _delivered("bolt", "surfside", None, None),
        ],
    )
    assert catalog.delivered(("acme",), ("vibe", "facebook")) == Period(date(2025, 9, 1), date(2025, 11, 10))
    assert catalog.delivered(("acme",), ("vibe",)) == Period(date(2025, 10, 1), date(2025, 11, 10))
    assert catalog.delivered(("bolt",), ("surfside",)) == Period(date(2025, 8, 1), date(2025, 11, 20))
    assert Catalog(catalog.reading, [], []).delivered((), ()) == Period(TODAY, TODAY)


@pytest.mark.parametrize(
    ("source", "last", "more", "is_active", "states"),
    [
        ("surfside", date(2025, 11, 20), {}, True, (ON_TIME,)),
        ("surfside", date(2025, 11, 19), {}, True, (ON_TIME,)),
        ("surfside", date(2025, 11, 18), {}, True, (STALE,)),
        ("facebook", date(2025, 11, 13), {}, True, (ON_TIME,)),
        ("facebook", date(2025, 11, 12), {}, True, (STALE,)),
        ("vibe", None, {"held_deliveries": 1}, True, (NO_DATA, HELD)),
        ("vibe", date(2025, 1, 1), {}, False, (DISABLED,)),
        ("vibe", date(2025, 11, 20), {"pending_deliveries": 2}, True, (PENDING,)),
        ("vibe", date(2025, 11, 25), {}, True, (ON_TIME,)),
    ],
)
def test_a_source_is_late_by_its_own_rhythm(
    source: str, last: date | None, more: dict[str, Any], is_active: bool, states: tuple[str, ...]
) -> None:
    judged = judge(_delivered("acme", source, last, last) | more, is_active, TODAY)
    assert judged.states == states
    assert judged.is_late == (STALE in states or NO_DATA in states)


def _delivered(client: str, source: str, first: date | None, last: date | None) -> dict[str, Any]:
    return {
        "client_id": client, "client_name": client.title(), "source": source, "first_date": first, "last_date": last,
        "held_deliveries": 0, "pending_deliveries": 0,
    }  # fmt: skip
