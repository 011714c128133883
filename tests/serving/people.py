"""Who looks at the app in these tests. The numbers are those of a fresh database, in this order."""

from sqlalchemy.orm import Session

from serving.viewer import Viewer
from warehouse.access import accounts, users

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
            users.add_user(current, viewer.name, role=viewer.role, client_id=client_id, password=PASSWORD)
        assert users.get_user(current, viewer.name).user_id == viewer.user_id


def token(current: Session, viewer: Viewer) -> str:
    """A session of theirs."""
    found = accounts.log_in(current, viewer.name, PASSWORD)
    assert found is not None
    return found
