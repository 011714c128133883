"""The nine metrics of what was delivered: in all, per day, per source, and of the entities of a level."""

# Names of tables and columns come from the constants of this room, every value is bound.
# ruff: noqa: S608

from serving.metrics import METRICS
from serving.queries.asking import rows
from serving.queries.measures import RATIOS, SUMS, bound, chosen, parents
from serving.scope import LEVELS, PLURALS, Node, Row, Scope


def totals(scope: Scope, inside: Node | None = None) -> Row:
    """The nine metrics of the scope, or of one entity of it; all None without rows."""
    return rows(
        scope.reading.viewer,
        f"""
        with summed as (select {SUMS} from {chosen(scope, inside=inside)})
        select *, {RATIOS} from summed
        """,
        **bound(scope, inside),
    )[0]


def trend(scope: Scope, inside: Node | None = None) -> list[Row]:
    """The nine metrics per day, of all or of one entity, every day of the scope in order; None on days without rows."""
    return rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select date, {SUMS} from {chosen(scope, inside=inside)} group by date
        )
        select
            cast(days.day as date) as date,
            impressions, clicks, conversions, conversion_revenue, spend, {RATIOS}
        from generate_series(cast(:start as timestamp), cast(:end as timestamp), interval '1 day') as days (day)
        left join summed on summed.date = cast(days.day as date)
        order by days.day
        """,
        **bound(scope, inside),
    )


def by_source(scope: Scope, inside: Node | None = None) -> list[Row]:
    """The nine metrics per source, of all or of one entity, by name."""
    return rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select source, {SUMS} from {chosen(scope, inside=inside)} group by source
        )
        select *, {RATIOS} from summed order by source
        """,
        **bound(scope, inside),
    )


def breakdown(scope: Scope, level: str, inside: Node | None, ranked_by: str, limit: int) -> list[Row]:
    """The first `limit` entities of a level, the greatest first: ids and names down to it, source, client, metrics.

    `entities` in each row says how many there are in all.
    """
    above = "".join(f"{name}.{name}_id, {name}.{name}_name, " for name in LEVELS[: LEVELS.index(level)])
    greatest = f"{METRICS[ranked_by].name} desc nulls last, impressions desc"
    # An id stands for all above it: rows are summed by it alone, and only those that are listed get names. Who is as
    # great as the last one waits for its name.
    return rows(
        scope.reading.viewer,
        f"""
        with summed as (
            select {level}_id, {SUMS} from {chosen(scope, level, inside)} group by {level}_id
        ),
        measured as (select *, {RATIOS}, count(*) over () as entities from summed),
        listed as (
            select * from measured order by {greatest} fetch first (:limit) rows with ties
        )
        select listed.*, {above}{level}.{level}_name, {level}.source, clients.client_id, clients.client_name
        from listed
        join marts.dim_{PLURALS[level]} as {level} on {level}.{level}_id = listed.{level}_id
        {parents(level)}
        join marts.dim_clients as clients on clients.client_id = {level}.client_id
        order by {greatest}, {level}.{level}_name, listed.{level}_id
        limit :limit
        """,
        limit=limit,
        **bound(scope, inside),
    )
