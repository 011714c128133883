"""Production as processes on Debian's Postgres: a schedule ticks, runs succeed, the app shows what was loaded.

In the end the daemon is stopped while ticks are due, and started again; a service outside hears that it is silent.
The commands are those of docker-compose.yml; Dagster's runs are in Postgres, every password is in a file.
"""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import dagster as dg
import httpx
import psycopg2
import pytest
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import SCHEDULE_NAME_TAG, SCHEDULED_EXECUTION_TIME_TAG
from playwright.sync_api import Page, expect
from sqlalchemy import make_url, text

from sandbox import world
from sandbox.plan import MediaPlan
from sandbox.s3 import put_object, s3_client
from sandbox.serve import set_up_commands
from sandbox.truth import totals
from sandbox.webhook import Webhook, webhook
from tests.crashes.victims import wait_for
from tests.deploy import debian_postgres, stack
from tests.end_to_end import chromium
from tests.end_to_end.conftest import page
from tests.loaders.files import surfside, surfside_row
from tests.sizes import cases, report
from warehouse.postgres import database, isolation
from warehouse.settings import get_settings

__all__ = ["page"]  # the fixture of the browser tests

pytestmark = [
    *(mark for mark in chromium.marks() if mark.name != "xdist_group"),
    debian_postgres.needed(),
    pytest.mark.heavy,
    pytest.mark.timeout(1_200),  # on a machine that runs other tests beside it
]

PATIENCE = 300
ONCE_A_YEAR = "0 0 1 1 *"
PASSWORD = secrets.token_urlsafe(12)
DAYS = 3
MINUTE = timedelta(minutes=1)
UNFINISHED = dg.RunsFilter(job_name="surfside_load", statuses=NOT_FINISHED_STATUSES)
LATE = "late"  # a client that comes while the daemon is stopped


@pytest.fixture(scope="module")
def plan() -> MediaPlan:
    return MediaPlan.generate(seed=3, clients=1, days=DAYS)


