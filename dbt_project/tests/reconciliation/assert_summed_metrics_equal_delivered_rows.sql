{{ config(meta={'dagster': {'ref': {'name': 'int_metrics__summed'}}}) }}

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
    from {{ ref('int_metrics__united') }}
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
    from {{ ref('int_metrics__summed') }}
    group by client_id, source, date
)

{{
    unequal_totals(
        'delivered rows to summed',
        ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'reported_spend']
    )
}}
