"""The filters of every page: the widgets, and the scope that they mean.

session state → widgets → scope. Each list offers what the filters above it leave; anything else is forgotten.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from serving import format as shown_as
from serving import queries
from serving import sources as known_sources
from serving.periods import COMPARISONS, PRESETS, Period, compared_with, preset
from serving.scope import CHOSEN_LEVELS, LEVELS, PLURALS, Catalog, Row, Scope
from streamlit_app import url
from streamlit_app.cached import ask

FILTERS = frozenset({"client", "currency", "source", "period", "compare", *CHOSEN_LEVELS})
OFFERED = 1_000  # entities in one list: more than anybody scrolls through, as many as a browser takes at once


def choose(catalog: Catalog, used: frozenset[str] = FILTERS) -> Scope:
    """Draw the filters that a page uses and return the scope that they mean."""
    client_ids, currency = _choose_clients(catalog)
    sources = _choose_sources(catalog, client_ids) if "source" in used else _sources(catalog, client_ids)
    delivered = catalog.delivered(client_ids, sources)
    period, compared = delivered, None
    if "period" in used:
        period = _choose_period(delivered)
        compared = _choose_comparison(period, delivered)
    chosen: dict[str, tuple[str, ...]] = dict.fromkeys(CHOSEN_LEVELS, ())
    for level in CHOSEN_LEVELS:
        if level in used:
            within = (chosen["campaign"], chosen["strategy"])
            chosen[level] = _choose_entities(catalog, level, client_ids, sources, within)
    _reset_button()
    return Scope(
        catalog.reading, client_ids, currency, period, compared, sources,
        **{f"{level}_ids": ids for level, ids in chosen.items()},
    )  # fmt: skip


def choose_deliverers(names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw the filters of the page about deliveries: the clients, of any currency, and the sources that are meant.

    `names` are the viewer's clients, also those of whom nothing was ever delivered.
    """
    _keep_known("client", names)
    clients = st.multiselect(
        "Clients", list(names), format_func=names.__getitem__, key="client", placeholder="All clients",
        persist_state="session",
    )  # fmt: skip
    offered = known_sources.names()
    _keep_known("source", offered)
    sources = st.multiselect(
        "Sources", offered, format_func=known_sources.title_of, key="source", placeholder="All sources",
        persist_state="session",
    )  # fmt: skip
    _reset_button()
    return tuple(clients or names), tuple(sources or offered)