@pytest.fixture(scope="module")
def heartbeats() -> Iterator[Webhook]:
    """What HEARTBEAT_URL leads to."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="module")
def running(plan: MediaPlan, heartbeats: Webhook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Stack]:
    """Code server, webserver, daemon, app and docs, migrated, with one client and one person."""
    folder = tmp_path_factory.mktemp("production")
    stack.make_secrets(folder / "secrets")
    with debian_postgres.server(folder / "secrets") as port, world.running(plan) as outside:
        (folder / "secrets" / "aws_secret_access_key").write_text(outside["AWS_SECRET_ACCESS_KEY"])
        (folder / "secrets" / "heartbeat_url").write_text(heartbeats.heartbeat)
        told = {
            name: outside[name] for name in ("S3_BUCKET_NAME", "S3_PREFIX", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID")
        }
        crons = dict.fromkeys(("VIBE_CRON", "SUMMARY_CRON", "RETENTION_CRON"), ONCE_A_YEAR)
        served = stack.Stack(folder, folder / "secrets", port, {**told, **crons, "SURFSIDE_CRON": "* * * * *"})
        served.run("migrate")
        for client in plan.clients:
            for _, *words in set_up_commands(client):
                served.paidmedia(*words)
        served.paidmedia("user", "add", "ana@agency.example", "--role", "analyst", "--password-stdin", typed=PASSWORD)
        try:
            served.start("code", "webserver", "daemon", "streamlit", "docs")
            yield served
        finally:
            served.stop()


@pytest.fixture(scope="module")
def instance(running: stack.Stack) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance, as a command in a container opens it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        with dg.DagsterInstance.get() as opened:
            yield opened


def succeeded(instance: dg.DagsterInstance, job: str, asked_after: float = 0) -> dg.RunRecord | None:
    """The first run of a job that was asked for after a time and has succeeded; none may have failed."""
    records = instance.get_run_records(dg.RunsFilter(job_name=job), ascending=True)
    assert dg.DagsterRunStatus.FAILURE not in {each.dagster_run.status for each in records}
    through = [each for each in records if each.dagster_run.status == dg.DagsterRunStatus.SUCCESS]
    return next((each for each in through if each.create_timestamp.timestamp() > asked_after), None)


@pytest.fixture(scope="module")
def load(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """The first run of the schedule, once a build has taken what it has loaded."""
    first = wait_for(lambda: succeeded(instance, "surfside_load"), PATIENCE)
    assert first.end_time is not None
    wait_for(lambda: succeeded(instance, "build", asked_after=first.end_time or 0), PATIENCE)
    return first.dagster_run


def test_a_schedule_ticks_and_its_run_and_the_build_succeed(instance: dg.DagsterInstance, load: dg.DagsterRun) -> None:
    assert load.tags[SCHEDULE_NAME_TAG] == "surfside_daily"
    assert "PostgresStorage" in str(instance.get_ref().storage_data)
    (state,) = [each for each in instance.all_instigator_state() if each.instigator_name == "surfside_daily"]
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
    assert load.run_id in [run_id for tick in ticks if tick.status == TickStatus.SUCCESS for run_id in tick.run_ids]


def test_the_app_shows_what_the_schedule_has_loaded(
    page: Page, running: stack.Stack, load: dg.DagsterRun, plan: MediaPlan
) -> None:
    truth = totals(plan)[plan.clients[0].client_id, "surfside"].impressions
    page.goto(f"{running.url('streamlit')}/?period=all&compare=none")
    page.get_by_label("E-mail").fill("ana@agency.example", timeout=60_000)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_response("**/session", timeout=30_000):
        page.get_by_role("button", name="Log in").click()
    card = page.locator(".st-key-kpi-impressions [data-testid=stMetricValue]")
    expect(card).to_have_text(f"{truth:,}", timeout=60_000)


def test_dagsters_ui_knows_the_code_and_the_docs_are_there(running: stack.Stack) -> None:
    query = {"query": "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"}
    answer = httpx.post(f"{running.url('webserver')}/graphql", json=query, timeout=60).json()
    assert answer["data"]["workspaceOrError"]["locationEntries"] == [{"name": "paid-media", "loadStatus": "LOADED"}]
    assert "dbt" in httpx.get(running.url("docs"), timeout=30).text[:100_000]


def test_the_policies_of_the_marts_are_in_force_on_this_server_too(
    instance: dg.DagsterInstance, load: dg.DagsterRun
) -> None:
    with database.session(get_settings()) as current:
        assert isolation.violations(current) == []


def test_a_reader_of_the_marts_cannot_enter_the_database_of_dagster(running: stack.Stack, plan: MediaPlan) -> None:
    said = running.paidmedia("bi-login", "add", plan.clients[0].client_id)
    url = make_url(next(word for word in said.split() if word.startswith("postgresql://")))
    with closing(psycopg2.connect(url.render_as_string(hide_password=False))):
        pass
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(url.set(database="dagster").render_as_string(hide_password=False))


@pytest.mark.torture
@pytest.mark.long  # tests/orchestration/test_missed_ticks.py: the same on a real scheduler
def test_of_the_ticks_that_a_stopped_daemon_missed_the_newest_is_made_up_for_once(
    running: stack.Stack, instance: dg.DagsterInstance, load: dg.DagsterRun, plan: MediaPlan, heartbeats: Webhook
) -> None:
    rounds, missed, longest = cases(1, 6), 0, 0.0
    for number in range(rounds):
        wait_for(lambda: not instance.get_runs(UNFINISHED), PATIENCE)
        running.hold("daemon", (signal.SIGKILL, signal.SIGTERM)[number % 2])
        stopped, ticks = datetime.now(UTC), 2 + number % 2
        deliver(running, plan, number)
        heard = len(heartbeats.asked)
        newest = stopped.replace(second=0, microsecond=0) + ticks * MINUTE
        time.sleep((newest - datetime.now(UTC)).total_seconds())
        assert len(heartbeats.asked) == heard > 0
        running.release("daemon")
        longest = max(longest, seconds_until_loaded(instance, since=stopped))
        first, *later = ticked(instance, since=stopped)
        assert first >= newest
        assert later == [first + each * MINUTE for each in range(1, len(later) + 1)]
        assert loaded(plan) == [1_000 + each for each in range(number + 1)]
        wait_for(lambda before=heard: len(heartbeats.asked) > before, PATIENCE)
        missed += ticks
    report("ticks that a stopped daemon missed", missed, made_up_for=rounds, lost_days=0, runs_too_many=0,
           longest_until_loaded=f"{longest:.0f} s")  # fmt: skip


def seconds_until_loaded(instance: dg.DagsterInstance, since: datetime) -> float:
    """Wait until a run of a tick after a time has succeeded; how long that took."""
    began = time.monotonic()
    wait_for(lambda: any(run.is_success for run in ticked(instance, since).values()), PATIENCE)
    return time.monotonic() - began


def deliver(running: stack.Stack, plan: MediaPlan, number: int) -> None:
    """The first time a file of each day for a new client; later the last day's file, restated."""
    s3 = s3_client(os.environ["AWS_ENDPOINT_URL"])
    for day in plan.days() if number == 0 else plan.days()[-1:]:
        rows = surfside(surfside_row(day, 1_000 + number))
        put_object(s3, world.BUCKET, f"{LATE}/media-report-{day}.csv", rows)
    if number == 0:
        words = ("--cpm", "5", "--currency", "USD", "--from", plan.first_day.isoformat(), "--surfside-prefix", LATE)
        running.paidmedia("client", "add", LATE, "--name", LATE.title(), *words, "--set", "surfside.campaign=Always On")


def ticked(instance: dg.DagsterInstance, since: datetime) -> dict[datetime, dg.DagsterRun]:
    """The schedule's runs of the ticks after a time, oldest first; no tick has two, and none has failed."""
    runs = instance.get_runs(dg.RunsFilter(tags={SCHEDULE_NAME_TAG: "surfside_daily"}))
    of_ticks = [(datetime.fromisoformat(run.tags[SCHEDULED_EXECUTION_TIME_TAG]), run) for run in runs]
    found = sorted(((tick, run) for tick, run in of_ticks if tick > since), key=lambda each: each[0])
    assert len(found) == len(dict(found))
    assert dg.DagsterRunStatus.FAILURE not in {run.status for _, run in found}
    return dict(found)


def loaded(plan: MediaPlan) -> list[int]:
    """The impressions that raw has of the client's last day, by delivery, oldest first."""
    query = """
        select sum(rows.impressions) from raw_surfside.media_report as rows
        inner join raw_surfside.deliveries using (delivery_id)
        where deliveries.client_id = :client and deliveries.origin = :origin
        group by deliveries.delivery_id, deliveries.delivered_at order by deliveries.delivered_at
    """
    origin = f"s3://{world.BUCKET}/{LATE}/media-report-{plan.last_day}.csv"
    with database.session(get_settings()) as current:
        return [int(row[0]) for row in current.execute(text(query), {"client": LATE, "origin": origin})]
