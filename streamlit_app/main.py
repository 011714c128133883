"""The app: `streamlit run streamlit_app/main.py`. Names the pages and draws the chosen one inside the frame.

door → viewer → state of the data → filters → page → kept answers → serving.queries → marts

Streamlit reads this file twice: as a module, which gives it the server with the routes that are ours, and as the
script that it runs for every page that is drawn.
"""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from serving.viewer import Viewer
from streamlit_app import components, frame, gate, metrics_route, session, shell, starting
from streamlit_app.headers import SecurityHeaders
from warehouse import logs
from warehouse.errors import PaidMediaError
from warehouse.settings import get_settings

# Name of the file and of the URL, title, icon; the first one opens. The folder is not called `pages`: Streamlit would
# serve its files on their own, without this frame, until the first visitor has come through here.
PAGES = (
    ("overview", "Overview", ":material/monitoring:"),
    ("performance", "Performance", ":material/account_tree:"),
    ("summaries", "Summaries", ":material/calendar_month:"),
    ("data_freshness", "Data", ":material/database:"),
    ("upload", "Upload", ":material/upload_file:"),
    ("admin", "Admin", ":material/admin_panel_settings:"),
    ("account", "Account", ":material/account_circle:"),
)
# Who may open a page that not everybody may.
ROLES_OF_PAGE = {"upload": ("admin", "analyst"), "admin": ("admin",)}

SIDEBAR_PIXELS = 290  # the least that shows two dates whole


def main() -> None:
    """Draw the chosen page, or one clear message when the warehouse cannot be read."""
    st.set_page_config(
        page_title="Paid media", page_icon=str(components.FAVICON), layout="wide", initial_sidebar_state=SIDEBAR_PIXELS
    )
    components.style()
    try:
        viewer = gate.viewer()
        page = st.navigation(_pages(viewer), position="top" if viewer else "hidden")
        if viewer and frame.open_page(page.title, page.url_path):
            page.run()
    except PaidMediaError as error:
        components.failure(error)
        _log_failure(error)


def _log_failure(error: PaidMediaError) -> None:
    """A line of the structured log: the page may not say all. Settings that cannot be used have no log."""
    try:
        logs.logger(get_settings()).error("page failed", error=str(error))
    except PaidMediaError:
        sys.stderr.write(f"{error}\n")


def pages_of(viewer: Viewer | None) -> list[tuple[str, str, str]]:
    """The pages that somebody may open; all of them while it is not known who it is, so that no address is lost."""
    return [page for page in PAGES if viewer is None or viewer.role in ROLES_OF_PAGE.get(page[0], (viewer.role,))]


def _pages(viewer: Viewer | None) -> list[st.Page]:
    """The pages, each under its name; the first is at the root."""
    (first, title, icon), *others = pages_of(viewer)
    return [
        st.Page(f"views/{first}.py", title=title, icon=icon, default=True),
        *(st.Page(f"views/{name}.py", title=title, icon=icon, url_path=name) for name, title, icon in others),
    ]


if __name__ == "__main__":
    main()
else:
    app = st.App(
        Path(__file__).resolve(), lifespan=starting.lifespan,
        routes=(*session.ROUTES, *metrics_route.ROUTES, *shell.routes(*(name for name, _, _ in PAGES))),
        middleware=[Middleware(SecurityHeaders)],
    )  # fmt: skip
