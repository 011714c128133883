{{ config(materialized='table') }}

with creative_periods as (
    select * from {{ ref('int_creative_periods__summed') }}
),

creatives as (
    select * from {{ ref('int_creatives__spanned') }}
),

final as (
    select
        creative_periods.client_id,
        creative_periods.currency,
        creative_periods.period,
        creative_periods.period_start,
        creative_periods.period_end,
        creative_periods.source,
        creatives.campaign_id,
        {{ summed_count('creative_periods.impressions') }} as impressions,
        {{ summed_count('creative_periods.clicks') }} as clicks,
        {{ summed_count('creative_periods.conversions') }} as conversions,
        {{ summed_amount('creative_periods.conversion_revenue') }} as conversion_revenue,
        {{ summed_spend('creative_periods.spend') }} as spend,
        {{ summed_amount('creative_periods.reported_spend') }} as reported_spend
    from creative_periods
    inner join creatives on creative_periods.creative_id = creatives.creative_id
    group by
        creative_periods.client_id,
        creative_periods.currency,
        creative_periods.period,
        creative_periods.period_start,
        creative_periods.period_end,
        creative_periods.source,
        creatives.campaign_id
)

select * from final
