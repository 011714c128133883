"""What was delivered, as the ledger has it, and the one thing that readers change there: always by a service of
`warehouse`. The app's role asks, and Postgres shows it the rows of the viewer's clients (`ledger.OF_VIEWER`).

Nothing of it is to be cached: a load changes the ledger long before a build changes the marts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from serving import words
from serving.queries.asking import as_viewer
from serving.viewer import Viewer
from warehouse.control import lookup
from warehouse.deliveries import monitor, rejects, resolutions
from warehouse.deliveries import uploads as service
from warehouse.deliveries.monitor import Attempt
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.deliveries.uploads import Upload
from warehouse.errors import ReaderError
from warehouse.ledger import OF_VIEWER
from warehouse.postgres import database


def client_names(viewer: Viewer) -> dict[str, str]:
    """The viewer's clients, slug → name, by name; also those of whom nothing was ever delivered."""
    with _asking(viewer) as current:
        return lookup.names(current, of=OF_VIEWER)


def open_failures(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str]) -> list[Attempt]:
    """Failed and refused attempts that nothing has settled, newest first."""
    with _asking(viewer) as current:
        return monitor.open_failures(current, client_ids=client_ids, sources=sources, of=OF_VIEWER)


def resolved_failures(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], limit: int) -> list[Attempt]:
    """The failures that people have settled last, newest first."""
    with _asking(viewer) as current:
        return monitor.resolved_failures(current, client_ids=client_ids, sources=sources, limit=limit, of=OF_VIEWER)


def attempts(
    viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], statuses: Sequence[str], limit: int
) -> list[Attempt]:
    """The newest attempts, newest first; no `statuses` means any."""
    with _asking(viewer) as current:
        return monitor.attempts(
            current, client_ids=client_ids, sources=sources, statuses=statuses, limit=limit, of=OF_VIEWER
        )


def rejecting(viewer: Viewer, client_ids: Sequence[str], sources: Sequence[str], limit: int) -> list[RejectingDelivery]:
    """The newest deliveries with rejected rows, newest first."""
    with _asking(viewer) as current:
        return rejects.deliveries(current, client_ids=client_ids, sources=sources, limit=limit, of=OF_VIEWER)


def rejected_rows(viewer: Viewer, delivery: RejectingDelivery, is_shown: words.IsShown) -> Sequence[Reject]:
    """The rejected rows of one of the viewer's deliveries, in the order of its file: the cells that they may see.

    `is_shown` says of a source and a heading whether clients may see its cells. Raises `PaidMediaError` where the
    delivery is not one of theirs.
    """
    with _asking(viewer) as current:
        mine = rejects.delivery(current, delivery.delivery_id, of=OF_VIEWER)
        return words.rejects(viewer, mine.source, rejects.rows(current, mine, of=OF_VIEWER), is_shown)


def whole_delivery(viewer: Viewer, delivery: RejectingDelivery) -> tuple[RejectingDelivery, Sequence[Reject]]:
    """A delivery of the viewer's and all its rejected rows with every cell. Raises `PaidMediaError`.

    They say what the platform costs, so they are for people of the agency only.
    """
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may take a delivered file", fix="ask them for it")
    with _asking(viewer) as current:
        mine = rejects.delivery(current, delivery.delivery_id, of=OF_VIEWER)
        return mine, rejects.rows(current, mine, of=OF_VIEWER)


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
    with _asking(viewer) as current:
        newest = service.newest(current, client_ids=client_ids, limit=limit, of=OF_VIEWER)
    with database.session() as current:  # how far each is, the owner of the tables of builds can say alone
        return service.uploads(current, newest)


@contextmanager
def _asking(viewer: Viewer) -> Iterator[Session]:
    """A session in a transaction of the role that can only read, in the viewer's name."""
    with as_viewer(viewer, "the ledger is", fix="paidmedia db migrate") as connection, Session(connection) as current:
        yield current
