"""What is wrong and who was told of it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base, one_of

FAULTS = (
    "failed_run",
    "missing_file",
    "rejects_above_threshold",
    "failed_check",
    "stale_source",
    "missing_cpm_rate",
    "vibe_budget_exhausted",
    "source_unreachable",
)


class AlertIncident(Base):
    """One row per time that something went wrong, of a kind and with a subject: open until it is no longer found."""

    __tablename__ = "alert_incidents"
    __table_args__ = (
        one_of("kind", FAULTS),
        Index("uq_alert_incidents_open", "kind", "subject", unique=True, postgresql_where=text("cleared_at is null")),
    )

    incident_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    subject: Mapped[str]
    what: Mapped[str]
    place: Mapped[str]
    fix: Mapped[str]
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]


class AlertMessage(Base):
    """One row per incident, channel and news of it: that it opened, that it cleared. Kept until it is sent.

    `message_id` is sent along, so that a message that comes twice can be recognised. `channel` names an address of the
    settings without telling it.
    """

    __tablename__ = "alert_outbox"
    __table_args__ = (
        one_of("news", ("opened", "cleared")),
        UniqueConstraint("incident_id", "channel", "news"),
        Index("ix_alert_outbox_waiting", "next_attempt_at", postgresql_where=text("sent_at is null")),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey(AlertIncident.incident_id, ondelete="CASCADE"))
    news: Mapped[str]
    channel: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(server_default=NOW)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=NOW)
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
