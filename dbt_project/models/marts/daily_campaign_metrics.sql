{{
    config(
        materialized='published',
        scope='int_source_days__changed',
        replaces='live.client_id = scope.client_id and live.source = scope.source and live.date = scope.date',
        keeps='date < first_hot_day',
        indexes=[{'columns': ['client_id', 'date']}, {'columns': ['date']}]
    )
}}

with daily_metrics as (
    select * from {{ ref('daily_metrics') }}
),

summed as (
    select
        client_id,
        client_name,
        date,
        source,
        campaign_id,
        campaign_name,
        cpm,
        currency,
        {{ summed_count('impressions') }} as impressions,
        {{ summed_count('clicks') }} as clicks,
        {{ summed_count('conversions') }} as conversions,
        {{ summed_amount('conversion_revenue') }} as conversion_revenue,
        {{ summed_spend() }} as spend,
        {{ summed_amount('reported_spend') }} as reported_spend
    from daily_metrics
    group by client_id, client_name, date, source, campaign_id, campaign_name, cpm, currency
),

final as (
    select
        client_id,
        client_name,
        date,
        source,

        campaign_id,
        campaign_name,

        impressions,
        clicks,
        conversions,
        conversion_revenue,
        cpm,
        currency,
        cast(spend as numeric(20, 7)) as spend,
        reported_spend,

        {{ ctr('clicks', 'impressions') }} as ctr,
        {{ cpc('spend', 'clicks') }} as cpc,
        {{ cpa('spend', 'conversions') }} as cpa,
        {{ roas('conversion_revenue', 'spend') }} as roas
    from summed
)

select * from final
