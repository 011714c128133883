"""Schedules and sensors ask for the right runs; the code location validates as Dagster's own command sees it."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from loaders.registry import source_of
from orchestration.definitions import defs
from orchestration.defs.automation import daily_schedule, model_what_arrived, reread_tags, upload_received
from orchestration.defs.bi_watch import bi_watch
from tests.sources import facebook
from warehouse.clients import clients
from warehouse.deliveries import verdicts
from warehouse.postgres import database
from warehouse.settings import PROJECT_ROOT, Settings

EXPORT = (
    b"Day,Campaign name,Ad set name,Ad name,Impressions,Link clicks,Amount spent (USD)\n2026-01-01,C,S,A,10,3,5.00\n"
)


@pytest.fixture
def acme(settings: Settings) -> str:
    with database.session(settings) as current:
        if current.get(clients.Client, "acme") is None:
            clients.add_client(
                current, "acme", name="Acme", currency="USD", cpm=Decimal(5), effective_date=date(2026, 1, 1)
            )
    return "acme"


def test_a_daily_run_reads_yesterday_and_the_days_before_it_again() -> None:
    tags = reread_tags(datetime(2026, 3, 1, 5, 0, tzinfo=UTC), 3)
    assert sorted(tags.values()) == ["2026-02-26", "2026-02-28"]


def test_a_schedules_tick_asks_for_one_run_over_those_days(settings: Settings, tmp_path: Path) -> None:
    schedule = daily_schedule(source_of("surfside"), settings)
    at_five = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.build_schedule_context(instance=instance, scheduled_execution_time=at_five) as context,
    ):
        (request,) = schedule.evaluate_tick(context).run_requests
    assert sorted(request.tags.values())[:2] == ["2026-11-18", "2026-11-20"]


def test_each_waiting_upload_gets_a_run_of_its_own(settings: Settings, acme: str) -> None:
    with dg.build_sensor_context() as context:
        assert not upload_received(context).run_requests
        uploads = [facebook.receive(settings, EXPORT, f"{n}.csv", acme, "a test") for n in (1, 2)]
        requested = upload_received(context).run_requests
    assert [request.run_key for request in requested] == [str(upload) for upload in uploads]
    assert requested[0].run_config["ops"]["load_facebook"]["config"] == {"upload_ids": [str(uploads[0])]}


def test_a_build_is_asked_for_once_per_change(settings: Settings, acme: str) -> None:
    with dg.build_sensor_context() as context:
        assert isinstance(model_what_arrived(context), dg.RunRequest)
        assert isinstance(model_what_arrived(context), dg.SkipReason)
        with database.session(settings) as current:
            verdicts.record(current, "facebook", [verdicts.Judgement("d1", acme)])
        assert isinstance(model_what_arrived(context), dg.RunRequest)
        assert isinstance(model_what_arrived(context), dg.SkipReason)


def test_a_held_delivery_asks_for_no_build(settings: Settings, acme: str) -> None:
    with dg.build_sensor_context() as context:
        model_what_arrived(context)
        with database.session(settings) as current:
            verdicts.record(current, "facebook", [verdicts.Judgement("d2", acme, [{"expectation": "x"}])])
        assert isinstance(model_what_arrived(context), dg.SkipReason)


def test_the_watch_over_bi_logins_starts_no_run(settings: Settings) -> None:
    with dg.build_sensor_context() as context:
        assert isinstance(bi_watch(context), dg.SkipReason)


def test_every_job_of_schedules_and_sensors_exists() -> None:
    repository = defs().get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs()}
    only_look = ("alerts", "bi_watch")
    that_start_runs = (
        *repository.schedule_defs, *(each for each in repository.sensor_defs if each.name not in only_look)
    )  # fmt: skip
    wanted = {each.job_name for each in that_start_runs}
    assert wanted <= jobs


def test_dagster_validates_the_code_location(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"]
    environment = os.environ | {"DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
