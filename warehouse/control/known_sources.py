"""The sources, as the registry of the loaders says them: what rooms below the loaders know of a source."""

from typing import Any

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import Base, one_of

TRANSPORTS = ("object_store", "report_api", "upload")


class KnownSource(Base):
    """One row per source that there is or was. Written by `warehouse.control.sources` only.

    `client_settings` are the names of what can be set for a client; `late_after_days` is how far the newest day may lie
    behind today; `set_up` is the command that makes a client ready.
    """

    __tablename__ = "sources"
    __table_args__ = (
        one_of("transport", TRANSPORTS),
        CheckConstraint("name ~ '^[a-z][a-z0-9_]*$'", name="name"),
        CheckConstraint("late_after_days > 0", name="late_after_days"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    position: Mapped[int]
    row_table: Mapped[str]
    transport: Mapped[str]
    client_settings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    late_after_days: Mapped[int]
    set_up: Mapped[str]
