{{ config(meta={'dagster': {'ref': {'name': 'weekly_summaries'}}}) }}

with upstream as (
    select
        client_id,
        '(all)' as source,
        {{ period_start('week', 'date') }} as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('daily_metrics') }}
    group by client_id, {{ period_start('week', 'date') }}
),

downstream as (
    select
        client_id,
        '(all)' as source,
        week_start as day,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from {{ ref('weekly_summaries') }}
    group by client_id, week_start
)

{{
    unequal_totals(
        'daily_metrics to weekly_summaries',
        ['impressions', 'clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']
    )
}}
