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
    """One row per client and effective date: what 1,000 impressions cost from that day on, in the client's currency.

    A closed month keeps its price, which a trigger watches: `agreed_cpm` is then what was agreed instead (NULL: `cpm`
    itself), and a row that is not `is_agreed` was never entered: it begins or ends a kept price.
    """

    __tablename__ = "client_cpm_rates"
    __table_args__ = (
        CheckConstraint("cpm > 0", name="cpm_positive"),
        CheckConstraint("agreed_cpm is null or (is_agreed and agreed_cpm > 0)", name="agreed_cpm"),
        ForeignKeyConstraint(["client_id", "currency"], ["control.clients.client_id", "control.clients.currency"]),
    )

    client_id: Mapped[str] = mapped_column(primary_key=True)
    effective_date: Mapped[date] = mapped_column(primary_key=True)
    cpm: Mapped[Decimal] = mapped_column(Numeric(10, 4))
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]
    is_agreed: Mapped[bool] = mapped_column(server_default=text("true"))
    agreed_cpm: Mapped[Decimal | None] = mapped_column(Numeric(10, 4))


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


class ClosedPeriod(Base):
    """One row per client and closed month (its first day): its price is kept. The sums are those of the closing."""

    __tablename__ = "closed_periods"
    __table_args__ = (CheckConstraint("extract(day from month) = 1", name="month"),)

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    impressions: Mapped[int] = mapped_column(BigInteger)
    spend: Mapped[Decimal] = mapped_column(Numeric(24, 7))
    currency: Mapped[str] = mapped_column(String(3))
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]


class SpendAdjustment(Base):
    """One row per booked difference between what was agreed for a closed month and its kept price; never changed.

    `day` is the one that it counts on, `for_month` the month (its first day) that it is about. `cpm` and
    `effective_date` are the rate entry that it was booked for, NULL where a reopened month takes back what was booked.
    """

    __tablename__ = "spend_adjustments"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("extract(day from for_month) = 1", name="for_month"),
        ForeignKeyConstraint(["client_id", "currency"], ["control.clients.client_id", "control.clients.currency"]),
        Index(None, "client_id", "for_month"),
    )

    adjustment_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    client_id: Mapped[str]
    day: Mapped[date] = mapped_column("date")
    for_month: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(24, 7))
    currency: Mapped[str] = mapped_column(String(3))
    cpm: Mapped[Decimal | None] = mapped_column(Numeric(10, 4))
    effective_date: Mapped[date | None]
    booked_at: Mapped[datetime]
    booked_by: Mapped[str]
    why: Mapped[str | None]


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


class ArchivedMonth(Base):
    """One row per month whose rows of `daily_metrics` are a file of the landing zone's archive now.

    `sums` holds of each measure its sum, as text, and how many rows have it. The month's numbers are final.
    """

    __tablename__ = "archived_months"
    __table_args__ = (CheckConstraint("extract(day from month) = 1", name="first_day"),)

    month: Mapped[date] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    sums: Mapped[dict[str, Any]]
    file: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    archived_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ArchivedCreative(Base):
    """One row per creative of an archived month: its path, and the first and last archived day that it delivered on."""

    __tablename__ = "archived_creatives"

    creative_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    source: Mapped[str]
    campaign_id: Mapped[str]
    campaign_name: Mapped[str]
    strategy_id: Mapped[str]
    strategy_name: Mapped[str]
    placement_id: Mapped[str]
    placement_name: Mapped[str]
    creative_name: Mapped[str]
    first_date: Mapped[date]
    last_date: Mapped[date]


class DroppedDelivery(Base):
    """One row per delivery whose rows are no longer in raw, because no day rests on it: its ledger and file stay.

    `sums` holds the sum of each measure, as text; `stopped_at` is when the last of its days had another winner.
    """

    __tablename__ = "dropped_deliveries"
    __table_args__ = (_one_of("source", SOURCES),)

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    rows: Mapped[int] = mapped_column(BigInteger)
    sums: Mapped[dict[str, Any]]
    stopped_at: Mapped[datetime]
    dropped_at: Mapped[datetime] = mapped_column(server_default=NOW)


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
