"""No query of a client's readers brings a foreign row: as BI login and as the app, while builds replace the marts.

generated attempts → Postgres, as the reader → every cell, notice, error and plan is searched for what is foreign
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests.dbt_project.conftest import Build
from tests.dbt_project.test_history_of_deliveries import built
from tests.isolation.conftest import Readers, deliver_days
from tests.isolation.marks import FOREIGN, OWN, betrays
from tests.isolation.probes import Outcome, probe
from tests.isolation.queries import EVERY, attempts
from tests.sizes import cases, report
from tests.warm_dbt import MODELS_ONLY
from warehouse.postgres import database, isolation, roles
from warehouse.settings import get_settings

pytestmark = pytest.mark.torture

COUNT = cases(1_000, 10_000, quick=400)
ROUND = 200
BUILDS = cases(2, 12, quick=1)  # every other one makes everything anew
WORKERS = 4


def probed(url: str, seed: int, count: int, names: tuple[str, ...], viewer: int | None = None) -> Outcome:
    """Attempts of several sessions at once."""
    each = count // WORKERS
    outcome = Outcome()
    with ThreadPoolExecutor(WORKERS) as pool:
        lots = [attempts(seed * WORKERS + n, each, roles=names, as_app=viewer is not None) for n in range(WORKERS)]
        for part in pool.map(lambda lot: probe(url, lot, viewer=viewer), lots):
            outcome.add(part)
    return outcome


def role_names() -> tuple[str, ...]:
    """Roles that a reader might want to be."""
    owner = database.make_url(database.database_url())
    return (str(owner.username), "postgres", roles.app_role(owner), roles.readers_role(owner), "none")


def test_the_catalog_has_no_way_around_the_policies(readers: Readers) -> None:
    with database.session() as current:
        assert isolation.violations(current) == []


def test_every_mart_shows_a_reader_the_own_rows_and_the_owner_all(readers: Readers, marts: Connection) -> None:
    without_rows = {"spend_adjustments", "underperformers", "metric_restatements"}
    with psycopg2.connect(readers.bi_url) as connection, connection.cursor() as cursor, marts.cursor() as everything:
        for name in EVERY:
            query = f"select client_id, count(*) from {{}}.{name} group by client_id order by 1"
            cursor.execute(query.format("bi"))
            everything.execute(query.format("marts"))
            seen, there = cursor.fetchall(), everything.fetchall()
            assert seen == [row for row in there if row[0] == OWN.client_id], name
            assert name in without_rows or len(there) == 1 + len(FOREIGN), name
    marts.commit()


def test_without_a_viewer_the_app_sees_nothing(readers: Readers) -> None:
    with database.app_engine().connect() as connection:
        for name in EVERY:
            assert connection.exec_driver_sql(f"select count(*) from marts.{name}").scalar() == 0


@pytest.mark.grows
def test_no_query_brings_a_foreign_row_while_builds_replace_the_marts(
    readers: Readers, marts: Connection, build: Build
) -> None:
    stop = threading.Event()
    builds = 0

    def rebuild() -> None:
        nonlocal builds
        while not stop.is_set():
            for client in (OWN, FOREIGN[0]):
                deliver_days(marts, client, f"again-{builds}", hour=2 + builds % 20, extra=builds)
            built(build, *MODELS_ONLY, *(["--full-refresh"] if builds % 2 else []))
            builds += 1

    app_url = roles.app_url(get_settings(), database.database_url())
    names = role_names()
    as_bi, as_app, sent = Outcome(), Outcome(), 0
    with ThreadPoolExecutor(1) as pool:
        rebuilding = pool.submit(rebuild)
        try:
            while sent < COUNT or (builds < BUILDS and not rebuilding.done()):
                number = sent // ROUND
                as_bi.add(probed(readers.bi_url, 2 * number, ROUND // 2, names))
                as_app.add(probed(app_url, 2 * number + 1, ROUND // 2, names, viewer=readers.own.user_id))
                sent += ROUND
        finally:
            stop.set()
        rebuilding.result()
    assert as_bi.leaks + as_app.leaks == []
    assert builds >= BUILDS
    for outcome in (as_bi, as_app):  # the queries did read, and what they should not do was refused
        assert outcome.rows > COUNT
        assert outcome.answered > COUNT // 4
        assert outcome.refused > COUNT // 20
    with database.session() as current:
        assert isolation.violations(current) == []
    rows, refused = as_bi.rows + as_app.rows, as_bi.refused + as_app.refused
    report("queries of one client's readers", sent, foreign_rows=0, own_rows=rows, refused=refused, builds=builds)


def test_the_watch_words_are_found_where_rows_are_foreign(readers: Readers, marts: Connection) -> None:
    with marts.cursor() as everything:
        for name in ("daily_metrics", "weekly_summaries", "dim_creatives", "data_freshness"):
            everything.execute(f"select * from marts.{name} where client_id <> %s", (OWN.client_id,))
            rows = everything.fetchall()
            assert rows
            assert all(betrays(row) for row in rows)
            everything.execute(f"select * from marts.{name} where client_id = %s", (OWN.client_id,))
            assert not any(betrays(row) for row in everything.fetchall())
    marts.commit()
