"""Summaries: weeks and months of the chosen clients, their change, their best and their weakest."""

import streamlit as st

from serving import format as shown_as
from serving import queries
from serving.metrics import METRICS
from serving.reports.summary import LISTED, RANKINGS, SHOWN
from serving.scope import Scope
from streamlit_app import billing, charts, components, export_menu, frame
from streamlit_app.cached import ask

CHARTED = {"week": 13, "month": 13}
GRAINS = {"week": "Weeks", "month": "Months"}


def show(scope: Scope) -> None:
    """Draw the page."""
    grain = st.segmented_control(
        "Grain", list(GRAINS), format_func=GRAINS.__getitem__, key="grain", required=True, persist_state="session",
        default=None if "grain" in st.session_state else "week", label_visibility="collapsed",
    ) or "week"  # fmt: skip
    st.caption(
        "Weeks and months are of all sources, campaigns, strategies and creatives of the chosen clients. "
        "Weeks start on Monday; all days are UTC."
    )
    rows = ask(queries.summaries, scope, grain, SHOWN[grain])
    if not rows:
        components.nothing_in_scope()
        return
    labels = {row["period_start"]: period_label(row, grain) for row in rows}

    spend_and_revenue = f"{METRICS['spend'].label} and {METRICS['conversion_revenue'].in_words}"
    chart_rows = list(reversed(rows[: CHARTED[grain]]))
    st.subheader(spend_and_revenue)
    st.vega_lite_chart(
        charts.spend_and_revenue(chart_rows, [_short(row, grain) for row in chart_rows], scope.currency),
        width="stretch", alt=f"{spend_and_revenue} per period",
    )  # fmt: skip

    starts = list(labels)
    latest = next((row["period_start"] for row in rows if row["is_complete"]), starts[0])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        start = st.selectbox(
            grain.capitalize(), starts, index=starts.index(latest), format_func=labels.__getitem__,
            key=f"{grain}-start", width=340,
        )  # fmt: skip
        export_menu.offer_summary(scope, grain, start)
    _one_period(scope, grain, next(row for row in rows if row["period_start"] == start))
    st.subheader(f"All {GRAINS[grain].lower()}")
    _table(scope, rows, labels, grain)


def period_label(row: components.Row, grain: str) -> str:
    """A week or month as a reader names it, marked while it is not complete."""
    name = shown_as.period(row["period_start"], row["period_end"], grain)
    return name if row["is_complete"] else f"{name} (incomplete)"


def _short(row: components.Row, grain: str) -> str:
    start = row["period_start"]
    return f"{start.day} {start:%b %y}" if grain == "week" else f"{start:%b %Y}"


def _one_period(scope: Scope, grain: str, row: components.Row) -> None:
    previous = {name: row[f"previous_{name}"] for name in METRICS}
    is_fair = row["is_complete"] and row["previous_is_complete"]
    if is_fair:
        st.markdown(f":small[:gray[Change against the {grain} before.]]")
    elif row["is_complete"]:
        st.markdown(f":small[:gray[The {grain} before is not complete, so the change is not judged.]]")
    else:
        st.markdown(
            f":orange-badge[Incomplete] :small[:gray[The change is against the whole {grain} before, so not judged.]]"
        )
    components.kpi_cards(row, previous, scope.currency, judged=is_fair)
    billing.show(scope, row)
    for tab, ranking in zip(st.tabs(list(RANKINGS.values())), RANKINGS, strict=True):
        with tab:
            _ranking(scope, grain, row, ranking)
    if grain == "month":
        st.subheader("Sources of the month")
        components.metric_table(
            ask(queries.month_by_source, scope, row["period_start"]), {"source": "Source"}, scope.currency,
            key="month-sources", title="Sources of the month",
        )  # fmt: skip


def _ranking(scope: Scope, grain: str, row: components.Row, ranking: str) -> None:
    listed = ask(queries.highlights, scope, grain, row["period_start"], ranking, LISTED)
    if not listed:
        st.caption(f"None in this {grain}.")
        return
    several = {"client_name": "Client"} if len(scope.client_ids) > 1 else {}
    components.metric_table(
        listed, {"name": "Campaign" if ranking == "campaigns" else "Creative", "source": "Source"} | several,
        scope.currency, key=f"ranking-{ranking}", title=RANKINGS[ranking],
    )  # fmt: skip
    if ranking == "underperformers":
        spend, ctr = METRICS["spend"].label, METRICS["ctr"].label
        st.caption(f"{spend} at or above the average, {ctr} under half of that of the source's other creatives.")


def _table(scope: Scope, rows: list[components.Row], labels: dict[object, str], grain: str) -> None:
    """Every period with its metrics and the change of each that adds up."""
    components.metric_table(
        [row | {"label": labels[row["period_start"]]} for row in rows],
        {"label": grain.capitalize()}, scope.currency, key="periods",
        title=f"All {GRAINS[grain].lower()}", changes=True,
    )  # fmt: skip
    billing.note(rows, labels)


if __name__ == "__main__":
    show(frame.scope())
