"""Migrations on a database in use: down to every revision and up again, and killed in the midst."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from sqlalchemy import text

from tests.conftest import server_home
from tests.crashes.victims import wait_for
from tests.warehouse import control_rows
from warehouse.control import migrate
from warehouse.errors import PaidMediaError
from warehouse.postgres import database, embedded, isolation
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

REVISIONS = [f"{number:04}" for number in range(int(migrate.HEAD), 0, -1)]
MIGRATE = [sys.executable, "-m", "orchestration.cli", "db", "migrate"]
RESTS_ON = """
    create table intermediate.int_source_days__published as
    select
        'acme' as client_id, 'vibe' as source, date '2025-02-03' as date, 'Acme' as client_name, 'd1' as delivery_id,
        1.5::numeric(10, 4) as cpm, 'USD' as currency
"""
STORIES = """
    create table intermediate.int_restated_days__published as
    select client_id, source, date, client_name, currency, 'h1' as history_id
    from intermediate.int_source_days__published
"""
STORY = "select array_agg(stories::text) from intermediate.int_restated_days__published as stories"
SEES = "select pg_get_userbyid(polroles[1]) from pg_policy where polrelid = 'marts.daily_metrics'::regclass"


@pytest.fixture(scope="module", autouse=True)
def _in_use(database_url: str) -> None:
    """Rows in every table, marts with their policies, and rows in those."""
    with database.session() as current:
        control_rows.fill(current.connection())
        current.execute(text("create schema marts"))
        current.execute(text("create table marts.dim_clients as select 'acme' as client_id"))
        current.execute(text("create table marts.daily_metrics (client_id text, date date) partition by range (date)"))
        current.execute(text("create table marts.days partition of marts.daily_metrics default"))
        current.execute(text("create schema intermediate"))
        current.execute(text(RESTS_ON))
        current.execute(text(STORIES))
        current.execute(text("insert into marts.daily_metrics values ('acme', '2025-02-03')"))
        for mart in ("dim_clients", "daily_metrics", "days"):
            current.execute(text("select access.protect(cast(:mart as regclass))"), {"mart": f"marts.{mart}"})


@pytest.mark.parametrize("revision", REVISIONS)
def test_down_to_a_revision_and_up_again_keeps_what_it_knows(settings: Settings, revision: str) -> None:
    before = contents(settings)
    migrate.migrate(settings, revision)
    below = contents(settings)
    assert all(below.values())
    assert below == control_rows.shared(before, below)
    migrate.migrate(settings)
    assert migrate.current_revision(settings) == migrate.HEAD
    assert control_rows.shared(contents(settings), below) == below
    with database.session() as current:
        assert isolation.violations(current) == []
        assert current.scalar(text("select count(*) from marts.daily_metrics")) == 1
        assert len(current.scalars(text(SEES)).all()) == 4
        assert current.scalar(text(STORY)) == ["(acme,vibe,2025-02-03,Acme,USD,h1)"]


def test_everything_can_be_filled_again_after_the_way_down_and_up(settings: Settings) -> None:
    migrate.migrate(settings, "base")
    migrate.migrate(settings)
    with database.session() as current:
        control_rows.fill(current.connection())
    assert all(contents(settings).values())


def test_what_final_days_rest_on_is_kept_and_a_build_is_asked_for(settings: Settings) -> None:
    migrate.migrate(settings, "0016")
    with database.session() as current:
        current.execute(text(A_FINAL_DAY))
    migrate.migrate(settings)
    with database.session() as current:
        days = "select client_id, source, cast(date as text), delivery_id from control.final_days"
        assert current.execute(text(days)).all() == [("acme", "vibe", "2025-02-02", "d0")]
        asked = current.execute(text("select what, why from control.build_requests"))
        assert asked.all() == [("everything", "the database was migrated")]


# January is archived; the week that it ends in ends with this day, and the day that is there already is after it.
A_FINAL_DAY = """
    insert into intermediate.int_source_days__published (client_id, source, date, delivery_id)
    values ('acme', 'vibe', '2025-02-02', 'd0')
"""


def test_a_reader_that_stays_stops_a_migration_and_no_other_reader(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "ATTEMPTS", 2)
    with closing(psycopg2.connect(database_url)) as stays, closing(psycopg2.connect(database_url)) as other:
        stays.cursor().execute("select from marts.dim_clients")
        process = stays.info.backend_pid
        with ThreadPoolExecutor(1) as pool:
            migrating = pool.submit(migrate.migrate, settings, "0011")
            longest = 0.0
            while not migrating.done():
                began = time.monotonic()
                other.cursor().execute("select from marts.dim_clients")
                other.rollback()
                longest = max(longest, time.monotonic() - began)
        with pytest.raises(PaidMediaError, match=rf"an open transaction holds a table \(process {process} of "):
            migrating.result()
    assert longest < 1
    assert migrate.current_revision(settings) == migrate.HEAD


@pytest.mark.heavy
@pytest.mark.parametrize("with_backend", [False, True], ids=["the process", "the process and its backend"])
def test_a_migration_that_was_killed_is_done_by_the_next(
    home: Path, monkeypatch: pytest.MonkeyPatch, with_backend: bool
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("PAIDMEDIA_HOME", str(home))
    settings = get_settings()
    migrate.migrate(settings, "base")
    migrate.migrate(settings, "0004")
    url = embedded.start(home)
    add = "insert into control.users (email, role) values ('ana@agency.example', 'admin')"
    with psycopg2.connect(url) as connection:
        connection.cursor().execute(add)
    reader, watcher = psycopg2.connect(url), psycopg2.connect(url)
    reader.cursor().execute("select * from control.users")  # a migration of this table has to wait
    watcher.autocommit = True
    migrating = subprocess.Popen(MIGRATE, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    backend = wait_for(lambda: waiting_backend(watcher), 60)
    os.kill(migrating.pid, signal.SIGKILL)
    if with_backend:
        psutil.Process(backend).kill()
    migrating.wait()
    for connection in (reader, watcher):
        connection.close()
    database.engine(settings).dispose()
    wait_for(lambda: accepts(url), 120)  # a server whose process was killed recovers first
    done = subprocess.run(MIGRATE, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert migrate.current_revision(settings) == migrate.HEAD
    with database.session(settings) as current:
        assert current.scalars(text("select email from control.users")).all() == ["ana@agency.example"]
    database.engine(settings).dispose()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A server of its own: one whose backend is killed throws everybody out."""
    with server_home() as folder:
        yield folder


def contents(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    with database.engine(settings).connect() as connection:
        return control_rows.rows(connection)


def waiting_backend(connection: Any) -> int | None:
    """The process of the server that works for the migration, once it waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("select pid from pg_stat_activity where wait_event_type = 'Lock' and query ilike 'alter table%'")
        row = cursor.fetchone()
        return int(row[0]) if row else None


def accepts(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True
