"""The app: `streamlit run streamlit_app/main.py`. Names the pages and draws the chosen one inside the frame.

viewer → state of the data → filters → page → queries → marts
"""

import streamlit as st

from streamlit_app import components, frame
from warehouse.errors import PaidMediaError

# Name of the file and of the URL, title, icon; the first one opens. The folder is not called `pages`: Streamlit would
# serve its files on their own, without this frame, until the first visitor has come through here.
PAGES = (
    ("overview", "Overview", ":material/monitoring:"),
    ("performance", "Performance", ":material/account_tree:"),
    ("summaries", "Summaries", ":material/calendar_month:"),
    ("data_freshness", "Data", ":material/database:"),
)


SIDEBAR_PIXELS = 290  # the least that shows two dates whole


def main() -> None:
    """Draw the chosen page, or one clear message when the warehouse cannot be read."""
    st.set_page_config(
        page_title="Paid media", page_icon=str(components.FAVICON), layout="wide", initial_sidebar_state=SIDEBAR_PIXELS
    )
    components.style()
    page = st.navigation(_pages(), position="top")
    try:
        if frame.open_page(page.title, page.url_path):
            page.run()
    except PaidMediaError as error:
        components.failure(error)


def _pages() -> list[st.Page]:
    """The pages, each under its name; the first is at the root, and under its name too, for links that say it."""
    (first, title, icon), *others = PAGES
    return [
        st.Page(f"views/{first}.py", title=title, icon=icon, url_path="home", default=True),
        *(st.Page(f"views/{name}.py", title=title, icon=icon, url_path=name) for name, title, icon in others),
        st.Page(f"views/{first}.py", title=title, url_path=first, visibility="hidden"),
    ]


if __name__ == "__main__":
    main()
