"""A name is decided once: asset keys, jobs and pools derived from the names of sources and their tables."""

import dagster as dg

from loaders.registry import source_of
from loaders.source import LEDGER_TABLES


def row_key(source: str) -> dg.AssetKey:
    """`raw_<source>/<row table>`: the Postgres table, the dbt source, the GX suite and the asset."""
    return dg.AssetKey([f"raw_{source}", source_of(source).row_table])


def ledger_keys(source: str) -> list[dg.AssetKey]:
    """The tables that land in the same package as the rows."""
    return [dg.AssetKey([f"raw_{source}", table]) for table in LEDGER_TABLES]


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
