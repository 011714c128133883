{{ config(meta={'dagster': {'ref': {'name': 'source_breakdown'}}}) }}

with upstream as (
    select
        client_id,
        source,
        {{ period_start('month', 'date') }} as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('daily_metrics') }}
    group by client_id, source, {{ period_start('month', 'date') }}
),

downstream as (
    select
        client_id,
        source,
        month_start as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('source_breakdown') }}
    group by client_id, source, month_start
)

{{
    unequal_totals(
        'daily_metrics to source_breakdown',
        ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']
    )
}}
