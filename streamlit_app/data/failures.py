"""What failed and is open, with the button that settles it; and what people have settled."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import ledger, outcomes, words
from serving.viewer import Viewer
from streamlit_app import components, delivery_actions
from streamlit_app.data.chosen import Chosen
from warehouse.deliveries.monitor import Attempt
from warehouse.errors import PaidMediaError

FAILURES = 20  # as many as a person reads one by one; the others are counted
RESOLVED = 50
REASON_LENGTH = 300


def show(chosen: Chosen, failures: Sequence[Attempt]) -> None:
    """The open ones with what to do about each, then those that people have settled."""
    said, problem = chosen.words, st.session_state.pop("resolve-problem", None)
    if problem:
        st.error(shown_as.escaped(problem), icon=":material/error:")
    if not failures:
        components.nothing(*said.none_open, key="all-settled", icon="task_alt")
    elif len(failures) > 1 and chosen.viewer.is_staff:
        _resolve_button(chosen.viewer, failures, f"Mark all {len(failures):,} as resolved", "all")
    for number, attempt in enumerate(failures[:FAILURES], start=1):
        _failure(chosen, number, attempt)
    if len(failures) > FAILURES:
        st.caption(f"The newest {FAILURES} of {len(failures):,}{said.more_failures}.")
    resolved = ledger.resolved_failures(chosen.viewer, chosen.client_ids, chosen.sources, RESOLVED)
    if resolved:
        with st.expander(f"{said.settled} · {len(resolved):,}", icon=":material/history:"):
            _resolved(chosen, resolved)


def _failure(chosen: Chosen, number: int, attempt: Attempt) -> None:
    """One failure: what, where, what to do, and the button that settles it."""
    status, about = chosen.words.statuses[attempt.status], words.about(chosen.viewer, attempt)
    with st.container(key=f"failure-{number}", border=True):
        left, right = st.columns([5, 1.4], vertical_alignment="center")
        with left:
            st.markdown(
                f":{outcomes.COLOURS[attempt.status]}-badge[{status}] **{shown_as.escaped(chosen.who(attempt))}**  \n"
                f"{shown_as.escaped(words.failure(chosen.viewer, attempt) or 'no reason was noted')}"
            )
            st.caption(shown_as.escaped(" · ".join(word for word in about if word != shown_as.ABSENT)))
        if chosen.viewer.is_staff:
            with right:
                _resolve_button(chosen.viewer, [attempt], "Mark as resolved", attempt.ingestion_run_id.hex)


def _resolve_button(viewer: Viewer, attempts: Sequence[Attempt], label: str, key: str) -> None:
    """Asks why before it settles anything."""
    with (
        st.popover(label, icon=":material/task_alt:", width="content"),
        st.form(f"resolve-{key}", border=False),
    ):
        st.text_input(
            "Why does nobody wait for it any more?", key=f"why-{key}", max_chars=REASON_LENGTH,
            placeholder="Nothing ran on that day",
        )  # fmt: skip
        st.caption("Your words go into the audit log. No number changes.")
        st.form_submit_button("Resolve", type="primary", on_click=partial(_resolve, viewer, attempts, f"why-{key}"))


def _resolve(viewer: Viewer, attempts: Sequence[Attempt], why: str) -> None:
    try:
        delivery_actions.resolve(viewer, attempts, st.session_state[why])
    except PaidMediaError as error:
        st.session_state["resolve-problem"] = str(error)
    else:
        st.toast(f"Resolved {shown_as.counted(len(attempts), 'attempt')}.", icon=":material/task_alt:")


def _resolved(chosen: Chosen, resolved: Sequence[Attempt]) -> None:
    labels = chosen.words.resolved
    table = pd.DataFrame(
        words.shown(
            labels,
            {
                "When": [each.resolved_at for each in resolved],
                "By": [each.resolved_by for each in resolved],
                "Why": [each.resolution for each in resolved],
                "What": [f"{chosen.who(each)} · {outcomes.days(each)}" for each in resolved],
                "Error": [each.error for each in resolved],
            },
        )
    )
    columns = {"Why": st.column_config.TextColumn(width=320), "Error": st.column_config.TextColumn(width=420)}
    columns |= components.time_columns("When")
    st.dataframe(
        table, column_config=words.shown(labels, columns), hide_index=True, placeholder=shown_as.ABSENT,
        key="resolved", alt=chosen.words.settled,
    )  # fmt: skip
