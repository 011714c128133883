"""Every format, read back by a program of its own: the same numbers in all, and names that do nothing."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text

from serving import format as shown_as
from serving import queries
from serving.metrics import METRICS
from serving.periods import Period, previous
from serving.reports import FORMATS, Report, contents, summary
from serving.scope import Scope
from tests.serving import marts_tables
from tests.serving.people import ANA, CARL
from tests.serving.report_readers import READERS, pages_of_pdf, parsed

OCTOBER = Period(date(2025, 10, 1), date(2025, 10, 31))
SOURCES = ("facebook", "surfside", "vibe")
HOSTILE = (
    '=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "<script>alert(1)</script>", "a|b*c_d`e`", "  = 1",
    "Łódź & Ωμέγα",
)  # fmt: skip


@pytest.fixture
def report(marts: Engine) -> Report:
    return report_of(("acme", "bolt"))


def report_of(client_ids: tuple[str, ...], **options: Any) -> Report:
    reading = queries.reading(ANA)
    assert reading is not None
    scope = Scope(reading, client_ids, "USD", OCTOBER, previous(OCTOBER), SOURCES)
    return contents.report(
        scope, **{"level": "creative", "ranked_by": "spend", "as_of": "Data to 28 Nov 2025.", **options}
    )


@pytest.fixture
def hostile(marts: Engine) -> Iterator[Report]:
    """A report whose creatives have names that programs might take for more than names."""
    with marts.begin() as connection:
        for number, name in enumerate(HOSTILE, start=1):
            for table in ("daily_metrics", "dim_creatives"):
                connection.execute(
                    text(f"update marts.{table} set creative_name = :name where creative_name like :was"),
                    {"name": name, "was": f"Creative {number}%"},
                )
    yield report_of(("acme",))
    marts_tables.create(marts)
    marts_tables.fill(marts)


def written(report: Report, extension: str) -> bytes:
    return next(each for each in FORMATS if each.extension == extension).write(report)


@pytest.mark.parametrize("extension", READERS)
def test_a_file_read_back_has_every_line_and_the_totals_of_the_page(report: Report, extension: str) -> None:
    rows, total = READERS[extension](written(report, extension))
    assert rows == [dict(line.values) for line in report.table.lines]
    assert len(rows) == 48
    assert total == {card.metric.name: card.value for card in report.cards}
    for name in ("impressions", "conversions"):
        assert sum(row[name] or 0 for row in rows) == total[name]


def test_the_pdf_has_numbered_pages_with_the_clients_the_numbers_and_every_line(report: Report) -> None:
    pages = pages_of_pdf(written(report, "pdf"))
    words = " ".join(" ".join(pages).split())
    assert len(pages) >= 3
    for place, page in enumerate(pages, start=1):
        assert f"Page {place} of {len(pages)}" in page
    assert "Acme Outdoor, Bolt Energy" in pages[0]
    assert "1 – 31 Oct 2025, compared with 1 – 30 Sep 2025" in pages[0]
    for card in report.cards:
        assert report.shown(card.metric, card.value, unit=True) in " ".join(pages[0].split())
        assert f"{card.change:+,} %" in pages[0]
    for line in (*report.table.lines, report.table.total, *report.sources.lines):
        assert line is not None
        for metric in report.metrics:
            assert report.shown(metric, line.values[metric.name]) in words


def test_a_name_that_looks_like_a_formula_is_text_in_csv_and_xlsx(hostile: Report) -> None:
    lines = list(csv.reader(io.StringIO(written(hostile, "csv").decode("utf-8-sig"), newline="")))
    assert any(cell == '\'=HYPERLINK("http://x")' for line in lines for cell in line)
    book = openpyxl.load_workbook(io.BytesIO(written(hostile, "xlsx")))
    for line in lines[1:]:
        for cell in line[:-9]:
            assert not re.match(r"\s*[=+\-@]", cell), cell
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                assert not (isinstance(cell.value, str) and re.match(r"\s*[=+\-@]", cell.value)), cell.value


def test_a_name_is_a_name_in_html_markdown_and_pdf(hostile: Report) -> None:
    page = parsed(written(hostile, "html"))
    assert "script" not in page.tags
    assert {name for row in page.rows if row for name in row} >= set(HOSTILE)
    listed = written(hostile, "md").decode()
    assert "<script>" not in listed
    assert r"\<script\>alert\(1\)\<\/script\>" in listed or r"\<script\>alert\(1\)\</script\>" in listed
    assert r"a\|b\*c\_d\`e\`" in listed
    words = " ".join(" ".join(pages_of_pdf(written(hostile, "pdf"))).split())
    assert "<script>" in words
    assert "Łódź & Ωμέγα" in words


def test_a_report_without_rows_or_comparison_is_written_in_every_format(report: Report) -> None:
    bare = replace(
        report, compared=None, days=(), cards=tuple(replace(card, value=None, change=None) for card in report.cards),
        table=replace(report.table, lines=(), total=None, entities=0), sources=replace(report.sources, lines=()),
    )  # fmt: skip
    for each in FORMATS:
        assert len(each.write(bare)) > 50


def test_what_is_not_listed_is_said_and_counted(report: Report) -> None:
    short = replace(report, table=replace(report.table, lines=report.table.lines[:5]))
    assert "43 more are not listed" in written(short, "md").decode()
    assert "43 more are not listed" in written(short, "html").decode()
    assert json.loads(written(short, "json"))["table"]["left_out"] == 43
    text_of_pdf = " ".join(pages_of_pdf(written(short, "pdf")))
    assert "43 more are not listed" in text_of_pdf


def test_a_report_holds_the_viewers_clients_only(marts: Engine) -> None:
    reading = queries.reading(CARL)
    assert reading is not None
    scope = Scope(reading, ("acme", "bolt", "cosmo"), "USD", OCTOBER, None, SOURCES)
    report = contents.report(scope, level="creative")
    assert report.clients == ("Bolt Energy",)
    assert {card.metric.name: card.value for card in report.cards} == {
        card.metric.name: card.value for card in report_of(("bolt",)).cards
    }
    for each in FORMATS:
        assert b"Acme" not in each.write(report)


def test_a_report_names_every_filter(marts: Engine) -> None:
    reading = queries.reading(ANA)
    assert reading is not None
    [campaign] = [
        row["campaign_id"]
        for row in queries.campaigns(reading, ("acme",), ("vibe",))
        if row["campaign_name"] == "Always On"
    ]
    scope = Scope(reading, ("acme",), "USD", OCTOBER, None, ("vibe",), (campaign,))
    strategies = queries.choices(reading, "strategy", ("acme",), ("vibe",), ((campaign,), ()), (), 9)
    creatives = queries.choices(reading, "creative", ("acme",), ("vibe",), ((campaign,), ()), (), 9)
    scope = replace(
        scope, strategy_ids=tuple(row["id"] for row in strategies), creative_ids=tuple(row["id"] for row in creatives)
    )
    told = (
        ("Sources", "Vibe"), ("Campaigns", "Always On"), ("Strategies", "Prospecting, Retargeting"),
        ("Creatives", "Creative 1, Creative 2, Creative 3, Creative 4"),
    )  # fmt: skip
    report = contents.report(scope, level="creative")
    assert report.filters == told
    for extension in ("json", "html", "md", "pdf", "xlsx"):
        assert len(written(report, extension)) > 50
    assert json.loads(written(report, "json"))["filters"] == dict(told)
    assert "Prospecting, Retargeting" in pages_of_pdf(written(report, "pdf"))[0]


@pytest.mark.parametrize(("grain", "start"), [("week", date(2025, 11, 17)), ("month", date(2025, 10, 1))])
def test_a_week_or_month_is_written_with_its_rankings_and_all_the_others(
    marts: Engine, grain: str, start: date
) -> None:
    reading = queries.reading(ANA)
    assert reading is not None
    scope = Scope(reading, ("acme", "bolt"), "USD", OCTOBER, None, SOURCES)
    report = summary.report(scope, grain, start)
    truth = contents.report(scope.over(report.period), level="campaign")
    assert [card.value for card in report.cards] == [card.value for card in truth.cards]
    assert None not in [card.change for card in report.cards]
    assert (report.days, report.sources) == (truth.days, truth.sources)
    periods = queries.summaries(scope, grain, 100)
    content = json.loads(written(report, "json"), parse_float=Decimal, parse_int=Decimal)
    assert [row["spend"] for row in content["table"]["rows"]] == [
        shown_as.rounded(METRICS["spend"], row["spend"]) for row in periods
    ]
    assert [row["state"] for row in content["table"]["rows"]][:2] == ["incomplete", "complete"]
    assert [each["title"] for each in content["rankings"]] == list(summary.RANKINGS.values())
    rows, last = READERS["csv"](written(report, "csv"))
    assert [*rows, last] == [dict(line.values) for line in report.table.lines]
    book = openpyxl.load_workbook(io.BytesIO(written(report, "xlsx")))
    assert book.sheetnames == ["Overview", "Sources", *summary.RANKINGS.values(), f"{grain.capitalize()}s", "Days"]
    words = " ".join(" ".join(pages_of_pdf(written(report, "pdf"))).split())
    for text_of in (words, written(report, "html").decode(), written(report, "md").decode()):
        for ranking in report.rankings:
            assert ranking.title in text_of
            assert report.shown(METRICS["impressions"], ranking.lines[0].values["impressions"]) in text_of


def test_a_summary_says_what_is_booked_beside_the_spend_and_what_is_incomplete(marts: Engine) -> None:
    reading = queries.reading(ANA)
    assert reading is not None
    with marts.begin() as connection:
        connection.execute(text("update marts.monthly_summaries set spend_adjustments = 100 where client_id = 'bolt'"))
    try:
        scope = Scope(reading, ("bolt",), "USD", OCTOBER, None, SOURCES)
        report = summary.report(scope, "month", date(2025, 11, 1))
        told = dict(report.filters)
        assert told["State"] == "The month is not complete yet"
        assert told["Adjustments"].startswith("100.00 USD")
        spend = report.cards[list(METRICS).index("spend")].value
        assert spend is not None
        assert told["To bill"] == f"{spend + 100:,} USD"
        assert summary.filename(scope, "month", date(2025, 11, 1)) == "bolt_month_2025-11-01"
    finally:
        marts_tables.create(marts)
        marts_tables.fill(marts)
