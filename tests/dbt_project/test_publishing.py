"""What readers of the marts see while a build runs, and what a build writes: its changes, all at once or not at all.

raw tables filled by SQL → dbt build → marts, read by others at the same time
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from sqlalchemy import make_url

from tests.dbt_project.raw_tables import ROW_TABLES, Row, connect, deliver
from tests.dbt_project.test_history_of_deliveries import Build, Marts, built, tables
from tests.rows import add_client
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS
from warehouse.access import bi_logins, users
from warehouse.postgres import database, isolation, roles
from warehouse.settings import get_settings

FIRST = date(2026, 2, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(20)]  # two months, four weeks
CLIENTS = ("acme", "bolt")
PAUSE_SECONDS = 0.02  # between a reader's transactions: four that never rest take a processor from the build
SUMS = (
    "select sum(impressions) from marts.daily_metrics",
    "select sum(impressions) from marts.daily_campaign_metrics",
    "select sum(impressions) from marts.source_breakdown",
    "select sum(impressions) from marts.monthly_summaries",
    "select sum(impressions) from marts.weekly_summaries",
)


@dataclass(frozen=True)
class BiUrls:
    """Who may read: the owner, two BI logins, and a person of the app."""

    owner: str
    client: str
    agency: str
    viewer: int


@pytest.fixture(scope="module")
def bi(published: Connection, database_url: str) -> BiUrls:
    """A login of a client, one of the agency, and an analyst."""
    with database.session() as current:
        client = bi_logins.add(current, get_settings(), "acme")
        agency = bi_logins.add(current, get_settings(), None)
        users.add_user(current, "ana@agency.example", role="analyst")
        viewer = users.get_user(current, "ana@agency.example").user_id
    return BiUrls(database_url, client, agency, viewer)


def at(hour: int) -> datetime:
    return datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=hour)


@pytest.fixture(scope="module")
def published(raw: Connection, build: Build) -> Connection:
    """Two clients with twenty days of three sources, built once."""
    for client_id in CLIENTS:
        add_client(raw, client_id)
        for source in ROW_TABLES:
            rows = [Row(day, 1_000 + number, creative=f"Ad {number}") for day in DAYS for number in range(20)]
            deliver(raw, source, client_id, f"{source}-{client_id}", as_of=at(0), days=DAYS, rows=rows)
    built(build, *WITHOUT_UNIT_TESTS)
    return raw


def restate(raw: Connection, delivery_id: str, hour: int, *, days: list[date], impressions: int) -> None:
    """Another number for some days of one client and source."""
    rows = [Row(day, impressions + number, creative=f"Ad {number}") for day in days for number in range(20)]
    deliver(raw, "vibe", "acme", delivery_id, as_of=at(hour), days=days, rows=rows)


@dataclass
class Reader:
    """Reads all totals in one transaction after another, until it is told to stop. The app's reads for a `viewer`."""

    url: str
    isolation: str
    stop: threading.Event
    schema: str = "marts"
    viewer: int = 0
    seen: list[tuple[Decimal, ...]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest: float = 0.0  # seconds of a statement

    def run(self) -> None:
        connection = psycopg2.connect(self.url)
        connection.set_session(isolation_level=self.isolation, readonly=True)
        while not self.stop.is_set():
            try:
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        "select set_config('paidmedia.viewer', %(viewer)s, true)", {"viewer": f"{self.viewer}"}
                    )
                    self.seen.append(sums(cursor, self.schema, self._took))
            except psycopg2.Error as error:
                self.errors.append(str(error))
            time.sleep(PAUSE_SECONDS)
        connection.close()

    def _took(self, seconds: float) -> None:
        self.longest = max(self.longest, seconds)


def sums(cursor: Cursor, schema: str = "marts", took: Callable[[float], None] = lambda _: None) -> tuple[Decimal, ...]:
    """What each of SUMS says; `took` hears the seconds of each."""
    found: list[Decimal] = []
    for query in SUMS:
        began = time.monotonic()
        cursor.execute(query.replace("marts.", f"{schema}."))
        took(time.monotonic() - began)
        found.extend(cursor.fetchone() or ())
    return tuple(found)


LEVELS = ("READ COMMITTED", "REPEATABLE READ")


@contextmanager
def readers(url: str) -> Iterator[list[Reader]]:
    """Two readers of each isolation level at work."""
    stop = threading.Event()
    with at_work([Reader(url, level, stop) for level in LEVELS for _ in range(2)], stop) as some:
        yield some


@contextmanager
def people(bi: BiUrls) -> Iterator[list[Reader]]:
    """A reader of each isolation level who comes by a client's BI login, the agency's, and through the app."""
    app = roles.app_url(get_settings(), bi.owner)
    stop = threading.Event()
    some = [
        reader
        for level in LEVELS
        for reader in (
            Reader(bi.client, level, stop, schema="bi"),
            Reader(bi.agency, level, stop),
            Reader(app, level, stop, viewer=bi.viewer),
        )
    ]
    with at_work(some, stop):
        yield some


