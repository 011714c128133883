"""What the figures rest on: shared wall time, made-up bytes that read as real ones, sums that are not wrong unseen."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import deliveries, report
from benchmarks.run import KINDS, steps
from benchmarks.sizes import FULL, QUICK
from benchmarks.stages import REST, Interval, covered, shared
from benchmarks.truth import Expected, Totals, compare, totals_of
from loaders.facebook.columns import COLUMNS as FACEBOOK
from loaders.reading import Reader, read_delivery
from loaders.surfside.columns import COLUMNS as SURFSIDE
from loaders.vibe.columns import COLUMNS as VIBE
from warehouse.errors import PaidMediaError

DAY = date(2026, 10, 28)
ROWS = 5_300
SPECS = {"surfside": replace(SURFSIDE, date_formats=("%m/%d/%Y",)), "vibe": VIBE, "facebook": FACEBOOK}
ONE = Totals(2, 3, Decimal(30), None, Decimal(1), Decimal("9.50"), Decimal("0.30"))


def test_a_moment_is_shared_by_the_stages_at_work_in_it() -> None:
    intervals = [Interval("read", 0, 4), Interval("copy", 2, 6), Interval("copy", 3, 4), Interval("test", 8, 99)]
    found = shared(intervals, 0, 10)
    assert found == pytest.approx({"read": 2 + 0.5 + 1 / 3, "copy": 0.5 + 2 / 3 + 2, REST: 2, "test": 2})
    assert sum(found.values()) == pytest.approx(10)
    assert covered(intervals, 0, 10) == pytest.approx(8)


@pytest.mark.parametrize("source", SPECS)
def test_the_loader_reads_every_made_up_row_and_the_same_sums(source: str) -> None:
    data = deliveries.MAKERS[source](1, DAY, ROWS, 0)
    rules = {"campaign": "Always On"} if source == "surfside" else {}
    reading = read_delivery(data, "a.csv", Reader(SPECS[source], "a", "USD", rules, 2**26, 0.0))
    truth = totals_of(data, source)
    names = ("campaign_name", "strategy_name", "placement_name", "creative_name")
    keys = Counter(zip(*(column.to_pylist() for column in reading.rows.table(names).columns), strict=True))
    assert not reading.rejects
    assert reading.days == (DAY,)
    assert reading.totals.rows["accepted"] == truth.raw_rows == ROWS
    assert len(keys) == truth.rows == round(ROWS / 2.65)
    assert min(truth.impressions, truth.conversions, truth.conversion_revenue, truth.reported_spend) > 0
    for measure in ("impressions", "clicks", "conversions", "conversion_revenue", "reported_spend"):
        assert reading.totals.accepted(measure) == getattr(truth, measure), measure


def test_another_day_and_a_restatement_have_the_same_creatives_and_other_numbers() -> None:
    first = deliveries.surfside(1, DAY, ROWS)
    restated, next_day = deliveries.surfside(1, DAY, ROWS, 1), deliveries.surfside(1, date(2026, 10, 29), ROWS)
    assert deliveries.surfside(1, DAY, ROWS) == first
    assert len({totals_of(data, "surfside").impressions for data in (first, restated, next_day)}) == 3
    assert len({totals_of(data, "surfside").rows for data in (first, restated, next_day)}) == 1
    assert b"Client" not in first
    assert deliveries.facebook(1, DAY, ROWS) != deliveries.facebook(2, DAY, ROWS)


def test_a_wrong_sum_a_missing_slice_and_a_foreign_one_are_named(tmp_path: Path) -> None:
    expected = Expected(tmp_path / "expected.json")
    expected.price(Decimal("12.50"), date(2026, 1, 1))
    expected.price(Decimal(10), DAY)
    expected.put({("acme", "vibe", DAY): ONE, ("acme", "vibe", date(2026, 10, 27)): ONE.grown(2)})
    rows = Expected(tmp_path / "expected.json").rows()
    assert [row[3:] for row in rows] == [
        (2, Decimal(36), None, Decimal(1), Decimal("9.56"), Decimal("0.36"), Decimal("0.45")),
        (2, Decimal(30), None, Decimal(1), Decimal("9.50"), Decimal("0.30"), Decimal("0.30")),
    ]
    assert compare("a table", rows, rows) == 2
    wrong = [(*rows[0][:4], Decimal(37), *rows[0][5:]), rows[1]]
    foreign = [*rows, ("acme", "surfside", DAY, *rows[0][3:])]
    for found in (wrong, rows[:1], foreign):
        with pytest.raises(PaidMediaError, match=r"a table holds wrong numbers in 1 slices .*acme, "):
            compare("a table", rows, found)


def test_the_full_form_is_a_day_of_1_5_million_rows_at_1_10_and_30_days() -> None:
    assert (FULL.rows_per_delivery, FULL.levels) == (50_000, [1, 10, 30])
    assert QUICK.rows * QUICK.days == pytest.approx(100_000, rel=0.001)
    assert {step.kind for step in steps(FULL)} == {*KINDS, "history"}
    assert report.missing(QUICK, {"peer": {}})[:2] == ["day 1", "floor 1"]


def test_an_aim_is_met_from_its_side() -> None:
    met = {aim.key: (aim.is_met(aim.bound * 0.9), aim.is_met(aim.bound * 1.1)) for aim in report.AIMS}
    assert met.pop("peer_over_day") == (False, True)
    assert set(met.values()) == {(True, False)}
