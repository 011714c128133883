"""Uploads of a person's files and how far each of them has come, up to the marts: questions only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.billing.delivered_days import delivered_days
from warehouse.billing.final_days import RESTS_ON
from warehouse.ledger import EVERYTHING, Ledger
from warehouse.postgres.database import relation_exists

# How far an upload is. The last five are the end of it; `published` is the good one.
WAITING, LOADING, CHECKING, MODELLING = "waiting", "loading", "checking", "modelling"
PUBLISHED, REPLACED, HELD, DUPLICATE, REFUSED, FAILED = (
    "published", "replaced", "held", "duplicate", "refused", "failed",
)  # fmt: skip
ON_THE_WAY = frozenset((WAITING, LOADING, CHECKING, MODELLING))


@dataclass(frozen=True)
class Upload:
    """One upload. Rows and days are None until it was read."""

    upload_id: UUID
    client_id: str
    filename: str
    uploaded_by: str
    uploaded_at: datetime
    state: str
    message: str | None
    delivery_id: str | None
    rows_accepted: int | None
    rows_rejected: int | None
    covers_from: date | None
    covers_to: date | None

    @property
    def is_on_the_way(self) -> bool:
        """Whether its state will still change by itself."""
        return self.state in ON_THE_WAY


def newest(current: Session, *, client_ids: Sequence[str], limit: int, of: Ledger = EVERYTHING) -> list[UUID]:
    """The newest uploads of these clients, newest first, by their ids."""
    query = f"""
        select upload_id from {of.uploads}
        where client_id = any(:client_ids)
        order by uploaded_at desc, upload_id
        limit :limit
    """  # noqa: S608 – a name of ours
    return list(current.scalars(text(query), {"client_ids": list(client_ids), "limit": limit}))


def uploads(current: Session, upload_ids: Sequence[UUID]) -> list[Upload]:
    """These uploads, newest first."""
    has_marts = relation_exists(current, RESTS_ON)
    query = _UPLOADS.format(is_published=_IS_PUBLISHED if has_marts else "false")
    rows = current.execute(text(query), {"upload_ids": list(upload_ids)}).all()
    return [_upload(current, row) for row in rows]


def _upload(current: Session, row: Any) -> Upload:
    return Upload(
        upload_id=row.upload_id, client_id=row.client_id, filename=row.filename, uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at, state=_state(current, row), message=row.message, delivery_id=row.delivery_id,
        rows_accepted=row.rows_accepted, rows_rejected=row.rows_rejected,
        covers_from=row.covers_from, covers_to=row.covers_to,
    )  # fmt: skip


def _state(current: Session, row: Any) -> str:
    if row.status == "received":
        return LOADING if row.is_running else WAITING
    if row.status not in ("loaded", "held"):
        return str(row.status)
    if row.is_published:
        return PUBLISHED
    if row.verdict is None:
        return CHECKING
    if row.verdict == "held":
        return HELD
    days = delivered_days(current, row.client_id, row.covers_from, row.covers_to + timedelta(days=1))
    return MODELLING if any(day.delivery_id == row.delivery_id for day in days) else REPLACED


_IS_PUBLISHED = f"exists (select from {RESTS_ON} as rests where rests.delivery_id = uploaded.delivery_id)"

_UPLOADS = """
    select
        uploaded.*, verdicts.verdict,
        tried.rows_accepted, tried.rows_rejected, tried.covers_from, tried.covers_to,
        coalesce(tried.status = 'running', false) as is_running,
        {is_published} as is_published
    from control.uploaded_files as uploaded
    left join control.delivery_verdicts as verdicts on verdicts.delivery_id = uploaded.delivery_id
    left join lateral (
        select * from control.ingestion_runs as runs
        where runs.delivery_id = uploaded.delivery_id
        order by runs.started_at desc
        limit 1
    ) as tried on true
    where uploaded.upload_id = any(:upload_ids)
    order by uploaded.uploaded_at desc, uploaded.upload_id
"""
