"""What everybody may call: each function of the server has a verdict, and what does harm refuses a client's login.

the server's catalogue ↔ public_functions.csv; a login of `paidmedia bi-login add` → permission denied
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url, text

from loaders.locks import locked
from orchestration.doctor import database_checks
from tests.deploy import debian_postgres, stack
from tests.rows import insert
from warehouse.access import bi_logins
from warehouse.control import migrate
from warehouse.postgres import database, embedded, isolation, locks, public_functions, roles, server_rights
from warehouse.settings import PROJECT_ROOT, Settings, get_settings

# Of each function that PUBLIC may execute: its name, how it is written, and which of the kinds of the table it is.
CATALOGUE = """
    select
        case when nspname = 'pg_catalog' then '' else nspname || '.' end || proname,
        functions.oid::regprocedure::text,
        array_remove(array[
            case when provolatile = 'i' then '{immutable}' end,
            case when exists (
                select from pg_type where functions.oid in
                    (typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze)
            ) then '{type}' end,
            case when exists (select from pg_operator where oprcode = functions.oid)
                or exists (select from pg_cast where castfunc = functions.oid)
                or exists (select from pg_amproc where amproc = functions.oid) then '{operator}' end,
            case when 'internal'::regtype = any (proargtypes) or prorettype::regtype::text in (
                'internal', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler', 'index_am_handler',
                'table_am_handler', 'tsm_handler'
            ) then '{internal}' end
        ], null)
    from pg_proc as functions
    inner join pg_namespace on pg_namespace.oid = pronamespace
    where exists (
        select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0
    )
    order by 1, 2
