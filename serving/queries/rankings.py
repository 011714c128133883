"""The best and the weakest: of the last days, and of a week or month."""

# Names of tables and columns come from the constants of this room, every value is bound.
# ruff: noqa: S608

from datetime import date

from serving.queries.asking import rows
from serving.queries.measures import RATIOS, bound
from serving.queries.periods import SUMMARY_TABLES
from serving.scope import LEVELS, PLURALS, Row, Scope

# What is ranked: the mart and its level, and the column of the summaries.
LEADERS = {
    "campaigns": ("top_performers", "campaign"),
    "creatives": ("top_performers", "creative"),
    "underperformers": ("underperformers", "creative"),
}
HIGHLIGHTS = {"campaigns": "top_campaigns", "creatives": "top_creatives", "underperformers": "underperformers"}
RANKINGS = {
    "campaigns": "conversions desc nulls last, impressions desc",
    "creatives": "conversion_revenue desc nulls last, conversions desc nulls last, impressions desc",
    "underperformers": "spend desc nulls last, ctr",
}


def leaders(scope: Scope, ranking: str, days: int, limit: int) -> list[Row]:
    """The first `campaigns`, `creatives` or `underperformers` of the last 7, 30 or 90 days, with the nine metrics.

    Campaigns by conversions, creatives by revenue, underperformers by spend, across the clients of the scope. With a
    chosen strategy or creative its campaign is listed, and counts whole.
    """
    table, level = LEADERS[ranking]
    reason = "reason" if table == "underperformers" else "cast(null as text) as reason"
    return rows(
        scope.reading.viewer,
        f"""
        select
            client_name, source, entity_id as id, entity_name as name, campaign_name, strategy_name, placement_name,
            impressions, clicks, conversions, conversion_revenue, spend, ctr, cpc, cpa, roas, {reason}
        from marts.{table}
        where
            client_id = any(cast(:client_ids as text[]))
            and currency = :currency
            and source = any(cast(:sources as text[]))
            {_among(scope, level)}
            and period = :days and level = :level
        order by {RANKINGS[ranking]}, entity_name, entity_id
        limit :limit
        """,
        **bound(scope) | {"days": f"last_{days}_days", "level": level, "limit": limit},
    )


def highlights(scope: Scope, grain: str, period_start: date, ranking: str, limit: int) -> list[Row]:
    """`campaigns`, `creatives` or `underperformers` of one week or month, across the clients of the scope.

    Each with client_name, name, source, the nine metrics and, for underperformers, `peer_ctr`.
    """
    return rows(
        scope.reading.viewer,
        f"""
        with listed as (
            select summary.client_name, entity.*
            from
                marts.{SUMMARY_TABLES[grain]} as summary,
                jsonb_to_recordset(summary.{HIGHLIGHTS[ranking]}) as entity (
                    id text, name text, source text, impressions bigint, clicks bigint, conversions bigint,
                    conversion_revenue numeric, spend numeric, peer_ctr numeric
                )
            where
                summary.client_id = any(cast(:client_ids as text[]))
                and summary.currency = :currency
                and summary.{grain}_start = :period_start
        )
        select *, {RATIOS} from listed order by {RANKINGS[ranking]}, name, id limit :limit
        """,
        **bound(scope) | {"period_start": period_start, "limit": limit},
    )


def _among(scope: Scope, level: str) -> str:
    """The condition that an entity is one of those that the filters choose, or holds one of them."""
    if not scope.narrowed:
        return ""
    lowest = list(scope.narrowed)[-1]
    meant = " and ".join(f"{name}_id = any(cast(:{name}_ids as text[]))" for name in scope.narrowed)
    dimension = max(lowest, level, key=LEVELS.index)
    return f"and entity_id in (select {level}_id from marts.dim_{PLURALS[dimension]} where {meant})"
