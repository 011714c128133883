"""What asks for a build."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base


class BuildRequest(Base):
    """One row per change that no build has modelled yet, written in the transaction of the change.

    `what` has changed, such as `client acme`, and `why` that asks for a build, such as `renamed`. A build that has read
    the change and published deletes the row.
    """

    __tablename__ = "build_requests"

    request_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    what: Mapped[str]
    why: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)
