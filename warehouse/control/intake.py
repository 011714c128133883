"""What was asked for, uploaded, attempted and judged."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.alerts import FAULTS
from warehouse.control.base import ATTEMPT_STATUSES, NOW, Base, one_of
from warehouse.control.clients import Client
from warehouse.control.known_sources import KnownSource


class ReportRequest(Base):
    """One row per report asked of an API: the hourly budget is counted here and a killed run finds its report again.

    `account` is a hash of the API key; `end_date` is included.
    """

    __tablename__ = "vibe_report_requests"
    __table_args__ = (
        one_of("status", ("created", "done", "error", "expired", "consumed")),
        Index(None, "account", "requested_at"),
    )

    request_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    account: Mapped[str]
    report_id: Mapped[str | None]
    start_date: Mapped[date]
    end_date: Mapped[date]
    requested_at: Mapped[datetime]
    status: Mapped[str]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]


class ReportQueuePlace(Base):
    """One row per client that waits for a create of an account's hourly budget.

    The row outlives the process that waits; `looks_at` is when that process will look again.
    """

    __tablename__ = "vibe_queue"

    account: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    waits_since: Mapped[datetime]
    looks_at: Mapped[datetime]


class ReportBreaker(Base):
    """One row per account of an API that has failed: failed reports in a row, and from when on one is tried again."""

    __tablename__ = "vibe_breakers"

    account: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failure: Mapped[str | None]
    tries_at: Mapped[datetime | None]


class UploadedFile(Base):
    """One row per export that a person uploaded, with what became of it."""

    __tablename__ = "uploaded_files"
    __table_args__ = (one_of("status", ("received", "loaded", "held", "duplicate", "refused", "failed")),)

    upload_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name))
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    landed_path: Mapped[str]
    as_of: Mapped[datetime | None]
    supersede: Mapped[bool] = mapped_column(server_default=text("false"))
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=NOW)
    status: Mapped[str] = mapped_column(server_default="received", index=True)
    message: Mapped[str | None]
    delivery_id: Mapped[str | None]


class IngestionRun(Base):
    """One row per attempt to take in one delivery, whatever came of it.

    `is_resolved` is set by a person only, with the reason in `resolution`; what a later attempt made good is derived.
    `fault` is what kind of alert a failed or refused one is worth; NULL is a failure like any other.
    """

    __tablename__ = "ingestion_runs"
    __table_args__ = (
        one_of("status", ATTEMPT_STATUSES),
        one_of("fault", FAULTS),
        CheckConstraint("is_resolved = (resolution is not null)", name="resolution"),
        Index(None, "client_id", "source", "started_at"),
        Index(None, "started_at"),
    )

    ingestion_run_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name))
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    covers_from: Mapped[date | None]
    covers_to: Mapped[date | None]
    origin: Mapped[str | None]
    delivery_id: Mapped[str | None] = mapped_column(index=True)
    rows_read: Mapped[int | None] = mapped_column(BigInteger)
    rows_accepted: Mapped[int | None] = mapped_column(BigInteger)
    rows_rejected: Mapped[int | None] = mapped_column(BigInteger)
    rows_dropped: Mapped[int | None] = mapped_column(BigInteger)
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    finished_at: Mapped[datetime | None]
    dagster_run_id: Mapped[str | None]
    status: Mapped[str]
    error: Mapped[str | None]
    fault: Mapped[str | None]
    is_resolved: Mapped[bool] = mapped_column(server_default=text("false"))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]


class DeliveryVerdict(Base):
    """One row per judged delivery. Builds read `passed` and `released` deliveries only."""

    __tablename__ = "delivery_verdicts"
    __table_args__ = (one_of("verdict", ("passed", "held", "released")),)

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name))
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    verdict: Mapped[str]
    failures: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    judged_at: Mapped[datetime] = mapped_column(server_default=NOW)
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    why: Mapped[str | None]
