"""Who looks at the app in these tests. The numbers are those of a fresh database, in this order.

Each hash of a password, and each look whether one fits, takes half a second of processor, as it should: here one hash
is made for all, and sessions are begun without a password. That passwords are asked for is test_app_door.py's.
"""

import secrets
from functools import cache

from sqlalchemy.orm import Session

from serving.viewer import Viewer
from warehouse.access import accounts, passwords, users
from warehouse.access.single_sign_on import Identity

ANA = Viewer(1, "ana@agency.example", "analyst", None)
ADA = Viewer(2, "ada@agency.example", "admin", None)
CARL = Viewer(3, "carl@bolt.example", "client", ("bolt",))
KAY = Viewer(4, "kay@cosmo.example", "client", ("cosmo",))
EVERYBODY = (ANA, ADA, CARL, KAY)
NOBODY = Viewer(0, "nobody@nowhere.example", "client", ())
PASSWORD = "a password of these tests"
PROVIDER = {
    "OIDC_METADATA_URL": "https://login.agency.example/.well-known/openid-configuration",
    "OIDC_CLIENT_ID": "paid-media",
    "OIDC_CLIENT_SECRET": "a secret of these tests",
    "OIDC_REDIRECT_URL": "https://numbers.agency.example/oauth2callback",
    "OIDC_LABEL": "Agency [ID]",
}


def add(current: Session) -> None:
    """Enter them, each with the one password."""
    for viewer in EVERYBODY:
        for client_id in viewer.client_ids or (None,):
            users.add_user(current, viewer.name, role=viewer.role, client_id=client_id, has_password=False)
        assert users.get_user(current, viewer.name).user_id == viewer.user_id
    may_come_in(current)


def may_come_in(current: Session) -> None:
    """Let all of them be enabled and unlocked, with the one password."""
    for viewer in EVERYBODY:
        user = users.get_user(current, viewer.name)
        user.is_active, user.failed_logins, user.locked_until = True, 0, None
        user.password_hash, user.must_change_password = _hashed(), False


def token(current: Session, viewer: Viewer) -> str:
    """A session of theirs, as the provider's word begins one."""
    found = secrets.token_urlsafe(32)
    assert accounts.log_in_vouched(current, Identity(viewer.name, True, found)) is None
    return found


@cache
def _hashed() -> str:
    return passwords.hashed(PASSWORD)
