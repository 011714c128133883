"""The decisions of the ledger: what is a duplicate, what may be an old file."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from loaders.errors import LoadRefused
from loaders.files.columns import MEASURES
from loaders.ledger.entries import Claim, KnownDelivery, find_duplicate, new_delivery_id, refuse_older_export

DAY = date(2025, 11, 4)
MORNING = datetime(2025, 11, 5, 5, tzinfo=UTC)
KNOWN = KnownDelivery("first", f"{MORNING} first", frozenset([DAY]))


def claim(
    name: str, hours: int, *, day: date = DAY, until: date = DAY, verdict: str = "passed", impressions: int = 100
) -> Claim:
    at = MORNING + timedelta(hours=hours)
    totals: dict[str, Decimal | None] = dict.fromkeys(MEASURES)
    return Claim(name, f"{at} {name}", until, verdict, day, totals | {"impressions": Decimal(impressions)})


def test_the_same_bytes_again_are_a_duplicate() -> None:
    assert find_duplicate([KNOWN], [claim("first", 0)], requested_days=None, always=False) == KNOWN


def test_nothing_known_is_no_duplicate() -> None:
    assert find_duplicate([], [], requested_days=None, always=True) is None


@pytest.mark.parametrize("verdict", ["passed", "released", "held", "pending"])
def test_going_back_to_earlier_bytes_is_no_duplicate(verdict: str) -> None:
    newer = claim("second", 1, verdict=verdict)
    assert find_duplicate([KNOWN], [claim("first", 0), newer], requested_days=None, always=False) is None


def test_an_older_delivery_of_the_day_does_not_matter() -> None:
    assert find_duplicate([KNOWN], [claim("older", -1)], requested_days=None, always=False) == KNOWN


def test_an_upload_of_which_nothing_is_said_is_a_duplicate_even_of_a_replaced_one() -> None:
    assert find_duplicate([KNOWN], [claim("second", 1)], requested_days=None, always=True) == KNOWN


def test_a_report_of_other_days_with_the_same_bytes_is_no_duplicate() -> None:
    """Two empty reports are the same bytes and say different things."""
    other = (DAY, DAY + timedelta(days=1))
    assert find_duplicate([KNOWN], [], requested_days=other, always=False) is None
    assert find_duplicate([KNOWN], [], requested_days=(DAY,), always=False) == KNOWN


def days(*impressions: int) -> pa.Table:
    rows = [
        {"date": DAY + timedelta(days=number), **dict.fromkeys(MEASURES), "impressions": Decimal(value)}
        for number, value in enumerate(impressions)
    ]
    return pa.Table.from_pylist(rows)


LATER = DAY + timedelta(days=10)


def test_an_export_that_ends_earlier_with_other_numbers_is_refused_with_the_differences() -> None:
    claims = [claim("first", 0, until=LATER, impressions=1_234)]
    with pytest.raises(LoadRefused) as refused:
        refuse_older_export("old.csv", days(1_200), DAY, claims)
    text = str(refused.value)
    assert "old.csv ends on 2025-11-04 and differs from a loaded export up to 2025-11-14" in text
    assert "2025-11-04: impressions 1,234 → 1,200" in text
    assert "--supersede" in text
    assert "--as-of" in text


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ([claim("first", 0, until=LATER, impressions=1_200)], "the same numbers"),
        ([claim("first", 0, until=DAY, impressions=1)], "an export that ends no later"),
        ([claim("first", 0, until=LATER, impressions=1, verdict="held")], "a held export"),
        ([claim("first", 0, until=LATER, impressions=1), claim("next", 1, impressions=2)], "since replaced"),
        ([claim("first", 0, day=LATER, until=LATER, impressions=1)], "another day"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_export_is_no_older_one_than(claims: list[Claim], why: str) -> None:
    refuse_older_export("new.csv", days(1_200), DAY, claims)


def test_many_differing_days_are_named_in_part() -> None:
    claims = [claim("first", 0, day=DAY + timedelta(days=number), until=LATER) for number in range(8)]
    with pytest.raises(LoadRefused, match="; 3 more days"):
        refuse_older_export("old.csv", days(*range(8)), DAY + timedelta(days=7), claims)


def test_delivery_ids_are_readable_and_never_the_same() -> None:
    ids = {new_delivery_id("vibe", "acme", MORNING) for _ in range(100)}
    assert len(ids) == 100
    assert all(each.startswith("vibe-acme-20251105T050000-") for each in ids)
