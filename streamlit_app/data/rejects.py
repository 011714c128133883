"""Deliveries with rejected rows: what is wrong with them, the file to correct, and its way back."""

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import ledger, words
from serving.viewer import Viewer
from serving.words import Words
from streamlit_app import components, delivery_actions
from streamlit_app.data.chosen import Chosen
from warehouse.deliveries.rejects import RejectingDelivery, as_list, way_back

DELIVERIES = 100
ROWS = 1_000
TABLE_PIXELS = 400  # of a long table, so that the downloads below it are seen


def show(chosen: Chosen) -> None:
    """Draw the part."""
    said, key = chosen.words, _key(chosen.viewer)
    found = ledger.rejecting(chosen.viewer, chosen.client_ids, chosen.sources, DELIVERIES)
    if not found:
        components.nothing(*said.none_rejected, key="no-rejects", icon="task_alt")
        return
    labels = {each.delivery_id: _label(chosen, each) for each in found}
    if st.session_state.get(key) not in labels:
        st.session_state[key] = found[0].delivery_id
    picked = st.selectbox(said.delivery, list(labels), format_func=labels.__getitem__, key=key, persist_state="session")
    delivery = next(each for each in found if each.delivery_id == picked)
    rows = delivery_actions.rejected_rows(chosen.viewer, delivery)
    table = pd.DataFrame(
        words.shown(
            said.rejected,
            {
                "Row": [each.source_row for each in rows[:ROWS]],
                "Column": [each.column_name for each in rows[:ROWS]],
                "Value": [each.value for each in rows[:ROWS]],
                "Rejected because": [each.reason for each in rows[:ROWS]],
            },
        )
    )
    columns = {
        "Row": st.column_config.NumberColumn(format="%,d", width=80, help="As a spreadsheet counts: headings are 1."),
        "Column": st.column_config.TextColumn(width=200),
        "Value": st.column_config.TextColumn(width=300),
        "Rejected because": st.column_config.TextColumn(width=420),
    }
    st.dataframe(
        table, column_config=words.shown(said.rejected, columns), hide_index=True, key="rejected-rows",
        alt=said.parts["rejects"], height="content" if len(table) <= 12 else TABLE_PIXELS,
    )  # fmt: skip
    if len(rows) > ROWS:
        st.caption(f"The first {ROWS:,} of {len(rows):,}; the list has all of them.")
    if chosen.viewer.is_staff:
        _correction(chosen.viewer, delivery, as_list(rows))
    else:
        _list(said, as_list(rows), f"rows-{delivery.delivered_at:%Y-%m-%d}.csv")


def _key(viewer: Viewer) -> str:
    """The state that keeps which delivery is looked at: that of the agency is in the URL, which shows its id."""
    return "delivery" if viewer.is_staff else "received"


def _list(said: Words, listed: bytes, name: str) -> None:
    st.download_button(
        said.rejects_list, listed, file_name=name, mime="text/csv", icon=":material/list:", key="list-of-rejects",
        on_click="ignore",
    )  # fmt: skip


def _correction(viewer: Viewer, delivery: RejectingDelivery, listed: bytes) -> None:
    """The file to correct and its way back."""
    missing = delivery_actions.missing(delivery)
    with st.container(key="downloads", horizontal=True):
        st.download_button(
            "Whole file, rejected rows marked", partial(delivery_actions.whole_file, viewer, delivery),
            file_name=delivery.corrected_name, mime="text/csv", type="primary", icon=":material/download:",
            key="whole-file", on_click="ignore", disabled=missing is not None,
        )  # fmt: skip
        _list(words.of(viewer), listed, f"{Path(delivery.filename).stem}-rejected.csv")
    if missing:
        st.warning(shown_as.escaped(missing))
    back = way_back(delivery)
    st.markdown(shown_as.escaped(back.advice))
    if back.command:
        st.code(back.command, language="bash")
    st.caption(
        "The file is a CSV with every cell as it was delivered. A spreadsheet may rewrite dates and run cells that"
        " begin with =, so import its columns as text. The list is for reading: nothing in it runs."
    )


def _label(chosen: Chosen, delivery: RejectingDelivery) -> str:
    parts = [
        *([delivery.filename] if chosen.viewer.is_staff else []),
        chosen.who(delivery),
        f"{delivery.rows_rejected:,} of {shown_as.counted(delivery.rows_read, 'row')}",
        shown_as.moment(delivery.delivered_at),
    ]
    return " · ".join([*parts, "replaced since"] if delivery.is_replaced else parts)
