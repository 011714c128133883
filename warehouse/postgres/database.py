"""Connections: which database, and one SQLAlchemy engine per URL and process."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from warehouse.errors import PaidMediaError
from warehouse.postgres import embedded, roles
from warehouse.settings import Settings, get_settings


def database_url(settings: Settings | None = None) -> str:
    """The libpq URL of the warehouse, `postgresql://user:password@host:port/database`.

    Starts the embedded server when `DATABASE_URL` is unset.
    """
    settings = settings or get_settings()
    if settings.database_url is None:
        return embedded.start(settings.paidmedia_home)
    return complete_url(settings.database_url, settings.database_password, "DATABASE_URL")


def complete_url(url: str, password: str | None, setting: str) -> str:
    """A libpq URL with the password that it lacks. Raises `PaidMediaError` that names the setting of a wrong one."""
    parsed = _parse(url, setting).set(drivername="postgresql")
    if password and not parsed.password:
        parsed = parsed.set(password=password)
    return parsed.render_as_string(hide_password=False)


def engine(settings: Settings | None = None) -> Engine:
    """The engine of the warehouse; one pool per URL and process."""
    return _engine(database_url(settings))


def app_engine(settings: Settings | None = None) -> Engine:
    """The engine of the role that reads the marts for the app: it sees what the policies let the viewer see."""
    settings = settings or get_settings()
    return _engine(roles.app_url(settings, database_url(settings)))


@contextmanager
def session(settings: Settings | None = None) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on an error.

    Raises `PaidMediaError` where the server cannot be reached.
    """
    with reachable(), Session(engine(settings)) as current, current.begin():
        yield current


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a lost or refused connection into one clear line."""
    try:
        yield
    except OperationalError as error:
        if error.connection_invalidated or error.statement is None:
            reason = str(error.orig).strip().splitlines()[0]
            raise PaidMediaError("the database cannot be reached", where=reason, fix="check DATABASE_URL") from error
        raise


def libpq_environment(settings: Settings | None = None) -> dict[str, str]:
    """The standard `PG*` variables of the warehouse, for psql, dbt and every other libpq program."""
    return libpq_variables(database_url(settings))


def libpq_variables(database: str) -> dict[str, str]:
    """A URL as the standard `PG*` variables."""
    url = make_url(database)
    host = url.host or _first(url.query.get("host")) or "127.0.0.1"
    values = {
        "PGHOST": host,
        "PGPORT": str(url.port or 5432),
        "PGUSER": url.username or "postgres",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "postgres",
    }
    sslmode = _first(url.query.get("sslmode"))
    return values | ({"PGSSLMODE": sslmode} if sslmode else {})


def relation_exists(current: Session, name: str) -> bool:
    """Whether a table or view, given as `schema.name`, is there."""
    return current.scalar(text("select to_regclass(:name) is not null"), {"name": name}) is True


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    drivername = make_url(url).set(drivername="postgresql+psycopg2")
    return create_engine(
        drivername, pool_pre_ping=True, pool_size=5, max_overflow=5, connect_args={"options": "-c timezone=UTC"}
    )


def _parse(url: str, setting: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise PaidMediaError(f"{setting} is no URL", fix="postgresql://user:password@host:5432/database") from error
    if not parsed.drivername.startswith(("postgresql", "postgres")):
        raise PaidMediaError(f"{setting} names {parsed.drivername}", fix="the warehouse needs PostgreSQL")
    return parsed


def _first(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value
