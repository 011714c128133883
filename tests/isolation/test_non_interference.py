"""Whatever a client's login asks, the answer is the same whatever the rows of other clients say: byte for byte.

two databases with other values in the rows of others → the same statement in both → rows, errors, notices, plans
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url

from loaders.ledger.pipeline import prepare_all
from tests import warm_dbt
from tests.deploy import debian_postgres, stack
from tests.isolation.statements import Statements
from tests.isolation.twins import OWN, Columns, Twins, columns_of, owned, twins_of
from tests.rows import insert
from tests.sizes import cases, report
from warehouse.access import bi_logins
from warehouse.control import migrate
from warehouse.postgres import database, interference, roles
from warehouse.settings import get_settings

pytestmark = pytest.mark.torture

# Of two infinite costs neither is the smaller: a login can set what decides, in some way, which condition comes first.
COSTS = ("0", "0.0025", "1e300", *(f"{number}e307" for number in range(1, 10)), "1e308", "1.79e308")
COUNT = cases(2_000, 20_000, quick=600)
# What protected the marts before they had views: a condition that costs more than a leakproof one of the reader.
OF_OLD = """
    grant usage on schema marts, access to "{readers}";
    grant select (login, client_id) on access.bi_logins to "{readers}";
    create policy of_old on access.bi_logins for select to "{readers}" using (login = current_user);
    do $$ declare mart regclass; begin
        for mart in select oid from pg_class where relnamespace = 'marts'::regnamespace and relkind in ('r', 'p') loop
            execute format('grant select on %s to "{readers}"', mart);
            execute format('create policy of_old on %s for select to "{readers}" using'
                ' (client_id = any (array(select bi_logins.client_id from access.bi_logins)))', mart);
        end loop;
    end $$
"""


def built_twins(url: str, make_databases: str, folder: Path) -> Twins:
    """Twins of a database whose marts dbt has made, empty; the settings point at it."""
    settings = get_settings()
    migrate.migrate(settings)
    prepare_all(settings)
    environment = os.environ | database.libpq_environment(settings)
    folders = ("--target-path", str(folder), "--log-path", str(folder))
    done = warm_dbt.run(["build", *folders, "--no-write-json", *warm_dbt.MODELS_ONLY], environment)
    assert done.returncode == 0, done.stdout[-3000:]
    with database.session() as current:  # the client that the login is of has to be there before the copy
        raw: Any = current.connection().connection.driver_connection
        insert(raw, "control.clients", {"client_id": OWN, "name": "Acme Outdoor", "currency": "USD"})
        login_url = bi_logins.add(current, settings, OWN)
    database.engine().dispose()
    return twins_of(url, make_databases, login_url)


@contextmanager
def embedded_twins(request: pytest.FixtureRequest, folder: Path) -> Iterator[Twins]:
    url = request.getfixturevalue("database_url")
    yield built_twins(url, request.getfixturevalue("cluster_url"), folder)


@contextmanager
def debian_twins(request: pytest.FixtureRequest, folder: Path) -> Iterator[Twins]:
    stack.make_secrets(folder / "secrets")
    with debian_postgres.server(folder / "secrets") as port, pytest.MonkeyPatch.context() as patch:
        password = (folder / "secrets" / "database_password").read_text()
        superuser = (folder / "secrets" / "postgres_password").read_text()
        url = f"postgresql://paidmedia:{password}@127.0.0.1:{port}/paidmedia"
        patch.setenv("DATABASE_URL", url)
        patch.setenv("SECRET_KEY", "a key for tests only")
        patch.setenv("PAIDMEDIA_HOME", str(folder / "home"))
        yield built_twins(url, f"postgresql://postgres:{superuser}@127.0.0.1:{port}/postgres", folder)
        database.engine().dispose()


SERVERS = {"PostgreSQL 18": embedded_twins, "Debian's": debian_twins}


@pytest.fixture(scope="module", params=["PostgreSQL 18", pytest.param("Debian's", marks=debian_postgres.needed())])
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The twins on a server."""
    with SERVERS[request.param](request, tmp_path_factory.mktemp("twins")) as made:
        yield made


def visible(twins: Twins) -> Columns:
    """The columns of the client's views."""
    with owned(twins.urls[0]) as connection:
        return columns_of(connection, "bi")[0]


def answers(connection: Connection, statements: Sequence[str]) -> list[Any]:
    """Everything that comes back of each: rows, names of columns, notices, errors."""
    said: list[Any] = []
    connection.notices.clear()
    with connection.cursor() as cursor:
        for statement in statements:
            try:
                cursor.execute(statement)
                said.append(cursor.fetchall() if cursor.description else cursor.statusmessage)
                said.append([column.name for column in cursor.description or ()])
            except psycopg2.Error as error:
                said += [error.pgcode, str(error)]
                break
    said.append(list(connection.notices))
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("deallocate all; reset all; set statement_timeout = '20s'")
    connection.commit()
    return said


