"""What left the warehouse, and what is remembered of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base
from warehouse.control.clients import Client
from warehouse.control.known_sources import KnownSource


class ArchivedMonth(Base):
    """One row per month whose rows of `daily_metrics` are a file of the landing zone's archive now, at the path `file`.

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


class FinalDay(Base):
    """One row per client, source and day that is final: the delivery that it was archived with."""

    __tablename__ = "final_days"

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column("date", primary_key=True)
    delivery_id: Mapped[str]


class ArchivedCreative(Base):
    """One row per creative of an archived month: its path."""

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


class DroppedDelivery(Base):
    """One row per delivery whose rows are no longer in raw, because no day rests on it: its ledger and file stay.

    `sums` holds the sum of each measure, as text; `stopped_at` is when the last of its days had another winner.
    """

    __tablename__ = "dropped_deliveries"

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name))
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    rows: Mapped[int] = mapped_column(BigInteger)
    sums: Mapped[dict[str, Any]]
    stopped_at: Mapped[datetime]
    dropped_at: Mapped[datetime] = mapped_column(server_default=NOW)


class KeptTransition(Base):
    """One row per day and delivery that replaced another there: what vanished then, kept as raw rows are dropped."""

    __tablename__ = "kept_transitions"

    previous_delivery_id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column("date", primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id))
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name))
    vanished_impressions: Mapped[int] = mapped_column(BigInteger)
    vanished_clicks: Mapped[int] = mapped_column(BigInteger)
    vanished_conversions: Mapped[int] = mapped_column(BigInteger)
    vanished_conversion_revenue: Mapped[Decimal] = mapped_column(Numeric(24, 9))
    vanished_reported_spend: Mapped[Decimal] = mapped_column(Numeric(24, 9))
    kept_at: Mapped[datetime] = mapped_column(server_default=NOW)
