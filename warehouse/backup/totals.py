"""Totals of every table at an exact moment, which a restore to that moment has to show again.

A commit has the time at which it began, and is seen a little later. So nobody may be committing to the tables at the
moment that is noted: all of them are locked against writers for as long as it takes to look at the clock.
"""

import time
from datetime import datetime
from typing import Any

import psycopg2.errors
from psycopg2 import sql

from warehouse.errors import PaidMediaError

Totals = dict[str, dict[str, str]]
LOCK_MILLISECONDS = 3_000  # writers that come meanwhile wait no longer
ATTEMPTS = 40
SECONDS_BETWEEN = 15


def now(connection: Any) -> tuple[datetime, Totals]:
    """A moment, and the totals of every table then. `connection` is of the owner, outside a transaction."""
    connection.set_session(isolation_level="REPEATABLE READ", autocommit=False)
    try:
        with connection.cursor() as cursor:
            moment = _moment(connection, cursor)
            return moment, of_tables(cursor)
    finally:
        connection.rollback()
        connection.set_session(isolation_level="DEFAULT", autocommit=True)


def of_tables(cursor: Any) -> Totals:
    """By table the number of rows, and of every column of numbers the exact sum, as text."""
    return {".".join(table): _of_table(cursor, *table) for table in _tables(cursor)}


def differences(expected: Totals, found: Totals) -> list[str]:
    """One line for each table and total that is not the same."""
    lines = [
        f"{table} is only {'expected' if table in expected else 'found'}" for table in expected.keys() ^ found.keys()
    ]
    for table in sorted(expected.keys() & found.keys()):
        for name in expected[table].keys() | found[table].keys():
            wanted, got = expected[table].get(name), found[table].get(name)
            if wanted != got:
                lines.append(f"{table}: {name} {got}, not {wanted}")
    return sorted(lines)


def _moment(connection: Any, cursor: Any) -> datetime:
    for _ in range(ATTEMPTS):
        tables = _tables(cursor)  # takes a snapshot: given back before the one that counts
        connection.rollback()
        names = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
        try:
            cursor.execute(f"set local lock_timeout = {LOCK_MILLISECONDS}")
            # Held to the end: a snapshot does not keep a table from being dropped or emptied.
            cursor.execute(sql.SQL("lock table {} in access share mode").format(names))
            cursor.execute("savepoint locking")
            cursor.execute(sql.SQL("lock table {} in share mode").format(names))
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.UndefinedTable, psycopg2.errors.DeadlockDetected):
            connection.rollback()
            time.sleep(SECONDS_BETWEEN)
            continue
        cursor.execute("select clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        cursor.execute("rollback to savepoint locking")  # lets the writers go on; what is seen stays as it was
        return moment
    fix = "try again when no load or build is at work"
    raise PaidMediaError("the tables are never at rest", where=f"{ATTEMPTS} attempts", fix=fix)


def _tables(cursor: Any) -> list[tuple[str, str]]:
    cursor.execute(
        """
        select nspname, relname
        from pg_class
        inner join pg_namespace on pg_namespace.oid = relnamespace
        where relkind in ('r', 'p') and not relispartition and relpersistence = 'p'
            and (nspname in ('control', 'access', 'intermediate', 'marts') or nspname like 'raw\\_%')
        order by nspname, relname
        """
    )
    return [(schema, table) for schema, table in cursor.fetchall()]


def _of_table(cursor: Any, schema: str, table: str) -> dict[str, str]:
    cursor.execute(
        """
        select attname
        from pg_attribute
        where attrelid = format('%%I.%%I', %s, %s)::regclass and attnum > 0 and not attisdropped
            and atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
        order by attnum
        """,
        (schema, table),
    )
    columns = [name for (name,) in cursor.fetchall()]
    sums = [sql.SQL("sum({})::text").format(sql.Identifier(name)) for name in columns]
    terms = sql.SQL(", ").join([sql.SQL("count(*)::text"), *sums])
    cursor.execute(sql.SQL("select {} from {}").format(terms, sql.Identifier(schema, table)))
    values = cursor.fetchone()
    return {name: value or "none" for name, value in zip(["rows", *columns], values, strict=True)}
