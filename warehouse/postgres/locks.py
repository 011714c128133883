"""Locks in Postgres that no reader can take, by name: one process at a time does what the name says.

A lock is an empty view in the schema `locks`, which only the owner may use, and is held by `lock table`. That uses up
no transaction number and keeps no snapshot, so a lock of hours holds no vacuum back. A vacuum of the whole database
would wait for a table, but passes views by. Names tell clients, and every login can list relations: the view has a
number, and its name stands in `locks.names`, which nobody else reads.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

_FIND = text("select number from locks.names where name = :name")
# A second process waits here until the first has made the view, and then finds it.
_ADD = text("insert into locks.names (name) values (:name) on conflict do nothing returning number")

_FORGET = text("delete from locks.sessions where pid not in (select pid from pg_stat_activity)")
_REMEMBER = text("""
    insert into locks.sessions (pid, process) values (:pid, :process)
    on conflict (pid) do update set process = excluded.process
""")
_HOLDER = text("""
    select coalesce(sessions.process, 'another process') as process,
        to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS') as began
    from pg_locks
    inner join pg_stat_activity as activity on activity.pid = pg_locks.pid
    left join locks.sessions on sessions.pid = pg_locks.pid
    where pg_locks.locktype = 'relation' and pg_locks.granted
        and pg_locks.database = (select oid from pg_database where datname = current_database())
        and pg_locks.relation = to_regclass(:relation)
""")


def relation(current: Session, name: str) -> str:
    """The view whose lock is that of `name`, made if it is the first time; `schema.name`."""
    number = current.scalar(_FIND, {"name": name})
    if number is None:
        number = current.scalar(_ADD, {"name": name})
        if number is None:
            return relation(current, name)
        current.execute(text(f"create view {_view(number)} as select"))
    return _view(number)


def statement(relation_name: str) -> str:
    """What takes the lock of a view until the end of the transaction; who came first is served first."""
    return f"lock table {relation_name} in share update exclusive mode"


def hold(current: Session, name: str) -> None:
    """Take a lock until the end of the session's transaction, waiting for it if need be."""
    current.execute(text(statement(relation(current, name))))


def remember(current: Session, pid: int, process: str) -> None:
    """Say whose a connection is, for those who wait for it: `application_name` would say it to every login."""
    current.execute(_FORGET)
    current.execute(_REMEMBER, {"pid": pid, "process": process})


def holder(current: Session, relation_name: str) -> str | None:
    """Who holds the lock of a view, for a person; None where nobody does."""
    found = current.execute(_HOLDER, {"relation": relation_name}).first()
    if found is None:
        return None
    return str(found.process) + (f", begun {found.began} UTC" if found.began else "")


def _view(number: int) -> str:
    return f"locks.lock_{number}"
