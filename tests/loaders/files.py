"""Small files in the shapes of the three sources, made by the tests."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

SURFSIDE = (
    "Strategy Name", "Placement Name", "Creative Name", "Event Date", "Impressions", "Clicks", " Media Spend ",
    "Conversions", "Conversion Value",
)  # fmt: skip
FACEBOOK = (
    "Day", "Campaign name", "Ad set name", "Ad name", "Impressions", "Link clicks", "Amount spent (USD)",
    "Reporting starts", "Reporting ends",
)  # fmt: skip
VIBE = (
    "impression_date", "campaign_name", "strategy_name", "channel_name", "creative_name", "geo_city", "impressions",
    "number_of_purchases", "amount_of_purchases", "spend",
)  # fmt: skip


def csv_bytes(header: Sequence[object], rows: Iterable[Sequence[object]], *, bom: bool = False) -> bytes:
    """A CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8")


def xlsx_bytes(
    header: Sequence[object], rows: Iterable[Sequence[object]], **sheets: Sequence[Sequence[object]]
) -> bytes:
    """A workbook of one sheet, and of further ones by name."""
    import openpyxl

    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.append(list(header))
    for row in rows:
        first.append(list(row))
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def surfside_row(day: date, impressions: object = 100, **cells: object) -> tuple[object, ...]:
    """One row; `cells` replaces by lower-case first word of the heading."""
    values = {
        "strategy": "Prospecting",
        "placement": "Audience\t| Lookalike",
        "creative": "Banner 1",
        "event": f"{day.month}/{day.day}/{day.year}",
        "impressions": impressions,
        "clicks": 2,
        "media": " $ 4.76 ",
        "conversions": 1,
        "conversion": "12.5",
    }
    return tuple((values | cells).values())


def surfside(*rows: Sequence[object]) -> bytes:
    """A Surfside CSV."""
    return csv_bytes(SURFSIDE, rows)


def facebook_row(
    day: date | str, impressions: object = 100, clicks: object = 3, spend: object = "1.25"
) -> tuple[object, ...]:
    """One row of an export by day."""
    return (str(day), "Spring", "Lookalike", "Video 1", impressions, clicks, spend, str(day), str(day))


def facebook(*rows: Sequence[object]) -> bytes:
    """A Facebook CSV, with its BOM."""
    return csv_bytes(FACEBOOK, rows, bom=True)


def vibe_row(day: date, impressions: object = "4.0") -> tuple[object, ...]:
    """One row of a report: counts are floats, geo cells hold commas."""
    return (day, "TV", "Apps", "AMC", "Spot 1", "Brooklyn, NY", impressions, "1.0", "20.5", "0.09")


def vibe(*rows: Sequence[object]) -> bytes:
    """A Vibe report."""
    return csv_bytes(VIBE, rows)
