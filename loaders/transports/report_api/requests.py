"""What Postgres remembers of asking for reports: the hourly budget of an account, who waits for it, and the reports
that a killed run had asked for (`control.vibe_report_requests`, `control.vibe_queue`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from loaders.results import Progress
from loaders.source import ReportApi, Source, value_of
from loaders.transports.report_api.clock import Clock
from warehouse.control import ReportQueuePlace, ReportRequest
from warehouse.postgres import database, locks
from warehouse.settings import Settings

WINDOW = timedelta(seconds=3_600)
MARGIN = timedelta(seconds=2)  # the API counts a create when it arrives there, a little after it was counted here
LOOK = timedelta(minutes=10)  # whoever waits looks again this often: those ahead may have gone
GRACE = timedelta(minutes=1)  # who is later than that to look has gone, and holds nobody up until it is back
RESUMABLE = timedelta(days=1)  # an older report says less than a new one, and its download may be gone
# Held for a look, not for the wait: a lock of hours would be lost unnoticed with its connection.
_LOCK = "paidmedia {source} {account}"


def reserve(
    settings: Settings,
    source: Source,
    account: str,
    client_id: str,
    first: date,
    last: date,
    *,
    clock: Clock,
    tell: Progress,
) -> UUID:
    """Take one create from the account's budget and note the request; wait for one if the hour is used up.

    Clients are served in the order in which they began to wait. A killed client that comes back has kept its place,
    and each asks again behind the others for its next report: no client starves.
    """
    assert isinstance(source.transport, ReportApi)
    an_hour = value_of(source.transport.creates_per_hour, settings)
    while True:
        with database.session(settings) as current:
            locks.hold(current, _LOCK.format(source=source.name, account=account))
            now = clock.now()
            free_at = _turn(current, account, client_id, an_hour, now)
            if free_at is None:
                return _note(current, account, client_id, first, last, now)
        tell(f"{an_hour} reports an hour are used up; waiting until {free_at:%H:%M:%S} UTC")
        clock.sleep(max(min(free_at - now, LOOK).total_seconds(), 0.1))


def give_back(settings: Settings, request_id: UUID) -> None:
    """Undo `reserve`: the request never reached the API, so nothing was counted there."""
    with database.session(settings) as current:
        current.execute(delete(ReportRequest).where(ReportRequest.request_id == request_id))


def next_free(recent: Sequence[datetime], limit: int, now: datetime, ahead: int = 0) -> datetime | None:
    """When the next create may be sent, at the earliest; None for now.

    `recent` are the times of earlier ones, in any order; `ahead` clients take theirs first.
    """
    counted = sorted(each for each in recent if each > now - WINDOW - MARGIN)
    needed = len(counted) + ahead - limit  # the create of that number, from 0, has to be an hour old
    if needed < 0:
        return None
    return (counted[needed] if needed < len(counted) else now) + WINDOW + MARGIN


def resumable(
    current: Session, account: str, client_id: str, first: date, last: date, now: datetime
) -> ReportRequest | None:
    """The newest report of the same client and days that was asked for and not yet loaded."""
    query = (
        select(ReportRequest)
        .where(
            ReportRequest.account == account,
            ReportRequest.client_id == client_id,
            ReportRequest.start_date == first,
            ReportRequest.end_date == last,
            ReportRequest.report_id.is_not(None),
            ReportRequest.status.in_(("created", "done")),
            ReportRequest.requested_at > now - RESUMABLE,
        )
        .order_by(ReportRequest.requested_at.desc())
    )
    return current.scalars(query).first()


def mark(settings: Settings, request_id: UUID, status: str, *, now: datetime, error: str | None = None) -> None:
    """Note what became of a request."""
    with database.session(settings) as current:
        request = current.get_one(ReportRequest, request_id)
        request.status, request.error = status, error
        request.finished_at = now if status in ("consumed", "error", "expired") else request.finished_at


def name_report(settings: Settings, request_id: UUID, report_id: str) -> None:
    """Keep the id that the API gave the report."""
    with database.session(settings) as current:
        current.get_one(ReportRequest, request_id).report_id = report_id


def requested_at(settings: Settings, request_id: UUID) -> datetime:
    """When a report was asked for."""
    with database.session(settings) as current:
        return current.get_one(ReportRequest, request_id).requested_at


def _turn(current: Session, account: str, client_id: str, limit: int, now: datetime) -> datetime | None:
    """None if it is the client's turn, which ends its wait, else when it may be. Needs the account's lock."""
    place = current.get(ReportQueuePlace, (account, client_id))
    if place is None:
        place = ReportQueuePlace(account=account, client_id=client_id, waits_since=now)
    ahead = select(func.count()).where(
        ReportQueuePlace.account == account,
        ReportQueuePlace.waits_since < place.waits_since,
        ReportQueuePlace.looks_at > now - GRACE,
    )
    free_at = next_free(_recent(current, account, now), limit, now, current.scalars(ahead).one())
    if free_at is not None:
        place.looks_at = min(free_at, now + LOOK)
        current.add(place)
    elif place in current:
        current.delete(place)
    return free_at


def _recent(current: Session, account: str, now: datetime) -> list[datetime]:
    query = select(ReportRequest.requested_at).where(
        ReportRequest.account == account, ReportRequest.requested_at > now - WINDOW - MARGIN
    )
    return list(current.scalars(query))


def _note(current: Session, account: str, client_id: str, first: date, last: date, now: datetime) -> UUID:
    request = ReportRequest(
        account=account, client_id=client_id, start_date=first, end_date=last, requested_at=now, status="created"
    )
    current.add(request)
    current.flush()
    return request.request_id
