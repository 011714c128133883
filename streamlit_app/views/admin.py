"""Admin: clients, their prices, who may look, and who did what."""

import streamlit as st

from serving.viewer import Viewer
from streamlit_app import identity, url
from streamlit_app.admin import client_part, log_part, people_part, rates_part

PARTS = {
    "clients": ("Clients", client_part.show),
    "rates": ("CPM", rates_part.show),
    "people": ("People", people_part.show),
    "log": ("Audit log", log_part.show),
}


def show(viewer: Viewer) -> None:
    """Draw the page."""
    part = st.segmented_control(
        "Part", list(PARTS), format_func=lambda name: PARTS[name][0], key="admin", required=True,
        persist_state="session", default=None if "admin" in st.session_state else "clients",
        label_visibility="collapsed",
    ) or "clients"  # fmt: skip
    PARTS[part][1](viewer)
    url.remember()


if __name__ == "__main__":
    show(identity.current_viewer())
