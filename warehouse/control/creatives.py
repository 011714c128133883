"""What people know of creatives that no source delivers."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.control.base import NOW, Base
from warehouse.control.clients import Client


class CreativePreview(Base):
    """One row per client and creative, by its id in the marts: where its picture or video can be seen."""

    __tablename__ = "creative_previews"

    client_id: Mapped[str] = mapped_column(ForeignKey(Client.client_id), primary_key=True)
    creative_id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=NOW)
