"""The marts, created with the columns of their contracts and filled with numbers that are easy to know.

Three clients (two billed in USD, one in EUR), three sources, two campaigns of four creatives each in every source,
every day from FIRST to LAST: Vibe without clicks, the CPM rising in mid-period, more decimals than are shown.
"""

from datetime import date

import yaml
from sqlalchemy import Engine, text

from warehouse.settings import PROJECT_ROOT

FIRST, LAST = date(2025, 9, 1), date(2025, 11, 28)  # a Monday, and a Friday: the last week and month are not complete

CONTRACTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"

CLIENTS = (("acme", "Acme Outdoor", "USD"), ("bolt", "Bolt Energy", "USD"), ("cosmo", "Cosmo Kaffee", "EUR"))
FILL_CLIENTS = "insert into marts.dim_clients values " + ", ".join(
    f"('{slug}', '{name}', '{currency}', true)" for slug, name, currency in CLIENTS
)

FILL_DAILY = """
    with numbered as (
        select
            clients.*, days.day::date as date, sources.source, creatives.number as creative,
            (days.day::date - cast(:first as date)) as day_number,
            sources.number as source_number, ascii(clients.client_id) - 96 as client_number
        from marts.dim_clients as clients
        cross join generate_series(cast(:first as date), cast(:last as date), interval '1 day') as days (day)
        cross join (values ('surfside', 1), ('vibe', 2), ('facebook', 3)) as sources (source, number)
        cross join generate_series(1, 8) as creatives (number)
    ),
    named as (
        select
            *,
            concat_ws('-', client_id, source) as prefix,
            case when creative <= 4 then 'Always On' else 'Autumn Launch' end as campaign_name,
            case when creative % 4 in (1, 2) then 'Prospecting' else 'Retargeting' end as strategy_name,
            'Placement ' || (creative + 1) / 2 as placement_name,
            'Creative ' || creative || case when creative = 8 then ' *new* $1' else '' end as creative_name,
            (1000 + creative * 137 + day_number * 11 + client_number * 53
                + extract(isodow from date)::int * 61) * (4 - source_number)::bigint as impressions
        from numbered
    ),
    measured as (
        select
            *,
            case when source <> 'vibe' then impressions * (creative + 1) / 900 end as clicks,
            (impressions / 700)::bigint as conversions,
            ((impressions / 700) * 31.005 + client_number * 0.125)::numeric(24, 9) as conversion_revenue,
            (10 + client_number + case when day_number >= 40 then 2.5 else 0 end)::numeric(10, 4) as cpm
        from named
    ),
    priced as (select *, (impressions * cpm * 0.001)::numeric(20, 7) as spend from measured)
    insert into marts.daily_metrics
    select
        client_id, client_name, date, source,
        md5(prefix || campaign_name), campaign_name,
        md5(prefix || campaign_name || strategy_name), strategy_name,
        md5(prefix || campaign_name || strategy_name || placement_name), placement_name,
        md5(prefix || campaign_name || strategy_name || placement_name || creative_name), creative_name,
        impressions, clicks, conversions, conversion_revenue, cpm, currency, spend, spend * 0.9,
        100.0 * clicks / nullif(impressions, 0), spend / nullif(clicks, 0), spend / nullif(conversions, 0),
        100.0 * conversion_revenue / nullif(spend, 0)
    from priced
"""

SUMS = """
    sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks, sum(conversions)::bigint as conversions,
    sum(conversion_revenue) as conversion_revenue, sum(spend) as spend, sum(reported_spend) as reported_spend,
    100.0 * sum(clicks) / sum(impressions) as ctr, sum(spend) / nullif(sum(clicks), 0) as cpc,
    sum(spend) / nullif(sum(conversions), 0) as cpa, 100.0 * sum(conversion_revenue) / sum(spend) as roas
"""

FILL_CAMPAIGNS = """
    insert into marts.daily_campaign_metrics
    select
        client_id, client_name, date, source, campaign_id, campaign_name,
        sum(impressions), sum(clicks), sum(conversions), sum(conversion_revenue), max(cpm), currency,
        sum(spend), sum(reported_spend),
        100.0 * sum(clicks) / sum(impressions), sum(spend) / nullif(sum(clicks), 0),
        sum(spend) / nullif(sum(conversions), 0), 100.0 * sum(conversion_revenue) / sum(spend)
    from marts.daily_metrics
    group by client_id, client_name, date, source, campaign_id, campaign_name, currency
"""

