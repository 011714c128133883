"""Questions about the product's own work: what arrived last, how fresh it is, what failed and was not made good."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.control import SOURCES
from warehouse.database import relation_exists

# How many days the newest delivered day may lie behind today. The daily loads of 05:00 and 06:00 UTC bring yesterday;
# until they have run, the day before it is the last one. Exports are uploaded by hand, about once a week.
LATE_AFTER_DAYS: Mapping[str, int] = {"surfside": 2, "vibe": 2, "facebook": 8}


def overview(current: Session) -> list[tuple[Any, ...]]:
    """One row per source and client with deliveries.

    Columns: source, client, days, last day, last delivery (UTC), rows accepted, rows rejected, held deliveries,
    deliveries without a verdict, state (`fresh` or `stale since …`).
    """
    parts = [
        _OVERVIEW.format(source=source, late_after=LATE_AFTER_DAYS[source])
        for source in SOURCES
        if relation_exists(current, f"raw_{source}.deliveries")
    ]
    if not parts:
        return []
    rows = current.execute(text(" union all ".join(parts) + " order by 1, 2"))
    return [tuple(row) for row in rows]


def newest_change(current: Session) -> datetime | None:
    """When something last changed that a build would read: a verdict, a release, a rate, a client. None: never."""
    changed: datetime | None = current.scalar(text(_NEWEST_CHANGE))
    return changed


def open_failures(current: Session) -> list[tuple[Any, ...]]:
    """Attempts that were refused or failed, newest first, unless resolved or followed by a success of the same file.

    Columns: source, client, time (UTC), status, error.
    """
    return [tuple(row) for row in current.execute(text(_FAILURES))]


_NEWEST_CHANGE = """
    select max(changed_at)
    from (
        select max(greatest(judged_at, released_at)) as changed_at
        from control.delivery_verdicts
        where verdict in ('passed', 'released')
        union all
        select max(occurred_at) from control.audit_log where entity in ('cpm', 'client')
    ) as changes
"""

_OVERVIEW = """
    select
        '{source}' as source,
        deliveries.client_id,
        (
            select count(distinct days.date)
            from raw_{source}.delivery_days as days
            inner join raw_{source}._dlt_loads as whole on days._dlt_load_id = whole.load_id and whole.status = 0
            where days.client_id = deliveries.client_id
        ) as days,
        max(deliveries.covers_to) as last_day,
        max(deliveries.delivered_at) as last_delivery,
        sum(deliveries.rows_accepted)::bigint as rows_accepted,
        sum(deliveries.rows_rejected)::bigint as rows_rejected,
        count(*) filter (where verdicts.verdict = 'held') as held,
        count(*) filter (where verdicts.delivery_id is null) as waiting,
        case
            when max(deliveries.covers_to) >= (now() at time zone 'UTC')::date - {late_after} then 'fresh'
            else 'stale since ' || (max(deliveries.covers_to) + {late_after} + 1)::text
        end as state
    from raw_{source}.deliveries
    inner join raw_{source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id and loads.status = 0
    left join control.delivery_verdicts as verdicts on deliveries.delivery_id = verdicts.delivery_id
    group by deliveries.client_id
"""

_FAILURES = """
    select failed.source, failed.client_id, failed.started_at, failed.status, failed.error
    from control.ingestion_runs as failed
    where failed.status in ('failed', 'refused')
        and not failed.is_resolved
        and not exists (
            select 1
            from control.ingestion_runs as later
            where later.source = failed.source
                and later.client_id = failed.client_id
                and later.origin is not distinct from failed.origin
                and later.started_at > failed.started_at
                and later.status in ('loaded', 'duplicate')
        )
    order by failed.started_at desc
    limit 50
"""
