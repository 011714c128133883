"""What the figures rest on: shared wall time, made-up bytes that read as real ones, sums that are not wrong unseen."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import deliveries, report, report_pages
from benchmarks.people import Person, filters
from benchmarks.run import KINDS, steps
from benchmarks.sizes import FULL, QUICK
from benchmarks.stages import REST, Interval, covered, shared
from benchmarks.truth import Expected, Totals, compare, totals_of
from loaders.files.reading import Reader, read_delivery
from streamlit_app.main import PAGES as PAGES_OF_THE_APP
from tests.sources import FACEBOOK, SURFSIDE, VIBE
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


PAGES = {
    "alone": {"by click": {"Data": {"p50_ms": 300.0, "p95_ms": 400.0, "max_ms": 500.0, "calls": 3}}, "by address": {}},
    "watched": {
        "by click": {
            "Data": {"p50_ms": 500.0, "p95_ms": 1_400.4, "max_ms": 1_500.0, "calls": 60},
            "Account": {"p50_ms": 100.0, "p95_ms": 200.0, "max_ms": 300.0, "calls": 60},
        },
        "by address": {"Data": {"p50_ms": 900.0, "p95_ms": 9_000.0, "max_ms": 9_100.0, "calls": 6}},
        "elsewhere": {
            "by click": {"Data": {"p50_ms": 50.0, "p95_ms": 80.0, "max_ms": 90.0, "calls": 1_200}},
            "by address": {"Data": {"p50_ms": 50.0, "p95_ms": 95.0, "max_ms": 99.0, "calls": 34}},
        },
        "pages": 126, "seconds": 100.0, "processor_seconds": {"app": 10.0, "Chromium": 50.0},
    },
    "together": {
        "by click": {"Data": {"p50_ms": 600.0, "p95_ms": 1_900.4, "max_ms": 2_100.0, "calls": 60}},
        "by address": {},
        "pages": 60, "seconds": 60.0, "processor_seconds": {"app": 6.0, "Chromium": 90.0},
    },
    "people": 20, "thinking_seconds": [10.0, 30.0], "days": 30, "loaded_days": 2, "rows": 16_981_200,
    "machine": {"processors": 2, "processor": "X", "memory_gb": 23.5, "measured_at": "then", "load_before": 0.1},
    "commit": "abc",
}  # fmt: skip


def test_pages_that_are_measured_alone_leave_every_other_figure_as_it_was() -> None:
    kept = {"query_p95_ms": 21.0, "commit": "before", "stages": {"peer": {"seconds": 1}}}
    found = report.with_pages(kept, PAGES)
    assert (found["page_p95_ms"], found["page_together_p95_ms"]) == (1_400.4, 1_900.4)
    often = {**PAGES["watched"], "by address": {"Data": {"p95_ms": 2_400.4, "calls": 20}}}
    assert report.with_pages(kept, PAGES | {"watched": often})["page_p95_ms"] == 2_400.4
    assert (found["query_p95_ms"], found["commit"], found["stages"]["peer"]) == (21.0, "before", {"seconds": 1})
    assert report_pages.rows(PAGES) == [
        ("Data", "300 / 400 / 500", "500 / 1,400 / 1,500", "900 / 9,000 / 9,100", "600 / 1,900 / 2,100"),
        ("Account", "–", "100 / 200 / 300", "–", "–"),
    ]
    said = " ".join(report_pages.told(PAGES).split())
    assert "2 of them built from raw rows, the others copies" in said
    assert "all of them loaded" in report_pages.told(PAGES | {"loaded_days": 30})
    assert "(126 pages, each at least 60 times by click and 6 times by address)" in said
    assert "The other 19 look" in said
    assert "(1,234 pages)" in said
    assert "within 80 ms (p95)" in said
    assert "app 0.10, Chromium 1.50" in said
    assert "Commit abc." in said


def test_a_person_opens_every_page_of_the_role_and_other_days_and_clients_each_round() -> None:
    admin, analyst, client = (Person(number, role, None) for number, role in enumerate(("admin", "analyst", "client")))
    assert {step.page for step in admin.steps} == {name for name, _, _ in PAGES_OF_THE_APP}
    assert {step.page for step in admin.steps} - {step.page for step in analyst.steps} == {"admin"}
    assert {step.page for step in analyst.steps} - {step.page for step in client.steps} == {"upload"}
    rounds = [filters(admin, FULL.client_ids, number) for number in range(3)]
    assert [len(each.get("client", [])) for each in rounds] == [0, 1, 2]
    assert len({each["period"] for each in rounds}) == 3
    assert "client" not in filters(replace(client, client_id="client-01"), FULL.client_ids, 1)


def test_an_aim_is_met_from_its_side() -> None:
    met = {aim.key: (aim.is_met(aim.bound * 0.9), aim.is_met(aim.bound * 1.1)) for aim in report.AIMS}
    assert met.pop("peer_over_day") == (False, True)
    assert set(met.values()) == {(True, False)}
