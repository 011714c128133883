"""What was delivered, as the ledger has it, and the one thing that readers change there: always by a service of
`warehouse`, and only for clients that the viewer may see.

Nothing of it is to be cached: a load changes the ledger long before a build changes the marts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg2.errors
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from serving import words
from serving.viewer import Viewer
from warehouse.control import lookup
from warehouse.deliveries import monitor, rejects, resolutions
from warehouse.deliveries import uploads as service
from warehouse.deliveries.monitor import Attempt
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.deliveries.uploads import Upload
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.postgres import database


def client_names(viewer: Viewer) -> dict[str, str]:
    """The viewer's clients, slug → name, by name; also those of whom nothing was ever delivered."""
    with _asking() as current:
        every = sorted(lookup.list_clients(current), key=lambda client: (client.name, client.client_id))
        return {each.client_id: each.name for each in every if viewer.may_see(each.client_id)}


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


def rejected_rows(viewer: Viewer, delivery: RejectingDelivery, is_shown: words.IsShown) -> Sequence[Reject]:
    """The rejected rows of one of the viewer's deliveries, in the order of its file: the cells that they may see.

    `is_shown` says of a source and a heading whether clients may see its cells. Raises `PaidMediaError` where the
    delivery is not one of theirs.
    """
    with _asking() as current:
        mine = rejects.delivery(current, delivery.delivery_id, client_ids=viewer.client_ids)
        return words.rejects(viewer, mine.source, rejects.rows(current, mine), is_shown)


def whole_delivery(viewer: Viewer, delivery: RejectingDelivery) -> tuple[RejectingDelivery, Sequence[Reject]]:
    """A delivery of the viewer's and all its rejected rows with every cell. Raises `PaidMediaError`.

    They say what the platform costs, so they are for people of the agency only.
    """
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may take a delivered file", fix="ask them for it")
    with _asking() as current:
        mine = rejects.delivery(current, delivery.delivery_id, client_ids=viewer.client_ids)
        return mine, rejects.rows(current, mine)


def resolve(viewer: Viewer, attempts: Sequence[Attempt], why: str) -> None:
    """Settle failed attempts, all or none, as the one who acts (`warehouse.audit.acting`).

    Raises `PaidMediaError` where the viewer may not or one is not open.
    """
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may resolve a failed attempt", fix="ask them to")
    with database.session() as current:
        for each in attempts:
            resolutions.resolve(current, each.ingestion_run_id.hex, why=why, client_ids=viewer.client_ids)


def uploads(viewer: Viewer, client_ids: Sequence[str], limit: int) -> list[Upload]:
    """The newest uploads, newest first, and how far each has come."""
    with _asking() as current:
        return service.uploads(current, client_ids=_seen(viewer, client_ids), limit=limit)


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


def _seen(viewer: Viewer, client_ids: Sequence[str]) -> list[str]:
    return [client_id for client_id in client_ids if viewer.may_see(client_id)]
