"""A row in every table of `control` and `access`, made from the models, so that a new table is never forgotten."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, text

from warehouse.control import Base

BY_TYPE: dict[type, Any] = {
    bool: True,
    int: 3,
    float: 1.5,
    str: "a text",
    Decimal: Decimal("2.5"),
    date: date(2025, 2, 3),
    datetime: datetime(2025, 2, 3, 4, 5, tzinfo=UTC),
    UUID: UUID(int=7),
    object: {"a": 1},  # jsonb
}
BY_NAME: dict[str, Any] = {
    "client_id": "acme",
    "kind": "failed_run",
    "fault": "failed_run",
    "news": "opened",
    "currency": "USD",
    "source": "vibe",
    "role": "client",
    "verdict": "released",
    "month": date(2025, 1, 1),
    "for_month": date(2025, 1, 1),
    "ingestion_runs.status": "failed",
    "restore_drills.status": "passed",
    "sources.name": "a_source",
    "sources.transport": "upload",
    "uploaded_files.status": "loaded",
    "vibe_report_requests.status": "done",
}


def fill(connection: Connection) -> None:
    """Add a row to each table, every column of it with a value."""
    for table in Base.metadata.sorted_tables:
        connection.execute(table.insert().values({column.name: _value(column) for column in table.columns}))


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """All rows of every table that is there, by column."""
    query = "select schemaname || '.' || tablename from pg_tables where schemaname in ('control', 'access') order by 1"
    tables: list[str] = [name for name in connection.scalars(text(query)) if not name.endswith("alembic_version")]
    return {
        table: list(connection.scalars(text(f"select to_jsonb(t) from {table} as t order by t::text")))
        for table in tables
    }


def shared(one: dict[str, list[dict[str, Any]]], other: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The rows of `one` as far as `other` has their tables and columns."""
    return {
        table: [{name: value for name, value in row.items() if name in other[table][0]} for row in one[table]]
        for table in other
        if other[table]
    }


def _value(column: Column[Any]) -> Any:
    named = BY_NAME.get(f"{column.table.name}.{column.name}", BY_NAME.get(column.name))
    return BY_TYPE[column.type.python_type] if named is None else named
