"""What a client's login does to harm others: connections, disk, time, locks, the log. Each attempt is a real session's.

`Harm` runs every kind at once until it is stopped; `OtherReaders` asks as others do, meanwhile, and keeps the longest
wait.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from warehouse.access import bi_logins, bi_watch, users
from warehouse.postgres import database, roles
from warehouse.settings import get_settings

# What a login sets first, because it may.
FREED = (
    "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set default_transaction_read_only = off;"
    " set lock_timeout = 0; set work_mem = '64kB'"
)

# Each needs nothing but the right to the function. Where PUBLIC has it, the statement is left out: it would do harm.
FUNCTIONS: dict[str, str] = {
    "pg_advisory_lock(bigint)": "select pg_advisory_lock(n) from generate_series(1, 1000) as n",
    "pg_advisory_lock_shared(bigint)": "select pg_advisory_lock_shared(n) from generate_series(1, 1000) as n",
    "pg_advisory_xact_lock(bigint)": "select pg_advisory_xact_lock(7001001)",
    "pg_try_advisory_lock(bigint)": "select pg_try_advisory_lock(7001001)",
    "pg_try_advisory_xact_lock(integer, integer)": "select pg_try_advisory_xact_lock(1, 1)",
    "pg_logical_emit_message(boolean, text, text, boolean)":
        "select pg_logical_emit_message(false, 'x', repeat('x', 1000000), false)",
    "pg_logical_emit_message(boolean, text, bytea, boolean)":
        "select pg_logical_emit_message(true, 'x', decode(repeat('00', 1000000), 'hex'), true)",
    "lo_create(oid)": "select lo_create(0)",
    "lo_creat(integer)": "select lo_creat(-1)",
    "lo_from_bytea(oid, bytea)": "select lo_from_bytea(0, decode(repeat('00', 1000000), 'hex'))",
    "pg_notify(text, text)": "select pg_notify('x', repeat('x', 7000))",
}  # fmt: skip

# What no login may at all.
REFUSED = (
    "create temporary table mine as select 1",
    "create table bi.mine ()",
    "create schema mine",
    "do $$ begin raise log 'x'; end $$",
    "begin; lock table bi.daily_metrics in access exclusive mode",
    "begin; lock table bi.daily_metrics in row exclusive mode",
    "begin; lock table marts.daily_metrics in access share mode",
    "begin; lock table control.clients in access share mode",
    "begin; lock table access.bi_logins in access share mode",
    "select * from bi.daily_metrics for update",
    "select * from bi.dim_clients for share",
    "delete from bi.daily_metrics",
    "update bi.dim_clients set client_id = ''",
    "set temp_file_limit = -1",
    "set session_replication_role = replica",
    "set log_statement = 'all'",
    "set track_activities = off",
    "alter role current_user connection limit 1000",
    "alter role current_user set temp_file_limit = -1",
    "alter role {others} nologin",
    "drop role {others}",
    "set role {others}",
    # A session that has just ended is no harm: the function says false then, and no row comes.
    # First whose sessions they are: else the function is asked of the first process that comes.
    "with theirs as materialized (select pid from pg_stat_activity where usename = '{others}')"
    " select pid from theirs where pg_terminate_backend(pid)",
    "with theirs as materialized (select pid from pg_stat_activity where usename = '{others}')"
    " select pid from theirs where pg_cancel_backend(pid)",
    "select pg_switch_wal()",
    "select pg_create_restore_point('x')",
    "select pg_create_physical_replication_slot('x', true)",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_stat_reset()",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/mine'",
    "select pg_read_file('postgresql.conf')",
    "checkpoint",
    "create database mine",
    "vacuum full marts.daily_metrics",
    "reindex table marts.daily_metrics",
    "drop view bi.daily_metrics",
    "create publication mine for all tables",
    "comment on view bi.daily_metrics is ''",
)  # fmt: skip

# No view can be updated, because none of its columns is one of the table; all else is a matter of rights.
REFUSALS = (errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)

# Between two attempts of a kind: nothing in Postgres shares out the processors, and these tests have two.
PAUSE = 1.0
TEMP_FILES = "64MB"  # so that the disk of the tests is spared what the real limit allows
LONGEST_WAIT = 2.5  # seconds, on a machine that does much else; 0.3 alone

SPILL = "select n from generate_series(1, 20000000) as n order by n desc limit 1 offset 19999999"
HELD = "declare mine cursor with hold for select n, repeat('x', 100) from generate_series(1, 20000000) as n"
ENDLESS = (
    "select pg_sleep(3600)",
    "select count(*) from generate_series(1, 100000000000) as n",
)
IDLE = (
    "begin; select * from bi.{view}",
    "begin isolation level repeatable read; select * from bi.{view}",
    "begin; lock table bi.{view} in access share mode",
    "begin; declare mine cursor for select * from bi.{view}; fetch 1 from mine",
)


def revoked_functions(connection: Connection) -> list[str]:
    """The statements of `FUNCTIONS` whose function PUBLIC may not execute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select name from unnest(%(names)s) as name"
            " where not has_function_privilege(to_regprocedure(name), 'execute')",
            {"names": list(FUNCTIONS)},
        )
        return [FUNCTIONS[name] for (name,) in cursor.fetchall()]


