"""Rows → the bytes of a file in its source's own shape: headings, dates, money and counts as the platform has them."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from tests.histories.events import MEASURES, Number, Row

HEADINGS = {
    "surfside": ("Impressions", "Clicks", "Conversions", "Conversion Value", " Media Spend "),
    "vibe": ("impressions", "clicks", "number_of_purchases", "amount_of_purchases", "spend"),
    "facebook": ("Impressions", "Link clicks", "Purchases", "Purchases conversion value", "Amount spent ({currency})"),
}
UNREADABLE = "#DIV/0!"


def encode(
    source: str,
    rows: Sequence[Row],
    measures: Iterable[str],
    *,
    currency: str,
    has_total_row: bool = False,
    has_campaign: bool = True,
) -> bytes:
    """A CSV file. `measures` are those that it has a column for; a Facebook export may open with its total row."""
    at = [place for place, name in enumerate(MEASURES) if name in set(measures)]
    headings = [HEADINGS[source][place].format(currency=currency) for place in at]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n" if source == "surfside" else "\n")
    if source == "surfside":
        levels = ["Campaign", "Strategy Name", "Placement Name", "Creative Name"]
        writer.writerow([*levels[0 if has_campaign else 1 :], "Event Date", *headings])
        for row in rows:
            names = row.names[0 if has_campaign else 1 :]
            writer.writerow([*names, f"{row.day.month}/{row.day.day}/{row.day.year}", *_cells(source, row, at)])
    elif source == "vibe":
        levels = ["campaign_name", "strategy_name", "channel_name", "creative_name"]
        writer.writerow(["impression_date", *levels, "geo_city", *headings])
        for number, row in enumerate(rows):
            writer.writerow([row.day, *row.names, f"Town {number}, NY", *_cells(source, row, at)])
    else:
        writer.writerow(["Day", "Campaign name", "Ad set name", "Ad name", "Region", *headings])
        if has_total_row:
            writer.writerow(["", "", "", "", "", *(_total(rows, place) for place in at)])
        for number, row in enumerate(rows):
            writer.writerow([row.day, *row.names[:3], f"Region {number}", *_cells(source, row, at)])
    return out.getvalue().encode("utf-8-sig" if source == "facebook" else "utf-8")


def name_of(source: str, number: int) -> str:
    """A file's name."""
    return f"{source}-{number}.csv"


def _cells(source: str, row: Row, at: Sequence[int]) -> list[str]:
    cells = [_cell(source, MEASURES[place], row.measures[place]) for place in at]
    return cells if row.is_readable else [UNREADABLE, *cells[1:]]


def _cell(source: str, measure: str, value: Number | None) -> str:
    assert value is not None, f"a file with a column for {measure} has a value in each row"
    if source == "vibe" and isinstance(value, int):
        return f"{value}.0"
    if source == "surfside" and measure in ("conversion_revenue", "reported_spend"):
        return f" $ {value:,f} " if value else " $ -   "
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _total(rows: Sequence[Row], place: int) -> str:
    return str(sum((row.measures[place] or 0 for row in rows), Decimal(0)))
