"""The campaigns, strategies, placements and creatives of a client: those that a filter offers, and the way to one."""

from streamlit_app.queries.asking import Row, kept, rows
from streamlit_app.scope import LEVELS, PLURALS, Node, Reading


@kept
def campaigns(reading: Reading, client_ids: tuple[str, ...], sources: tuple[str, ...]) -> list[Row]:
    """The campaigns of these clients and sources, by name: campaign_id, campaign_name, source, client_id."""
    return rows(
        reading.viewer,
        """
        select campaign_id, campaign_name, source, client_id
        from marts.dim_campaigns
        where client_id = any(cast(:client_ids as text[])) and source = any(cast(:sources as text[]))
        order by campaign_name, source, client_id, campaign_id
        """,
        client_ids=list(client_ids),
        sources=list(sources),
    )


@kept
def path(reading: Reading, client_ids: tuple[str, ...], level: str, entity_id: str) -> list[Node]:
    """The way down to an entity, from its campaign; empty when these clients have no such entity."""
    down = LEVELS[: LEVELS.index(level) + 1]
    names = ", ".join(f"{name}.{name}_id, {name}.{name}_name" for name in down)
    parents = " ".join(f"join {_dimension(name)} on {name}.{name}_id = {level}.{name}_id" for name in down[:-1])
    found = rows(
        reading.viewer,
        f"""
        select {names} from {_dimension(level)} {parents}
        where {level}.{level}_id = :entity_id and {level}.client_id = any(cast(:client_ids as text[]))
        """,
        entity_id=entity_id,
        client_ids=list(client_ids),
    )
    return [Node(name, found[0][f"{name}_id"], found[0][f"{name}_name"]) for name in down] if found else []


def _dimension(level: str) -> str:
    return f"marts.dim_{PLURALS[level]} as {level}"
