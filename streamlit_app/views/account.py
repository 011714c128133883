"""Account: who one is here, what one sees, one's own password, the way out."""

import streamlit as st

from serving import format as shown_as
from serving import ledger
from streamlit_app import gate, identity, session, single_sign_on

ROLES = {
    "admin": "Administrator: every client, and the administration",
    "analyst": "Analyst: every client",
    "client": "Client: the own numbers",
}


def show() -> None:
    """Draw the page."""
    viewer = identity.current_viewer()
    with st.container(key="account", width=560, border=True):
        st.markdown(f"#### {shown_as.escaped(viewer.name)}")
        st.markdown(ROLES[viewer.role])
        if viewer.client_ids is not None:
            names = ", ".join(ledger.client_names(viewer).values()) or "none yet: ask the agency"
            st.caption(f"Clients: {shown_as.escaped(names)}")
        st.button("Log out", on_click=session.log_out, icon=":material/logout:", key="log-out")
    person = session.person()
    if person is None or not (person.has_password and single_sign_on.takes_passwords()):
        return
    with st.container(width=560):
        st.subheader("Password")
        if gate.password_form("own-password"):
            st.success("The password is changed. Other sessions of yours have ended.", icon=":material/check:")


if __name__ == "__main__":
    show()
