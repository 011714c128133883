"""Facebook exports as people download them: overlapping, restating, some as XLSX, some as CSV.

plan rows of an export's days as known on its day → cells with Facebook's headings → XLSX or CSV bytes.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO

from sandbox.plan import Client, Measures, MediaPlan, Row
from sandbox.workbook import Cell, xlsx

EXPORTS = 3
OVERLAP_DAYS = 4
EXPORT_TIME = time(9, 15, tzinfo=UTC)
Delivered = tuple[Row, Measures]


@dataclass(frozen=True, slots=True)
class Export:
    """One downloaded file: its name, its content, and when it was made (UTC)."""

    filename: str
    data: bytes
    as_of: datetime
    first_day: date
    last_day: date


def exports(plan: MediaPlan, client: Client, count: int = EXPORTS) -> list[Export]:
    """`count` exports (fewer for a short plan), oldest first, that cover the plan and overlap by some days.

    Each ends on the day before it was made, so its last day is provisional and restated by the next one. The total of
    the plan's very first one is planted: it differs from the sum of its rows, as real ones do.
    """
    days = plan.days()
    step = -(-len(days) // count)
    made: list[Export] = []
    for number, start in enumerate(range(0, len(days), step)):
        last = days[min(start + step, len(days)) - 1]
        first = days[max(0, start - OVERLAP_DAYS)]
        seen_on = last + timedelta(days=1)
        rows = [
            item
            for back in range((last - first).days + 1)
            for item in plan.delivered(client.client_id, "facebook", last - timedelta(days=back), seen_on)
        ]
        excel, is_planted = number % 2 == 0, number == 0 and client == plan.clients[0]
        made.append(
            Export(
                filename=f"{client.client_id}-ads-{first:%Y-%m-%d}-{last:%Y-%m-%d}.{'xlsx' if excel else 'csv'}",
                data=xlsx_bytes(client, rows, hides_rows=is_planted) if excel else csv_bytes(client, rows),
                as_of=datetime.combine(seen_on, EXPORT_TIME),
                first_day=first,
                last_day=last,
            )
        )
    return made


def xlsx_bytes(client: Client, rows: Sequence[Delivered], *, hides_rows: bool = False) -> bytes:
    """An Ads Manager workbook: a grand total first, dates as text, blanks as empty strings, numbers as floats.

    With `hides_rows` its total is higher than the sum of its rows: the platform counts rows that a breakdown hides.
    """
    headings = [
        "Account name",
        "Day",
        "Ad set name",
        "Campaign name",
        "Ad name",
        "Region",
        "Reach",
        "Impressions",
        "Frequency",
        "Currency",
        f"Amount spent ({client.currency})",
        "Attribution setting",
        "Link clicks",
        "Clicks (all)",
        "CPM (cost per 1,000 impressions)",
        "CPC (all)",
        "CTR (all)",
        *(("Purchases", "Purchases conversion value") if client.facebook_purchases else ()),
        "Reporting starts",
        "Reporting ends",
    ]
    sums = _grand_total(client, rows)
    total = _workbook_row(client, None, _with_hidden_rows(sums) if hides_rows else sums, _period(rows))
    details = [_workbook_row(client, row, measures, (row.date, row.date)) for row, measures in rows]
    return xlsx([headings, total, *details], sheet_name="Raw Data Report")


def _workbook_row(client: Client, row: Row | None, measures: Measures, period: tuple[date, date]) -> list[Cell]:
    clicks, spend, impressions = measures.clicks or 0, float(measures.reported_spend), measures.impressions
    reach, all_clicks = _reach(impressions), clicks + clicks // 3
    purchases: list[Cell] = []
    if client.facebook_purchases:
        purchases = [_float_or_blank(measures.conversions), _float_or_blank(measures.conversion_revenue)]
    names: list[Cell] = ["", "", "", "", "", ""]
    if row is not None:
        names = [client.name, row.date.isoformat(), row.strategy, row.campaign, row.creative, row.split]
    return [
        *names,
        float(reach),
        float(impressions),
        _ratio(impressions, reach),
        client.currency,
        spend,
        "7-day click or 1-day view" if row is not None else "",
        _float_or_blank(clicks),
        float(all_clicks),
        _ratio(spend * 1000, impressions),
        _ratio(spend, all_clicks),
        _ratio(all_clicks * 100, impressions),
        *purchases,
        *(day.isoformat() for day in period),
    ]


def csv_bytes(client: Client, rows: Sequence[Delivered]) -> bytes:
    """An Ads Reporting CSV: a BOM, CRLF, quoted line breaks and emoji in the ad's text.

    A client without purchases gets the form without a day column (a row starts and ends on its day); the others get
    capitalised headings and a grand total first.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    amount = f"Amount spent ({client.currency})"
    if client.facebook_purchases:
        columns = ["Day", "Region", "Text", "Impressions", "Reach", amount, "Link Clicks", "Clicks (all)"]
        columns[6] = "Link clicks"
        writer.writerow(
            ["Campaign Name", "Ad Set Name", "Ad Name", *columns, "Purchases", "Purchases conversion value"]
        )
        total = _grand_total(client, rows)
        writer.writerow(["", "", "", "", "", "", *_numbers(total), total.conversions, total.conversion_revenue])
    else:
        columns = ["Region", "Text", "Impressions", "Reach", amount, "Link clicks", "Clicks (all)"]
        writer.writerow(["Campaign name", "Ad set name", "Ad name", "Reporting starts", "Reporting ends", *columns])
    for row, measures in rows:
        day, names = row.date.isoformat(), [row.campaign, row.strategy, row.creative]
        body = f'{row.creative}: come and see ✨\nOpen daily, "rain or shine".\n\nSee you, {client.name}'
        if client.facebook_purchases:
            sales = [measures.conversions or "", measures.conversion_revenue or ""]
            writer.writerow([*names, day, row.split, body, *_numbers(measures), *sales])
        else:
            writer.writerow([*names, day, day, row.split, body, *_numbers(measures)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _numbers(measures: Measures) -> list[object]:
    """Impressions, reach, amount spent, link clicks (blank for none) and all clicks, as a CSV has them."""
    clicks = measures.clicks or 0
    return [
        measures.impressions,
        _reach(measures.impressions),
        f"{measures.reported_spend:f}",
        clicks or "",
        clicks + clicks // 3,
    ]


def _grand_total(client: Client, rows: Sequence[Delivered]) -> Measures:
    """The sums of the rows; without purchases there is nothing to add up for them."""
    purchases = client.facebook_purchases
    revenue = (measures.conversion_revenue or Decimal(0) for _, measures in rows)
    return Measures(
        impressions=sum(measures.impressions for _, measures in rows),
        clicks=sum(measures.clicks or 0 for _, measures in rows),
        conversions=sum(measures.conversions or 0 for _, measures in rows) if purchases else None,
        conversion_revenue=sum(revenue, Decimal(0)) if purchases else None,
        reported_spend=sum((measures.reported_spend for _, measures in rows), Decimal(0)),
    )


def _with_hidden_rows(total: Measures) -> Measures:
    """The total that the platform shows where the breakdown hides some rows: it exceeds the detail."""
    conversions, revenue = total.conversions, total.conversion_revenue
    return Measures(
        impressions=total.impressions * 7 // 5 + 1,
        clicks=(total.clicks or 0) * 4 // 3,
        conversions=None if conversions is None else conversions + 2,
        conversion_revenue=None if revenue is None else revenue + Decimal("61.50"),
        reported_spend=(total.reported_spend + Decimal("12.75")).quantize(Decimal("0.01")),
    )


def _period(rows: Sequence[Delivered]) -> tuple[date, date]:
    days = [row.date for row, _ in rows]
    return min(days), max(days)


def _reach(impressions: int) -> int:
    return impressions - impressions // 8


def _float_or_blank(value: int | Decimal | None) -> Cell:
    """Facebook leaves a cell without events blank."""
    return float(value) if value else ""


def _ratio(numerator: float, denominator: float) -> float:
    return round(numerator / denominator, 8) if denominator else 0.0
