"""Rows put into tables by plain SQL, each value under its column's name.

Belongs here: what several rooms' tests insert. A story says `agreed(raw, "acme", 12)`, not a tuple of seven values.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from psycopg2.extras import Json, execute_values

FROM_THE_START = date(2026, 1, 1)  # before every day of these stories


def insert(connection: Connection, table: str, *rows: Mapping[str, object]) -> None:
    """Insert rows, all with the columns of the first, into `schema.table`. The caller commits."""
    if not rows:
        return
    columns = list(rows[0])
    statement = sql.SQL("insert into {} ({}) values %s").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    values = [
        [Json(row[name]) if isinstance(row[name], dict | list) else row[name] for name in columns] for row in rows
    ]
    with connection.cursor() as cursor:
        execute_values(cursor, statement, values)


def add_client(
    connection: Connection, client_id: str, *, cpm: Decimal | int | None = 10, currency: str = "USD"
) -> None:
    """A client of that id, at a CPM from the start of its stories on; without one where `cpm` is None."""
    insert(connection, "control.clients", {"client_id": client_id, "name": client_id.title(), "currency": currency})
    if cpm is not None:
        agreed(connection, client_id, cpm, currency=currency)


def agreed(
    connection: Connection,
    client_id: str,
    cpm: Decimal | int,
    since: date = FROM_THE_START,
    *,
    currency: str = "USD",
    by: str = "test",
) -> None:
    """A rate of a client, written past the product's own checks."""
    rate = {"client_id": client_id, "effective_date": since, "cpm": cpm, "currency": currency, "created_by": by}
    insert(connection, "control.client_cpm_rates", rate)
