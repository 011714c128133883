"""Which tables and partitions the app's queries read, as Postgres plans them on marts of four months.

app's query → the SQL that it sends → EXPLAIN → the tables and partitions in the plan
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import event

from benchmarks.queries import FIVE
from serving import queries
from serving.periods import Period
from serving.scope import Node, Scope
from serving.viewer import Viewer
from tests.dbt_project.raw_tables import Row, deliver
from tests.dbt_project.test_history_of_deliveries import Build, built
from tests.rows import add_client
from tests.warm_dbt import MODELS_ONLY
from warehouse.access import bi_logins, users
from warehouse.postgres import database
from warehouse.settings import get_settings

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(120)]
MARCH = Period(date(2026, 3, 3), date(2026, 3, 29))


@pytest.fixture(scope="module")
def marts(raw: Connection, build: Build) -> Connection:
    """Two clients with 120 days of twenty creatives."""
    for client_id in ("acme", "bolt"):
        add_client(raw, client_id)
        rows = [Row(day, 1_000 + number, creative=f"Ad {number}") for day in DAYS for number in range(20)]
        as_of = datetime(2026, 6, 1, tzinfo=UTC)
        deliver(raw, "facebook", client_id, f"f-{client_id}", as_of=as_of, days=DAYS, rows=rows)
    built(build, *MODELS_ONLY)
    return raw


def viewer() -> Viewer:
    """Somebody who sees every client."""
    with database.session() as current:
        if not users.list_users(current):
            users.add_user(current, "ana@agency.example", role="analyst")
        return Viewer(users.get_user(current, "ana@agency.example").user_id, "ana", "analyst", None)


def scope(period: Period) -> Scope:
    reading = queries.reading(viewer())
    assert reading is not None
    return Scope(reading, ("acme",), "USD", period, None, ("surfside", "vibe", "facebook"))


def plans(query: Callable[[], object], without: tuple[str, ...] = ()) -> list[Any]:
    """The plans of everything that a query sends, as the app's role reads it, without some ways of reading."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    engine = database.app_engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert query()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found: list[Any] = []
    with engine.connect() as connection:
        connection.execute(queries.AS_VIEWER, {"user_id": str(viewer().user_id)})
        for setting in without:
            connection.exec_driver_sql(f"set local {setting} = off")
        for statement, parameters in sent:
            if "marts." in statement:
                plan = connection.exec_driver_sql(f"explain (format json) {statement}", parameters).scalar()
                found.append(plan if isinstance(plan, list) else json.loads(str(plan)))
    return found


def tables_read(query: Callable[[], object]) -> set[str]:
    """The tables and partitions in the plans."""
    return values_of("Relation Name", plans(query))


def index_conditions(query: Callable[[], object]) -> set[str]:
    """What rows are found by in indexes, where the tables are too large to read whole."""
    return values_of("Index Cond", plans(query, without=("enable_seqscan", "enable_bitmapscan")))


def values_of(key: str, node: Any) -> set[str]:
    """Every value that a plan gives a key, at any depth."""
    if isinstance(node, list):
        return set().union(*(values_of(key, each) for each in node))
    if isinstance(node, dict):
        named = {str(node[key])} if key in node else set()
        return named.union(*(values_of(key, each) for each in node.values()))
    return set()


@pytest.mark.parametrize("name", FIVE)
def test_a_page_opens_without_reading_the_rows_of_creatives(marts: Connection, name: str) -> None:
    chosen = scope(Period(DAYS[0], DAYS[-1]))
    read = tables_read(lambda: FIVE[name](chosen))
    assert read
    assert not {table for table in read if table.startswith("daily_metrics")}


def test_creatives_of_a_month_are_read_from_its_partition_alone(marts: Connection) -> None:
    with marts.cursor() as cursor:
        cursor.execute("select campaign_id, campaign_name from marts.dim_campaigns where client_id = 'acme'")
        [(campaign_id, name)] = cursor.fetchall()
    inside = Node("campaign", campaign_id, name, "acme")

    def creatives(period: Period) -> set[str]:
        read = tables_read(lambda: queries.breakdown(scope(period), "creative", inside, "conversion_revenue", 10))
        return {table for table in read if table.startswith("daily_metrics")}

    assert creatives(MARCH) == {"daily_metrics_2026_03"}
    assert creatives(Period(date(2026, 3, 31), date(2026, 4, 1))) == {"daily_metrics_2026_03", "daily_metrics_2026_04"}


def test_the_rows_of_a_client_and_day_are_found_by_an_index(marts: Connection) -> None:
    with marts.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        cursor.execute("explain select * from marts.daily_metrics where client_id = 'acme' and date = '2026-03-05'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("reset enable_seqscan")
    marts.commit()
    assert "Index Cond: ((client_id = 'acme'::text) AND (date = '2026-03-05'::date))" in plan
    assert plan.count("daily_metrics_2026_") == plan.count("daily_metrics_2026_03")


@pytest.mark.parametrize("level", ["campaign", "strategy", "placement"])
def test_what_is_in_an_entity_is_found_by_an_index_that_knows_its_campaign(marts: Connection, level: str) -> None:
    with marts.cursor() as cursor:
        cursor.execute(f"select {level}_id, {level}_name from marts.daily_metrics where client_id = 'acme' limit 1")
        [(entity_id, name)] = cursor.fetchall()
    marts.commit()
    inside = Node(level, entity_id, name, "acme")
    conditions = index_conditions(lambda: queries.breakdown(scope(MARCH), "creative", inside, "spend", 10))
    assert any("campaign_id = " in condition and "client_id = " in condition for condition in conditions), conditions


def test_a_table_that_was_made_with_other_indexes_gets_those_of_its_contract(marts: Connection, build: Build) -> None:
    contract = "daily_metrics_client_id_date_campaign_id_idx"
    of_before = "create index of_before on marts.daily_metrics (client_id, date, campaign_id)"  # without a condition

    def indexes() -> list[str]:
        with marts.cursor() as cursor:
            cursor.execute(
                "select cast(relname as text) from pg_index inner join pg_class on oid = indexrelid "
                "where indrelid = cast('marts.daily_metrics' as regclass) order by 1"
            )
            found = [name for (name,) in cursor.fetchall()]
        marts.commit()
        return found

    of_clients = "daily_metrics_of_client"  # that of their views
    assert indexes() == [contract, of_clients]
    with marts.cursor() as cursor:
        cursor.execute(f"drop index marts.{contract}")
        cursor.execute("create index on marts.daily_metrics (client_id, date)")
        cursor.execute(of_before)
        cursor.execute("create index somebodys_own on marts.daily_metrics (creative_id)")
    marts.commit()
    built(build, *MODELS_ONLY)
    assert indexes() == [contract, of_clients, "somebodys_own"]
    with marts.cursor() as cursor:
        cursor.execute("drop index marts.somebodys_own")
    marts.commit()


def test_the_client_of_a_bi_login_is_a_condition_of_the_index(marts: Connection) -> None:
    with database.session() as current:
        url = bi_logins.add(current, get_settings(), "acme")
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        cursor.execute("explain select * from bi.daily_metrics where date = '2026-03-05'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    connection.close()
    assert re.search(r"Index Cond: \(\(CASE .* = ANY \(.*InitPlan 1.*\) AND \(date = '2026-03-05'::date\)\)", plan)
    assert plan.count("daily_metrics_2026_") == plan.count("daily_metrics_2026_03")
