"""Alembic for the `control` schema, without an ini file: the folder `migrations/` beside this module.

Two processes that migrate at once wait for each other on the table of the revision.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2.errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from warehouse.errors import PaidMediaError
from warehouse.ledger import views
from warehouse.postgres import bi_limits, embedded, locks, roles
from warehouse.postgres.database import engine, reachable
from warehouse.settings import Settings, get_settings

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0020"
VERSION_TABLE = "control.alembic_version"
_VERSION_TABLE = f"""
    create table if not exists {VERSION_TABLE} (
        version_num varchar(32) not null, constraint alembic_version_pkc primary key (version_num)
    )
"""
# People read while the database is migrated: a migration that cannot have a table at once begins again, so that nobody
# queues behind it. A minute in all.
LOCK_TIMEOUT = "500ms"
ATTEMPTS = 60
SECONDS_BETWEEN = 0.5


def migrate(settings: Settings | None = None, revision: str = "head") -> None:
    """Bring `control` and `access` to `revision`, up or down, creating the schemas where they are missing.

    At the newest, the views in `ledger` that no migration makes are there too, and what does harm is taken from
    everybody, where we have a superuser: on the embedded server.

    Raises `PaidMediaError` where the role may not, or where an open transaction holds a table that is to be changed.
    """
    settings = settings or get_settings()
    for _ in range(ATTEMPTS):
        try:
            _migrate(settings, revision)
            break
        except OperationalError as error:
            if not isinstance(error.orig, psycopg2.errors.LockNotAvailable):
                raise
        time.sleep(SECONDS_BETWEEN)
    else:
        raise PaidMediaError(
            "the database cannot be migrated: an open transaction holds a table", where=_in_the_way(settings),
            fix="end it, or let the administrator of the server call pg_terminate_backend(PROCESS), and try again",
        )  # fmt: skip
    if revision == "head" and settings.database_url is None:
        embedded.close_to_public(settings.paidmedia_home)


def _migrate(settings: Settings, revision: str) -> None:
    from alembic import command

    with reachable(), _may_create_roles():
        _make_version_table(settings)
        with engine(settings).begin() as connection:
            connection.execute(text(locks.statement(VERSION_TABLE)))
            connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
            here = _revision(connection)
            if revision == "base" or (revision != "head" and here is not None and revision < here):
                command.downgrade(_config(connection), revision)
            else:
                command.upgrade(_config(connection), revision)
            if revision == "head":
                roles.set_app_password(connection, settings)
                bi_limits.share_reserve(connection)
                views.prepare(connection)


def _make_version_table(settings: Settings) -> None:
    """The table by which migrations wait for each other, as Alembic makes it."""
    while True:
        try:
            with engine(settings).begin() as connection:
                connection.execute(text("create schema if not exists control"))
                connection.execute(text(_VERSION_TABLE))
        except IntegrityError as error:  # another process has made it in the same moment: look again
            if not isinstance(error.orig, psycopg2.errors.UniqueViolation):
                raise
        else:
            return


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


def _in_the_way(settings: Settings) -> str | None:
    """Who holds a table of ours. None before the migration that can tell."""
    with engine(settings).connect() as connection:
        if connection.scalar(text("select to_regprocedure('access.in_the_way(text[])')")) is None:
            return None
        found: str | None = connection.scalar(text(_HOLDERS))
        return found


_HOLDERS = """
    select access.in_the_way(
        array(
            select locks.virtualtransaction
            from pg_locks as locks
            inner join pg_class as relations on locks.relation = relations.oid
            where
                locks.granted and locks.pid <> pg_backend_pid()
                and locks.database = (select oid from pg_database where datname = current_database())
                and relations.relnamespace in (
                    select oid from pg_namespace where nspname in ('control', 'access', 'ledger', 'marts', 'bi')
                )
        )
    )
"""


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
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    return config
