"""Upload: read an export before anything is stored, send it in, and watch it until its numbers are in the marts."""

from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from serving import format as shown_as
from serving import ledger
from serving import sources as known_sources
from serving.metrics import METRICS
from serving.viewer import Viewer
from streamlit_app import components, delivery_actions, identity
from warehouse.deliveries import uploads
from warehouse.deliveries.uploads import Upload
from warehouse.errors import PaidMediaError
from warehouse.settings import MEBIBYTE, get_settings

HISTORY = 50
LOOK_SECONDS = 3  # while something is on its way
WAYS = {
    "newest": "It is the newest export",
    "as_of": "It was exported at a certain time",
    "supersede": "It is right, whatever covers its days now",
}
STATES = {
    uploads.WAITING: ("… Waiting", "blue", "It is stored; Dagster takes it in within half a minute."),
    uploads.LOADING: ("… Loading", "blue", "Its rows are being read."),
    uploads.CHECKING: ("… Checking", "blue", "Its rows are stored and wait for their checks."),
    uploads.MODELLING: ("… Modelling", "blue", "It passed; the next build brings it to the marts."),
    uploads.PUBLISHED: ("✓ In the marts", "green", "Its numbers are what the pages show."),
    uploads.REPLACED: ("= Replaced", "gray", "A newer delivery counts for each of its days."),
    uploads.DUPLICATE: ("= Duplicate", "gray", "The same file was there before; nothing has changed."),
    uploads.HELD: ("‖ Held", "orange", "A check found it implausible; somebody has to look at it."),
    uploads.REFUSED: ("⊘ Refused", "red", "Nothing of it was stored in the warehouse."),
    uploads.FAILED: ("✕ Failed", "red", "It could not be taken in."),
}


def show(viewer: Viewer) -> None:
    """Draw the page."""
    names = ledger.client_names(viewer)
    if not viewer.is_staff or not names:
        components.nothing(
            "There is nobody to upload an export for", key="empty", commands=("paidmedia client add SLUG …",)
        )
        return
    source = _choose_source()
    st.caption(f"{delivery_actions.accepted(source)}. The same file twice changes nothing.")
    left, right = st.columns([2, 3], gap="large")
    with left:
        client_id = st.selectbox("Client", list(names), format_func=names.__getitem__, key="upload-client")
        limit = get_settings().max_upload_size // MEBIBYTE
        chosen = st.file_uploader(
            "Export", type=["csv", "xlsx"], key=f"export-{st.session_state.get('uploaded', 0)}", max_upload_size=limit
        )
        as_of, supersede = _choose_way()
    with right:
        if chosen is None:
            st.markdown(":gray[What the file holds is shown here before anything is stored.]")
        else:
            _check_and_send(viewer, source, client_id, names[client_id], chosen, as_of=as_of, supersede=supersede)
    st.subheader("Uploads")
    _history(viewer, names)


def _choose_source() -> str:
    """Whose exports are meant; nobody is asked where people bring those of one source only."""
    offered = known_sources.uploaded()
    if len(offered) == 1:
        return offered[0]
    return st.selectbox("Source", offered, format_func=known_sources.title_of, key="upload-source")


def _choose_way() -> tuple[datetime | None, bool]:
    """The time of the export, if one is given, and whether it counts whatever covers its days."""
    way = st.radio("How does it stand to earlier ones?", list(WAYS), format_func=WAYS.__getitem__, key="upload-way")
    if way != "as_of":
        return None, way == "supersede"
    today = datetime.now(UTC)
    with st.container(horizontal=True):
        day: date = st.date_input("Exported on", value=today.date(), max_value=today.date(), key="export-day")
        clock: time = st.time_input("at (UTC)", value=time(0, 0), key="export-time")
    return datetime.combine(day, clock, UTC), False


