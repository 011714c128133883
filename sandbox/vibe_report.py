"""The CSV of a Vibe report: the columns asked for, summed to the dimensions asked for, every count a float.

plan rows of the asked days → the metrics that a TV platform reports beside ours → grouped by dimensions → CSV.
Who may ask for it and when belongs in `vibe_service.py`.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from uuid import NAMESPACE_DNS, uuid5

from sandbox.catalogue import GEOS
from sandbox.plan import Client, Measures, MediaPlan, Row

DATE_COLUMN = "impression_date"
DIMENSIONS = (
    "advertiser_id",
    "advertiser_name",
    "app_id",
    "campaign_id",
    "campaign_name",
    "channel_name",
    "creative_id",
    "creative_name",
    "geo_city",
    "geo_metro",
    "geo_region",
    "geo_zip",
    "impression_time",
    "os",
    "screen",
    "strategy_id",
    "strategy_name",
)
METRICS = (
    "amount_of_purchases",
    "completed_views",
    "cost_per_completed_view",
    "cost_per_custom_1",
    "cost_per_custom_2",
    "cost_per_custom_3",
    "cost_per_install",
    "cost_per_lead",
    "cost_per_page_view",
    "cost_per_purchase",
    "cost_per_session",
    "cost_per_signup",
    "cpm",
    "frequency",
    "households",
    "impressions",
    "installs",
    "number_of_custom_1",
    "number_of_custom_2",
    "number_of_custom_3",
    "number_of_leads",
    "number_of_page_views",
    "number_of_purchases",
    "number_of_sessions",
    "number_of_signups",
    "roas",
    "spend",
    "view_through_rate",
)
# Ratios of sums: metric → (numerator, denominator, factor).
_RATIOS = {
    "cost_per_completed_view": ("spend", "completed_views", 1),
    "cost_per_lead": ("spend", "number_of_leads", 1),
    "cost_per_page_view": ("spend", "number_of_page_views", 1),
    "cost_per_purchase": ("spend", "number_of_purchases", 1),
    "cost_per_session": ("spend", "number_of_sessions", 1),
    "cpm": ("spend", "impressions", 1000),
    "frequency": ("impressions", "households", 1),
    "roas": ("amount_of_purchases", "spend", 1),
    "view_through_rate": ("completed_views", "impressions", 1),
}
_GEO_OF_ZIP = {geo.zip_code: geo for geo in GEOS}
_CENT = Decimal("0.01")


def report_csv(
    plan: MediaPlan,
    client: Client,
    start: date,
    end: date,
    *,
    seen_on: date,
    dimensions: Sequence[str] = DIMENSIONS,
    metrics: Sequence[str] = METRICS,
) -> bytes:
    """The report of the days from `start` up to, not including, `end`, as known on `seen_on`."""
    days = (start + timedelta(days=number) for number in range((end - start).days))
    rows = (item for day in days for item in plan.delivered(client.client_id, "vibe", day, seen_on))
    return rows_csv(client, rows, dimensions=dimensions, metrics=metrics)


def rows_csv(
    client: Client,
    rows: Iterable[tuple[Row, Measures]],
    *,
    dimensions: Sequence[str] = DIMENSIONS,
    metrics: Sequence[str] = METRICS,
) -> bytes:
    """The CSV of given rows: the date, the dimensions and the metrics, each in alphabetical order."""
    asked_dimensions = sorted(set(dimensions) - {DATE_COLUMN})
    asked_metrics = sorted(set(metrics))
    groups: dict[tuple[str, ...], dict[str, Decimal]] = {}
    for row, measures in rows:
        cells = _dimensions_of(client, row)
        key = (row.date.isoformat(), *(cells[name] for name in asked_dimensions))
        sums = groups.setdefault(key, {})
        for name, value in _sums_of(row, measures).items():
            sums[name] = sums.get(name, Decimal(0)) + value
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((DATE_COLUMN, *asked_dimensions, *asked_metrics))
    for key, sums in groups.items():
        writer.writerow((*key, *(_as_float(_metric(sums, name)) for name in asked_metrics)))
    return text.getvalue().encode()


def cut_report(data: bytes, start: date, end: date) -> bytes:
    """A given report cut to the days from `start` up to, not including, `end`; unchanged if all are inside."""
    lines = list(_lines(data))
    header, rows = lines[0], lines[1:]
    column = next((header.index(name) for name in (DATE_COLUMN, "date", "Date") if name in header), None)
    if column is None:
        raise ValueError(f"the report to serve has no date column among {header}")
    inside = [row for row in rows if start <= date.fromisoformat(row[column][:10]) < end]
    if len(inside) == len(rows):
        return data
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *inside])
    return text.getvalue().encode()


def _lines(data: bytes) -> Iterator[list[str]]:
    return csv.reader(StringIO(data.decode("utf-8-sig"), newline=""))


def _dimensions_of(client: Client, row: Row) -> dict[str, str]:
    geo = _GEO_OF_ZIP[row.split]
    return {
        "advertiser_id": client.advertiser_id,
        "advertiser_name": client.name,
        "app_id": f"app{client.advertiser_id[:6]}",
        "campaign_id": _id(client, "campaign", row.campaign),
        "campaign_name": row.campaign,
        "channel_name": row.placement,
        "creative_id": _id(client, "creative", row.campaign + row.creative),
        "creative_name": row.creative,
        "geo_city": geo.city,
        "geo_metro": geo.metro,
        "geo_region": geo.region,
        "geo_zip": geo.zip_code,
        "impression_time": f"{row.date.isoformat()}T00:00:00.000",
        "os": "WEB",
        "screen": "TV",
        "strategy_id": _id(client, "strategy", row.campaign + row.strategy),
        "strategy_name": row.strategy,
    }


def _sums_of(row: Row, measures: Measures) -> dict[str, Decimal]:
    """Our measures, and invented ones that follow from them."""
    impressions, purchases = measures.impressions, measures.conversions or 0
    sessions = purchases * 6 + impressions // 400
    counts = {
        "completed_views": impressions - impressions // 25,
        "households": (impressions * 2 + 2) // 3,
        "impressions": impressions,
        "number_of_leads": sessions // 5,
        "number_of_page_views": sessions * 2,
        "number_of_purchases": purchases,
        "number_of_sessions": sessions,
    }
    amounts = {"amount_of_purchases": measures.conversion_revenue or Decimal(0), "spend": measures.reported_spend}
    return {name: Decimal(value) for name, value in counts.items()} | amounts


def _metric(sums: dict[str, Decimal], name: str) -> Decimal:
    if name not in _RATIOS:
        return sums.get(name, Decimal(0))  # installs, sign-ups and custom events do not occur
    numerator, denominator, factor = _RATIOS[name]
    if not sums[denominator]:
        return Decimal(0)
    return (sums[numerator] * factor / sums[denominator]).quantize(_CENT, rounding=ROUND_HALF_UP)


def _as_float(value: Decimal) -> str:
    """4 → '4.0', 4.50 → '4.5'."""
    return repr(float(value))


def _id(client: Client, kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, f"{kind}.{client.client_id}.{name}"))
