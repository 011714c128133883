"""Vibe credentials, encrypted at rest with `SECRET_KEY` (Fernet: AES-128-CBC with HMAC-SHA256)."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.control import VibeCredentials, lookup
from warehouse.errors import PaidMediaError
from warehouse.secrets.secret_key import fernet
from warehouse.settings import Settings


@dataclass(frozen=True)
class VibeAccount:
    """What a Vibe report is asked with. `account` names the key without telling it: budgets are kept per account."""

    advertiser_id: str
    api_key: str = field(repr=False)

    @property
    def account(self) -> str:
        """The first 32 hex digits of the key's sha256."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:32]


def set_vibe_credentials(
    current: Session, settings: Settings, client_id: str, *, advertiser_id: str, api_key: str
) -> None:
    """Store or replace a client's credentials; the key never appears in the audit log."""
    lookup.get_client(current, client_id)
    if not advertiser_id.strip() or not api_key.strip():
        raise PaidMediaError("an advertiser id and an API key are needed", fix="pass --advertiser-id and --api-key")
    row = current.get(VibeCredentials, client_id)
    old = None if row is None else {"advertiser_id": row.advertiser_id}
    if row is None:
        row = VibeCredentials(client_id=client_id)
        current.add(row)
    row.advertiser_id = advertiser_id.strip()
    row.api_key_encrypted = fernet(settings).encrypt(api_key.strip().encode()).decode()
    row.updated_at = datetime.now(UTC)
    audit.record(current, "set", "vibe credentials", client_id, old=old, new={"advertiser_id": row.advertiser_id})


def vibe_advertiser(current: Session, client_id: str) -> str | None:
    """The advertiser id of a client's own credentials; None when it has none. Needs no key."""
    row = current.get(VibeCredentials, client_id)
    return None if row is None else row.advertiser_id


def vibe_account(current: Session, settings: Settings, client_id: str) -> VibeAccount | None:
    """A client's own credentials, decrypted; None when it has none.

    Raises `PaidMediaError` when `SECRET_KEY` is not the one that they were stored with.
    """
    row = current.get(VibeCredentials, client_id)
    if row is None:
        return None
    try:
        api_key = fernet(settings).decrypt(row.api_key_encrypted.encode()).decode()
    except InvalidToken as error:
        raise PaidMediaError(
            "the stored Vibe key cannot be decrypted: SECRET_KEY has changed",
            where=f"client {client_id}",
            fix=f"paidmedia vibe-credentials set {client_id} --advertiser-id … --api-key …",
        ) from error
    return VibeAccount(row.advertiser_id, api_key)
