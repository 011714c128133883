"""`control.alert_outbox`: messages leave it once a channel has taken them, at least once each.

claim one (skipping what another process has) → send → mark, in one transaction. A process that is killed in between
sends that message again; it has the same id.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from warehouse.alerts.channels import Channel, NotSent
from warehouse.alerts.messages import message_of
from warehouse.control import AlertIncident, AlertMessage
from warehouse.postgres import database
from warehouse.secrets.redaction import redacted, secrets_of
from warehouse.settings import Settings

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)  # a server that was away for days is found again within this
SECONDS_PER_LOOK = 30.0  # Dagster gives a sensor a minute


@dataclass(frozen=True)
class Sent:
    """What one round came to. `problems` are one line for each channel that did not take a message."""

    sent: int
    problems: list[str]


def send(settings: Settings, channels: Sequence[Channel], *, seconds: float = SECONDS_PER_LOOK) -> Sent:
    """Send what waits, oldest first. A channel that fails is left alone for the rest of the round."""
    ends = time.monotonic() + seconds
    usable = {each.name: each for each in channels}
    sent, problems = 0, []
    while usable and time.monotonic() < ends:
        with database.session(settings) as current:
            row = current.scalars(_next(list(usable), datetime.now(UTC))).first()
            if row is None:
                break
            incident = current.get_one(AlertIncident, row.incident_id)
            row.attempts += 1
            try:
                usable[row.channel].send(message_of(incident, row.news, row.message_id))
            except NotSent as error:
                row.last_error = redacted(str(error), secrets_of(settings))
                row.next_attempt_at = datetime.now(UTC) + wait_after(row.attempts)
                problems.append(row.last_error)
                del usable[row.channel]
            else:
                row.sent_at, row.last_error = datetime.now(UTC), None
                sent += 1
    return Sent(sent, problems)


def wait_after(attempts: int) -> timedelta:
    """How long after so many attempts the next one comes: doubled each time, up to a quarter of an hour."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts - 1, 10)
    return min(doubled, LONGEST_WAIT)


def waiting(current: Session) -> tuple[int, datetime | None]:
    """How many messages wait, and since when the oldest does."""
    query = select(func.count(), func.min(AlertMessage.written_at)).where(AlertMessage.sent_at.is_(None))
    count, oldest = current.execute(query).one()
    return count, oldest


def _next(channels: list[str], now: datetime) -> Select[AlertMessage]:
    """The oldest message that may be sent; an all-clear waits until its channel has heard of the incident."""
    earlier = aliased(AlertMessage)
    is_first = ~(
        select(earlier.number)
        .where(
            earlier.incident_id == AlertMessage.incident_id,
            earlier.channel == AlertMessage.channel,
            earlier.number < AlertMessage.number,
            earlier.sent_at.is_(None),
        )
        .exists()
    )
    return (
        select(AlertMessage)
        .where(
            AlertMessage.sent_at.is_(None),
            AlertMessage.next_attempt_at <= now,
            AlertMessage.channel.in_(channels),
            is_first,
        )
        .order_by(AlertMessage.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
