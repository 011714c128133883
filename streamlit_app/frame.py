"""What every page has around it: the viewer, the state of the data, the filters, the line that says as of when."""

import streamlit as st

from streamlit_app import components, filters, identity, queries
from streamlit_app.filters import Catalog
from streamlit_app.scope import Scope
from streamlit_app.timeliness import judge_all

# The filters that mean something on a page; a page that is not named has them all.
FILTERS_OF_PAGE = {"summaries": frozenset({"client", "currency"}), "data_freshness": frozenset({"client", "source"})}

FIRST_STEPS = (
    "paidmedia load surfside --from DATE --to DATE    # or: load vibe, upload FILE --client SLUG",
    "paidmedia build",
)


def open_page(title: str, url_path: str) -> bool:
    """Draw what stands around a page and keep its scope; False when there is nothing that it could show."""
    st.title(title)
    catalog = _catalog()
    if catalog is None:
        return False
    filters.restore()
    with st.sidebar:
        scope = filters.choose(catalog, FILTERS_OF_PAGE.get(url_path, filters.FILTERS))
    filters.remember()
    chosen = [
        row for row in catalog.freshness if row["client_id"] in scope.client_ids and row["source"] in scope.sources
    ]
    components.as_of(chosen, judge_all(chosen, catalog.clients, catalog.reading.today))
    st.session_state["scope"], st.session_state["catalog"] = scope, catalog
    return True


def scope() -> Scope:
    """The scope of the page that is being drawn."""
    found: Scope = st.session_state["scope"]
    return found


def catalog() -> Catalog:
    """What the viewer of the page could choose from."""
    found: Catalog = st.session_state["catalog"]
    return found


def _catalog() -> Catalog | None:
    reading = queries.reading(identity.current_viewer())
    if reading is None:
        components.empty("There are no marts yet", "make run    # made-up sources, the whole way, or:", *FIRST_STEPS)
        return None
    clients, freshness = queries.clients(reading), queries.freshness(reading)
    if not clients or not freshness:
        components.empty("Nothing has been delivered yet", *FIRST_STEPS)
        return None
    return Catalog(reading, clients, freshness)
