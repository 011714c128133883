"""Who is looking, and whose numbers they may see."""

from dataclasses import dataclass

import streamlit as st

from warehouse.accounts import Person


@dataclass(frozen=True)
class Viewer:
    """A reader of the app. `client_ids` are the clients they may see; None means every client.

    Postgres decides on its own, by `user_id`, which rows they get: what the app knows only shapes the pages.
    """

    user_id: int
    name: str
    role: str
    client_ids: tuple[str, ...] | None

    @property
    def is_staff(self) -> bool:
        """Whether they are of the agency: then they may upload exports and settle failed attempts."""
        return self.role in ("admin", "analyst")


def viewer_of(person: Person) -> Viewer:
    """The reader that a person who has logged in is."""
    return Viewer(person.user_id, person.email, person.role, person.client_ids)


def current_viewer() -> Viewer:
    """The viewer of the page that is being drawn."""
    found: Viewer = st.session_state["viewer"]
    return found
