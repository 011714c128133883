"""Whether what is lost could be brought back."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Float
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import Base, one_of


class RestoreDrill(Base):
    """One row per restore drill. `totals` are those of every table at `moment`, to which the drill restored.

    `restore_seconds` is how long it took until the restored server answered; `seconds` the whole drill.
    """

    __tablename__ = "restore_drills"
    __table_args__ = (one_of("status", ("running", "passed", "failed")),)

    drill_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    moment: Mapped[datetime]
    totals: Mapped[dict[str, Any]]
    backup: Mapped[str | None]
    status: Mapped[str]
    restore_seconds: Mapped[float | None] = mapped_column(Float())
    seconds: Mapped[float | None] = mapped_column(Float())
    error: Mapped[str | None]
