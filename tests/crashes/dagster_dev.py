"""Dagster as `make serve` runs it, on a free port: webserver, daemon, code server; and what becomes of its runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import dagster as dg
import httpx
import psutil
from dagster._core.storage.dagster_run import RunsFilter
from dagster_graphql import DagsterGraphQLClient

from orchestration.lib.instance import prepare_dagster_home
from tests.crashes.victims import wait_for
from tests.end_to_end.servers import free_port, wait_until_healthy
from warehouse.settings import PROJECT_ROOT, Settings

STOP = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"
SENSOR = "query ($selector: SensorSelector!) { sensorOrError(sensorSelector: $selector) { ... on Sensor { id } } }"


class DagsterDev:
    """One `dagster dev` that may be killed and started again; its instance outlives it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.home, self.log, self.port = prepare_dagster_home(settings), log, int(free_port())
        self.instance = dg.DagsterInstance.from_config(str(self.home))
        self.client: DagsterGraphQLClient

    def start(self) -> None:
        """Start it and wait until it takes runs. What the loads bring is not built: that is not what is tested."""
        command = [str(Path(sys.executable).with_name("dagster")), "dev", "--workspace", "workspace.yaml"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        environment = os.environ | {"DAGSTER_HOME": str(self.home)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=log)
        wait_until_healthy(f"http://127.0.0.1:{self.port}/server_info", 180)
        self.client = DagsterGraphQLClient("127.0.0.1", port_number=self.port)
        self._stop_sensor("model_what_arrived")

    def kill(self) -> None:
        """SIGKILL of all of it at once, the workers included."""
        family = [*psutil.Process(self.process.pid).children(recursive=True), self.process]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(20)
        psutil.wait_procs(family[:-1], timeout=20)

    def stop(self) -> None:
        """End it as Ctrl-C does, and what is left of it after a while."""
        family = [*psutil.Process(self.process.pid).children(recursive=True), self.process]
        self.process.send_signal(signal.SIGINT)
        for process in psutil.wait_procs(family, timeout=15)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(20)
        self.instance.dispose()

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        """Ask for a run as the UI does. Returns its id."""
        return self.client.submit_job_execution(job, tags=dict(tags))

    def run_of(self, key: str) -> str:
        """The id of the run that a sensor asked for under a key, once it has."""
        return wait_for(lambda: self._newest(RunsFilter(tags={"dagster/run_key": key})), 120)

    def retry_of(self, run_id: str) -> str | None:
        """The id of the run that was started in the place of a failed one."""
        return self._newest(RunsFilter(tags={"dagster/parent_run_id": run_id}))

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """How a run is."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def worker(self, run_id: str) -> psutil.Process:
        """The process of a run, once it has one."""

        def pid() -> int | None:
            events = self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            found = (event.message or event.user_message for event in events)
            started = [words for words in found if "Started process for run (pid: " in words]
            return int(started[0].partition("(pid: ")[2].partition(")")[0]) if started else None

        return psutil.Process(wait_for(pid, 120))

    def said(self, run_id: str) -> str:
        """Everything that the run's log says, errors included."""
        words = []
        for entry in self.instance.all_logs(run_id):
            event = entry.dagster_event
            error = event.engine_event_data.error if event and event.is_engine_event else None
            words.append(f"{entry.message or entry.user_message} {error.to_string() if error else ''}")
        return "\n".join(words)

    def _newest(self, wanted: RunsFilter) -> str | None:
        runs = self.instance.get_runs(filters=wanted, limit=1)
        return runs[0].run_id if runs else None

    def _stop_sensor(self, name: str) -> None:
        selector = {"repositoryName": "__repository__", "repositoryLocationName": "paid-media", "sensorName": name}
        found = self._query(SENSOR, selector=selector)["sensorOrError"]
        assert self._query(STOP, id=found["id"])["stopSensor"]["__typename"] == "StopSensorMutationResult"

    def _query(self, query: str, **variables: object) -> dict[str, dict[str, str]]:
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/graphql", json=body, timeout=60).json()
        assert "errors" not in answer, answer
        data: dict[str, dict[str, str]] = answer["data"]
        return data
