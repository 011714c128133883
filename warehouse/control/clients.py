"""Clients and their settings."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base
from warehouse.control.known_sources import KnownSource


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


class SourceSetting(Base):
    """One row per client, source and setting: the S3 `prefix`, or the rule for a level that the files lack."""

    __tablename__ = "client_source_settings"

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey(KnownSource.name), primary_key=True)
    setting: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class VibeCredentials(Base):
    """One row per client: the Vibe account. The key is Fernet-encrypted with `SECRET_KEY`."""

    __tablename__ = "vibe_credentials"

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    advertiser_id: Mapped[str]
    api_key_encrypted: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
