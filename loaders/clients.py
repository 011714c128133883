"""Which clients a source serves, and whether one that was named can be served."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.clients import clients
from warehouse.clients.credentials import VibeAccount, vibe_account
from warehouse.control import Client, VibeCredentials, VibeReportRequest, lookup
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

NEVER = datetime.min.replace(tzinfo=UTC)


def clients_for(settings: Settings, source: str, client_id: str | None = None) -> list[str]:
    """The slugs of the clients that a load of `source` serves, or of the one named.

    Clients that have not been set up for the source are left out. Those of Vibe come in the order in which their last
    report was asked for, so that a load that is killed and started again does not begin with the same ones: they share
    an hourly budget. Raises `PaidMediaError` for a named client that is unknown, disabled or not set up, with the
    command that mends it.
    """
    with database.session(settings) as current:
        if client_id is not None:
            check_served(current, settings, source, client_id)
            return [client_id]
        active = lookup.list_clients(current, active_only=True)
        served = [client.client_id for client in active if _serves(current, settings, source, client, len(active))]
        if source == "vibe":
            asked_at = _last_asked(current)
            served.sort(key=lambda each: asked_at.get(each, NEVER))
        return served


def _last_asked(current: Session) -> dict[str, datetime]:
    """When each client's last Vibe report was asked for."""
    last = func.max(VibeReportRequest.requested_at).label("asked_at")
    rows = current.execute(select(VibeReportRequest.client_id, last).group_by(VibeReportRequest.client_id))
    return {row.client_id: row.asked_at for row in rows}


def check_served(current: Session, settings: Settings, source: str, client_id: str) -> Client:
    """The client, if the source serves it. Raises `PaidMediaError` otherwise."""
    client = lookup.get_client(current, client_id)
    if not client.is_active:
        raise PaidMediaError(f"client {client_id} is disabled", fix="what was delivered stays; nothing more is loaded")
    active = len(lookup.list_clients(current, active_only=True))
    if _serves(current, settings, source, client, active):
        return client
    if source == "surfside":
        what, fix = "has no S3 prefix", f"paidmedia client set {client_id} --surfside-prefix {client_id}/"
    else:
        what = "has no Vibe credentials"
        fix = f"paidmedia vibe-credentials set {client_id} --advertiser-id A --api-key K"
    raise PaidMediaError(f"client {client_id} {what}", fix=fix)


def surfside_prefix(current: Session, settings: Settings, client_id: str) -> str:
    """Where a client's files lie: `S3_PREFIX` joined with the client's own prefix; a folder, or nothing."""
    own = clients.source_settings(current, client_id, "surfside").get("prefix", "")
    parts = [part.strip("/") for part in (settings.s3_prefix, own)]
    joined = "/".join(part for part in parts if part)
    return f"{joined}/" if joined else ""


def account_of(current: Session, settings: Settings, client_id: str) -> VibeAccount:
    """A client's Vibe account: its own, else that of the environment. Raises `PaidMediaError` when there is neither."""
    check_served(current, settings, "vibe", client_id)
    own = vibe_account(current, settings, client_id)
    if own is not None:
        return own
    assert settings.vibe_advertiser_id is not None
    assert settings.vibe_api_key is not None
    return VibeAccount(settings.vibe_advertiser_id, settings.vibe_api_key)


def _serves(current: Session, settings: Settings, source: str, client: Client, active: int) -> bool:
    """The settings of the environment belong to a client only where there is no other whose they could be."""
    if source == "facebook":
        return True
    if source == "surfside":
        return active == 1 or "prefix" in clients.source_settings(current, client.client_id, source)
    has_own = current.get(VibeCredentials, client.client_id) is not None
    return has_own or (active == 1 and bool(settings.vibe_api_key and settings.vibe_advertiser_id))
