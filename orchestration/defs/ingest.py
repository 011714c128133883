"""The raw assets: one loader per source, four tables each, loaded client by client.

S3 file | Vibe API | upload → raw_<source>/<rows>, deliveries, delivery_days, rejects

A client that fails does not stop the others: the check `every_client_loaded` names it with its error.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field

from orchestration.lib import names
from orchestration.lib.outcomes import attempt, clients_check, load_metadata, log_client, note_unserved
from orchestration.lib.progress import prefixed

FIRST_DAY = "2023-01-01"  # the earliest day that can be loaded; the partitions of the UI begin here
# Today's partition exists while today runs: a file or report may be asked for before the day is over.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)

# A daily load at 05:00 or 06:00 plus two hours of delay; uploads come by hand, about once a week.
FRESHNESS = {
    "surfside": dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26)),
    "vibe": dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26)),
    "facebook": dg.FreshnessPolicy.time_window(fail_window=timedelta(days=8)),
}
DESCRIPTIONS = {
    "deliveries": "One row per delivery: origin, sha256, as-of, what was read, accepted, rejected and dropped.",
    "delivery_days": "One row per delivery and day that it declares, empty days included.",
    "rejects": "One row per cell that could not be taken, with its row, column, value and reason.",
    "_dlt_loads": "One row per load package that is whole; rows of any other package are read by nobody.",
}


class LoadConfig(dg.Config):
    """Which clients to load; none named means every client that the source serves."""

    clients: list[str] = Field(default_factory=list)


class UploadConfig(dg.Config):
    """Which uploads to load; none named means every one that was received and not yet loaded."""

    upload_ids: list[str] = Field(default_factory=list)


def raw_specs(source: str) -> list[dg.AssetSpec]:
    """The four tables of a source."""
    rows = dg.AssetSpec(
        names.row_key(source),
        deps=[names.origin_key(source)],
        description=f"Delivered rows of {source.title()}, typed, append-only, as delivered.",
        freshness_policy=FRESHNESS[source],
        group_name="raw",
        kinds={"dlt", "postgres"},
    )
    ledger = [
        dg.AssetSpec(
            key,
            deps=[names.origin_key(source)],
            description=DESCRIPTIONS[key.path[-1]],
            group_name="raw",
            kinds={"dlt", "postgres"},
        )
        for key in names.ledger_keys(source)
    ]
    return [rows, *ledger]


def origin_spec(source: str) -> dg.AssetSpec:
    """The outside world, as an external asset."""
    return dg.AssetSpec(names.origin_key(source), description=names.ORIGINS[source][1], group_name="outside")


def daily_asset(source: str) -> dg.AssetsDefinition:
    """A source that is read day by day: a run covers the days of its partition range, for every client."""

    @dg.multi_asset(
        name=f"load_{source}",
        specs=raw_specs(source),
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec(names.CLIENTS_CHECK, asset=names.row_key(source))],
        pool=names.load_job(source),
    )
    def load(
        context: dg.AssetExecutionContext, config: LoadConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from loaders import clients_for, loader_of
        from warehouse.settings import get_settings

        settings = get_settings()
        first, last = (date.fromisoformat(key) for key in context.partition_key_range)
        served = config.clients or clients_for(settings, source)
        outcomes = []
        for number, client_id in enumerate(served, start=1):
            tell = prefixed(f"{source}: {client_id} ({number} of {len(served)})")
            tell("started")
            call = partial(
                loader_of(source).load,
                settings,
                client_id,
                first,
                last,
                dagster_run_id=context.run_id,
                on_progress=tell,
            )
            outcomes.append(attempt(client_id, call, context.log))
            log_client(settings, source, outcomes[-1], context.run_id)
            note_unserved(settings, source, outcomes[-1], first, last, context.run_id, context.log)
            context.log.info(outcomes[-1].summary)
        for key in [names.row_key(source), *names.ledger_keys(source)]:
            yield dg.MaterializeResult(asset_key=key, metadata=load_metadata(outcomes))
        yield clients_check(source, outcomes)

    return load


def upload_asset(source: str) -> dg.AssetsDefinition:
    """A source that people upload: a run takes the named uploads, or all that wait."""

    @dg.multi_asset(
        name=f"load_{source}",
        specs=raw_specs(source),
        check_specs=[dg.AssetCheckSpec(names.CLIENTS_CHECK, asset=names.row_key(source))],
        pool=names.load_job(source),
    )
    def load(
        context: dg.AssetExecutionContext, config: UploadConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from loaders import loader_of, pending_uploads
        from warehouse.settings import get_settings

        settings = get_settings()
        outcomes = []
        for upload in pending_uploads(settings, config.upload_ids):
            tell = prefixed(f"{source}: {upload.client_id}: {upload.filename}")
            tell("started")
            call = partial(
                loader_of(source).load, settings, upload.upload_id, dagster_run_id=context.run_id, on_progress=tell
            )
            outcomes.append(attempt(upload.client_id, call, context.log))
            log_client(settings, source, outcomes[-1], context.run_id)
            context.log.info(outcomes[-1].summary)
        for key in [names.row_key(source), *names.ledger_keys(source)]:
            yield dg.MaterializeResult(asset_key=key, metadata=load_metadata(outcomes))
        yield clients_check(source, outcomes)

    return load


def load_jobs() -> list[Any]:
    """One job per source: load, then judge."""
    return [
        dg.define_asset_job(
            names.load_job(source),
            selection=dg.AssetSelection.assets(names.row_key(source), *names.ledger_keys(source)),
            description=f"Load {source.title()} and judge what is new.",
        )
        for source in names.ROW_TABLES
    ]


@dg.definitions
def defs() -> dg.Definitions:
    """Adding a source is one line here."""
    return dg.Definitions(
        assets=[
            *(origin_spec(source) for source in names.ROW_TABLES),
            daily_asset("surfside"),
            daily_asset("vibe"),
            upload_asset("facebook"),
        ],
        jobs=load_jobs(),
    )
