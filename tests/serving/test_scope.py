"""What the filters can choose from, whose days they count, and which of these sources are late."""

from datetime import date
from typing import Any

import pytest

from serving.periods import Period
from serving.scope import Catalog, Reading
from serving.timeliness import DISABLED, HELD, NO_DATA, ON_TIME, PENDING, STALE, judge
from serving.viewer import Viewer

TODAY = date(2025, 11, 21)

LATE_AFTER_DAYS = {"surfside": 2, "vibe": 2, "facebook": 8}


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
    judged = judge(_delivered("acme", source, last, last) | more, is_active, TODAY, LATE_AFTER_DAYS)
    assert judged.states == states
    assert judged.is_late == (STALE in states or NO_DATA in states)


def _delivered(client: str, source: str, first: date | None, last: date | None) -> dict[str, Any]:
    return {
        "client_id": client, "client_name": client.title(), "source": source, "first_date": first, "last_date": last,
        "held_deliveries": 0, "pending_deliveries": 0,
    }  # fmt: skip
