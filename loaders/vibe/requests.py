"""`control.vibe_report_requests`: the hourly budget of an account, and the reports that a killed run had asked for."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loaders.locks import locked
from loaders.results import Progress
from loaders.vibe.clock import Clock
from warehouse import database
from warehouse.control import VibeReportRequest
from warehouse.settings import Settings

WINDOW = timedelta(seconds=3_600)
MARGIN = timedelta(seconds=2)  # the API counts a create when it arrives there, a little after it was counted here
RESUMABLE = timedelta(days=1)  # an older report says less than a new one, and its download may be gone


def reserve(
    settings: Settings,
    account: str,
    client_id: str,
    first: date,
    last: date,
    *,
    clock: Clock,
    tell: Progress,
) -> UUID:
    """Take one create from the account's budget and note the request; wait for one if the hour is used up.

    Whoever waits holds the account's lock, and Postgres hands locks out in the order of asking: no client starves, and
    each asks again behind the others for its next report.
    """
    with locked(f"paidmedia vibe {account}", settings):
        while True:
            with database.session(settings) as current:
                free_at = next_free(_recent(current, account, clock.now()), settings.vibe_creates_per_hour, clock.now())
                if free_at is None:
                    return _note(current, account, client_id, first, last, clock.now())
            seconds = max((free_at - clock.now()).total_seconds(), 0.1)
            tell(f"{settings.vibe_creates_per_hour} reports an hour are used up; waiting until {free_at:%H:%M:%S} UTC")
            clock.sleep(seconds)


def next_free(recent: Sequence[datetime], limit: int, now: datetime) -> datetime | None:
    """When the next create may be sent; None for now. `recent` are the times of earlier ones, in any order."""
    counted = sorted(each for each in recent if each > now - WINDOW - MARGIN)
    return None if len(counted) < limit else counted[-limit] + WINDOW + MARGIN


def resumable(
    current: Session, account: str, client_id: str, first: date, last: date, now: datetime
) -> VibeReportRequest | None:
    """The newest report of the same client and days that was asked for and not yet loaded."""
    query = (
        select(VibeReportRequest)
        .where(
            VibeReportRequest.account == account,
            VibeReportRequest.client_id == client_id,
            VibeReportRequest.start_date == first,
            VibeReportRequest.end_date == last,
            VibeReportRequest.report_id.is_not(None),
            VibeReportRequest.status.in_(("created", "done")),
            VibeReportRequest.requested_at > now - RESUMABLE,
        )
        .order_by(VibeReportRequest.requested_at.desc())
    )
    return current.scalars(query).first()


def mark(settings: Settings, request_id: UUID, status: str, *, now: datetime, error: str | None = None) -> None:
    """Note what became of a request."""
    with database.session(settings) as current:
        request = current.get_one(VibeReportRequest, request_id)
        request.status, request.error = status, error
        request.finished_at = now if status in ("consumed", "error", "expired") else request.finished_at


def name_report(settings: Settings, request_id: UUID, report_id: str) -> None:
    """Keep the id that the API gave the report."""
    with database.session(settings) as current:
        current.get_one(VibeReportRequest, request_id).report_id = report_id


def requested_at(settings: Settings, request_id: UUID) -> datetime:
    """When a report was asked for."""
    with database.session(settings) as current:
        return current.get_one(VibeReportRequest, request_id).requested_at


def _recent(current: Session, account: str, now: datetime) -> list[datetime]:
    query = select(VibeReportRequest.requested_at).where(
        VibeReportRequest.account == account, VibeReportRequest.requested_at > now - WINDOW - MARGIN
    )
    return list(current.scalars(query))


def _note(current: Session, account: str, client_id: str, first: date, last: date, now: datetime) -> UUID:
    request = VibeReportRequest(
        account=account, client_id=client_id, start_date=first, end_date=last, requested_at=now, status="created"
    )
    current.add(request)
    current.flush()
    return request.request_id
