"""Advisory locks in Postgres: one loader at a time for a client and source, whichever process it runs in.

A lock lives as long as its connection, so a killed process leaves none behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from warehouse.database import engine, reachable
from warehouse.settings import Settings

_LOCK = "select pg_advisory_lock(hashtextextended(:name, 0))"


@contextmanager
def locked(name: str, settings: Settings) -> Iterator[Connection]:
    """Hold the lock `name`, waiting for it if need be. Statements on the connection commit one by one."""
    with reachable():
        connection = engine(settings).connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with reachable():
            connection.execute(text(_LOCK), {"name": name})
        yield connection
    finally:
        # Close the connection itself instead of returning it to the pool: that frees the lock in every case.
        connection.invalidate()
        connection.close()
