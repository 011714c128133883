{{ config(materialized='table', indexes=[{'columns': ['client_id', 'period', 'period_start']}]) }}

with campaign_days as (
    select * from {{ ref('int_campaign_days__current') }}
),

changed_periods as (
    select * from {{ ref('int_client_periods__changed') }}
),

final as (
    select
        campaign_days.client_id,
        campaign_days.currency,
        changed_periods.period,
        changed_periods.period_start,
        changed_periods.period_end,
        campaign_days.source,
        campaign_days.campaign_id,
        campaign_days.campaign_name,
        {{ summed_count('campaign_days.impressions') }} as impressions,
        {{ summed_count('campaign_days.clicks') }} as clicks,
        {{ summed_count('campaign_days.conversions') }} as conversions,
        {{ summed_amount('campaign_days.conversion_revenue') }} as conversion_revenue,
        {{ summed_spend('campaign_days.spend') }} as spend,
        {{ summed_amount('campaign_days.reported_spend') }} as reported_spend
    from campaign_days
    inner join changed_periods
        on
            campaign_days.client_id = changed_periods.client_id
            and campaign_days.date between changed_periods.period_start and changed_periods.period_end
    group by
        campaign_days.client_id,
        campaign_days.currency,
        changed_periods.period,
        changed_periods.period_start,
        changed_periods.period_end,
        campaign_days.source,
        campaign_days.campaign_id,
        campaign_days.campaign_name
)

select * from final
