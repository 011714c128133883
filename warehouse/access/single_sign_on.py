"""Log-in through the agency's own OpenID provider: whether it is set up, and what is believed of what it says.

claims of an ID token, whose signature is proven → `Identity` → `accounts.log_in_vouched` → a session like any other
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from warehouse.errors import PaidMediaError
from warehouse.secrets.secret_key import derived_password
from warehouse.settings import Settings

# From the provider's signature to our page takes seconds; the rest is for two clocks that differ. It has to be shorter
# than a session that has ended is remembered.
FRESH = timedelta(minutes=5)
CALLBACK = "/oauth2callback"  # Streamlit's


@dataclass(frozen=True)
class Identity:
    """Whom the provider has just vouched for; without an address where it tells none.

    `token` is that of the one session that this log-in at the provider may open: told again, it is the same.
    """

    email: str
    is_verified: bool
    token: str


def is_configured(settings: Settings) -> bool:
    """Whether there is a provider. Raises `PaidMediaError` for one that is set up in part."""
    needed = {
        "OIDC_METADATA_URL": settings.oidc_metadata_url,
        "OIDC_CLIENT_ID": settings.oidc_client_id,
        "OIDC_CLIENT_SECRET": settings.oidc_client_secret,
        "OIDC_REDIRECT_URL": settings.oidc_redirect_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if len(missing) == len(needed) and not settings.oidc_only:
        return False
    if missing:
        raise PaidMediaError("log-in through a provider is set up in part", fix=f"set {', '.join(missing)} too")
    address = urlsplit(settings.oidc_redirect_url or "")
    if address.path != CALLBACK or not (address.scheme == "https" or address.hostname in ("127.0.0.1", "localhost")):
        raise PaidMediaError(
            f"OIDC_REDIRECT_URL is {settings.oidc_redirect_url}", fix=f"https://, the app's address, {CALLBACK}"
        )
    return True


def identity(settings: Settings, claims: Mapping[str, object], now: datetime) -> Identity | None:
    """Whom the claims of an ID token vouch for; None where that was too long ago, or they are of no ID token.

    A provider that never says whether an address is verified is believed: it is the agency's own, which gave out the
    addresses. One that says so, and not for this address, is not.
    """
    issued, nonce = claims.get("iat"), claims.get("nonce")
    if not isinstance(issued, int | float) or not nonce or abs(now - datetime.fromtimestamp(issued, UTC)) > FRESH:
        return None
    log_in = json.dumps([claims.get("iss"), claims.get("sub"), issued, nonce])
    return Identity(
        email=str(claims.get("email") or "").strip().lower(),
        is_verified=str(claims.get("email_verified", True)).lower() == "true",  # some providers send the word
        token=derived_password(settings, f"session of {log_in}"),
    )
