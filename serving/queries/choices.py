"""The campaigns, strategies, placements and creatives of a client: those that a filter offers, and the way to one."""

# Names of tables and columns come from the constants of this room, every value is bound.
# ruff: noqa: S608

from serving.queries.asking import rows
from serving.queries.measures import parents
from serving.scope import LEVELS, PLURALS, Node, Reading, Row

Ids = tuple[str, ...]


def campaigns(reading: Reading, client_ids: Ids, sources: Ids) -> list[Row]:
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


def choices(
    reading: Reading, level: str, client_ids: Ids, sources: Ids, within: tuple[Ids, Ids], wanted: Ids, limit: int
) -> list[Row]:
    """What a filter of a level offers, by name: id, the names down to it, source, client_id; `limit` of them.

    `within` are the chosen campaigns and strategies, none for any. Of the `wanted` those that there are come in any
    case.
    """
    above = {name: ids for name, ids in zip(("campaign", "strategy"), within, strict=True) if ids}
    down = LEVELS[: LEVELS.index(level) + 1]
    names = ", ".join(f"{name}.{name}_name" for name in down)
    meant = " and ".join(
        ["source = any(cast(:sources as text[]))", *(f"{name}_id = any(cast(:{name}_ids as text[]))" for name in above)]
    )
    by_name = f"{level}_name, {level}_id"
    # Client by client, because the index knows the names of each in order: of half a million creatives it reads a few.
    return rows(
        reading.viewer,
        f"""
        with clients as (select unnest(cast(:client_ids as text[])) as client_id),
        first_ones as (
            select found.*
            from clients
            cross join lateral (
                select * from marts.dim_{PLURALS[level]}
                where client_id = clients.client_id and {meant}
                order by {by_name} limit :limit
            ) as found
        ),
        wanted as (
            select * from marts.dim_{PLURALS[level]}
            where {level}_id = any(cast(:wanted as text[])) and client_id in (select client_id from clients) and {meant}
        ),
        listed as (
            select * from (select * from wanted union select * from first_ones) as found
            order by {level}_id = any(cast(:wanted as text[])) desc, {by_name} limit :limit
        )
        select {level}.{level}_id as id, {names}, {level}.source, {level}.client_id
        from listed as {level} {parents(level)}
        order by {level}.{level}_name, {level}.source, {level}.client_id, {level}.{level}_id
        """,
        client_ids=list(client_ids),
        sources=list(sources),
        wanted=list(wanted),
        limit=limit,
        **{f"{name}_ids": list(ids) for name, ids in above.items()},
    )


def names(reading: Reading, level: str, ids: Ids) -> list[str]:
    """The names of entities, by name."""
    found = rows(
        reading.viewer,
        f"""
        select {level}_name as name from marts.dim_{PLURALS[level]}
        where {level}_id = any(cast(:ids as text[])) order by {level}_name, {level}_id
        """,
        ids=list(ids),
    )
    return [row["name"] for row in found]


def path(reading: Reading, client_ids: Ids, level: str, entity_id: str) -> list[Node]:
    """The way down to an entity, from its campaign; empty when these clients have no such entity."""
    down = LEVELS[: LEVELS.index(level) + 1]
    nodes = ", ".join(f"{name}.{name}_id, {name}.{name}_name" for name in down)
    found = rows(
        reading.viewer,
        f"""
        select {level}.client_id, {nodes} from marts.dim_{PLURALS[level]} as {level} {parents(level)}
        where {level}.{level}_id = :entity_id and {level}.client_id = any(cast(:client_ids as text[]))
        """,
        entity_id=entity_id,
        client_ids=list(client_ids),
    )
    return [Node(name, row[f"{name}_id"], row[f"{name}_name"], row["client_id"]) for row in found[:1] for name in down]
