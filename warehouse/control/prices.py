"""Agreed rates, closed months and booked differences."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base
from warehouse.control.clients import Client


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