def differences(twins: Twins, schema: str, columns: Columns, count: int, seed: int) -> tuple[list[Any], int, int]:
    """What two logins were told differently, with the statements; how many rows came, how many had an error."""
    stream, found, rows, refused = Statements(twins, schema, columns, seed), [], 0, 0
    with closing(psycopg2.connect(twins.urls[0])) as one, closing(psycopg2.connect(twins.urls[1])) as other:
        for _ in range(count):
            statements = stream.next()
            first, second = answers(one, statements), answers(other, statements)
            if first != second:
                found.append((statements, first, second))
            rows += sum(len(each) for each in first if isinstance(each, list))
            refused += any(isinstance(each, str) and each.startswith(("ERROR", "42", "22")) for each in first)
    return found, rows, refused


@pytest.mark.grows
def test_no_statement_tells_what_the_rows_of_others_say(twins: Twins) -> None:
    found, rows, refused = differences(twins, "bi", visible(twins), COUNT, seed=1)
    assert not found, f"{len(found)} of {COUNT}, the first:\n" + "\n".join(map(str, found[0]))
    assert rows > COUNT
    assert COUNT // 50 < refused < COUNT // 4  # errors tell, too; but most are answered
    report("statements of a client, in two databases", COUNT, differences=0, rows=rows, refused=refused)


def test_a_view_asks_for_its_client_before_anything_of_the_reader(twins: Twins) -> None:
    """Else `explain (analyze)` tells whether any row of anybody met what the reader asked for."""
    with owned(twins.urls[0]) as connection, connection.cursor() as cursor:
        cursor.execute("set enable_indexscan = off; set enable_bitmapscan = off")
        for cost in COSTS:
            cursor.execute(f"set cpu_operator_cost = {cost}")
            for view, columns in visible(twins).items():
                column = next(column for column, kind in columns.items() if kind == "text")
                cursor.execute(f"explain (costs off) select * from bi.{view} where {column} < 'reader'")
                plan = [line for (line,) in cursor.fetchall()]
                filters = [line for line in plan if "'reader'" in line]
                assert filters
                assert any("CASE" in line for line in plan)  # as a condition of an index it comes first, too
                assert all(line.find("CASE") < line.find("'reader'") for line in filters), (cost, filters)


def test_doctor_asks_the_same_in_short(twins: Twins) -> None:
    with database.session() as current:
        assert interference.differences(current) == []


@pytest.mark.parametrize("schema", ["marts", "bi"])
def test_what_protects_less_is_found(twins: Twins, schema: str) -> None:
    """The comparison sees what it is for: a policy alone, or a condition of a barrier view alone, tells of others."""
    for url in twins.owner_urls:
        with owned(url) as connection, connection.cursor() as cursor:
            if schema == "marts":
                cursor.execute(OF_OLD.format(readers=roles.readers_role(make_url(twins.owner_urls[0]))))
            else:
                for view, columns in visible(twins).items():
                    # A column of the same type and name takes the place of the expression.
                    bare = ", ".join(f"{column}::{kind}" for column, kind in columns.items())
                    cursor.execute(f"alter policy client on marts.{view} using (true)")
                    cursor.execute(
                        f"create or replace view bi.{view} with (security_barrier) as select {bare} from marts.{view}"
                        " where client_id = (select client_id from access.bi_logins where login = current_user::text)"
                    )
            connection.commit()
    columns = twins.columns if schema == "marts" else visible(twins)
    found, _, _ = differences(twins, schema, columns, 300, seed=2)
    assert len(found) > 5
    if schema == "bi":
        with database.session() as current:
            assert any("plans of bi.daily_metrics tell" in line for line in interference.differences(current))


def test_no_expression_of_a_view_is_leakproof(twins: Twins) -> None:
    """`access.wrapped` is worth something only while Postgres believes none of its functions."""
    kinds = {kind for columns in twins.columns.values() for kind in columns.values()}
    with owned(twins.owner_urls[0]) as connection, connection.cursor() as cursor:
        for kind in kinds:
            cursor.execute("select access.wrapped('a', cast(%s as regtype))", (kind,))
            wrapped = cursor.fetchone()[0]
            cursor.execute(
                f"create temporary table t (a {kind}); create temporary view v as select {wrapped} as b from t"
            )
            cursor.execute("select ev_action::text from pg_rewrite where ev_class = 'v'::regclass")
            tree = cursor.fetchone()[0]
            numbers = [int(number) for number in re.findall(r":(?:opfuncid|funcid) (\d+)", tree) if int(number)]
            operators = [int(number) for number in re.findall(r":opno (\d+)", tree)]
            cursor.execute(
                "select count(*) filter (where not proleakproof) from pg_proc where oid = any (%s)"
                " or oid in (select oprcode from pg_operator where oid = any (%s))", (numbers, operators),
            )  # fmt: skip
            assert cursor.fetchone()[0] > 0, kind
            connection.rollback()
