"""When the schedules ask for what: the crons of the settings, the summaries of any day, ticks that a daemon missed."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.tags import SCHEDULE_NAME_TAG

from orchestration.definitions import defs
from orchestration.lib import names
from warehouse.settings import PROJECT_ROOT

DEFAULTS = {"surfside_daily": "0 5 * * *", "vibe_daily": "0 6 * * *", "summaries_daily": "0 7 * * *"}
CLOCK = re.compile(r"\b(now\(\)|current_date|current_timestamp|localtimestamp|clock_timestamp|run_started_at)", re.I)


@pytest.fixture(scope="module")
def schedules(database_url: str) -> dict[str, dg.ScheduleDefinition]:
    found = defs().get_repository_def().schedule_defs
    return {each.name: each for each in found if isinstance(each, dg.ScheduleDefinition)}


def test_every_schedule_runs_by_itself_at_its_hour_of_utc(schedules: dict[str, dg.ScheduleDefinition]) -> None:
    assert {name: schedules[name].cron_schedule for name in DEFAULTS} == DEFAULTS
    assert {each.execution_timezone for each in schedules.values()} == {"UTC"}
    assert {schedules[name].default_status for name in DEFAULTS} == {dg.DefaultScheduleStatus.RUNNING}


@pytest.mark.parametrize(
    "day", [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2)], ids=["a Monday", "the 1st", "any other day"]
)
def test_at_seven_the_summaries_of_weeks_and_months_are_built_whatever_day_it_is(
    schedules: dict[str, dg.ScheduleDefinition], day: date
) -> None:
    schedule = schedules["summaries_daily"]
    assert schedule.job_name == names.BUILD_JOB
    at_seven = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=at_seven) as context:
        assert len(schedule.evaluate_tick(context).run_requests or []) == 1


def test_no_model_looks_at_the_clock() -> None:
    """So a week or month is as complete as what was delivered, on whichever day it is built."""
    models = sorted((PROJECT_ROOT / "dbt_project").glob("m*/**/*.sql"))
    assert len(models) > 50
    assert [path.name for path in models if CLOCK.search(re.sub(r"--.*|\{#.*?#\}", "", path.read_text()))] == []


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def read(schedule: dg.ScheduleDefinition, tick: datetime, instance: dg.DagsterInstance) -> list[date]:
    """The days of the run that a tick asks for, which is then one of the instance's runs."""
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=tick) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or []
    tags = {**request.tags, SCHEDULE_NAME_TAG: schedule.name}
    instance.add_run(dg.DagsterRun(schedule.job_name, run_id=str(uuid4()), tags=tags))
    first, last = (date.fromisoformat(tags[f"dagster/asset_partition_range_{end}"]) for end in ("start", "end"))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.mark.parametrize("missed", [0, 1, 2, 3, 40], ids=lambda missed: f"{missed} missed")
@pytest.mark.parametrize("source", ["surfside", "vibe"])
def test_the_run_after_missed_ticks_reads_the_days_of_all_of_them(
    schedules: dict[str, dg.ScheduleDefinition], instance: dg.DagsterInstance, source: str, missed: int
) -> None:
    """Dagster makes up for the newest missed tick alone: its run reads what each of them would have read."""
    schedule, first = schedules[f"{source}_daily"], datetime(2026, 11, 20, 5, tzinfo=UTC)
    yesterday = first.date() - timedelta(days=1)
    before = [yesterday - timedelta(days=number) for number in (2, 1, 0)]
    assert read(schedule, first, instance) == before
    after = read(schedule, first + timedelta(days=missed + 1), instance)
    assert after == [*before[1:], *(yesterday + timedelta(days=number) for number in range(1, missed + 2))]
    next_one = read(schedule, first + timedelta(days=missed + 2), instance)
    assert next_one == [day + timedelta(days=1) for day in after[-3:]]


def test_a_tick_of_the_same_day_reads_the_same_days(
    schedules: dict[str, dg.ScheduleDefinition], instance: dg.DagsterInstance
) -> None:
    schedule, at_five = schedules["surfside_daily"], datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert read(schedule, at_five, instance) == read(schedule, at_five + timedelta(hours=12), instance)
