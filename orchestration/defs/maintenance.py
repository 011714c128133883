"""What runs for the warehouse's own sake: once a day everything leaves that has been kept for long enough."""

import dagster as dg

from orchestration.lib import names
from warehouse.settings import get_settings


@dg.op(name=names.RETENTION_OP, description="Archive old months and audit entries, drop raw rows that lost, old logs.")
def let_go(context: dg.OpExecutionContext) -> None:
    """Every part has its turn; the run fails with a line for each that failed."""
    from orchestration.lib import retention
    from warehouse.errors import PaidMediaError

    outcome = retention.run(get_settings())
    for each in outcome.expired:
        context.log.info(f"{each.what}: {each.count:,} {each.unit}, {each.size_bytes:,} bytes, before {each.before}")
    if outcome.problems:
        raise PaidMediaError("; ".join(outcome.problems))


@dg.job(name=names.RETENTION_JOB, description="Let go of what is older than the settings say.")
def retention_job() -> None:
    """One step."""
    let_go()


@dg.definitions
def defs() -> dg.Definitions:
    """The job and its schedule; the time comes from the settings."""
    schedule = dg.ScheduleDefinition(
        name="retention_daily",
        job_name=names.RETENTION_JOB,
        cron_schedule=get_settings().retention_cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Before the morning's loads.",
    )
    return dg.Definitions(jobs=[retention_job], schedules=[schedule])
