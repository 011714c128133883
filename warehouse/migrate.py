"""Alembic for the `control` schema, without an ini file: the folder `migrations/` beside this module.

Two processes that migrate at once wait for each other on an advisory lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2.errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from warehouse import bi_limits, roles
from warehouse.database import engine, reachable
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings, get_settings

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0012"
LOCK = 7_001_001


def migrate(settings: Settings | None = None, revision: str = "head") -> None:
    """Bring `control` and `access` to `revision`, up or down, creating the schemas where they are missing."""
    from alembic import command

    with reachable(), _may_create_roles(), engine(settings).begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("create schema if not exists control"))
        here = _revision(connection)
        if revision == "base" or (revision != "head" and here is not None and revision < here):
            command.downgrade(_config(connection), revision)
        else:
            command.upgrade(_config(connection), revision)
        if revision == "head":
            roles.set_app_password(connection, settings or get_settings())
            bi_limits.share_reserve(connection)


def current_revision(settings: Settings | None = None) -> str | None:
    """The revision of the database, None for an empty one."""
    with reachable(), engine(settings).connect() as connection:
        return _revision(connection)


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


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("select to_regclass('control.alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("select version_num from control.alembic_version"))
    return revision


@contextmanager
def _may_create_roles() -> Iterator[None]:
    """The owner makes the roles that read the marts; turn a refusal into one clear line."""
    try:
        yield
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg2.errors.InsufficientPrivilege):
            raise
        reason = str(error.orig).strip().splitlines()[0]
        fix = "let the role of DATABASE_URL own the database, and: alter role … createrole"
        raise PaidMediaError("the database cannot be migrated", where=reason, fix=fix) from error


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
