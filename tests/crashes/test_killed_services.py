"""SIGKILL of Dagster's services while a backfill works: daemon, webserver, code server, the worker of the run.

Each is restarted as docker-compose.yml says. In the end every partition of the backfill is done once, the
runs that died were marked failed within a minute, and the backfill is complete.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import dagster as dg
import httpx
import psutil
import pytest
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    BACKFILL_ID_TAG,
)
from sqlalchemy import text

from orchestration.lib import names
from sandbox.s3 import s3_client, s3_server
from tests.crashes import state
from tests.crashes.conftest import add_client
from tests.crashes.outside import BUCKET, FIRST_DAY, Bucket, Delivery
from tests.crashes.state import Ask
from tests.crashes.victims import wait_for
from tests.deploy import debian_postgres, stack
from tests.sizes import cases, report
from warehouse.postgres import database
from warehouse.settings import get_settings

PARTITIONS = 3
KINDS = ("webserver", "daemon", "worker", "code")  # the last two end the run, which is retried twice at most
MINUTE = 60.0
PATIENCE = 400.0
LAUNCH = """
    mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params)
        { __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""

pytestmark = [pytest.mark.long, pytest.mark.torture, debian_postgres.needed(), pytest.mark.timeout(1_200)]


@dataclass(frozen=True)
class Server:
    """The served warehouse, its instance of Dagster, and the bucket that it reads."""

    services: stack.Stack
    instance: dg.DagsterInstance
    bucket: Bucket

    def backfill(self, days: list[date]) -> str:
        """Ask for days of Surfside as the page of an asset does. Returns the backfill's id."""
        keys = [{"path": list(key.path)} for key in (names.row_key("surfside"), *names.ledger_keys("surfside"))]
        params = {"assetSelection": keys, "partitionNames": [day.isoformat() for day in days]}
        body = {"query": LAUNCH, "variables": {"params": params}}
        answer = httpx.post(f"{self.services.url('webserver')}/graphql", json=body, timeout=120).json()
        launched = answer["data"]["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def runs(self, backfill_id: str) -> list[dg.DagsterRun]:
        """The runs of a backfill, newest first."""
        return list(self.instance.get_runs(dg.RunsFilter(tags={BACKFILL_ID_TAG: backfill_id})))

    def working(self, backfill_id: str) -> tuple[str, psutil.Process] | None:
        """The run of a backfill that a process works on now, and that process."""
        for run in self.runs(backfill_id):
            worker = self.services.worker(run.run_id)
            if run.status == dg.DagsterRunStatus.STARTED and worker is not None:
                return run.run_id, worker
        return None

    def said(self, backfill_id: str) -> str:
        """What the runs of a backfill came to, newest first, each with its last words."""
        lines = []
        for run in self.runs(backfill_id):
            lines.append(f"{run.run_id} {run.status}")
            for entry in list(self.instance.all_logs(run.run_id))[-6:]:
                event = entry.dagster_event
                error = event.engine_event_data.error if event and event.is_engine_event else None
                lines.append(f"    {entry.message or entry.user_message} {error.to_string() if error else ''}")
        return "\n".join(lines)

    def is_through(self, backfill_id: str) -> bool:
        """Whether nothing is left to do."""
        backfill = self.instance.get_backfill(backfill_id)
        assert backfill is not None
        failed = backfill.status in (BulkActionStatus.FAILED, BulkActionStatus.COMPLETED_FAILED)
        assert not failed, f"{backfill.error}\n{self.said(backfill_id)}"
        return backfill.status in (BulkActionStatus.COMPLETED, BulkActionStatus.COMPLETED_SUCCESS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Code server, webserver and daemon on a server Postgres, with one client of Surfside."""
    folder = tmp_path_factory.mktemp("services")
    stack.make_secrets(folder / "secrets")
    with (
        debian_postgres.server(folder / "secrets") as port,
        s3_server() as endpoint,
        pytest.MonkeyPatch.context() as patch,
    ):
        s3 = s3_client(endpoint)
        s3.create_bucket(Bucket=BUCKET)
        told = {"S3_BUCKET_NAME": BUCKET, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "testing"}
        for cron in ("SURFSIDE_CRON", "VIBE_CRON", "SUMMARY_CRON", "RETENTION_CRON"):
            told[cron] = "0 0 1 1 *"
        services = stack.Stack(folder, folder / "secrets", port, told)
        services.run("migrate")
        patch.delenv("SECRET_KEY", raising=False)
        patch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
        for name, value in services.environment().items():
            patch.setenv(name, value)
        settings = get_settings()
        bucket = Bucket(settings, add_client(settings, "of-surfside", prefix="of-surfside", campaign="Always On"), s3)
        try:
            services.start("code", "webserver", "daemon")
            with dg.DagsterInstance.get() as instance:
                stop_builds(services)
                yield Server(services, instance, bucket)
        finally:
            services.stop()


def stop_builds(services: stack.Stack) -> None:
    """What the loads bring is not built: that is not what is tested."""
    selector = (
        '{repositoryName: "__repository__", repositoryLocationName: "paid-media", sensorName: "model_what_arrived"}'
    )
    asked = {"query": f"{{ sensorOrError(sensorSelector: {selector}) {{ ... on Sensor {{ id }} }} }}"}
    url = f"{services.url('webserver')}/graphql"
    found = httpx.post(url, json=asked, timeout=120).json()["data"]["sensorOrError"]["id"]
    stop = {"query": f'mutation {{ stopSensor(id: "{found}") {{ __typename }} }}'}
    assert "StopSensorMutationResult" in httpx.post(url, json=stop, timeout=120).text


@pytest.fixture
def ask(server: Server) -> Ask:
    def run(query: str, **parameters: object) -> list[tuple[object, ...]]:
        with database.session(get_settings()) as current:
            return [tuple(row) for row in current.execute(text(query), parameters)]

    return run


def test_whatever_service_is_killed_each_partition_of_a_backfill_is_done_once(server: Server, ask: Ask) -> None:
    random, killed, waits, retried = Random("services"), Counter[str](), [], 0
    for round_number in range(cases(1, 13)):
        deliveries = [server.bucket.deliver(round_number * PARTITIONS + number) for number in range(PARTITIONS)]
        days = sorted(FIRST_DAY - timedelta(days=each.number) for each in deliveries)
        backfill_id = server.backfill(days)
        waits += kill_each(server, backfill_id, random, killed)
        retried += len(server.runs(backfill_id)) - 1
        check(server, deliveries, backfill_id, ask)
    for name in ("code", "webserver", "daemon"):
        server.services.wait_until_healthy(name)
    assert waits
    assert max(waits) < MINUTE
    report("kills of Dagster's services", killed.total(), wrong_states=0, runs_retried=retried,
           longest_until_failed=f"{max(waits):.0f} s", **killed)  # fmt: skip


def kill_each(server: Server, backfill_id: str, random: Random, killed: Counter[str]) -> list[float]:
    """Kill each kind once while the backfill works, then let it end. Returns how long dead runs waited."""
    waits = []
    for kind in random.sample(KINDS, len(KINDS)):
        found = wait_for(lambda: server.working(backfill_id) or server.is_through(backfill_id), PATIENCE)
        if not isinstance(found, tuple):
            break
        time.sleep(random.uniform(0, 3))
        killed[kind] += 1
        wait = kill(server, kind, *found)
        waits += [wait] if wait is not None else []
    wait_for(lambda: server.is_through(backfill_id), PATIENCE)
    return waits


def kill(server: Server, kind: str, run_id: str, worker: psutil.Process) -> float | None:
    """Kill a service, or the run's worker. Returns the seconds until the run is marked failed, where it died of it."""
    if kind == "worker":
        with suppress(psutil.NoSuchProcess):  # it was through
            worker.kill()
    else:
        server.services.kill(kind)
    if kind not in ("worker", "code"):
        return None
    began = time.monotonic()
    wait_for(lambda: status(server, run_id) in FINISHED_STATUSES, 2 * MINUTE)
    return time.monotonic() - began if status(server, run_id) == dg.DagsterRunStatus.FAILURE else None


def status(server: Server, run_id: str) -> dg.DagsterRunStatus:
    run = server.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def check(server: Server, deliveries: list[Delivery], backfill_id: str, ask: Ask) -> None:
    """Each partition's file was loaded once and whole, the newest one wins, and no run is left open."""
    for delivery in deliveries:
        assert len(state.whole_deliveries(server.bucket, delivery, ask)) == 1
    state.check(server.bucket, deliveries[-1], ask)
    (asked,) = [run for run in server.runs(backfill_id) if run.parent_run_id is None]  # one run for all of its days
    days = sorted(FIRST_DAY - timedelta(days=each.number) for each in deliveries)
    between = (asked.tags[ASSET_PARTITION_RANGE_START_TAG], asked.tags[ASSET_PARTITION_RANGE_END_TAG])
    assert between == (days[0].isoformat(), days[-1].isoformat())
    statuses = [run.status for run in server.runs(backfill_id)]
    assert statuses[0] == dg.DagsterRunStatus.SUCCESS
    assert set(statuses[1:]) <= {dg.DagsterRunStatus.FAILURE}
