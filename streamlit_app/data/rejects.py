"""Deliveries with rejected rows: what is wrong with them, the file to correct, and its way back."""

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from streamlit_app import components, ledger
from streamlit_app import format as shown_as
from streamlit_app.data.chosen import Chosen
from streamlit_app.identity import Viewer
from warehouse.rejects import RejectingDelivery, as_list, way_back

DELIVERIES = 100
ROWS = 1_000
TABLE_PIXELS = 400  # of a long table, so that the downloads below it are seen


def show(chosen: Chosen) -> None:
    """Draw the part."""
    found = ledger.rejecting(chosen.viewer, chosen.client_ids, chosen.sources, DELIVERIES)
    if not found:
        components.nothing(
            "No row was rejected",
            "Of these clients and sources. A file with too many bad rows is refused: see Attempts.",
            key="no-rejects", icon="task_alt",
        )  # fmt: skip
        return
    labels = {each.delivery_id: _label(chosen, each) for each in found}
    if st.session_state.get("delivery") not in labels:
        st.session_state["delivery"] = found[0].delivery_id
    picked = st.selectbox(
        "Delivery", list(labels), format_func=labels.__getitem__, key="delivery", persist_state="session"
    )
    delivery = next(each for each in found if each.delivery_id == picked)
    rows = ledger.rejected_rows(chosen.viewer, delivery)
    table = pd.DataFrame(
        {
            "Row": [each.source_row for each in rows[:ROWS]],
            "Column": [each.column_name for each in rows[:ROWS]],
            "Value": [each.value for each in rows[:ROWS]],
            "Rejected because": [each.reason for each in rows[:ROWS]],
        }
    )
    columns = {
        "Row": st.column_config.NumberColumn(format="%,d", width=80, help="As a spreadsheet counts: headings are 1."),
        "Column": st.column_config.TextColumn(width=200),
        "Value": st.column_config.TextColumn(width=300),
        "Rejected because": st.column_config.TextColumn(width=420),
    }
    st.dataframe(
        table, column_config=columns, hide_index=True, key="rejected-rows", alt="Rejected rows of the delivery",
        height="content" if len(table) <= 12 else TABLE_PIXELS,
    )  # fmt: skip
    if len(rows) > ROWS:
        st.caption(f"The first {ROWS:,} of {len(rows):,}; both downloads have all of them.")
    _downloads(chosen.viewer, delivery, as_list(rows))


def _downloads(viewer: Viewer, delivery: RejectingDelivery, listed: bytes) -> None:
    is_there = Path(delivery.landed_path).is_file()
    with st.container(key="downloads", horizontal=True):
        st.download_button(
            "Whole file, rejected rows marked", partial(ledger.whole_file, viewer, delivery),
            file_name=delivery.corrected_name, mime="text/csv", type="primary", icon=":material/download:",
            key="whole-file", on_click="ignore", disabled=not is_there,
        )  # fmt: skip
        st.download_button(
            "List of rejected rows", listed, file_name=f"{Path(delivery.filename).stem}-rejected.csv",
            mime="text/csv", icon=":material/list:", key="list-of-rejects", on_click="ignore",
        )  # fmt: skip
    if not is_there:
        st.warning("The delivered file is not in the landing zone that this app can read, so it cannot be marked.")
    back = way_back(delivery)
    st.markdown(shown_as.escaped(back.advice))
    if back.command and viewer.is_staff:
        st.code(back.command, language="bash")
    st.caption(
        "The file is a CSV with every cell as it was delivered. A spreadsheet may rewrite dates and run cells that"
        " begin with =, so import its columns as text. The list is for reading: nothing in it runs."
    )


def _label(chosen: Chosen, delivery: RejectingDelivery) -> str:
    parts = [
        delivery.filename,
        chosen.who(delivery),
        f"{delivery.rows_rejected:,} of {shown_as.counted(delivery.rows_read, 'row')}",
        shown_as.moment(delivery.delivered_at),
    ]
    return " · ".join([*parts, "replaced since"] if delivery.is_replaced else parts)
