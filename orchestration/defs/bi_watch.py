"""A sensor that ends what BI logins leave running or open for too long; it starts no run."""

import dagster as dg

from warehouse.settings import get_settings

LOOK_SECONDS = 30


@dg.sensor(
    name="bi_watch",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="End statements and open transactions of BI logins that last longer than they may.",
)
def bi_watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Each look stands alone: it needs no cursor, and what one misses the next one sees."""
    from warehouse.access import bi_watch as watching
    from warehouse.postgres import database

    settings = get_settings()
    with database.session(settings) as current:
        ended = watching.watch(current, settings)
    for each in ended:
        context.log.warning(str(each))
    return dg.SkipReason("; ".join(map(str, ended)) or "no BI login lasts too long")


@dg.definitions
def defs() -> dg.Definitions:
    """The sensor."""
    return dg.Definitions(sensors=[bi_watch])
