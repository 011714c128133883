"""Whether the process of a run lives, and which failed runs Dagster retries, by the project's own dagster.yaml."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import MAX_RETRIES_TAG, WILL_RETRY_TAG

from orchestration.defs.automation import upload_key
from orchestration.lib import launcher, workers
from orchestration.lib.dbt_orphans import end_orphans
from orchestration.lib.instance import prepare_dagster_home
from orchestration.lib.runs import BY_HAND
from warehouse.settings import PROJECT_ROOT, Settings

WORK = (
    "import sys, time; from pathlib import Path; from orchestration.lib import workers;"
    " taken = workers.take(Path(sys.argv[1]), sys.argv[2]); print('taken', flush=True); time.sleep(60)"
)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = prepare_dagster_home(Settings(paidmedia_home=tmp_path, _env_file=None))
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


@pytest.fixture
def started(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that has begun, of a job of one step."""
    run = instance.create_run_for_job(one_step.to_job(), tags={"asked": "by a schedule"})
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, run.job_name), run_id=run.run_id
    )
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


@dg.op
def fails() -> None:
    raise ValueError("the file is missing")


@dg.graph
def one_step() -> None:
    fails()


def start_worker(home: str, run_id: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK, home, run_id]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    return process


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[WorkerStatus, str | None]:
    answer = instance.run_launcher.check_run_worker_health(run)
    return answer.status, answer.msg


def test_a_run_lives_as_long_as_the_process_that_took_it(instance: dg.DagsterInstance, started: dg.DagsterRun) -> None:
    with start_worker(instance.root_directory, started.run_id) as process:
        assert health(instance, started) == (WorkerStatus.RUNNING, None)
        process.kill()
        process.wait()
        reason = f"worker process {process.pid} ended before the run did"
        assert health(instance, started) == (WorkerStatus.FAILED, reason)


def test_a_run_that_died_with_its_code_server_is_failed_when_that_is_back_or_half_a_minute_later(
    instance: dg.DagsterInstance, started: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster asks for a retry once, and gives it up where the code server is away."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        server = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=nobody.getsockname()[1])
        repository = RemoteRepositoryOrigin(server, "__repository__")
        run = started._replace(remote_job_origin=RemoteJobOrigin(repository, started.job_name))
        with start_worker(instance.root_directory, run.run_id) as process:
            process.kill()
            process.wait()
        assert health(instance, run) == (WorkerStatus.RUNNING, None)
        assert health(instance, run) == (WorkerStatus.RUNNING, None)
        monkeypatch.setattr(launcher, "SERVER_SECONDS", 0)
        assert health(instance, run)[0] == WorkerStatus.FAILED


def test_a_run_that_no_process_has_taken_yet_is_given_time(
    instance: dg.DagsterInstance, started: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health(instance, started) == (WorkerStatus.RUNNING, None)
    monkeypatch.setattr(launcher, "GRACE_SECONDS", 0)
    assert health(instance, started) == (WorkerStatus.NOT_FOUND, "no process works on the run")


def test_a_file_that_nobody_has_locked_yet_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "run.lock").touch()
    assert workers.worker_of(tmp_path, "run") is None
    with workers.working(tmp_path, "run"):
        assert workers.worker_of(tmp_path, "run") == workers.Worker(os.getpid(), is_alive=True)
    assert workers.worker_of(tmp_path, "run") == workers.Worker(os.getpid(), is_alive=False)


def test_a_run_whose_worker_died_is_retried_twice_at_most(instance: dg.DagsterInstance, started: dg.DagsterRun) -> None:
    instance.report_run_failed(started, "its worker is gone")
    failed = instance.get_run_by_id(started.run_id)
    assert failed is not None
    assert failed.tags[WILL_RETRY_TAG] == "true"
    assert instance.run_retries_max_retries == 2


def test_a_command_whose_process_died_is_not_retried(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(one_step.to_job(), tags=dict(BY_HAND))
    instance.report_run_failed(run, "its worker is gone")
    failed = instance.get_run_by_id(run.run_id)
    assert failed is not None
    assert failed.tags[WILL_RETRY_TAG] == "false"


def test_a_run_whose_step_failed_is_not_retried(instance: dg.DagsterInstance) -> None:
    result = one_step.to_job().execute_in_process(instance=instance, raise_on_error=False)
    failed = instance.get_run_by_id(result.run_id)
    assert failed is not None
    assert MAX_RETRIES_TAG not in failed.tags
    assert failed.tags[WILL_RETRY_TAG] == "false"


def test_a_dbt_that_has_outlived_its_worker_is_ended_and_no_other(tmp_path: Path) -> None:
    folders = [tmp_path / "ours", tmp_path / "another's"]
    ours, anothers = (
        subprocess.Popen(["sleep", "60"], env=os.environ | {"DBT_TARGET_PATH": str(folder)}) for folder in folders
    )
    assert end_orphans(folders[0]) == [ours.pid]
    assert not psutil.pid_exists(ours.pid)
    assert anothers.poll() is None
    anothers.kill()
    anothers.wait()
    assert end_orphans(folders[0]) == []


def test_an_upload_that_still_waits_is_asked_for_again_every_hour() -> None:
    keys = [upload_key("u-1", timedelta(minutes=minutes)) for minutes in (0, 59, 61, 119, 121)]
    assert keys == ["u-1", "u-1", "u-1 after 1 h", "u-1 after 1 h", "u-1 after 2 h"]
