"""Data: how far each source of each client reaches, what was tried, what failed and is open, which rows were rejected.

viewer → filters of its own → marts (how far) and ledger (what happened) → one of five parts
"""

from collections.abc import Sequence

import streamlit as st

from serving import ledger
from serving import sources as known_sources
from serving.timeliness import Timeliness, judge_all
from serving.viewer import Viewer
from serving.words import Words
from streamlit_app import components, filters, frame, identity, url
from streamlit_app.data import attempts, failures, freshness, rejects, restatements
from streamlit_app.data.chosen import Chosen
from warehouse.deliveries.monitor import Attempt


def show(viewer: Viewer) -> None:
    """Draw the page."""
    catalog = frame.delivered(viewer)
    names = ledger.client_names(viewer)
    with st.sidebar:
        chosen = Chosen(viewer, names, *filters.choose_deliverers(names))
    said = chosen.words
    rows = catalog.chosen(chosen.client_ids, chosen.sources) if catalog else []
    late_after_days = known_sources.late_after_days()
    judged = judge_all(rows, catalog.clients, catalog.reading.today, late_after_days) if catalog else []
    if catalog:
        components.as_of(said, rows, judged)
    found = ledger.open_failures(viewer, chosen.client_ids, chosen.sources)
    _cards(said, rows, judged, found)
    counted = {**said.parts, "failures": said.parts["failures"] + (f" · {len(found):,}" if found else "")}
    part = st.segmented_control(
        "Part", list(counted), format_func=counted.__getitem__, key="show", required=True, persist_state="session",
        default=None if "show" in st.session_state else "freshness", label_visibility="collapsed",
    ) or "freshness"  # fmt: skip
    if part == "freshness" and catalog:
        freshness.show(said, rows, judged)
    elif part == "failures":
        failures.show(chosen, found)
    elif part == "attempts":
        attempts.show(chosen)
    elif part == "rejects":
        rejects.show(chosen)
    elif part == "restatements":
        restatements.show(chosen)
    url.remember()


def _cards(
    said: Words, rows: Sequence[components.Row], judged: Sequence[Timeliness], open_failures: Sequence[Attempt]
) -> None:
    sums = {name: sum(row[name] for row in rows) for name in freshness.COUNTS}
    on_time = len(judged) - sum(item.is_late for item in judged)
    values = {
        "Sources on time": f"{on_time} of {len(judged)}",
        "Open failures": f"{len(open_failures):,}",
        "Deliveries held": f"{sums['held_deliveries']:,}",
        "Rows read": f"{sums['rows_read']:,}",
        "Rows rejected": f"{sums['rows_rejected']:,}",
    }
    with st.container(key="freshness-cards", horizontal=True):
        for name, label in said.cards.items():
            st.metric(label, values[name], border=True)


if __name__ == "__main__":
    show(identity.current_viewer())