@contextmanager
def at_work(some: list[Reader], stop: threading.Event) -> Iterator[list[Reader]]:
    """Readers that read until the block ends."""
    threads = [threading.Thread(target=reader.run) for reader in some]
    for thread in threads:
        thread.start()
    try:
        yield some
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def unwritten(raw: Connection, *, also: tuple[str, ...] = ()) -> Iterator[None]:
    """Nothing is written to any published table, by the transaction that wrote each row."""
    before = written_by(raw)
    yield
    after = written_by(raw)
    assert after == before


def written_by(raw: Connection) -> dict[str, list[tuple[str, str]]]:
    """Each published row with the transaction that wrote it."""
    found = {}
    for name in tables(raw):
        with raw.cursor() as cursor:
            cursor.execute(f"select xmin::text, md5(rows::text) from marts.{name} as rows order by 2")
            found[name] = cursor.fetchall()
    raw.commit()
    return found


def test_readers_never_see_an_error_an_empty_table_or_two_builds(
    published: Connection, build: Build, database_url: str
) -> None:
    with readers(database_url) as some:
        restate(published, "restated", 10, days=DAYS[3:9], impressions=5_000)
        built(build, *MODELS_ONLY)
        built(build, "--full-refresh", *MODELS_ONLY)
        restate(published, "restated-last", 12, days=DAYS[3:9], impressions=9_000)
        built(build, "--full-refresh", *MODELS_ONLY)
    seen = {sums for reader in some for sums in reader.seen}
    assert [error for reader in some for error in reader.errors] == []
    assert all(len(set(sums)) == 1 and sums[0] for sums in seen), seen
    assert len(seen) == 3  # before, and after each restatement
    assert all(len(reader.seen) > 20 for reader in some)


def test_a_build_without_news_writes_nothing(published: Connection, build: Build) -> None:
    with unwritten(published):
        built(build, *MODELS_ONLY)


def test_a_restated_day_rewrites_its_own_rows_only(published: Connection, build: Build) -> None:
    before = written_by(published)
    restate(published, "one-day", 20, days=[DAYS[5]], impressions=700)
    built(build, *MODELS_ONLY)
    after = written_by(published)
    new = {name: set(after[name]) - set(before[name]) for name in after}
    assert len(new["daily_metrics"]) == 20
    assert len(new["daily_campaign_metrics"]) == 1
    assert (len(new["weekly_summaries"]), len(new["monthly_summaries"])) == (2, 2)  # and the change of the next one
    with published.cursor() as cursor:
        cursor.execute("select distinct client_id, source, date from marts.daily_metrics where impressions < 800")
        assert cursor.fetchall() == [("acme", "vibe", DAYS[5])]
    published.commit()
    assert not new["dim_clients"]


@pytest.mark.heavy
def test_a_vacuum_is_waited_for_before_readers_have_to_wait(
    published: Connection, build: Build, database_url: str
) -> None:
    """Its lock and a reader's look alike to `lock_briefly`, which would try for seconds."""
    restate(published, "vacuumed", 20, days=[DAYS[7]], impressions=600)
    waiting = """
        select mode from pg_locks where relation = 'marts.daily_metrics'::regclass and not granted
    """
    with closing(connect(database_url)) as vacuum, ThreadPoolExecutor(1) as pool:
        with vacuum.cursor() as cursor:
            cursor.execute("lock table marts.daily_metrics in share update exclusive mode")
            building = pool.submit(built, build, *MODELS_ONLY)
            modes: list[tuple[str]] = []
            while not modes and not building.done():
                time.sleep(0.05)
                cursor.execute(waiting)
                modes = cursor.fetchall()
        vacuum.rollback()
        building.result()
    assert modes == [("ShareUpdateExclusiveLock",)]
    with published.cursor() as cursor:
        cursor.execute("select count(*) from marts.daily_metrics where impressions between 600 and 620")
        assert cursor.fetchone() == (20,)
    published.commit()


def test_a_build_that_fails_leaves_every_table_as_it_was(published: Connection, build: Build) -> None:
    restate(published, "negative", 21, days=[DAYS[5]], impressions=10)
    with published.cursor() as cursor:
        cursor.execute("delete from raw_vibe.performance_report where delivery_id = 'negative' and source_row = 4")
    published.commit()
    with unwritten(published):
        done = build(*WITHOUT_UNIT_TESTS)
        assert done.returncode == 1
        assert "Nothing is published: assert_allowed_deliveries_kept_every_accepted_row" in done.stdout
    with published.cursor() as cursor:
        cursor.execute("update control.delivery_verdicts set verdict = 'held' where delivery_id = 'negative'")
    published.commit()


