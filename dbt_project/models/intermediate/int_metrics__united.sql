with won_days as (
    select * from {{ ref('int_delivery_days__won') }}
),

surfside as (
    select
        won_days.client_id,
        won_days.source,
        delivered.*
    from {{ ref('stg_surfside__media_report') }} as delivered
    inner join won_days
        on
            delivered.delivery_id = won_days.delivery_id
            and delivered.date = won_days.date
            and won_days.source = 'surfside'
),

vibe as (
    select
        won_days.client_id,
        won_days.source,
        delivered.*
    from {{ ref('stg_vibe__performance_report') }} as delivered
    inner join won_days
        on
            delivered.delivery_id = won_days.delivery_id
            and delivered.date = won_days.date
            and won_days.source = 'vibe'
),

facebook as (
    select
        won_days.client_id,
        won_days.source,
        delivered.*
    from {{ ref('stg_facebook__ads_export') }} as delivered
    inner join won_days
        on
            delivered.delivery_id = won_days.delivery_id
            and delivered.date = won_days.date
            and won_days.source = 'facebook'
),

united as (
    select * from surfside
    union all
    select * from vibe
    union all
    select * from facebook
),

final as (
    select
        client_id,
        source,
        delivery_id,
        source_row,
        date,
        campaign_name,
        strategy_name,
        placement_name,
        creative_name,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from united
)

select * from final
