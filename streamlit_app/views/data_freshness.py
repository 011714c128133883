"""Data freshness: how far each source of each client reaches, what was delivered, refused and held."""

from typing import Any

import pandas as pd
import streamlit as st

from streamlit_app import components, frame
from streamlit_app import format as shown_as
from streamlit_app.filters import Catalog
from streamlit_app.scope import Scope
from streamlit_app.timeliness import COLOURS, HELD, PENDING, judge_all

COUNTS = {
    "deliveries": "Deliveries",
    "rows_read": "Rows read",
    "rows_accepted": "Accepted",
    "rows_rejected": "Rejected",
    "rows_dropped": "Total rows dropped",
    "held_deliveries": "Held",
    "pending_deliveries": "Pending",
}


def show(scope: Scope, catalog: Catalog) -> None:
    """Draw the page."""
    rows = [row for row in catalog.freshness if row["client_id"] in scope.client_ids and row["source"] in scope.sources]
    if not rows:
        components.nothing_in_scope()
        return
    judged = judge_all(rows, catalog.clients, catalog.reading.today)
    sums = {name: sum(row[name] for row in rows) for name in COUNTS}
    with st.container(key="freshness-cards", horizontal=True):
        late = sum(item.is_late for item in judged)
        st.metric("Sources on time", f"{len(judged) - late} of {len(judged)}", border=True)
        st.metric("Rows read", f"{sums['rows_read']:,}", border=True)
        st.metric("Rows rejected", f"{sums['rows_rejected']:,}", border=True)
        st.metric("Deliveries held", f"{sums['held_deliveries']:,}", border=True)
    table = pd.DataFrame(
        [
            {
                "Client": row["client_name"],
                "Source": shown_as.source_name(row["source"]),
                "State": list(item.states),
                "Last day": row["last_date"],
                "Days old": item.days_behind,
                "First day": row["first_date"],
                "Last delivery": row["last_delivered_at"],
                "As of": row["last_as_of"],
            }
            | {heading: row[name] for name, heading in COUNTS.items()}
            for row, item in zip(rows, judged, strict=True)
        ]
    )
    st.dataframe(
        table, column_config=_columns(), hide_index=True, placeholder=shown_as.ABSENT, key="freshness",
        alt="Data freshness per client and source", height="content",
    )  # fmt: skip
    st.caption("All times are UTC. Rows read = accepted + rejected + total rows dropped.")
    if any(HELD in item.states for item in judged):
        st.warning(
            "A held delivery failed a content check and is in no number here. Let it through with "
            "`paidmedia release DELIVERY --why TEXT`, or load a newer one.",
            icon=":material/front_hand:",
        )
    if any(PENDING in item.states for item in judged):
        st.info("A pending delivery has not been checked yet; the next `paidmedia build` does it.")


def _columns() -> dict[str, Any]:
    days = {name: st.column_config.DateColumn(format="D MMM YYYY", width=110) for name in ("Last day", "First day")}
    times = {
        name: st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC", width=155)
        for name in ("Last delivery", "As of")
    }
    counts = {heading: st.column_config.NumberColumn(format="%,d", width=100) for heading in COUNTS.values()}
    state = st.column_config.MultiselectColumn(options=list(COLOURS), color=list(COLOURS.values()), width=120)
    return {"State": state, "Days old": st.column_config.NumberColumn(width=90)} | days | times | counts


if __name__ == "__main__":
    show(frame.scope(), frame.catalog())