@pytest.mark.heavy
def test_part_of_a_build_publishes_nothing(published: Connection, build: Build) -> None:
    restate(published, "part", 22, days=[DAYS[6]], impressions=300)
    with unwritten(published):
        done = build("--select", "dim_clients", *MODELS_ONLY)
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Nothing is published: this build leaves out" in done.stdout


@pytest.mark.heavy
def test_a_table_of_another_shape_is_replaced_by_a_full_refresh_only(
    published: Connection, build: Build, database_url: str
) -> None:
    before: Marts = tables(published)
    with published.cursor() as cursor:
        cursor.execute("alter table marts.weekly_summaries drop column is_complete cascade")
        cursor.execute("create table plain as select * from marts.daily_metrics")
        cursor.execute("drop table marts.daily_metrics cascade")
        cursor.execute("alter table plain set schema marts")
        cursor.execute("alter table marts.plain rename to daily_metrics")
    published.commit()
    done = build(*MODELS_ONLY)
    assert done.returncode == 2
    assert "has other columns than its contract: run `paidmedia build --full-refresh`" in done.stdout
    built(build, "--full-refresh", *MODELS_ONLY)
    after = tables(published)
    # The delivery that part of a build did not publish is one more change of its day.
    expected = {name: len(rows) + (name == "metric_restatements") for name, rows in before.items()}
    assert {name: len(rows) for name, rows in after.items()} == expected
    with connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_partition_tree('marts.daily_metrics') where isleaf")
        assert cursor.fetchone() == (2,)


# --- a full refresh that changes columns: every table is made beside the live ones and swapped

LONGEST_WAIT = 2.5  # seconds, on a machine that does much else; 0.5 alone
RESHAPE = ("--full-refresh", *MODELS_ONLY, "--vars", "patience_with_readers: 5 seconds")


@pytest.fixture
def other_columns(published: Connection) -> None:
    """A live table has a column that its contract does not know."""
    with published.cursor() as cursor:
        cursor.execute("alter table marts.weekly_summaries add column if not exists of_old text")
    published.commit()


def named(connection: Connection, login_url: str) -> str:
    """How an error names a session."""
    return f"process {connection.info.backend_pid} of {make_url(login_url).username}"


@pytest.mark.heavy
@pytest.mark.usefixtures("other_columns")
def test_a_reader_that_stays_stops_a_change_of_columns_and_nobody_else(
    published: Connection, build: Build, bi: BiUrls
) -> None:
    restate(published, "reshaped", 23, days=DAYS[3:9], impressions=4_000)
    with people(bi) as some, closing(connect(bi.agency)) as idle:
        idle.cursor().execute("set idle_in_transaction_session_timeout = 0")
        idle.cursor().execute("select count(*) from marts.dim_clients")
        with unwritten(published):
            done = build(*RESHAPE)
        assert done.returncode != 0
        assert "nothing is published: an open transaction holds what is to be replaced" in done.stdout
        assert named(idle, bi.agency) in done.stdout
        idle.rollback()
        built(build, *RESHAPE)
    assert [error for reader in some for error in reader.errors] == []
    assert all(len(set(each)) == 1 and each[0] for reader in some for each in reader.seen)
    assert {len(set(reader.seen)) for reader in some} == {2}
    assert max(reader.longest for reader in some) < LONGEST_WAIT
    with database.session() as current:
        assert isolation.violations(current) == []


@pytest.mark.heavy
@pytest.mark.usefixtures("other_columns")
def test_a_transaction_older_than_the_new_tables_is_waited_for_and_a_later_one_sees_all_of_them(
    published: Connection, build: Build, bi: BiUrls
) -> None:
    with (
        closing(connect(bi.owner)) as looker,
        closing(connect(bi.agency)) as older,
        closing(connect(bi.agency)) as later,
    ):
        looker.autocommit = True
        with looker.cursor() as cursor:
            before = sums(cursor)
        restate(published, "reshaped again", 24, days=DAYS[3:9], impressions=8_000)
        for connection in (older, later):
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        older.cursor().execute("select 1")
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(built, build, *RESHAPE)
            with looker.cursor() as cursor:
                there = False
                while not there and not building.done():
                    time.sleep(0.05)
                    cursor.execute("select to_regclass('reshaping.weekly_summaries') is not null")
                    [(there,)] = cursor.fetchall()
            time.sleep(1)
            later.cursor().execute("select 1")
            assert not building.done()
            with older.cursor() as cursor:
                assert sums(cursor) == before
            older.rollback()
            building.result()
        with later.cursor() as cursor, looker.cursor() as now:
            assert sums(cursor) == sums(now) != before
