"""The views in `ledger` that dbt publishes: as `paidmedia db migrate` makes them, and replaced in place, never dropped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

from tests import warm_dbt
from tests.dbt_project.raw_tables import Row, deliver
from tests.dbt_project.test_history_of_deliveries import MON, Build, at, built
from tests.rows import add_client
from tests.warm_dbt import MODELS_ONLY, WITHOUT_UNIT_TESTS
from warehouse.ledger import views
from warehouse.postgres.database import libpq_environment
from warehouse.settings import get_settings

pytestmark = pytest.mark.heavy

# A rule that an earlier version of the models may have had: the same columns, and no day is given.
EARLIER = "create or replace view ledger.current_days as select * from ({now}) as days where false"


@pytest.fixture(scope="module")
def earlier(raw: Connection, build: Build) -> Iterator[Connection]:
    """A day that is built, and a view of another rule, with a reader's view and right upon it."""
    add_client(raw, "acme")
    deliver(raw, "vibe", "acme", "v1", as_of=at(2), days=[MON], rows=[Row(MON, 5)])
    built(build, *MODELS_ONLY)
    plant(raw)
    yield raw


def plant(raw: Connection) -> None:
    with raw, raw.cursor() as cursor:
        cursor.execute("select pg_get_viewdef('ledger.current_days')")
        [(now,)] = cursor.fetchall()
        cursor.execute(EARLIER.format(now=now.strip().removesuffix(";")))
        cursor.execute("drop view if exists public.upon; create view public.upon as select delivery_id from ledger.current_days")
        cursor.execute("grant select on ledger.current_days to pg_monitor")


def given(raw: Connection) -> tuple[list[str], int, bool]:
    """What a view upon the view shows, which relation it is, and whether its right is still there."""
    with raw, raw.cursor() as cursor:
        cursor.execute("select delivery_id from public.upon")
        ids = [delivery_id for (delivery_id,) in cursor.fetchall()]
        cursor.execute(
            "select cast(cast('ledger.current_days' as regclass) as oid)::bigint,"
            " has_table_privilege('pg_monitor', 'ledger.current_days', 'select')"
        )
        [(relation, is_granted)] = cursor.fetchall()
    return ids, relation, is_granted


@pytest.mark.parametrize("name", views.OF_DBT)
def test_a_database_without_a_build_has_what_dbt_compiles(
    raw: Connection, target: Path, name: str, request: pytest.FixtureRequest
) -> None:
    raw.commit()
    folders = ("--target-path", str(target), "--log-path", str(target))
    database = libpq_environment(get_settings())
    done = warm_dbt.run(["--quiet", "compile", "--select", name, *folders], os.environ | database)
    assert done.returncode == 0, done.stdout
    compiled = (target / f"compiled/paid_media/models/ledger/{name}.sql").read_text()
    wanted = compiled.replace(f'"{database["PGDATABASE"]}".', "").replace('"publishing".', '"ledger".').strip() + "\n"
    file = views.FOLDER / f"{name}.sql"
    if request.config.getoption("--renew-graph"):
        file.write_text(wanted)
    assert file.read_text() == wanted, "wanted? then `make graph` renews the file"


def test_a_build_that_leaves_models_out_leaves_the_view(earlier: Connection, build: Build) -> None:
    before = given(earlier)
    built(build, *MODELS_ONLY, "--select", "current_days", "waiting_days", "dim_clients")
    assert given(earlier) == before == ([], before[1], True)


def test_a_build_that_fails_leaves_the_view(earlier: Connection, build: Build) -> None:
    before = given(earlier)
    deliver(earlier, "vibe", "acme", "v2", as_of=at(3), days=[MON], rows=[Row(MON, 5)])
    with earlier, earlier.cursor() as cursor:
        cursor.execute("insert into raw_vibe.performance_report select * from raw_vibe.performance_report")
    assert build(*WITHOUT_UNIT_TESTS).returncode == 1
    assert given(earlier) == before == ([], before[1], True)
    with earlier, earlier.cursor() as cursor:
        cursor.execute("delete from raw_vibe.performance_report as one using raw_vibe.performance_report as other"
                       " where one.ctid > other.ctid and one.delivery_id = other.delivery_id")  # fmt: skip


def test_a_build_replaces_the_view_in_place(earlier: Connection, build: Build) -> None:
    _, relation, _ = given(earlier)
    built(build, *MODELS_ONLY)
    assert given(earlier) == (["v2"], relation, True)


def test_a_build_that_changes_no_rule_does_not_touch_the_view(earlier: Connection, build: Build) -> None:
    def written() -> object:
        with earlier, earlier.cursor() as cursor:
            cursor.execute("select xmin::text from pg_class where oid = 'ledger.current_days'::regclass")
            return cursor.fetchone()

    before = written()
    built(build, *MODELS_ONLY)
    assert written() == before


def test_a_full_refresh_that_changes_columns_replaces_it_in_place_too(earlier: Connection, build: Build) -> None:
    plant(earlier)
    _, relation, _ = given(earlier)
    with earlier, earlier.cursor() as cursor:
        cursor.execute("alter table marts.dim_campaigns add column more text")
    built(build, *MODELS_ONLY, "--full-refresh")
    assert given(earlier) == (["v2"], relation, True)
