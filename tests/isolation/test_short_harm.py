"""The short form of test_harm: what a login may not do, each once, and some seconds of all harm beside a writer."""

import time
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import make_url, text

from tests.isolation.harm import (
    FREED,
    IDLE,
    LONGEST_WAIT,
    REFUSED,
    Harm,
    be_strict,
    harmful_logins,
    is_refused,
    other_readers,
    revoked_functions,
    watched,
)
from tests.rows import insert
from warehouse.access import bi_logins
from warehouse.postgres import database
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


def test_a_writer_and_other_readers_go_on_beside_all_harm(urls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    be_strict(monkeypatch)
    with database.session() as current:
        logins = harmful_logins(current, "acme")
        readers = other_readers(current, "bolt", urls[1])
    harm = Harm(logins, str(make_url(urls[1]).username), ["daily_metrics", "dim_clients"] * 4)
    longest, deadline = 0.0, time.monotonic() + 5
    with watched() as seen, harm.at_work(), readers.at_work():
        while time.monotonic() < deadline:
            begun = time.monotonic()
            with database.session() as current:
                current.execute(text("delete from marts.daily_metrics"))
                current.execute(text("insert into marts.daily_metrics values ('acme', 1), ('bolt', 2)"))
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.05)
    waited = {**readers.longest, "writer": longest}
    print(dict(harm.done), waited, readers.count, f"{len(seen.ended)} ended")
    assert harm.surprises == []
    assert readers.problems == []
    assert {each.action for each in seen.ended} == {"cancel", "terminate"}
    assert harm.done["connections opened"] >= 80
    assert max(waited.values()) <= LONGEST_WAIT, waited
