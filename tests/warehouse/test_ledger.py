"""The views over the ledgers of all sources: which columns and rows they have, and who may read them."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url

from loaders.ledger.pipeline import prepare_all
from tests.dbt_project.raw_tables import Row, connect, deliver
from tests.rows import add_client, insert
from warehouse.access import users
from warehouse.ledger import EVERYTHING, OF_VIEWER
from warehouse.postgres import database, roles
from warehouse.settings import get_settings

DAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 3, 6, tzinfo=UTC)
SOURCES = ["facebook", "surfside", "vibe"]
VIEWS = ("packages", "deliveries", "delivery_days", "rejects", "current_days", "waiting_days")


@pytest.fixture(scope="module")
def empty(database_url: str) -> dict[str, list[str]]:
    """The columns of each view of a database in which nothing was prepared, and that it has no row."""
    with closing(connect(database_url)) as raw:
        found = {}
        for view in VIEWS:
            cursor = raw.cursor()
            cursor.execute(f"select * from ledger.{view}")
            assert cursor.fetchall() == []
            found[view] = [column.name for column in cursor.description or ()]
        return found


@pytest.fixture(scope="module")
def raw(empty: dict[str, list[str]], database_url: str) -> Iterator[Connection]:
    """Raw tables with deliveries of two clients; of one day of Vibe there are six."""
    prepare_all(get_settings())
    with closing(connect(database_url)) as raw:
        for client_id in ("acme", "bolt"):
            add_client(raw, client_id)
            for source in SOURCES:
                one(raw, f"{source}-{client_id}", 0, source=source, client_id=client_id)
        one(raw, "held", 5, verdict="held")
        one(raw, "unjudged", 4, verdict=None)
        one(raw, "newest", 3)
        one(raw, "older", 2)
        one(raw, "half", 6, is_whole=False)
        one(raw, "held_and_older", 1, verdict="held")
        cursor = raw.cursor()
        # The older one came last, and another of the same as-of before it.
        cursor.execute(
            "update raw_vibe.deliveries set delivered_at = '2026-03-09 06:00+00' where delivery_id = 'older'"
        )
        cell = {"source_row": 2, "column_name": "Date", "value": "x", "reason": "no date", "row_values": {}}
        for source, name in (*((source, f"{source}-acme") for source in SOURCES), ("vibe", "half")):
            insert(raw, f"raw_{source}.rejects", cell | {"delivery_id": name, "_dlt_load_id": name})
        raw.commit()
        yield raw


def one(
    raw: Connection,
    name: str,
    hours: int,
    *,
    source: str = "vibe",
    client_id: str = "acme",
    verdict: str | None = "passed",
    is_whole: bool = True,
) -> None:
    as_of = MORNING + timedelta(hours=hours)
    deliver(
        raw, source, client_id, name,
        as_of=as_of, days=[DAY], rows=[Row(DAY, 10)], verdict=verdict, is_whole=is_whole,
    )  # fmt: skip


def ask(connection: Connection, query: str, *values: object) -> list[Any]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


HIDDEN = ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")


def test_views_keep_their_columns_when_sources_come(empty: dict[str, list[str]], raw: Connection) -> None:
    for view, columns in empty.items():
        found = ask(
            raw, "select attname from pg_attribute where attrelid = %s::regclass order by attnum", f"ledger.{view}"
        )
        assert [name for (name,) in found if name not in HIDDEN] == columns


@pytest.mark.parametrize("view", VIEWS[:-1])  # of Vibe alone something waits
def test_a_view_has_the_rows_of_every_source(raw: Connection, view: str) -> None:
    assert ask(raw, f"select distinct source from ledger.{view} order by 1") == [(source,) for source in SOURCES]


def test_nothing_of_a_package_that_is_not_whole_is_in_any_view(raw: Connection) -> None:
    for view in ("deliveries", "delivery_days", "rejects", "current_days", "waiting_days"):
        assert ask(raw, f"select from ledger.{view} where delivery_id = 'half'") == []
    assert ask(raw, "select from ledger.packages where load_id = 'half'") == []


def test_a_package_of_another_status_is_not_whole(raw: Connection) -> None:
    with raw.cursor() as cursor:
        cursor.execute("update raw_vibe._dlt_loads set status = 1 where load_id = 'newest'")
        for view in ("deliveries", "delivery_days"):
            cursor.execute(f"select from ledger.{view} where delivery_id = 'newest'")
            assert cursor.rowcount == 0
    raw.rollback()


def test_the_order_is_as_of_then_arrival_then_id(raw: Connection) -> None:
    names = [name for (name,) in ask(raw, "select delivery_id from ledger.delivery_days where source = 'vibe'"
                                          " and client_id = 'acme' order by precedence")]  # fmt: skip
    assert names == ["vibe-acme", "held_and_older", "older", "newest", "unjudged", "held"]
    with raw.cursor() as cursor:
        cursor.execute("update raw_vibe.deliveries set as_of = %s where delivery_id in ('older', 'newest')", (MORNING,))
        cursor.execute("update raw_vibe.deliveries set as_of = %s where delivery_id = 'held'", (MORNING,))
        cursor.execute(
            "update raw_vibe.deliveries set delivered_at = %s where delivery_id in ('newest', 'held')", (MORNING,)
        )
        cursor.execute(
            "select delivery_id from ledger.deliveries"
            " where as_of = %s and source = 'vibe' and client_id = 'acme' order by precedence",
            (MORNING,),
        )
        assert [name for (name,) in cursor.fetchall()] == ["held", "newest", "vibe-acme", "older"]
    raw.rollback()


def test_a_verdict_allows_from_when_the_delivery_had_come_and_passed(raw: Connection) -> None:
    with raw.cursor() as cursor:
        cursor.execute("update control.delivery_verdicts set judged_at = '2026-03-20 00:00+00'")
        cursor.execute(
            "update control.delivery_verdicts set verdict = 'released', released_at = '2026-03-21 00:00+00'"
            " where delivery_id = 'held'"
        )
        cursor.execute(
            "update raw_vibe.deliveries set delivered_at = '2026-03-22 00:00+00' where delivery_id = 'newest'"
        )
        cursor.execute(
            "select delivery_id, verdict, is_allowed, to_char(allowed_at, 'DD') from ledger.deliveries"
            " where delivery_id in ('held', 'held_and_older', 'newest', 'older', 'unjudged') order by 1"
        )
        assert cursor.fetchall() == [
            ("held", "released", True, "21"),
            ("held_and_older", "held", False, None),
            ("newest", "passed", True, "22"),
            ("older", "passed", True, "20"),
            ("unjudged", "pending", False, None),
        ]
    raw.rollback()


def test_the_newest_allowed_delivery_gives_the_day_and_newer_ones_wait(raw: Connection) -> None:
    of_the_day = "where client_id = 'acme' and source = 'vibe'"
    assert ask(raw, f"select delivery_id from ledger.current_days {of_the_day}") == [("newest",)]
    waiting = f"select delivery_id, verdict from ledger.waiting_days {of_the_day} order by 1"
    assert ask(raw, waiting) == [("held", "held"), ("unjudged", "pending")]


def test_a_final_day_keeps_its_delivery(raw: Connection) -> None:
    with raw.cursor() as cursor:
        month = {"month": date(2026, 3, 1), "rows": 1, "sums": {}, "file": "x", "sha256": "x", "size_bytes": 1}
        insert(raw, "control.archived_months", month)
        final = {"client_id": "acme", "source": "vibe", "date": DAY, "delivery_id": "older"}
        insert(raw, "control.final_days", final)
        cursor.execute("select first_hot_day, first_open_day from ledger.horizon")
        assert cursor.fetchall() == [(date(2026, 4, 1), date(2026, 4, 6))]
        cursor.execute("select source, delivery_id from ledger.current_days where client_id = 'acme'")
        assert cursor.fetchall() == [("vibe", "older")]
    raw.rollback()


def test_sources_that_are_not_named_are_left_out_and_views_on_the_views_stay(raw: Connection) -> None:
    with raw.cursor() as cursor:
        cursor.execute("create view public.upon as select source from ledger.deliveries")
        cursor.execute("select ledger.unite(array['vibe', 'not_there_yet'])")
        cursor.execute("select distinct source from public.upon")
        assert cursor.fetchall() == [("vibe",)]
        cursor.execute("select distinct source from ledger.current_days")
        assert cursor.fetchall() == [("vibe",)]
    raw.rollback()


def test_a_question_that_names_a_source_reads_no_table_of_another(raw: Connection) -> None:
    for view in ("deliveries", "delivery_days", "rejects", "current_days"):
        plan = str(ask(raw, f"explain (format json, verbose) select * from ledger.{view} where source = 'vibe'"))
        assert "raw_vibe" in plan
        assert "raw_surfside" not in plan
        assert "raw_facebook" not in plan


def test_a_clients_day_is_found_through_the_indexes(raw: Connection) -> None:
    with raw.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(
            "explain select * from ledger.current_days"
            " where client_id = 'acme' and source = 'vibe' and date = '2026-03-02'"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    raw.rollback()
    assert "ix_delivery_days_client_id_date" in plan
    assert "Seq Scan on delivery_days" not in plan


def test_the_apps_role_reads_the_rows_of_its_viewers_clients_and_nothing_behind_them(
    raw: Connection, database_url: str
) -> None:
    with database.session() as current:
        users.add_user(current, "carl@bolt.example", role="client", client_id="bolt")
        users.add_user(current, "ana@agency.example", role="analyst")
        carl, ana = (users.get_user(current, f"{name}.example").user_id for name in ("carl@bolt", "ana@agency"))
    with closing(psycopg2.connect(roles.app_url(get_settings(), database_url))) as app:
        for viewer, seen in ((carl, {"bolt"}), (ana, {"acme", "bolt"}), (None, set())):
            for shown in (OF_VIEWER.deliveries, OF_VIEWER.delivery_days, OF_VIEWER.current_days, OF_VIEWER.clients):
                with app, app.cursor() as cursor:
                    cursor.execute("select set_config('paidmedia.viewer', %s, true)", (str(viewer or ""),))
                    cursor.execute(f"select distinct client_id from {shown}")
                    assert {client_id for (client_id,) in cursor.fetchall()} == seen, shown
        for behind in vars(EVERYTHING).values():
            with pytest.raises(psycopg2.errors.InsufficientPrivilege), app, app.cursor() as cursor:
                cursor.execute(f"select from {behind}")


def test_who_reads_the_marts_for_others_has_no_right_on_the_ledger(raw: Connection) -> None:
    url = make_url(database.database_url())
    for role in (roles.readers_role(url), roles.agency_role(url), roles.views_role(url)):
        assert ask(raw, "select has_schema_privilege(%s, 'ledger', 'usage')", role) == [(False,)]
