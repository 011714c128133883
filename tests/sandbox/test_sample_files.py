"""The sample files: the shapes of real ones, and exactly the totals that are written beside them."""

from collections.abc import Iterable
from decimal import Decimal

from sandbox import samples
from sandbox.samples import FACEBOOK_DAILY_BY_REGION, SURFSIDE_WEEK, VIBE_REPORT, SampleTotals
from tests.sandbox.delivered import Line, cells_of, facebook_lines, summed, surfside_lines, vibe_lines


def _holds(lines: Iterable[Line], expected: SampleTotals) -> None:
    rows = list(lines)
    impressions, clicks, conversions, revenue, spend = (sum(row.measures[n] for row in rows) for n in range(5))
    assert (min(row.date for row in rows), max(row.date for row in rows)) == (expected.first_day, expected.last_day)
    assert (len(rows), len(summed(rows))) == (expected.rows, expected.keys)
    assert impressions == expected.impressions
    assert clicks == (expected.clicks or 0)
    assert conversions == (expected.conversions or 0)
    assert revenue == (expected.conversion_revenue or Decimal(0))
    assert spend == expected.reported_spend


def test_surfside_week_has_padded_headings_dollars_dashes_and_a_tab() -> None:
    data = samples.surfside_week()
    _holds(surfside_lines(data, "Always On"), SURFSIDE_WEEK)
    text = data.decode()
    assert text.splitlines()[0].endswith("Clicks, Media Spend ,Conversions,Conversion Value, ROAS ")
    for oddity in (" $ -   ", "#DIV/0!", "\t|", ",6/2/2025,", "nullxnull"):
        assert oddity in text
    assert any(row["Impressions"] == "0" and row["Conversions"] != "0" for row in cells_of(data))


def test_vibe_report_has_one_day_and_46_columns_without_clicks() -> None:
    data = samples.vibe_report()
    _holds(vibe_lines(data), VIBE_REPORT)
    headings = list(cells_of(data)[0])
    assert len(headings) == 46
    assert "clicks" not in headings


def test_facebook_workbook_has_a_total_row_first_that_exceeds_the_detail() -> None:
    data = samples.facebook_daily_by_region()
    _holds(facebook_lines(data), FACEBOOK_DAILY_BY_REGION)
    rows = cells_of(data)
    total = rows[0]
    assert (total["Day"], total["Campaign name"]) == ("", "")
    assert total["Impressions"] == FACEBOOK_DAILY_BY_REGION.total_row_impressions
    assert isinstance(rows[1]["Day"], str)
    assert isinstance(rows[1]["Impressions"], float)
    assert any(row["Link clicks"] == "" for row in rows)
    assert "Purchases" not in total


def test_samples_are_the_same_bytes_every_time() -> None:
    assert samples.surfside_week() == samples.surfside_week()
    assert samples.vibe_report() == samples.vibe_report()
    assert samples.facebook_daily_by_region() == samples.facebook_daily_by_region()
