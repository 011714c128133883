"""`control.ingestion_runs`: one row for each attempt to take in one delivery, whatever comes of it."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loaders import history
from loaders.results import DeliveryOutcome
from warehouse.control import DeliveryVerdict, IngestionRun

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
    run.status, run.error = outcome.status, outcome.error
    run.delivery_id = outcome.delivery_id
    run.covers_from = min(outcome.days, default=None)
    run.covers_to = max(outcome.days, default=None)
    run.rows_read, run.rows_accepted = outcome.rows_read, outcome.rows_accepted
    run.rows_rejected, run.rows_dropped = outcome.rows_rejected, outcome.rows_dropped
    run.warnings = list(outcome.warnings)
    run.finished_at = datetime.now(UTC)


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
