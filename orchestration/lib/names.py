"""A name is decided once: asset keys, jobs and pools derived from the names of sources and their tables."""

from collections.abc import Mapping

import dagster as dg

from loaders.registry import names as every_source
from loaders.registry import source_of
from loaders.source import LEDGER_TABLES

UNITED: Mapping[str, tuple[str, ...]] = {
    "packages": ("_dlt_loads",),
    "deliveries": ("deliveries", "_dlt_loads"),
    "delivery_days": ("delivery_days", "deliveries", "_dlt_loads"),
    "horizon": (),
}
DECIDED: Mapping[dg.AssetKey, str] = {
    dg.AssetKey(["control", "delivery_verdicts"]): "One row per judged delivery.",
    dg.AssetKey(["control", "archived_months"]): "One row per month whose rows of `daily_metrics` are in a file.",
}
DECIDED_IN: Mapping[str, tuple[str, ...]] = {
    "delivery_verdicts": ("deliveries", "delivery_days"),
    "archived_months": ("horizon",),
}


def row_key(source: str) -> dg.AssetKey:
    """`raw_<source>/<row table>`: the Postgres table, the dbt source, the GX suite and the asset."""
    return dg.AssetKey([f"raw_{source}", source_of(source).row_table])


def ledger_keys(source: str) -> list[dg.AssetKey]:
    """The tables that land in the same package as the rows."""
    return [dg.AssetKey([f"raw_{source}", table]) for table in LEDGER_TABLES]


def united_keys(view: str) -> list[dg.AssetKey]:
    """What a view in `ledger` reads: tables of every source, and what people have decided."""
    tables = [dg.AssetKey([f"raw_{source}", table]) for source in every_source() for table in UNITED[view]]
    return [*tables, *(key for key in DECIDED if view in DECIDED_IN[key.path[-1]])]


def origin_key(source: str) -> dg.AssetKey:
    """Where the source comes from, outside the warehouse."""
    return dg.AssetKey([source, source_of(source).origin])


def load_job(source: str) -> str:
    """The job that loads and judges one source."""
    return f"{source}_load"


def load_op(source: str) -> str:
    """The step of it that loads."""
    return f"load_{source}"


BUILD_JOB = "build"
BUILD_OP = "dbt_build"
BUILD_LOCK = "paidmedia build"  # also of what may not run beside a build
RETENTION_JOB = "retention"
RETENTION_OP = "let_go"
BACKUP_JOB = "backup"
DRILL_JOB = "restore_drill"
CLIENTS_CHECK = "every_client_loaded"
EXPECTATIONS_CHECK = "expectations"


def judge_job(source: str) -> str:
    """The job that only judges what has no verdict yet."""
    return f"{source}_judge"


def expectations_key(source: str) -> dg.AssetCheckKey:
    """The blocking check of a source's rows."""
    return dg.AssetCheckKey(row_key(source), EXPECTATIONS_CHECK)
