{{ config(meta={'dagster': {'ref': {'name': 'daily_campaign_metrics'}}}) }}

with upstream as (
    select
        client_id,
        source,
        date as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('daily_metrics') }}
    group by client_id, source, date
),

downstream as (
    select
        client_id,
        source,
        date as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('daily_campaign_metrics') }}
    group by client_id, source, date
)

{{
    unequal_totals(
        'daily_metrics to daily_campaign_metrics',
        ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']
    )
}}
