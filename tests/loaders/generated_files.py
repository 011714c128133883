"""Hypothesis strategies for files of each source, and what must become of their rows, known while they are drawn.

The expectation shares no code with the loader: each cell is drawn together with its value and whether it may be used.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import strategies as st

DAYS = [date(2025, 10, 30) + timedelta(days=offset) for offset in range(6)]
COUNTS = ("impressions", "clicks", "conversions")
MEASURES = (*COUNTS, "conversion_revenue", "reported_spend")
NAMES = ("campaign_name", "strategy_name", "placement_name", "creative_name")
EXTRA = ("Region", "Text", "Text", "CTR (%)", "Reach", "geo_zip", "", "Ünïcode 🌱", "ROAS")


@dataclass(frozen=True)
class Drawn:
    """A cell as it is written, its value as far as it can be read, and whether the row may be used."""

    cell: Any
    value: Any
    usable: bool = True


@dataclass(frozen=True)
class Shape:
    """The headings of a source by field; a field of `optional` may be absent. `date_form` writes the source's dates."""

    headings: dict[str, tuple[str, ...]]
    optional: tuple[str, ...]
    date_form: Callable[[date], str]
    has_total_row: bool = False


@dataclass(frozen=True)
class Generated:
    """A file and its rows by field, those that hold nothing left out. Rows count from 2, blank ones included."""

    data: bytes
    filename: str
    rows: dict[int, dict[str, Drawn]]
    measures: tuple[str, ...]
    total_rows: frozenset[int]

    def fate(self, number: int, requested: Sequence[date] | None) -> str:
        """accepted, rejected or dropped."""
        if number in self.total_rows:
            return "dropped"
        cells = self.rows[number]
        outside = requested is not None and cells["date"].value not in requested
        return "accepted" if all(cell.usable for cell in cells.values()) and not outside else "rejected"

    def sums(self, measure: str, requested: Sequence[date] | None) -> dict[str, Decimal]:
        """What can be read of a measure, by fate."""
        sums = dict.fromkeys(("accepted", "rejected", "dropped"), Decimal(0))
        for number, cells in self.rows.items():
            value = cells[measure].value
            if value is not None:
                sums[self.fate(number, requested)] += value
        return sums


SHAPES = {
    "surfside": Shape(
        {
            "date": ("Date", "Event Date"),
            "campaign_name": ("Campaign", "Campaign Name"),
            "strategy_name": ("Strategy", "Strategy Name"),
            "placement_name": ("Placement", "Placement Name"),
            "creative_name": ("Creative", "Creative Name"),
            "impressions": ("Impressions",),
            "clicks": ("Clicks",),
            "conversions": ("Conversions",),
            "conversion_revenue": ("Conversion Revenue", "Conversion Value"),
            "reported_spend": ("Media Spend",),
        },
        ("campaign_name", "reported_spend"),
        lambda day: f"{day.month}/{day.day}/{day.year}",
    ),
    "vibe": Shape(
        {
            "date": ("date", "impression_date"),
            "campaign_name": ("campaign_name",),
            "strategy_name": ("strategy_name",),
            "placement_name": ("placement_name", "channel_name"),
            "creative_name": ("creative_name",),
            "impressions": ("impressions",),
            "clicks": ("clicks",),
            "conversions": ("conversions", "number_of_purchases"),
            "conversion_revenue": ("revenue", "amount_of_purchases"),
            "reported_spend": ("spend",),
        },
        ("clicks", "conversions", "conversion_revenue", "reported_spend"),
        lambda day: f"{day}T00:00:00.000Z",
    ),
    "facebook": Shape(
        {
            "date": ("Date", "Day"),
            "campaign_name": ("Campaign Name", "Campaign name"),
            "strategy_name": ("Ad Set Name", "Ad set name"),
            "creative_name": ("Ad Name", "Ad name"),
            "impressions": ("Impressions",),
            "clicks": ("Clicks", "Link clicks"),
            "conversions": ("Conversions", "Purchases"),
            "conversion_revenue": ("Revenue", "Purchases conversion value"),
            "reported_spend": ("Amount spent (USD)",),
        },
        ("conversions", "conversion_revenue", "reported_spend"),
        lambda day: f" {day} ",
        has_total_row=True,
    ),
}

ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#ERROR", "#SPILL!", "#CALC!")  # of Excel
NONSENSE = ("x", "n/a", "12%", "1,23", "1.234,56", "--1", "4 5", "0x10", "NaN", "١٢", "1e99", "☃", "TRUE", "9" * 17)


