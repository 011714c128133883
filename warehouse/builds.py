"""What asks for a build: rows of `control.build_requests`, each written in the transaction of its change.

a change → `request` → Dagster's sensor asks for a build → the build has published → `settle`

Whatever changes what a build reads calls `request` here: a rate, a verdict, a client, a booking.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from warehouse.control import BuildRequest


def request(current: Session, what: str, why: str) -> None:
    """Ask for a build because of a change, such as ("client acme", "renamed"), in its transaction."""
    current.add(BuildRequest(what=what, why=why))


def pending(current: Session) -> dict[int, datetime]:
    """The requests that no build has settled, id → when each was made, in UTC."""
    query = select(BuildRequest.request_id, BuildRequest.requested_at)
    return {row.request_id: row.requested_at for row in current.execute(query)}


def settle(current: Session, request_ids: Iterable[int]) -> None:
    """Take away the requests that a build found pending when it began, once it has published."""
    current.execute(delete(BuildRequest).where(BuildRequest.request_id.in_(list(request_ids))))
