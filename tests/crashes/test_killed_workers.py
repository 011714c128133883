"""SIGKILL of the process of a Dagster run: within a minute the run is failed, with a reason, and another one retries.

Beside it a command that is killed on its terminal: its run is failed too, and nobody runs it again.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import dagster as dg
import psutil
import pytest
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from tests.crashes import state
from tests.crashes.dagster_dev import DagsterDev
from tests.crashes.outside import DAYS, Api, Bucket, Delivery, Outside, Uploads
from tests.crashes.state import Ask
from tests.crashes.victims import wait_for
from tests.sizes import cases, is_long, report
from tests.sources import vibe
from warehouse.settings import PROJECT_ROOT, get_settings

MINUTE = 60.0
LONGEST = 15.0  # about the seconds from the start of a worker to its end
NOTHING_LEFT = "No steps needed to be retried"  # it was killed between its last step and its last word

pytestmark = [pytest.mark.heavy, pytest.mark.torture]


@pytest.fixture(scope="module")
def dagster(bucket: Bucket, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterDev]:
    """A served Dagster that sees both outside worlds."""
    served = DagsterDev(get_settings(), tmp_path_factory.mktemp("served") / "dagster.log")
    served.start()
    try:
        yield served
    finally:
        served.stop()


def test_a_run_whose_worker_is_killed_is_failed_and_retried_within_a_minute(
    dagster: DagsterDev, bucket: Bucket, api: Api, uploads: Uploads, ask: Ask
) -> None:
    random, died, waits = Random("workers"), Counter[str](), []
    outsides = [bucket, uploads, api]
    for kill in range(cases(1, 60)):
        outside = outsides[kill % 3]
        delivery = outside.deliver(kill)
        run_id = ask_for(dagster, outside, delivery)
        worker = dagster.worker(run_id)
        if kill == 0:  # in the middle of its load for certain, later ones anywhere
            wait_for(lambda: state.is_loading(bucket, ask), MINUTE)
        else:
            time.sleep(random.uniform(0, LONGEST))
        with suppress(psutil.NoSuchProcess):  # it was through
            worker.kill()
        wait = see_it_retried(dagster, run_id)
        died[where_the_run_died(dagster, run_id)] += 1
        waits += [wait] if wait is not None else []
        state.check(outside, delivery, ask)
    report("kills of a run's worker", died.total(), wrong_states=0, longest_until_retry=f"{max(waits):.0f} s", **died)


def test_a_command_that_is_killed_leaves_a_failed_run_that_nobody_runs_again(
    dagster: DagsterDev, api: Api, ask: Ask
) -> None:
    delivery = api.deliver(1_000)
    words = ["load", "vibe", "--from", DAYS[0].isoformat(), "--to", DAYS[-1].isoformat(), "--no-build"]
    command = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *words],
        cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: state.is_loading(api, ask), 2 * MINUTE)
    command.kill()
    command.wait()
    run_id = dagster.instance.get_runs(limit=1)[0].run_id
    wait_for(lambda: dagster.status(run_id) == dg.DagsterRunStatus.FAILURE, MINUTE)
    assert f"worker process {command.pid} ended before the run did" in dagster.said(run_id)
    time.sleep(10)  # twice as long as the daemon takes to look for runs to retry
    assert dagster.retry_of(run_id) is None
    assert vibe.load(get_settings(), *delivery.arguments).ok
    state.check(api, delivery, ask)


@pytest.mark.skipif(not is_long(), reason="in the long form only: the quick one has each part of it")
def test_runs_that_died_with_their_server_are_failed_and_retried_once_it_is_back(
    dagster: DagsterDev, bucket: Bucket, ask: Ask
) -> None:
    kills, waits = 5, []
    for kill in range(kills):
        delivery = bucket.deliver(1_000 + kill)
        run_id = ask_for(dagster, bucket, delivery)
        wait_for(lambda: state.is_loading(bucket, ask), 2 * MINUTE)
        dagster.kill()
        assert dagster.status(run_id) == dg.DagsterRunStatus.STARTED
        dagster.start()
        waits.append(see_it_retried(dagster, run_id))
        assert "ended before the run did" in dagster.said(run_id)
        state.check(bucket, delivery, ask)
    report("kills of Dagster as a whole", kills, wrong_states=0, longest_until_retry=f"{max(waits):.0f} s")


def ask_for(dagster: DagsterDev, outside: Outside, delivery: Delivery) -> str:
    """The id of the run that loads a delivery: for uploads a sensor asks for it by itself."""
    if outside.source == "facebook":
        return dagster.run_of(str(delivery.arguments[0]))
    first, last = delivery.arguments[1], delivery.arguments[-1]
    tags = {ASSET_PARTITION_RANGE_START_TAG: first.isoformat(), ASSET_PARTITION_RANGE_END_TAG: last.isoformat()}
    return dagster.launch(f"{outside.source}_load", tags)


def see_it_retried(dagster: DagsterDev, run_id: str) -> float | None:
    """Seconds until the retry of a dead run is asked for; None where there was nothing left to do."""
    began = time.monotonic()
    wait_for(lambda: dagster.status(run_id) in FINISHED_STATUSES, MINUTE)
    if dagster.status(run_id) == dg.DagsterRunStatus.SUCCESS:
        return None
    wait_for(lambda: dagster.retry_of(run_id) or NOTHING_LEFT in dagster.said(run_id), MINUTE)
    waited = time.monotonic() - began
    retry = dagster.retry_of(run_id)
    if retry is None:
        return None
    assert waited < MINUTE
    wait_for(lambda: dagster.status(retry) in FINISHED_STATUSES, 5 * MINUTE)
    assert dagster.status(retry) == dg.DagsterRunStatus.SUCCESS, dagster.said(retry)
    return waited


def where_the_run_died(dagster: DagsterDev, run_id: str) -> str:
    """By the last step that its log knows of."""
    if dagster.status(run_id) == dg.DagsterRunStatus.SUCCESS:
        return "was through"
    steps = [event for event in dagster.instance.all_logs(run_id) if event.step_key and event.is_dagster_event]
    if not steps:
        return "before its first step"
    return "judging" if "expectations" in steps[-1].step_key else "loading"
