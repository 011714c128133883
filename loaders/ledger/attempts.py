"""`control.ingestion_runs`: one row for each attempt to take in one delivery, whatever comes of it."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loaders.ledger import history
from loaders.registry import source_of
from loaders.results import DeliveryOutcome
from warehouse.control import Client, DeliveryVerdict, IngestionRun, sources

INTERRUPTED = "the process ended before the delivery was written; load again"


def start(
    current: Session,
    source: str,
    client_id: str,
    origin: str,
    *,
    delivery_id: str | None = None,
    dagster_run_id: str | None = None,
) -> UUID:
    """Note that an attempt begins."""
    run = IngestionRun(
        source=source,
        client_id=client_id,
        origin=origin,
        delivery_id=delivery_id,
        dagster_run_id=dagster_run_id,
        started_at=datetime.now(UTC),
        status="running",
    )
    current.add(run)
    current.flush()
    return run.ingestion_run_id


def finish(current: Session, run_id: UUID, outcome: DeliveryOutcome) -> None:
    """Note what came of an attempt. `days` become the first and last day that it covers."""
    run = current.get_one(IngestionRun, run_id)
    run.status, run.error, run.fault = outcome.status, outcome.error, outcome.fault
    run.delivery_id = outcome.delivery_id
    run.covers_from = min(outcome.days, default=None)
    run.covers_to = max(outcome.days, default=None)
    run.rows_read, run.rows_accepted = outcome.rows_read, outcome.rows_accepted
    run.rows_rejected, run.rows_dropped = outcome.rows_rejected, outcome.rows_dropped
    run.warnings = list(outcome.warnings)
    run.finished_at = datetime.now(UTC)


def note_unserved(
    current: Session, source: str, client_id: str, first: date, last: date, *, error: str, dagster_run_id: str
) -> None:
    """Note that a client could not be served at all, unless this run has already noted a failure of it."""
    noted = select(IngestionRun.ingestion_run_id).where(
        IngestionRun.dagster_run_id == dagster_run_id,
        IngestionRun.source == source,
        IngestionRun.client_id == client_id,
        IngestionRun.status.in_(("failed", "refused")),
    )
    if current.get(Client, client_id) is None or current.scalars(noted).first() is not None:
        return
    sources.write(current, [source_of(source).record()])  # its tables may not have been prepared yet
    now = datetime.now(UTC)
    current.add(
        IngestionRun(
            source=source,
            client_id=client_id,
            origin=f"{source} of {client_id}",
            covers_from=first,
            covers_to=last,
            dagster_run_id=dagster_run_id,
            started_at=now,
            finished_at=now,
            status="failed",
            error=error,
        )
    )


def close_interrupted(current: Session, source: str, client_id: str) -> None:
    """Settle attempts whose process died. To be called under the client's load lock, when none can be running."""
    query = select(IngestionRun).where(
        IngestionRun.source == source, IngestionRun.client_id == client_id, IngestionRun.status == "running"
    )
    for run in current.scalars(query):
        whole = run.delivery_id is not None and history.is_whole(current, source, run.delivery_id)
        verdict = current.get(DeliveryVerdict, run.delivery_id) if run.delivery_id else None
        held = verdict is not None and verdict.verdict == "held"
        run.status = ("held" if held else "loaded") if whole else "failed"
        run.error = None if whole else INTERRUPTED
        run.finished_at = datetime.now(UTC)
