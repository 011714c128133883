with surfside as (
    select * from {{ ref('stg_surfside__delivery_days') }}
),

vibe as (
    select * from {{ ref('stg_vibe__delivery_days') }}
),

facebook as (
    select * from {{ ref('stg_facebook__delivery_days') }}
),

deliveries as (
    select * from {{ ref('int_deliveries__judged') }}
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
        united.delivery_id,
        united.client_id,
        deliveries.source,
        united.date,
        deliveries.as_of,
        deliveries.delivered_at,
        deliveries.verdict,
        deliveries.is_allowed,
        deliveries.allowed_at,
        united.accepted_rows,
        united.impressions,
        united.clicks,
        united.conversions,
        united.conversion_revenue,
        united.reported_spend
    from united
    inner join deliveries on united.delivery_id = deliveries.delivery_id
)

select * from final
