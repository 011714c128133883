"""Locks in Postgres: one loader at a time for a client and source, one build, whichever process it runs in.

A lock (`warehouse.postgres.locks`) lives as long as its connection, whose one transaction does nothing else, so a
killed process leaves none behind, and its place in the queue is the connection's too: who came first is served first.
Whoever takes a second lock takes them in this order, so that no two wait for each other:

    paidmedia prepare (given back before the next) → paidmedia load SOURCE CLIENT → the Vibe account's, for one look
    paidmedia build
"""

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from loaders.errors import LoadFailed
from loaders.results import Progress, silent
from warehouse.audit import operator
from warehouse.errors import PaidMediaError
from warehouse.postgres import database, locks
from warehouse.settings import Settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class

TELL_AFTER = 3.0  # seconds of waiting after which the holder is named
TELL_AGAIN = 15.0  # and named again: by then it may be another one

# The connection idles while the work is done and waits as long as another one's work takes, whatever the server's
# defaults say. A holder whose machine is gone is noticed within a minute.
_OPTIONS = (
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
# A server before 17 does not know it, and refuses a connection that names it.
_NO_TRANSACTION_TIMEOUT = "select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'"


class Lock:
    """A lock that is held until its block ends."""

    def __init__(self, name: str, connection: "Connection") -> None:
        self._name, self._connection = name, connection

    def check(self) -> None:
        """Raise `LoadFailed` if the lock was lost with its connection: another process may be at work by now."""
        import psycopg2

        try:
            cursor = self._connection.cursor()
            cursor.execute("select 1")
            _wait(self._connection)
        except psycopg2.Error as error:
            what = f"the lock `{self._name}` was lost with its connection"
            raise LoadFailed(what, where=_reason(error), fix="load again") from error


@contextmanager
def locked(name: str, settings: Settings, tell: Progress = silent) -> Iterator[Lock]:
    """Hold the lock `name`, waiting for it if need be; `tell` hears who holds it once the wait is longer than a glance.

    Raises `PaidMediaError` where the server cannot be reached.
    """
    import psycopg2

    connection = None
    try:
        try:
            connection = _connect(settings)
            _acquire(connection, name, settings, tell)
        except psycopg2.Error as error:
            fix = "check DATABASE_URL"
            raise PaidMediaError("the database cannot be reached", where=_reason(error), fix=fix) from error
        yield Lock(name, connection)
    finally:
        if connection is not None:
            with suppress(psycopg2.Error):  # the server has closed it, and the lock with it
                connection.close()


def _connect(settings: Settings) -> "Connection":
    """An asynchronous connection: the wait for a lock is then a wait for a socket, which Ctrl-C ends at once."""
    import psycopg2

    connection: Any = psycopg2.connect(
        database.database_url(settings), async_=True, application_name="paidmedia lock", options=_OPTIONS
    )
    _wait(connection)
    return connection  # type: ignore[no-any-return]


def _acquire(connection: "Connection", name: str, settings: Settings, tell: Progress) -> None:
    with database.session(settings) as current:
        relation = locks.relation(current, name)
        locks.remember(current, connection.get_backend_pid(), _myself())
    cursor = connection.cursor()  # has to live as long as its statement
    cursor.execute(_NO_TRANSACTION_TIMEOUT)
    _wait(connection)
    cursor.execute(f"begin; {locks.statement(relation)}")
    if _wait(connection, TELL_AFTER):
        return
    began = time.monotonic() - TELL_AFTER
    while True:
        tell(f"waiting for `{name}`, {_holder(relation, settings)}, for {time.monotonic() - began:.0f} s now")
        if _wait(connection, TELL_AGAIN):
            return


def _wait(connection: "Connection", seconds: float | None = None) -> bool:
    """Whether what was asked of the connection is done; False when so many seconds have passed before."""
    from psycopg2.extensions import POLL_OK, POLL_READ

    deadline = None if seconds is None else time.monotonic() + seconds
    while (state := connection.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(connection, select.POLLIN if state == POLL_READ else select.POLLOUT)
        if not poller.poll(None if deadline is None else max(deadline - time.monotonic(), 0.0) * 1_000):
            return False
    return True


def _holder(relation: str, settings: Settings) -> str:
    with database.session(settings) as current:
        found = locks.holder(current, relation)
    return f"held by {found}" if found else "which is being handed on"


def _myself() -> str:
    """This process as others read it."""
    return f"process {os.getpid()} of {operator()} on {socket.gethostname()}"


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
