"""Who the clients are: rows of `control`, or an error that says which there are."""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from warehouse.control import Client
from warehouse.errors import PaidMediaError
from warehouse.ledger import EVERYTHING, Ledger


def get_client(current: Session, client_id: str) -> Client:
    """The client, or a `PaidMediaError` that lists the known ones."""
    client = current.get(Client, client_id)
    if client is None:
        known = ", ".join(each.client_id for each in list_clients(current)) or "none yet"
        raise PaidMediaError(f"unknown client {client_id!r}", where=f"known: {known}", fix="paidmedia client add …")
    return client


def list_clients(current: Session, *, active_only: bool = False) -> list[Client]:
    """Clients by slug."""
    query = select(Client).order_by(Client.client_id)
    return list(current.scalars(query.where(Client.is_active) if active_only else query))


def names(current: Session, *, of: Ledger = EVERYTHING) -> dict[str, str]:
    """Slug → name of the clients, by name."""
    query = f"select client_id, name from {of.clients} order by name, client_id"  # noqa: S608 – a name of ours
    return {row.client_id: row.name for row in current.execute(text(query))}
