"""The pieces of SQL that every query about numbers is made of: sums, ratios of sums, and the rows that are meant."""

from serving.scope import LEVELS, PLURALS, Node, Scope

# Spend is unknown as soon as one row has no rate: a sum without it would be too low and look right.
SUMS = """
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(conversions) as bigint) as conversions,
    sum(conversion_revenue) as conversion_revenue,
    case when not bool_or(spend is null) then sum(spend) end as spend
"""

RATIOS = """
    100.0 * clicks / nullif(impressions, 0) as ctr,
    1.0 * spend / nullif(clicks, 0) as cpc,
    1.0 * spend / nullif(conversions, 0) as cpa,
    100.0 * conversion_revenue / nullif(spend, 0) as roas
"""

_CHOSEN_SOURCES = "= any(cast(:sources as text[]))"


def chosen(scope: Scope, level: str = "campaign", inside: Node | None = None) -> str:
    """`marts.… where …`: the rows that a scope means, in the narrowest mart that knows every level asked for."""
    conditions = [
        "client_id = any(cast(:client_ids as text[]))",
        "currency = :currency",
        "date between :start and :end",
    ]
    conditions += [f"{name}_id = any(cast(:{name}_ids as text[]))" for name in scope.narrowed]
    conditions += _within(inside) if inside else [f"source {_CHOSEN_SOURCES}"]
    return f"{_mart({level, *scope.narrowed, *([inside.level] if inside else [])})} where {' and '.join(conditions)}"


def bound(scope: Scope, inside: Node | None = None) -> dict[str, object]:
    """The values of the filters."""
    return (
        {
            "client_ids": [id_ for id_ in scope.client_ids if inside is None or id_ == inside.client_id],
            "currency": scope.currency,
            "sources": list(scope.sources),
            "start": scope.period.start,
            "end": scope.period.end,
        }
        | {f"{name}_ids": list(ids) for name, ids in scope.narrowed.items()}
        | ({"inside_id": inside.id} if inside else {})
    )


def parents(level: str) -> str:
    """The joins that give the names above a level; its own table is joined under the level's name."""
    above = LEVELS[: LEVELS.index(level)]
    return " ".join(
        f"join marts.dim_{PLURALS[name]} as {name} on {name}.{name}_id = {level}.{name}_id" for name in above
    )


def _within(inside: Node) -> list[str]:
    """Rows of one entity, which has one source: that is asked once, not of each of them.

    The index of the fact knows clients, days and campaigns, so its campaign is named as well.
    """
    condition = f"{inside.level}_id = :inside_id"
    its_own = f"(select {{}} from marts.dim_{PLURALS[inside.level]} where {condition})"  # noqa: S608 – ours
    conditions = [condition, f"{its_own.format('source')} {_CHOSEN_SOURCES}"]
    return conditions if inside.level == "campaign" else [*conditions, f"campaign_id = {its_own.format('campaign_id')}"]


def _mart(levels: set[str]) -> str:
    return "marts.daily_campaign_metrics" if levels == {"campaign"} else "marts.daily_metrics"