def is_refused(connection: Connection, statement: str) -> bool:
    """Whether a login may not do it, or finds nobody whom it could harm. Raises where the session was ended."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
            return cursor.statusmessage == "SELECT 0"
        except REFUSALS:
            return True
        finally:
            if not connection.closed:
                cursor.execute("rollback")


def harmful_logins(current: Session, client_id: str, count: int = 10) -> list[str]:
    """The URLs of new logins of a client, whose sorts may take little of the disk of the tests."""
    urls = [bi_logins.add(current, get_settings(), client_id) for _ in range(count)]
    for url in urls:
        current.execute(text(f"alter role \"{make_url(url).username}\" set temp_file_limit = '{TEMP_FILES}'"))
    return urls


def other_readers(current: Session, client_id: str, login_url: str) -> "OtherReaders":
    """A login of another client, and a person of theirs in the app."""
    email = f"b@{client_id}.example"
    users.add_user(current, email, role="client", client_id=client_id)
    app_url = roles.app_url(get_settings(), database.database_url())
    return OtherReaders(reads(login_url, app_url, users.get_user(current, email).user_id))


@dataclass
class Harm:
    """Logins of clients that do all of it, each kind in sessions of its own, until the end of `with`.

    `done` counts attempts by kind; `surprises` are statements that were not refused as they should be.
    """

    urls: Sequence[str]
    others: str
    views: Sequence[str]
    done: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    revoked: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator["Harm"]:
        """Begin; what is still running at the end is left to whoever watches the logins."""
        kinds: list[tuple[str, Callable[[int], None]]] = [
            ("connections held", self._hold_connections), ("refused statements", self._refused),
            ("spills", self._spill), ("cursors held", self._hold_cursor), ("idle transactions", self._idle),
            *[("endless statements", self._endless(statement)) for statement in ENDLESS],
        ]  # fmt: skip
        threads = [
            threading.Thread(target=self._again, args=(name, kind, number), daemon=True)
            for number, (name, kind) in enumerate(kinds)
        ]
        for each in threads:
            each.start()
        try:
            yield self
        finally:
            self._stop.set()
            for each in threads:
                each.join(60)

    def _again(self, name: str, kind: Callable[[int], None], number: int) -> None:
        while not self._stop.is_set():
            with suppress(psycopg2.Error):  # ended by the watch, or no connection left: begin anew
                kind(number)
            self.done[name] += 1
            self._stop.wait(PAUSE)

    def _connect(self, number: int) -> Connection:
        return psycopg2.connect(self.urls[number % len(self.urls)])

    def _hold_connections(self, _number: int) -> None:
        """Everything that ten logins get, nine of ten each so that the other kinds get in too."""
        with ExitStack() as stack:
            for url in self.urls:
                with suppress(psycopg2.OperationalError):
                    for _ in range(9):
                        stack.enter_context(closing(psycopg2.connect(url)))
                        self.done["connections opened"] += 1
            self._stop.wait(5)

    def _refused(self, number: int) -> None:
        with closing(self._connect(number)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(FREED)
            revoked = revoked_functions(connection)
            self.revoked = len(revoked)
            for statement in (*revoked, *(each.format(others=self.others) for each in REFUSED)):
                self.done["statements"] += 1
                if not is_refused(connection, statement):
                    self.surprises.append(statement)

    def _spill(self, number: int) -> None:
        self._expect_limit(number, SPILL)

    def _hold_cursor(self, number: int) -> None:
        self._expect_limit(number, f"begin; {HELD}; commit")

    def _expect_limit(self, number: int, statement: str) -> None:
        with closing(self._connect(number)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(FREED)
            self.done["statements"] += 1
            try:
                cursor.execute(statement)
                self.surprises.append(statement)
            except errors.ConfigurationLimitExceeded:
                self.done["stopped at the limit of temporary files"] += 1

    def _idle(self, number: int) -> None:
        """Transactions that stay open on every view, in every way, until the watch ends them."""
        with ExitStack() as stack:
            sessions = []
            for turn, view in enumerate(self.views):
                connection = stack.enter_context(closing(self._connect(number + turn)))
                connection.autocommit = True
                connection.cursor().execute(FREED)
                connection.cursor().execute(IDLE[turn % len(IDLE)].format(view=view))
                self.done["statements"] += 1
                sessions.append(connection)
            while not self._stop.is_set() and sessions:
                self._stop.wait(0.5)
                sessions = [each for each in sessions if _lives(each)]

    def _endless(self, statement: str) -> Callable[[int], None]:
        def run(number: int) -> None:
            with closing(self._connect(number)) as connection, connection.cursor() as cursor:
                connection.autocommit = True
                cursor.execute(FREED)
                self.done["statements"] += 1
                cursor.execute(statement)
                self.surprises.append(statement)

        return run


def _lives(connection: Connection) -> bool:
    """Whether the server has ended a session, without a word to it."""
    with suppress(psycopg2.Error):
        connection.poll()
    return not connection.closed


@dataclass
class OtherReaders:
    """Those who read meanwhile: each connects, asks and leaves, again and again."""

    asked: Sequence[tuple[str, tuple[str, ...]]]  # a URL, and statements
    longest: dict[int, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    count: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator["OtherReaders"]:
        """Begin; stopped at the end."""
        threads = [threading.Thread(target=self._read, args=(n,), daemon=True) for n in range(len(self.asked))]
        for each in threads:
            each.start()
        try:
            yield self
        finally:
            self._stop.set()
            for each in threads:
                each.join(60)

    def _read(self, number: int) -> None:
        url, statements = self.asked[number]
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)
                    assert cursor.fetchall()
            except (psycopg2.Error, AssertionError) as error:
                self.problems.append(repr(error))
            took = time.monotonic() - begun
            self.longest[number] = max(took, self.longest.get(number, 0))
            self.count += 1
            self._stop.wait(0.1)


def reads(login_url: str, app_url: str, viewer: int) -> list[tuple[str, tuple[str, ...]]]:
    """What the login of another client asks, and the app for a person of it."""
    totals = "select sum(impressions), count(*) from {schema}.daily_metrics"
    return [
        (login_url, (totals.format(schema="bi"),)),
        (app_url, (f"select set_config('paidmedia.viewer', '{viewer}', true)", totals.format(schema="marts"))),
    ]


def be_strict(patch: pytest.MonkeyPatch) -> None:
    """A login's statement and wait may last two seconds."""
    patch.setenv("BI_STATEMENT_SECONDS", "2")
    patch.setenv("BI_IDLE_SECONDS", "2")


@dataclass
class Watched:
    """What the watch has ended, and how many connections the product had at most."""

    ended: list[bi_watch.Ended] = field(default_factory=list)
    most: int = 0


OURS = "select count(*) from pg_stat_activity where usename in (current_user, :app) and datname = current_database()"


@contextmanager
def watched() -> Iterator[Watched]:
    """Look twice a second, as the sensor does twice a minute."""
    stop, seen = threading.Event(), Watched()

    def look() -> None:
        while not stop.is_set():
            with database.session() as current:
                seen.ended += bi_watch.watch(current, get_settings(), margin=1)
                app = roles.app_role(current.connection().engine.url)
                seen.most = max(seen.most, current.scalar(text(OURS), {"app": app}) or 0)
            stop.wait(0.5)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        stop.set()
        watching.join()
