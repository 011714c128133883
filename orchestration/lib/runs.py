"""Run a job of the code location in this process, as the CLI does: afterwards the run is in Dagster's UI."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._core.utils import make_new_run_id

from orchestration.lib import names
from orchestration.lib.instance import prepare_dagster_home
from orchestration.lib.progress import Listener, listening
from orchestration.lib.workers import working
from warehouse.settings import Settings

# Whoever typed a command sees it end and types it again, or does not: a killed one is not run again behind their back.
BY_HAND: Mapping[str, str] = {MAX_RETRIES_TAG: "0"}
FOR_PEOPLE = re.compile(r"^(warehouse|loaders)\.errors\.\w+: ")
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class JobOutcome:
    """What a run came to. `failed_checks` are one line each, the check's name first; `errors` those of failed steps."""

    run_id: str
    succeeded: bool
    failed_checks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def run_job(
    settings: Settings,
    job_name: str,
    *,
    listener: Listener,
    tags: Mapping[str, str] | None = None,
    op_config: Mapping[str, Mapping[str, Any]] | None = None,
) -> JobOutcome:
    """Run one job to its end. `op_config` maps an op's name to its config."""
    from orchestration.definitions import defs

    home = prepare_dagster_home(settings)
    config = QUIET | {"ops": {op: {"config": dict(values)} for op, values in (op_config or {}).items()}}
    instance_at = dg.DagsterInstance.from_config(str(home))
    run_id = make_new_run_id()
    with (
        instance_at as instance,
        working(home, run_id),
        listening(listener),
        _words_to(settings.paidmedia_home / "logs"),
    ):
        job = defs().resolve_job_def(job_name)
        result = job.execute_in_process(
            run_config=config, instance=instance, tags={**BY_HAND, **(tags or {})}, raise_on_error=False, run_id=run_id
        )
    checks = [check for check in result.get_asset_check_evaluations() if not check.passed]
    blamed = [check for check in checks if check.severity == dg.AssetCheckSeverity.ERROR]
    errors = [reason_of(event) for event in result.all_events if event.is_step_failure]
    return JobOutcome(result.run_id, result.success and not blamed, [_line(check) for check in blamed], errors)


@contextmanager
def _words_to(folder: Path) -> Iterator[None]:
    """What dbt says while it works goes to a log: the terminal shows progress and the outcome."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "jobs.log").open("a") as log, redirect_stdout(log):
        yield


def _line(check: dg.AssetCheckEvaluation) -> str:
    """What failed, for a person; the clients' check says it all in its description."""
    if check.check_name == names.CLIENTS_CHECK and check.description:
        return check.description
    return f"{check.check_name} of {check.asset_key.to_user_string()}: {check.description or 'failed'}"


def reason_of(event: dg.DagsterEvent) -> str:
    """The innermost cause of a failed step, in one line; an error for people says itself what it is."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return event.message or "failed"
    return " ".join(FOR_PEOPLE.sub("", error.message).split())[:1000]