def _check_and_send(
    viewer: Viewer,
    source: str,
    client_id: str,
    client_name: str,
    chosen: UploadedFile,
    *,
    as_of: datetime | None,
    supersede: bool,
) -> None:
    data = chosen.getvalue()
    try:
        with st.spinner(f"Reading {shown_as.escaped(chosen.name)} …"):
            found = delivery_actions.preview(viewer, source, client_id, chosen.name, data)
    except PaidMediaError as error:
        components.refusal(error)
        return
    _summary(found, chosen.name, client_name)
    if st.button(f"Upload for {client_name}", type="primary", icon=":material/upload:", key="send"):
        try:
            delivery_actions.upload(viewer, source, client_id, chosen.name, data, as_of=as_of, supersede=supersede)
        except PaidMediaError as error:
            components.refusal(error)
            return
        st.session_state["uploaded"] = st.session_state.get("uploaded", 0) + 1  # an uploader without the file
        st.toast(f"{chosen.name} is on its way.", icon=":material/check:")
        st.rerun()


def _summary(found: dict[str, Any], filename: str, client_name: str) -> None:
    rows, days = found["rows"], found["days"]
    with st.container(key="preview", border=True):
        st.markdown(f"#### {shown_as.escaped(filename)}")
        covered = shown_as.days(days[0], days[-1]) if days else "no days"
        st.markdown(f"{shown_as.escaped(client_name)} · {shown_as.counted(len(days), 'day')}, {covered}")
        with st.container(horizontal=True):
            st.metric("Rows", f"{rows['accepted']:,}", border=True)
            st.metric("Rejected", f"{rows['rejected']:,}", border=True)
            for name in ("impressions", "clicks", "conversions"):
                value = found["measures"][name]
                st.metric(METRICS[name].label, shown_as.ABSENT if value is None else f"{value:,.0f}", border=True)
        for warning in found["warnings"]:
            st.warning(shown_as.escaped(warning), icon=":material/info:")
    if found["rejects"]:
        st.markdown(f"**{shown_as.counted(rows['rejected'], 'row')} would be rejected**, the others taken:")
        table = pd.DataFrame(found["rejects"]).rename(
            columns={"row": "Row", "column": "Column", "value": "Value", "reason": "Rejected because"}
        )
        st.dataframe(table, hide_index=True, key="preview-rejects", alt="Rows that would be rejected")


def _history(viewer: Viewer, names: dict[str, str]) -> None:
    """The uploads; while one is on its way they look again by themselves."""
    moving = any(each.is_on_the_way for each in ledger.uploads(viewer, list(names), HISTORY))

    @st.fragment(run_every=LOOK_SECONDS if moving else None)
    def drawn() -> None:
        found = ledger.uploads(viewer, list(names), HISTORY)
        if moving and not any(each.is_on_the_way for each in found):
            st.rerun()
        _table(found, names)

    drawn()


def _table(found: list[Upload], names: dict[str, str]) -> None:
    if not found:
        components.nothing("Nothing was uploaded yet", key="no-uploads")
        return
    table = pd.DataFrame(
        {
            "When": [each.uploaded_at for each in found],
            "State": [[STATES[each.state][0]] for each in found],
            "Client": [names[each.client_id] for each in found],
            "File": [each.filename for each in found],
            "Days": [_days(each) for each in found],
            "Rows": [each.rows_accepted for each in found],
            "Rejected": [each.rows_rejected for each in found],
            "What was said": [each.message or STATES[each.state][2] for each in found],
            "By": [each.uploaded_by for each in found],
        }
    )
    labels, colours = [label for label, _, _ in STATES.values()], [colour for _, colour, _ in STATES.values()]
    columns = {
        "State": st.column_config.MultiselectColumn(options=labels, color=colours, width=130),
        "Client": st.column_config.TextColumn(width=130),
        "File": st.column_config.TextColumn(width=220),
        "Days": st.column_config.TextColumn(width=150),
        "What was said": st.column_config.TextColumn(width=420),
        "By": st.column_config.TextColumn(width=170),
    }
    columns |= components.time_columns("When", width=140) | components.count_columns("Rows", "Rejected", width=78)
    with st.container(key="uploads"):
        st.dataframe(
            table, column_config=columns, hide_index=True, placeholder=shown_as.ABSENT, key="uploads-grid",
            alt="Uploads and how far each has come",
        )  # fmt: skip


def _days(upload: Upload) -> str:
    if upload.covers_from is None or upload.covers_to is None:
        return shown_as.ABSENT
    return shown_as.days(upload.covers_from, upload.covers_to)


if __name__ == "__main__":
    show(identity.current_viewer())
