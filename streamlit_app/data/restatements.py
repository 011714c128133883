"""What changed a day after it was first delivered: newer deliveries, rows that vanished, other rates; newest first."""

from typing import Any

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import queries
from serving import sources as known_sources
from serving.metrics import MEASURES, METRICS
from serving.words import Words
from streamlit_app import components
from streamlit_app.cached import ask
from streamlit_app.data.chosen import Chosen

SHOWN = 500
TABLE_PIXELS = 600
CHANGES = {name: METRICS[name].label for name in MEASURES}


def show(chosen: Chosen) -> None:
    """Draw the part."""
    reading = queries.reading(chosen.viewer)
    rows = ask(queries.restatements, reading, chosen.client_ids, chosen.sources, SHOWN) if reading else []
    if not rows:
        components.nothing("No delivered day has changed since", key="no-restatements", icon="check_circle")
        return
    said = chosen.words
    table = pd.DataFrame([_row(said, row) for row in rows])
    money = st.column_config.NumberColumn(format="%+,.2f", width=105)
    count = st.column_config.NumberColumn(format="%+,d", width=100)
    columns: dict[str, Any] = {CHANGES[name]: money if METRICS[name].is_money else count for name in MEASURES}
    columns |= components.day_columns("Day") | components.time_columns("Changed at")
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=shown_as.ABSENT, key="restatements",
        alt="Changes of delivered days", height="content" if len(rows) <= 15 else TABLE_PIXELS,
    )  # fmt: skip
    newest = f"The newest {SHOWN}. " if len(rows) == SHOWN else ""
    st.caption(f"{newest}{said.restatements_note}")


def _row(said: Words, row: dict[str, Any]) -> dict[str, Any]:
    changes = {heading: row[f"{name}_change"] for name, heading in CHANGES.items()}
    return {
        "Changed at": row["changed_at"],
        "Client": row["client_name"],
        "Source": known_sources.title_of(row["source"]),
        "Day": row["date"],
        "Because": said.causes[row["cause"]],
        **{heading: None if value is None else float(value) for heading, value in changes.items()},
        "Currency": row["currency"],
    }