def choose_statuses(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Draw the filter of a list of attempts: the statuses that are meant, none for any."""
    _keep_known("status", labels)
    return tuple(
        st.pills(
            "Status", list(labels), format_func=labels.__getitem__, key="status", selection_mode="multi",
            label_visibility="collapsed", persist_state="session",
        )
    )  # fmt: skip


def _choose_clients(catalog: Catalog) -> tuple[tuple[str, ...], str]:
    """The chosen clients of one currency: amounts of two are never added, so with several one is asked for."""
    names = {row["client_id"]: _client_name(row) for row in catalog.clients}
    _keep_known("client", names)
    chosen = st.multiselect(
        "Clients", list(names), format_func=names.__getitem__, key="client", placeholder="All clients",
        persist_state="session",
    )  # fmt: skip
    rows = [row for row in catalog.clients if row["client_id"] in chosen] or catalog.clients
    currencies = by_frequency(row["currency"] for row in rows)
    currency = currencies[0]
    if len(currencies) > 1:
        if st.session_state.get("currency") not in currencies:
            st.session_state["currency"] = currency
        currency = st.segmented_control(
            "Currency", currencies, key="currency", required=True, persist_state="session",
            help="Amounts of different currencies are never added: pick the one to look at.",
        ) or currency  # fmt: skip
        left_out = [row["client_name"] for row in rows if row["currency"] != currency]
        st.caption(f"Not shown, billed in another currency: {shown_as.escaped(', '.join(left_out))}.")
    return tuple(row["client_id"] for row in rows if row["currency"] == currency), currency


def _choose_sources(catalog: Catalog, client_ids: tuple[str, ...]) -> tuple[str, ...]:
    available = _sources(catalog, client_ids)
    _keep_known("source", available)
    chosen = st.multiselect(
        "Sources", available, format_func=known_sources.title_of, key="source", placeholder="All sources",
        persist_state="session",
    )  # fmt: skip
    return tuple(source for source in available if source in chosen) or available


def _choose_period(delivered: Period) -> Period:
    if st.session_state.get("period") not in PRESETS:
        st.session_state["period"] = url.CHOICES["period"][0]
    name = st.selectbox(
        "Days", list(PRESETS), format_func=PRESETS.__getitem__, key="period", persist_state="session",
        help=f"Counted back from the last delivered day, {shown_as.day(delivered.end)}.",
    )  # fmt: skip
    if name != "custom":
        period = preset(name, delivered)
        st.caption(shown_as.days(period.start, period.end))
        return period
    if "dates" not in st.session_state:
        last = preset("last_30_days", delivered)
        st.session_state["dates"] = (last.start, last.end)
    dates: Any = st.date_input("From – to", key="dates", format="YYYY-MM-DD", persist_state="session")
    if isinstance(dates, tuple) and len(dates) == 2:
        st.session_state["whole_dates"] = dates
    start, end = st.session_state.get("whole_dates") or (delivered.start, delivered.end)
    st.caption(shown_as.days(start, end))
    return Period(start, end)


def _choose_comparison(period: Period, delivered: Period) -> Period | None:
    if st.session_state.get("compare") not in COMPARISONS:
        st.session_state["compare"] = url.CHOICES["compare"][0]
    name = st.selectbox(
        "Compared with", list(COMPARISONS), format_func=COMPARISONS.__getitem__, key="compare", persist_state="session"
    )
    compared = compared_with(period, name)
    if compared is None:
        return None
    if not delivered.holds(compared):
        st.caption(f"{shown_as.days(compared.start, compared.end)}: no change is shown, not all of it was delivered.")
        return None
    st.caption(shown_as.days(compared.start, compared.end))
    return compared


def _choose_entities(
    catalog: Catalog,
    level: str,
    client_ids: tuple[str, ...],
    sources: tuple[str, ...],
    within: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[str, ...]:
    """Of the campaigns, strategies or creatives that the filters above leave."""
    wanted = tuple(sorted(st.session_state.get(level) or ())[:OFFERED])
    rows = ask(queries.choices, catalog.reading, level, client_ids, sources, within, wanted, OFFERED)
    clients = {row["client_id"]: row["client_name"] for row in catalog.clients}
    labels = {row["id"]: _label(row, level, clients, len(client_ids) > 1) for row in rows}
    _keep_known(level, labels)
    plural = PLURALS[level]
    chosen = st.multiselect(
        plural.capitalize(), list(labels), format_func=labels.__getitem__, key=level, placeholder=f"All {plural}",
        persist_state="session",
    )  # fmt: skip
    if len(rows) == OFFERED:
        above = ", ".join(("client", "source", *CHOSEN_LEVELS[: CHOSEN_LEVELS.index(level)]))
        st.caption(f"At most {OFFERED:,} {plural} are listed: choose a {above} to see others.")
    return tuple(chosen)


def by_frequency(values: Iterable[str]) -> list[str]:
    """Each value once, the most frequent first, ties by name."""
    counted: dict[str, int] = {}
    for value in values:
        counted[value] = counted.get(value, 0) + 1
    return sorted(counted, key=lambda value: (-counted[value], value))


def _sources(catalog: Catalog, client_ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({row["source"] for row in catalog.freshness if row["client_id"] in client_ids}))


def _reset_button() -> None:
    st.button("Reset filters", on_click=url.reset, icon=":material/restart_alt:", type="tertiary")


def _keep_known(name: str, known: Iterable[str]) -> None:
    """Drop what a URL or an earlier choice of clients asks for and these do not have."""
    if name in st.session_state:
        st.session_state[name] = [value for value in st.session_state[name] if value in known]


def _client_name(row: Row) -> str:
    return str(row["client_name"]) if row["is_active"] else f"{row['client_name']} (disabled)"


def _label(row: Row, level: str, clients: dict[str, str], several_clients: bool) -> str:
    """The name, what tells it from others of the same name, its source and, among several, its client."""
    names = [row[f"{name}_name"] for name in reversed(LEVELS) if f"{name}_name" in row]
    parts = [*dict.fromkeys(names), known_sources.title_of(row["source"])]
    return " · ".join(parts + ([clients[row["client_id"]]] if several_clients else []))
