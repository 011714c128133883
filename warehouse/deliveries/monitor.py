"""Questions about the product's own work: what arrived last, how fresh it is, what was tried, what failed and is open.

The ledger of attempts is `control.ingestion_runs`. Only questions belong here; closing a failure is in `resolutions`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.control import sources as known_sources
from warehouse.deliveries import verdicts
from warehouse.ledger import EVERYTHING, Ledger

SHORT_ID = 8  # hex digits of an attempt's id that people type; the same eight come once in 65,000 attempts


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger: one attempt to take in one delivery. Times are UTC, row counts None while it runs.

    `is_open`: it was refused or failed, and neither a later attempt nor a person has settled that (see `attempts`).
    """

    ingestion_run_id: UUID
    source: str
    client_id: str
    covers_from: date | None
    covers_to: date | None
    origin: str | None
    delivery_id: str | None
    rows_read: int | None
    rows_accepted: int | None
    rows_rejected: int | None
    rows_dropped: int | None
    warnings: list[str]
    started_at: datetime
    finished_at: datetime | None
    dagster_run_id: str | None
    status: str
    error: str | None
    fault: str | None
    is_resolved: bool
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    is_open: bool

    @property
    def short_id(self) -> str:
        """The beginning of its id, as people type it."""
        return self.ingestion_run_id.hex[:SHORT_ID]

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()

    @property
    def is_made_good(self) -> bool:
        """Whether it failed and a later attempt settled that."""
        return self.status in ("refused", "failed") and not self.is_open and not self.is_resolved


@dataclass(frozen=True)
class Standing:
    """How one source of one client stands. `attempt` is the newest one; the rest is None or 0 before any delivery."""

    source: str
    client_id: str
    days: int = 0
    last_day: date | None = None
    last_delivery: datetime | None = None
    rows_accepted: int = 0
    rows_rejected: int = 0
    held: int = 0
    waiting: int = 0
    state: str = "nothing delivered"
    attempt: Attempt | None = None


def overview(current: Session) -> list[Standing]:
    """Every source and client that has deliveries or attempts, by source and client."""
    held = Counter((each.source, each.client_id) for each in verdicts.held(current))
    newest = {(each.source, each.client_id): each for each in _attempts(current, _NEWEST_OF_EACH)}
    standings: dict[tuple[str, str], Standing] = {key: Standing(*key, attempt=newest[key]) for key in newest}
    for row in current.execute(text(_OVERVIEW)).mappings():
        key = row["source"], row["client_id"]
        standings[key] = Standing(**row, held=held[key], attempt=newest.get(key))
    return [standings[key] for key in sorted(standings)]


def attempts(
    current: Session,
    *,
    client_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    statuses: Sequence[str] = (),
    limit: int = 200,
    of: Ledger = EVERYTHING,
) -> list[Attempt]:
    """The newest attempts, newest first: of these clients and sources (None: all) and statuses (none named: any).

    A failed or refused attempt is open until it is settled: a person has resolved it, or a later attempt for the same
    source and client

    - brought its days: each of them is declared by a delivery that a later attempt loaded, found unchanged or held
      (what is held waits for a release, which is another matter), or
    - tried the same again: it has the same origin and either the same days, or the earlier one did not come as far as
      knowing its days. When that fails too, the later one is the open one. For one day a success at the same address
      is enough, because a file's name does not promise what days are in it; the name of an upload is no address.
    """
    query = "and (:any_status or runs.status = any(:statuses)) order by runs.started_at desc, runs.ingestion_run_id"
    more = {"any_status": not statuses, "statuses": list(statuses), "limit": limit}
    return _attempts(current, query + " limit :limit", client_ids, sources, of, **more)


def open_failures(
    current: Session,
    *,
    client_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    of: Ledger = EVERYTHING,
) -> list[Attempt]:
    """Every attempt that is open as `attempts` says, newest first."""
    query = "and runs.status in ('failed', 'refused') order by runs.started_at desc, runs.ingestion_run_id"
    return [each for each in _attempts(current, query, client_ids, sources, of) if each.is_open]


def resolved_failures(
    current: Session,
    *,
    client_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    limit: int = 50,
    of: Ledger = EVERYTHING,
) -> list[Attempt]:
    """The attempts that people have resolved last, newest resolution first."""
    query = "and runs.is_resolved order by runs.resolved_at desc nulls last, runs.ingestion_run_id limit :limit"
    return _attempts(current, query, client_ids, sources, of, limit=limit)


