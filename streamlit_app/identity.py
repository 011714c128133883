"""Who is looking, and whose numbers they may see. The only place of the app that knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Viewer:
    """A reader of the app. `client_ids` are the clients they may see; None means every client."""

    name: str
    client_ids: tuple[str, ...] | None

    @property
    def may_resolve(self) -> bool:
        """Whether they may settle failed attempts: people of the agency, who see every client, may."""
        return self.client_ids is None


def current_viewer() -> Viewer:
    """The viewer of this session: until accounts exist, everyone is the same one and sees every client."""
    return Viewer(name="everyone", client_ids=None)
