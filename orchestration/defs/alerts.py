"""Everything that goes wrong reaches a person: a sensor that looks and sends, in no load's own process.

Postgres's and Dagster's findings → incidents → outbox → channels; then HEARTBEAT_URL hears that somebody has looked
"""

from datetime import UTC, datetime

import dagster as dg

from orchestration.lib.run_findings import wrong_in_dagster
from warehouse import logs
from warehouse.settings import get_settings

LOOK_SECONDS = 60


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Look what is wrong, note what has begun and what is over, and send what waits in the outbox.",
)
def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """It starts no run. What waits is sent even where looking fails; that tick fails, and the next one looks again.

    The heartbeat is of looks that did not fail. The cursor is the minute of the last one, so that no minute has two.
    """
    from warehouse.alerts import heartbeat, service

    minute = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}"
    settings = get_settings()
    repository = context.repository_def
    assert repository is not None
    try:
        jobs = [job.name for job in repository.get_all_jobs()]
        wrong = wrong_in_dagster(context.instance, jobs, repository.asset_graph.asset_check_keys)
        changes = service.look(settings, wrong)
    finally:
        sent = service.send(settings)
    write = logs.logger(settings)
    for problem in sent.problems:
        context.log.warning(problem)
        write.warning("alert not sent", error=problem)
    for finding in changes.opens:
        write.warning("incident opened", kind=finding.kind, subject=finding.subject, what=finding.what)
    for kind, subject in changes.clears:
        write.info("incident cleared", kind=kind, subject=subject)
    if minute != context.cursor:
        context.update_cursor(minute)
        if unheard := heartbeat.beat(settings):
            context.log.warning(unheard)
            write.warning("heartbeat not heard", error=unheard)
    words = f"{len(changes.opens)} began, {len(changes.clears)} are over, {len(changes.lasts)} go on"
    return dg.SkipReason(f"{words}; {sent.sent} messages sent, {len(sent.problems)} channels failed")


@dg.definitions
def defs() -> dg.Definitions:
    """The sensor."""
    return dg.Definitions(sensors=[alerts])
