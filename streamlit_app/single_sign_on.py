"""The door's second way: the agency's own provider, by way of Streamlit's `st.login`.

button → provider → /oauth2callback → `st.user`, read once → our own session → Streamlit's cookies leave the browser

`st.user` says who somebody was at the provider some time in the last thirty days, and nobody can end that. So it is
believed only right after the log-in there, for one session; whoever is inside is known by that session alone.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from serving import format as shown_as
from streamlit_app import session
from warehouse.access import single_sign_on
from warehouse.errors import PaidMediaError
from warehouse.secrets.secret_key import derived_password
from warehouse.settings import Settings, get_settings

# What somebody is told whom the provider knows and who may not come in. Who has used up their log-in is told nothing:
# they have just left.
SAID = {
    "not added": "{} may not come in: nobody has added this address. Ask an administrator.",
    "disabled": "{} may not come in: the account is disabled. Ask an administrator.",
    "not verified": "The provider has not verified that {} is your address. Have it verified there, then log in again.",
    "no address": "The provider does not tell your e-mail address. Ask an administrator.",
}
TOO_OLD = "That log-in is too old. Log in again; if this stays so, the clocks here and at the provider differ."

# The way over the provider ends at the first page: the address that somebody wanted waits in their tab.
NOTE_ADDRESS = """<script>
if (location.pathname + location.search !== '/') sessionStorage.setItem('wanted', location.href);
else sessionStorage.removeItem('wanted');
</script>"""


def tell_streamlit() -> None:
    """Tell Streamlit of the provider, before its server answers. The log says what is wrong with the settings."""
    with suppress(PaidMediaError):
        settings = get_settings()
        if single_sign_on.is_configured(settings):
            st.secrets.merge_programmatic_secrets({"auth": _auth(settings)})


def takes_passwords() -> bool:
    """Whether people may come in by a password too."""
    return not get_settings().oidc_only


def button() -> None:
    """The way to the provider, where there is one."""
    settings = get_settings()
    if single_sign_on.is_configured(settings):
        st.html(NOTE_ADDRESS, unsafe_allow_javascript=True)
        st.button(
            f"Log in with {shown_as.escaped(settings.oidc_label)}", on_click=st.login, key="single-sign-on",
            type="secondary" if takes_passwords() else "primary", width="stretch", icon=":material/key:",
        )  # fmt: skip


def arrive() -> str | None:
    """Let in whom the provider has just vouched for, and draw anew; returns what to say to whom it may not let in."""
    if not single_sign_on.is_configured(get_settings()) or not st.user.get("is_logged_in"):
        return None
    if "refused" not in st.session_state:
        refused = _refused()
        if refused is None and "token" in st.session_state:
            st.rerun()
        st.session_state["refused"] = refused
    session.drop_identity()
    refusal: str | None = st.session_state["refused"]
    return refusal


def _refused() -> str | None:
    vouched = single_sign_on.identity(get_settings(), st.user.to_dict(), datetime.now(UTC))
    if vouched is None:
        return None if "farewell" in st.session_state else TOO_OLD
    why = session.log_in_vouched(vouched)
    return SAID[why].format(shown_as.escaped(vouched.email)) if why in SAID else None


def _auth(settings: Settings) -> dict[str, Any]:
    """What Streamlit reads as `[auth]` of its secrets. Only the address is asked for: who is who stands with us."""
    return {
        "redirect_uri": settings.oidc_redirect_url,
        "cookie_secret": derived_password(settings, "Streamlit's cookies"),
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret,
        "server_metadata_url": settings.oidc_metadata_url,
        "client_kwargs": {"scope": "openid email", "prompt": "select_account"},
    }
