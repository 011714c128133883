"""What BI logins cannot take from others: connections, disk, and time, whatever they set for themselves."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from decimal import Decimal

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url, text

from warehouse.access import bi_logins, bi_watch
from warehouse.access.bi_watch import Activity, Ended
from warehouse.clients import clients
from warehouse.errors import PaidMediaError
from warehouse.postgres import bi_limits, database, roles
from warehouse.postgres.bi_limits import Server
from warehouse.postgres.server_rights import DAGSTER_NEEDS, TEMP_FILES, WAREHOUSE_NEEDS
from warehouse.settings import Settings, get_settings


@pytest.fixture(scope="module")
def client(database_url: str) -> str:
    """A client."""
    with database.session() as current:
        rate = {"cpm": Decimal(10), "effective_date": date(2026, 1, 1)}
        clients.add_client(current, "acme", name="Acme", currency="USD", **rate)
        current.execute(text("create schema marts"))
    return "acme"


@pytest.fixture
def login_url(client: str, settings: Settings) -> Iterator[str]:
    """A login of that client, for one test."""
    with database.session() as current:
        url = bi_logins.add(current, settings, client)
    yield url
    with database.session() as current:
        bi_logins.remove(current, str(make_url(url).username))


def opened(url: str, count: int, stack: ExitStack) -> list[Connection]:
    """So many connections, or as many as the server gives."""
    found: list[Connection] = []
    for _ in range(count):
        try:
            found.append(stack.enter_context(closing(psycopg2.connect(url))))
        except psycopg2.OperationalError:
            break
    return found


@pytest.mark.parametrize(
    ("server", "logins", "each"),
    [
        (Server(18, 200, 3, 60, may_use_reserve=True), 40, 10),  # as the embedded one is
        (Server(15, 200, 3, 0, may_use_reserve=False), 5, 10),
        (Server(15, 200, 3, 0, may_use_reserve=False), 20, 6),
        (Server(17, 200, 3, 60, may_use_reserve=False), 10, 7),  # what is reserved is of no use to us
        (Server(17, 200, 3, 10, may_use_reserve=True), 20, 6),  # it is too little
    ],
)
def test_what_the_product_needs_is_left_whatever_the_logins_open(server: Server, logins: int, each: int) -> None:
    needed = WAREHOUSE_NEEDS
    assert bi_limits.allowance(server, needed, logins) == each
    if not server.keeps(needed):
        others = server.for_superusers + (0 if server.may_use_reserve else server.reserved)
        assert server.connections - others - logins * each >= needed


def test_a_login_too_many_is_refused_in_one_sentence() -> None:
    with pytest.raises(PaidMediaError, match="100 connections, of which 20 BI logins would get 37") as refused:
        bi_limits.allowance(Server(15, 100, 3, 0, may_use_reserve=False), WAREHOUSE_NEEDS, 20)
    assert "max_connections to 103" in str(refused.value.fix)
    assert bi_limits.allowance(Server(15, 103, 3, 0, may_use_reserve=False), WAREHOUSE_NEEDS, 20) == 2
    with pytest.raises(PaidMediaError, match="would get 0") as refused:  # it has not even what the product needs
        bi_limits.allowance(Server(15, 50, 3, 0, may_use_reserve=False), WAREHOUSE_NEEDS, 2)
    assert "max_connections to 67" in str(refused.value.fix)


def test_dagster_is_counted_where_its_storage_is_on_the_same_server(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = bi_limits.needed(settings, database_url)
    url = make_url(database_url).set(username="dagster", database="dagster")
    monkeypatch.setenv("DAGSTER_DATABASE_URL", url.render_as_string(hide_password=False))
    assert bi_limits.needed(get_settings(), database_url) == alone + DAGSTER_NEEDS
    monkeypatch.setenv("DAGSTER_DATABASE_URL", url.set(host="elsewhere").render_as_string(hide_password=False))
    assert bi_limits.needed(get_settings(), database_url) == alone


def test_ten_pools_of_ten_and_all_that_is_left_stop_neither_the_owner_nor_the_app(
    client: str, settings: Settings, database_url: str
) -> None:
    with database.session() as current:
        urls = [bi_logins.add(current, settings, client) for _ in range(10)]
    names = [str(make_url(url).username) for url in urls]
    with ExitStack() as stack:
        assert [len(opened(url, 11, stack)) for url in urls] == [10] * 10
        with database.session() as current:  # and if a limit were lost
            current.execute(text(f'alter role "{names[0]}" connection limit -1'))
        assert opened(urls[0], 200, stack)
        with pytest.raises(psycopg2.OperationalError, match="reserved"):
            psycopg2.connect(urls[0])
        for url in (database_url, roles.app_url(settings, database_url)):
            assert len(opened(url, 20, stack)) == 20
    with database.session() as current:
        for name in names:
            bi_logins.remove(current, name)


def test_a_login_spills_no_more_than_it_may_and_cannot_change_that(login_url: str) -> None:
    name = make_url(login_url).username
    with closing(psycopg2.connect(login_url)) as connection, connection.cursor() as cursor:
        cursor.execute("show temp_file_limit")
        assert cursor.fetchone() == (TEMP_FILES,)
    with database.session() as current:  # so that the test writes 8 MB
        current.execute(text(f"alter role \"{name}\" set temp_file_limit = '8MB'"))
    with closing(psycopg2.connect(login_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("set default_transaction_read_only = off; set work_mem = '64kB'")
        for statement in (
            "set temp_file_limit = -1",
            f'alter role "{name}" set temp_file_limit = -1',
            f'alter role "{name}" reset temp_file_limit',
            f'alter role "{name}" connection limit 100',
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(statement)
        cursor.execute(f'reset all; alter role "{name}" reset all')
    with closing(psycopg2.connect(login_url)) as connection, connection.cursor() as cursor:
        cursor.execute("set work_mem = '64kB'")
        with pytest.raises(errors.ConfigurationLimitExceeded):
            cursor.execute("select n from generate_series(1, 1000000) as n order by n desc limit 1 offset 999999")


def test_what_a_login_has_set_for_itself_is_undone(login_url: str, settings: Settings) -> None:
    url = make_url(login_url)
    lasting = ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "work_mem = '1GB'")
    for setting in lasting:
        with closing(psycopg2.connect(login_url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("set default_transaction_read_only = off")
            cursor.execute(f'alter role "{url.username}" set {setting}')
            cursor.execute(f'alter role "{url.username}" in database "{url.database}" set {setting}')
    with database.session() as current:
        bi_logins.migrate(current, settings)
    with closing(psycopg2.connect(login_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),"
            " current_setting('work_mem') = '1GB', current_setting('temp_file_limit')"
        )
        assert cursor.fetchone() == ("2min", "1min", False, TEMP_FILES)


def doing(state: str, transaction: float, statement: float, since: float) -> Activity:
    return Activity(1, "x", "", state, transaction, statement, since)


@pytest.mark.parametrize(
    ("activity", "action"),
    [
        (doing("active", 149, 149, 149), None),  # its own limit of 120 s, and the margin
        (doing("active", 151, 151, 151), "cancel"),
        (doing("active", 181, 181, 181), "terminate"),  # the cancel did not help
        (doing("fastpath function call", 181, 181, 181), "terminate"),
        (replace(doing("active", 1, 1, 1), writes=True), "terminate"),
        (doing("idle in transaction", 100, 100, 89), None),
        (doing("idle in transaction", 100, 100, 91), "terminate"),
        (doing("idle in transaction (aborted)", 100, 100, 91), "terminate"),
        (doing("idle in transaction", 239, 1, 1), None),
        (doing("idle in transaction", 241, 1, 1), "terminate"),  # a word now and then keeps it open
        (doing("active", 241, 1, 1), "terminate"),
    ],
)
def test_the_watch_ends_what_lasts_too_long_and_nothing_else(activity: Activity, action: str | None) -> None:
    judged = bi_watch.verdict(activity, statement_seconds=120, idle_seconds=60)
    assert (judged and judged[0]) == action


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Ended]]:
    """Looks once, where a statement and a wait may last a second."""
    monkeypatch.setenv("BI_STATEMENT_SECONDS", "1")
    monkeypatch.setenv("BI_IDLE_SECONDS", "1")

    def look() -> list[Ended]:
        with database.session() as current:
            return bi_watch.watch(current, get_settings(), margin=1)

    return look


def test_the_watch_ends_real_sessions_of_logins_and_leaves_the_others_alone(
    login_url: str, database_url: str, watch: Callable[[], list[Ended]]
) -> None:
    came: dict[str, str | None] = {}

    def run(name: str, url: str, statement: str) -> None:
        with closing(psycopg2.connect(url, application_name=name)) as connection, connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0")
            try:
                cursor.execute(statement)
                came[name] = "done"
            except psycopg2.Error as error:
                came[name] = error.pgcode

    with closing(psycopg2.connect(login_url, application_name="idle")) as idle, idle.cursor() as cursor:
        cursor.execute("set idle_in_transaction_session_timeout = 0; select 1")
        begun = [
            threading.Thread(target=run, args=arguments, daemon=True)
            for arguments in (
                ("long", login_url, "select pg_sleep(60)"),
                ("ours", database_url, "select pg_sleep(4)"),
            )
        ]
        for each in begun:
            each.start()
        time.sleep(0.5)
        assert watch() == []
        ended: list[Ended] = []
        deadline = time.monotonic() + 20
        while any(each.is_alive() for each in begun) and time.monotonic() < deadline:
            ended += watch()
            time.sleep(0.2)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select 1")
    done = {(each.activity.application, each.action) for each in ended}
    assert done == {("idle", "terminate"), ("long", "cancel")}
    assert came["long"] == "57014"
    assert came["ours"] == "done"
    log = "".join(path.read_text() for path in (get_settings().paidmedia_home / "logs").glob("*.log"))
    assert str(make_url(login_url).username) in log
