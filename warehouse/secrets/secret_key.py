"""`SECRET_KEY`, and what is made from it: the encryption of stored keys, passwords of the product's own roles."""

import base64
import hashlib
import hmac
import os
from contextlib import suppress

from cryptography.fernet import Fernet

from warehouse.settings import Settings


def fernet(settings: Settings) -> Fernet:
    """AES-128-CBC with HMAC-SHA256 under the secret key."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_secret_key(settings).encode()).digest()))


def derived_password(settings: Settings, purpose: str) -> str:
    """A password that every process with the same secret key arrives at, and nobody without it."""
    digest = hmac.digest(_secret_key(settings).encode(), f"password: {purpose}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _secret_key(settings: Settings) -> str:
    """`SECRET_KEY`, else one generated for this home; machines that share a database have to share the setting."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.paidmedia_home / "secrets" / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = path.with_name(f"{path.name}.{os.getpid()}")
        whole.touch(mode=0o600)
        whole.write_bytes(Fernet.generate_key())
        with suppress(FileExistsError):  # another process was quicker: its key is the key
            path.hardlink_to(whole)
        whole.unlink()
    return path.read_text()
