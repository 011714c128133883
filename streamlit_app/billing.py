"""What is billed in a week or month, drawn: its spend, the adjustments of closed months dated in it, their sum."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import queries, words
from serving.billing import ADJUSTMENTS, TO_BILL, to_bill
from serving.metrics import METRICS
from serving.scope import Scope
from serving.words import Words
from streamlit_app import components
from streamlit_app.cached import ask


def show(scope: Scope, row: components.Row) -> None:
    """Draw what is billed in a period that has adjustments; nothing for one without."""
    booked = ask(queries.adjustments, scope, row["period_start"], row["period_end"])
    if not booked:
        return
    st.subheader("To bill")
    amounts = {METRICS["spend"]: row["spend"], ADJUSTMENTS: row["spend_adjustments"], TO_BILL: to_bill(row)}
    with st.container(key="to-bill"):
        for column, (metric, amount) in zip(st.columns(len(amounts)), amounts.items(), strict=True):
            value = shown_as.shown(metric, amount, scope.currency)
            label = "Spend of the period" if metric is METRICS["spend"] else metric.label
            column.metric(label, value, help=metric.meaning, border=True)
        _list(scope, booked)


def note(rows: Sequence[components.Row], labels: dict[object, str]) -> None:
    """Say which of the listed periods have adjustments, and that their spend is without them."""
    with_some = [labels[row["period_start"]] for row in rows if row["spend_adjustments"]]
    if with_some:
        st.caption(f"Spend is without adjustments, which were booked in: {', '.join(with_some)}.")


def _list(scope: Scope, booked: Sequence[components.Row]) -> None:
    said = words.of(scope.reading.viewer)
    amount = shown_as.headed(ADJUSTMENTS, scope.currency)
    table = pd.DataFrame(
        {
            "Date": [row["date"] for row in booked],
            "Client": [row["client_name"] for row in booked],
            "For": [f"{row['for_month']:%B %Y}" for row in booked],
            amount: [float(shown_as.quantized(row["amount"], ADJUSTMENTS.decimals)) for row in booked],
            "Because": [_because(said, row, scope.currency) for row in booked],
        }
    )
    columns = components.day_columns("Date") | {amount: st.column_config.NumberColumn(format="%,.2f", width=130)}
    st.dataframe(table, column_config=columns, hide_index=True, key="adjustments", alt="Adjustments of closed months")


def _because(said: Words, row: components.Row, currency: str) -> str:
    if row["cpm"] is None:
        return "the month was opened again"
    price = said.price.format(f"{row['cpm'].normalize():f}", currency)
    return f"{price} from {shown_as.day(row['effective_date'])}"
