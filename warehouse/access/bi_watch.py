"""The watch over BI logins: it ends the statements and transactions that a login's own time limits should have ended.

pg_stat_activity → `verdict` → pg_cancel_backend, pg_terminate_backend

A login can set its time limits itself, so they are only what its sessions begin with. Nothing that a login may do keeps
it from this: the clocks are the server's. Dagster's sensor `bi_watch` looks every half minute, and
`paidmedia bi-login watch` once.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse import logs
from warehouse.settings import Settings

MARGIN_SECONDS = 30  # after the login's own limit, which tells its tool better what has happened

Action = Literal["cancel", "terminate"]


@dataclass(frozen=True)
class Activity:
    """What a session of a BI login does: since when its transaction, its statement and its state last, in seconds.

    `writes`: whether it has a transaction number; reading needs none.
    """

    pid: int
    login: str
    application: str
    state: str
    transaction_seconds: float
    statement_seconds: float
    state_seconds: float
    writes: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether its transaction waits for the client's next word."""
        return self.state.startswith("idle in transaction")


@dataclass(frozen=True)
class Ended:
    """What was done to a session, and why."""

    activity: Activity
    action: Action
    why: str

    def __str__(self) -> str:
        done = "statement cancelled" if self.action == "cancel" else "connection ended"
        return f"{self.activity.login} (process {self.activity.pid}): {done}, {self.why}"


def verdict(
    activity: Activity, *, statement_seconds: int, idle_seconds: int, margin: int = MARGIN_SECONDS
) -> tuple[Action, str] | None:
    """What to do to a session that may compute and wait so long, with the reason; None leaves it alone.

    A statement that a cancel does not end is ended with its connection. A transaction may last as long as one statement
    and one wait, so that none is kept open by a word every few seconds.
    """
    longest, wait = statement_seconds + margin, idle_seconds + margin
    # Grants and settings of its own, even in vain, keep locks on the catalog until the transaction ends.
    if activity.writes:
        return "terminate", "its transaction writes"
    if activity.is_idle and activity.state_seconds > wait:
        return "terminate", f"its transaction was idle for {activity.state_seconds:.0f} s"
    if activity.transaction_seconds > longest + wait:
        return "terminate", f"its transaction was open for {activity.transaction_seconds:.0f} s"
    if activity.is_idle or activity.statement_seconds <= longest:
        return None
    why = f"its statement ran for {activity.statement_seconds:.0f} s"
    return ("cancel" if activity.statement_seconds <= longest + margin else "terminate"), why


def watch(current: Session, settings: Settings, *, margin: int = MARGIN_SECONDS) -> list[Ended]:
    """Look once; returns what was ended, which also stands in the log."""
    limits = {
        "statement_seconds": settings.bi_statement_seconds, "idle_seconds": settings.bi_idle_seconds, "margin": margin,
    }  # fmt: skip
    ended = []
    for row in current.execute(text(_ACTIVITIES)).mappings():
        activity = Activity(**row)
        judged = verdict(activity, **limits)
        if judged is not None and _end(current, activity, judged[0]):
            ended.append(Ended(activity, *judged))
    for each in ended:
        logs.logger(settings).warning(
            "bi login stopped", login=each.activity.login, pid=each.activity.pid, action=each.action, why=each.why,
            application=each.activity.application,
        )  # fmt: skip
    return ended


def _end(current: Session, activity: Activity, action: Action) -> bool:
    """Whether the process, if it still is that login's, was told."""
    current.execute(text("select pg_stat_clear_snapshot()"))  # else a transaction sees the sessions of its first look
    return current.scalar(text(_END[action]), {"pid": activity.pid, "login": activity.login}) is True


# Of another role's session only its members see this much, and may end it: `bi_logins` makes the owner one.
_ACTIVITIES = """
    select
        pid, usename::text as login, application_name as application, state,
        extract(epoch from clock_timestamp() - xact_start)::float as transaction_seconds,
        extract(epoch from clock_timestamp() - query_start)::float as statement_seconds,
        extract(epoch from clock_timestamp() - state_change)::float as state_seconds,
        backend_xid is not null as writes
    from pg_stat_activity
    where
        usename in (select login from access.bi_logins)
        and backend_type = 'client backend'
        and state <> 'idle'
        and xact_start is not null
        and pg_has_role(current_user, usesysid, 'usage')
    order by xact_start
"""

_OF_LOGIN = "(pid) from pg_stat_activity where pid = :pid and usename = :login"
_END: dict[Action, str] = {
    "cancel": f"select pg_cancel_backend{_OF_LOGIN}",
    "terminate": f"select pg_terminate_backend{_OF_LOGIN}",
}
