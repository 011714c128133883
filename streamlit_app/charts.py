"""Charts, drawn with Altair. Colours follow the theme; every tooltip reads exactly as the cards do.

Altair takes twenty milliseconds to write a chart down, most of them to check it. What a chart says of its data, by the
data's name, is the same for everybody: it is written once per metric and currency, and each page puts its rows to it.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from serving import format as shown_as
from serving import sources as known_sources
from serving.metrics import MEASURES, METRICS, Metric

Row = dict[str, Any]
Spec = dict[str, Any]  # Vega-Lite's

GREY = "#8796a0"  # readable on both themes


def trend(rows: Sequence[Row], previous: Sequence[Row], metric: Metric, currency: str) -> Spec:
    """A metric per day, and the compared period under it, dashed, its first day under the first. Gaps stay gaps."""
    days = [_day(row, row, metric, currency) for row in rows]
    before = [_day(row, earlier, metric, currency) for row, earlier in zip(rows, previous, strict=False)]
    spec = _trend(metric.name, currency, has_one_day=len(rows) == 1)
    return _of(spec, days=pd.DataFrame(days, columns=DAY), before=pd.DataFrame(before, columns=DAY))


def by_source(rows: Sequence[Row], metric: Metric, currency: str) -> Spec:
    """A metric per source, with its value written at the bar and, for what adds up, its share."""
    sources = [
        {
            "source": known_sources.title_of(row["source"]),
            "value": shown_as.as_float(row[metric.name]),
            "label": _labelled(row[metric.name], rows, metric, currency),
        }
        for row in rows
    ]
    return _of(_by_source(metric.name, len(rows), known_sources.titles()), sources=pd.DataFrame(sources))


def spend_and_revenue(rows: Sequence[Row], labels: Sequence[str], currency: str) -> Spec:
    """Spend beside revenue per week or month, oldest first; periods that are not complete are pale."""
    amounts = [
        {
            "period": label,
            "what": metric.label,
            "value": shown_as.as_float(row[metric.name]),
            "shown": shown_as.shown(metric, row[metric.name], currency),
            "state": "complete" if row["is_complete"] else "not complete",
        }
        for row, label in zip(rows, labels, strict=True)
        for metric in AMOUNTS
    ]
    return _of(_spend_and_revenue(currency), amounts=pd.DataFrame(amounts))


DAY = ["day", "value", "shown", "name"]
AMOUNTS = (METRICS["spend"], METRICS["conversion_revenue"])


def _day(at: Row, row: Row, metric: Metric, currency: str) -> Row:
    """A day's value at the place of another day."""
    return {
        "day": pd.Timestamp(at["date"]),
        "value": shown_as.as_float(row[metric.name]),
        "shown": shown_as.shown(metric, row[metric.name], currency),
        "name": shown_as.day(row["date"]),
    }


def _of(spec: str, **data: pd.DataFrame) -> Spec:
    """A chart and the data that it names."""
    return {**json.loads(spec), "datasets": data}


def _written(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> str:
    with alt.theme.enable("none"):  # the other one has sizes that a page does not want
        return str(chart.to_json(indent=None))


@cache
def _trend(metric_name: str, currency: str, *, has_one_day: bool) -> str:
    metric = METRICS[metric_name]
    across = alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", grid=False, labelOverlap=True))
    up = alt.Y("value:Q", title=shown_as.headed(metric, currency), scale=alt.Scale(zero=True))
    tooltip = [alt.Tooltip("name:N", title="Day"), alt.Tooltip("shown:N", title=metric.label)]
    lines = [
        alt.Chart(alt.NamedData("before"))
        .mark_line(color=GREY, strokeDash=[4, 3], strokeWidth=1.5, point=alt.OverlayMarkDef(opacity=0, size=60))
        .encode(x=across, y=up, tooltip=tooltip),
        alt.Chart(alt.NamedData("days"))
        .mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=60 if has_one_day else 14))
        .encode(x=across, y=up, tooltip=tooltip),
    ]
    return _written(alt.layer(*lines).properties(height=300))


@cache
def _by_source(metric_name: str, sources: int, titles: tuple[str, ...]) -> str:
    """All `titles` are the scale, in their order, so that a source keeps its colour whatever is chosen."""
    base = alt.Chart(alt.NamedData("sources")).encode(
        y=alt.Y("source:N", title=None, sort=list(titles), axis=alt.Axis(ticks=False))
    )
    bars = base.mark_bar(cornerRadiusEnd=4, height={"band": 0.45}).encode(
        x=alt.X("value:Q", title=None, axis=None),
        color=alt.Color("source:N", scale=alt.Scale(domain=list(titles)), legend=None),
        tooltip=[
            alt.Tooltip("source:N", title="Source"),
            alt.Tooltip("label:N", title=METRICS[metric_name].label),
        ],
    )
    labels = base.mark_text(align="left", baseline="middle", dx=0, dy=-29, color=GREY, fontSize=12.5).encode(
        x=alt.value(2), text="label:N"
    )
    return _written(alt.layer(bars, labels).properties(height=max(92 * sources, 120)))


@cache
def _spend_and_revenue(currency: str) -> str:
    names = [metric.label for metric in AMOUNTS]
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("amounts"))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("period:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            xOffset=alt.XOffset("what:N", sort=names),
            y=alt.Y("value:Q", title=currency),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=names), legend=alt.Legend(orient="top")),
            opacity=alt.Opacity(
                "state:N", scale=alt.Scale(domain=["complete", "not complete"], range=[1, 0.4]), legend=None
            ),
            tooltip=[
                alt.Tooltip("period:N", title="Period"),
                alt.Tooltip("state:N", title="State"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("shown:N", title="Amount"),
            ],
        )
        .properties(height=300)
    )
    return _written(chart)


def _labelled(value: Any, rows: Sequence[Row], metric: Metric, currency: str) -> str:
    words = shown_as.shown(metric, value, currency)
    whole = sum(row[metric.name] for row in rows if row[metric.name] is not None)
    if metric.name not in MEASURES or value is None or not whole or any(row[metric.name] is None for row in rows):
        return words
    return f"{words} · {shown_as.quantized(value * 100 / whole, 1)} %"
