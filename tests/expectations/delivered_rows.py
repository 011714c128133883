"""Raw tables as the loaders leave them, made by hand so that they can hold what no loader would let through."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, text

TABLES = {
    "surfside": "raw_surfside.media_report",
    "vibe": "raw_vibe.performance_report",
    "facebook": "raw_facebook.ads_export",
}
AS_OF = datetime(2025, 6, 10, 4, 30, tzinfo=UTC)
DAY = date(2025, 6, 9)

_ROW: dict[str, Any] = {
    "source_row": 2,
    "date": DAY,
    "campaign_name": "Always On",
    "strategy_name": "Prospecting",
    "placement_name": "Blue Banner",
    "creative_name": "Blue Banner",
    "impressions": 1200,
    "clicks": 10,
    "conversions": 1,
    "conversion_revenue": "19.990000000",
    "reported_spend": "6.600000000",
    "currency": None,
}


def create(engine: Engine) -> None:
    """Drop and create the raw schemas of the three sources, each with one whole load package `whole`.

    Their row tables take what no loader would write, such as a row without a date.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql("select ledger.unite('{}')")
        for table in TABLES.values():
            schema = table.split(".")[0]
            for statement in f"""
                drop schema if exists {schema} cascade;
                create schema {schema};
                create table {table} (
                    delivery_id text, source_row bigint, date date, campaign_name text, strategy_name text,
                    placement_name text, creative_name text, impressions bigint, clicks bigint, conversions bigint,
                    conversion_revenue numeric(24, 9), reported_spend numeric(24, 9), currency text, unmapped jsonb,
                    _dlt_load_id text
                );
                create table {schema}.deliveries (
                    delivery_id varchar, client_id varchar, origin varchar, landed_path varchar, sha256 varchar,
                    size_bytes bigint, mapping_fingerprint varchar, as_of timestamptz, delivered_at timestamptz,
                    covers_from date, covers_to date, rows_read bigint, rows_accepted bigint, rows_rejected bigint,
                    rows_dropped bigint, _dlt_load_id varchar
                );
                create table {schema}.delivery_days (
                    delivery_id varchar, client_id varchar, date date, rows bigint, impressions numeric, clicks numeric,
                    conversions numeric, conversion_revenue numeric, reported_spend numeric, _dlt_load_id varchar
                );
                create table {schema}.rejects (
                    delivery_id varchar, source_row bigint, column_name varchar, value varchar, reason varchar,
                    row_values jsonb, _dlt_load_id varchar
                );
                create table {schema}._dlt_loads (load_id varchar, schema_name varchar, status bigint);
                insert into {schema}._dlt_loads values ('whole', '{schema}', 0)
            """.split(";"):
                connection.exec_driver_sql(statement)
        connection.execute(text("select ledger.unite(:sources)"), {"sources": list(TABLES)})


def row(**changes: Any) -> dict[str, Any]:
    """One plausible row, with the given columns changed."""
    return _ROW | changes


def deliver(
    engine: Engine,
    source: str,
    delivery_id: str,
    rows: Sequence[dict[str, Any]],
    *,
    days: Sequence[date] | None = None,
    load_id: str = "whole",
    client_id: str = "acme",
) -> str:
    """Insert one delivery; it declares `days`, by default those of its rows. Returns its id."""
    table = TABLES[source]
    schema = table.split(".")[0]
    columns = [*_ROW, "delivery_id", "_dlt_load_id"]
    declared = sorted({each["date"] for each in rows} - {None}) if days is None else days
    same = {"delivery_id": delivery_id, "client_id": client_id, "_dlt_load_id": load_id}
    with engine.begin() as connection:
        connection.execute(
            text(
                f"insert into {schema}.deliveries (delivery_id, client_id, as_of, delivered_at, _dlt_load_id)"
                " values (:delivery_id, :client_id, :as_of, :as_of, :_dlt_load_id)"
            ),
            same | {"as_of": AS_OF},
        )
        for day in declared:
            connection.execute(
                text(
                    f"insert into {schema}.delivery_days (delivery_id, client_id, date, _dlt_load_id)"
                    " values (:delivery_id, :client_id, :date, :_dlt_load_id)"
                ),
                same | {"date": day},
            )
        if rows:
            names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
            connection.execute(text(f"insert into {table} ({names}) values ({values})"), [each | same for each in rows])
    return delivery_id
