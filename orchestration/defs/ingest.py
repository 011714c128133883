"""The raw assets: one loader per source, four tables each, loaded client by client.

S3 file | report API | upload → raw_<source>/<rows>, deliveries, delivery_days, rejects

A client that fails does not stop the others: the check `every_client_loaded` names it with its error.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, partial
from typing import Any

import dagster as dg
from pydantic import Field

from loaders.registry import loaded_by_day, registry, source_of, uploaded
from orchestration.lib import names
from orchestration.lib.outcomes import attempt, clients_check, load_metadata, log_client, note_unserved
from orchestration.lib.progress import prefixed

FIRST_DAY = "2023-01-01"  # the earliest day that can be loaded; the partitions of the UI begin here
# Today's partition exists while today runs: a file or report may be asked for before the day is over.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)

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
    known = source_of(source)
    rows = dg.AssetSpec(
        names.row_key(source),
        deps=[names.origin_key(source)],
        description=f"Delivered rows of {known.title}, typed, append-only, as delivered.",
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=known.fresh_hours)),
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
    return dg.AssetSpec(names.origin_key(source), description=source_of(source).origin_summary, group_name="outside")


def daily_asset(source: str) -> dg.AssetsDefinition:
    """A source that is read day by day: a run covers the days of its partition range, for every client."""

    @dg.multi_asset(
        name=names.load_op(source),
        specs=raw_specs(source),
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec(names.CLIENTS_CHECK, asset=names.row_key(source))],
        pool=names.load_job(source),
    )
    def load(
        context: dg.AssetExecutionContext, config: LoadConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from loaders.clients import clients_for
        from loaders.transports import day_loader
        from warehouse.settings import get_settings

        settings = get_settings()
        first, last = (date.fromisoformat(key) for key in context.partition_key_range)
        served = config.clients or clients_for(settings, source)
        outcomes = []
        for number, client_id in enumerate(served, start=1):
            tell = prefixed(f"{source}: {client_id} ({number} of {len(served)})")
            tell("started")
            call = partial(
                day_loader(source).load,
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
        name=names.load_op(source),
        specs=raw_specs(source),
        check_specs=[dg.AssetCheckSpec(names.CLIENTS_CHECK, asset=names.row_key(source))],
        pool=names.load_job(source),
    )
    def load(
        context: dg.AssetExecutionContext, config: UploadConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from loaders.transports import upload_loader
        from warehouse.settings import get_settings

        settings = get_settings()
        loader, outcomes = upload_loader(source), []
        for upload in loader.pending(settings, config.upload_ids):
            tell = prefixed(f"{source}: {upload.client_id}: {upload.filename}")
            tell("started")
            call = partial(loader.load, settings, upload.upload_id, dagster_run_id=context.run_id, on_progress=tell)
            outcomes.append(attempt(upload.client_id, call, context.log))
            log_client(settings, source, outcomes[-1], context.run_id)
            context.log.info(outcomes[-1].summary)
        for key in [names.row_key(source), *names.ledger_keys(source)]:
            yield dg.MaterializeResult(asset_key=key, metadata=load_metadata(outcomes))
        yield clients_check(source, outcomes)

    return load


@cache
def load_job(source: str) -> Any:
    """The job of a source: load, then judge."""
    return dg.define_asset_job(
        names.load_job(source),
        selection=dg.AssetSelection.assets(names.row_key(source), *names.ledger_keys(source)),
        description=f"Load {source_of(source).title} and judge what is new.",
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The assets and the job of each source of the registry."""
    return dg.Definitions(
        assets=[
            *(origin_spec(source) for source in registry()),
            *(daily_asset(source) for source in loaded_by_day()),
            *(upload_asset(source) for source in uploaded()),
        ],
        jobs=[load_job(source) for source in registry()],
    )
