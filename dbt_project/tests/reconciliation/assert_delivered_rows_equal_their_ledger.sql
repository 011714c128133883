{{ config(meta={'dagster': {'ref': {'name': 'int_metrics__united'}}}) }}

-- The rows of the winning deliveries against what the loader counted when it read the files.

with upstream as (
    select
        client_id,
        source,
        date as day,
        accepted_rows,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from {{ ref('int_delivery_days__won') }}
),

downstream as (
    select
        client_id,
        source,
        date as day,
        count(*) as accepted_rows,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(conversions) as conversions,
        sum(conversion_revenue) as conversion_revenue,
        sum(reported_spend) as reported_spend
    from {{ ref('int_metrics__united') }}
    group by client_id, source, date
)

{{
    unequal_totals(
        'ledger to delivered rows',
        ['accepted_rows'] + ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'reported_spend']
    )
}}
