"""When things run: schedules in UTC, one for each source loaded by day; sensors for uploads and what arrived."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    SCHEDULE_NAME_TAG,
)

from loaders.registry import loaded_by_day, source_of, uploaded
from loaders.source import Source, value_of
from orchestration.defs.ingest import load_job
from orchestration.lib import names
from warehouse.settings import Settings, get_settings

SENSOR_SECONDS = 30


def reread_tags(scheduled: datetime, reread_days: int, read_until: date | None = None) -> dict[str, str]:
    """The days that a daily run reads: yesterday and the `reread_days - 1` before it, which platforms still restate.

    `read_until` is the last day that the schedule read before. Dagster makes up for the newest of the ticks that it
    missed and for no other, so that run reads what the runs of all of them would have read.
    """
    last = scheduled.astimezone(UTC).date() - timedelta(days=1)
    unread = min(last, read_until + timedelta(days=1)) if read_until else last
    first = unread - timedelta(days=reread_days - 1)
    return {ASSET_PARTITION_RANGE_START_TAG: first.isoformat(), ASSET_PARTITION_RANGE_END_TAG: last.isoformat()}


def last_day_read(instance: dg.DagsterInstance, schedule: str) -> date | None:
    """The last day that the newest run of a schedule was asked to read; None before its first run."""
    newest = instance.get_runs(dg.RunsFilter(tags={SCHEDULE_NAME_TAG: schedule}), limit=1)
    last = newest[0].tags.get(ASSET_PARTITION_RANGE_END_TAG) if newest else None
    return date.fromisoformat(last) if last else None


def daily_schedule(source: Source, settings: Settings) -> dg.ScheduleDefinition:
    """Load the last days of a source for every client."""
    name = f"{source.name}_daily"
    reread_days: int = value_of(source.reread_days, settings)
    cron = value_of(source.cron, settings)
    assert isinstance(cron, str), "a source that is loaded by day has a schedule"

    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        before = last_day_read(context.instance, name)
        tags = reread_tags(context.scheduled_execution_time, reread_days, before)
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), tags=tags)

    return dg.ScheduleDefinition(
        name=name,
        job_name=names.load_job(source.name),
        cron_schedule=cron,
        execution_timezone="UTC",
        execution_fn=request,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Load the last {reread_days} days of {source.name} for every client.",
    )


def upload_config(source: str, upload_ids: list[str]) -> dict[str, Any]:
    """The configuration of a run that loads the named uploads of a source."""
    return {"ops": {names.load_op(source): {"config": {"upload_ids": upload_ids}}}}


def upload_key(upload_id: str, waited: timedelta) -> str:
    """The key of an upload's run, of which Dagster starts one: another one each hour that the upload still waits.

    Its run has failed then, because the database was gone or its worker died too often; or it is queued, and the second
    one will find nothing to do.
    """
    hours = waited // timedelta(hours=1)
    return f"{upload_id} after {hours} h" if hours else upload_id


@dg.sensor(
    name="upload_received",
    jobs=[load_job(source) for source in uploaded()],
    minimum_interval_seconds=SENSOR_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Load an export as soon as it was uploaded.",
)
def upload_received(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """One run per upload that waits."""
    from loaders.transports import upload_loader

    settings, now = get_settings(), datetime.now(UTC)
    waiting = [each for source in uploaded() for each in upload_loader(source).pending(settings)]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=upload_key(str(upload.upload_id), now - upload.uploaded_at),
                job_name=names.load_job(upload.source),
                run_config=upload_config(upload.source, [str(upload.upload_id)]),
            )
            for upload in waiting
        ],
        skip_reason=None if waiting else dg.SkipReason("no upload waits"),
    )


@dg.sensor(
    name="model_what_arrived",
    job_name=names.BUILD_JOB,
    minimum_interval_seconds=SENSOR_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Build when a delivery was let through, a rate was entered, or whatever else asks for it.",
)
def model_what_arrived(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One build for all requests that are pending, another one once a new one is there. The cursor names those."""
    from warehouse import builds
    from warehouse.postgres.database import session

    with session() as current:
        pending = [f"{number} of {at.isoformat()}" for number, at in sorted(builds.pending(current).items())]
    new = [each for each in pending if each not in (context.cursor or "").splitlines()]
    if not new:
        return dg.SkipReason("nothing has changed since the last build was asked for")
    context.update_cursor("\n".join(pending))
    return dg.RunRequest(run_key=new[-1])


@dg.definitions
def defs() -> dg.Definitions:
    """Cron times come from the settings when the code location loads, not at import."""
    settings = get_settings()
    summaries = dg.ScheduleDefinition(
        name="summaries_daily",
        job_name=names.BUILD_JOB,
        cron_schedule=settings.summary_cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Build once after the morning's loads, so that weeks and months are complete when people arrive.",
    )
    return dg.Definitions(
        schedules=[
            *(daily_schedule(source_of(name), settings) for name in loaded_by_day()),
            summaries,
        ],
        sensors=[upload_received, model_what_arrived],
    )