"""
HARM = (
    "select pg_advisory_lock(1)",
    "select pg_advisory_lock_shared(1, 2)",
    "select pg_advisory_xact_lock(hashtextextended('paidmedia build', 0))",
    "select pg_try_advisory_lock(1)",
    "select pg_try_advisory_xact_lock_shared(1)",
    "select lo_create(0)",
    "select lo_creat(-1)",
    "select lo_from_bytea(0, decode(repeat('00', 1000000), 'hex'))",
    "select lo_put(1, 0, 'x')",
    "select lo_open(1, 131072)",
    "select lowrite(0, 'x')",
    "select loread(0, 1)",
    "select lo_unlink(1)",
    "select pg_logical_emit_message(false, 'x', repeat('x', 1000000))",
    "select pg_logical_emit_message(true, 'x', 'x'::bytea)",
    "select pg_notify('x', 'x')",
    "select idx_tup_read from pg_stat_user_indexes",
    "select n_live_tup from pg_stat_user_tables",
    "do $$ begin raise log 'x'; end $$",
    "select pg_export_snapshot()",
    "select pg_partition_tree('pg_class')",
    "select pg_current_xact_id()",
    "select txid_current()",
    "select pg_isolation_test_session_is_blocked(1, array[1])",
    "select pg_safe_snapshot_blocking_pids(1)",
    "create temporary table x (y integer)",
    "create table public.x (y integer)",
    "create schema x",
    "select * from locks.names",
    "lock table locks.lock_1 in access share mode",
    "lock table control.alembic_version in access share mode",
)


@dataclass(frozen=True)
class Server:
    """A migrated database, by its settings; and who else may enter it."""

    superuser_url: str
    login_url: str


@contextmanager
def debian(folder: Path) -> Iterator[str]:
    """Debian's server as it is after its first start; the settings point at it. Gives the superuser's URL."""
    stack.make_secrets(folder / "secrets")
    with debian_postgres.server(folder / "secrets") as port, pytest.MonkeyPatch.context() as patch:
        passwords = {name: (folder / "secrets" / f"{name}_password").read_text() for name in ("database", "postgres")}
        patch.setenv("DATABASE_URL", f"postgresql://paidmedia:{passwords['database']}@127.0.0.1:{port}/paidmedia")
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("PAIDMEDIA_HOME", str(folder / "home"))
        migrate.migrate()
        yield f"postgresql://postgres:{passwords['postgres']}@127.0.0.1:{port}/paidmedia"
        database.engine().dispose()


@contextmanager
def ours(request: pytest.FixtureRequest) -> Iterator[str]:
    url = make_url(request.getfixturevalue("database_url"))
    superuser = make_url(embedded.superuser_url(request.getfixturevalue("cluster_home"))).set(database=url.database)
    yield superuser.render_as_string(hide_password=False)


@pytest.fixture(
    scope="module",
    params=["PostgreSQL 18", pytest.param("Debian's", marks=[pytest.mark.heavy, debian_postgres.needed()])],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with ours(request) if request.param == "PostgreSQL 18" else debian(folder) as superuser_url:
        with closing(psycopg2.connect(superuser_url)) as connection:
            insert(connection, "control.clients", {"client_id": "acme", "name": "Acme", "currency": "USD"})
            connection.commit()
        with database.session() as current:
            login_url = bi_logins.add(current, get_settings(), "acme")
            locks.hold(current, "a lock")
        yield Server(superuser_url, login_url)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


def verdict_on(name: str, kinds: list[str]) -> str | None:
    """That of the first line that fits."""
    for each in public_functions.verdicts():
        if each.functions in kinds or fnmatchcase(name, each.functions):
            return each.verdict
    return None


def test_every_function_that_everybody_may_call_has_a_verdict_and_none_does_harm(server: Server) -> None:
    with database.session() as current:
        found = [(how, verdict_on(name, kinds)) for name, how, kinds in current.execute(text(CATALOGUE))]
    assert len(found) > 2_000
    assert [how for how, verdict in found if verdict not in ("harmless", "default")] == []


@pytest.mark.parametrize("statement", HARM)
def test_a_clients_login_is_refused(statement: str, server: Server) -> None:
    with connected(server.login_url) as connection, connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")  # as any login can
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(f"begin; {statement}")


@pytest.mark.parametrize("name", server_rights.DATABASES_OF_THE_SERVER)
def test_a_clients_login_enters_no_other_database(name: str, server: Server) -> None:
    url = make_url(server.login_url).set(database=name).render_as_string(hide_password=False)
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(url)


def test_the_owner_keeps_no_more_than_everybody_had(server: Server) -> None:
    with database.session() as current, pytest.raises(Exception, match="permission denied for function lo_export"):
        current.execute(text("select lo_export(1, '/tmp/x')"))


@contextmanager
def laid_open(server: Server) -> Iterator[Connection]:
    """A server that lets everybody do what servers let them before anything was revoked."""
    with connected(server.superuser_url) as connection, connection.cursor() as cursor:
        cursor.execute("grant execute on function pg_notify(text, text), pg_advisory_lock(bigint) to public")
        cursor.execute("grant usage on language plpgsql to public")
        try:
            yield connection
        finally:
            cursor.execute(public_functions.statement())


def test_where_harm_came_back_doctor_prints_the_statements_that_end_it(server: Server) -> None:
    settings = get_settings()
    with laid_open(server) as superuser, superuser.cursor() as cursor:
        with database.session() as current:
            assert isolation.leaks(current) == []
            (found,) = isolation.violations(current)
        assert found.endswith("does harm: language plpgsql, pg_advisory_lock(bigint), pg_notify(text,text)")
        lines = list(database_checks.isolation(settings))
        assert [line.level for line in lines] == ["ok", "warning"]
        assert "pg_notify" in lines[1].what
        cursor.execute(lines[1].fix.partition(": ")[2])
        assert [line.level for line in database_checks.isolation(settings)] == ["ok"]
        migrate.migrate(settings)
    with database.session() as current:
        assert isolation.violations(current) == []


def test_a_right_of_a_login_of_its_own_is_found(server: Server) -> None:
    login = make_url(server.login_url).username
    with connected(server.superuser_url) as superuser, superuser.cursor() as cursor:
        cursor.execute(f'grant execute on function lo_create(oid) to "{login}"')
        with database.session() as current:
            assert public_functions.executable(current) == ["lo_create(oid)"]
        cursor.execute(f'revoke execute on function lo_create(oid) from "{login}"')


def test_a_login_that_may_take_any_advisory_lock_stops_neither_a_load_nor_an_alert_nor_a_migration(
    server: Server,
) -> None:
    settings = get_settings()
    keys = ["hashtextextended('paidmedia build', 0)", "7001001", "7001002", "1"]
    with laid_open(server), connected(server.login_url) as connection, connection.cursor() as cursor:
        for key in keys:
            cursor.execute(f"select pg_advisory_lock({key})")
        with locked("paidmedia build", settings), database.session() as current:
            current.execute(text("set local lock_timeout = '2s'"))
            locks.hold(current, "paidmedia alerts")
        migrate.migrate(settings)


def test_the_file_for_administrators_is_what_the_product_says() -> None:
    assert (PROJECT_ROOT / "deploy" / "close-to-public.sql").read_text() == public_functions.script()


def test_a_migration_of_the_embedded_server_takes_away_what_does_harm(cluster_home: Path) -> None:
    settings = Settings(paidmedia_home=cluster_home, database_url=None, secret_key="a key for tests only")
    with connected(embedded.superuser_url(cluster_home)) as connection, connection.cursor() as cursor:
        cursor.execute("grant execute on function lo_create(oid) to public")
        cursor.execute("grant connect on database postgres to public")
    migrate.migrate(settings)
    with database.session(settings) as current:
        assert isolation.violations(current) == []
        readers = {"readers": roles.readers_role(make_url(database.database_url(settings)))}
        assert not current.scalar(text("select has_database_privilege(:readers, 'postgres', 'connect')"), readers)
    database.engine(settings).dispose()
