"""Whose numbers are asked for. How a browser or a program shows who it is stays where they are answered."""

from dataclasses import dataclass

from warehouse.access.accounts import Person


@dataclass(frozen=True)
class Viewer:
    """A reader. `client_ids` are the clients they may see; None means every client.

    Postgres decides on its own, by `user_id`, which rows they get: what is known here only shapes the answers.
    """

    user_id: int
    name: str
    role: str
    client_ids: tuple[str, ...] | None

    @property
    def is_staff(self) -> bool:
        """Whether they are of the agency: then they may upload exports and settle failed attempts."""
        return self.role in ("admin", "analyst")

    def may_see(self, client_id: str) -> bool:
        """Whether a client is one of theirs."""
        return self.client_ids is None or client_id in self.client_ids


def viewer_of(person: Person) -> Viewer:
    """The reader that a person who has logged in is."""
    return Viewer(person.user_id, person.email, person.role, person.client_ids)
