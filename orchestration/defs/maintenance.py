"""What runs for the warehouse's own sake: what was kept for long enough leaves, backups are taken and tried."""

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


@dg.op(description="Back up the database and the delivered files, and let go of backups that nobody needs any more.")
def back_up(context: dg.OpExecutionContext) -> None:
    """The same as `paidmedia backup`."""
    from warehouse.backup import expiry, servers, taking

    settings = get_settings()
    taken = taking.take(settings, context.log.info)
    server = servers.find(settings)
    gone = expiry.expire(server.store(settings), server.now(), settings.backup_keep_days)
    context.add_output_metadata(
        {"backup": taken.backup.label, "bytes": taken.backup.size_bytes, "files": taken.files, "expired": gone}
    )
    if not taken.log_arrives:
        context.log.warning(
            "no log arrives: only the moment of the backup can be restored; see docs/runbooks/restore.md"
        )


@dg.op(description="Restore the newest backup into a scratch folder and compare every total.")
def restore_into_scratch(context: dg.OpExecutionContext) -> None:
    """The same as `paidmedia restore-drill`."""
    from warehouse.backup.drill import drill

    done = drill(get_settings(), context.log.info)
    context.add_output_metadata(
        {"backup": str(done.backup), "restore_seconds": done.restore_seconds or 0.0, "tables": len(done.totals)}
    )


@dg.job(name=names.BACKUP_JOB, description="Back up the database and the delivered files.")
def backup_job() -> None:
    """One step."""
    back_up()


@dg.job(name=names.DRILL_JOB, description="Prove that the newest backup and the log bring every number back.")
def drill_job() -> None:
    """One step."""
    restore_into_scratch()


@dg.definitions
def defs() -> dg.Definitions:
    """The jobs and their schedules; the times come from the settings, and without `BACKUP_DIR` nobody wants backups."""
    settings = get_settings()
    are_wanted = settings.backup_dir is not None

    def schedule(name: str, job: str, cron: str, description: str, *, is_on: bool = True) -> dg.ScheduleDefinition:
        return dg.ScheduleDefinition(
            name=name,
            job_name=job,
            cron_schedule=cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED,
            description=description,
        )

    retention = schedule("retention_daily", names.RETENTION_JOB, settings.retention_cron, "Before the morning's loads.")
    backup = schedule(
        "backup_daily", names.BACKUP_JOB, settings.backup_cron, "On where BACKUP_DIR is set.", is_on=are_wanted
    )
    weekly = schedule(
        "restore_drill_weekly", names.DRILL_JOB, settings.restore_drill_cron, "On where BACKUP_DIR is set.",
        is_on=are_wanted,
    )  # fmt: skip
    return dg.Definitions(jobs=[retention_job, backup_job, drill_job], schedules=[retention, backup, weekly])
