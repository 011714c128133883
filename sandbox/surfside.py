"""Surfside's files: one `media-report-YYYY-MM-DD` a day in each client's folder, restating the two days before.

plan → cells of the days D-2..D as known on D+1 → CSV as Excel saves it, every tenth day XLSX → objects of a bucket.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING

from sandbox import s3
from sandbox.plan import Client, Measures, MediaPlan, Row
from sandbox.workbook import Cell, Formula, xlsx

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HEADINGS = (
    "Strategy Name",
    "Placement Name",
    "Creative Name",
    "Creative Size",
    "Event Date",
    "Impressions",
    "Clicks",
    " Media Spend ",
    "Conversions",
    "Conversion Value",
    " ROAS ",
)
RESTATED_DAYS = 2
DELIVERY_TIME = time(4, 30, tzinfo=UTC)
Delivered = tuple[Row, Measures]


@dataclass(frozen=True, slots=True)
class SurfsideFile:
    """One object: its day, file name, content, and the time at which it appears in the bucket."""

    day: date
    filename: str
    data: bytes
    delivered_at: datetime


def daily_files(plan: MediaPlan, client: Client) -> Iterator[SurfsideFile]:
    """One file per day of the plan, oldest first. The file of day D holds D-2..D as they are known on D+1."""
    for day in plan.days():
        seen_on = day + timedelta(days=1)
        covered = [day - timedelta(days=back) for back in range(RESTATED_DAYS + 1)]
        rows = [
            item for held in covered for item in plan.delivered(client.client_id, "surfside", held, seen_on)
        ]  # days before the plan give no rows
        rows.sort(key=lambda item: (item[0].strategy, item[0].placement, item[0].creative, -item[0].date.toordinal()))
        excel = day.toordinal() % 10 == 0
        yield SurfsideFile(
            day=day,
            filename=f"media-report-{day.isoformat()}.{'xlsx' if excel else 'csv'}",
            data=xlsx_bytes(rows) if excel else csv_bytes(rows, symbol=symbol_of(client)),
            delivered_at=datetime.combine(seen_on, DELIVERY_TIME),
        )


def write_world(plan: MediaPlan, s3_client: "S3Client", bucket: str, root: str = "") -> list[str]:
    """Write every file of the plan to `<root>/<client prefix>/`, making the bucket if need be; gives the keys.

    Objects of the sandbox's own server get the time at which Surfside would have delivered them; on another server the
    order of writing keeps a later day newer.
    """
    if bucket not in {held["Name"] for held in s3_client.list_buckets()["Buckets"]}:
        s3_client.create_bucket(Bucket=bucket)
    timed, now = s3.is_sandbox(s3_client), datetime.now(UTC)
    folder = f"{root.strip('/')}/" if root.strip("/") else ""
    keys: list[str] = []
    for client in plan.clients:
        for file in daily_files(plan, client):
            key = f"{folder}{client.surfside_prefix}/{file.filename}"
            # An object cannot be younger than the clock: before 04:30 the last file has just arrived.
            s3.put_object(s3_client, bucket, key, file.data, min(file.delivered_at, now) if timed else None)
            keys.append(key)
    return keys


def symbol_of(client: Client) -> str:
    """The sign before an amount: real files have a dollar; another currency's amounts come without one."""
    return "$" if client.currency == "USD" else ""


def csv_bytes(rows: Iterable[Delivered], symbol: str = "$") -> bytes:
    """A CSV as Excel saves it: padded headings, amounts like ` $ 4.76 ` and ` $ -   `, month-first dates."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    for row, measures in rows:
        revenue, spend = measures.conversion_revenue or Decimal(0), measures.reported_spend
        writer.writerow(
            (
                row.strategy,
                row.placement,
                row.creative,
                row.split,
                f"{row.date.month}/{row.date.day}/{row.date.year}",
                measures.impressions,
                measures.clicks,
                _amount(spend, symbol),
                measures.conversions,
                f"{revenue:f}".rstrip("0").rstrip(".") if revenue else "0",
                _amount(revenue / spend, symbol) if spend else "#DIV/0!",
            )
        )
    return text.getvalue().encode()


def xlsx_bytes(rows: Iterable[Delivered]) -> bytes:
    """The same as a workbook: true dates, amounts with float noise, the ratio a formula without a cached value."""
    return xlsx(_sheet(rows), sheet_name="Media Report")


def _sheet(rows: Iterable[Delivered]) -> Iterator[list[Cell]]:
    yield list(HEADINGS)
    for number, (row, measures) in enumerate(rows, start=2):
        spend = float(measures.reported_spend)
        yield [
            row.strategy,
            row.placement,
            row.creative,
            row.split,
            row.date,
            measures.impressions,
            measures.clicks,
            # What binary sums leave behind: 4.760000000000001 is 4.76.
            math.nextafter(spend, math.inf) if spend and number % 5 == 0 else spend,
            measures.conversions,
            float(measures.conversion_revenue or 0),
            Formula(f"J{number}/H{number}"),
        ]


def _amount(value: Decimal, symbol: str) -> str:
    shown = f" {value:,.2f} " if value else " -   "
    return f" {symbol}{shown}" if symbol else shown
