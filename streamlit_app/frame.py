"""What every page has around it: the viewer, the state of the data, the filters, the line that says as of when."""

import streamlit as st

from serving import queries, words
from serving import sources as known_sources
from serving.scope import Catalog, Scope
from serving.timeliness import judge_all
from serving.viewer import Viewer
from streamlit_app import components, filters, identity, url
from streamlit_app.cached import ask

# The filters that mean something on a page; a page that is not named has them all.
FILTERS_OF_PAGE = {"summaries": frozenset({"client", "currency"})}
# Pages that draw what stands around them themselves, if anything: they have something to tell before there are marts.
ON_THEIR_OWN = frozenset({"data_freshness", "upload", "admin", "account"})

MADE_UP = "make run    # made-up sources, the whole way, or:"


def first_steps() -> tuple[str, ...]:
    """The commands that bring the first numbers."""
    first, *others = known_sources.loaded_by_day()
    ways = ", ".join((*(f"load {name}" for name in others), "upload FILE --client SLUG"))
    return f"paidmedia load {first} --from DATE --to DATE    # or: {ways}", "paidmedia build"


def open_page(title: str, url_path: str) -> bool:
    """Draw what stands around a page and keep its scope; False when there is nothing that it could show."""
    st.title(title)
    url.restore()
    if url_path in ON_THEIR_OWN:
        return True
    catalog = delivered(identity.current_viewer())
    if catalog is None:
        return False
    with st.sidebar:
        scope = filters.choose(catalog, FILTERS_OF_PAGE.get(url_path, filters.FILTERS))
    url.remember()
    chosen = catalog.chosen(scope.client_ids, scope.sources)
    said = words.of(catalog.reading.viewer)
    judged = judge_all(chosen, catalog.clients, catalog.reading.today, known_sources.late_after_days())
    components.as_of(said, chosen, judged)
    st.session_state["scope"], st.session_state["as-of"] = scope, words.as_of(said, chosen)
    return True


def scope() -> Scope:
    """The scope of the page that is being drawn."""
    found: Scope = st.session_state["scope"]
    return found


def as_of() -> str:
    """How far the data of the page reaches, in words."""
    return str(st.session_state["as-of"])


def delivered(viewer: Viewer) -> Catalog | None:
    """What the viewer can choose from; None, and said so on the page, while the marts hold nothing."""
    reading = queries.reading(viewer)
    if reading is None:
        components.nothing(words.of(viewer).empty, key="empty", commands=(MADE_UP, *first_steps()))
        return None
    clients, freshness = ask(queries.clients, reading), ask(queries.freshness, reading)
    if not clients or not freshness:
        components.nothing("Nothing has been delivered yet", key="empty", commands=first_steps())
        return None
    return Catalog(reading, clients, freshness)
