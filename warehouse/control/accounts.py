"""Who may log in, with what, and which BI login belongs to whom."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, String, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import ACCESS, NOW, Base, one_of
from warehouse.control.clients import Client


class User(Base):
    """One row per person. Without a password they can only come through the agency's single sign-on."""

    __tablename__ = "users"
    __table_args__ = (one_of("role", ("admin", "analyst", "client")),)

    user_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    password_hash: Mapped[str | None]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    password_changed_at: Mapped[datetime | None]
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class UserClient(Base):
    """One row per user and client that the user may see; admins and analysts need none."""

    __tablename__ = "user_clients"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.user_id), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)


class UserSession(Base):
    """One row per log-in. Of the token that the browser keeps only the sha256 is stored."""

    __tablename__ = "user_sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.user_id), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_seen_at: Mapped[datetime] = mapped_column(server_default=NOW)
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]


class BiLogin(Base):
    """One row per Postgres role of a BI tool: that of a client, or of the agency, which is nobody's."""

    __tablename__ = "bi_logins"
    __table_args__ = {"schema": ACCESS}  # noqa: RUF012 – SQLAlchemy's own form

    login: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str | None] = mapped_column(ForeignKey(Client.client_id))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]


class ClientView(Base):
    """One row per view in `bi`: what was asked for, and what Postgres made of it, so that a change is seen."""

    __tablename__ = "client_views"
    __table_args__ = {"schema": ACCESS}  # noqa: RUF012 – SQLAlchemy's own form

    view_name: Mapped[str] = mapped_column(primary_key=True)
    asked_sha256: Mapped[str]
    definition: Mapped[str]
