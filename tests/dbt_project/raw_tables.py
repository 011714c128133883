"""Raw tables as the loaders make them, filled by plain SQL: what the dbt project starts from.

Belongs here: a few words to deliver rows, so that a test reads as a story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.rows import insert

ROW_TABLES = {"surfside": "media_report", "vibe": "performance_report", "facebook": "ads_export"}
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "reported_spend")

@dataclass(frozen=True)
class Row:
    """One delivered row; NULL is a measure that the delivery lacks."""

    day: date
    impressions: int
    clicks: int | None = 0
    conversions: int | None = 0
    conversion_revenue: Decimal | None = Decimal(0)
    reported_spend: Decimal | None = Decimal(0)
    campaign: str = "Always On"
    strategy: str = "Prospecting"
    placement: str = "News"
    creative: str = "Blue"

    @property
    def columns(self) -> dict[str, object]:
        """The columns of the row's table that it fills."""
        names = {f"{level}_name": getattr(self, level) for level in ("campaign", "strategy", "placement", "creative")}
        return {"date": self.day} | names | dict(zip(MEASURES, self.measures, strict=True))

    @property
    def measures(self) -> tuple[int | Decimal | None, ...]:
        """The measures in the order of MEASURES."""
        return (self.impressions, self.clicks, self.conversions, self.conversion_revenue, self.reported_spend)


def connect(url: str) -> Connection:
    """A connection whose session is in UTC."""
    return psycopg2.connect(url, options="-c timezone=utc")


def deliver(
    connection: Connection,
    source: str,
    client_id: str,
    delivery_id: str,
    *,
    as_of: datetime,
    days: Sequence[date],
    rows: Sequence[Row],
    verdict: str | None = "passed",
    is_whole: bool = True,
) -> None:
    """Put one delivery into raw: its rows, its ledger, its package (unless it is not whole) and its verdict."""
    of = {"delivery_id": delivery_id, "_dlt_load_id": delivery_id}
    delivered = (
        of | row.columns | {"source_row": number, "currency": None, "unmapped": {}}
        for number, row in enumerate(rows, start=2)
    )
    insert(connection, f"raw_{source}.{ROW_TABLES[source]}", *delivered)
    totals = {}
    for day in days:
        there = [row.measures for row in rows if row.day == day]
        counted = {measure: _total([each[at] for each in there]) for at, measure in enumerate(MEASURES)}
        totals[day] = {"rows": len(there)} | counted
    insert_ledger(
        connection, source, client_id, delivery_id, as_of=as_of, days=totals, rows=len(rows), is_whole=is_whole
    )
    if verdict:
        judged = {"delivery_id": delivery_id, "source": source, "client_id": client_id, "verdict": verdict}
        insert(connection, "control.delivery_verdicts", judged)
    connection.commit()


def insert_ledger(
    connection: Connection,
    source: str,
    client_id: str,
    delivery_id: str,
    *,
    as_of: datetime,
    days: Mapping[date, Mapping[str, object]],
    rows: int,
    is_whole: bool = True,
) -> None:
    """Put the ledger of one delivery into raw: its days, each with the columns that say what it holds, and its package
    (unless it is not whole). The caller commits."""
    of = {"delivery_id": delivery_id, "_dlt_load_id": delivery_id, "client_id": client_id}
    for day, counted in days.items():
        insert(connection, f"raw_{source}.delivery_days", of | {"date": day} | counted)
    ledger = of | dict.fromkeys(("origin", "landed_path", "sha256", "mapping_fingerprint"), "")
    ledger |= {"source": source, "as_of": as_of, "delivered_at": as_of, "size_bytes": 0}
    ledger |= {"covers_from": min(days, default=None), "covers_to": max(days, default=None), "warnings": []}
    ledger |= {"rows_read": rows, "rows_accepted": rows, "rows_rejected": 0, "rows_dropped": 0}
    insert(connection, f"raw_{source}.deliveries", ledger)
    if is_whole:
        load = {"load_id": delivery_id, "schema_name": source, "status": 0, "inserted_at": datetime.now(UTC)}
        insert(connection, f"raw_{source}._dlt_loads", load)


def _total(values: Sequence[int | Decimal | None]) -> Decimal | None:
    """The sum of what is known, None when nothing is; an empty day totals zero."""
    known = [Decimal(value) for value in values if value is not None]
    return sum(known, Decimal(0)) if known or not values else None
