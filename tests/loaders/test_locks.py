"""The locks: who waits hears for whom, who dies frees them, and no default of the server's ends them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from loaders import locks
from loaders.errors import LoadFailed
from loaders.locks import locked
from loaders.results import silent
from tests.loaders import files
from tests.sources import facebook
from warehouse.postgres import database
from warehouse.postgres import locks as warehouse_locks
from warehouse.settings import PROJECT_ROOT, Settings

DAY = date(2025, 11, 4)
HOLD = (
    "import signal, sys; from loaders.locks import locked; from warehouse.settings import get_settings\n"
    # A shell that starts something in the background has it, and all below it, ignore Ctrl-C.
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "with locked(sys.argv[1], get_settings(), print):\n"
    "    print('held', flush=True); sys.stdin.read()"
)
# The view of a lock, by its name, among the locks of all databases.
IS_OF = """
    locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
    and relation = (select to_regclass('locks.lock_' || number) from locks.names where name = :name)
"""
END = f"select count(pg_terminate_backend(pid)) from pg_locks where granted and {IS_OF}"


@contextmanager
def process(name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that asks for a lock and keeps it."""
    command = [sys.executable, "-c", HOLD, name]
    started = subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=os.environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    with started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def holding(name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock."""
    with process(name) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder


def take(settings: Settings, name: str, tell: Callable[[str], None] = silent) -> float:
    """Take a lock and give it back; the moment at which it was had."""
    with locked(name, settings, tell):
        return time.monotonic()


def is_waited_for(ask: Callable[..., list[Any]], name: str, times: int = 1) -> bool:
    query = f"select count(*) from pg_locks where not granted and {IS_OF}"
    return ask(query, name=name) == [(times,)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_waits_hears_for_what_and_for_whom_and_a_holder_that_is_killed_frees_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TELL_AFTER", 0.2)
    monkeypatch.setattr(locks, "TELL_AGAIN", 0.2)
    told: list[str] = []
    with holding("a lock") as holder, ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(take, settings, "a lock", told.append)
        wait_for(lambda: len(told) > 1)
        holder.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        assert waiter.result(timeout=30) - killed_at < 5
    assert told[0].startswith(f"waiting for `a lock`, held by process {holder.pid} of ")
    assert " UTC, for 0 s now" in told[0]


def test_who_came_first_is_served_first(settings: Settings, ask: Callable[..., list[Any]]) -> None:
    waiters: list[Future[float]] = []
    with ThreadPoolExecutor(4) as pool:
        with locked("a queue", settings):
            for number in range(4):
                waiters.append(pool.submit(take, settings, "a queue"))
                wait_for(lambda number=number: is_waited_for(ask, "a queue", number + 1))
        had_at = [waiter.result(timeout=30) for waiter in waiters]
    assert had_at == sorted(had_at)


def test_ctrl_c_ends_the_wait_at_once(settings: Settings, ask: Callable[..., list[Any]]) -> None:
    with locked("a long one", settings), process("a long one") as waiter:
        wait_for(lambda: is_waited_for(ask, "a long one"))
        waiter.send_signal(signal.SIGINT)
        sent_at = time.monotonic()
        assert waiter.wait(timeout=30) != 0
        assert time.monotonic() - sent_at < 5
        wait_for(lambda: is_waited_for(ask, "a long one", 0))


def test_timeouts_of_the_server_end_neither_the_wait_nor_the_holding(settings: Settings, database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    timeouts = (
        "statement_timeout", "lock_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout",
        "transaction_timeout",
    )  # fmt: skip
    with database.engine(settings).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for timeout in timeouts:
            connection.execute(text(f"alter database {name} set {timeout} = '300ms'"))
        try:
            with ThreadPoolExecutor(1) as pool:
                with locked("a slow one", settings) as lock:
                    waiter = pool.submit(take, settings, "a slow one")
                    time.sleep(1.0)
                    lock.check()
                    freed_at = time.monotonic()
                assert waiter.result(timeout=30) >= freed_at
        finally:
            for timeout in timeouts:
                connection.execute(text(f"alter database {name} reset {timeout}"))


def test_who_holds_a_lock_for_hours_holds_no_vacuum_back(settings: Settings, ask: Callable[..., list[Any]]) -> None:
    query = f"""
        select state, backend_xid is null, backend_xmin is null
        from pg_stat_activity inner join pg_locks using (pid) where granted and {IS_OF}
    """
    with locked("a long one", settings) as lock:
        assert ask(query, name="a long one") == [("idle in transaction", True, True)]
        lock.check()
        assert ask(query, name="a long one") == [("idle in transaction", True, True)]


def test_a_vacuum_of_the_whole_database_waits_for_no_lock(settings: Settings) -> None:
    with locked("a long one", settings), database.engine(settings).connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text("set lock_timeout = '1s'"))
        alone.execute(text("vacuum"))
        alone.execute(text("analyze"))
        alone.execute(text("reset lock_timeout"))


def test_two_that_need_a_lock_for_the_first_time_in_the_same_moment_hold_it_after_each_other(
    settings: Settings,
) -> None:
    def hold(number: int) -> tuple[float, float]:
        with database.session(settings) as current:
            warehouse_locks.hold(current, f"new {number % 5}")
            had_at = time.monotonic()
            time.sleep(0.05)
            return had_at, time.monotonic()

    with ThreadPoolExecutor(10) as pool:
        held = list(pool.map(hold, range(10)))
    for one, other in zip(held[:5], held[5:], strict=True):
        assert one[1] <= other[0] or other[1] <= one[0]


def test_a_lock_that_is_lost_with_its_connection_is_noticed(settings: Settings, ask: Callable[..., list[Any]]) -> None:
    with locked("a lost one", settings) as lock:
        lock.check()
        assert ask(END, name="a lost one") == [(1,)]
        with pytest.raises(LoadFailed, match="the lock `a lost one` was lost with its connection"):
            lock.check()
    take(settings, "a lost one")


def test_a_load_that_has_lost_its_lock_writes_nothing(
    settings: Settings, client_id: str, ask: Callable[..., list[Any]]
) -> None:
    def lose(message: str) -> None:
        if message.startswith("writing"):
            assert ask(END, name=f"paidmedia load facebook {client_id}") == [(1,)]

    data = files.facebook(files.facebook_row(DAY))
    lost = facebook.load(settings, facebook.receive(settings, data, "a.csv", client_id, "ann"), on_progress=lose)
    assert [outcome.status for outcome in lost.deliveries] == ["failed"]
    assert "was lost with its connection" in lost.errors[0]
    assert ask("select count(*) from raw_facebook.deliveries where client_id = :c", c=client_id) == [(0,)]
    assert facebook.load(settings, facebook.receive(settings, data, "a.csv", client_id, "ann")).ok
