"""The parts that pages are made of: cards, tables, the line that says as of when, and the empty and error states."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from serving import format as shown_as
from serving import sources as known_sources
from serving import words
from serving.metrics import MEASURES, METRICS, Metric
from serving.scope import Node, Scope, levels_shown
from serving.timeliness import COLOURS, HELD, NO_DATA, STALE, Timeliness, reached
from serving.words import Words
from streamlit_app import sparklines
from streamlit_app.identity import current_viewer
from warehouse.errors import PaidMediaError

Row = dict[str, Any]

STYLE = Path(__file__).with_name("style.css")
FAVICON = Path(__file__).with_name("favicon.svg")
# Pixels, so that all columns of one client fit a laptop's screen beside the filters.
NAME_WIDTH = 165
WIDTHS = {
    "source": 80, "client_name": 110, "reason": 330, "label": 215,
    "impressions": 92, "clicks": 72, "ctr": 80, "conversions": 94, "conversion_revenue": 110, "spend": 100,
    "cpc": 84, "cpa": 84, "roas": 84,
}  # fmt: skip
OPEN, OPEN_WIDTH = "open", 46
OPEN_SIGN = ":material/arrow_forward:"
BADGES = 4  # more than fit a line are counted, and listed on the page of data freshness


def style() -> None:
    """Number typography and the grid of the cards; colours come from the theme."""
    st.html(STYLE)


def kpi_cards(
    current: Row, previous: Row | None, currency: str, *, trend: Sequence[Row] = (), judged: bool = True
) -> None:
    """One card per metric; the one of `spend` is the container `kpi-spend`, CSS class `st-key-kpi-spend`.

    `judged` colours a change by whether it is good; without it changes are grey, as for a period that is not complete.
    """
    with st.container(key="kpis"):
        for metric in METRICS.values():
            _kpi_card(metric, current, previous, currency, judged)
    lines = {_card(metric): [shown_as.as_float(row[metric.name]) for row in trend] for metric in METRICS.values()}
    if drawn := sparklines.style({f"st-key-{card}": values for card, values in lines.items()}):
        st.html(drawn)


def metric_table(
    rows: Sequence[Row],
    names: dict[str, str],
    currency: str,
    *,
    key: str,
    title: str,
    changes: bool = False,
    on_open: Callable[[int], None] | None = None,
) -> None:
    """A sortable table: the name columns (column → heading), then the metrics, rounded, NULL as a dash.

    `changes` adds to each metric that adds up its change in percent against the row's `previous_<metric>`. `on_open` is
    called with the number of a row when its button, in the name column `open`, is pressed.
    """
    columns: dict[str, list[Any]] = {heading: [_name(row, column) for row in rows] for column, heading in names.items()}
    config: dict[str, Any] = {}
    for metric in METRICS.values():
        heading = shown_as.headed(metric, currency)
        columns[heading] = [_number(metric, row[metric.name]) for row in rows]
        config[heading] = st.column_config.NumberColumn(
            format=_grid_format(metric), help=metric.meaning, width=WIDTHS[metric.name]
        )
        if changes and metric.name in MEASURES:
            heading = f"{metric.label} Δ %"
            columns[heading] = [_change(row, metric) for row in rows]
            config[heading] = st.column_config.NumberColumn(format="%+.1f", width=122)
    main = next(column for column in names if column != OPEN)
    for column, heading in names.items():
        if column == OPEN:
            config[heading] = _open_column(f"{key}-open", on_open)
            continue
        width = WIDTHS.get(column, NAME_WIDTH if column == main else 130)
        config[heading] = st.column_config.TextColumn(width=width, pinned=column == main)
    with st.container(key=key):
        st.dataframe(
            pd.DataFrame(columns), column_config=config, hide_index=True, placeholder=shown_as.ABSENT, alt=title,
            key=f"{key}-grid",
        )  # fmt: skip


def day_columns(*headings: str) -> dict[str, Any]:
    """How columns of a table that hold days read."""
    return {heading: st.column_config.DateColumn(format="D MMM YYYY", width=110) for heading in headings}


def time_columns(*headings: str, width: int = 155) -> dict[str, Any]:
    """How columns of a table that hold times read, in UTC."""
    column = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC", width=width)
    return dict.fromkeys(headings, column)


def count_columns(*headings: str, width: int = 100) -> dict[str, Any]:
    """How columns of a table that hold counts read."""
    return {heading: st.column_config.NumberColumn(format="%,d", width=width) for heading in headings}


def choose_metric(label: str | None = None) -> str:
    """The metric that charts draw and tables rank by; the same on every page."""
    if st.session_state.get("metric") not in METRICS:
        st.session_state["metric"] = "impressions"
    chosen = st.segmented_control(
        label or "Metric", list(METRICS), format_func=lambda name: METRICS[name].label, key="metric", required=True,
        label_visibility="visible" if label else "collapsed", persist_state="session",
    )  # fmt: skip
    return chosen or "impressions"


def as_of(said: Words, freshness: Sequence[Row], judged: Sequence[Timeliness]) -> None:
    """How far the data reaches, when it last came, and what is late, in colour."""
    last_day, last_delivery = reached(freshness)
    parts = [f"Data to **{shown_as.day(last_day)}**", f"{said.received} {shown_as.moment(last_delivery)}"]
    late = [item for item in judged if item.is_late or HELD in item.states]
    badges = [_badge(said, item) for item in late[:BADGES]]
    if len(late) > BADGES:
        badges.append(f":gray-badge[{len(late) - BADGES} more]")
    with st.container(key="as-of"):
        st.markdown(f":small[:gray[{' · '.join(parts)}]] {' '.join(badges)}")


def nothing(what: str, about: str = "", *, key: str, icon: str = "inbox", commands: Sequence[str] = ()) -> None:
    """Where a list would be: what there is none of, and for people of the agency the commands that bring some."""
    with st.container(key=key, border=True):
        st.markdown(f"#### :material/{icon}: {what}")
        if about:
            st.caption(about)
        if commands and current_viewer().is_staff:
            st.code("\n".join(commands), language="bash")


def nothing_in_scope() -> None:
    """The filters leave no rows."""
    nothing(
        "Nothing was delivered for this choice", "Choose other days, clients, sources or campaigns at the left.",
        key="nothing", icon="filter_alt_off",
    )  # fmt: skip


def refusal(error: PaidMediaError, *, key: str = "refusal", icon: str = "block") -> None:
    """What cannot be done, where, and what to do about it."""
    with st.container(key=key):
        st.error(f"**{shown_as.escaped(error.what[:1].upper() + error.what[1:])}**", icon=f":material/{icon}:")
        if error.where:
            st.caption(shown_as.escaped(error.where))
        if error.fix:
            st.markdown(f"What to do: {shown_as.escaped(error.fix)}")


def failure(error: PaidMediaError) -> None:
    """One clear message where something is away, as the viewer may read it, and another try."""
    refusal(words.error(st.session_state.get("viewer"), error), key="failure", icon="cloud_off")
    st.button("Try again", icon=":material/refresh:")


def name_columns(scope: Scope, level: str, inside: Node | None = None) -> dict[str, str]:
    """The name columns of a table of a level: the entity, those above it up to `inside`, source, client if several."""
    columns = {f"{name}_name": name.capitalize() for name in reversed(levels_shown(level, inside))} | {
        "source": "Source"
    }
    return columns | ({"client_name": "Client"} if len(scope.client_ids) > 1 else {})


def _card(metric: Metric) -> str:
    return f"kpi-{metric.key}"


def _kpi_card(metric: Metric, current: Row, previous: Row | None, currency: str, judged: bool) -> None:
    change = shown_as.change(current[metric.name], previous[metric.name]) if previous else None
    colour = {"up": "normal", "down": "inverse", None: "off"}[metric.better] if judged else "off"
    with st.container(key=_card(metric)):
        st.metric(
            metric.label,
            shown_as.shown(metric, current[metric.name], currency),
            delta=shown_as.shown_change(change),
            delta_color=colour,  # type: ignore[arg-type]
            help=metric.meaning,
            border=True,
        )


def _name(row: Row, column: str) -> str:
    return known_sources.title_of(row[column]) if column == "source" else str(row[column])


def _change(row: Row, metric: Metric) -> float | None:
    change = shown_as.change(row[metric.name], row[f"previous_{metric.name}"])
    return None if change is None else float(shown_as.quantized(change, 1))


def _grid_format(metric: Metric) -> str:
    return "%,d" if metric.kind == "count" else f"%,.{metric.decimals}f"


def _open_column(key: str, on_open: Callable[[int], None] | None) -> Any:
    if on_open is None:
        return st.column_config.TextColumn("", width=OPEN_WIDTH, pinned=True)
    return st.column_config.ButtonColumn(
        "", width=OPEN_WIDTH, pinned=True, type="tertiary", key=key,
        on_click=lambda: on_open(st.session_state[key].row),
    )  # fmt: skip


def _badge(said: Words, item: Timeliness) -> str:
    worst = next(state for state in (NO_DATA, STALE, HELD) if state in item.states)
    about = {NO_DATA: "no data", STALE: f"{item.days_behind} days old", HELD: said.held}[worst]
    name = shown_as.escaped(f"{known_sources.title_of(item.source)}, {item.client_name}")
    return f":{COLOURS[worst]}-badge[{name}: {about}]"


def _number(metric: Metric, value: Any) -> float | int | None:
    rounded = shown_as.rounded(metric, value)
    if rounded is None:
        return None
    return int(rounded) if metric.kind == "count" else float(rounded)
