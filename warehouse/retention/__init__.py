"""How long things stay: the dates that decide it, the archive's files, and what leaves the warehouse's own tables.

Rows of `daily_metrics` and of the audit log become Parquet files (`months`, `audit_trail`). What no longer counts
in raw is dropped by `loaders.ledger.losers`, logs by `orchestration.lib.old_logs`; `orchestration.lib.retention` runs
it all.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Expired:
    """What has left, or would leave, of one thing. `count` in units of `unit`; `before` is the first day that stays."""

    what: str
    count: int
    unit: str
    size_bytes: int
    before: date
