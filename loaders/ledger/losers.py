"""Raw rows that no longer count: a delivery of which no day is read any more leaves the row table of its source.

Its ledger (`deliveries`, `delivery_days`, `rejects`) and its file in the landing zone stay, and
`control.dropped_deliveries` says that the rows are gone on purpose, and what they added up to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from loaders.files.columns import MEASURES
from loaders.registry import names, source_of
from warehouse.billing.final_days import RESTS_ON
from warehouse.control import DroppedDelivery
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.postgres.database import relation_exists
from warehouse.retention import Expired, cutoffs
from warehouse.settings import Settings

TOGETHER = 20  # deliveries of one transaction: a million rows

# Called with the deliveries, in the transaction that then drops their rows.
BeforeDropping = Callable[[Session, Sequence[str]], object]


@dataclass(frozen=True)
class Loser:
    """A delivery no day of which is read any more, since `stopped_at`."""

    delivery_id: str
    client_id: str
    rows: int
    stopped_at: datetime


def expire(
    settings: Settings, today: date, *, dry_run: bool, before_dropping: Sequence[BeforeDropping] = ()
) -> Iterator[Expired]:
    """Drop the rows of every delivery that has been a loser long enough, or say what that would be, by source.

    To be called under the lock of builds. Raises `PaidMediaError` for a delivery whose rows its ledger does
    not confirm.
    """
    stays_from = cutoffs.raw_stays_from(today, settings)
    for source in names():
        with database.session(settings) as current:
            found = losers(current, source, stays_from)
            rows = sum(each.rows for each in found)
            size_bytes = _size(current, source, rows)
        for first in range(0, 0 if dry_run else len(found), TOGETHER):
            with database.session(settings) as current:
                _drop(current, source, found[first : first + TOGETHER], before_dropping)
        if found:
            yield Expired(f"{_table(source)}, {len(found)} deliveries", rows, "rows", size_bytes, stays_from)


def losers(current: Session, source: str, stays_from: date) -> list[Loser]:
    """Deliveries of a source whose rows can go: builds may read them, each of their days stopped before `stays_from`.

    A day has stopped when a newer delivery was let through, or when it became final. What was never let through may
    still be released, and what a published hot day rests on may be read again: both stay.
    """
    if not relation_exists(current, RESTS_ON):
        return []
    query = _LOSERS.format(published=RESTS_ON)
    cutoff = datetime.combine(stays_from, time(), UTC)
    return [Loser(**row) for row in current.execute(text(query), {"source": source, "cutoff": cutoff}).mappings()]


def _drop(current: Session, source: str, some: Sequence[Loser], before_dropping: Sequence[BeforeDropping]) -> None:
    ids = [each.delivery_id for each in some]
    for call in before_dropping:
        call(current, ids)
    ledger = _totals(current, _LEDGER.format(sums=_SUMS), source, ids)
    delete = _DELETE.format(table=_table(source), sums=_SUMS, returned=", ".join(MEASURES))
    gone = _totals(current, delete, source, ids)
    for each in some:
        if gone.get(each.delivery_id) != ledger[each.delivery_id]:
            raise PaidMediaError(
                f"the rows of {each.delivery_id} are not what its ledger says; they stay",
                where=f"{gone.get(each.delivery_id)} instead of {ledger[each.delivery_id]}",
                fix="report it",
            )
        rows, *sums = ledger[each.delivery_id]
        current.add(
            DroppedDelivery(
                delivery_id=each.delivery_id,
                source=source,
                client_id=each.client_id,
                rows=rows,
                sums={name: f"{total:f}" for name, total in zip(MEASURES, sums, strict=True)},
                stopped_at=each.stopped_at,
                dropped_at=datetime.now(UTC),
            )
        )


def _totals(current: Session, query: str, source: str, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """delivery_id → rows and the sum of each measure; an unknown sum is zero, as the ledger of an empty day has it."""
    found = current.execute(text(query), {"source": source, "ids": list(ids)})
    return {row[0]: (int(row[1]), *(Decimal(total).normalize() for total in row[2:])) for row in found}


def _table(source: str) -> str:
    return f"raw_{source}.{source_of(source).row_table}"


def _size(current: Session, source: str, rows: int) -> int:
    """About how many bytes so many rows of a source take."""
    if not rows:
        return 0
    query = "select pg_table_size(oid) / greatest(reltuples, :rows) from pg_class where oid = to_regclass(:table)"
    size = current.scalar(text(query), {"table": _table(source), "rows": rows})
    return round(float(size or 0) * rows)


_SUMS = ", ".join(f"coalesce(sum({name}), 0)" for name in MEASURES)

_LEDGER = """
    select delivery_id, sum(accepted_rows), {sums}
    from ledger.delivery_days
    where source = :source and delivery_id = any(:ids)
    group by delivery_id
"""

_DELETE = """
    with gone as (
        delete from {table} where delivery_id = any(:ids) returning delivery_id, {returned}
    )
    select delivery_id, count(*), {sums} from gone group by delivery_id
"""

_LOSERS = """
    with allowed as (
        select delivery_id, client_id, rows_accepted, allowed_at
        from ledger.deliveries
        where source = :source and is_allowed
    ),

    declared as (
        select distinct delivery_id, client_id, date, allowed_at, precedence
        from ledger.delivery_days
        where source = :source and is_allowed
    ),

    days as (
        select
            delivery_id,
            date,
            min(allowed_at) over (
                partition by client_id, date
                order by precedence
                rows between 1 following and unbounded following
            ) as taken_over_at
        from declared
    ),

    stopped as (
        select
            days.delivery_id,
            least(
                days.taken_over_at,
                (select min(archived_at) from ledger.horizons where days.date < horizons.first_open_day)
            ) as stopped_at
        from days
    )

    select
        allowed.delivery_id, allowed.client_id, allowed.rows_accepted as rows,
        greatest(max(stopped.stopped_at), allowed.allowed_at) as stopped_at
    from allowed
    inner join stopped on allowed.delivery_id = stopped.delivery_id
    where
        allowed.rows_accepted > 0
        and not exists (
            select 1 from control.dropped_deliveries as dropped where dropped.delivery_id = allowed.delivery_id
        )
        and not exists (
            select 1 from {published} as published
            where
                published.delivery_id = allowed.delivery_id
                and published.source = :source
                and published.date >= (select first_hot_day from ledger.horizon)
        )
    group by allowed.delivery_id, allowed.client_id, allowed.rows_accepted, allowed.allowed_at
    having bool_and(stopped.stopped_at is not null)
        and greatest(max(stopped.stopped_at), allowed.allowed_at) < :cutoff
    order by stopped_at, allowed.delivery_id
"""
