"""What the parts of the Data page are about: who looks, at which clients and which sources."""

from dataclasses import dataclass

from serving import sources as known_sources
from serving import words
from serving.viewer import Viewer
from serving.words import Words
from warehouse.deliveries.monitor import Attempt
from warehouse.deliveries.rejects import RejectingDelivery


@dataclass(frozen=True)
class Chosen:
    """Who looks, at which clients (slug → name, of all of theirs) and which sources."""

    viewer: Viewer
    names: dict[str, str]
    client_ids: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def words(self) -> Words:
        """What the viewer is told."""
        return words.of(self.viewer)

    def who(self, item: Attempt | RejectingDelivery) -> str:
        """The source and the client of something, as people read them."""
        return f"{known_sources.title_of(item.source)} · {self.names[item.client_id]}"
