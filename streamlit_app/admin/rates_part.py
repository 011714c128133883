"""CPM: what a client paid when, and what another rate would change, before anybody enters it."""

from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st
from sqlalchemy.orm import Session

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app.admin import doing
from warehouse.billing.preview import Preview, preview
from warehouse.clients import clients
from warehouse.control import lookup
from warehouse.months import named, utc_today


def show(viewer: Viewer) -> None:
    """Draw the part."""
    with doing.asked_by(viewer) as current:
        names = {each.client_id: each.name for each in lookup.list_clients(current)}
    if not names:
        st.caption("There is no client yet.")
        return
    slug = st.selectbox("Client", list(names), format_func=names.__getitem__, key="rates-client", width=420)
    left, right = st.columns([2, 3], gap="large")
    with left, st.container(key=f"rates-of-{slug}"):
        _enter(viewer, slug)
    with right:
        st.subheader("History")
        _history(viewer, slug)


def _history(viewer: Viewer, slug: str) -> None:
    with doing.asked_by(viewer) as current:
        rows = [
            (rate.effective_date, f"{rate.cpm} {rate.currency}", rate.created_by, rate.created_at)
            for rate in reversed(clients.cpm_history(current, slug))
        ]
    st.dataframe(
        pd.DataFrame(rows, columns=["From", "CPM", "Entered by", "Entered at"]),
        column_config={"Entered at": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")},
        hide_index=True, key="rates-grid", alt="CPM history",
    )  # fmt: skip


def _enter(viewer: Viewer, slug: str) -> None:
    """Preview first: the button that enters a rate is there only under the numbers that it would bring."""
    st.subheader("Enter a rate")
    words = st.text_input("CPM", key=f"cpm-{slug}", placeholder="12.50")
    first_day: date = st.date_input("From", value=utc_today().replace(day=1), key=f"cpm-from-{slug}")
    if not words.strip():
        st.caption("What it would change is shown before it is entered.")
        return
    rate = doing.decimal(words)
    if rate is None:
        return

    def foresee(current: Session) -> Preview:
        found = preview(current, lookup.get_client(current, slug), cpm=rate, effective_date=first_day)
        current.expunge_all()
        return found

    found = doing.tell(viewer, foresee)
    if found is None:
        return
    _show_preview(found)
    refusal = found.plan.refusal()
    adjust = False
    if refusal is not None or found.adjustment:
        adjust = st.checkbox(
            f"Leave closed months as they are and book {found.adjustment:+,.2f} on {shown_as.day(found.booking_day)}",
            key=f"adjust-{slug}",
        )
    why = st.text_input("Why", key=f"why-{slug}", help="Kept with an adjustment.") if adjust else ""
    if st.button("Enter this rate", type="primary", key="enter-rate", disabled=refusal is not None and not adjust):
        doing.change(
            viewer,
            lambda current: clients.set_cpm(
                current, slug, cpm=rate, effective_date=first_day, adjust=adjust, why=why or None
            ),
            f"{slug}: CPM {rate} from {first_day}. The next build prices the days that it governs.",
        )


def _show_preview(found: Preview) -> None:
    currency = found.plan.client.currency
    if not found.months:
        st.caption("No delivered day is governed by it.")
        return
    rows = [
        (
            named(each.month) + (" (closed)" if each.is_closed else ""), len(each.days),
            _amount(each.before), _amount(each.after), _amount(each.difference),
        )
        for each in found.months
    ]  # fmt: skip
    rows.append(("Total", sum(row[1] for row in rows), _amount(found.before), _amount(found.after), None))
    columns = ["Month", "Days", f"Before ({currency})", "After", "Difference"]
    money = st.column_config.NumberColumn(format="%,.2f")
    st.dataframe(
        pd.DataFrame(rows, columns=columns), column_config=dict.fromkeys(columns[2:], money), hide_index=True,
        key="preview-grid", placeholder=shown_as.ABSENT, alt="Spend before and after",
    )  # fmt: skip
    if found.unbuilt:
        st.caption(f"The next build changes {shown_as.counted(found.unbuilt, 'delivered day')} of these anyway.")
    if found.waiting:
        st.caption(f"Not counted: {shown_as.counted(found.waiting, 'delivery', 'deliveries')} without a verdict.")


def _amount(value: Decimal | None) -> float | None:
    return None if value is None else float(shown_as.quantized(value, 2))
