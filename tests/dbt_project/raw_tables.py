"""Raw tables as the loaders leave them, filled by plain SQL: what the dbt project starts from.

Belongs here: the columns of the three raw schemas and a few words to deliver rows, so that a test reads as a story.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

ROW_TABLES = {"surfside": "media_report", "vibe": "performance_report", "facebook": "ads_export"}
MEASURES = ("impressions", "clicks", "conversions", "conversion_revenue", "reported_spend")

_LEDGER_MEASURES = ", ".join(
    f"{measure}_{part} numeric(38, 9)" for measure in MEASURES for part in ("read", "accepted", "rejected", "dropped")
)
_TABLES = {
    "{rows}": """delivery_id text, source_row bigint, date date, campaign_name text, strategy_name text,
        placement_name text, creative_name text, impressions bigint, clicks bigint, conversions bigint,
        conversion_revenue numeric(24, 9), reported_spend numeric(24, 9), currency text, unmapped jsonb,
        _dlt_load_id text""",
    "deliveries": f"""delivery_id text, client_id text, source text, origin text, landed_path text, sha256 text,
        size_bytes bigint, mapping_fingerprint text, as_of timestamptz, delivered_at timestamptz, covers_from date,
        covers_to date, rows_read bigint, rows_accepted bigint, rows_rejected bigint, rows_dropped bigint,
        {_LEDGER_MEASURES}, warnings jsonb, dagster_run_id text, _dlt_load_id text""",
    "delivery_days": """delivery_id text, client_id text, date date, rows bigint, impressions numeric(38, 9),
        clicks numeric(38, 9), conversions numeric(38, 9), conversion_revenue numeric(38, 9),
        reported_spend numeric(38, 9), _dlt_load_id text""",
    "rejects": """delivery_id text, source_row bigint, column_name text, value text, reason text, row_values jsonb,
        _dlt_load_id text""",
    "_dlt_loads": """load_id text, schema_name text, status bigint, inserted_at timestamptz,
        schema_version_hash text""",
}


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
    def measures(self) -> tuple[int | Decimal | None, ...]:
        """The measures in the order of MEASURES."""
        return (self.impressions, self.clicks, self.conversions, self.conversion_revenue, self.reported_spend)


def create(connection: Connection) -> None:
    """Create the empty raw tables of the three sources."""
    with connection.cursor() as cursor:
        for source, rows in ROW_TABLES.items():
            cursor.execute(f"create schema if not exists raw_{source}")
            for table, columns in _TABLES.items():
                cursor.execute(f"create table raw_{source}.{table.format(rows=rows)} ({columns})")
    connection.commit()


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
    with connection.cursor() as cursor:
        for number, row in enumerate(rows, start=2):
            cursor.execute(
                f"insert into raw_{source}.{ROW_TABLES[source]} values (%s{', %s' * 11}, null, '{{}}', %s)",
                (
                    *(delivery_id, number, row.day, row.campaign, row.strategy, row.placement, row.creative),
                    *row.measures,
                    delivery_id,
                ),
            )
        for day in days:
            there = [row for row in rows if row.day == day]
            totals = [_total([row.measures[at] for row in there]) for at in range(len(MEASURES))]
            cursor.execute(
                f"insert into raw_{source}.delivery_days values (%s{', %s' * 9})",
                (delivery_id, client_id, day, len(there), *totals, delivery_id),
            )
        cursor.execute(
            f"""insert into raw_{source}.deliveries (delivery_id, client_id, source, as_of, delivered_at, covers_from,
                covers_to, rows_read, rows_accepted, rows_rejected, rows_dropped, _dlt_load_id)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, %s)""",
            (delivery_id, client_id, source, as_of, as_of, min(days), max(days), len(rows), len(rows), delivery_id),
        )
        if is_whole:
            cursor.execute(f"insert into raw_{source}._dlt_loads values (%s, %s, 0, now(), '')", (delivery_id, source))
        if verdict:
            cursor.execute(
                """insert into control.delivery_verdicts (delivery_id, source, client_id, verdict)
                   values (%s, %s, %s, %s)""",
                (delivery_id, source, client_id, verdict),
            )
    connection.commit()


def _total(values: Sequence[int | Decimal | None]) -> Decimal | None:
    """The sum of what is known, None when nothing is; an empty day totals zero."""
    known = [Decimal(value) for value in values if value is not None]
    return sum(known, Decimal(0)) if known or not values else None