def count_cells(is_workbook: bool) -> st.SearchStrategy[Drawn]:
    """Counts in every form, and what is none."""
    whole = st.integers(0, 10**7)
    forms = [
        whole.map(lambda n: Drawn(str(n), Decimal(n))),
        whole.map(lambda n: Drawn(f" {n}.0", Decimal(n))),
        whole.map(lambda n: Drawn(f"{n:,} ", Decimal(n))),
        st.sampled_from(["", " ", "-", "0", "-0"]).map(lambda cell: Drawn(cell, Decimal(0))),
    ]
    if is_workbook:
        forms += [whole.map(lambda n: Drawn(n, Decimal(n))), whole.map(lambda n: Drawn(float(n), Decimal(n)))]
    return st.one_of(*forms)


def money_cells(is_workbook: bool) -> st.SearchStrategy[Drawn]:
    """Amounts in every form."""
    amount = st.decimals(0, 10**9, places=2)
    fine = st.decimals(0, 10**4, places=9)
    forms = [
        amount.map(lambda n: Drawn(f" $ {n:,f} ", n)),
        amount.map(lambda n: Drawn(f"${n:f}", n)),
        fine.map(lambda n: Drawn(f"{n:f}", n)),
        st.integers(1, 10**6).map(lambda n: Drawn(f"{n}e-05", Decimal(n) / 10**5)),
        st.sampled_from(["", " $ -   ", "-", "$0.00"]).map(lambda cell: Drawn(cell, Decimal(0))),
    ]
    if is_workbook:
        # As a workbook holds 0.30000000000000004: noise beyond the ninth decimal is none of the amount's.
        forms.append(st.decimals(0, 10**4, places=4).map(lambda n: Drawn(float(n) * (1 + 2**-52), n)))
    return st.one_of(*forms)


BROKEN_NUMBERS = st.one_of(
    st.sampled_from([*ERRORS, *NONSENSE]).map(lambda cell: Drawn(cell, None, usable=False)),
    st.integers(1, 10**6).map(lambda n: Drawn(f"-{n}", Decimal(-n), usable=False)),
    st.integers(1, 10**6).map(lambda n: Drawn(f"({n:,})", Decimal(-n), usable=False)),
)
BROKEN_COUNTS = BROKEN_NUMBERS | st.integers(0, 999).map(
    lambda n: Drawn(f"{n}.5", Decimal(n) + Decimal("0.5"), usable=False)
)
BROKEN_DAYS = st.sampled_from(["", "x", "2025-02-30", "31/31/2025", "45965", "2025/11/04", *ERRORS]).map(
    lambda cell: Drawn(cell, None, usable=False)
)
BROKEN_NAMES = st.sampled_from(ERRORS).map(lambda cell: Drawn(cell, cell, usable=False))
ODD_NAMES = (
    "",
    " ",
    "a\tb",
    "two\nlines",
    'say "x", y',
    "🌱",
    "'; drop table x",
    "<b>&amp;</b>",
    "null",
    "0",
    "{}",
    "\\N",
)


def name_cells(is_workbook: bool) -> st.SearchStrategy[Drawn]:
    """Names: a few that repeat, odd ones, and any text. A leading = would be a formula in a workbook."""
    hidden = ("Cs", "Cc", "Cn") if is_workbook else ("Cs",)
    letters = st.characters(exclude_categories=hidden, exclude_characters="\0=#_" if is_workbook else "\0")
    names = st.sampled_from(["Spring", "Lookalike", *ODD_NAMES]) | st.text(letters, max_size=12)
    return names.map(lambda name: Drawn(name, name, name.strip() not in ERRORS))


def day_cells(shape: Shape, is_workbook: bool) -> st.SearchStrategy[Drawn]:
    """Days in ISO form, in the source's own, and true ones."""
    forms: list[Callable[[date], Any]] = [date.isoformat, shape.date_form]
    if is_workbook:
        forms.append(lambda day: day)
    return st.builds(lambda day, form: Drawn(form(day), day), st.sampled_from(DAYS), st.sampled_from(forms))


