"""The `control` schema: what the agency decides and what the product remembers about its own work.

Clients and their rates, source settings, credentials, uploads, attempts, verdicts, users and the audit log. The tables
are changed by Alembic migrations only; delivered numbers never live here.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "control"
SOURCES = ("surfside", "vibe", "facebook")
ATTEMPT_STATUSES = ("running", "loaded", "duplicate", "refused", "failed", "held")
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
NOW = func.now()


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=column)


class Base(DeclarativeBase):
    """Every table of the schema; times carry their zone and are UTC."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[Any]: JSONB}  # noqa: RUF012


class Client(Base):
    """One row per client of the agency. `client_id` is the slug that commands and marts use."""

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint("client_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name="slug"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        UniqueConstraint("client_id", "currency"),
    )

    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str] = mapped_column(String(3))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    disabled_at: Mapped[datetime | None]


class CpmRate(Base):
    """One row per client and effective date: what 1,000 impressions cost from that day on, in the client's currency."""

    __tablename__ = "client_cpm_rates"
    __table_args__ = (
        CheckConstraint("cpm > 0", name="cpm_positive"),
        ForeignKeyConstraint(["client_id", "currency"], ["control.clients.client_id", "control.clients.currency"]),
    )

    client_id: Mapped[str] = mapped_column(primary_key=True)
    effective_date: Mapped[date] = mapped_column(primary_key=True)
    cpm: Mapped[Decimal] = mapped_column(Numeric(10, 4))
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]


class CpmRateEntry(Base):
    """One row each time that a rate was entered, replaced or removed (`cpm` is NULL then); a trigger writes it."""

    __tablename__ = "client_cpm_rate_entries"

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), index=True)
    effective_date: Mapped[date]
    cpm: Mapped[Decimal | None] = mapped_column(Numeric(10, 4))
    currency: Mapped[str] = mapped_column(String(3))
    entered_at: Mapped[datetime] = mapped_column(server_default=NOW)
    entered_by: Mapped[str]


class SourceSetting(Base):
    """One row per client, source and setting: the S3 `prefix`, or the rule for a level that the files lack."""

    __tablename__ = "client_source_settings"
    __table_args__ = (_one_of("source", SOURCES),)

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    setting: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class User(Base):
    """One row per person."""

    __tablename__ = "users"
    __table_args__ = (_one_of("role", ("admin", "analyst", "client")),)

    user_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class UserClient(Base):
    """One row per user and client that the user may see; admins and analysts need none."""

    __tablename__ = "user_clients"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.user_id), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)


class VibeCredentials(Base):
    """One row per client: the Vibe account. The key is Fernet-encrypted with `SECRET_KEY`."""

    __tablename__ = "vibe_credentials"

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    advertiser_id: Mapped[str]
    api_key_encrypted: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class VibeReportRequest(Base):
    """One row per report asked of Vibe: the hourly budget is counted here and a killed run finds its report again.

    `account` is a hash of the API key; `end_date` is included.
    """

    __tablename__ = "vibe_report_requests"
    __table_args__ = (
        _one_of("status", ("created", "done", "error", "expired", "consumed")),
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


class VibeQueuePlace(Base):
    """One row per client that waits for a create of an account's hourly budget.

    The row outlives the process that waits; `looks_at` is when that process will look again.
    """

    __tablename__ = "vibe_queue"

    account: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    waits_since: Mapped[datetime]
    looks_at: Mapped[datetime]


class VibeBreaker(Base):
    """One row per Vibe account that has failed: failed reports in a row, and from when on one is tried again."""

    __tablename__ = "vibe_breakers"

    account: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failure: Mapped[str | None]
    tries_at: Mapped[datetime | None]


class UploadedFile(Base):
    """One row per upload of a Facebook export, with what became of it."""

    __tablename__ = "uploaded_files"
    __table_args__ = (_one_of("status", ("received", "loaded", "held", "duplicate", "refused", "failed")),)

    upload_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
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
    """

    __tablename__ = "ingestion_runs"
    __table_args__ = (
        _one_of("source", SOURCES),
        _one_of("status", ATTEMPT_STATUSES),
        CheckConstraint("is_resolved = (resolution is not null)", name="resolution"),
        Index(None, "client_id", "source", "started_at"),
        Index(None, "started_at"),
    )

    ingestion_run_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source: Mapped[str]
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
    is_resolved: Mapped[bool] = mapped_column(server_default=text("false"))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]


class DeliveryVerdict(Base):
    """One row per judged delivery. Builds read `passed` and `released` deliveries only."""

    __tablename__ = "delivery_verdicts"
    __table_args__ = (_one_of("source", SOURCES), _one_of("verdict", ("passed", "held", "released")))

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    verdict: Mapped[str]
    failures: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    judged_at: Mapped[datetime] = mapped_column(server_default=NOW)
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    why: Mapped[str | None]


class KeptTransition(Base):
    """One row per day and delivery that replaced another there: what vanished then, kept as raw rows are dropped."""

    __tablename__ = "kept_transitions"
    __table_args__ = (_one_of("source", SOURCES),)

    previous_delivery_id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column("date", primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    source: Mapped[str]
    vanished_impressions: Mapped[int] = mapped_column(BigInteger)
    vanished_clicks: Mapped[int] = mapped_column(BigInteger)
    vanished_conversions: Mapped[int] = mapped_column(BigInteger)
    vanished_conversion_revenue: Mapped[Decimal] = mapped_column(Numeric(24, 9))
    vanished_reported_spend: Mapped[Decimal] = mapped_column(Numeric(24, 9))
    kept_at: Mapped[datetime] = mapped_column(server_default=NOW)


class AuditEntry(Base):
    """One row per change that a person made."""

    __tablename__ = "audit_log"

    audit_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(server_default=NOW)
    actor: Mapped[str]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[str]
    old_values: Mapped[dict[str, Any] | None]
    new_values: Mapped[dict[str, Any] | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]
