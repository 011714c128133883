"""Which clients a source serves, and whether one that was named can be served: a question of its transport."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loaders.registry import source_of
from loaders.source import ObjectStore, ReportApi, Source, value_of
from warehouse.clients import clients
from warehouse.clients.credentials import VibeAccount, vibe_account
from warehouse.control import Client, ReportRequest, VibeCredentials, lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

NEVER = datetime.min.replace(tzinfo=UTC)


def clients_for(settings: Settings, name: str, client_id: str | None = None) -> list[str]:
    """The slugs of the clients that a load of the source serves, or of the one named.

    Clients that have not been set up for the source are left out. Those of a report API come in the order in which
    their last report was asked for, so that a load that is killed and started again does not begin with the same ones:
    they share an hourly budget. Raises `PaidMediaError` for an unknown source, and for a named client that is unknown,
    disabled or not set up, with the command that mends it.
    """
    source = source_of(name)
    with database.session(settings) as current:
        if client_id is not None:
            check_served(current, settings, source, client_id)
            return [client_id]
        active = lookup.list_clients(current, active_only=True)
        served = [client.client_id for client in active if _serves(current, settings, source, client, len(active))]
        if isinstance(source.transport, ReportApi):
            asked_at = _last_asked(current)
            served.sort(key=lambda each: asked_at.get(each, NEVER))
        return served


def _last_asked(current: Session) -> dict[str, datetime]:
    """When each client's last report was asked for."""
    last = func.max(ReportRequest.requested_at).label("asked_at")
    rows = current.execute(select(ReportRequest.client_id, last).group_by(ReportRequest.client_id))
    return {row.client_id: row.asked_at for row in rows}


def check_served(current: Session, settings: Settings, source: Source, client_id: str) -> Client:
    """The client, if the source serves it. Raises `PaidMediaError` otherwise."""
    client = lookup.get_client(current, client_id)
    if not client.is_active:
        raise PaidMediaError(f"client {client_id} is disabled", fix="what was delivered stays; nothing more is loaded")
    active = len(lookup.list_clients(current, active_only=True))
    if _serves(current, settings, source, client, active):
        return client
    lacks = "S3 prefix" if isinstance(source.transport, ObjectStore) else f"{source.title} credentials"
    raise PaidMediaError(f"client {client_id} has no {lacks}", fix=source.set_up_for(client_id))


def folder_of(current: Session, settings: Settings, source: Source, client_id: str) -> str:
    """Where a client's files lie: `S3_PREFIX` joined with the client's own prefix; a folder, or nothing."""
    own = clients.source_settings(current, client_id, source.name).get("prefix", "")
    parts = [part.strip("/") for part in (settings.s3_prefix, own)]
    joined = "/".join(part for part in parts if part)
    return f"{joined}/" if joined else ""


def account_of(current: Session, settings: Settings, source: Source, client_id: str) -> VibeAccount:
    """A client's account for reports: its own, else that of the environment. Raises `PaidMediaError` for neither."""
    assert isinstance(source.transport, ReportApi)
    check_served(current, settings, source, client_id)
    own = vibe_account(current, settings, client_id)
    shared = _shared_account(settings, source.transport)
    account = shared if own is None else own
    assert account is not None, "a client without an account is not served"
    return account


def _shared_account(settings: Settings, api: ReportApi) -> VibeAccount | None:
    """The account of the environment, if it is set."""
    advertiser_id: str | None = value_of(api.advertiser_id, settings)
    api_key: str | None = value_of(api.api_key, settings)
    return VibeAccount(advertiser_id, api_key) if advertiser_id and api_key else None


def _serves(current: Session, settings: Settings, source: Source, client: Client, active: int) -> bool:
    """The settings of the environment belong to a client only where there is no other whose they could be."""
    if isinstance(source.transport, ObjectStore):
        return active == 1 or "prefix" in clients.source_settings(current, client.client_id, source.name)
    if isinstance(source.transport, ReportApi):
        has_own = current.get(VibeCredentials, client.client_id) is not None
        return has_own or (active == 1 and _shared_account(settings, source.transport) is not None)
    return True
