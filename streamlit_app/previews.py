"""The preview of an opened creative: the picture or the link, and for people of the agency the form to enter one."""

from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from serving import format as shown_as
from serving.scope import Node
from serving.viewer import Viewer
from streamlit_app import components, identity, session
from warehouse.clients import creative_previews
from warehouse.errors import PaidMediaError, ReaderError
from warehouse.postgres import database
from warehouse.settings import get_settings

PICTURES = (".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp")
PICTURE_PIXELS = 280


def show(creative: Node) -> None:
    """Draw it; nothing for a client's reader where there is none."""
    viewer, settings = identity.current_viewer(), get_settings()
    allowed = creative_previews.hosts(settings)
    if not allowed:
        if viewer.role == "admin":
            st.caption("CREATIVE_PREVIEW_HOSTS names the hosts that previews of creatives may come from; it is empty.")
        return
    with database.session() as current:
        url = creative_previews.find(
            current, settings, creative.id, client_id=creative.client_id, client_ids=viewer.client_ids
        )
    if url is None and not viewer.is_staff:
        return
    with st.container(key="creative-preview"):
        if url is not None:
            _draw(url, creative)
        if viewer.is_staff:
            _form(viewer, creative, url or "", allowed)


def is_picture(url: str) -> bool:
    """Whether its extension says that a browser shows it as a picture."""
    return urlsplit(url).path.lower().endswith(PICTURES)


def _draw(url: str, creative: Node) -> None:
    if is_picture(url):
        st.image(url, width=PICTURE_PIXELS, caption=shown_as.escaped(creative.name))
    else:
        st.link_button("Open the preview", url, icon=":material/open_in_new:")


def _form(viewer: Viewer, creative: Node, url: str, allowed: tuple[str, ...]) -> None:
    problem = st.session_state.pop("preview-problem", None)
    if problem is not None:
        components.refusal(problem)
    key = f"preview-of-{creative.id}"
    with (
        st.popover("Change the preview" if url else "Add a preview", icon=":material/image:"),
        st.form(f"form-{key}", border=False),
    ):
        st.text_input(
            "Address", value=url, key=key, max_chars=creative_previews.LONGEST, placeholder=f"https://{allowed[0]}/…",
            help="Empty takes the preview away.",
        )  # fmt: skip
        st.caption(f"https only, from {', '.join(allowed)}. The change is in the audit log.")
        st.form_submit_button("Save", type="primary", on_click=partial(_save, viewer, creative, key))


def _save(viewer: Viewer, creative: Node, key: str) -> None:
    try:
        enter(viewer, creative, st.session_state[key])
    except PaidMediaError as error:
        st.session_state["preview-problem"] = error
    else:
        st.toast("The preview is saved.", icon=":material/check:")


def enter(viewer: Viewer, creative: Node, url: str) -> None:
    """Keep the address of a creative. Raises `PaidMediaError` where it cannot be taken or the viewer may not."""
    if not viewer.is_staff:
        raise ReaderError("only people of the agency may enter previews", fix="send them the address")
    with session.acting(viewer.name), database.session() as current:
        creative_previews.enter(current, get_settings(), creative.id, client_id=creative.client_id, url=url)