@st.composite
def generated_files(draw: st.DrawFn, source: str) -> Generated:
    """A file of up to eight rows, or of more that mostly repeat, so that a broken row can be under 5 %."""
    shape, is_workbook = SHAPES[source], draw(st.booleans())
    absent = {field for field in shape.optional if draw(st.integers(0, 3)) == 0}
    fields = [field for field in shape.headings if field not in absent]
    good = {field: _cells(field, shape, is_workbook) for field in fields}
    rows = draw(st.lists(st.fixed_dictionaries(good), max_size=5))
    if rows and draw(st.booleans()):
        rows *= draw(st.integers(2, 12))
    for _ in range(draw(st.integers(0, 2)) if rows else 0):
        broken = dict(draw(st.sampled_from(rows)))
        for field in draw(st.lists(st.sampled_from(fields), min_size=1, max_size=2)):
            broken[field] = draw(_broken(field))
        rows.insert(draw(st.integers(0, len(rows))), broken)
    if shape.has_total_row and draw(st.booleans()):
        total = {field: Drawn("", "") for field in (*NAMES, "date")}
        filled = draw(st.fixed_dictionaries({field: good[field] for field in fields}))
        rows.insert(draw(st.sampled_from([0, len(rows)])), filled | {f: total[f] for f in fields if f in total})
    return _written(draw, shape, fields, rows, is_workbook)


def _cells(field: str, shape: Shape, is_workbook: bool) -> st.SearchStrategy[Drawn]:
    if field == "date":
        return day_cells(shape, is_workbook)
    if field in NAMES:
        return name_cells(is_workbook)
    return count_cells(is_workbook) if field in COUNTS else money_cells(is_workbook)


def _broken(field: str) -> st.SearchStrategy[Drawn]:
    if field == "date":
        return BROKEN_DAYS
    if field in NAMES:
        return BROKEN_NAMES
    return BROKEN_COUNTS if field in COUNTS else BROKEN_NUMBERS


def _written(
    draw: st.DrawFn, shape: Shape, fields: list[str], rows: list[dict[str, Drawn]], is_workbook: bool
) -> Generated:
    """The rows under headings of choice, in any order of columns, among others."""
    extra = draw(st.lists(st.sampled_from(EXTRA), max_size=3))
    columns = draw(st.permutations([*fields, *(f"extra {index}" for index in range(len(extra)))]))
    forms: list[Callable[[str], str]] = [str, str.upper, str.lower, lambda heading: f"  {heading} "]
    header: list[str] = []
    for column in columns:
        if column in shape.headings:
            heading = draw(st.sampled_from(shape.headings[column]))
            # A currency is written in capitals.
            header.append(heading if "(" in heading else draw(st.sampled_from(forms))(heading))
        else:
            header.append(extra[int(column.removeprefix("extra "))])
    other = draw(st.sampled_from(["", "x", "#DIV/0!", "12.5", "a,b"]))
    cells = [[row[column].cell if column in row else other for column in columns] for row in rows]
    filled = {
        number: row
        for number, (row, line) in enumerate(zip(rows, cells, strict=True), start=2)
        if any(str(cell).strip() for cell in line)
    }
    nameless = {
        number
        for number, row in filled.items()
        if shape.has_total_row and not any(str(row[f].cell).strip() for f in (*NAMES, "date") if f in row)
    }
    return Generated(
        data=_workbook(header, cells)
        if is_workbook
        else _text(header, cells, draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))),
        filename="export.xlsx" if is_workbook else "export.csv",
        rows=filled,
        measures=tuple(measure for measure in MEASURES if measure in fields),
        total_rows=frozenset(nameless),
    )


def _text(header: list[str], rows: list[list[Any]], encoding: str) -> bytes:
    out = io.StringIO()
    # The writer of Python leaves a lone carriage return unquoted, which ends a line for every reader.
    quoting = csv.QUOTE_ALL if any("\r" in str(cell) for row in rows for cell in row) else csv.QUOTE_MINIMAL
    writer = csv.writer(out, lineterminator="\r\n" if encoding == "utf-16" else "\n", quoting=quoting)
    writer.writerows([header, *rows])
    return out.getvalue().encode(encoding)


def _workbook(header: list[str], rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    for row in (header, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
