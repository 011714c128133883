"""Dagster's own scheduler and a code server of ours, told what time it is: ticks that were missed, a tick that fails.

What it starts is queued and not run. tests/deploy/test_production.py waits for a real minute.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._scheduler.scheduler import launch_scheduled_runs
from sqlalchemy import text

from orchestration.lib.instance import prepare_dagster_home
from warehouse.postgres import database
from warehouse.settings import get_settings

pytestmark = pytest.mark.heavy

SOURCES = ("surfside", "vibe")
SCHEDULES = ("retention_daily", "summaries_daily", "surfside_daily", "vibe_daily")


@dataclass(frozen=True)
class Scheduler:
    """The daemon's scheduler, of a warehouse that was started now."""

    workspace: WorkspaceProcessContext
    instance: dg.DagsterInstance
    started: datetime

    def wakes(self, at: datetime) -> None:
        """What a daemon does that has just started."""
        retries = self.instance.scheduler.max_tick_retries  # type: ignore[union-attr]
        log = logging.getLogger("scheduler")
        for _ in launch_scheduled_runs(self.workspace, log, at, iteration_times={}, max_tick_retries=retries):
            pass

    def at_noon(self, days: int) -> datetime:
        """So many days after the start; every daily tick of that day is over."""
        return datetime.combine(self.started.date() + timedelta(days=days), time(12), UTC)

    def runs(self) -> dict[str, list[dg.DagsterRun]]:
        """The runs of each schedule, oldest first."""
        found: dict[str, list[dg.DagsterRun]] = {}
        for run in reversed(self.instance.get_runs()):
            found.setdefault(run.tags["dagster/schedule_name"], []).append(run)
        return found


@pytest.fixture(scope="module")
def scheduler(database_url: str) -> Iterator[Scheduler]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_DATABASE_URL", database_url)
        target = ModuleTarget("orchestration.definitions", None, None, "paid-media")
        with (
            dg.DagsterInstance.from_config(str(prepare_dagster_home(get_settings()))) as instance,
            create_test_daemon_workspace_context(target, instance) as workspace,
        ):
            started = Scheduler(workspace, instance, datetime.now(UTC))
            started.wakes(started.started)
            yield started


def days(run: dg.DagsterRun) -> tuple[date, date]:
    first, last = (date.fromisoformat(run.tags[f"dagster/asset_partition_range_{end}"]) for end in ("start", "end"))
    return first, last


def test_of_five_missed_mornings_one_run_of_each_schedule_reads_every_day(scheduler: Scheduler) -> None:
    assert scheduler.runs() == {}
    scheduler.wakes(scheduler.at_noon(1))
    scheduler.wakes(scheduler.at_noon(6))
    scheduler.wakes(scheduler.at_noon(6) + timedelta(minutes=1))
    runs = scheduler.runs()
    assert {name: len(found) for name, found in runs.items()} == dict.fromkeys(SCHEDULES, 2)
    for source in SOURCES:
        before, after = (days(run) for run in runs[f"{source}_daily"])
        today = scheduler.started.date()
        assert before == (today - timedelta(days=2), today)
        assert after == (today - timedelta(days=1), today + timedelta(days=5))


def test_a_tick_that_meets_a_database_which_restarts_is_tried_again(scheduler: Scheduler) -> None:
    at = scheduler.at_noon(7)
    before = scheduler.runs()
    with database.session() as current:
        current.execute(text("alter table run_tags rename to run_tags_away"))
    try:
        scheduler.wakes(at)
    finally:
        with database.session() as current:
            current.execute(text("alter table run_tags_away rename to run_tags"))
    assert scheduler.runs() == before
    for minute in (1, 2):
        scheduler.wakes(at + timedelta(minutes=minute))
    assert {name: len(found) for name, found in scheduler.runs().items()} == dict.fromkeys(SCHEDULES, 3)
