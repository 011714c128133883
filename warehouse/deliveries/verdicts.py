"""Verdicts on deliveries: passed, held, released. Builds read only what passed or was released by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.control import DeliveryVerdict, IngestionRun, UploadedFile, sources
from warehouse.deliveries.replacement import REPLACED_DAYS
from warehouse.errors import PaidMediaError
from warehouse.postgres.database import relation_exists


@dataclass(frozen=True)
class Judgement:
    """What the expectations say of one delivery; `failures` is JSON-able and empty when it passed."""

    delivery_id: str
    client_id: str
    failures: list[dict[str, Any]] = field(default_factory=list)


def pending(current: Session, source: str) -> list[tuple[str, str]]:
    """Whole deliveries without a verdict, oldest first, as (delivery_id, client_id)."""
    if not relation_exists(current, f"raw_{source}.deliveries"):
        return []
    query = f"""
        select deliveries.delivery_id, deliveries.client_id
        from raw_{source}.deliveries
        inner join raw_{source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id and loads.status = 0
        left join control.delivery_verdicts as verdicts on deliveries.delivery_id = verdicts.delivery_id
        where verdicts.delivery_id is null
        order by deliveries.delivered_at, deliveries.delivery_id
    """  # noqa: S608 – the source is one of ours
    return [(row.delivery_id, row.client_id) for row in current.execute(text(query))]


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
    audit.record(
        current, "release", "delivery", delivery_id, old={"verdict": "held"}, new={"verdict": "released", "why": why}
    )
    return row


def held(current: Session) -> list[DeliveryVerdict]:
    """Deliveries that wait for a release, oldest first; not those of which newer ones give every day."""
    waiting: list[str] = []
    for source in sources.names(current):
        if relation_exists(current, f"raw_{source}.deliveries"):
            waiting += current.scalars(
                text(_STILL_HELD.format(source=source, declared=REPLACED_DAYS.format(source=source)))
            )
    query = select(DeliveryVerdict).where(DeliveryVerdict.delivery_id.in_(waiting)).order_by(DeliveryVerdict.judged_at)
    return list(current.scalars(query))


def pending_everywhere(current: Session) -> dict[str, int]:
    """How many deliveries wait for a verdict, by source; sources with none are left out."""
    counts = {source: len(pending(current, source)) for source in sources.names(current)}
    return {source: count for source, count in counts.items() if count}


def _mark(current: Session, delivery_id: str, *, was: str, now: str) -> None:
    """Keep the attempt and the upload of a delivery in step with its verdict."""
    for table in (IngestionRun, UploadedFile):
        rows = update(table).where(table.delivery_id == delivery_id, table.status == was)
        current.execute(rows.values(status=now))


_STILL_HELD = """
    select deliveries.delivery_id
    from raw_{source}.deliveries as deliveries
    inner join raw_{source}._dlt_loads as loads on deliveries._dlt_load_id = loads.load_id and loads.status = 0
    inner join control.delivery_verdicts as verdicts
        on deliveries.delivery_id = verdicts.delivery_id and verdicts.verdict = 'held'
    cross join lateral {declared} as declared
    where declared.days = 0 or declared.replaced_days < declared.days
"""