FILL_SUMMARIES = """
    with summed as (
        select client_id, client_name, date_trunc('{grain}', date)::date as start, currency, {sums}
        from marts.daily_metrics group by 1, 2, 3, 4
    ),
    entities as (
        select
            client_id, date_trunc('{grain}', date)::date as start, source, campaign_id, campaign_name,
            creative_id, creative_name, grouping(creative_id) as is_campaign, {sums}
        from marts.daily_metrics
        group by grouping sets (
            (client_id, date_trunc('{grain}', date), source, campaign_id, campaign_name),
            (client_id, date_trunc('{grain}', date), source, campaign_id, campaign_name, creative_id, creative_name)
        )
    ),
    listed as (
        select
            client_id, start,
            jsonb_agg(jsonb_build_object(
                'id', campaign_id, 'name', campaign_name, 'source', source, 'impressions', impressions,
                'clicks', clicks, 'conversions', conversions, 'conversion_revenue', conversion_revenue, 'spend', spend
            ) order by conversions desc, campaign_id) filter (where is_campaign = 1) as top_campaigns,
            jsonb_agg(jsonb_build_object(
                'id', creative_id, 'name', creative_name, 'source', source, 'impressions', impressions,
                'clicks', clicks, 'conversions', conversions, 'conversion_revenue', conversion_revenue, 'spend', spend
            ) order by conversion_revenue desc, creative_id) filter (where is_campaign = 0) as top_creatives,
            coalesce(jsonb_agg(jsonb_build_object(
                'id', creative_id, 'name', creative_name, 'source', source, 'impressions', impressions,
                'clicks', clicks, 'conversions', conversions, 'conversion_revenue', conversion_revenue, 'spend', spend,
                'ctr', ctr, 'peer_ctr', 0.5
            ) order by spend desc, creative_id)
                filter (where is_campaign = 0 and ctr < 0.25 and client_id <> 'bolt'), '[]') as underperformers
        from entities group by client_id, start
    )
    insert into marts.{table}
    select
        current.client_id, current.client_name, current.start,
        (current.start + interval '1 {grain}' - interval '1 day')::date,
        current.start >= cast(:first as date)
        and (current.start + interval '1 {grain}' - interval '1 day')::date <= cast(:last as date),
        current.currency, current.impressions, current.clicks, current.conversions, current.conversion_revenue,
        current.spend, 0, current.reported_spend, current.ctr, current.cpc, current.cpa, current.roas,
        {deltas}, listed.top_campaigns, listed.top_creatives, listed.underperformers
    from summed as current
    join listed using (client_id, start)
    left join summed as previous
        on previous.client_id = current.client_id
        and previous.start = (current.start - interval '1 {grain}')::date
"""

FILL_PERFORMERS = """
    insert into marts.{table}
    select
        client_id, client_name, 'last_30_days', cast(:last as date) - 29, cast(:last as date), '{level}', source,
        {level}_id, {level}_name, campaign_id, campaign_name, null, null, currency, {sums},
        row_number() over (partition by client_id order by sum(conversions) desc, {level}_id){reason}
    from marts.daily_metrics
    where date > cast(:last as date) - 30 {only}
    group by client_id, client_name, source, campaign_id, campaign_name, currency{keys}
"""

FILL_SOURCES = """
    insert into marts.source_breakdown
    select client_id, client_name, date_trunc('month', date)::date, source, currency, {sums}, 0, 0
    from marts.daily_metrics group by 1, 2, 3, 4, 5
"""

FILL_FRESHNESS = """
    insert into marts.data_freshness
    select
        client_id, client_name, source, min(date), max(date),
        max(date)::timestamp at time zone 'UTC' + interval '29 hours 12 minutes',
        max(date)::timestamp at time zone 'UTC' + interval '28 hours',
        count(distinct date), 0, 0, count(*) + 3, count(*), 2, 1
    from marts.daily_metrics group by 1, 2, 3
"""


def create(engine: Engine) -> None:
    """The tables, empty."""
    with engine.begin() as connection:
        connection.execute(text("drop schema if exists marts cascade"))
        connection.execute(text("create schema marts"))
        for table, columns in promised().items():
            connection.execute(text(f"create table marts.{table} ({columns})"))
            connection.execute(text(f"select access.protect('marts.{table}')"))


def promised() -> dict[str, str]:
    """The columns of each mart's contract, as `name type, …`."""
    models = [model for file in CONTRACTS.glob("*.yml") for model in yaml.safe_load(file.read_text())["models"]]
    return {
        model["name"]: ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
        for model in models
    }


def fill(engine: Engine, first: date = FIRST, last: date = LAST) -> None:
    """The tables' rows, for every day from `first` to `last`."""
    days = {"first": first, "last": last}
    with engine.begin() as connection:
        for statement in (FILL_CLIENTS, FILL_DAILY, FILL_CAMPAIGNS, *_dimensions(), *_summaries(), *_performers()):
            connection.execute(text(statement), days)
        connection.execute(text(FILL_SOURCES.format(sums=SUMS)))
        connection.execute(text(FILL_FRESHNESS))


def _dimensions() -> list[str]:
    plurals = {"campaign": "campaigns", "strategy": "strategies", "placement": "placements", "creative": "creatives"}
    levels = list(plurals)
    statements = []
    for depth, (level, plural) in enumerate(plurals.items()):
        ids = ", ".join(f"{name}_id" for name in reversed(levels[: depth + 1]))
        statements.append(
            f"insert into marts.dim_{plural} select distinct {ids}, client_id, source, {level}_name "
            "from marts.daily_metrics"
        )
    return statements


def _summaries() -> list[str]:
    measures = ("impressions", "clicks", "conversions", "conversion_revenue", "spend", "reported_spend")
    deltas = ", ".join(f"100.0 * (current.{name} - previous.{name}) / nullif(previous.{name}, 0)" for name in measures)
    return [
        FILL_SUMMARIES.format(grain=grain, table=table, sums=SUMS, deltas=deltas)
        for grain, table in (("week", "weekly_summaries"), ("month", "monthly_summaries"))
    ]


def _performers() -> list[str]:
    creative = ", creative_id, creative_name"
    weak = ", 0.5, 'CTR ' || round(100.0 * sum(clicks) / sum(impressions), 6) || ' % against 0.5 %'"
    return [
        FILL_PERFORMERS.format(table="top_performers", level="campaign", sums=SUMS, reason="", only="", keys=""),
        FILL_PERFORMERS.format(table="top_performers", level="creative", sums=SUMS, reason="", only="", keys=creative),
        FILL_PERFORMERS.format(
            table="underperformers", level="creative", sums=SUMS, reason=weak, keys=creative,
            only="and creative_name = 'Creative 1' and source <> 'vibe'",
        ),
    ]  # fmt: skip
