"""How a run whose process died is found: the executor takes the run, the launcher tells the daemon if it still has it.

The server that starts a worker notices the worker's end by itself. What it cannot notice is its own: a restart of the
machine, of a container, a kill of everything. And nobody watches a command, which runs its job in its own process.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import dagster as dg
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._serdes import ConfigurableClassData

from orchestration.lib import workers

# Between the mark that a run has begun and its lock lies one call. This bears a machine that was put to sleep there.
GRACE_SECONDS = 60
# With looks every 15 s a run is marked failed within a minute of its death, whether its server is back or not.
SERVER_SECONDS = 25

_taken: list[TextIO] = []


class WorkerExecutor(InProcessExecutor):
    """All steps in one process, which is the run's worker until it ends: past the mark that the run has ended."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        """Take the run, then execute its steps."""
        _taken.append(workers.take(Path(plan_context.instance.root_directory), plan_context.run_id))
        yield from super().execute(plan_context, execution_plan)


@dg.executor(name="in_process")
def worker_executor(_context: dg.InitExecutorContext) -> WorkerExecutor:
    """The executor of every job: steps share one process, because starting one costs more than most steps take."""
    return WorkerExecutor(retries=RetryMode.ENABLED)


class WatchfulRunLauncher(DefaultRunLauncher):
    """The default launcher, which can also say whether a run's process is still there."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._dead_since: dict[str, float] = {}

    @property
    def supports_check_run_worker_health(self) -> bool:
        """So that the monitoring daemon asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the worker of a run that has begun lives. What is said of a dead one is the run's failure message."""
        worker = workers.worker_of(Path(self._instance.root_directory), run.run_id)
        if worker is None:
            record = self._instance.get_run_record_by_id(run.run_id)
            begun = record.start_time if record else None
            if begun is not None and time.time() - begun > GRACE_SECONDS:
                return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "no process works on the run")
        elif not worker.is_alive and not self._waits_for_its_server(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, f"worker process {worker.pid} ended before the run did")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _waits_for_its_server(self, run: dg.DagsterRun) -> bool:
        """Whether a run that died with its code server is left alone for now.

        Dagster asks once for the retry of a failed run, and gives it up where the code server does not answer. So the
        run is failed when the server is back and the daemon has had the time between two looks to notice.
        """
        origin = run.remote_job_origin.repository_origin.code_location_origin if run.remote_job_origin else None
        if not isinstance(origin, GrpcServerCodeLocationOrigin):
            return False  # one that the daemon starts itself, as on a laptop, is there as soon as the daemon is
        is_new = run.run_id not in self._dead_since
        waited = time.monotonic() - self._dead_since.setdefault(run.run_id, time.monotonic())
        client: Any = origin.create_client()
        return bool(is_new or (waited < SERVER_SECONDS and client.health_check_query() != "SERVING"))
