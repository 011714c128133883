"""A name is decided once: asset keys, jobs and pools derived from the names of sources and their tables."""

from collections.abc import Mapping

import dagster as dg

ROW_TABLES: Mapping[str, str] = {
    "surfside": "media_report",
    "vibe": "performance_report",
    "facebook": "ads_export",
}
LEDGER_TABLES = ("deliveries", "delivery_days", "rejects", "_dlt_loads")
ORIGINS: Mapping[str, tuple[str, str]] = {
    "surfside": ("s3_report_files", "Daily report files in the S3 bucket, one folder per client."),
    "vibe": ("reporting_api", "Vibe's asynchronous reporting API."),
    "facebook": ("uploaded_exports", "Ads Manager exports, uploaded by hand."),
}


def row_key(source: str) -> dg.AssetKey:
    """`surfside` → `raw_surfside/media_report`: the Postgres table, the dbt source, the GX suite and the asset."""
    return dg.AssetKey([f"raw_{source}", ROW_TABLES[source]])


def ledger_keys(source: str) -> list[dg.AssetKey]:
    """The tables that land in the same package as the rows."""
    return [dg.AssetKey([f"raw_{source}", table]) for table in LEDGER_TABLES]


def origin_key(source: str) -> dg.AssetKey:
    """Where the source comes from, outside the warehouse."""
    return dg.AssetKey([source, ORIGINS[source][0]])


def load_job(source: str) -> str:
    """The job that loads and judges one source."""
    return f"{source}_load"


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
