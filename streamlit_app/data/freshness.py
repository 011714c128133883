"""How far each source of each client reaches, and how many rows and deliveries there were."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from streamlit_app import components, identity
from streamlit_app import format as shown_as
from streamlit_app.timeliness import COLOURS, HELD, PENDING, Timeliness

COUNTS = {
    "deliveries": "Deliveries",
    "rows_read": "Rows read",
    "rows_accepted": "Accepted",
    "rows_rejected": "Rejected",
    "rows_dropped": "Total rows dropped",
    "held_deliveries": "Held",
    "pending_deliveries": "Pending",
}


def show(rows: Sequence[components.Row], judged: Sequence[Timeliness]) -> None:
    """Draw the part: the rows of `data_freshness` and what was judged of each."""
    if not rows:
        components.nothing_in_scope()
        return
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
    state = st.column_config.MultiselectColumn(options=list(COLOURS), color=list(COLOURS.values()), width=120)
    columns = {"State": state, "Days old": st.column_config.NumberColumn(width=90)}
    columns |= components.day_columns("Last day", "First day") | components.time_columns("Last delivery", "As of")
    st.dataframe(
        table, column_config=columns | components.count_columns(*COUNTS.values()), hide_index=True,
        placeholder=shown_as.ABSENT, key="freshness", alt="Data freshness per client and source", height="content",
    )  # fmt: skip
    st.caption("All times are UTC. Rows read = accepted + rejected + total rows dropped.")
    is_staff = identity.current_viewer().is_staff
    if any(HELD in item.states for item in judged):
        fix = " Let it through with `paidmedia release DELIVERY --why TEXT`, or load a newer one." if is_staff else ""
        st.warning(
            f"A held delivery failed a content check and is in no number here.{fix}", icon=":material/front_hand:"
        )
    if any(PENDING in item.states for item in judged):
        build = "`paidmedia build`" if is_staff else "build"
        st.info(f"A pending delivery has not been checked yet; the next {build} does it.")
