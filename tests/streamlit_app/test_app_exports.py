"""Every format, read back by a program of its own: the same numbers in all, and names that do nothing."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import marts_tables
import openpyxl
import pytest
from people import ANA, CARL
from pypdf import PdfReader
from sqlalchemy import Engine, text
from test_app_pages import opened

from streamlit_app import format as shown_as
from streamlit_app import queries
from streamlit_app.exports import FORMATS, Report, contents
from streamlit_app.metrics import METRICS
from streamlit_app.periods import Period, previous
from streamlit_app.scope import Scope

OCTOBER = Period(date(2025, 10, 1), date(2025, 10, 31))
SOURCES = ("facebook", "surfside", "vibe")
HOSTILE = (
    '=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "<script>alert(1)</script>", "a|b*c_d`e`", "  = 1",
    "Łódź & Ωμέγα",
)  # fmt: skip
Values = dict[str, Decimal | None]


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
            connection.execute(
                text("update marts.daily_metrics set creative_name = :name where creative_name like :was"),
                {"name": name, "was": f"Creative {number}%"},
            )
    yield report_of(("acme",))
    marts_tables.create(marts)
    marts_tables.fill(marts)


def written(report: Report, extension: str) -> bytes:
    return next(each for each in FORMATS if each.extension == extension).write(report)


def number(cell: Any) -> Decimal | None:
    """A cell as a number, however a format writes it."""
    plain = re.sub(r"[,  ]|USD|%", "", str(cell if cell is not None else ""))
    return None if plain in ("", shown_as.ABSENT) else Decimal(plain)


def values(cells: Any) -> Values:
    return dict(zip(METRICS, map(number, cells), strict=True))


def of_csv(data: bytes) -> tuple[list[Values], Values]:
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    rows = [values(line[-9:]) for line in lines[1:]]
    return rows[:-1], rows[-1]


def of_xlsx(data: bytes) -> tuple[list[Values], Values]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Overview", "Sources", "Creatives", "Days"]
    rows = [
        {name: None if cell is None else rounded(name, cell) for name, cell in zip(METRICS, line[-9:], strict=True)}
        for line in book["Creatives"].iter_rows(min_row=2, values_only=True)
    ]
    return rows[:-1], rows[-1]


def rounded(name: str, value: float) -> Decimal:
    """A binary fraction as the decimal that it stands for."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-METRICS[name].decimals))


def of_json(data: bytes) -> tuple[list[Values], Values]:
    content = json.loads(data, parse_float=Decimal, parse_int=Decimal)
    pick = lambda row: {name: row[name] for name in METRICS}  # noqa: E731
    assert pick(content["metrics"]) == pick(content["table"]["total"])
    return [pick(row) for row in content["table"]["rows"]], pick(content["table"]["total"])


def of_md(data: bytes) -> tuple[list[Values], Values]:
    section = data.decode().split("## Creatives")[1].split("## Days")[0]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("|")]
    rows = [values(line[-9:]) for line in lines[2:]]
    return rows[:-1], rows[-1]


class Cells(HTMLParser):
    """The cells of the table, and every tag and text of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.cards: list[str] = []
        self._inside = self._cell = self._card = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "table":
            self._inside = given.get("id") == "table"
        elif tag == "tr" and self._inside:
            self.rows.append([])
        self._cell = self._inside and tag == "td"
        if self._cell:
            self.rows[-1].append("")
        self._card = tag == "span" and "data-metric" in given

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._card = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data
        if self._card:
            self.cards.append(data)


def parsed(data: bytes) -> Cells:
    found = Cells()
    found.feed(data.decode())
    return found


def of_html(data: bytes) -> tuple[list[Values], Values]:
    page = parsed(data)
    rows = [values(row[-9:]) for row in page.rows if row]
    assert values(page.cards) == rows[-1]
    return rows[:-1], rows[-1]


READERS: dict[str, Callable[[bytes], tuple[list[Values], Values]]] = {
    "csv": of_csv, "xlsx": of_xlsx, "json": of_json, "md": of_md, "html": of_html,
}  # fmt: skip


@pytest.mark.parametrize("extension", READERS)
def test_a_file_read_back_has_every_line_and_the_totals_of_the_page(report: Report, extension: str) -> None:
    rows, total = READERS[extension](written(report, extension))
    assert rows == [dict(line.values) for line in report.table.lines]
    assert len(rows) == 48
    assert total == {card.metric.name: card.value for card in report.cards}
    for name in ("impressions", "conversions"):
        assert sum(row[name] or 0 for row in rows) == total[name]


def test_the_pdf_has_numbered_pages_with_the_clients_the_numbers_and_every_line(report: Report) -> None:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(written(report, "pdf"))).pages]
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
    words = " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(written(hostile, "pdf"))).pages).split()
    )
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
    text_of_pdf = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(written(short, "pdf"))).pages)
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


def test_every_page_with_numbers_offers_every_format_and_notes_who_takes_one(marts: Engine) -> None:
    for page in ("overview", "performance"):
        app = opened(page, viewer=CARL, period="last_7_days")
        offered = {button.label: button for button in app.get("download_button")}
        assert list(offered) == [each.label for each in FORMATS]
