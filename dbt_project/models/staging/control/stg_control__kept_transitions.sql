with kept as (
    select * from {{ source('control', 'kept_transitions') }}
),

final as (
    select
        previous_delivery_id,
        delivery_id,
        date,
        vanished_impressions,
        vanished_clicks,
        vanished_conversions,
        vanished_conversion_revenue,
        vanished_reported_spend
    from kept
)

select * from final
