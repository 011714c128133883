with changed_days as (
    select * from {{ ref('int_source_days__changed') }}
    where is_current
),

surfside as (
    select
        changed_days.client_id,
        changed_days.source,
        delivered.*
    from {{ ref('stg_surfside__media_report') }} as delivered
    inner join changed_days
        on
            delivered.delivery_id = changed_days.delivery_id
            and delivered.date = changed_days.date
            and changed_days.source = 'surfside'
),

vibe as (
    select
        changed_days.client_id,
        changed_days.source,
        delivered.*
    from {{ ref('stg_vibe__performance_report') }} as delivered
    inner join changed_days
        on
            delivered.delivery_id = changed_days.delivery_id
            and delivered.date = changed_days.date
            and changed_days.source = 'vibe'
),

facebook as (
    select
        changed_days.client_id,
        changed_days.source,
        delivered.*
    from {{ ref('stg_facebook__ads_export') }} as delivered
    inner join changed_days
        on
            delivered.delivery_id = changed_days.delivery_id
            and delivered.date = changed_days.date
            and changed_days.source = 'facebook'
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
