{{ config(materialized='table') }}

-- The picture that the whole build works with: deliveries that arrive or are released meanwhile are for the next one.

with current_days as (
    select * from {{ ref('current_days') }}
),

final as (
    select
        client_id,
        source,
        date,
        delivery_id,
        as_of,
        delivered_at,
        accepted_rows,
        impressions,
        clicks,
        conversions,
        conversion_revenue,
        reported_spend
    from current_days
)

select * from final
