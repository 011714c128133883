"""Who is looking at the page that is being drawn."""

import streamlit as st

from serving.viewer import Viewer


def current_viewer() -> Viewer:
    """The viewer of the page that is being drawn."""
    found: Viewer = st.session_state["viewer"]
    return found
