"""BI logins as a tool uses them: one URL, the rows of one client, nothing that writes, nothing once it is removed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import make_url, text

from warehouse.access import bi_logins
from warehouse.clients import clients
from warehouse.errors import PaidMediaError
from warehouse.postgres import database, isolation
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def mart(database_url: str) -> None:
    """A mart with one row of each of two clients, made as dbt makes one."""
    with database.session() as current:
        for slug in ("acme", "bolt"):
            clients.add_client(
                current, slug, name=slug.title(), currency="USD", cpm=Decimal(10), effective_date=date(2026, 1, 1)
            )
        current.execute(text("create schema marts"))
        current.execute(text("create table marts.dim_clients (client_id text)"))
        current.execute(text("select access.protect('marts.dim_clients')"))
        current.execute(text("insert into marts.dim_clients values ('acme'), ('bolt')"))


@pytest.fixture
def url(mart: None, settings: Settings) -> str:
    """That of a client beside whose login there is another client's."""
    with database.session() as current:
        bi_logins.add(current, settings, "bolt")
        return bi_logins.add(current, settings, "acme")


def rows(url: str, query: str = "select client_id from dim_clients") -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


def test_a_login_reads_the_rows_of_its_client(url: str) -> None:
    assert rows(url) == [("acme",)]
    assert rows(url, "select client_id from bi.dim_clients where client_id <> 'acme'") == []


def test_its_name_does_not_tell_the_client(url: str) -> None:
    assert "acme" not in url


def test_it_cannot_write_make_tables_or_read_anything_else(url: str) -> None:
    for statement in (
        "insert into marts.dim_clients values ('acme')",
        "create table marts.mine ()",
        "create temporary table mine ()",
        "create schema mine",
        "select * from control.clients",
        "select * from marts.dim_clients",
        "select * from access.bi_logins",
        "select access.viewer_clients()",
    ):
        with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
            rows(url, statement)
        with pytest.raises(errors.InsufficientPrivilege):
            rows(url, f"set default_transaction_read_only = off; commit; {statement}")


def test_it_has_limits(url: str) -> None:
    query = "select current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
    assert rows(url, query) == [("2min", "1min")]


def test_a_removed_login_is_refused_and_its_open_connection_is_ended(url: str) -> None:
    connection = psycopg2.connect(url)
    login = connection.info.user
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from dim_clients")
        assert cursor.fetchone() == (1,)
        connection.commit()
        with database.session() as current:
            assert login in {each.login for each in bi_logins.every(current)}
            current.execute(text(f'revoke "{login}" from current_user'))  # as of one from before there was the watch
            bi_logins.remove(current, login)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select count(*) from bi.dim_clients")
    connection.close()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)


def test_rights_that_a_login_gave_keep_neither_it_nor_another(url: str, settings: Settings) -> None:
    with database.session() as current:
        another = bi_logins.add(current, settings, "acme")
    one, other = (str(make_url(each).username) for each in (url, another))
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("set default_transaction_read_only = off")
        cursor.execute(f'alter default privileges grant select on tables to "{other}"')
    with database.session() as current:
        bi_logins.remove(current, other)
        bi_logins.remove(current, one)
        left = current.scalars(
            text("select rolname from pg_roles where rolname in (:one, :other)"), {"one": one, "other": other}
        )
        assert left.all() == []


def test_a_login_for_a_client_or_of_a_name_that_there_is_not_is_one_clear_line(mart: None, settings: Settings) -> None:
    with pytest.raises(PaidMediaError, match="unknown client"), database.session() as current:
        bi_logins.add(current, settings, "nobody")
    with pytest.raises(PaidMediaError, match="no BI login"), database.session() as current:
        bi_logins.remove(current, "nobody")


def test_the_catalog_is_sound(url: str) -> None:
    with database.session() as current:
        assert isolation.violations(current) == []


def test_the_login_of_the_agency_reads_the_marts_of_everybody_and_no_view(mart: None, settings: Settings) -> None:
    with database.session() as current:
        url = bi_logins.add(current, settings, None)
    assert rows(url) == [("acme",), ("bolt",)]
    with pytest.raises(errors.InsufficientPrivilege):
        rows(url, "select * from bi.dim_clients")
    with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
        rows(url, "set default_transaction_read_only = off; commit; delete from marts.dim_clients")
    with database.session() as current:
        assert isolation.violations(current) == []


def test_a_login_of_before_is_moved(url: str, settings: Settings) -> None:
    login = make_url(url).username
    with database.session() as current:
        current.execute(text(f'alter role "{login}" set search_path = marts'))
    with pytest.raises(errors.UndefinedTable):
        rows(url)
    with database.session() as current:
        assert login in {each.login for each in bi_logins.migrate(current, settings)}
    assert rows(url) == [("acme",)]


def test_a_login_that_this_server_does_not_know_is_named_and_can_be_removed(url: str, settings: Settings) -> None:
    login = str(make_url(url).username)
    with database.session() as current:
        current.execute(text(f'drop role "{login}"'))
    with pytest.raises(PaidMediaError, match=f"no role {login}"), database.session() as current:
        bi_logins.migrate(current, settings)
    with database.session() as current:
        another = bi_logins.add(current, settings, "acme")
    assert rows(another) == [("acme",)]
    with database.session() as current:
        bi_logins.remove(current, login)
        assert login not in {each.login for each in bi_logins.migrate(current, settings)}


def test_two_logins_are_made_at_once(url: str, settings: Settings) -> None:
    def add(_: int) -> str:
        with database.session() as current:
            return bi_logins.add(current, settings, "acme")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(add, range(8)))) == 8


def test_columns_of_the_agency_are_not_in_a_view_that_says_what_the_others_mean(url: str) -> None:
    with database.session() as current:
        current.execute(text("create table marts.costs (client_id text, spend numeric, reported_spend numeric)"))
        current.execute(text("comment on column marts.costs.spend is 'What the client pays.'"))
        current.execute(text("insert into marts.costs values ('acme', 2, 1), ('bolt', 4, 3)"))
        current.execute(text("select access.protect('marts.costs', '{reported_spend}')"))
        described = "select col_description('bi.costs'::regclass, 2)"
        assert current.scalar(text(described)) == "What the client pays."
    assert rows(url, "select * from costs") == [("acme", Decimal(2))]
    with database.session() as current:
        before = current.scalar(text("select 'bi.costs'::regclass::oid"))
        current.execute(text("select access.make_client_view('marts.costs', '{reported_spend}')"))
        assert current.scalar(text("select 'bi.costs'::regclass::oid")) == before  # nothing new, nothing done
        current.execute(text("select access.make_client_view('marts.costs', '{spend,reported_spend}')"))
    assert rows(url, "select * from costs") == [("acme",)]
    with database.session() as current:
        current.execute(text("drop table marts.costs cascade"))
