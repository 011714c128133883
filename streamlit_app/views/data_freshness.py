"""Data: how far each source of each client reaches, what was tried, what failed and is open, which rows were rejected.

viewer → filters of its own → marts (how far) and ledger (what happened) → one of five parts
"""

from collections.abc import Sequence

import streamlit as st

from streamlit_app import components, filters, frame, identity, ledger, url
from streamlit_app.data import attempts, failures, freshness, rejects, restatements
from streamlit_app.data.chosen import Chosen
from streamlit_app.identity import Viewer
from streamlit_app.timeliness import Timeliness, judge_all
from warehouse.monitor import Attempt

PARTS = {"freshness": "Freshness", "failures": "Open failures", "attempts": "Attempts", "rejects": "Rejected rows",
         "restatements": "Restatements"}  # fmt: skip


def show(viewer: Viewer) -> None:
    """Draw the page."""
    catalog = frame.delivered(viewer)
    names = ledger.client_names(viewer)
    with st.sidebar:
        chosen = Chosen(viewer, names, *filters.choose_deliverers(names))
    rows = catalog.chosen(chosen.client_ids, chosen.sources) if catalog else []
    judged = judge_all(rows, catalog.clients, catalog.reading.today) if catalog else []
    if catalog:
        components.as_of(rows, judged)
    found = ledger.open_failures(viewer, chosen.client_ids, chosen.sources)
    _cards(rows, judged, found)
    counted = PARTS | {"failures": f"{PARTS['failures']} · {len(found):,}" if found else PARTS["failures"]}
    part = st.segmented_control(
        "Part", list(PARTS), format_func=counted.__getitem__, key="show", required=True, persist_state="session",
        default=None if "show" in st.session_state else "freshness", label_visibility="collapsed",
    ) or "freshness"  # fmt: skip
    if part == "freshness" and catalog:
        freshness.show(rows, judged)
    elif part == "failures":
        failures.show(chosen, found)
    elif part == "attempts":
        attempts.show(chosen)
    elif part == "rejects":
        rejects.show(chosen)
    elif part == "restatements":
        restatements.show(chosen)
    url.remember()


def _cards(rows: Sequence[components.Row], judged: Sequence[Timeliness], open_failures: Sequence[Attempt]) -> None:
    sums = {name: sum(row[name] for row in rows) for name in freshness.COUNTS}
    with st.container(key="freshness-cards", horizontal=True):
        late = sum(item.is_late for item in judged)
        st.metric("Sources on time", f"{len(judged) - late} of {len(judged)}", border=True)
        st.metric("Open failures", f"{len(open_failures):,}", border=True)
        st.metric("Deliveries held", f"{sums['held_deliveries']:,}", border=True)
        st.metric("Rows read", f"{sums['rows_read']:,}", border=True)
        st.metric("Rows rejected", f"{sums['rows_rejected']:,}", border=True)


if __name__ == "__main__":
    show(identity.current_viewer())
