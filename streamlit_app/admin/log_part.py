"""The audit log: who did what, from where. Nobody can change it."""

import json

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app import components
from streamlit_app.admin import doing
from warehouse import audit

ENTRIES = 500


def show(viewer: Viewer) -> None:
    """Draw the part."""
    with doing.asked_by(viewer) as current:
        rows = [
            (each.occurred_at, each.actor, each.action, each.entity, each.entity_id, _words(each.old_values),
             _words(each.new_values), each.address, each.agent)
            for each in audit.newest(current, ENTRIES)
        ]  # fmt: skip
    columns = ["When", "Who", "Action", "What", "Which", "Before", "After", "Address", "Browser"]
    st.dataframe(
        pd.DataFrame(rows, columns=columns), column_config=components.time_columns("When"), hide_index=True,
        key="log-grid", placeholder=shown_as.ABSENT, alt="Audit log", height=640,
    )  # fmt: skip
    st.caption(f"The newest {ENTRIES:,} entries; older ones are in control.audit_log. All times are UTC.")


def _words(values: dict[str, object] | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)
