"""Reading the sandbox's files back by the plainest means, to compare them with the truth.

Every reader gives one `Line` per row with names as keys; nothing of the warehouse and no writer of the sandbox is used.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import openpyxl

Sums = dict[tuple[object, ...], tuple[Decimal, Decimal, Decimal, Decimal, Decimal]]


@dataclass(frozen=True)
class Line:
    """One row: the day, the path of names, and (impressions, clicks, conversions, revenue, reported spend)."""

    date: date
    path: tuple[str, ...]
    measures: tuple[Decimal, Decimal, Decimal, Decimal, Decimal]


def name(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def number(cell: object) -> Decimal:
    """A cell as an exact number; blanks and Excel's dash are zero, noise behind the ninth decimal is cut."""
    text = str(cell if cell is not None else "").replace("$", "").replace(",", "").strip()
    return Decimal(0) if text in ("", "-") else Decimal(text).quantize(Decimal("1e-9")).normalize()


def cells_of(data: bytes) -> list[dict[str, object]]:
    """The rows of a CSV or XLSX file by trimmed heading."""
    rows: list[list[object]]
    if data[:2] == b"PK":
        sheet = openpyxl.load_workbook(BytesIO(data)).active
        assert sheet is not None
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    else:
        rows = [list(row) for row in csv.reader(StringIO(data.decode("utf-8-sig"), newline=""))]
    headings = [str(heading).strip() for heading in rows[0]]
    assert all(len(row) == len(headings) for row in rows)
    return [dict(zip(headings, row, strict=True)) for row in rows[1:]]


def surfside_lines(data: bytes, campaign: str) -> Iterator[Line]:
    for cells in cells_of(data):
        day = cells["Event Date"]
        yield Line(
            date=day.date() if isinstance(day, datetime) else datetime.strptime(str(day), "%m/%d/%Y").date(),  # noqa: DTZ007
            path=(
                campaign,
                *(name(str(cells[level])) for level in ("Strategy Name", "Placement Name", "Creative Name")),
            ),
            measures=(
                number(cells["Impressions"]),
                number(cells["Clicks"]),
                number(cells["Conversions"]),
                number(cells["Conversion Value"]),
                number(cells["Media Spend"]),
            ),
        )


def vibe_lines(data: bytes) -> Iterator[Line]:
    levels = ("campaign_name", "strategy_name", "channel_name", "creative_name")
    for cells in cells_of(data):
        yield Line(
            date=date.fromisoformat(str(cells["impression_date"])),
            path=(*(name(str(cells[level])) for level in levels),),
            measures=(
                number(cells["impressions"]),
                Decimal(0),
                number(cells["number_of_purchases"]),
                number(cells["amount_of_purchases"]),
                number(cells["spend"]),
            ),
        )


def facebook_lines(data: bytes) -> Iterator[Line]:
    """The detail rows of an export: the grand total has no campaign."""
    for raw in cells_of(data):
        cells = {heading.lower(): cell for heading, cell in raw.items()}
        if not cells["campaign name"]:
            continue
        spend = next(cell for heading, cell in cells.items() if heading.startswith("amount spent"))
        ad = name(str(cells["ad name"]))
        yield Line(
            date=date.fromisoformat(str(cells.get("day") or cells["reporting starts"])),
            path=(name(str(cells["campaign name"])), name(str(cells["ad set name"])), ad, ad),
            measures=(
                number(cells["impressions"]),
                number(cells["link clicks"]),
                number(cells.get("purchases")),
                number(cells.get("purchases conversion value")),
                number(spend),
            ),
        )


def summed(lines: Iterable[Line]) -> Sums:
    """Sums per (day, path)."""
    sums: Sums = {}
    for line in lines:
        key = (line.date, *line.path)
        held = sums.get(key, (Decimal(0),) * 5)
        sums[key] = tuple(a + b for a, b in zip(held, line.measures, strict=True))  # type: ignore[assignment]
    return sums
