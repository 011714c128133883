"""Resolving failed attempts: a person says that nobody waits for them any more, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.control import IngestionRun, lookup, sources
from warehouse.deliveries import monitor
from warehouse.deliveries.monitor import Attempt
from warehouse.errors import PaidMediaError

LIST = "paidmedia status lists what is open"


def resolve(current: Session, run: str, *, why: str, client_ids: Sequence[str] | None = None) -> Attempt:
    """Close one open failure, named by its id or the beginning of it, with a reason that the audit log keeps.

    `client_ids` are the clients for which the person may do so; None means every client. Raises `PaidMediaError`
    unless exactly one open failure of theirs is meant.
    """
    wanted = run.strip().lower().replace("-", "")
    meant = [each for each in monitor.open_failures(current, client_ids=client_ids) if wanted and _is(each, wanted)]
    if len(meant) > 1:
        raise PaidMediaError(f"{run!r} means {len(meant)} attempts", fix="write more of its id")
    if not meant:
        recent = monitor.attempts(current, client_ids=client_ids, limit=1_000) if wanted else []
        closed = next((each for each in recent if _is(each, wanted)), None)
        raise PaidMediaError(f"no open failure {run!r}", where=_why_closed(closed) if closed else None, fix=LIST)
    _close(current, meant, why=why)
    return meant[0]


def resolve_all(
    current: Session,
    client_id: str,
    *,
    why: str,
    source: str | None = None,
    client_ids: Sequence[str] | None = None,
) -> list[Attempt]:
    """Close every open failure of a client, or of one source of it; they are returned, newest first.

    Raises `PaidMediaError` for a client or a source that there is not, or that is not the person's to close.
    """
    if client_ids is not None and client_id not in client_ids:
        raise PaidMediaError(f"unknown client {client_id!r}")
    lookup.get_client(current, client_id)
    chosen = None if source is None else (sources.get(current, source).name,)
    meant = monitor.open_failures(current, client_ids=(client_id,), sources=chosen)
    _close(current, meant, why=why)
    return meant


def _close(current: Session, failures: Sequence[Attempt], *, why: str) -> None:
    if not why.strip():
        raise PaidMediaError("a resolution needs a reason", fix='say why, as in "nothing ran on that day"')
    person = audit.actor_name()
    ids = [each.ingestion_run_id for each in failures]
    rows = current.scalars(
        select(IngestionRun).where(IngestionRun.ingestion_run_id.in_(ids), ~IngestionRun.is_resolved).with_for_update()
    )
    for row in rows:
        row.is_resolved, row.resolution = True, why.strip()
        row.resolved_at, row.resolved_by = datetime.now(UTC), person
        audit.record(
            current,
            "resolve",
            "attempt",
            str(row.ingestion_run_id),
            old={"status": row.status, "error": row.error},
            new={"is_resolved": True, "why": row.resolution, "client_id": row.client_id, "source": row.source},
        )
    current.flush()


def _is(attempt: Attempt, wanted: str) -> bool:
    return attempt.ingestion_run_id.hex.startswith(wanted)


def _why_closed(attempt: Attempt) -> str:
    if attempt.is_resolved:
        return f"{attempt.resolved_by} has resolved it: {attempt.resolution}"
    said = {"failed": "it failed", "refused": "it was refused"}.get(attempt.status, f"it is {attempt.status}")
    return f"{said}, and a later attempt made that good" if attempt.is_made_good else said