def _attempts(
    current: Session,
    which: str,
    client_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    of: Ledger = EVERYTHING,
    **parameters: Any,
) -> list[Attempt]:
    """Attempts of these clients and sources, each judged open or not. `which` is the rest of the query."""
    query = _ATTEMPTS.format(attempts=of.attempts, delivery_days=of.delivery_days) + which
    # The app's role reads nothing of `control`.
    known = known_sources.listed(current) if of is EVERYTHING else known_sources.known()
    chosen = {
        "any_client": client_ids is None,
        "client_ids": list(client_ids or ()),
        "sources": [each.name for each in known] if sources is None else list(sources),
        "uploaded": [each.name for each in known if each.is_uploaded],
    }
    return [Attempt(**row) for row in current.execute(text(query), chosen | parameters).mappings()]


_ATTEMPTS = """
    select
        runs.ingestion_run_id, runs.source, runs.client_id, runs.covers_from, runs.covers_to, runs.origin,
        runs.delivery_id, runs.rows_read, runs.rows_accepted, runs.rows_rejected, runs.rows_dropped, runs.warnings,
        runs.started_at, runs.finished_at, runs.dagster_run_id, runs.status, runs.error, runs.fault,
        runs.is_resolved, runs.resolved_at, runs.resolved_by, runs.resolution,
        case
            when runs.status not in ('failed', 'refused') or runs.is_resolved then false
            when exists (
                select 1
                from {attempts} as later
                where
                    later.source = runs.source
                    and later.client_id = runs.client_id
                    and later.started_at > runs.started_at
                    and later.origin = runs.origin
                    and later.status <> 'running'
                    and (
                        runs.covers_from is null
                        or (later.covers_from = runs.covers_from and later.covers_to = runs.covers_to)
                        or (
                            runs.covers_from = runs.covers_to
                            and runs.source <> all(cast(:uploaded as text[]))
                            and later.status in ('loaded', 'duplicate', 'held')
                        )
                    )
            ) then false
            when runs.covers_from is null then true
            else exists (
                select 1
                from generate_series(runs.covers_from::timestamp, runs.covers_to, interval '1 day') as wanted (day)
                where not exists (
                    select 1
                    from {delivery_days} as declared
                    inner join {attempts} as later on declared.delivery_id = later.delivery_id
                    where
                        declared.source = runs.source
                        and declared.client_id = runs.client_id
                        and declared.date = wanted.day::date
                        and later.source = runs.source
                        and later.client_id = runs.client_id
                        and later.started_at > runs.started_at
                        and later.status in ('loaded', 'duplicate', 'held')
                )
            )
        end as is_open
    from {attempts} as runs
    where runs.source = any(:sources) and (:any_client or runs.client_id = any(:client_ids))
"""

_NEWEST_OF_EACH = """
    and runs.ingestion_run_id in (
        select newest.ingestion_run_id
        from control.clients as clients
        cross join (select unnest(:sources) as source) as sources
        cross join lateral (
            select ingestion_run_id
            from control.ingestion_runs as mine
            where mine.client_id = clients.client_id and mine.source = sources.source
            order by mine.started_at desc, mine.ingestion_run_id
            limit 1
        ) as newest
    )
"""

_OVERVIEW = """
    with days as (
        select source, client_id, count(*) as days
        from (select distinct source, client_id, date from ledger.delivery_days) as declared
        group by source, client_id
    ),

    deliveries as (
        select
            source,
            client_id,
            max(covers_to) as last_day,
            max(delivered_at) as last_delivery,
            sum(rows_accepted)::bigint as rows_accepted,
            sum(rows_rejected)::bigint as rows_rejected,
            count(*) filter (where verdict = 'pending') as waiting
        from ledger.deliveries
        group by source, client_id
    )

    select
        deliveries.source, deliveries.client_id, coalesce(days.days, 0) as days, deliveries.last_day,
        deliveries.last_delivery, deliveries.rows_accepted, deliveries.rows_rejected, deliveries.waiting,
        case
            when deliveries.last_day >= (now() at time zone 'UTC')::date - sources.late_after_days then 'fresh'
            else 'stale since ' || (deliveries.last_day + sources.late_after_days + 1)::text
        end as state
    from deliveries
    left join days on deliveries.source = days.source and deliveries.client_id = days.client_id
    left join control.sources as sources on deliveries.source = sources.name
"""
