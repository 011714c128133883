"""What only Dagster knows to be wrong: jobs whose newest run has failed, checks whose newest result is bad.

Seen each time that somebody looks, like what Postgres knows: a later success of the same job or check ends it.
"""

from collections.abc import Collection, Iterator, Mapping

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord
from dagster._core.storage.tags import WILL_RETRY_TAG

from orchestration.lib import names
from orchestration.lib.runs import reason_of
from warehouse.alerts.finding import Finding

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
CPM_CHECK = "assert_every_delivered_day_has_a_cpm"
# What these say, Postgres says better: which client, which delivery, which day.
TOLD_OTHERWISE = frozenset((names.CLIENTS_CHECK, names.EXPECTATIONS_CHECK, CPM_CHECK))
Failing = Mapping[dg.AssetCheckKey, AssetCheckExecutionRecord]


def wrong_in_dagster(
    instance: dg.DagsterInstance, jobs: Collection[str], check_keys: Collection[dg.AssetCheckKey]
) -> list[Finding]:
    """Every failed run and failing check. A run that failed of its checks is not told beside them."""
    failing = failing_checks(instance, check_keys)
    of_checks = {record.run_id for record in failing.values()}
    return [*_checks(failing), *_runs(instance, jobs, of_checks)]


def failing_checks(instance: dg.DagsterInstance, check_keys: Collection[dg.AssetCheckKey]) -> Failing:
    """The checks whose newest result blames the data. One that a build did not come to keeps its last result."""
    summaries = instance.event_log_storage.get_asset_check_summary_records(list(check_keys))
    records = {key: summary.last_completed_check_execution_record for key, summary in summaries.items()}
    return {
        key: record
        for key, record in records.items()
        if record is not None
        and record.evaluation is not None
        and not record.evaluation.passed
        and record.evaluation.severity == dg.AssetCheckSeverity.ERROR
    }


def newest_record(instance: dg.DagsterInstance, job: str) -> dg.RunRecord | None:
    """The newest run of a job that has ended, well or badly."""
    filters = dg.RunsFilter(job_name=job, statuses=ENDED)
    return next(iter(instance.get_run_records(filters=filters, limit=1)), None)


def _checks(failing: Failing) -> Iterator[Finding]:
    for key, record in sorted(failing.items(), key=lambda each: each[0].to_user_string()):
        if key.name in TOLD_OTHERWISE or record.evaluation is None:
            continue
        yield Finding(
            "failed_check",
            f"{key.asset_key.to_user_string()}:{key.name}",
            f"{key.name} fails: {record.evaluation.description or 'see the run'}",
            f"{key.asset_key.to_user_string()}, run {record.run_id}",
            "see the check's rows in Dagster; once it is mended: paidmedia build",
        )


def _runs(instance: dg.DagsterInstance, jobs: Collection[str], of_checks: Collection[str]) -> Iterator[Finding]:
    for job in sorted(jobs):
        record = newest_record(instance, job)
        run = record.dagster_run if record else None
        if run is None or run.status != dg.DagsterRunStatus.FAILURE or run.run_id in of_checks:
            continue
        if run.tags.get(WILL_RETRY_TAG) == "true":
            continue  # the retry will say
        name = "materialisation by hand" if job.startswith("__") else f"job {job}"
        yield Finding(
            "failed_run",
            name,
            f"{name} failed: {_why(instance, run.run_id)}",
            f"run {run.run_id} in Dagster",
            "see the run's log; once it is mended, run the job again, from Dagster or with paidmedia",
        )


def _why(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why a run failed: the errors of its steps, else what was said of the run, such as that its worker is gone."""
    steps = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    reasons = [reason_of(entry.dagster_event) for entry in steps if entry.dagster_event]
    if not reasons:
        ended = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        reasons = [entry.dagster_event.message or "" for entry in ended if entry.dagster_event]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or "no reason was noted"
