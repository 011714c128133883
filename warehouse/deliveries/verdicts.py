"""Verdicts on deliveries: passed, held, released. Builds read only what passed or was released by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from warehouse import audit, builds
from warehouse.control import DeliveryVerdict, IngestionRun, UploadedFile, sources
from warehouse.errors import PaidMediaError


@dataclass(frozen=True)
class Judgement:
    """What the expectations say of one delivery; `failures` is JSON-able and empty when it passed."""

    delivery_id: str
    client_id: str
    failures: list[dict[str, Any]] = field(default_factory=list)


def pending(current: Session, source: str) -> list[tuple[str, str]]:
    """Whole deliveries without a verdict, oldest first, as (delivery_id, client_id)."""
    query = """
        select delivery_id, client_id
        from ledger.deliveries
        where source = :source and verdict = 'pending'
        order by delivered_at, delivery_id
    """
    return [(row.delivery_id, row.client_id) for row in current.execute(text(query), {"source": source})]


def record(current: Session, source: str, judgements: Sequence[Judgement]) -> None:
    """Write verdicts; one that a person has released is not taken back."""
    for judged in judgements:
        verdict = "held" if judged.failures else "passed"
        values = {
            "source": source,
            "client_id": judged.client_id,
            "verdict": verdict,
            "failures": judged.failures,
            "judged_at": datetime.now(UTC),
        }
        statement = insert(DeliveryVerdict).values(delivery_id=judged.delivery_id, **values)
        written = current.execute(
            statement.on_conflict_do_update(
                index_elements=["delivery_id"], set_=values, where=DeliveryVerdict.verdict != "released"
            ).returning(DeliveryVerdict.delivery_id)
        ).scalar()
        if verdict == "held" and written is not None:
            _mark(current, judged.delivery_id, was="loaded", now="held")
        elif written is not None:
            builds.request(current, f"delivery {judged.delivery_id}", "passed")


def release(current: Session, delivery_id: str, *, why: str) -> DeliveryVerdict:
    """Let a held delivery through, by name and with a reason. Raises `PaidMediaError` if it is not held."""
    row = current.get(DeliveryVerdict, delivery_id, with_for_update=True)
    if row is None:
        raise PaidMediaError(f"unknown delivery {delivery_id!r}", fix="paidmedia status lists held deliveries")
    if row.verdict != "held":
        raise PaidMediaError(f"delivery {delivery_id} is not held", where=f"it is {row.verdict}")
    if not why.strip():
        raise PaidMediaError("a release needs a reason", fix='--why "checked with the platform"')
    row.verdict, row.released_at, row.released_by, row.why = "released", datetime.now(UTC), audit.actor_name(), why
    _mark(current, delivery_id, was="held", now="loaded")
    builds.request(current, f"delivery {delivery_id}", "released")
    audit.record(
        current, "release", "delivery", delivery_id, old={"verdict": "held"}, new={"verdict": "released", "why": why}
    )
    return row


def held(current: Session) -> list[DeliveryVerdict]:
    """Deliveries that wait for a release, oldest first; not those of which newer ones give every day."""
    waiting = list(current.scalars(text(_STILL_HELD)))
    query = select(DeliveryVerdict).where(DeliveryVerdict.delivery_id.in_(waiting)).order_by(DeliveryVerdict.judged_at)
    return list(current.scalars(query))


def pending_everywhere(current: Session) -> dict[str, int]:
    """How many deliveries wait for a verdict, by source; sources with none are left out."""
    query = "select source, count(*) as waiting from ledger.deliveries where verdict = 'pending' group by source"
    counts = {row.source: int(row.waiting) for row in current.execute(text(query))}
    return {source: counts[source] for source in sources.names(current) if source in counts}


def _mark(current: Session, delivery_id: str, *, was: str, now: str) -> None:
    """Keep the attempt and the upload of a delivery in step with its verdict."""
    for table in (IngestionRun, UploadedFile):
        rows = update(table).where(table.delivery_id == delivery_id, table.status == was)
        current.execute(rows.values(status=now))


# One without any day can only be let through or delivered again, so it waits for that.
_STILL_HELD = """
    select held.delivery_id
    from control.delivery_verdicts as held
    where
        held.verdict = 'held'
        and (
            exists (
                select from ledger.waiting_days as days
                where days.source = held.source and days.delivery_id = held.delivery_id
            )
            or (
                not exists (
                    select from ledger.delivery_days as days
                    where days.source = held.source and days.delivery_id = held.delivery_id
                )
                and exists (
                    select from ledger.deliveries as deliveries
                    where deliveries.source = held.source and deliveries.delivery_id = held.delivery_id
                )
            )
        )
"""
