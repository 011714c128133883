"""When the schedules ask for what: the crons of the settings, the summaries of any day, ticks that a daemon missed."""

import re
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.defs.automation import reread_tags
from orchestration.lib import names
from warehouse.settings import PROJECT_ROOT, Settings

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


def test_the_days_of_a_missed_run_are_read_by_the_next_ones(settings: Settings) -> None:
    """A daemon that was down for up to `REREAD_DAYS - 1` mornings misses no day: each run reads the days before too."""
    ticks = [datetime(2026, 11, 20, 5, tzinfo=UTC) + timedelta(days=number) for number in range(10)]
    down = ticks[3 : 3 + settings.reread_days - 1]

    def days(tick: datetime) -> set[date]:
        first, last = sorted(map(date.fromisoformat, reread_tags(tick, settings.reread_days).values()))
        return {first + timedelta(days=number) for number in range((last - first).days + 1)}

    wanted = set().union(*map(days, ticks))
    assert set().union(*(days(tick) for tick in ticks if tick not in down)) == wanted
