"""Everything that leaves in time, part by part: months of the fact, raw rows, the audit log, runs, log files.

A part that fails does not keep the others from theirs.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from loaders.ledger import losers
from loaders.locks import locked
from orchestration.lib import names, old_logs
from orchestration.lib.progress import report
from warehouse.deliveries import transitions
from warehouse.errors import PaidMediaError
from warehouse.months import utc_today
from warehouse.retention import Expired, audit_trail, months
from warehouse.settings import Settings

# What is done with the rows of losers before they are dropped.
BEFORE_DROPPING: Sequence[losers.BeforeDropping] = (transitions.keep_transitions,)

Part = Callable[..., Iterator[Expired]]
# In this order: what was archived no longer counts in raw. The first two may not run beside a build.
BESIDE_NO_BUILD: dict[str, Part] = {
    "months": months.expire,
    "raw rows": partial(losers.expire, before_dropping=BEFORE_DROPPING),
}
AT_ANY_TIME: dict[str, Part] = {
    "audit log": audit_trail.expire,
    "runs": old_logs.expire_runs,
    "log files": old_logs.expire_files,
}


@dataclass
class Outcome:
    """What has left, or would leave, and a line for each part that failed."""

    expired: list[Expired] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run(settings: Settings, *, today: date | None = None, dry_run: bool = False) -> Outcome:
    """Let go of what is older than the settings say on `today` (UTC), or, in a dry run, only say what that is."""
    day = today or utc_today()
    outcome = Outcome()
    alone: AbstractContextManager[object] = nullcontext() if dry_run else locked(names.BUILD_LOCK, settings, report)
    try:
        with alone:
            _run(BESIDE_NO_BUILD, settings, day, dry_run, outcome)
    except PaidMediaError as error:
        outcome.problems.append(str(error))
    _run(AT_ANY_TIME, settings, day, dry_run, outcome)
    return outcome


def _run(parts: dict[str, Part], settings: Settings, today: date, dry_run: bool, outcome: Outcome) -> None:
    for name, part in parts.items():
        report(f"retention: {name}")
        try:
            for each in part(settings, today, dry_run=dry_run):
                outcome.expired.append(each)
        except Exception as error:  # whatever it was, the next part has its turn, and the run fails with this line
            what = str(error) if isinstance(error, PaidMediaError) else f"{type(error).__name__}: {error}"
            outcome.problems.append(f"{name}: {' '.join(what.split())[:500]}")
