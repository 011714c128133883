"""Overview: the nine numbers with their change, their trend, the sources, the first campaigns, the best and weakest."""

import streamlit as st

from serving import format as shown_as
from serving import queries
from serving.metrics import METRICS
from serving.scope import Scope
from streamlit_app import charts, components, export_menu, frame, leaders
from streamlit_app.cached import ask

CAMPAIGNS = 10  # as many as one glance takes in; Performance has all of them


def show(scope: Scope) -> None:
    """Draw the page."""
    current = ask(queries.totals, scope)
    if current["impressions"] is None:
        components.nothing_in_scope()
        return
    before = scope.over(scope.compared) if scope.compared else None
    days = ask(queries.trend, scope)
    components.kpi_cards(current, ask(queries.totals, before) if before else None, scope.currency, trend=days)

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        metric = METRICS[components.choose_metric()]
        export_menu.offer(scope, level="campaign", ranked_by=metric.name)
    left, right = st.columns([2, 1], gap="large")
    with left:
        st.subheader(f"{metric.label} per day")
        if scope.compared:
            st.caption(f"Dashed: {shown_as.days(scope.compared.start, scope.compared.end)}")
        chart = charts.trend(days, ask(queries.trend, before) if before else [], metric, scope.currency)
        st.vega_lite_chart(chart, width="stretch", alt=f"{metric.label} per day")
    with right:
        st.subheader(f"{metric.label} by source")
        chart = charts.by_source(ask(queries.by_source, scope), metric, scope.currency)
        st.vega_lite_chart(chart, width="stretch", alt=f"{metric.label} by source")

    rows = ask(queries.breakdown, scope, "campaign", None, metric.name, CAMPAIGNS)
    st.subheader(f"Campaigns by {metric.in_words}")
    components.metric_table(
        rows, components.name_columns(scope, "campaign"), scope.currency,
        key="campaigns", title="Campaigns",
    )  # fmt: skip
    entities = rows[0]["entities"]
    if entities > len(rows):
        st.caption(f"The first {len(rows)} of {shown_as.counted(entities, 'campaign')}; Performance has all.")
    leaders.show(scope)


if __name__ == "__main__":
    show(frame.scope())
