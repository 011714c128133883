"""People and BI logins: who may look. A password or an address with one is shown once, here, and never again."""

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app import components, single_sign_on
from streamlit_app.admin import doing
from warehouse.access import bi_logins, users
from warehouse.control import lookup
from warehouse.settings import get_settings

OF_AGENCY = "the agency: every client"


def show(viewer: Viewer) -> None:
    """Draw the part."""
    with doing.asked_by(viewer) as current:
        names = {each.client_id: each.name for each in lookup.list_clients(current)}
        people = [
            (user.email, user.role, ", ".join(names[slug] for slug in mine) or "every client", user.is_active,
             user.last_login_at, user.locked_until)
            for user, mine in users.list_users(current)
        ]  # fmt: skip
        logins = [(each.login, names[each.client_id] if each.client_id else OF_AGENCY, each.created_at, each.created_by)
                  for each in bi_logins.every(current)]  # fmt: skip
    _once()
    columns = ["E-mail", "Role", "Sees", "Active", "Last log-in", "Locked until"]
    st.dataframe(
        pd.DataFrame(people, columns=columns), column_config=components.time_columns("Last log-in", "Locked until"),
        hide_index=True, key="people-grid", placeholder=shown_as.ABSENT, alt="People who may log in",
    )  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        _add(viewer, names)
    with right:
        _change(viewer, {str(row[0]): bool(row[3]) for row in people})
    st.subheader("BI logins")
    st.caption("A Postgres login that reads one client's views in bi, or the agency's, which reads all marts.")
    if logins:
        st.dataframe(
            pd.DataFrame(logins, columns=["Login", "Client", "Made at", "Made by"]),
            column_config=components.time_columns("Made at"), hide_index=True, key="logins-grid", alt="BI logins",
        )  # fmt: skip
    _bi_logins(viewer, names, [str(row[0]) for row in logins])


def _add(viewer: Viewer, names: dict[str, str]) -> None:
    st.subheader("Add a person")
    role = st.segmented_control("Role", users.ROLES, default="client", required=True, key="new-role") or "client"
    with st.form("add-person"):
        email = st.text_input("E-mail")
        slug = st.selectbox("Client", list(names), format_func=names.__getitem__) if role == "client" else None
        is_sent = st.form_submit_button("Add person", type="primary")
    if is_sent:
        has_password = single_sign_on.takes_passwords()
        given = doing.tell(
            viewer,
            lambda current: users.add_user(current, email, role=role, client_id=slug, has_password=has_password) or "",
        )
        if given:
            _keep_once(f"Password of {email}, for the first log-in", given)
        elif given is not None:
            st.toast(f"{shown_as.escaped(email)} may log in.", icon=":material/check:")
            st.rerun()


def _change(viewer: Viewer, active: dict[str, bool]) -> None:
    st.subheader("Change a person")
    email = st.selectbox("Person", list(active), key="admin-person")
    with st.container(horizontal=True):
        if st.button("Reset password", icon=":material/key:", key="reset-password"):
            given = doing.tell(viewer, lambda current: users.reset_password(current, email))
            if given is not None:
                _keep_once(f"New password of {email}, for the next log-in", given)
        verb = "Disable" if active[email] else "Enable"
        if st.button(verb, icon=":material/block:" if active[email] else ":material/play_arrow:", key="toggle-person"):
            doing.change(
                viewer,
                lambda current: users.set_active(current, email, active=not active[email]),
                f"{email} is {verb.lower()}d.",
            )


def _bi_logins(viewer: Viewer, names: dict[str, str], logins: list[str]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        whose = {**names, "": OF_AGENCY}
        slug = st.selectbox("Client", list(whose), format_func=whose.__getitem__, key="bi-client")
        if st.button("Make a login", icon=":material/add:", key="add-bi-login"):
            url = doing.tell(viewer, lambda current: bi_logins.add(current, get_settings(), slug or None))
            if url is not None:
                _keep_once(f"Address for the BI tool of {whose[slug]}", url)
    with right:
        if logins:
            login = st.selectbox("Login", logins, key="bi-login")
            if st.button("Remove it", icon=":material/delete:", key="remove-bi-login"):
                doing.change(viewer, lambda current: bi_logins.remove(current, login), f"Removed {login}.")


def _keep_once(what: str, secret: str) -> None:
    """Show a secret at the next drawing of the page, and at no other."""
    st.session_state["once"] = (what, secret)
    st.rerun()


def _once() -> None:
    shown = st.session_state.pop("once", None)
    if shown is not None:
        with st.container(key="once", border=True):
            st.markdown(f"**{shown_as.escaped(shown[0])}**, shown this once:")
            st.code(shown[1], language=None)
