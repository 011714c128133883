"""The raw tables as Arrow schemas: what a loader writes, the same for every source.

`raw_<source>` holds the row table, `deliveries`, `delivery_days` and `rejects`; dlt adds `_dlt_load_id` to each.
"""

from functools import lru_cache

import pyarrow as pa

from loaders.files.columns import MEASURES

DELIVERIES = "deliveries"
DELIVERY_DAYS = "delivery_days"
REJECTS = "rejects"

TEXT = pa.string()
NUMBER = pa.int64()
TIME = pa.timestamp("us", tz="UTC")
AMOUNT = pa.decimal128(24, 9)
TOTAL = pa.decimal128(38, 9)
FATES = ("read", "accepted", "rejected", "dropped")


def row_schema() -> pa.Schema:
    """One row per accepted row of a delivery. Names are as delivered; an absent measure is null."""
    return pa.schema(
        [
            _text("delivery_id"),
            pa.field("source_row", NUMBER, nullable=False),
            pa.field("date", pa.date32(), nullable=False),
            *(_text(f"{level}_name") for level in ("campaign", "strategy", "placement", "creative")),
            pa.field("impressions", NUMBER, nullable=False),
            pa.field("clicks", NUMBER),
            pa.field("conversions", NUMBER),
            pa.field("conversion_revenue", AMOUNT),
            pa.field("reported_spend", AMOUNT),
            pa.field("currency", TEXT),
            _text("unmapped"),
        ]
    )


def deliveries_schema() -> pa.Schema:
    """One row per delivery, with the totals that prove that nothing was lost."""
    texts = ("delivery_id", "client_id", "source", "origin", "landed_path", "sha256")
    return pa.schema(
        [
            *(_text(name) for name in texts),
            pa.field("size_bytes", NUMBER, nullable=False),
            _text("mapping_fingerprint"),
            pa.field("as_of", TIME, nullable=False),
            pa.field("delivered_at", TIME, nullable=False),
            pa.field("covers_from", pa.date32()),
            pa.field("covers_to", pa.date32()),
            *(pa.field(f"rows_{fate}", NUMBER, nullable=False) for fate in FATES),
            *(pa.field(f"{measure}_{fate}", TOTAL) for measure in MEASURES for fate in FATES),
            _text("warnings"),
            pa.field("dagster_run_id", TEXT),
        ]
    )


def delivery_days_schema() -> pa.Schema:
    """One row per delivery and declared day, empty days included."""
    return pa.schema(
        [
            _text("delivery_id"),
            _text("client_id"),
            pa.field("date", pa.date32(), nullable=False),
            pa.field("rows", NUMBER, nullable=False),
            *(pa.field(measure, TOTAL) for measure in MEASURES),
        ]
    )


def rejects_schema() -> pa.Schema:
    """One row per row that could not be used: the first cell that is wrong, and the whole row to mend it from."""
    texts = ("column_name", "value", "reason", "row_values")
    return pa.schema([_text("delivery_id"), pa.field("source_row", NUMBER, nullable=False), *map(_text, texts)])


@lru_cache
def tables(row_table: str) -> dict[str, pa.Schema]:
    """The tables of a source, by name."""
    return {
        row_table: row_schema(),
        DELIVERIES: deliveries_schema(),
        DELIVERY_DAYS: delivery_days_schema(),
        REJECTS: rejects_schema(),
    }


def json_columns(table: str) -> tuple[str, ...]:
    """Columns that hold JSON text and become jsonb."""
    return {DELIVERIES: ("warnings",), DELIVERY_DAYS: (), REJECTS: ("row_values",)}.get(table, ("unmapped",))


def _text(name: str) -> pa.Field:
    """Text that is never null: COPY would turn an empty text of a nullable column into null."""
    return pa.field(name, TEXT, nullable=False)
