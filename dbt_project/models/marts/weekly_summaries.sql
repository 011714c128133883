{{ config(materialized='published', keeps='week_start < first_open_day') }}

with periods as (
    select * from {{ ref('int_client_periods__compared') }}
    where period = 'week'
),

highlights as (
    select * from {{ ref('int_client_periods__highlighted') }}
    where period = 'week'
),

clients as (
    select * from {{ ref('stg_control__clients') }}
),

final as (
    select
        periods.client_id,
        clients.client_name,
        periods.period_start as week_start,
        periods.period_end as week_end,
        periods.is_complete,
        periods.currency,

        periods.impressions,
        periods.clicks,
        periods.conversions,
        periods.conversion_revenue,
        periods.spend,
        periods.spend_adjustments,
        periods.reported_spend,
        periods.ctr,
        periods.cpc,
        periods.cpa,
        periods.roas,

        periods.impressions_delta_pct,
        periods.clicks_delta_pct,
        periods.conversions_delta_pct,
        periods.conversion_revenue_delta_pct,
        periods.spend_delta_pct,
        periods.reported_spend_delta_pct,

        {{ listed('highlights.top_campaigns') }} as top_campaigns,
        {{ listed('highlights.top_creatives') }} as top_creatives,
        {{ listed('highlights.underperformers') }} as underperformers
    from periods
    left join highlights
        on
            periods.client_id = highlights.client_id
            and periods.currency = highlights.currency
            and periods.period_start = highlights.period_start
    left join clients on periods.client_id = clients.client_id
)

select * from final
