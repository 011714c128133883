"""What the page about deliveries asks of the ledger, and the one thing that it changes there: always by a service of
`warehouse`, and only for clients that the viewer may see.

Nothing is cached: a load changes the ledger long before a build changes the marts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg2.errors
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from loaders import facebook
from loaders.corrections import marked_file
from streamlit_app import session, words
from streamlit_app.identity import Viewer
from warehouse import clients, database, monitor, rejects, resolutions
from warehouse import uploads as service
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.monitor import Attempt
from warehouse.rejects import Reject, RejectingDelivery
from warehouse.settings import get_settings
from warehouse.uploads import Upload


def client_names(viewer: Viewer) -> dict[str, str]:
    """The viewer's clients, slug → name, by name; also those of whom nothing was ever delivered."""
    with _asking() as current:
        every = sorted(clients.list_clients(current), key=lambda client: (client.name, client.client_id))
        return {each.client_id: each.name for each in every if _may_see(viewer, each.client_id)}


def open_failures(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str]) -> list[Attempt]:
    """Failed and refused attempts that nothing has settled, newest first."""
    with _asking() as current:
        return monitor.open_failures(current, client_ids=_seen(viewer, client_ids), sources=sources)


def resolved_failures(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], limit: int) -> list[Attempt]:
    """The failures that people have settled last, newest first."""
    with _asking() as current:
        return monitor.resolved_failures(current, client_ids=_seen(viewer, client_ids), sources=sources, limit=limit)


def attempts(
    viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], statuses: Sequence[str], limit: int
) -> list[Attempt]:
    """The newest attempts, newest first; no `statuses` means any."""
    with _asking() as current:
        return monitor.attempts(
            current, client_ids=_seen(viewer, client_ids), sources=sources, statuses=statuses, limit=limit
        )


def rejecting(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], limit: int) -> list[RejectingDelivery]:
    """The newest deliveries with rejected rows, newest first."""
    with _asking() as current:
        return rejects.deliveries(current, client_ids=_seen(viewer, client_ids), sources=sources, limit=limit)


def rejected_rows(viewer: Viewer, delivery: RejectingDelivery) -> Sequence[Reject]:
    """The rejected rows of one of the viewer's deliveries, in the order of its file: the cells that they may see."""
    with _asking() as current:
        mine = rejects.delivery(current, delivery.delivery_id, client_ids=viewer.client_ids)
        return words.rejects(viewer, mine.source, rejects.rows(current, mine))


def whole_file(viewer: Viewer, delivery: RejectingDelivery) -> bytes:
    """The whole file of a delivery as CSV, its rejected rows marked. Raises `PaidMediaError`.

    It says what the platform costs, so it is for people of the agency only.
    """
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may take a delivered file", fix="ask them for it")
    with _asking() as current:
        mine = rejects.delivery(current, delivery.delivery_id, client_ids=viewer.client_ids)
        marked = rejects.rows(current, mine)
    return marked_file(mine, marked)


def resolve(viewer: Viewer, attempts: Sequence[Attempt], why: str) -> None:
    """Settle failed attempts, all or none. Raises `PaidMediaError` where the viewer may not or one is not open."""
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may resolve a failed attempt", fix="ask them to")
    with session.acting(viewer.name), database.session() as current:
        for each in attempts:
            resolutions.resolve(current, each.ingestion_run_id.hex, why=why, client_ids=viewer.client_ids)


def uploads(viewer: Viewer, client_ids: Sequence[str], limit: int) -> list[Upload]:
    """The newest uploads, newest first, and how far each has come."""
    with _asking() as current:
        return service.uploads(current, client_ids=_seen(viewer, client_ids), limit=limit)


def preview(viewer: Viewer, client_id: str, filename: str, data: bytes) -> dict[str, Any]:
    """What an export would bring; nothing is stored. Raises `PaidMediaError` with what is wrong with it."""
    _check_may_upload(viewer, client_id)
    return facebook.validate(get_settings(), data, filename, client_id)


def upload(
    viewer: Viewer, client_id: str, filename: str, data: bytes, *, as_of: datetime | None, supersede: bool
) -> None:
    """Keep an export; Dagster takes it in as soon as it sees it. Raises `PaidMediaError`."""
    _check_may_upload(viewer, client_id)
    with session.acting(viewer.name):
        facebook.receive(get_settings(), data, filename, client_id, viewer.name, as_of=as_of, supersede=supersede)


def _check_may_upload(viewer: Viewer, client_id: str) -> None:
    if not (viewer.is_staff and _may_see(viewer, client_id)):
        raise ReaderError("only people of the agency may upload exports", fix="send them the file")


@contextmanager
def _asking() -> Iterator[Session]:
    """A read-only transaction. The ledger has no row-level security: every question names the viewer's clients."""
    try:
        with database.session() as current:
            current.execute(text("set transaction read only"))
            yield current
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg2.errors.UndefinedTable | psycopg2.errors.UndefinedColumn):
            missing = str(error.orig).strip().splitlines()[0]
            raise PaidMediaError(
                "the ledger is of another version", where=missing, fix="paidmedia db migrate"
            ) from error
        raise


def _may_see(viewer: Viewer, client_id: str) -> bool:
    return viewer.client_ids is None or client_id in viewer.client_ids


def _seen(viewer: Viewer, client_ids: Sequence[str]) -> list[str]:
    return [client_id for client_id in client_ids if _may_see(viewer, client_id)]
