"""The views in `ledger` that no migration makes: those of dbt, for a database without a build, and those of viewers.

models/ledger/*.sql → (dbt) → current_days.sql, waiting_days.sql beside this module → `paidmedia db migrate`

A test compares the files with what dbt compiles; `make graph` renews them.
"""

from pathlib import Path

from sqlalchemy import Connection, text

from warehouse.ledger import EVERYTHING, OF_VIEWER

FOLDER = Path(__file__).parent
OF_DBT = ("current_days", "waiting_days")  # each after those that it reads


def prepare(connection: Connection) -> None:
    """Make the views of dbt where they are missing, and what the app's role may read. To be repeated."""
    for name in OF_DBT:
        if connection.scalar(text("select to_regclass(:name)"), {"name": f"ledger.{name}"}) is None:
            connection.execute(text(f"create view ledger.{name} as {_sql(name)}"))
    for relation, shown in zip(vars(EVERYTHING).values(), vars(OF_VIEWER).values(), strict=True):
        connection.execute(
            text("select ledger.show_viewer(:shown, cast(:relation as regclass))"),
            {"shown": shown.removeprefix("ledger."), "relation": relation},
        )


def _sql(name: str) -> str:
    """What dbt compiles its model to."""
    return (FOLDER / f"{name}.sql").read_text()
