"""What a client's login may not do at all, each statement once: the short form of test_harm."""

from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import make_url, text

from tests.isolation.harm import FREED, IDLE, REFUSED, is_refused, revoked_functions
from tests.rows import insert
from warehouse import bi_logins, database
from warehouse.settings import get_settings


@pytest.fixture(scope="module")
def urls(database_url: str) -> list[str]:
    """Logins of two clients, with two marts as dbt makes them."""
    with database.session() as current:
        raw = current.connection().connection.driver_connection
        for slug in ("acme", "bolt"):
            insert(raw, "control.clients", {"client_id": slug, "name": slug, "currency": "USD"})
        current.execute(text("create schema marts"))
        for mart in ("daily_metrics", "dim_clients"):
            current.execute(text(f"create table marts.{mart} (client_id text, impressions bigint)"))
            current.execute(text(f"select access.protect('marts.{mart}')"))
        return [bi_logins.add(current, get_settings(), slug) for slug in ("acme", "bolt")]


def test_nothing_that_would_harm_others_is_allowed(urls: list[str]) -> None:
    allowed = []
    with closing(psycopg2.connect(urls[1])), closing(psycopg2.connect(urls[0])) as connection:
        connection.autocommit = True
        connection.cursor().execute(FREED)
        for statement in (*revoked_functions(connection), *REFUSED):
            if not is_refused(connection, statement.format(others=make_url(urls[1]).username)):
                allowed.append(statement)
    assert allowed == []


@pytest.mark.parametrize("begins", IDLE)
def test_a_login_can_leave_a_transaction_open(urls: list[str], begins: str) -> None:
    """So the watch has something to end: each of these would hold its locks."""
    with closing(psycopg2.connect(urls[0])) as connection, closing(psycopg2.connect(urls[0])) as looking:
        connection.autocommit = True
        connection.cursor().execute(begins.format(view="daily_metrics"))
        with looking.cursor() as cursor:
            cursor.execute(
                "select count(*) > 0 from pg_locks where pid = %(pid)s and relation = 'bi.daily_metrics'::regclass",
                {"pid": connection.info.backend_pid},
            )
            assert cursor.fetchone() == (True,)
