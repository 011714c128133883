"""One file → rows, rejects, totals, declared days."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.errors import LoadFailed, LoadRefused
from loaders.files import cells
from loaders.files.reading import Reader, Reading, read_delivery
from loaders.files.totals import Totals
from tests.loaders import files
from tests.sources import FACEBOOK, VIBE
from tests.sources import SURFSIDE as COLUMNS

DAY = date(2025, 11, 4)
NEXT = DAY + timedelta(days=1)
SURFSIDE = replace(COLUMNS, date_formats=("%m/%d/%Y",))


@pytest.fixture
def surfside(reader_of: Callable[..., Reader]) -> Reader:
    return reader_of(SURFSIDE, rules={"campaign": "Always On"})


@pytest.fixture
def facebook(reader_of: Callable[..., Reader]) -> Reader:
    return reader_of(FACEBOOK)


@pytest.fixture
def vibe(reader_of: Callable[..., Reader]) -> Reader:
    return reader_of(VIBE)


def totals_of(reading: Reading) -> dict[str, Decimal | None]:
    return {name: reading.totals.accepted(name) for name in ("impressions", "clicks", "reported_spend")}


def test_rows_are_typed_and_carry_names_as_delivered_and_their_other_columns(surfside: Reader) -> None:
    header = (*files.SURFSIDE, "Creative Size", " ROAS ")
    data = files.csv_bytes(header, [(*files.surfside_row(DAY), "728x90", "#DIV/0!")])
    reading = read_delivery(data, "a.csv", surfside)
    (row,) = reading.rows.table().to_pylist()
    assert row == {
        "delivery_id": "",
        "source_row": 2,
        "date": DAY,
        "campaign_name": "Always On",
        "strategy_name": "Prospecting",
        "placement_name": "Audience\t| Lookalike",
        "creative_name": "Banner 1",
        "impressions": 100,
        "clicks": 2,
        "conversions": 1,
        "conversion_revenue": Decimal("12.5"),
        "reported_spend": Decimal("4.76"),
        "currency": None,
        "unmapped": '{"Creative Size": "728x90", "ROAS": "#DIV/0!"}',
    }
    assert reading.days == (DAY,)


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"impressions": "-1"}, "Impressions", "negative"),
        ({"impressions": "4.5"}, "Impressions", "fractional count"),
        ({"clicks": "many"}, "Clicks", "not a number"),
        ({"media": "#DIV/0!"}, "Media Spend", "an error of Excel in place of a number"),
        ({"conversion": "(1.00)"}, "Conversion Value", "negative"),
        ({"event": "13/13/2025"}, "Event Date", "not a date (expected %m/%d/%Y or %Y-%m-%d)"),
        ({"creative": "#REF!"}, "Creative Name", "an error of Excel in place of a name"),
        ({"clicks": "x", "media": "y"}, "Clicks", "not a number; also Media Spend"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_cell_and_reason(
    surfside: Reader, changes: dict[str, str], column: str, reason: str
) -> None:
    good = [files.surfside_row(DAY) for _ in range(30)]
    data = files.surfside(*good, files.surfside_row(DAY, **{"impressions": 7, **changes}))
    reading = read_delivery(data, "a.csv", surfside)
    (reject,) = reading.rejects
    assert (reject.source_row, reject.column_name, reject.reason) == (32, column, reason)
    assert json.loads(reject.row_values)["Strategy Name"] == "Prospecting"
    assert reading.totals.rows == {"read": 31, "accepted": 30, "rejected": 1, "dropped": 0}
    reading.totals.check("a.csv")


def test_too_large_a_share_of_bad_rows_refuses_the_file(surfside: Reader) -> None:
    rows = [files.surfside_row(DAY) for _ in range(19)]
    one_in_twenty = files.surfside(*rows, files.surfside_row(DAY, "x"))
    assert len(read_delivery(one_in_twenty, "a.csv", surfside).rejects) == 1
    two = files.surfside(*rows, files.surfside_row(DAY, "x"), files.surfside_row(DAY, "y"))
    with pytest.raises(LoadRefused, match=r"2 of 21 rows of a.csv cannot be used \(first row 21, Impressions = 'x'"):
        read_delivery(two, "a.csv", surfside)


def test_a_blank_cell_is_zero_and_an_absent_column_is_null(vibe: Reader) -> None:
    reading = read_delivery(files.vibe(files.vibe_row(DAY, "")), "a.csv", vibe)
    (row,) = reading.rows.table().to_pylist()
    assert (row["impressions"], row["clicks"], row["conversions"]) == (0, None, 1)
    assert reading.totals.accepted("clicks") is None


def test_a_grand_total_row_is_dropped_and_its_difference_is_a_warning_with_both_numbers(facebook: Reader) -> None:
    total = ("", "", "", "", 119_924, 6, "2.50", "2025-11-04", "2025-11-05")
    data = files.facebook(total, files.facebook_row(DAY, 82_365), files.facebook_row(NEXT, 0))
    reading = read_delivery(data, "a.csv", facebook)
    assert totals_of(reading) == {"impressions": 82_365, "clicks": 6, "reported_spend": Decimal("2.5")}
    assert reading.totals.rows == {"read": 3, "accepted": 2, "rejected": 0, "dropped": 1}
    assert reading.totals.measures["impressions"]["dropped"] == 119_924
    (warning,) = [each for each in reading.warnings if "total row" in each]
    assert "impressions 119,924 against 82,365" in warning
    assert "clicks" not in warning


def test_a_total_row_that_agrees_says_nothing(facebook: Reader) -> None:
    total = ("", "", "", "", 100, "", "", "2025-11-04", "2025-11-04")
    assert read_delivery(files.facebook(files.facebook_row(DAY), total), "a.csv", facebook).warnings == []


def test_two_total_rows_are_refused(facebook: Reader) -> None:
    total = ("", "", "", "", 100, 3, "1.25", "2025-11-04", "2025-11-04")
    with pytest.raises(LoadRefused, match=r"two total rows \(rows 2 and 4\)"):
        read_delivery(files.facebook(total, files.facebook_row(DAY), total), "a.csv", facebook)


def without_day(*rows: tuple[object, ...]) -> bytes:
    return files.csv_bytes(files.FACEBOOK[1:], [row[1:] for row in rows])


def test_an_export_without_a_day_counts_where_starts_equals_ends(facebook: Reader) -> None:
    reading = read_delivery(without_day(files.facebook_row(DAY), files.facebook_row(NEXT)), "a.csv", facebook)
    assert reading.days == (DAY, NEXT)


def test_a_period_aggregate_is_refused_saying_how_to_export_by_day(facebook: Reader) -> None:
    period = (*files.facebook_row(DAY)[:-1], str(NEXT))
    with pytest.raises(LoadRefused, match="adds several days up") as refused:
        read_delivery(without_day(period), "a.csv", facebook)
    assert "broken down by Day" in str(refused.value)
    assert "row 2 runs from 2025-11-04 to 2025-11-05" in str(refused.value)


def test_synonymous_headings_must_agree(facebook: Reader) -> None:
    header = (*files.FACEBOOK, "Campaign Name")
    same = files.csv_bytes(header, [(*files.facebook_row(DAY), "Spring ")])
    assert len(read_delivery(same, "a.csv", facebook).rows) == 1
    other = files.csv_bytes(header, [(*files.facebook_row(DAY), "Autumn")])
    with pytest.raises(LoadRefused, match=r"row 2: 'Spring' and 'Autumn'"):
        read_delivery(other, "a.csv", facebook)


def results(facebook: Reader, *kinds: str, heading: str = "Result type") -> Reading:
    header = (*files.FACEBOOK, "Results", heading)
    rows = [(*files.facebook_row(DAY), 5, kind) for kind in kinds]
    return read_delivery(files.csv_bytes(header, rows), "a.csv", facebook)


def test_results_are_conversions_only_where_they_are_of_one_kind(facebook: Reader) -> None:
    assert results(facebook, "Purchase", "Purchase", "").totals.accepted("conversions") == 15
    mixed = results(facebook, "Purchase", "Link click")
    assert mixed.totals.accepted("conversions") is None
    assert mixed.warnings == [
        "'Results' counts several kinds of results (Link click, Purchase): conversions left empty"
    ]
    assert json.loads(mixed.rows.table().column("unmapped")[0].as_py())["Results"] == "5"
    unknown = results(facebook, "x", heading="Objective")
    assert unknown.totals.accepted("conversions") is None


def test_purchases_count_before_results(facebook: Reader) -> None:
    header = (*files.FACEBOOK, "Purchases", "Results")
    data = files.csv_bytes(header, [(*files.facebook_row(DAY), 2, 99)])
    assert read_delivery(data, "a.csv", facebook).totals.accepted("conversions") == 2


@pytest.mark.parametrize(
    ("heading", "currencies", "message"),
    [
        ("Amount spent (EUR)", ["EUR"], "has amounts in EUR (client acme bills in USD)"),
        ("Amount spent (USD)", ["EUR"], "mixes currencies (EUR, USD)"),
        ("Amount spent", ["USD", "CAD"], "mixes currencies (CAD, USD)"),
        ("Amount spent", [""], "does not say in which currency"),
    ],
)
def test_an_export_in_other_unknown_or_mixed_currencies_is_refused(
    facebook: Reader, heading: str, currencies: list[str], message: str
) -> None:
    header = [heading if each.startswith("Amount") else each for each in files.FACEBOOK]
    data = files.csv_bytes((*header, "Currency"), [(*files.facebook_row(DAY), currency) for currency in currencies])
    with pytest.raises(LoadRefused) as refused:
        read_delivery(data, "a.csv", facebook)
    assert message in str(refused.value)


def test_a_stated_currency_is_kept_with_the_rows(facebook: Reader) -> None:
    assert (
        read_delivery(files.facebook(files.facebook_row(DAY)), "a.csv", facebook).rows.table()["currency"][0].as_py()
        == "USD"
    )


def test_a_file_without_rows_is_refused_but_an_empty_report_is_empty_days(facebook: Reader, vibe: Reader) -> None:
    with pytest.raises(LoadRefused, match="has no rows"):
        read_delivery(files.facebook(), "a.csv", facebook)
    total = ("", "", "", "", 0, 0, "0", "2025-11-04", "2025-11-04")
    with pytest.raises(LoadRefused, match="has no rows besides the total"):
        read_delivery(files.facebook(total), "a.csv", facebook)
    empty = read_delivery(files.vibe(), "a.csv", vibe, requested_days=(DAY, NEXT))
    assert (empty.days, len(empty.rows)) == ((DAY, NEXT), 0)


def test_a_report_declares_every_day_asked_for_and_sets_rows_of_other_days_aside(vibe: Reader) -> None:
    good = [files.vibe_row(DAY) for _ in range(20)]
    reading = read_delivery(
        files.vibe(*good, files.vibe_row(NEXT)), "a.csv", vibe, requested_days=(DAY - timedelta(days=1), DAY)
    )
    assert reading.days == (DAY - timedelta(days=1), DAY)
    assert [reject.reason for reject in reading.rejects] == ["the day lies outside the days asked for"]


def test_a_day_whose_rows_were_all_rejected_is_not_declared(vibe: Reader, surfside: Reader) -> None:
    """Declaring it would replace the earlier numbers of that day by nothing."""
    rows = [files.vibe_row(DAY) for _ in range(30)]
    report = read_delivery(files.vibe(*rows, files.vibe_row(NEXT, "x")), "a.csv", vibe, requested_days=(DAY, NEXT))
    file = read_delivery(
        files.surfside(*[files.surfside_row(DAY)] * 30, files.surfside_row(NEXT, "x")), "a.csv", surfside
    )
    for reading in (report, file):
        assert reading.days == (DAY,)
        assert f"every row of {NEXT} was rejected: earlier numbers of that day stay" in reading.warnings


def test_a_file_of_several_batches_is_one(surfside: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [files.surfside_row(DAY, number) for number in range(25)]
    whole = read_delivery(files.surfside(*rows), "a.csv", surfside)
    monkeypatch.setattr(cells, "BATCH_CELLS", 50)
    parts = read_delivery(files.surfside(*rows), "a.csv", surfside)
    assert parts.rows.table().to_pylist() == whole.rows.table().to_pylist()
    assert parts.totals == whole.totals
    assert all(before < after for before, after in pairwise(parts.rows.table().column("source_row").to_pylist()))


def test_totals_that_do_not_add_up_stop_the_load() -> None:
    totals = Totals(frozenset(["impressions"]))
    totals.rows.update(read=2, accepted=1)
    with pytest.raises(LoadFailed, match=r"rows of a\.csv do not add up"):
        totals.check("a.csv")
    totals.rows["rejected"] = 1
    totals.add("impressions", "read", [Decimal(5), None])
    with pytest.raises(LoadFailed, match=r"impressions of a\.csv do not add up"):
        totals.check("a.csv")


CELLS = st.one_of(
    st.integers(-5, 10**7).map(str),
    st.decimals(-5, 10**6, places=2).map(lambda value: f" $ {value:,} "),
    st.sampled_from(["", " ", "-", "#DIV/0!", "4.0", "4.5", "(3)", "1e5", "N/A", "\N{SNOWMAN}"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, st.sampled_from(["11/4/2025", "2025-11-05", "", "x"])), min_size=1))
def test_whatever_the_cells_hold_accepted_rejected_and_dropped_is_what_was_read(
    reader_of: Callable[..., Reader], drawn: list[tuple[str, str, str, str]]
) -> None:
    reader = reader_of(SURFSIDE, rules={"campaign": "Always On"}, max_reject_share=1.0)
    rows = [
        files.surfside_row(DAY, impressions, clicks=clicks, media=spend, event=day)
        for impressions, clicks, spend, day in drawn
    ]
    reading = read_delivery(files.surfside(*rows), "a.csv", reader)
    reading.totals.check("a.csv")
    assert len(reading.rows) + len(reading.rejects) == len(rows)
    assert sorted(
        [*reading.rows.table()["source_row"].to_pylist(), *(each.source_row for each in reading.rejects)]
    ) == list(range(2, len(rows) + 2))
