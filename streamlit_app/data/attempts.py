"""Every attempt to take in a delivery, newest first."""

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import ledger, outcomes, words
from serving import sources as known_sources
from streamlit_app import components, filters
from streamlit_app.data.chosen import Chosen

ATTEMPTS = 200  # about a day of ten clients; the filters reach further back
TABLE_PIXELS = 600  # of a long table, so that what stands below it is seen


def show(chosen: Chosen) -> None:
    """Draw the part."""
    said = chosen.words
    statuses = filters.choose_statuses(said.statuses)
    attempts = ledger.attempts(chosen.viewer, chosen.client_ids, chosen.sources, statuses, ATTEMPTS)
    if not attempts:
        components.nothing(*said.none_tried, key="no-attempts")
        return
    table = pd.DataFrame(
        words.shown(
            said.attempts,
            {
                "When": [each.started_at for each in attempts],
                "Outcome": [outcomes.outcome(each, said.statuses) for each in attempts],
                "Source": [known_sources.title_of(each.source) for each in attempts],
                "Client": [chosen.names[each.client_id] for each in attempts],
                "Days": [outcomes.days(each) for each in attempts],
                "File or report": [outcomes.file(each) for each in attempts],
                "Rows read": [each.rows_read for each in attempts],
                "Accepted": [each.rows_accepted for each in attempts],
                "Rejected": [each.rows_rejected for each in attempts],
                "Dropped": [each.rows_dropped for each in attempts],
                "Seconds": [each.seconds for each in attempts],
                "What was said": [words.said(chosen.viewer, each) or None for each in attempts],
                "Dagster run": [each.dagster_run_id for each in attempts],
            },
        )
    )
    colours = outcomes.colours(said.statuses)
    columns = {
        "Outcome": st.column_config.MultiselectColumn(options=list(colours), color=list(colours.values()), width=165),
        "Source": st.column_config.TextColumn(width=76),
        "Client": st.column_config.TextColumn(width=115),
        "Days": st.column_config.TextColumn(width=155),
        "File or report": st.column_config.TextColumn(width=150),
        "Seconds": st.column_config.NumberColumn(format="%.1f", width=72),
        "What was said": st.column_config.TextColumn(width=480),
        "Dagster run": st.column_config.TextColumn(width=280),
    }
    columns |= components.time_columns("When", width=135)
    columns |= components.count_columns("Rows read", "Accepted", "Rejected", "Dropped", width=78)
    st.dataframe(
        table, column_config=words.shown(said.attempts, columns), hide_index=True, placeholder=shown_as.ABSENT,
        key="attempts", alt=said.parts["attempts"], height="content" if len(attempts) <= 15 else TABLE_PIXELS,
    )  # fmt: skip
    newest = f"The newest {ATTEMPTS}; choose a client, a source or an outcome to see further back. "
    st.caption(
        f"{newest if len(attempts) == ATTEMPTS else ''}All times are UTC. A cell opens when it is pressed twice."
    )
