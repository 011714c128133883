"""What a message says: its subject and its text."""

from dataclasses import dataclass
from uuid import UUID

from warehouse.alerts.finding import TITLES
from warehouse.control import AlertIncident

PRODUCT = "paid media"


@dataclass(frozen=True)
class Message:
    """One message to be sent. `message_id` is the same each time that it is tried."""

    message_id: UUID
    subject: str
    body: str
    is_bad: bool


def message_of(incident: AlertIncident, news: str, message_id: UUID) -> Message:
    """An incident's message: that it opened, or that it is over."""
    title = f"{TITLES[incident.kind]}: {incident.subject}"
    is_bad = news == "opened"
    lines = [
        title if is_bad else f"Over: {title}",
        "",
        f"What: {incident.what}",
        f"Where: {incident.place}",
        *([f"What to do: {incident.fix}"] if is_bad else []),
        f"Since: {incident.opened_at:%Y-%m-%d %H:%M} UTC",
        *([f"Until: {incident.cleared_at:%Y-%m-%d %H:%M} UTC"] if incident.cleared_at and not is_bad else []),
        "",
        f"More: docs/runbooks/alerts.md, section {incident.kind}. Message {message_id}",
    ]
    return Message(message_id, f"[{PRODUCT}] {'' if is_bad else 'Over: '}{title}", "\n".join(lines) + "\n", is_bad)
