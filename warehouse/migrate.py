"""Alembic for the `control` schema, without an ini file: the folder `migrations/` beside this module.

Two processes that migrate at once wait for each other on an advisory lock.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from warehouse.database import engine, reachable
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings, get_settings

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"
LOCK = 7_001_001


def migrate(settings: Settings | None = None, revision: str = "head") -> None:
    """Bring `control` to `revision`, creating the schema where it is missing."""
    from alembic import command

    with reachable(), engine(settings).begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("create schema if not exists control"))
        if revision == "base":
            command.downgrade(_config(connection), revision)
        else:
            command.upgrade(_config(connection), revision)


def current_revision(settings: Settings | None = None) -> str | None:
    """The revision of the database, None for an empty one."""
    with reachable(), engine(settings).connect() as connection:
        if connection.scalar(text("select to_regclass('control.alembic_version')")) is None:
            return None
        revision: str | None = connection.scalar(text("select version_num from control.alembic_version"))
        return revision


def ensure_migrated(settings: Settings | None = None) -> None:
    """Migrate the embedded database by itself; ask for it on a server, where others may be at work."""
    settings = settings or get_settings()
    revision = current_revision(settings)
    if revision == HEAD:
        return
    if settings.database_url is None:
        migrate(settings)
        return
    raise PaidMediaError(f"the database is at revision {revision or 'none'}, not {HEAD}", fix="paidmedia db migrate")


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
