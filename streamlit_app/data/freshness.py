"""How far each source of each client reaches and, for the agency, how many rows and deliveries there were."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import sources as known_sources
from serving import words
from serving.timeliness import COLOURS, HELD, PENDING, Timeliness
from serving.words import Words
from streamlit_app import components

# Column of `data_freshness` → of the page.
COUNTS = {
    "deliveries": "Deliveries",
    "rows_read": "Rows read",
    "rows_accepted": "Accepted",
    "rows_rejected": "Rejected",
    "rows_dropped": "Total rows dropped",
    "held_deliveries": "Held",
    "pending_deliveries": "Pending",
}


def show(said: Words, rows: Sequence[components.Row], judged: Sequence[Timeliness]) -> None:
    """Draw the part: the rows of `data_freshness` and what was judged of each."""
    if not rows:
        components.nothing_in_scope()
        return
    table = pd.DataFrame(
        [words.shown(said.freshness, _row(said, row, item)) for row, item in zip(rows, judged, strict=True)]
    )
    colours = {said.states[state]: colour for state, colour in COLOURS.items()}
    state = st.column_config.MultiselectColumn(options=list(colours), color=list(colours.values()), width=120)
    columns = {"State": state, "Days old": st.column_config.NumberColumn(width=90)}
    columns |= components.day_columns("Last day", "First day")
    columns |= components.time_columns("Last delivery", "As of") | components.count_columns(*COUNTS.values())
    st.dataframe(
        table, column_config=words.shown(said.freshness, columns), hide_index=True, placeholder=shown_as.ABSENT,
        key="freshness", alt="Data freshness per client and source", height="content",
    )  # fmt: skip
    st.caption(f"All times are UTC.{said.freshness_note}")
    if any(HELD in item.states for item in judged):
        st.warning(said.held_note, icon=":material/front_hand:")
    if any(PENDING in item.states for item in judged):
        st.info(said.pending_note)


def _row(said: Words, row: components.Row, item: Timeliness) -> dict[str, Any]:
    return {
        "Client": row["client_name"],
        "Source": known_sources.title_of(row["source"]),
        "State": [said.states[state] for state in item.states],
        "Last day": row["last_date"],
        "Days old": item.days_behind,
        "First day": row["first_date"],
        "Last delivery": row["last_delivered_at"],
        "As of": row["last_as_of"],
    } | {heading: row[name] for name, heading in COUNTS.items()}
