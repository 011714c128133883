"""Performance: the way down from campaign to strategy, placement and creative."""

import streamlit as st

from serving import format as shown_as
from serving import queries
from serving.metrics import METRICS
from serving.scope import LEVELS, PLURALS, Node, Scope, deeper
from streamlit_app import components, export_menu, frame, previews
from streamlit_app.cached import ask

ROWS = 500  # what a browser sorts and scrolls at once; the totals count every row


def show(scope: Scope) -> None:
    """Draw the page."""
    way = _way_down(scope)
    inside = way[-1] if way else None
    below = LEVELS[len(way) :] or LEVELS[-1:]
    _breadcrumb(way)
    if inside and inside.level == "creative":
        previews.show(inside)
    level = _choose_level(below)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        ranked_by = components.choose_metric("Ranked by")
        export_menu.offer(scope, level=level, inside=inside, ranked_by=ranked_by)
    total = ask(queries.totals, scope, inside)
    if total["impressions"] is None:
        components.nothing_in_scope()
        return
    rows = ask(queries.breakdown, scope, level, inside, ranked_by, ROWS)
    _table(scope, rows, total, level, inside)
    if rows[0]["entities"] > len(rows):
        st.caption(f"Listed are the first {len(rows):,} by {METRICS[ranked_by].in_words}.")


def open_node(node: str | None) -> None:
    """Go to an entity, `level:id`, or back to all campaigns."""
    st.session_state["open"] = node
    st.session_state.pop("level", None)


def open_chosen(widget: str) -> None:
    """Go to the entity that was chosen from the list."""
    if st.session_state[widget]:
        open_node(st.session_state[widget])


def _way_down(scope: Scope) -> list[Node]:
    """The opened entity and those above it; none when the clients of the scope have no such entity."""
    level, _, entity_id = (st.session_state.get("open") or "").partition(":")
    way = ask(queries.path, scope.reading, scope.client_ids, level, entity_id) if level in LEVELS else []
    if not way:
        st.session_state.pop("open", None)
    return way


def _breadcrumb(way: list[Node]) -> None:
    with st.container(key="path", horizontal=True, vertical_alignment="center", gap="small"):
        st.button("All campaigns", on_click=open_node, args=(None,), type="tertiary", disabled=not way)
        for node in way:
            st.markdown(":gray[›]", width="content")
            st.button(
                shown_as.escaped(node.name), key=f"path-{node.level}", on_click=open_node,
                args=(f"{node.level}:{node.id}",), type="tertiary", disabled=node is way[-1],
                help=node.level.capitalize(),
            )  # fmt: skip


def _choose_level(below: tuple[str, ...]) -> str:
    if st.session_state.get("level") not in below:
        st.session_state["level"] = below[0]
    chosen = st.segmented_control(
        "Level", below, format_func=lambda level: PLURALS[level].capitalize(), key="level", required=True,
        persist_state="session",
    )  # fmt: skip
    return chosen or below[0]


def _table(scope: Scope, rows: list[components.Row], total: components.Row, level: str, inside: Node | None) -> None:
    """The entities and, under them, their totals: ratios of the sums, of every row, also of those not listed."""
    names = components.name_columns(scope, level, inside)
    nodes = [f"{level}:{row[f'{level}_id']}" for row in rows]
    grid = f"entities-{level}-{inside.id if inside else 'all'}"
    can_open = deeper(level) is not None
    lead = {components.OPEN: "Open"} if can_open else {}
    components.metric_table(
        [row | {components.OPEN: components.OPEN_SIGN} for row in rows], lead | names, scope.currency,
        key=grid, title=PLURALS[level].capitalize(),
        on_open=(lambda row: open_node(nodes[row])) if can_open else None,
    )  # fmt: skip
    words = shown_as.counted(rows[0]["entities"], level, PLURALS[level])
    blank = dict.fromkeys(lead | names, "")
    components.metric_table(
        [blank | {f"{level}_name": f"Total of {words}"} | total], lead | names, scope.currency,
        key="totals", title=f"Totals of {words}",
    )  # fmt: skip
    if can_open:
        labels = {node: " · ".join(row[column] for column in names) for node, row in zip(nodes, rows, strict=True)}
        st.selectbox(
            f"Open a {level}", nodes, index=None, format_func=labels.__getitem__, key=f"choose-{grid}",
            placeholder=f"Open a {level}: press its arrow above, or choose it here", label_visibility="collapsed",
            width=420, on_change=open_chosen, args=(f"choose-{grid}",),
        )  # fmt: skip


if __name__ == "__main__":
    show(frame.scope())
