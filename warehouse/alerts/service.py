"""One look: what is wrong now, what of it is new or over, and sending what waits. And one test message."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from warehouse.alerts import channels, incidents, outbox
from warehouse.alerts.channels import NotSent
from warehouse.alerts.finding import Finding
from warehouse.alerts.findings import wrong_now
from warehouse.alerts.incidents import Changes
from warehouse.alerts.messages import PRODUCT, Message
from warehouse.alerts.outbox import Sent
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.secrets.redaction import redacted, secrets_of
from warehouse.settings import Settings


def look(settings: Settings, others: Sequence[Finding] = ()) -> Changes:
    """Write down what has begun and what is over. `others` is what Postgres does not know: all of it that is wrong."""
    names = [each.name for each in channels.configured(settings)]
    with database.session(settings) as current:
        return incidents.note(
            current,
            [*wrong_now(current), *others],
            names,
            now=datetime.now(UTC),
            secrets=secrets_of(settings),
            keep=timedelta(days=settings.retention_log_days),
        )


def send(settings: Settings) -> Sent:
    """Send what waits in the outbox."""
    return outbox.send(settings, channels.configured(settings))


def send_test(settings: Settings) -> list[tuple[str, str | None]]:
    """Send one message by every channel, past the outbox: its name, and None or why it was not sent.

    Raises `PaidMediaError` where there is no channel.
    """
    usable = channels.configured(settings)
    if not usable:
        raise PaidMediaError("nobody is told when something goes wrong", fix="set SMTP_HOST and SMTP_TO, or ALERT_URLS")
    outcomes: list[tuple[str, str | None]] = []
    for channel in usable:
        message_id = uuid4()
        body = f"This is a test: alerts reach you here.\n\nMessage {message_id}\n"
        try:
            channel.send(Message(message_id, f"[{PRODUCT}] Test of the alerts", body, is_bad=False))
            outcomes.append((channel.name, None))
        except NotSent as error:
            outcomes.append((channel.name, redacted(str(error), secrets_of(settings))))
    return outcomes
