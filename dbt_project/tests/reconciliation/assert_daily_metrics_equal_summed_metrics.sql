{{ config(meta={'dagster': {'ref': {'name': 'daily_metrics'}}}) }}

with upstream as (
    select
        client_id,
        source,
        date as day,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(conversions) as conversions,
        sum(conversion_revenue) as conversion_revenue,
        sum(reported_spend) as reported_spend
    from {{ ref('int_metrics__summed') }}
    group by client_id, source, date
),

downstream as (
    select
        client_id,
        source,
        date as day,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(conversions) as conversions,
        sum(conversion_revenue) as conversion_revenue,
        sum(reported_spend) as reported_spend
    from {{ ref('daily_metrics') }}
    group by client_id, source, date
)

{{
    unequal_totals(
        'summed to daily_metrics',
        ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'reported_spend']
    )
}}
