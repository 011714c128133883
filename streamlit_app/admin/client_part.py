"""Clients: who they are, the rules for their files, their Vibe account."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st
from sqlalchemy.orm import Session

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app.admin import doing
from warehouse.clients import clients, credentials
from warehouse.control import lookup, sources
from warehouse.control.sources import SourceRecord
from warehouse.months import utc_today
from warehouse.settings import get_settings


def show(viewer: Viewer) -> None:
    """Draw the part."""
    with doing.asked_by(viewer) as current:
        rows, known = _rows(current), sources.listed(current)
    st.dataframe(
        pd.DataFrame(rows, columns=["Slug", "Name", "Currency", "CPM today", "Active", "Vibe account", "Rules"]),
        hide_index=True, key="clients-grid", placeholder=shown_as.ABSENT, alt="Clients",
    )  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        _add(viewer, [each for each in known if each.transport == sources.OBJECT_STORE])
    if rows:
        with right:
            active = {str(row[0]): bool(row[4]) for row in rows}
            _change(viewer, {str(row[0]): str(row[1]) for row in rows}, active, _settings(known))


def _rows(current: Session) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for each in lookup.list_clients(current):
        rates = [rate for rate in clients.cpm_history(current, each.client_id) if rate.effective_date <= utc_today()]
        rules = [
            f"{source}.{setting} = {value}"
            for source in sources.names(current)
            for setting, value in clients.source_settings(current, each.client_id, source).items()
        ]
        found.append(
            (each.client_id, each.name, each.currency, f"{rates[-1].cpm}" if rates else None, each.is_active,
             credentials.vibe_advertiser(current, each.client_id), "; ".join(rules) or None)
        )  # fmt: skip
    return found


def _settings(known: Sequence[SourceRecord]) -> list[str]:
    """What can be set for a client, `SOURCE.SETTING`: first what is no level."""
    named = [(each.name, setting) for each in known for setting in each.client_settings]
    named.sort(key=lambda each: each[1] in clients.LEVELS)
    return [f"{source}.{setting}" for source, setting in named]


def _add(viewer: Viewer, in_folders: Sequence[SourceRecord]) -> None:
    st.subheader("Add a client")
    with st.form("add-client"):
        slug = st.text_input("Slug", help="The short name that commands and addresses use: a-z, 0-9, - and _.")
        name = st.text_input("Name")
        with st.container(horizontal=True):
            currency = st.text_input("Currency", value="USD", max_chars=3)
            cpm = st.text_input("CPM", help="What 1,000 impressions cost, such as 12.50.")
            first_day: date = st.date_input("From", value=utc_today().replace(day=1))
        prefixes = {
            (each.name, "prefix"): st.text_input(
                f"{each.title} folder", help="The client's folder in the bucket; empty for the whole bucket."
            )
            for each in in_folders
        }
        is_sent = st.form_submit_button("Add client", type="primary")
    rate = doing.decimal(cpm) if is_sent else None
    if is_sent and rate is not None:
        settings = {setting: prefix for setting, prefix in prefixes.items() if prefix.strip()}
        doing.change(
            viewer,
            lambda current: clients.add_client(
                current, slug.strip(), name=name.strip(), currency=currency, cpm=rate, effective_date=first_day,
                source_settings=settings,
            ),
            f"Added {name}.",
        )  # fmt: skip


def _change(viewer: Viewer, names: dict[str, str], active: dict[str, bool], settings: Sequence[str]) -> None:
    st.subheader("Change a client")
    slug = st.selectbox("Client", list(names), format_func=names.__getitem__, key="admin-client")
    with st.form("rename-client"):
        name = st.text_input("Name", value=names[slug], key=f"name-of-{slug}")
        if st.form_submit_button("Rename"):
            doing.change(viewer, lambda current: clients.rename_client(current, slug, name), f"Renamed {slug}.")
    with st.form("source-rule"):
        st.caption(
            "A constant name for a level that a source's files lack, or `column:` and the heading to take it from."
        )
        setting = st.selectbox("Rule", settings)
        value = st.text_input("Value", help="Empty removes the rule.")
        if st.form_submit_button("Set rule"):
            source, _, level = setting.partition(".")
            rule = {(source, level): value}
            doing.change(viewer, lambda current: clients.set_source_settings(current, slug, rule), f"Set {setting}.")
    stored = st.session_state.get("vibe-stored", 0)  # a new form each time: the key is gone from the page
    with st.form(f"vibe-account-{stored}"):
        st.caption("The key is stored encrypted and never shown again.")
        advertiser = st.text_input("Vibe advertiser id")
        key = st.text_input("Vibe API key", type="password", autocomplete="off")
        if st.form_submit_button("Store the Vibe account"):

            def store(current: Session) -> None:
                credentials.set_vibe_credentials(current, get_settings(), slug, advertiser_id=advertiser, api_key=key)
                st.session_state["vibe-stored"] = stored + 1

            doing.change(viewer, store, f"Stored the Vibe account of {slug}.")
    if active[slug]:
        st.caption("A disabled client is no longer loaded; what was delivered stays.")
        if st.button(f"Disable {names[slug]}", icon=":material/block:", key="disable-client"):
            doing.change(viewer, lambda current: clients.disable_client(current, slug), f"Disabled {slug}.")
    elif st.button(f"Enable {names[slug]}", icon=":material/play_arrow:", key="enable-client"):
        doing.change(viewer, lambda current: clients.enable_client(current, slug), f"Enabled {slug}.")
