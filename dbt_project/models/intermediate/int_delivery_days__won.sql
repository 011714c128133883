{{ config(materialized='table') }}

with delivery_days as (
    select * from {{ ref('int_delivery_days__judged') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by client_id, source, date
            order by as_of desc, delivered_at desc, delivery_id desc
        ) as newest_first
    from delivery_days
    where is_allowed
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
    from ranked
    where newest_first = 1
)

select * from final
