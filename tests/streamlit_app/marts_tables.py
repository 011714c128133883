"""The marts, created with the columns that dbt promises and filled with numbers that are easy to know.

Three clients (two billed in USD, one in EUR), three sources, two campaigns of four creatives each in every source,
every day from FIRST to LAST: Vibe without clicks, the CPM rising in mid-period, more decimals than are shown.
"""

from datetime import date

from sqlalchemy import Engine, text

FIRST, LAST = date(2025, 9, 1), date(2025, 11, 28)  # a Monday, and a Friday: the last week and month are not complete

MEASURES = (
    "impressions bigint, clicks bigint, conversions bigint, conversion_revenue numeric(24,9), "
    "spend numeric(24,7), reported_spend numeric(24,9), ctr numeric, cpc numeric, cpa numeric, roas numeric"
)
SUMMED = MEASURES.replace("reported_spend", "spend_adjustments numeric(24,7), reported_spend")
DELTAS = ", ".join(
    f"{name}_delta_pct numeric"
    for name in ("impressions", "clicks", "conversions", "conversion_revenue", "spend", "reported_spend")
)
SUMMARY = (
    f"is_complete boolean, currency text, {SUMMED}, {DELTAS}, "
    "top_campaigns jsonb, top_creatives jsonb, underperformers jsonb"
)
PERFORMERS = (
    "client_id text, client_name text, period text, period_start date, period_end date, level text, source text, "
    "entity_id text, entity_name text, campaign_id text, campaign_name text, strategy_name text, placement_name text, "
    f"currency text, {MEASURES}, rank bigint"
)
NODE = "client_id text, source text, first_date date, last_date date"
TABLES = {
    "dim_clients": "client_id text, client_name text, currency text, is_active boolean",
    "dim_campaigns": f"campaign_id text, campaign_name text, {NODE}",
    "dim_strategies": f"strategy_id text, campaign_id text, strategy_name text, {NODE}",
    "dim_placements": f"placement_id text, strategy_id text, campaign_id text, placement_name text, {NODE}",
    "dim_creatives": (
        f"creative_id text, placement_id text, strategy_id text, campaign_id text, creative_name text, {NODE}"
    ),
    "daily_metrics": (
        "client_id text, client_name text, date date, source text, campaign_id text, campaign_name text, "
        "strategy_id text, strategy_name text, placement_id text, placement_name text, creative_id text, "
        "creative_name text, impressions bigint, clicks bigint, conversions bigint, conversion_revenue numeric(24,9), "
        "cpm numeric(10,4), currency text, spend numeric(20,7), reported_spend numeric(24,9), "
        "ctr numeric, cpc numeric, cpa numeric, roas numeric"
    ),
    "daily_campaign_metrics": (
        "client_id text, client_name text, date date, source text, campaign_id text, campaign_name text, "
        "impressions bigint, clicks bigint, conversions bigint, conversion_revenue numeric(24,9), "
        "cpm numeric(10,4), currency text, spend numeric(20,7), reported_spend numeric(24,9), "
        "ctr numeric, cpc numeric, cpa numeric, roas numeric"
    ),
    "weekly_summaries": f"client_id text, client_name text, week_start date, week_end date, {SUMMARY}",
    "monthly_summaries": f"client_id text, client_name text, month_start date, month_end date, {SUMMARY}",
    "spend_adjustments": (
        "adjustment_id bigint, client_id text, client_name text, date date, for_month date, amount numeric(24,7), "
        "currency text, cpm numeric(10,4), effective_date date, booked_at timestamptz"
    ),
    "metric_restatements": (
        "client_id text, client_name text, source text, date date, step bigint, changed_at timestamptz, cause text, "
        "currency text, impressions_change bigint, clicks_change bigint, conversions_change bigint, "
        "conversion_revenue_change numeric(24,9), spend_change numeric(24,7)"
    ),
    "top_performers": PERFORMERS,
    "underperformers": f"{PERFORMERS}, peer_ctr numeric, reason text",
    "source_breakdown": (
        f"client_id text, client_name text, month_start date, source text, currency text, {MEASURES}, "
        "impressions_share_pct numeric, spend_share_pct numeric"
    ),
    "data_freshness": (
        "client_id text, client_name text, source text, first_date date, last_date date, "
        "last_delivered_at timestamptz, last_as_of timestamptz, deliveries bigint, held_deliveries bigint, "
        "pending_deliveries bigint, rows_read bigint, rows_accepted bigint, rows_rejected bigint, rows_dropped bigint"
    ),
}

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
        for table, columns in TABLES.items():
            connection.execute(text(f"create table marts.{table} ({columns})"))
            connection.execute(text(f"select access.protect('marts.{table}')"))


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
        keys = ", ".join(f"{name}_id" for name in reversed(levels[: depth + 1])) + f", {level}_name"
        statements.append(
            f"insert into marts.dim_{plural} select {keys}, client_id, source, min(date), max(date) "
            f"from marts.daily_metrics group by {keys}, client_id, source"
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
