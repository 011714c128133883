"""Old months of the audit log: written to the archive, compared, then deleted, each month in one transaction."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import text

from warehouse import audit
from warehouse.postgres import database
from warehouse.retention import Expired, cutoffs, files
from warehouse.settings import Settings
from warehouse.storage import places

TABLE = "control.audit_log"


def expire(settings: Settings, today: date, *, dry_run: bool) -> Iterator[Expired]:
    """Archive every whole month that is old enough, oldest first, or say what that would be."""
    before = cutoffs.audit_stays_from(today, settings)
    with database.session(settings) as current:
        found = current.execute(text(_OLD_MONTHS), {"before": before}).all()
    for row in found:
        if not dry_run:
            _archive(settings, row.month, row.first_id, row.last_id)
        yield Expired(f"audit_log {row.month}", row.entries, "entries", row.size_bytes, before)


def _archive(settings: Settings, month: str, first_id: int, last_id: int) -> None:
    # The name tells which entries: one that came later never takes an earlier file's place.
    key = f"audit_log/{month}_{first_id}-{last_id}.parquet"
    where = (
        f"to_char(occurred_at at time zone 'UTC', 'YYYY-MM') = '{month}' and audit_id between {first_id} and {last_id}"
    )
    with database.session(settings) as current:
        current.execute(text(f"lock table {TABLE} in share row exclusive mode"))
        file = files.archive(current, TABLE, where, ("audit_id",), places.archive(settings), key)
        current.execute(text(f"delete from {TABLE} where {where}"))  # noqa: S608 – months and ids of ours
        kept = {
            "rows": file.totals.rows,
            "file": file.key,
            "sha256": file.sha256,
            "size_bytes": file.size_bytes,
        }
        audit.record(current, "archive", "audit_log", month, new=kept)


_OLD_MONTHS = f"""
    select
        to_char(occurred_at at time zone 'UTC', 'YYYY-MM') as month, count(*) as entries,
        sum(pg_column_size(entries.*))::bigint as size_bytes, min(audit_id) as first_id, max(audit_id) as last_id
    from {TABLE} as entries
    where occurred_at at time zone 'UTC' < :before
    group by 1
    order by 1
"""  # noqa: S608 – the table is ours
