"""The best campaigns and creatives of late, and creatives with a low CTR at a high spend."""

import streamlit as st

from serving import queries
from serving.scope import Scope
from streamlit_app import components
from streamlit_app.cached import ask

LISTED = 10
RANKINGS = {
    "campaigns": "Campaigns by conversions",
    "creatives": "Creatives by revenue",
    "underperformers": "Underperforming creatives",
}


def show(scope: Scope) -> None:
    """Draw the three rankings of the last days."""
    st.subheader("Best and weakest")
    st.caption("Of the days up to each client's last delivered one, whatever days are chosen at the left.")
    days = st.segmented_control(
        "Days", (7, 30, 90), default=30, format_func=lambda days: f"Last {days} days", key="leader-days",
        required=True, label_visibility="collapsed",
    ) or 30  # fmt: skip
    several = {"client_name": "Client"} if len(scope.client_ids) > 1 else {}
    for tab, ranking in zip(st.tabs(list(RANKINGS.values())), RANKINGS, strict=True):
        with tab:
            if ranking == "campaigns" and (scope.strategy_ids or scope.creative_ids):
                st.caption("Each counts whole, with its other strategies and creatives.")
            rows = ask(queries.leaders, scope, ranking, days, LISTED)
            if not rows:
                st.caption("None of the chosen is ranked in these days." if scope.narrowed else "None in these days.")
                continue
            name = {"name": "Campaign" if ranking == "campaigns" else "Creative", "source": "Source"}
            why = {"reason": "Why"} if ranking == "underperformers" else {}
            components.metric_table(
                rows, name | several | why, scope.currency, key=f"leaders-{ranking}", title=RANKINGS[ranking]
            )
