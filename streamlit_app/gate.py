"""The door: nobody sees a page before they have logged in, and, where that is due, chosen a password of their own."""

import streamlit as st

from serving import format as shown_as
from serving import words
from serving.viewer import Viewer, viewer_of
from streamlit_app import session, single_sign_on
from warehouse.access import accounts, passwords
from warehouse.errors import PaidMediaError


def viewer() -> Viewer | None:
    """Who has come in; None when the page is the door, which is drawn then."""
    person = session.person()
    if person is None:
        _door()
        return None
    found = viewer_of(person)
    st.session_state["viewer"] = found
    session.keep()
    if person.must_change_password:
        _first_password_form(found)
        return None
    st.session_state["just_drawn"] = True
    session.watch()
    return found


def password_form(key: str) -> bool:
    """A form to change one's own password; True once that is done."""
    with st.form(key, enter_to_submit=True):
        old = st.text_input("Present password", type="password", autocomplete="current-password", key=f"{key}-old")
        new = st.text_input(
            "New password", type="password", autocomplete="new-password", key=f"{key}-new",
            help=f"At least {passwords.LEAST} characters.",
        )  # fmt: skip
        again = st.text_input("New password again", type="password", autocomplete="new-password", key=f"{key}-again")
        if not st.form_submit_button("Change password", type="primary"):
            return False
    if new != again:
        st.error("The two new passwords differ.", icon=":material/error:")
        return False
    try:
        session.change_password(old, new)
    except PaidMediaError as error:
        told = words.error(st.session_state["viewer"], error)
        st.error(f"{_sentence(told.what)} What to do: {shown_as.escaped(told.fix or '')}.", icon=":material/error:")
        return False
    return True


def _door() -> None:
    refused = single_sign_on.arrive()
    with st.container(key="door", width=420):
        st.markdown("## Paid media")
        st.caption("Every delivered number in one place.")
        if refused is not None:
            st.error(refused, icon=":material/lock:")
        elif "farewell" in st.session_state:
            st.info(st.session_state["farewell"], icon=":material/lock_clock:")
        if single_sign_on.takes_passwords():
            _log_in_form()
        single_sign_on.button()


def _log_in_form() -> None:
    with st.form("log-in", enter_to_submit=True):
        email = st.text_input("E-mail", autocomplete="username", key="log-in-email")
        password = st.text_input("Password", type="password", autocomplete="current-password", key="log-in-password")
        is_sent = st.form_submit_button("Log in", type="primary", width="stretch")
    if is_sent and session.log_in(email, password):
        st.rerun()
    elif is_sent:
        st.error(accounts.REFUSED, icon=":material/lock:")


def _first_password_form(found: Viewer) -> None:
    with st.container(key="door", width=420):
        st.markdown("## Choose your password")
        st.caption(f"{shown_as.escaped(found.name)}: the password that you were given is for the first log-in only.")
        if password_form("first-password"):
            st.rerun()
        st.button("Log out", on_click=session.log_out, type="tertiary", icon=":material/logout:")


def _sentence(words: str) -> str:
    return shown_as.escaped(f"{words[:1].upper()}{words[1:]}.")
