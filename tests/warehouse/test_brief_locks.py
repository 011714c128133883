"""Locks on what people read: asked for a moment at a time, and whoever is in the way is named."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.deploy import debian_postgres, stack
from warehouse.control import migrate
from warehouse.postgres import database

TABLES = [f"read.t{number}" for number in range(8)]
LOCK = "select access.lock_briefly(%(relations)s, %(patience)s::interval)"


@pytest.fixture(
    scope="module",
    params=["PostgreSQL 18", pytest.param("Debian's", marks=[debian_postgres.needed(), pytest.mark.heavy])],
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database with tables that somebody reads."""
    if request.param == "PostgreSQL 18":
        yield with_tables(request.getfixturevalue("database_url"))
        return
    folder = tmp_path_factory.mktemp("debian")
    stack.make_secrets(folder / "secrets")
    with debian_postgres.server(folder / "secrets") as port, pytest.MonkeyPatch.context() as patch:
        password = (folder / "secrets" / "database_password").read_text()
        found = f"postgresql://paidmedia:{password}@127.0.0.1:{port}/paidmedia"
        for name, value in {"DATABASE_URL": found, "SECRET_KEY": "a key", "PAIDMEDIA_HOME": f"{folder}/home"}.items():
            patch.setenv(name, value)
        migrate.migrate()
        yield with_tables(found)
        database.engine().dispose()


def with_tables(url: str) -> str:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create schema read")
        for table in TABLES:
            cursor.execute(f"create table {table} (client_id text)")
    return url


@pytest.fixture
def owner(url: str) -> Iterator[Connection]:
    """Who asks for locks."""
    with closing(psycopg2.connect(url)) as connection:
        yield connection


@pytest.fixture
def reader(url: str) -> Iterator[Connection]:
    """Who reads."""
    with closing(psycopg2.connect(url)) as connection:
        yield connection


def asked(connection: Connection, patience: str, relations: list[str] = TABLES) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"relations": relations, "patience": patience})
        [(in_the_way,)] = cursor.fetchall()
    return None if in_the_way is None else str(in_the_way)


def read(connection: Connection, table: str) -> None:
    connection.cursor().execute(f"select from {table}")


def test_who_stays_is_named_and_whoever_comes_meanwhile_waits_a_moment(
    owner: Connection, reader: Connection, url: str
) -> None:
    read(reader, TABLES[-1])
    longest = 0.0
    with ThreadPoolExecutor(1) as pool, closing(psycopg2.connect(url)) as other:
        asking = pool.submit(asked, owner, "2 seconds")
        while not asking.done():
            began = time.monotonic()
            read(other, TABLES[0])
            other.rollback()
            longest = max(longest, time.monotonic() - began)
    assert str(asking.result()).startswith(f"process {reader.info.backend_pid} of paidmedia, since 20")
    assert (
        0.1 < longest < 1.5
    )  # seconds of two: it waited once, for the only attempt that was made while the reader stayed


def test_many_readers_do_not_add_up(owner: Connection, url: str) -> None:
    """Each table is given free a little later than the one before: a wait for each of them would last 1.6 s."""
    others = [psycopg2.connect(url) for _ in TABLES]
    for connection, table in zip(others, TABLES, strict=True):
        read(connection, table)
    leaving = [threading.Timer(0.2 * number, each.rollback) for number, each in enumerate(others, 1)]
    for timer in leaving:
        timer.start()
    began = time.monotonic()
    assert asked(owner, "0 seconds") is not None
    assert time.monotonic() - began < 1.5
    for timer, connection in zip(leaving, others, strict=True):
        timer.join()
        connection.close()


def test_locks_are_held_and_the_session_waits_as_before(owner: Connection, reader: Connection) -> None:
    assert asked(owner, "1 second", ["read.not_there", *TABLES]) is None
    with owner.cursor() as cursor:
        cursor.execute("show lock_timeout")
        assert cursor.fetchall() == [("0",)]
    reader.cursor().execute("set lock_timeout = '100ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        read(reader, TABLES[3])


def test_who_leaves_is_waited_for(owner: Connection, reader: Connection) -> None:
    read(reader, TABLES[0])
    threading.Timer(1, reader.rollback).start()
    began = time.monotonic()
    assert asked(owner, "1 minute") is None
    assert 1 <= time.monotonic() - began < 20


def test_snapshots_from_before_are_waited_for_and_no_others(owner: Connection, reader: Connection, url: str) -> None:
    wait = "select access.wait_for_snapshots(interval '0.5 seconds')"
    reader.cursor().execute("select 1")  # read committed: its next statement takes a new snapshot
    with owner.cursor() as cursor:
        cursor.execute(wait)
        assert cursor.fetchall() == [(None,)]
        reader.rollback()
        reader.set_session(isolation_level="REPEATABLE READ")
        reader.cursor().execute("select 1")
        cursor.execute(wait)
        assert str(cursor.fetchall()[0][0]).startswith(f"process {reader.info.backend_pid} of ")


def test_a_client_s_view_is_replaced_when_its_own_readers_have_left(owner: Connection, reader: Connection) -> None:
    make = "select access.make_client_view('read.t0', '{}'), access.make_client_view('read.t1', '{}')"
    with owner, owner.cursor() as cursor:
        cursor.execute("select access.show_own_rows('read.t0'), access.show_own_rows('read.t1')")
        cursor.execute(make)
        cursor.execute("comment on column read.t0.client_id is 'whose it is'")
    read(reader, "bi.t0")
    threading.Timer(1, reader.rollback).start()
    assert seconds_of(owner, make) > 1
    read(reader, "bi.t1")
    with owner, owner.cursor() as cursor:
        cursor.execute("select col_description('bi.t0'::regclass, 1)")
        assert cursor.fetchall() == [("whose it is",)]
        cursor.execute("comment on column read.t0.client_id is 'whose'")
    assert seconds_of(owner, make) < 5


def seconds_of(connection: Connection, statement: str) -> float:
    began = time.monotonic()
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    return time.monotonic() - began
