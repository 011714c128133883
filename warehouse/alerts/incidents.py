"""From what is wrong now to what is open, and to the messages that say so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from warehouse.alerts.finding import Finding
from warehouse.control import AlertIncident, AlertMessage
from warehouse.postgres import locks
from warehouse.secrets.redaction import redacted

LOCK = "paidmedia alerts"
Key = tuple[str, str]


@dataclass(frozen=True)
class Changes:
    """What a look has changed."""

    opens: list[Finding]
    lasts: list[Finding]
    clears: list[Key]


def compare(findings: Iterable[Finding], open_keys: Iterable[Key]) -> Changes:
    """What begins, what goes on and what is over, by kind and subject."""
    wrong = {each.key: each for each in findings}
    known = set(open_keys)
    return Changes(
        opens=[each for key, each in wrong.items() if key not in known],
        lasts=[each for key, each in wrong.items() if key in known],
        clears=sorted(known - wrong.keys()),
    )


def note(
    current: Session,
    findings: Sequence[Finding],
    channels: Sequence[str],
    *,
    now: datetime,
    secrets: Sequence[str] = (),
    keep: timedelta = timedelta(days=90),
) -> Changes:
    """Write down what has changed, and a message for every channel that has not been told.

    A channel that is new hears of what is open; an all-clear goes to those that heard of the incident. What nobody can
    be told any more, because its channel has left the settings, is dropped, as are incidents that were over long ago.
    """
    # Of two processes that look at once, the second compares with what the first has written.
    locks.hold(current, LOCK)
    known = {
        (each.kind, each.subject): each
        for each in current.scalars(select(AlertIncident).where(AlertIncident.cleared_at.is_(None)))
    }
    changes = compare(findings, known)
    for finding in changes.opens:
        incident = AlertIncident(kind=finding.kind, subject=finding.subject, opened_at=now)
        _describe(incident, finding, now, list(secrets))
        current.add(incident)
    for finding in changes.lasts:
        _describe(known[finding.key], finding, now, list(secrets))
    for key in changes.clears:
        known[key].cleared_at = now
    current.flush()
    _write_messages(current, list(channels), now)
    left = (
        AlertIncident.cleared_at < now - keep,
        ~exists().where(_waits, AlertMessage.incident_id == AlertIncident.incident_id),
    )
    current.execute(delete(AlertIncident).where(*left))
    return changes


def open_incidents(current: Session) -> list[AlertIncident]:
    """What is open, oldest first."""
    query = select(AlertIncident).where(AlertIncident.cleared_at.is_(None))
    return list(current.scalars(query.order_by(AlertIncident.opened_at, AlertIncident.kind, AlertIncident.subject)))


_waits = AlertMessage.sent_at.is_(None)


def _describe(incident: AlertIncident, finding: Finding, now: datetime, secrets: list[str]) -> None:
    incident.what = redacted(finding.what, secrets)
    incident.place = redacted(finding.place, secrets)
    incident.fix = redacted(finding.fix, secrets)
    incident.last_seen_at = now


def _write_messages(current: Session, channels: list[str], now: datetime) -> None:
    current.execute(delete(AlertMessage).where(_waits, AlertMessage.channel.not_in(channels)))
    cleared = select(AlertMessage.incident_id, AlertMessage.channel).join(AlertIncident)
    wanted = [
        (incident_id, channel, "opened")
        for incident_id in current.scalars(
            select(AlertIncident.incident_id)
            .where(AlertIncident.cleared_at.is_(None))
            .order_by(AlertIncident.opened_at)
        )
        for channel in channels
    ]
    wanted += [
        (incident_id, channel, "cleared")
        for incident_id, channel in current.execute(
            cleared.where(
                AlertIncident.cleared_at.is_not(None),
                AlertMessage.news == "opened",
                AlertMessage.channel.in_(channels),
            ).order_by(AlertIncident.cleared_at)
        )
    ]
    if wanted:
        rows = [
            {"incident_id": incident_id, "channel": channel, "news": news, "written_at": now, "next_attempt_at": now}
            for incident_id, channel, news in wanted
        ]
        current.execute(insert(AlertMessage).values(rows).on_conflict_do_nothing())
