"""`control.vibe_breakers`: an account whose reports fail one after another is left alone for a while.

closed → five reports in a row fail → open: refused at once → `PAUSE` later one report is the trial → closed, or open
for another `PAUSE`. A report that was refused for a reason of its own (a bad key, a bad request) counts neither way.
"""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from loaders.errors import SourceUnreachable
from warehouse.control import ReportBreaker
from warehouse.postgres import database
from warehouse.settings import Settings

FAILURES = 5  # each has been retried for about half a minute before it counts
PAUSE = timedelta(minutes=15)  # longer than a restart of the API, and a morning still holds several trials


class CircuitOpen(SourceUnreachable):
    """The account is left alone for now; nothing was sent."""


def admit(settings: Settings, account: str, now: datetime, title: str) -> bool:
    """Whether a report of the account, at the API of that title, would be the trial.

    Raises `CircuitOpen` while the account is left alone.

    Admitting a trial begins a new pause for everyone else, so that a trial whose process dies blocks nobody for longer.
    """
    with database.session(settings) as current:
        breaker = current.get(ReportBreaker, account, with_for_update=True)
        if breaker is None or breaker.tries_at is None:
            return False
        if now < breaker.tries_at:
            what = f"{title} is left alone after {breaker.failures} failed reports in a row"
            fix = f"load again after {breaker.tries_at:%Y-%m-%d %H:%M:%S} UTC, when one report is tried"
            raise CircuitOpen(what, where=f"the last one: {breaker.last_failure}", fix=fix)
        breaker.tries_at = now + PAUSE
        return True


def count_failure(settings: Settings, account: str, reason: str, now: datetime) -> None:
    """Count a report that the API failed to give. The fifth in a row opens the breaker, a failed trial again."""
    with database.session(settings) as current:
        current.execute(insert(ReportBreaker).values(account=account, failures=0).on_conflict_do_nothing())
        breaker = current.get_one(ReportBreaker, account, with_for_update=True)
        breaker.failures += 1
        breaker.last_failure = reason
        breaker.tries_at = now + PAUSE if breaker.failures >= FAILURES else None


def give_trial_back(settings: Settings, account: str, now: datetime) -> None:
    """The trial ended without a word about the API's health: the next report may be one."""
    with database.session(settings) as current:
        open_ = (ReportBreaker.account == account, ReportBreaker.tries_at.is_not(None))
        current.execute(update(ReportBreaker).where(*open_).values(tries_at=now))


def close(settings: Settings, account: str) -> None:
    """A report has arrived: nothing is in a row any more."""
    troubled = (ReportBreaker.account == account, ReportBreaker.failures > 0)
    with database.session(settings) as current:
        current.execute(update(ReportBreaker).where(*troubled).values(failures=0, last_failure=None, tries_at=None))
